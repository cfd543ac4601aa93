// The host's part of the C ABI: checks what comes in, hands it to a HostSession, turns what that has to say
// into events.
#include <memory>
#include <optional>
#include <utility>

#include "core/c_fec.hpp"
#include "core/c_values.hpp"
#include "core/host_session.hpp"

LUMEN_FIRST_VERSION(lumen_host_params, user);
LUMEN_FIRST_VERSION(lumen_host_stats, key_epoch);

using namespace lumen;
using namespace lumen::core;

struct lumen_host {
  lumen_host(const lumen_host_params& params, const HostSessionParams& session_params)
      : session{session_params, params.fec != nullptr ? params.fec->leopard : own.emplace()},
        on_event{params.on_event},
        user{params.user},
        log{params.on_log, params.user} {}

  void tell(lumen_host_event event) const {
    event.struct_size = sizeof event;
    if (on_event != nullptr) on_event(user, &event);
  }
  void tell_what_came();
  void tell_recovery();
  void tell_bitrate();

  std::optional<fec::Leopard> own;
  HostSession session;
  lumen_host_event_fn on_event;
  void* user;
  abi::Log log;
};

namespace {

constexpr std::uint64_t kMinRate = 100'000, kMaxRate = 1'000'000'000'000, kMaxBurst = std::uint64_t{1} << 30U;
constexpr std::uint32_t kMaxBitrate = 4'000'000;  // kbit/s

lumen_host_params default_params() {
  const HostSenderParams sender;
  lumen_host_params params{};
  params.rate_bits_per_s = sender.rate.value;
  params.burst_bytes = sender.burst.value;
  params.max_shard_bytes = static_cast<std::uint32_t>(sender.max_shard_bytes);
  params.parity_max_percent = static_cast<std::uint32_t>(sender.parity.max_percent);
  return params;
}

bool is_bitrate(std::uint32_t cap, std::uint32_t reserve) {
  return cap <= kMaxBitrate && reserve <= kMaxBitrate;
}
bool is_rate(std::uint64_t rate) { return rate == 0 || (rate >= kMinRate && rate <= kMaxRate); }

std::optional<HostSessionParams> to_session_params(const lumen_host_params& params) {
  const auto secret = abi::to_secret(params.secret);
  const auto ciphers = abi::to_ciphers(params.cipher);
  const bool valid = secret && ciphers && params.session <= 255 && is_rate(params.rate_bits_per_s) &&
                     params.burst_bytes <= kMaxBurst && params.max_shard_bytes >= 64 &&
                     params.max_shard_bytes <= lumen1::kMaxShardBytes && params.parity_min_percent <= 100 &&
                     params.parity_max_percent >= 1 && params.parity_max_percent <= 1000 &&
                     params.parity_min_percent <= params.parity_max_percent &&
                     is_bitrate(params.bitrate_cap_kbps, params.reserve_kbps);
  if (!valid) return std::nullopt;
  HostSessionParams session;
  session.secret = *secret;
  session.ciphers = *ciphers;
  session.sender.session = static_cast<std::uint8_t>(params.session);
  session.sender.rate = BitsPerSecond{params.rate_bits_per_s};
  session.sender.burst = Bytes{params.burst_bytes};
  session.sender.max_shard_bytes = params.max_shard_bytes;
  session.sender.parity.min_percent = params.parity_min_percent;
  session.sender.parity.max_percent = params.parity_max_percent;
  session.sender.rate_control.cap_kbps = params.bitrate_cap_kbps;
  session.sender.rate_control.reserve_kbps = params.reserve_kbps;
  return session;
}

lumen_host_event event_of(std::uint32_t type) {
  lumen_host_event event{};
  event.type = type;
  return event;
}

}  // namespace

void lumen_host::tell_recovery() {
  const auto frame = session.take_idr_request();
  if (!frame) return;
  auto event = event_of(LUMEN_HOST_EVENT_RECOVERY);
  event.frame = frame->value;
  tell(event);
}

