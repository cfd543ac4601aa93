#include "worker/clipboard_share.hpp"

#include <utility>

namespace lumen::worker {
namespace {

Timestamp now() { return SteadyTime{}.now(); }

}  // namespace

void ClipboardShare::watch(bool on) {
  sender_.reset();
  receiver_.reset();
  loop_.cancel(timer_);
  timer_ = 0;
  if (std::exchange(on_, on) && !on) {
    if (auto* clipboard = params_.find()) clipboard->watch({});
  }
  if (on_) begin();
}

void ClipboardShare::desktop_changed() {
  if (on_) begin();
}

void ClipboardShare::begin() {
  auto* clipboard = params_.find();
  if (clipboard != nullptr) clipboard->watch([this](std::string text) { on_copied(std::move(text)); });
  params_.send(link::ClipboardState{
      .there = clipboard != nullptr,
      .reason = clipboard != nullptr ? "" : "this desktop lets no other program at its clipboard"});
}

void ClipboardShare::on_copied(std::string text) {
  if (!on_) return;
  sender_.offer(std::move(text));
  pump();
}

void ClipboardShare::take(const ClipboardPart& part) {
  if (!on_) return;
  if (const auto taken = receiver_.take(part)) params_.send(*taken);
  auto text = receiver_.take_text();
  if (sender_.is_sending()) return;  // the two cross, and the client takes ours
  auto* clipboard = text ? params_.find() : nullptr;
  if (clipboard == nullptr) return;
  if (const auto set = clipboard->set_text(*text); !set) log_.warn("{}", describe(set.error()));
  sender_.know(*std::move(text));
}

void ClipboardShare::take(const ClipboardTaken& taken) {
  if (!on_) return;
  sender_.taken(taken, now());
  pump();
}

void ClipboardShare::pump() {
  while (const auto part = sender_.next(now())) params_.send(*part);
  loop_.cancel(timer_);
  timer_ = 0;
  if (const auto deadline = sender_.next_deadline()) {
    timer_ = loop_.call_at(*deadline, [this] {
      timer_ = 0;
      pump();
    });
  }
}

}  // namespace lumen::worker
