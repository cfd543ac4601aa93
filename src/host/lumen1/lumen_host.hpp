// host/lumen1: composition root of the lumen/1 side of lumen-host: identity, devices, control connections,
// discovery. Owner: lm-main.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "host/config.hpp"
#include "host/encoder_survey.hpp"
#include "host/lumen1/lumen_service.hpp"

namespace lumen::host {

struct LumenHostParams {
  LumenServiceParams service;
  std::string state_dir;
  bool publish = true;  // by DNS-SD
};

class LumenHost {
 public:
  // Serves at the host's port, then says so on the network. All references outlive it.
  static Result<std::unique_ptr<LumenHost>> create(LumenHostParams params, Host& host, EncoderSurvey& survey,
                                                   EventLoop& loop, Logger& log);
  ~LumenHost();
  LumenHost(const LumenHost&) = delete;
  LumenHost& operator=(const LumenHost&) = delete;

  // Ends all that runs for devices; `done` when what is to run afterwards has ended.
  void stop(std::function<void()> done);
  // Of the local command socket, see device_commands.hpp.
  std::optional<std::string> on_command(const std::string& command);
  // An object for lumen-host status.
  std::string status_json() const;
  // For people: how to let a device in.
  std::string greeting() const;

 private:
  struct Parts;
  explicit LumenHost(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace lumen::host
