// The client's part of the C ABI: checks what comes in, hands it to a ClientSession, turns what that has to
// say into events.
#include <limits>
#include <optional>
#include <utility>

#include "core/c_fec.hpp"
#include "core/c_values.hpp"
#include "core/client_session.hpp"

LUMEN_FIRST_VERSION(lumen_client_params, user);
LUMEN_FIRST_VERSION(lumen_client_stats, key_epoch);

using namespace lumen;
using namespace lumen::core;

struct lumen_client {
  lumen_client(const lumen_client_params& params, const ClientReceiverParams& receiver,
               const ClientWish& wish)
      : session{receiver, wish, params.fec != nullptr ? params.fec->leopard : own.emplace()},
        on_event{params.on_event},
        user{params.user},
        log{params.on_log, params.user} {}

  void tell(lumen_client_event event) const {
    event.struct_size = sizeof event;
    if (on_event != nullptr) on_event(user, &event);
  }
  void tell_missing();
  void tell_messages();

  std::optional<fec::Leopard> own;
  ClientSession session;
  bool told_left = false;
  lumen_client_event_fn on_event;
  void* user;
  abi::Log log;
};

namespace {

constexpr std::uint32_t kMaxReorderWaitUs = 1'000'000;
constexpr std::uint64_t kMinBudget = 1U << 20U;

lumen_client_params default_params() {
  const lumen1::Reassembler::Params reassembly;
  lumen_client_params params{};
  params.width = 1920;
  params.height = 1080;
  params.refresh_mhz = 60'000;
  params.pointer_drawn = 1;
  params.reorder_wait_us = static_cast<std::uint32_t>(reassembly.reorder_wait / std::chrono::microseconds{1});
  params.memory_budget_bytes = reassembly.memory_budget;
  return params;
}

std::optional<ClientWish> to_wish(const Mode& mode, std::uint32_t pointer_drawn) {
  if (!is_valid(mode) || pointer_drawn > 1) return std::nullopt;
  return ClientWish{mode, pointer_drawn == 1};
}

std::optional<ClientReceiverParams> to_receiver_params(const lumen_client_params& params) {
  const auto secret = abi::to_secret(params.secret);
  const auto ciphers = abi::to_ciphers(params.cipher);
  const bool valid = secret && ciphers && params.session <= 255 &&
                     params.reorder_wait_us <= kMaxReorderWaitUs &&
                     params.memory_budget_bytes >= kMinBudget &&
                     params.memory_budget_bytes <= std::numeric_limits<std::size_t>::max() / 2;
  if (!valid) return std::nullopt;
  ClientReceiverParams receiver;
  receiver.session = static_cast<std::uint8_t>(params.session);
  receiver.secret = *secret;
  receiver.ciphers = *ciphers;
  receiver.reassembly.reorder_wait = std::chrono::microseconds{params.reorder_wait_us};
  receiver.reassembly.memory_budget = static_cast<std::size_t>(params.memory_budget_bytes);
  return receiver;
}

lumen_client_event event_of(std::uint32_t type) {
  lumen_client_event event{};
  event.type = type;
  return event;
}

lumen_result give_datagram(const std::optional<ByteView>& bytes, lumen_datagram* datagram,
                           lumen_result none) {
  if (!bytes) return none;
  lumen_datagram ours{};
  ours.bytes = bytes->data();
  ours.size_bytes = bytes->size();
  return abi::give(ours, datagram);
}

lumen_unit to_c(const AccessUnit& unit, ByteView bytes, bool repaired) {
  lumen_unit out{};
  out.flags = repaired ? LUMEN_UNIT_REPAIRED : 0;
  out.codec = static_cast<std::uint32_t>(unit.codec);
  out.kind = static_cast<std::uint32_t>(unit.kind);
  out.width = unit.width;
  out.height = unit.height;
  out.frame = unit.id.value;
  out.bytes = bytes.data();
  out.size_bytes = bytes.size();
  out.host_capture_ns = unit.host_capture.count();
  out.host_encode_ns = unit.host_encode.count();
  out.host_send_ns = unit.host_send.count();
  out.received_ns = to_ns(unit.received);
  out.complete_ns = to_ns(unit.complete);
  return out;
}

}  // namespace

