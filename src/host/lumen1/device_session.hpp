// host/lumen1: one application that runs for one device, on one display, whether or not the device watches.
// Destroying it ends both. Owner: lm-main.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crypto/certificate.hpp"
#include "host/app_run.hpp"
#include "host/command_chain.hpp"
#include "host/host.hpp"
#include "host/lumen1/pointer_relay.hpp"
#include "lumen1/control/messages.hpp"
#include "net/quic/event.hpp"

namespace lumen::host {

struct SessionKey {
  crypto::Fingerprint device{};
  std::uint32_t app = 0;
  std::uint8_t display = 0;
  auto operator<=>(const SessionKey&) const = default;
};

class DeviceSession {
 public:
  struct Params {
    AppEntry app;
    std::string device_name;
    Mode mode;                // as opened first
    std::string runtime_dir;  // of this session, below the runtime root
    SlotSettings settings;
    PadOwner pads;
    // Of the desktop's clipboard, while whoever watches may share it.
    std::function<void(const link::ClipboardState&)> on_clipboard_state;
    std::function<void(const ClipboardPart&)> on_clipboard_part;
    std::function<void(const ClipboardTaken&)> on_clipboard_taken;
    // It is over for good, and why; the owner destroys it later.
    std::function<void(const std::string& reason)> on_ended;
    // What the pointer looks like, to whom this connection is with. False: there is no room now.
    std::function<bool(net::QuicId, std::uint8_t session, const PointerPiece&)> send_pointer;
  };
  // Who watches.
  struct Viewer {
    net::QuicId connection;
    lumen1::control::Stream stream;
  };

  // Fails as Host::make_session() does. `host`, `loop` and `log` outlive the session.
  static Result<std::unique_ptr<DeviceSession>> create(Params params, Host& host, EventLoop& loop,
                                                       Logger& log);
  ~DeviceSession();
  DeviceSession(const DeviceSession&) = delete;
  DeviceSession& operator=(const DeviceSession&) = delete;

  // What is to run before it, then the desktop; at once when that has been done. When it fails, `app.before`,
  // and the session is over. `done` may be called from inside; it may not destroy the session.
  using Done = std::function<void(const Status&)>;
  void prepare(Done done);

  // What is opened next, told ahead so that the encoder need not be opened twice. Nothing while somebody
  // watches.
  void expect(const lumen1::control::Stream& stream);
  std::uint8_t id() const { return stream_->id(); }
  std::uint32_t next_open_count() { return ++open_count_; }
  // `viewer` may connect with this secret from now on, in the place of any other.
  void admit(Viewer viewer, const lumen1::Secret& secret, lumen1::control::Permissions permissions);
  void change(const lumen1::control::Stream& stream);
  void set_permissions(lumen1::control::Permissions permissions);
  template <class What>
  void clipboard(const What& what) {
    stream_->clipboard(what);
  }
  void pause();
  void resume();
  // Nobody watches any more; the desktop stays.
  void leave();
  void catch_up(Timestamp now) { stream_->catch_up(now); }
  void give_up_silent(Timestamp since) { stream_->give_up_silent(since); }

  // It has ended, or could not begin.
  bool is_over() const { return over_; }
  const std::string& reason() const { return reason_; }  // why
  const std::optional<Viewer>& viewer() const { return viewer_; }
  const AppEntry& app() const { return params_.app; }
  const StreamSession& stream() const { return *stream_; }
  // To run when it has ended; nothing to do when it is empty.
  ChainParams after() const;

 private:
  DeviceSession(Params params, EventLoop& loop, Logger& log);
  std::vector<std::string> environment() const;
  void ready();
  void over(const std::string& reason);
  void encode_as(const lumen1::control::Stream& stream);
  bool send_pointer(const PointerPiece& piece) const;

  Params params_;
  EventLoop& loop_;
  Logger& log_;
  std::optional<Viewer> viewer_;
  std::uint32_t open_count_ = 0, encoding_id_ = 0;
  std::optional<Encoding> encoding_;  // as told to the slot
  bool prepared_ = false, over_ = false;
  std::string reason_;
  std::vector<Done> waiting_;  // for what is to run before
  std::unique_ptr<StreamSession> stream_;
  PointerRelay pointer_;
  std::unique_ptr<CommandChain> before_;
};

}  // namespace lumen::host
