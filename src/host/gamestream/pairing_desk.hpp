// host/gamestream: where requests to pair meet the person who has the PIN. Keeps the requests that wait, runs
// the protocol's timers, and stores who has proven itself. Owner: lm-main.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/event_loop.hpp"
#include "base/log.hpp"
#include "gamestream/http/http_api.hpp"
#include "gamestream/http/pairing_host.hpp"
#include "host/gamestream/state_store.hpp"

namespace lumen::host {

class PairingDesk {
 public:
  using Reply = std::function<void(const gamestream::Answer&)>;  // once; the client may be gone
  using ReplyId = gamestream::ReplyId;

  // All references outlive the desk.
  PairingDesk(StateStore& store, EventLoop& loop, Logger& log);
  ~PairingDesk();
  PairingDesk(const PairingDesk&) = delete;
  PairingDesk& operator=(const PairingDesk&) = delete;

  // The name by which closed() tells that the client hung up.
  ReplyId on_request(gamestream::PairRequest request, Reply reply);
  void on_unpair(const gamestream::UnpairRequest& request);
  void closed(ReplyId reply);

  std::vector<gamestream::PairingPrompt> prompts() const { return pairing_.prompts(); }
  // `prompt`: the number of one, or 0 for the only one there is: `gamestream.which-prompt` when there are
  // several, `gamestream.no-such-prompt` when there is none. Otherwise as PairingHost::enter_pin().
  Status enter_pin(std::uint64_t prompt, std::string_view pin, std::string_view name);
  Status deny(std::uint64_t prompt);
  // How the attempt of this prompt ended: of the newest kKeptOutcomes ones; nullopt: not yet, or unknown.
  struct Outcome {
    bool paired = false;
    std::string text;  // for people
  };
  std::optional<Outcome> outcome(std::uint64_t prompt) const;

 private:
  static constexpr std::size_t kKeptOutcomes = 32;
  Result<gamestream::AttemptId> choose(std::uint64_t prompt) const;
  std::string name_for(gamestream::AttemptId id) const;
  void settle();  // after anything that may have caused events
  void handle(const gamestream::PromptOpened& event);
  void handle(const gamestream::PairingAnswer& event);
  void handle(const gamestream::ClientProven& event);
  void handle(const gamestream::AttemptEnded& event);
  void answer(ReplyId id, const gamestream::Answer& answer);
  void keep(gamestream::AttemptId id, Outcome outcome);

  StateStore& store_;
  EventLoop& loop_;
  Logger& log_;
  gamestream::PairingHost pairing_;
  std::map<ReplyId, Reply> waiting_;
  std::map<gamestream::AttemptId, Outcome> outcomes_;
  std::uint64_t last_reply_ = 0;
  EventLoop::TimerId timer_ = 0;
};

}  // namespace lumen::host
