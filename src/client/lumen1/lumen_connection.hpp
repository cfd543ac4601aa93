// client/lumen1: a client's control connection to one host: QUIC and the dialogue on a thread of their own
// (lm-control), questions as calls that block. The connection lives as long as what was opened over it.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/event_loop.hpp"
#include "base/log.hpp"
#include "base/mutex.hpp"
#include "base/thread.hpp"
#include "crypto/identity.hpp"
#include "lumen1/connect_info.hpp"
#include "lumen1/control/client_dialogue.hpp"
#include "media/pointer.hpp"
#include "net/quic/driver.hpp"
#include "net/udp.hpp"

namespace lumen::client {

struct LumenConnectionParams {
  net::Endpoint host;
  std::optional<crypto::Fingerprint> pin;  // of the host that this device is paired with; none: of anybody
  std::string device_name;
  Duration patience = std::chrono::seconds{5};  // for the host's first answer
};

// A stream that was opened: how to get at its media.
struct OpenedStream {
  lumen1::ConnectInfo connect;
  lumen1::control::Stream stream;
};

// Thread-safe: all calls. Each ends early, with `client.cancelled`, when its stop is requested, and with why
// when the connection is over.
class LumenConnection {
 public:
  // Blocks until the host has said hello. Fails as net::to_error(), with `client.host-says` when the host
  // ends the connection, or with what the system says. `log` outlives the connection.
  static Result<std::unique_ptr<LumenConnection>> open(LumenConnectionParams params,
                                                       const crypto::Identity& identity,
                                                       const std::stop_token& stop, Logger& log);
  ~LumenConnection();  // says goodbye; blocks for some tenths of a second at most
  LumenConnection(const LumenConnection&) = delete;
  LumenConnection& operator=(const LumenConnection&) = delete;

  const lumen1::control::HostHello& hello() const { return hello_; }
  const crypto::Fingerprint& fingerprint() const { return fingerprint_; }
  const net::Endpoint& address() const { return params_.host; }
  bool is_paired() const LUMEN_EXCLUDES(mutex_);

  // `pairing.*` with what the host said; an attempt is used up, unless the code could be none
  // (`pairing.code`).
  Status pair_with_code(std::string_view code, const std::stop_token& stop);
  // `on_words`, once: what both ends show. Blocks until somebody at the host has decided. That is the host's
  // word alone: it counts only if a person here has seen that the words are the same.
  Status pair_by_approval(const std::function<void(const std::string& words)>& on_words,
                          const std::stop_token& stop);

  // Refusals: `client.refused`, or `client.not-paired`.
  Result<std::vector<lumen1::control::App>> apps(const std::stop_token& stop);
  Result<OpenedStream> open_stream(std::uint32_t app, std::uint8_t display,
                                   const lumen1::control::StreamWish& wish, const std::stop_token& stop);
  Result<lumen1::control::Stream> change(const lumen1::control::Change& change, const std::stop_token& stop);
  Status close_stream(std::uint8_t session, bool end_application, const std::stop_token& stop);
  // What this device runs of it, at all displays.
  Status end_application(std::uint32_t app, const std::stop_token& stop);

  // Why `session` cannot go on, if it cannot: it was ended, or the connection is over.
  Status verdict(std::uint8_t session) const LUMEN_EXCLUDES(mutex_);
  // The clipboard of a session, and ours. Text is sent in a while, and only if both ends may share it; what
  // came from there is not sent back.
  lumen1::control::ClipboardState clipboard_state(std::uint8_t session) const LUMEN_EXCLUDES(mutex_);
  // How often it has begun to work: each time the host knows nothing of before.
  std::uint32_t clipboard_begun(std::uint8_t session) const LUMEN_EXCLUDES(mutex_);
  void offer_clipboard(std::uint8_t session, std::string text) LUMEN_EXCLUDES(mutex_);
  // What was copied there, once; of several the newest.
  std::optional<std::string> take_clipboard(std::uint8_t session) LUMEN_EXCLUDES(mutex_);
  // What the host's pointer looks like, by its number; nullptr: not known, or not any more.
  std::shared_ptr<const PointerImage> pointer_look(std::uint8_t session, std::uint32_t image) const
      LUMEN_EXCLUDES(mutex_);
  // The host's clock less ours; none: not known yet.
  std::optional<Duration> clock_offset() const LUMEN_EXCLUDES(mutex_);