void lumen_client::tell_missing() {
  const auto missing = session.units().take_missing();
  if (!missing) return;
  auto event = event_of(LUMEN_CLIENT_EVENT_MISSING);
  event.first_frame = missing->first.value;
  event.last_frame = missing->last.value;
  tell(event);
}

void lumen_client::tell_messages() {
  auto& units = session.units();
  if (units.take_state_change()) {
    const auto state = abi::to_c(*units.host_state());
    auto event = event_of(LUMEN_CLIENT_EVENT_HOST_STATE);
    event.host_state = &state;
    tell(event);
  }
  if (units.host_left() && !std::exchange(told_left, true)) tell(event_of(LUMEN_CLIENT_EVENT_HOST_LEFT));
}

lumen_result lumen_client_params_init(lumen_client_params* params, size_t struct_size) {
  return abi::init(default_params(), params, struct_size);
}

lumen_result lumen_client_create(const lumen_client_params* params, lumen_client** out) {
  return abi::guard([&]() -> lumen_result {
    if (out == nullptr) return LUMEN_ERR_INVALID_ARGUMENT;
    auto ours = default_params();
    if (const auto taken = abi::take(params, ours); taken != LUMEN_OK) return taken;
    const auto receiver = to_receiver_params(ours);
    const auto wish = to_wish({ours.width, ours.height, ours.refresh_mhz}, ours.pointer_drawn);
    if (!receiver || !wish) return LUMEN_ERR_INVALID_ARGUMENT;
    *out = new lumen_client{ours, *receiver, *wish};
    return LUMEN_OK;
  });
}

void lumen_client_destroy(lumen_client** client) { abi::destroy(client); }

lumen_result lumen_client_receive(lumen_client* client, void* datagram, size_t bytes, int64_t now_ns) {
  return abi::guard([&]() -> lumen_result {
    if (client == nullptr || datagram == nullptr || !abi::is_time(now_ns)) return LUMEN_ERR_INVALID_ARGUMENT;
    const auto heard = client->session.receive(abi::bytes_of(datagram, bytes), from_ns(now_ns));
    if (!heard) return client->log.failed(heard.error());
    using Heard = ClientReceiver::Heard;
    if (*heard == Heard::foreign || *heard == Heard::refused) return LUMEN_IGNORED;
    if (*heard == Heard::connected) {
      client->told_left = false;
      client->tell(event_of(LUMEN_CLIENT_EVENT_CONNECTED));
    }
    client->tell_missing();
    client->tell_messages();
    return LUMEN_OK;
  });
}

lumen_result lumen_client_next_unit(lumen_client* client, lumen_unit* unit, int64_t now_ns) {
  return abi::guard([&]() -> lumen_result {
    if (client == nullptr || abi::size_of(unit) == 0 || !abi::is_time(now_ns))
      return LUMEN_ERR_INVALID_ARGUMENT;
    AccessUnit popped;
    const auto bytes = client->session.units().pop_view(popped, from_ns(now_ns));
    client->tell_missing();
    if (!bytes) return LUMEN_NOTHING;
    return abi::give(to_c(popped, *bytes, client->session.units().is_repaired()), unit);
  });
}

lumen_result lumen_client_not_decoded(lumen_client* client, uint64_t frame) {
  if (client == nullptr) return LUMEN_ERR_INVALID_ARGUMENT;
  client->session.units().not_decoded(FrameId{frame});
  return LUMEN_OK;
}

