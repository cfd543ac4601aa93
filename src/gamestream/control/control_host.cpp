#include "gamestream/control/control_host.hpp"

#include <algorithm>
#include <type_traits>

namespace lumen::gamestream::control {
namespace {

// Messages with the same key replace one another.
struct Subject {
  std::uint16_t type = 0, pad = 0;
  std::uint8_t sensor = 0;
  bool operator==(const Subject&) const = default;
};

Subject subject_of(const HostMessage& message) {
  return std::visit(
      [&message](const auto& each) {
        Subject subject{.type = type_of(message)};
        if constexpr (requires { each.pad; }) subject.pad = each.pad;
        if constexpr (requires { each.sensor; }) subject.sensor = static_cast<std::uint8_t>(each.sensor);
        return subject;
      },
      message);
}

// A rumble that a client would let end by itself.
bool rumbles(const HostMessage& message) {
  if (const auto* pad = std::get_if<Rumble>(&message)) return (pad->low_frequency | pad->high_frequency) != 0;
  if (const auto* triggers = std::get_if<TriggerRumble>(&message))
    return (triggers->left | triggers->right) != 0;
  return false;
}

}  // namespace

Result<ControlHost> ControlHost::create(ByteView key, const InputParams& input, Timestamp now) {
  LUMEN_TRY(auto sealer, Sealer::create(key, Side::host));
  LUMEN_TRY(auto opener, Opener::create(key, Side::client));
  return ControlHost{std::move(sealer), std::move(opener), input, now};
}

ControlHost::ControlHost(Sealer sealer, Opener opener, const InputParams& input, Timestamp now)
    : sealer_{std::move(sealer)},
      opener_{std::move(opener)},
      input_{input},
      heard_{now},
      forgeries_since_{now} {}

void ControlHost::connected(Timestamp now) {
  connected_ = true;
  heard_ = now;
  const bool knows_mode = std::ranges::any_of(
      told_, [](const Told& told) { return std::holds_alternative<HdrMode>(told.message); });
  if (!knows_mode) send(HdrMode{});
}

void ControlHost::disconnected() {
  connected_ = false;
  input_.release_all();
}

void ControlHost::receive(MutableBytes packet, Timestamp now, std::vector<HostEvent>& out) {
  const auto opened = opener_.open(packet);
  if (!opened) {
    refused(opened.refusal, now, out);
    return;
  }
  heard_ = now;
  silent_ = false;
  const auto message = parse_client_message(opened.type, opened.payload);
  if (!message) {
    ++counters_.malformed;
    return;
  }
  ++counters_.accepted;
  handle(*message, now, out);
}

void ControlHost::refused(Refusal refusal, Timestamp now, std::vector<HostEvent>& out) {
  if (refusal == Refusal::replayed) {
    ++counters_.replayed;
    return;
  }
  if (refusal == Refusal::inner_length || refusal == Refusal::nested) {
    ++counters_.malformed;
    return;
  }
  ++counters_.forged;
  if (now - forgeries_since_ >= std::chrono::seconds{1}) {
    forgeries_since_ = now;
    forgeries_ = 0;
  }
  if (++forgeries_ == kForgeries) out.emplace_back(TooManyForgeries{});
}

void ControlHost::handle(const ClientMessage& message, Timestamp now, std::vector<HostEvent>& out) {
  if (const auto* input = std::get_if<InputPacket>(&message)) {
    if (close_at_) return;
    if (const auto* haptics = std::get_if<EnableHaptics>(input)) out.emplace_back(*haptics);
    input_.take(*input, now);
    while (const auto kind = input_.take_unsupported()) out.emplace_back(*kind);
    return;
  }
  if (std::holds_alternative<UnknownMessage>(message)) ++counters_.unknown;
  std::visit(
      [&out](const auto& each) {
        if constexpr (std::is_constructible_v<HostEvent, std::in_place_type_t<std::decay_t<decltype(each)>>,
                                              decltype(each)>) {
          out.emplace_back(each);
        }
      },
      message);
}

void ControlHost::tick(Timestamp now, std::vector<HostEvent>& out) {
  if (connected_ && !silent_ && now - heard_ >= kSilence) {
    silent_ = true;
    input_.release_all();
    out.emplace_back(ClientSilent{});
  }
  if (!lost_ && now - heard_ >= kLost) {
    lost_ = true;
    out.emplace_back(ClientLost{});
  }
  if (close_at_ && !close_told_ && now >= *close_at_) {
    close_told_ = true;
    out.emplace_back(CloseNow{});
  }
  for (auto& told : told_) {
    if (refreshes(told) && now - told.sent >= kRumbleRefresh) told.waiting = true;
  }
}

bool ControlHost::refreshes(const Told& told) const {
  return connected_ && !close_at_ && !told.waiting && rumbles(told.message);
}

Timestamp ControlHost::next_deadline() const {
  auto next = Timestamp::max();
  if (!lost_) next = heard_ + (connected_ && !silent_ ? kSilence : kLost);
  if (close_at_ && !close_told_) next = std::min(next, *close_at_);
  for (const auto& told : told_) {
    if (refreshes(told)) next = std::min(next, told.sent + kRumbleRefresh);
  }
  return next;
}

bool ControlHost::send(const HostMessage& message) {
  const auto subject = subject_of(message);
  if (close_at_ || subject.pad >= kMaxPads || std::holds_alternative<Termination>(message) ||
      std::holds_alternative<UnknownMessage>(message)) {
    return false;
  }
  const auto before =
      std::ranges::find_if(told_, [&](const Told& told) { return subject_of(told.message) == subject; });
  if (before == told_.end()) {
    told_.push_back({.message = message, .waiting = true, .sent = {}});
  } else if (before->message != message) {
    before->message = message;
    before->waiting = true;
  }
  return true;
}

void ControlHost::terminate(std::uint32_t code, Timestamp now) {
  if (close_at_) return;
  termination_ = Termination{code};
  close_at_ = now + kCloseAfter;
  input_.release_all();
}

std::optional<SealedPacket> ControlHost::next_outgoing(Timestamp now) {
  if (!connected_) return std::nullopt;
  if (termination_) {
    const auto packet = seal_message(sealer_, HostMessage{*termination_}, Route{});
    termination_.reset();
    return packet;
  }
  if (close_at_) return std::nullopt;
  for (auto& told : told_) {
    if (!told.waiting) continue;
    told.waiting = false;
    told.sent = now;
    return seal_message(sealer_, told.message, Route{});
  }
  return std::nullopt;
}

}  // namespace lumen::gamestream::control