 private:
  using Event = lumen1::control::ClientEvent;
  LumenConnection(LumenConnectionParams params, const crypto::Fingerprint& own)
      : params_{std::move(params)}, own_{own} {}

  Status begin(const crypto::Identity& identity);
  void on_quic(net::QuicEvent event);
  void handle(const net::QuicConnected& connected);
  void handle(const net::QuicBytes& bytes);
  void handle(const net::QuicMoved&) {}
  void handle(const net::QuicClosed& closed);
  void settle() LUMEN_EXCLUDES(mutex_);
  void keep(Event event) LUMEN_REQUIRES(mutex_);
  void over(Error why) LUMEN_EXCLUDES(mutex_);
  void arm();
  void say_goodbye();
  struct ClipboardEnd {
    lumen1::control::ClipboardState state{};
    ClipboardSender sender{};
    ClipboardReceiver receiver{};
    std::optional<std::string> came{};
    std::uint32_t begun = 0;  // how often it became to work
  };
  void take_part(ClipboardEnd& end, const ClipboardPart& part) LUMEN_REQUIRES(mutex_);
  bool keep_clipboard(const Event& event) LUMEN_REQUIRES(mutex_);
  void pump_clipboards() LUMEN_REQUIRES(mutex_);
  void export_media_secret(std::uint8_t session, std::uint32_t open_count) LUMEN_REQUIRES(mutex_);

  // Runs `call` on lm-control and waits for what it returns.
  template <class T>
  Result<T> on_control(std::function<Result<T>(lumen1::control::ClientDialogue&)> call);
  // Waits for the first event that `match` takes something from.
  template <class T>
  Result<T> await(const std::function<std::optional<Result<T>>(const Event&)>& match,
                  const std::stop_token& stop) LUMEN_EXCLUDES(mutex_);
  template <class Answer>
  Result<Answer> answer_to(lumen1::control::RequestId request, const std::stop_token& stop);
  Status pairing_end(const std::function<void(const std::string&)>& on_words, const std::stop_token& stop);

  const LumenConnectionParams params_;
  const crypto::Fingerprint own_;
  lumen1::control::HostHello hello_;
  crypto::Fingerprint fingerprint_{};
  mutable Mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Event> events_ LUMEN_GUARDED_BY(mutex_);  // that nobody has taken yet
  std::optional<Error> over_ LUMEN_GUARDED_BY(mutex_);
  std::map<std::uint8_t, std::string> ended_ LUMEN_GUARDED_BY(mutex_);  // sessions, and why
  std::map<std::uint8_t, lumen1::Secret> secrets_ LUMEN_GUARDED_BY(mutex_);
  std::map<std::uint8_t, ClipboardEnd> clipboards_ LUMEN_GUARDED_BY(mutex_);
  std::map<std::uint8_t, PointerLooks> looks_ LUMEN_GUARDED_BY(mutex_);  // of sessions that were opened
  bool paired_ LUMEN_GUARDED_BY(mutex_) = false;
  std::optional<Duration> clock_offset_ LUMEN_GUARDED_BY(mutex_);
  // lm-control, once it runs
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<net::UdpSocket> socket_;
  std::unique_ptr<net::QuicDriver> driver_;
  std::optional<net::QuicId> id_;
  std::unique_ptr<lumen1::control::ClientDialogue> dialogue_;
  EventLoop::TimerId timer_ = 0, farewell_ = 0;
  std::unique_ptr<OwnedThread> thread_;  // last
};

}  // namespace lumen::client