lumen_result lumen_client_next_datagram(lumen_client* client, lumen_datagram* datagram, int64_t now_ns) {
  return abi::guard([&]() -> lumen_result {
    if (client == nullptr || abi::size_of(datagram) == 0 || !abi::is_time(now_ns))
      return LUMEN_ERR_INVALID_ARGUMENT;
    const auto next = client->session.next_datagram(from_ns(now_ns));
    if (!next) return client->log.failed(next.error());
    return give_datagram(*next, datagram, LUMEN_NOTHING);
  });
}

lumen_result lumen_client_next_deadline(const lumen_client* client, int64_t now_ns, int64_t* deadline_ns) {
  if (client == nullptr || deadline_ns == nullptr || !abi::is_time(now_ns)) return LUMEN_ERR_INVALID_ARGUMENT;
  *deadline_ns = to_ns(client->session.next_deadline(from_ns(now_ns)));
  return LUMEN_OK;
}

// NOLINTNEXTLINE(readability-function-size): C has no better mode
lumen_result lumen_client_set_mode(lumen_client* client, uint32_t width, uint32_t height,
                                   uint32_t refresh_mhz, uint32_t pointer_drawn) {
  const auto wish = to_wish({width, height, refresh_mhz}, pointer_drawn);
  if (client == nullptr || !wish) return LUMEN_ERR_INVALID_ARGUMENT;
  client->session.units().set_wish(*wish);
  return LUMEN_OK;
}

lumen_result lumen_client_seal_input(lumen_client* client, const lumen_input* input,
                                     lumen_datagram* datagram) {
  return abi::guard([&]() -> lumen_result {
    if (client == nullptr || abi::size_of(datagram) == 0) return LUMEN_ERR_INVALID_ARGUMENT;
    lumen_input ours{};
    if (const auto taken = abi::take(input, ours); taken != LUMEN_OK) return taken;
    const auto event = abi::to_input(ours);
    if (!event) return LUMEN_ERR_INVALID_ARGUMENT;
    return give_datagram(client->session.seal_input(*event), datagram, LUMEN_ERR_UNAVAILABLE);
  });
}

lumen_result lumen_client_update_keys(lumen_client* client) {
  return abi::guard([&]() -> lumen_result {
    if (client == nullptr) return LUMEN_ERR_INVALID_ARGUMENT;
    return client->session.update_keys() ? LUMEN_OK : LUMEN_ERR_UNAVAILABLE;
  });
}

lumen_result lumen_client_seal_goodbye(lumen_client* client, lumen_datagram* datagram) {
  return abi::guard([&]() -> lumen_result {
    if (client == nullptr || abi::size_of(datagram) == 0) return LUMEN_ERR_INVALID_ARGUMENT;
    return give_datagram(client->session.seal_goodbye(), datagram, LUMEN_ERR_UNAVAILABLE);
  });
}

lumen_result lumen_client_get_stats(const lumen_client* client, lumen_client_stats* stats) {
  if (client == nullptr) return LUMEN_ERR_INVALID_ARGUMENT;
  const auto have = client->session.units().stats();
  lumen_client_stats ours{};
  ours.frames_complete = have.reassembly.frames_complete;
  ours.frames_lost = have.reassembly.frames_lost;
  ours.frames_repaired = have.reassembly.frames_repaired;
  ours.frames_skipped = have.skipped_broken;
  ours.shards_received = have.reassembly.shards_received;
  ours.shards_repaired = have.reassembly.shards_repaired;
  ours.shards_duplicate = have.reassembly.shards_duplicate;
  ours.shards_late = have.reassembly.shards_late;
  ours.shards_invalid = have.reassembly.shards_invalid;
  ours.shards_refused = have.reassembly.shards_refused;
  ours.datagrams = have.datagrams;
  ours.bytes = have.bytes;
  ours.foreign = have.foreign;
  ours.not_authentic = have.not_authentic;
  ours.idr = have.idr;
  ours.recovery_asked = have.recovery_asked;
  ours.round_trip_ns = have.round_trip.count();
  ours.memory_bytes = client->session.units().memory_bytes();
  ours.key_epoch = have.key_epoch;
  return abi::give(ours, stats);
}