void lumen_host::tell_bitrate() {
  const auto rate = session.sender().take_bitrate();
  if (!rate) return;
  auto event = event_of(LUMEN_HOST_EVENT_BITRATE);
  event.bitrate_kbps = rate->bitrate_kbps;
  tell(event);
}

void lumen_host::tell_what_came() {
  if (session.has_connected()) tell(event_of(LUMEN_HOST_EVENT_CONNECTED));
  if (const auto wish = session.wish()) {
    auto event = event_of(LUMEN_HOST_EVENT_WISH);
    event.width = wish->mode.width;
    event.height = wish->mode.height;
    event.refresh_mhz = wish->mode.refresh_mhz;
    event.pointer_drawn = wish->pointer_drawn ? 1 : 0;
    tell(event);
  }
  for (const auto& came : session.inputs()) {
    const auto input = abi::to_c(came);
    auto event = event_of(LUMEN_HOST_EVENT_INPUT);
    event.input = &input;
    tell(event);
  }
  tell_recovery();
  tell_bitrate();
  if (session.has_left()) tell(event_of(LUMEN_HOST_EVENT_GOODBYE));
}

lumen_result lumen_host_params_init(lumen_host_params* params, size_t struct_size) {
  return abi::init(default_params(), params, struct_size);
}

lumen_result lumen_host_create(const lumen_host_params* params, lumen_host** out) {
  return abi::guard([&]() -> lumen_result {
    if (out == nullptr) return LUMEN_ERR_INVALID_ARGUMENT;
    auto ours = default_params();
    if (const auto taken = abi::take(params, ours); taken != LUMEN_OK) return taken;
    const auto session = to_session_params(ours);
    if (!session) return LUMEN_ERR_INVALID_ARGUMENT;
    *out = new lumen_host{ours, *session};
    return LUMEN_OK;
  });
}

void lumen_host_destroy(lumen_host** host) { abi::destroy(host); }

lumen_result lumen_host_receive(lumen_host* host, void* datagram, size_t bytes, int64_t now_ns) {
  return abi::guard([&]() -> lumen_result {
    if (host == nullptr || datagram == nullptr || !abi::is_time(now_ns)) return LUMEN_ERR_INVALID_ARGUMENT;
    const auto accepted = host->session.receive(abi::bytes_of(datagram, bytes), from_ns(now_ns));
    if (!accepted) return host->log.failed(accepted.error());
    if (*accepted == HostSession::Accepted::no) return LUMEN_IGNORED;
    host->tell_what_came();
    return *accepted == HostSession::Accepted::newest ? LUMEN_FOLLOW : LUMEN_OK;
  });
}

lumen_result lumen_host_push(lumen_host* host, const lumen_access_unit* unit, int64_t now_ns,
                             uint64_t* frame) {
  return abi::guard([&]() -> lumen_result {
    if (host == nullptr || !abi::is_time(now_ns)) return LUMEN_ERR_INVALID_ARGUMENT;
    lumen_access_unit ours{};
    if (const auto taken = abi::take(unit, ours); taken != LUMEN_OK) return taken;
    const auto view = abi::to_unit(ours);
    if (!view) return LUMEN_ERR_INVALID_ARGUMENT;
    const auto pushed = host->session.push(*view, from_ns(now_ns));
    host->tell_recovery();
    host->tell_bitrate();
    if (!pushed) return host->log.failed(pushed.error());
    if (frame != nullptr) *frame = host->session.sender().last_frame().value;
    return LUMEN_OK;
  });
}

