#include "gamepad/rumble_effects.hpp"

#include <algorithm>

namespace lumen::gamepad {

bool RumbleEffects::upload(std::size_t id, const Effect& effect) {
  if (id >= kMaxEffects) return false;
  slots_[id].effect = effect;
  return true;
}

bool RumbleEffects::erase(std::size_t id) {
  if (id >= kMaxEffects) return false;
  slots_[id] = {};
  return true;
}

void RumbleEffects::play(std::size_t id, int times, Timestamp now) {
  if (id >= kMaxEffects) return;
  slots_[id].times = std::max(times, 0);
  slots_[id].begin = now;
}

// Each time is a delay and then the effect.
bool RumbleEffects::sounds(const Slot& slot, Timestamp now) {
  const auto& [strong, weak, delay, length] = slot.effect;
  if (slot.times == 0) return false;
  const auto passed = now - slot.begin;
  if (length == Duration::zero()) return passed >= delay;
  const auto period = delay + length;
  return passed / period < slot.times && passed % period >= delay;
}

PadRumble RumbleEffects::at(Timestamp now) const {
  std::uint64_t strong = 0, weak = 0;
  for (const auto& slot : slots_) {
    if (!sounds(slot, now)) continue;
    strong += slot.effect.strong;
    weak += slot.effect.weak;
  }
  const auto scaled = [this](std::uint64_t sum) {
    return static_cast<std::uint16_t>(std::min<std::uint64_t>(sum, 0xFFFF) * gain_ / 0xFFFF);
  };
  return {.strong = scaled(strong), .weak = scaled(weak)};
}

std::optional<Timestamp> RumbleEffects::next_change(Timestamp now) const {
  std::optional<Timestamp> next;
  const auto consider = [&](Timestamp when) {
    if (when > now && (!next || when < *next)) next = when;
  };
  for (const auto& slot : slots_) {
    if (slot.times == 0) continue;
    const auto period = slot.effect.delay + slot.effect.length;
    if (slot.effect.length == Duration::zero()) {
      consider(slot.begin + slot.effect.delay);
      continue;
    }
    const auto round = (now - slot.begin) / period;
    if (round >= slot.times) continue;
    consider(slot.begin + round * period + slot.effect.delay);
    consider(slot.begin + (round + 1) * period);
  }
  return next;
}

}  // namespace lumen::gamepad
