#include "lumen1/pad_teller.hpp"

namespace lumen::lumen1 {
namespace {

std::uint16_t bit_of(std::uint8_t slot) { return static_cast<std::uint16_t>(1U << slot); }

}  // namespace

PadTeller::As PadTeller::take(const PadEvent& event, Timestamp now) {
  const auto slot = slot_of(event);
  if (slot >= kMaxPads) return As::nothing;
  auto& pad = pads_.at(slot);
  if (const auto* arrival = std::get_if<PadArrival>(&event)) {
    pad.emplace(Pad{.arrival = *arrival, .state = {}, .fingers = {}, .battery = std::nullopt});
    were_there_ = static_cast<std::uint16_t>(were_there_ | bit_of(slot));
    pad->state.last.slot = slot;
    for (std::uint8_t i = 0; i < kMaxPadFingers; ++i) pad->fingers.at(i).last = {.slot = slot, .finger = i};
    return As::edge;
  }
  if (!pad) return As::nothing;
  if (std::holds_alternative<PadGone>(event)) {
    pad.reset();
    return As::edge;
  }
  if (const auto* state = std::get_if<PadState>(&event)) return take(*pad, *state, now);
  if (const auto* touch = std::get_if<PadTouch>(&event)) return take(*pad, *touch, now);
  if (const auto* battery = std::get_if<PadBattery>(&event)) {
    if (pad->battery == *battery) return As::nothing;
    pad->battery = *battery;
    return As::edge;
  }
  return As::motion;
}

PadTeller::As PadTeller::take(Pad& pad, const PadState& state, Timestamp now) {
  auto& [last, moved_at] = pad.state;
  if (last == state) return As::nothing;
  const bool pressed = last.buttons != state.buttons;
  last = state;
  moved_at = pressed ? std::nullopt : std::optional{now};
  return pressed ? As::edge : As::motion;
}

PadTeller::As PadTeller::take(Pad& pad, const PadTouch& touch, Timestamp now) {
  if (touch.finger >= kMaxPadFingers) return As::nothing;
  auto& [last, moved_at] = pad.fingers.at(touch.finger);
  if (last == touch) return As::nothing;
  const bool moved = touch.touching && last.touching;
  last = touch;
  moved_at = moved ? std::optional{now} : std::nullopt;
  return moved ? As::motion : As::edge;
}

void PadTeller::for_each_moving(auto& pads, auto call) {
  for (auto& pad : pads) {
    if (!pad) continue;
    call(pad->state);
    for (auto& finger : pad->fingers) call(finger);
  }
}

void PadTeller::settle(Timestamp now, std::vector<PadEvent>& out) {
  for_each_moving(pads_, [&](auto& part) {
    if (!part.moved_at || now - *part.moved_at < kRest) return;
    part.moved_at.reset();
    out.push_back(part.last);
  });
}

std::optional<Timestamp> PadTeller::next_settle() const {
  std::optional<Timestamp> next;
  for_each_moving(pads_, [&](const auto& part) {
    if (part.moved_at && (!next || *part.moved_at + kRest < *next)) next = *part.moved_at + kRest;
  });
  return next;
}

void PadTeller::append_all(std::vector<PadEvent>& out) {
  for (std::uint8_t slot = 0; slot < kMaxPads; ++slot) {
    auto& pad = pads_.at(slot);
    if (!pad) {
      if ((were_there_ & bit_of(slot)) != 0) out.push_back(PadGone{slot});
      continue;
    }
    out.push_back(pad->arrival);
    out.push_back(pad->state.last);
    pad->state.moved_at.reset();
    for (auto& finger : pad->fingers) {
      if (finger.last.touching) out.push_back(finger.last);
      finger.moved_at.reset();
    }
    if (pad->battery) out.push_back(*pad->battery);
  }
}

}  // namespace lumen::lumen1
