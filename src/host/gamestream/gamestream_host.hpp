// host/gamestream: composition root of the GameStream side of lumen-host: identity, servers, discovery, and
// the page for PINs. Owner: lm-main; lm-http and lm-net only post to it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/event_loop.hpp"
#include "base/log.hpp"
#include "host/app_run.hpp"
#include "host/encoder_survey.hpp"

namespace lumen::host {

struct GameStreamHostParams {
  HostConfig config;
  std::vector<std::string> desktop;  // what runs as "Desktop"
  std::string runtime_root, state_dir;
  SlotSettings settings;
  std::uint32_t max_bitrate_kbps = 0;  // 0: as clients ask
  std::uint16_t page_port = 47986;     // TCP, of the page; 0: none
  bool publish = true;                 // by DNS-SD
};

class GameStreamHost {
 public:
  // Listens, then says so on the network. `survey`, `loop` and `log` outlive it.
  static Result<std::unique_ptr<GameStreamHost>> create(GameStreamHostParams params, EncoderSurvey& survey,
                                                        EventLoop& loop, Logger& log);
  ~GameStreamHost();
  GameStreamHost(const GameStreamHost&) = delete;
  GameStreamHost& operator=(const GameStreamHost&) = delete;

  // Ends all that runs for clients, with what is to run afterwards; `done` when that has ended, too.
  void stop(std::function<void()> done);
  // For people: where clients find it, and how to let one in.
  std::string greeting() const;
  // Of the local command socket. nullopt: none of its own. Otherwise the answer, which begins with "error: "
  // when something is wrong:
  //   pair-list | pair PROMPT PIN NAME… | pair-result PROMPT | pair-deny PROMPT | pair-page
  //   clients | client-rename ID NAME… | client-enable ID | client-disable ID | client-remove ID
  std::optional<std::string> on_command(const std::string& command);
  // An object for lumen-host status.
  std::string status_json() const;

 private:
  struct Parts;
  explicit GameStreamHost(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace lumen::host
