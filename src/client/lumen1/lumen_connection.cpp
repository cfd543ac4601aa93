#include "client/lumen1/lumen_connection.hpp"

#include <sys/epoll.h>

#include <future>
#include <utility>

#include <fmt/format.h>

#include "client/shell/backend.hpp"
#include "crypto/aead.hpp"
#include "lumen1/control/media_secret.hpp"

namespace lumen::client {
namespace {

namespace control = lumen1::control;
using namespace std::chrono_literals;

constexpr std::string_view kProgram = "lumen-client 0.1";
constexpr std::uint64_t kCloseCode = 0x4c00;
constexpr Duration kGoodbyeWithin = 200ms, kGoodbyeCheck = 5ms;
constexpr std::size_t kMaxKeptEvents = 64;

Timestamp now() { return SteadyTime{}.now(); }

Error host_says(std::string_view id, const std::string& text, const std::string& remedy) {
  return {ErrorCode::unavailable, id, text, remedy};
}

Error cancelled() { return {ErrorCode::cancelled, "client.cancelled", "cancelled", {}}; }

Error to_error(const control::Refused& refused) {
  const bool unpaired = refused.reason == control::RefusalReason::not_paired;
  return host_says(unpaired ? kNotPaired : "client.refused", refused.text, refused.remedy);
}

std::string_view pairing_id(control::PairingRefusal reason) {
  switch (reason) {
    case control::PairingRefusal::no_code:
      return "pairing.no-code";
    case control::PairingRefusal::slow_down:
      return "pairing.slow-down";
    case control::PairingRefusal::failed:
      return "pairing.wrong-code";
    case control::PairingRefusal::denied:
      return "pairing.denied";
    case control::PairingRefusal::expired:
      return "pairing.expired";
    case control::PairingRefusal::approval_off:
      return "pairing.approval-off";
    default:
      return "pairing.refused";
  }
}

}  // namespace

Result<std::unique_ptr<LumenConnection>> LumenConnection::open(LumenConnectionParams params,
                                                               const crypto::Identity& identity,
                                                               const std::stop_token& stop, Logger& log) {
  std::unique_ptr<LumenConnection> connection{
      new LumenConnection{std::move(params), identity.certificate().fingerprint()}};
  LUMEN_CHECK_OK(connection->begin(identity));
  using Hello = std::optional<Result<control::HostHello>>;
  LUMEN_TRY(connection->hello_, connection->await<control::HostHello>(
                                    [](const Event& event) -> Hello {
                                      const auto* ready = std::get_if<control::HostReady>(&event);
                                      return ready == nullptr ? Hello{} : Hello{ready->hello};
                                    },
                                    stop));
  log.debug("{} at {} speaks version {}", connection->hello_.name, connection->params_.host.to_string(),
            connection->hello_.version);
  return connection;
}

Status LumenConnection::begin(const crypto::Identity& identity) {
  LUMEN_TRY(loop_, EventLoop::create());
  LUMEN_TRY(const auto any,
            net::Endpoint::parse(params_.host.address()->sa_family == AF_INET6 ? "::" : "0.0.0.0", 0));
  LUMEN_TRY(auto socket, net::UdpSocket::bind({.local = any, .receive_buffer_bytes = 1U << 18U}));
  socket_ = std::make_unique<net::UdpSocket>(std::move(socket));
  LUMEN_TRY(auto shown, net::QuicIdentity::create(identity));
  LUMEN_TRY(auto endpoint, net::QuicEndpoint::create(
                               {.role = net::QuicRole::client,
                                .identity = std::make_shared<const net::QuicIdentity>(std::move(shown)),
                                .send = [this](const net::QuicPath& path,
                                               ByteView datagram) { socket_->send_one(path.peer, datagram); },
                                .handshake_timeout = params_.patience}));
  driver_ = std::make_unique<net::QuicDriver>(std::move(endpoint), *loop_,
                                              [this](net::QuicEvent event) { on_quic(std::move(event)); });
  LUMEN_CHECK_OK(loop_->watch(socket_->fd(), EPOLLIN, [this](std::uint32_t) {
    socket_->receive(Duration::zero(), [this](const net::Endpoint& from, MutableBytes datagram) {
      driver_->receive({.local = {}, .peer = from}, datagram);
    });
  }));
  LUMEN_TRY(id_, driver_->connect({.address = params_.host, .local = {}, .pin = params_.pin}));
  thread_ = std::make_unique<OwnedThread>("lm-control", [this](const std::stop_token&) { loop_->run(); });
  return {};
}

LumenConnection::~LumenConnection() {
  if (thread_) {
    loop_->post([this] { say_goodbye(); });
    thread_.reset();
  }
  MutexLock lock{mutex_};
  for (auto& [session, secret] : secrets_) crypto::wipe(secret);
}

// The last words, and then the end of the loop: when they have arrived, or will not.
void LumenConnection::say_goodbye() {
  if (dialogue_) dialogue_->bye();
  settle();
  const auto until = now() + kGoodbyeWithin;
  const auto check = [this, until](const auto& again) -> void {
    const auto status = id_ ? driver_->endpoint().status(*id_) : std::nullopt;
    if (status && status->unacknowledged_bytes > 0 && now() < until) {
      farewell_ = loop_->call_at(now() + kGoodbyeCheck, [again] { again(again); });
      return;
    }
    driver_->close_all(kCloseCode, "bye");
    loop_->stop();
  };
  check(check);
}

// --- lm-control

void LumenConnection::on_quic(net::QuicEvent event) {
  std::visit([this](const auto& known) { handle(known); }, event);
  settle();
}

void LumenConnection::handle(const net::QuicConnected& connected) {
  fingerprint_ = connected.peer.fingerprint();
  dialogue_ = std::make_unique<control::ClientDialogue>(
      control::ClientDialogueParams{
          .client = own_,
          .host = fingerprint_,
          .exporter =
              [this](std::string_view label, MutableBytes out) {
                return driver_->endpoint().export_secret(*id_, label, {}, out).has_value();
              },
          .device_name = params_.device_name,
          .program = std::string{kProgram}},
      now());
}

void LumenConnection::handle(const net::QuicBytes& bytes) {
  if (dialogue_) dialogue_->receive(bytes.bytes, now());
}

void LumenConnection::handle(const net::QuicClosed& closed) { over(net::to_error(closed)); }

void LumenConnection::over(Error why) {
  {
    MutexLock lock{mutex_};
    if (!over_) over_ = std::move(why);
  }
  changed_.notify_all();
}

// Hands on what the dialogue has to say, to the host and to whoever waits here.
void LumenConnection::settle() {
  if (!dialogue_) return;
  auto events = dialogue_->take_events();
  {
    MutexLock lock{mutex_};
    paired_ = dialogue_->host() && (dialogue_->host()->paired || paired_);
    if (const auto offset = dialogue_->clock().offset()) clock_offset_ = offset;
    for (auto& event : events) {
      if (!keep_clipboard(event)) keep(std::move(event));
    }
    pump_clipboards();
  }
  const auto output = dialogue_->take_output();
  if (!output.empty()) static_cast<void>(driver_->send(*id_, output));  // its end is told
  changed_.notify_all();
  arm();
}

void LumenConnection::keep(Event event) {
  if (std::holds_alternative<control::PairedNow>(event)) paired_ = true;
  if (const auto* opened = std::get_if<control::Opened>(&event)) {
    export_media_secret(opened->session, opened->open_count);
    ended_.erase(opened->session);
    clipboards_[opened->session] = {};
    looks_[opened->session] = {};
  }
  if (const auto* look = std::get_if<control::PointerLook>(&event)) {
    if (const auto of = looks_.find(look->session); of != looks_.end()) of->second.push(look->piece);
    return;
  }
  if (const auto* ended = std::get_if<control::SessionEnded>(&event)) {
    clipboards_.erase(ended->session);
    looks_.erase(ended->session);
    ended_[ended->session] = ended->text.empty() ? std::string{control::text_of(ended->reason)} : ended->text;
    return;
  }
  if (std::holds_alternative<control::PermissionsChanged>(event)) return;
  if (const auto* gone = std::get_if<control::HostGone>(&event)) {
    if (!over_) over_ = host_says("client.host-says", gone->text, gone->remedy);
    return;
  }
  if (events_.size() == kMaxKeptEvents) events_.pop_front();  // of somebody who has given up waiting
  events_.push_back(std::move(event));
}

void LumenConnection::export_media_secret(std::uint8_t session, std::uint32_t open_count) {
  const auto context = control::media_context(session, open_count);
  auto& secret = secrets_[session];
  if (!driver_->endpoint().export_secret(*id_, control::kMediaExporter, context, secret))
    secrets_.erase(session);
}

// Whether it was of a clipboard. Of sessions that are not open it means nothing.
bool LumenConnection::keep_clipboard(const Event& event) {
  const auto end_of = [this](std::uint8_t session) LUMEN_REQUIRES(mutex_) {
    const auto found = clipboards_.find(session);
    return found == clipboards_.end() ? nullptr : &found->second;
  };
  if (const auto* state = std::get_if<control::ClipboardState>(&event)) {
    const auto begins = state->use == control::ClipboardUse::works ? 1U : 0U;
    if (auto* end = end_of(state->session))
      *end = {.state = *state, .begun = end->begun + begins};  // and nothing else of before
  } else if (const auto* part = std::get_if<control::SessionClipboardPart>(&event)) {
    if (auto* end = end_of(part->session)) take_part(*end, part->part);
  } else if (const auto* taken = std::get_if<control::SessionClipboardTaken>(&event)) {
    if (auto* end = end_of(taken->session)) end->sender.taken(taken->taken, now());
  } else {
    return false;
  }
  return true;
}

void LumenConnection::take_part(ClipboardEnd& end, const ClipboardPart& part) {
  if (end.state.use != control::ClipboardUse::works) return;
  if (const auto taken = end.receiver.take(part)) dialogue_->clipboard(end.state.session, *taken);
  if (auto text = end.receiver.take_text()) {
    end.sender.know(*text);
    end.came = std::move(text);
  }
}

void LumenConnection::pump_clipboards() {
  for (auto& [session, end] : clipboards_) {
    while (const auto part = end.sender.next(now())) dialogue_->clipboard(session, *part);
  }
}

void LumenConnection::arm() {
  loop_->cancel(timer_);
  timer_ = 0;
  auto deadline = dialogue_->next_deadline();
  {
    MutexLock lock{mutex_};
    for (const auto& [session, end] : clipboards_) {
      const auto next = end.sender.next_deadline();
      if (next && (!deadline || *next < *deadline)) deadline = next;
    }
  }
  if (deadline) {
    timer_ = loop_->call_at(*deadline, [this] {
      dialogue_->advance(now());
      settle();
    });
  }
}

// --- callers

template <class T>
Result<T> LumenConnection::on_control(std::function<Result<T>(control::ClientDialogue&)> call) {
  auto promise = std::make_shared<std::promise<Result<T>>>();
  auto answer = promise->get_future();
  loop_->post([this, promise, call = std::move(call)] {
    if (dialogue_) {
      promise->set_value(call(*dialogue_));
      settle();
    } else {
      promise->set_value(fail(ErrorCode::unavailable, "control.not-ready", "the host has not answered yet"));
    }
  });
  return answer.get();
}

template <class T>
Result<T> LumenConnection::await(const std::function<std::optional<Result<T>>(const Event&)>& match,
                                 const std::stop_token& stop) {
  MutexLock lock{mutex_};
  std::optional<Result<T>> found;
  const auto arrived = [&]() LUMEN_REQUIRES(mutex_) {
    for (auto event = events_.begin(); event != events_.end(); ++event) {
      found = match(*event);
      if (!found) continue;
      events_.erase(event);
      return true;
    }
    return over_.has_value();
  };
  changed_.wait(mutex_, stop, arrived);
  if (found) return *std::move(found);
  if (over_) return tl::unexpected{*over_};
  return tl::unexpected{cancelled()};
}

template <class Answer>
Result<Answer> LumenConnection::answer_to(control::RequestId request, const std::stop_token& stop) {
  using Found = std::optional<Result<Answer>>;
  return await<Answer>(
      [request](const Event& event) -> Found {
        if (const auto* answer = std::get_if<Answer>(&event); answer != nullptr && answer->request == request)
          return *answer;
        const auto* refused = std::get_if<control::Refused>(&event);
        if (refused == nullptr || refused->request != request) return std::nullopt;
        return Result<Answer>{tl::unexpected{to_error(*refused)}};
      },
      stop);
}

control::ClipboardState LumenConnection::clipboard_state(std::uint8_t session) const {
  MutexLock lock{mutex_};
  const auto found = clipboards_.find(session);
  return found == clipboards_.end() ? control::ClipboardState{.session = session} : found->second.state;
}

std::uint32_t LumenConnection::clipboard_begun(std::uint8_t session) const {
  MutexLock lock{mutex_};
  const auto found = clipboards_.find(session);
  return found == clipboards_.end() ? 0 : found->second.begun;
}

void LumenConnection::offer_clipboard(std::uint8_t session, std::string text) {
  {
    MutexLock lock{mutex_};
    const auto found = clipboards_.find(session);
    if (found == clipboards_.end() || found->second.state.use != control::ClipboardUse::works) return;
    found->second.sender.offer(std::move(text));
  }
  loop_->post([this] { settle(); });
}

std::optional<std::string> LumenConnection::take_clipboard(std::uint8_t session) {
  MutexLock lock{mutex_};
  const auto found = clipboards_.find(session);
  return found == clipboards_.end() ? std::nullopt : std::exchange(found->second.came, std::nullopt);
}

bool LumenConnection::is_paired() const {
  MutexLock lock{mutex_};
  return paired_;
}

Status LumenConnection::pairing_end(const std::function<void(const std::string&)>& on_words,
                                    const std::stop_token& stop) {
  using Found = std::optional<Result<std::string>>;
  // Words are told from here, outside the lock; the end is an empty text.
  for (;;) {
    LUMEN_TRY(const auto words, await<std::string>(
                                    [](const Event& event) -> Found {
                                      if (const auto* compare = std::get_if<control::CompareWords>(&event))
                                        return compare->words;
                                      if (std::holds_alternative<control::PairedNow>(event))
                                        return std::string{};
                                      const auto* failed = std::get_if<control::PairingFailed>(&event);
                                      if (failed == nullptr) return std::nullopt;
                                      return Result<std::string>{tl::unexpected{host_says(
                                          pairing_id(failed->reason), failed->text, failed->remedy)}};
                                    },
                                    stop));
    if (words.empty()) return {};
    on_words(words);
  }
}

Status LumenConnection::pair_with_code(std::string_view code, const std::stop_token& stop) {
  LUMEN_CHECK_OK(
      on_control<bool>([typed = std::string{code}](control::ClientDialogue& dialogue) -> Result<bool> {
        LUMEN_CHECK_OK(dialogue.pair_with_code(typed, now()));
        return true;
      }));
  return pairing_end([](const std::string&) {}, stop);
}

Status LumenConnection::pair_by_approval(const std::function<void(const std::string&)>& on_words,
                                         const std::stop_token& stop) {
  LUMEN_CHECK_OK(on_control<bool>([](control::ClientDialogue& dialogue) -> Result<bool> {
    LUMEN_CHECK_OK(dialogue.ask_approval(now()));
    return true;
  }));
  return pairing_end(on_words, stop);
}

Result<std::vector<control::App>> LumenConnection::apps(const std::stop_token& stop) {
  LUMEN_TRY(const auto request, on_control<control::RequestId>([](control::ClientDialogue& dialogue) {
              return dialogue.list_apps(now());
            }));
  LUMEN_TRY(auto answer, answer_to<control::Apps>(request, stop));
  return std::move(answer.apps);
}

Result<OpenedStream> LumenConnection::open_stream(std::uint32_t app, std::uint8_t display,
                                                  const control::StreamWish& wish,
                                                  const std::stop_token& stop) {
  LUMEN_TRY(const auto request,
            on_control<control::RequestId>([app, display, wish](control::ClientDialogue& dialogue) {
              return dialogue.open(app, display, wish, now());
            }));
  LUMEN_TRY(const auto opened, answer_to<control::Opened>(request, stop));
  OpenedStream result{.connect = {.address = params_.host.host(),
                                  .port = params_.host.port(),
                                  .session = opened.session,
                                  .secret = {}},
                      .stream = opened.stream};
  MutexLock lock{mutex_};
  const auto secret = secrets_.find(opened.session);
  if (secret == secrets_.end()) {
    return fail(ErrorCode::internal, "client.exporter", "TLS gave no key for the stream", "Connect again");
  }
  result.connect.secret = secret->second;
  return result;
}

Result<control::Stream> LumenConnection::change(const control::Change& change, const std::stop_token& stop) {
  LUMEN_TRY(const auto request, on_control<control::RequestId>([change](control::ClientDialogue& dialogue) {
              return dialogue.change(change, now());
            }));
  LUMEN_TRY(const auto changed, answer_to<control::Changed>(request, stop));
  return changed.stream;
}

Status LumenConnection::close_stream(std::uint8_t session, bool end_application,
                                     const std::stop_token& stop) {
  LUMEN_TRY(const auto request,
            on_control<control::RequestId>([session, end_application](control::ClientDialogue& dialogue) {
              return dialogue.close(session, end_application, now());
            }));
  LUMEN_CHECK_OK(answer_to<control::Done>(request, stop));
  MutexLock lock{mutex_};
  looks_.erase(session);
  return {};
}

Status LumenConnection::end_application(std::uint32_t app, const std::stop_token& stop) {
  LUMEN_TRY(const auto request, on_control<control::RequestId>([app](control::ClientDialogue& dialogue) {
              return dialogue.end_application(app, now());
            }));
  LUMEN_CHECK_OK(answer_to<control::Done>(request, stop));
  return {};
}

Status LumenConnection::verdict(std::uint8_t session) const {
  MutexLock lock{mutex_};
  if (const auto ended = ended_.find(session); ended != ended_.end())
    return tl::unexpected{host_says("client.stream-ended", ended->second, {})};
  if (over_) return tl::unexpected{*over_};
  return {};
}

std::shared_ptr<const PointerImage> LumenConnection::pointer_look(std::uint8_t session,
                                                                  std::uint32_t image) const {
  MutexLock lock{mutex_};
  const auto of = looks_.find(session);
  return of == looks_.end() ? nullptr : of->second.find(image);
}

std::optional<Duration> LumenConnection::clock_offset() const {
  MutexLock lock{mutex_};
  return clock_offset_;
}

}  // namespace lumen::client
