// lumen/lumen1: what applications make a client's pads do arrives for certain over datagrams that may be
// lost: each word of the host holds the newest of all that the client has not been heard to know, and is said
// again until it is. Nothing old comes after something new. Pure. Owner at each end: one thread.
#pragma once

#include <algorithm>
#include <deque>
#include <optional>
#include <vector>

#include "base/units.hpp"
#include "lumen1/pad_messages.hpp"
#include "media/pad_feedback.hpp"

namespace lumen::lumen1 {

class PadWordSender {
 public:
  static constexpr Duration kInterval = std::chrono::milliseconds{20};

  // Replaces what was told before of the same kind. Of adaptive triggers, the one that is not set stays.
  void add(const PadFeedback& feedback) {
    const auto told =
        std::ranges::find_if(all_, [&](const auto& each) { return is_same_kind(each.now, feedback); });
    if (told == all_.end()) {
      all_.push_back({.now = feedback, .since = ++changes_});
    } else {
      change(*told, merged(told->now, feedback));
    }
  }
  // Tells what ends all that goes on by itself on a pad.
  void stop(std::uint8_t slot) {
    for (auto& each : all_) {
      if (slot_of(each.now) == slot) change(each, stopped(each.now));
    }
  }
  // The pad is gone, and with it all that it was told.
  void forget(std::uint8_t slot) {
    std::erase_if(all_, [&](const auto& each) { return slot_of(each.now) == slot; });
  }
  // The next word, if there is one: at once after a change, then every kInterval until it was heard.
  std::optional<PadWord> next(Timestamp now) {
    if (told_ == changes_ && now - told_at_ < kInterval) return std::nullopt;
    PadWord word{.sequence = changes_, .feedback = {}};
    for (const auto& each : all_) {
      if (!is_heard(each.since)) word.feedback.push_back(each.now);
    }
    if (word.feedback.empty()) return std::nullopt;
    told_ = changes_;
    told_at_ = now;
    return word;
  }
  // What has not changed since that word is known. An answer to what was never said is none.
  void heard(std::uint32_t sequence) {
    if (is_heard(sequence) || static_cast<std::int32_t>(sequence - changes_) > 0) return;
    heard_ = sequence;
  }

 private:
  struct Told {
    PadFeedback now;
    std::uint32_t since = 0;  // the change that made it so
  };
  bool is_heard(std::uint32_t change) const { return static_cast<std::int32_t>(change - heard_) <= 0; }
  void change(Told& told, const PadFeedback& now) {
    if (told.now == now) return;
    told = {.now = now, .since = ++changes_};
  }
  static PadFeedback stopped(PadFeedback now) {
    constexpr PadTriggerEffect kOff{.kind = 5};  // what applications turn them off with
    if (auto* rumble = std::get_if<PadRumble>(&now)) rumble->strong = rumble->weak = 0;
    if (auto* rumble = std::get_if<PadTriggerRumble>(&now)) rumble->left = rumble->right = 0;
    if (auto* request = std::get_if<PadMotionRequest>(&now)) request->rate_hz = 0;
    if (auto* triggers = std::get_if<PadAdaptiveTriggers>(&now)) triggers->left = triggers->right = kOff;
    return now;
  }

  std::vector<Told> all_;  // at most kMaxPadFeedback
  std::uint32_t changes_ = 0, told_ = 0, heard_ = 0;
  Timestamp told_at_{};
};

class PadWordReceiver {
 public:
  // An old one is nothing any more. One for which there is no room is not answered, and comes again.
  void take(const PadWord& word) {
    if (static_cast<std::int32_t>(word.sequence - heard_) < 0) return;
    if (word.sequence != heard_) {
      if (waiting_.size() + word.feedback.size() > kMostWaiting) return;
      waiting_.insert(waiting_.end(), word.feedback.begin(), word.feedback.end());
    }
    heard_ = word.sequence;
    must_answer_ = true;
  }
  std::optional<PadFeedback> take_feedback() {
    if (waiting_.empty()) return std::nullopt;
    const auto first = waiting_.front();
    waiting_.pop_front();
    return first;
  }
  std::optional<PadWordHeard> take_answer() {
    if (!must_answer_) return std::nullopt;
    must_answer_ = false;
    return PadWordHeard{heard_};
  }

 private:
  static constexpr std::size_t kMostWaiting = 4 * kMaxPadFeedback;
  std::deque<PadFeedback> waiting_;
  std::uint32_t heard_ = 0;
  bool must_answer_ = false;
};

}  // namespace lumen::lumen1
