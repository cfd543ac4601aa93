// lumen/worker: keeps a session's desktop: chooses it, makes it, and when its compositor goes away makes it
// again, the same or the next best, for as long as the session lasts.
//
//   open ──▶ shown ──lost──▶ waiting ──every 0.2 to 2 s──▶ shown
//                              the picture stands still, and the client is told why
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/event_loop.hpp"
#include "base/log.hpp"
#include "interface/desktop.hpp"
#include "link/messages.hpp"
#include "worker/desktop_choice.hpp"
#include "worker/restore_file.hpp"

namespace lumen::worker {

struct KeeperEvents {
  std::function<void(const BorrowedFrame&)> on_frame;
  std::function<void(const BorrowedPointer&)> on_pointer;
  std::function<void()> on_window_mapped;  // of each desktop, once it shows something
  std::function<void(bool responding)> on_responding;
  // Why the picture stands still; empty: it goes on.
  std::function<void(const std::string& reason)> on_trouble;
};

struct KeeperParams {
  link::DesktopWish wish;
  Mode mode;
  bool pointer_drawn = false;
  DmabufImporter* importer = nullptr;  // as DesktopParams has it
  std::vector<DesktopBackend> backends, undoers;
  std::function<std::vector<DesktopPlace>()> find_places;
  // The private desktop: where no other is wanted, or none can be had.
  std::function<Result<std::unique_ptr<Desktop>>(const DesktopParams&, const DesktopEvents&)> make_private;
};

// Owner: the event loop's thread.
class DesktopKeeper {
 public:
  // `loop` and `log` outlive it.
  DesktopKeeper(KeeperParams params, KeeperEvents events, EventLoop& loop, Logger& log);
  ~DesktopKeeper();
  DesktopKeeper(const DesktopKeeper&) = delete;
  DesktopKeeper& operator=(const DesktopKeeper&) = delete;

  // Fails when none can be had: as choose_desktops() or the factories say.
  Status open();

  bool is_private() const { return is_private_; }
  // nullptr while there is none.
  Desktop* desktop() const { return desktop_.get(); }
  // "sway 1.7 (wlroots); not kwin: …": what is shown and why nothing better.
  std::string description() const;

  Status set_mode(const Mode& mode);
  void set_pointer_drawn(bool drawn);
  void repaint();
  void tell_pointer();
  void inject(const InputEvent& event);
  // The session's own journal, for changes that are not the desktop's.
  RestoreJournal* journal() { return journal_ ? &*journal_ : nullptr; }
  const DesktopPlace& place() const { return place_; }

 private:
  DesktopEvents events_of(std::uint64_t generation);
  Status make();
  Status make_foreign(const DesktopCandidate& candidate);
  void on_lost(const Error& why);
  void try_again();

  KeeperParams params_;
  KeeperEvents events_;
  EventLoop& loop_;
  Logger& log_;
  std::optional<RestoreFile> journal_;
  DesktopPlace place_;
  std::string refusals_;
  bool is_private_ = true, waiting_ = false;
  bool has_shown_ = false, has_ever_shown_ = false;  // the newest one gave a picture; any one did
  std::string backend_;                              // of the newest one
  Timestamp made_at_{};
  std::set<std::string> excluded_;  // backends that gave none; "auto" leaves them out
  std::uint64_t generation_ = 0;    // of desktop_: what an older one says is not heard
  EventLoop::TimerId retry_ = 0;
  Duration delay_{};
  std::unique_ptr<Desktop> desktop_;
};

}  // namespace lumen::worker
