// lumen/host: one lumen/1 session: an application's desktop with what carries its picture and input, for
// whichever client is admitted. Destroying it ends the desktop. Owner: lm-main.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/event_loop.hpp"
#include "host/media_table.hpp"
#include "host/session_slot.hpp"

namespace lumen::host {

struct StreamSessionParams {
  std::uint8_t id = 0;  // free in the table
  SlotParams slot;
};

// Called on lm-main; none may destroy the session.
struct StreamSessionEvents {
  std::function<void(SlotState state, const std::string& reason)> on_state;
  std::function<void(const link::ModeChanged& mode)> on_mode;
  // Of the desktop's clipboard, while the client may share it. May be empty: it never does then.
  std::function<void(const link::ClipboardState&)> on_clipboard_state;
  std::function<void(const ClipboardPart&)> on_clipboard_part;
  std::function<void(const ClipboardTaken&)> on_clipboard_taken;
  // A piece of a look for who draws the pointer; pointer_taken() answers the last one of each. May be empty.
  std::function<void(const PointerPiece& piece)> on_pointer_piece;
};

class StreamSession {
 public:
  // All references outlive the session.
  StreamSession(StreamSessionParams params, StreamSessionEvents events, MediaTable& table,
                const fec::Leopard& codec, net::UdpSocket& socket, EventLoop& loop, Logger& log);
  ~StreamSession();
  StreamSession(const StreamSession&) = delete;
  StreamSession& operator=(const StreamSession&) = delete;

  // Who has this secret may connect from now on, and do what `permissions` allow; nobody who had another may.
  void admit(const lumen1::Secret& secret, lumen1::control::Permissions permissions);
  void set_permissions(lumen1::control::Permissions permissions);
  // Whose pads those of its clients are, and what they are shown as.
  void set_pad_owner(const PadOwner& owner) { end_->port.set_pad_owner(owner); }
  // What the client says of its clipboard, while it may share the desktop's; else it goes nowhere.
  template <class What>
  void clipboard(const What& what) {
    if (shares_clipboard_) end_->link.send(what);
  }
  // What was agreed with who is admitted: whether it may draw the pointer itself.
  void allow_pointer_apart(bool allowed);
  // False: the session process could not be told now, and waits for it.
  bool pointer_taken(std::uint32_t image) { return end_->link.send(link::PointerTaken{image}); }
  // Between them neither pictures nor sound are made, whatever the client asks for.
  void pause();
  void resume();
  // Nobody may any more. The desktop stays, nothing is encoded.
  void shut_out();
  // Tells the client that the host goes.
  void say_goodbye();
  // To be called now and then: the session process hears what it had no room for.
  void catch_up(Timestamp now);
  // Gives up a client that has said nothing since `since`.
  void give_up_silent(Timestamp since);

  std::uint8_t id() const { return id_; }
  SessionSlot& slot() { return *slot_; }
  const SessionSlot& slot() const { return *slot_; }
  const MediaEnd& end() const { return *end_; }

 private:
  SlotEvents slot_events();
  void on_wish(const Mode& mode, bool pointer_drawn);
  void want();
  void share_clipboard(bool on);
  bool gives_pointer() const;
  void on_pointer(const PointerState& pointer);
  void tell_pointer(const PointerState& pointer);
  void on_gone();
  void let_go();
  std::string reason() const;
  void tell(const std::function<void(lumen1::HostState&)>& change);

  std::uint8_t id_;
  StreamSessionEvents events_;
  MediaTable& table_;
  Logger& log_;
  struct Wish {
    Mode mode;
    bool pointer_drawn = false;
  };
  std::optional<Wish> wish_;  // of the client that is there
  bool paused_ = false, pointer_apart_ = false, shares_clipboard_ = false;
  std::uint32_t pointer_serial_ = 0;
  std::uint64_t admission_ = 0;  // what comes of an earlier one is nothing any more
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for what was posted
  std::shared_ptr<MediaEnd> end_;
  std::string still_, silent_;  // why the picture stands still, why nothing is heard; empty: all is well
  std::unique_ptr<SessionSlot> slot_;
};

}  // namespace lumen::host
