#include "host/lumen1/lumen_service.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "crypto/aead.hpp"

namespace lumen::host {
namespace {

namespace control = lumen1::control;
using namespace std::chrono_literals;

constexpr std::string_view kProgram = "lumen-host 0.1";
constexpr std::uint64_t kCloseCode = 0x4c00;  // and the reason of the last message
constexpr Duration kLastWordsWithin = 1s, kLastWordsCheck = 20ms;
constexpr std::size_t kMaxStrangers = 16, kMaxStrangersOfAddress = 4;  // connected and not paired
constexpr auto kSeenInterval = std::chrono::hours{1};                  // between two notes of it on the disk

Timestamp now() { return SteadyTime{}.now(); }
std::chrono::sys_seconds wall_clock() {
  return std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now());
}

}  // namespace

LumenService::LumenService(LumenServiceParams params, LumenStore& store, Host& host, EventLoop& loop,
                           Logger& log)
    : params_{std::move(params)}, store_{store}, host_{host}, loop_{loop}, log_{log} {}

LumenService::~LumenService() {
  alive_.reset();
  host_.on_quic({});
  loop_.cancel(timer_);
  loop_.cancel(silence_timer_);
  if (driver_) driver_->close_all(kCloseCode, "the host stops");
}

Status LumenService::start() {
  LUMEN_TRY(auto identity, net::QuicIdentity::create(store_.identity()));
  LUMEN_TRY(auto endpoint,
            net::QuicEndpoint::create(
                {.role = net::QuicRole::host,
                 .identity = std::make_shared<const net::QuicIdentity>(std::move(identity)),
                 .send = [this](const net::QuicPath& path,
                                ByteView datagram) { host_.send(path.peer, path.local, datagram); },
                 .secret = store_.quic_secret()}));
  driver_ = std::make_unique<net::QuicDriver>(std::move(endpoint), loop_,
                                              [this](net::QuicEvent event) { on_quic(std::move(event)); });
  host_.on_quic([this](const net::Endpoint& from, const net::Endpoint& at, ByteView datagram) {
    driver_->receive({.local = at, .peer = from}, datagram);
  });
  check_silence();
  return {};
}

void LumenService::post(std::function<void()> call) {
  loop_.post([alive = std::weak_ptr{alive_}, call = std::move(call)] {
    if (!alive.expired()) call();
  });
}

// --- connections

void LumenService::on_quic(net::QuicEvent event) {
  std::visit([this](const auto& known) { handle(known); }, event);
  settle();
}

// A stranger takes the place of an older one, never that of a device that is paired.
void LumenService::make_room_for_stranger(const std::string& address) {
  std::vector<net::QuicId> all, same;  // the oldest first
  for (const auto& [id, connection] : connections_) {
    if (store_.devices().find(connection.device) != nullptr) continue;
    all.push_back(id);
    if (connection.address == address) same.push_back(id);
  }
  if (same.size() < kMaxStrangersOfAddress && all.size() < kMaxStrangers) return;
  const auto id = same.size() >= kMaxStrangersOfAddress ? same.front() : all.front();
  driver_->close(id, kCloseCode, "too many devices that are not paired");
  connections_.erase(id);
}

void LumenService::handle(const net::QuicConnected& connected) {
  if (store_.devices().find(connected.peer.fingerprint()) == nullptr)
    make_room_for_stranger(connected.address.host());
  Connection connection{.id = connected.id,
                        .device = connected.peer.fingerprint(),
                        .address = connected.address.host(),
                        .name = {},
                        .dialogue = nullptr,
                        .closes_by = {},
                        .check_at = {}};
  control::HostDialogueParams dialogue{
      .host = store_.identity().certificate().fingerprint(),
      .client = connection.device,
      .address = connection.address,
      .exporter =
          [this, id = connected.id](std::string_view label, MutableBytes out) {
            return driver_->endpoint().export_secret(id, label, {}, out).has_value();
          },
      .host_name = params_.name,
      .program = std::string{kProgram},
      .host_id = store_.host_id()};
  connection.dialogue =
      std::make_unique<control::HostDialogue>(std::move(dialogue), store_.devices(), desk_, now());
  connections_.insert_or_assign(connected.id, std::move(connection));
}

void LumenService::handle(const net::QuicBytes& bytes) {
  const auto found = connections_.find(bytes.id);
  if (found != connections_.end()) found->second.dialogue->receive(bytes.bytes, now());
}

void LumenService::handle(const net::QuicMoved& moved) {
  const auto found = connections_.find(moved.id);
  if (found == connections_.end()) return;
  found->second.address = moved.address.host();
  log_.info("{} is at {} now", found->second.name, moved.address.to_string());
}

void LumenService::handle(const net::QuicClosed& closed) {
  const auto found = connections_.find(closed.id);
  if (found == connections_.end()) return;
  if (!found->second.closes_by) {
    log_.info("{} is gone: {}", found->second.name.empty() ? found->second.address : found->second.name,
              net::to_error(closed).what);
  }
  leave_all(closed.id);
  connections_.erase(found);
}

// Carries out what the dialogues want until none wants anything any more: what one device asks may concern
// another.
void LumenService::settle() {
  if (std::exchange(settling_, true)) return;
  for (bool again = true; again;) {
    again = false;
    std::vector<net::QuicId> ids;
    for (const auto& [id, connection] : connections_) ids.push_back(id);
    for (const auto id : ids) {
      const auto found = connections_.find(id);
      if (found != connections_.end()) again = settle(found->second) || again;
    }
  }
  settling_ = false;
  follow_desk();
  arm();
}