lumen_result lumen_host_next(lumen_host* host, lumen_train* train, int64_t now_ns) {
  return abi::guard([&]() -> lumen_result {
    if (host == nullptr || abi::size_of(train) == 0 || !abi::is_time(now_ns))
      return LUMEN_ERR_INVALID_ARGUMENT;
    const auto outgoing = host->session.next(from_ns(now_ns));
    if (!outgoing) return LUMEN_NOTHING;
    lumen_train ours{};
    ours.flags = outgoing->is_reply ? LUMEN_TRAIN_REPLY : 0;
    ours.bytes = outgoing->train.bytes.data();
    ours.datagram_bytes = outgoing->train.datagram_bytes;
    ours.datagrams = outgoing->train.datagrams;
    ours.due_ns = to_ns(outgoing->train.due);
    return abi::give(ours, train);
  });
}

lumen_result lumen_host_say(lumen_host* host, const lumen_host_state* state) {
  return abi::guard([&]() -> lumen_result {
    if (host == nullptr) return LUMEN_ERR_INVALID_ARGUMENT;
    lumen_host_state ours{};
    if (const auto taken = abi::take(state, ours); taken != LUMEN_OK) return taken;
    const auto said = abi::to_host_state(ours);
    if (!said || ours.reserved != 0) return LUMEN_ERR_INVALID_ARGUMENT;
    host->session.say(*said);
    return LUMEN_OK;
  });
}

lumen_result lumen_host_say_goodbye(lumen_host* host) {
  if (host == nullptr) return LUMEN_ERR_INVALID_ARGUMENT;
  host->session.say_goodbye();
  return LUMEN_OK;
}

lumen_result lumen_host_set_rate(lumen_host* host, uint64_t rate_bits_per_s) {
  if (host == nullptr || !is_rate(rate_bits_per_s)) return LUMEN_ERR_INVALID_ARGUMENT;
  host->session.sender().set_rate(BitsPerSecond{rate_bits_per_s});
  return LUMEN_OK;
}

lumen_result lumen_host_set_bitrate_cap(lumen_host* host, uint32_t cap_kbps, uint32_t reserve_kbps) {
  if (host == nullptr || !is_bitrate(cap_kbps, reserve_kbps)) return LUMEN_ERR_INVALID_ARGUMENT;
  host->session.sender().set_bitrate_cap(cap_kbps);
  host->session.sender().set_reserve(reserve_kbps);
  return LUMEN_OK;
}

lumen_result lumen_host_update_keys(lumen_host* host) {
  return abi::guard([&]() -> lumen_result {
    if (host == nullptr) return LUMEN_ERR_INVALID_ARGUMENT;
    return host->session.sender().update_keys() ? LUMEN_OK : LUMEN_ERR_UNAVAILABLE;
  });
}

lumen_result lumen_host_get_stats(const lumen_host* host, lumen_host_stats* stats) {
  if (host == nullptr) return LUMEN_ERR_INVALID_ARGUMENT;
  const auto have = host->session.stats();
  lumen_host_stats ours{};
  ours.assumed_loss_ppm = static_cast<std::uint32_t>(have.sender.assumed_loss * 1e6);
  ours.frames = have.sender.frames;
  ours.idr = have.sender.idr;
  ours.datagrams = have.sender.datagrams;
  ours.bytes = have.sender.bytes;
  ours.data_shards = have.sender.data_shards;
  ours.parity_shards = have.sender.parity_shards;
  ours.abandoned_datagrams = have.sender.abandoned_datagrams;
  ours.recovery_asked = have.sender.recovery_asked;
  ours.recovery_merged = have.sender.recovery_merged;
  ours.connections = have.connections;
  ours.foreign = have.foreign;
  ours.refused = have.refused;
  ours.malformed = have.malformed;
  ours.input_events = have.input_events;
  ours.reported_expected = have.reported_expected;
  ours.reported_lost = have.reported_lost;
  ours.round_trip_ns = have.round_trip.count();
  ours.key_epoch = have.sender.key_epoch;
  ours.bitrate_kbps = have.sender.bitrate_kbps;
  ours.capacity_kbps = have.sender.capacity_kbps;
  ours.queue_ns = have.sender.queue.count();
  ours.shards_asked = have.sender.shards_asked;
  ours.shards_repeated = have.sender.shards_repeated;
  return abi::give(ours, stats);
}
