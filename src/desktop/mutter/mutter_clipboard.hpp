// lumen/desktop/mutter: the clipboard of a RemoteDesktop session (EnableClipboard and what follows it).
// Private to lumen/desktop/mutter.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/event_loop.hpp"
#include "base/text_pipes.hpp"
#include "desktop/mutter/mutter_session.hpp"
#include "interface/clipboard.hpp"

namespace lumen::mutter {

// Owner: the event loop's thread. Destroyed before its session.
class MutterClipboard final : public Clipboard {
 public:
  // nullptr: Mutter (before 41) has none for us. Before Session::attach().
  static std::unique_ptr<MutterClipboard> create(Session& session, EventLoop& loop, Timestamp deadline);
  MutterClipboard(const MutterClipboard&) = delete;
  MutterClipboard& operator=(const MutterClipboard&) = delete;
  ~MutterClipboard() override { forget_owner(); }

  void watch(std::function<void(std::string)> on_text) override;
  Status set_text(std::string_view utf8) override;

 private:
  MutterClipboard(Session& session, EventLoop& loop) : session_{session}, loop_{loop}, writers_{loop} {}
  Status enable(Timestamp deadline);
  void on_owner_changed(sd_bus_message* message);
  void on_transfer(sd_bus_message* message);
  void read(const char* type);
  void forget_owner();

  Session& session_;
  EventLoop& loop_;
  std::shared_ptr<const std::string> text_;
  std::function<void(std::string)> on_text_;
  std::unique_ptr<TextReader> reader_;
  const char* readable_as_ = nullptr;  // what the newest owner has; nullptr: nothing to be read
  EventLoop::TimerId read_timer_ = 0;
  TextWriters writers_;
  std::shared_ptr<void> owner_changes_, transfers_;  // subscriptions
};

}  // namespace lumen::mutter