// Whether anything happened.
bool LumenService::settle(Connection& connection) {
  const auto events = connection.dialogue->take_events();
  for (const auto& event : events) {
    std::visit([&](const auto& known) { handle(connection, known); }, event);
  }
  const auto output = connection.dialogue->take_output();
  if (!output.empty() && !driver_->send(connection.id, output)) {
    connection.closes_by = connection.check_at = now();  // it takes nothing any more
  }
  if (connection.dialogue->is_over() && !connection.closes_by)
    connection.closes_by = now() + kLastWordsWithin;
  return !events.empty() || !output.empty();
}

// A connection whose last words have arrived, or will not.
void LumenService::close_spoken(Connection& connection) {
  const auto status = driver_->endpoint().status(connection.id);
  if (status && status->unacknowledged_bytes > 0 && now() < *connection.closes_by) {
    connection.check_at = now() + kLastWordsCheck;
    return;
  }
  const auto id = connection.id;
  driver_->close(id, kCloseCode, "bye");
  leave_all(id);
  connections_.erase(id);
}

void LumenService::tick() {
  timer_ = 0;
  desk_.advance(now());
  std::vector<net::QuicId> ids;
  for (const auto& [id, connection] : connections_) ids.push_back(id);
  for (const auto id : ids) {
    auto& connection = connections_.at(id);
    if (connection.closes_by) {
      if (now() >= connection.check_at) close_spoken(connection);
    } else {
      connection.dialogue->advance(now());
    }
  }
  settle();
}

void LumenService::arm() {
  loop_.cancel(timer_);
  timer_ = 0;
  auto next = desk_.next_deadline();
  const auto sooner = [&next](Timestamp when) {
    if (!next || when < *next) next = when;
  };
  for (const auto& [id, connection] : connections_) {
    if (connection.closes_by) {
      sooner(connection.check_at);
    } else if (const auto deadline = connection.dialogue->next_deadline()) {
      sooner(*deadline);
    }
  }
  if (next) timer_ = loop_.call_at(*next, [this] { tick(); });
}

void LumenService::desk_changed() {
  for (auto& [id, connection] : connections_) connection.dialogue->advance(now());
  settle();
}

void LumenService::follow_desk() {
  for (const auto& event : desk_.take_events()) {
    if (const auto* ended = std::get_if<control::CodeEnded>(&event)) {
      last_code_end_ = ended->end;
      if (ended->end == control::CodeEnd::guessed_at)
        log_.warn("the code is void: {} gave wrong ones", ended->address);
    } else if (const auto* asks = std::get_if<control::DeviceAsks>(&event)) {
      const auto& device = asks->device;
      log_.warn("{} at {} asks to be paired and shows the words {}. If that is so, run: lumen-host pair",
                device.name, device.address, device.words);
    }
  }
  if (desk_.offer(now())) last_code_end_.reset();
}

Status LumenService::change_devices(const std::function<Status(control::DeviceBook&)>& change) {
  LUMEN_CHECK_OK(store_.change_devices(change));
  for (auto& [id, connection] : connections_) connection.dialogue->book_changed();
  end_sessions_of_outsiders();
  settle();
  return {};
}

// What a device has running that was removed or shut out.
void LumenService::end_sessions_of_outsiders() {
  std::vector<SessionKey> over;
  for (const auto& [key, session] : sessions_) {
    const auto* device = store_.devices().find(key.device);
    if (device == nullptr || !device->enabled) over.push_back(key);
  }
  for (const auto& key : over) end_session(sessions_.find(key));
}

// --- what devices say

void LumenService::handle(Connection& from, const control::HelloCame& hello) {
  from.name = hello.device_name;
  log_.info("{} at {} connected ({}{})", from.name, from.address, hello.program,
            hello.paired ? "" : ", not paired");
  const auto* device = store_.devices().find(from.device);
  if (!hello.paired || device == nullptr || wall_clock() - device->last_seen < kSeenInterval) return;
  const auto seen =
      store_.change_devices([&](control::DeviceBook& book) { return book.seen(from.device, wall_clock()); });
  if (!seen) log_.warn("{}", describe(seen.error()));
}

void LumenService::handle(Connection& from, const control::StoreDevice& device) {
  // One that proves itself anew may do what it might.
  const auto* known = store_.devices().find(device.fingerprint);
  const auto permissions = known != nullptr ? known->permissions : device.permissions;
  const auto stored = store_.change_devices([&](control::DeviceBook& book) {
    return book.add(device.fingerprint, device.name, permissions, wall_clock());
  });
  for (auto& [id, connection] : connections_) {
    if (connection.device == device.fingerprint && id != from.id) connection.dialogue->book_changed();
  }
  if (stored) {
    log_.info("{} at {} is paired now", device.name, from.address);
  } else {
    log_.error("{} is not paired: {}", device.name, describe(stored.error()));
  }
  from.dialogue->stored(stored.has_value());
}

void LumenService::stop(std::function<void()> done) {
  is_stopping_ = true;
  stopped_ = std::move(done);
  for (auto& [id, connection] : connections_) connection.dialogue->bye(control::ByeReason::host_stopping);
  settle();
  while (!sessions_.empty()) end_session(sessions_.begin());
  tell_stopped();
}

void LumenService::tell_stopped() {
  if (!after_.empty()) return;
  if (const auto stopped = std::exchange(stopped_, nullptr)) stopped();
}

}  // namespace lumen::host
