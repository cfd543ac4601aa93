#include "host/pad_desk.hpp"

#include "lumen1/messages.hpp"
#include "lumen1/wire.hpp"

namespace lumen::host {

void PadDesk::set_owner(const PadOwner& owner) {
  MutexLock lock{mutex_};
  owner_ = owner;
}

// Far apart for neighbouring clients and slots, and nothing that a client could choose.
PadArrival PadDesk::shown_as(PadArrival arrival) const {
  constexpr std::uint64_t kStep = 0x9E37'79B9'7F4A'7C15U;
  constexpr std::uint16_t kMoreThanXbox =
      pad_capability::kTouchpad | pad_capability::kAccelerometer | pad_capability::kGyroscope;
  arrival.identity = owner_.identity + kStep * (arrival.slot + 1U);
  if (owner_.model) {
    arrival.model = *owner_.model;
  } else if (arrival.model == PadModel::xbox && (arrival.capabilities & kMoreThanXbox) != 0) {
    arrival.model = PadModel::dualsense;  // shows all that it has
  }
  return arrival;
}

void PadDesk::permit(bool permitted) {
  MutexLock lock{mutex_};
  if (permitted_ == permitted) return;
  permitted_ = permitted;
  for (std::uint8_t slot = 0; slot < kMaxPads; ++slot) {
    if (permitted) {
      if (pads_.at(slot)) plug(slot);
    } else {
      words_.stop(slot);
      if (plugged_.at(slot)) unplug(slot);
    }
  }
}

void PadDesk::begin(Timestamp now) {
  MutexLock lock{mutex_};
  pads_ = {};
  words_ = {};
  claim_until_ = now + kClaimWithin;
}

void PadDesk::leave() {
  MutexLock lock{mutex_};
  pads_ = {};
  words_ = {};
  claim_until_ = {};
  unplug_others();
}

PadDesk::Taken PadDesk::take(const PadEvent& event) {
  MutexLock lock{mutex_};
  if (const auto* arrival = std::get_if<PadArrival>(&event)) return arrive(*arrival);
  const auto slot = slot_of(event);
  auto& pad = pads_.at(slot);
  if (!pad) return Taken::delivered;
  if (std::holds_alternative<PadGone>(event)) return go(slot);
  if (const auto* state = std::get_if<PadState>(&event)) pad->state = *state;
  if (const auto* battery = std::get_if<PadBattery>(&event)) pad->battery = *battery;
  if (!permitted_) return Taken::not_permitted;
  if (unsaid_.at(slot) && !plug(slot)) return Taken::no_room;
  return send(event) ? Taken::delivered : Taken::no_room;
}

PadDesk::Taken PadDesk::arrive(const PadArrival& arrival) {
  const auto slot = arrival.slot;
  words_.forget(slot);
  words_.add(PadRumble{.slot = slot});  // what another session left it doing
  words_.add(PadTriggerRumble{.slot = slot});
  pads_.at(slot).emplace(Pad{.arrival = shown_as(arrival), .state = {.slot = slot}, .battery = std::nullopt});
  if (!permitted_) return Taken::not_permitted;
  return plug(slot) ? Taken::delivered : Taken::no_room;
}

PadDesk::Taken PadDesk::go(std::uint8_t slot) {
  words_.forget(slot);
  if (plugged_.at(slot) && !unplug(slot)) return Taken::no_room;
  pads_.at(slot).reset();
  return Taken::delivered;
}

bool PadDesk::plug(std::uint8_t slot) {
  const auto& pad = *pads_.at(slot);
  unsaid_.at(slot) = true;
  if (!send(pad.arrival)) return false;
  plugged_.at(slot) = true;
  if (!send(pad.state) || (pad.battery && !send(*pad.battery))) return false;
  unsaid_.at(slot) = false;
  return true;
}

bool PadDesk::unplug(std::uint8_t slot) {
  if (!send(PadGone{slot})) return false;
  plugged_.at(slot) = false;
  return true;
}

void PadDesk::unplug_others() {
  for (std::uint8_t slot = 0; slot < kMaxPads; ++slot) {
    if (plugged_.at(slot) && !(permitted_ && pads_.at(slot))) unplug(slot);
  }
}

void PadDesk::release() {
  MutexLock lock{mutex_};
  for (std::uint8_t slot = 0; slot < kMaxPads; ++slot) {
    if (auto& pad = pads_.at(slot)) pad->state = {.slot = slot};
  }
}

void PadDesk::repeat() {
  MutexLock lock{mutex_};
  if (!permitted_) return;
  for (std::uint8_t slot = 0; slot < kMaxPads; ++slot) {
    if (pads_.at(slot)) plug(slot);
  }
}

void PadDesk::tidy(Timestamp now) {
  MutexLock lock{mutex_};
  if (now >= claim_until_) unplug_others();
  if (!permitted_) return;
  for (std::uint8_t slot = 0; slot < kMaxPads; ++slot) {
    if (pads_.at(slot) && (unsaid_.at(slot) || !plugged_.at(slot))) plug(slot);
  }
}

void PadDesk::feed_back(const PadFeedback& feedback) {
  MutexLock lock{mutex_};
  const auto slot = slot_of(feedback);
  if (permitted_ && slot < kMaxPads && pads_.at(slot)) words_.add(feedback);
}

void PadDesk::heard(const lumen1::PadWordHeard& heard) {
  MutexLock lock{mutex_};
  words_.heard(heard.sequence);
}

std::vector<std::byte> PadDesk::next_word(Timestamp now) {
  constexpr auto kLimit = lumen1::kMaxDatagramBytes - lumen1::kClearHeaderBytes - lumen1::kTagBytes;
  MutexLock lock{mutex_};
  std::vector<std::byte> body;
  if (const auto word = words_.next(now)) lumen1::append(body, lumen1::HostMessage{*word}, kLimit);
  return body;
}

}  // namespace lumen::host
