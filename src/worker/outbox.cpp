#include "worker/outbox.hpp"

#include <poll.h>

#include <algorithm>
#include <utility>

namespace lumen::worker {
namespace {

Timestamp now() { return SteadyTime{}.now(); }

template <class... Kinds>
bool is_any_of(const link::ToHost& message) {
  return (std::holds_alternative<Kinds>(message) || ...);
}

bool must_arrive(const link::ToHost& message) {
  return is_any_of<link::Ready, link::ModeChanged, link::Responding, link::Ended, link::SoundState,
                   link::DesktopState>(message);
}

bool is_full(const Status& sent) { return !sent && sent.error().code == ErrorCode::resource_exhausted; }

}  // namespace

Status Outbox::send(const link::ToHost& message) {
  if (must_arrive(message) && !waiting_.empty()) return keep(message);  // not before what was said earlier
  auto sent = link::send(socket_, message);
  return is_full(sent) && must_arrive(message) ? keep(message) : sent;
}

bool Outbox::offer(const link::ToHost& message) {
  return waiting_.empty() && link::has_much_room(socket_) && link::send(socket_, message).has_value();
}

Status Outbox::keep(const link::ToHost& message) {
  std::erase_if(waiting_, [&](const auto& each) { return each.index() == message.index(); });
  waiting_.push_back(message);
  if (timer_ == 0) timer_ = loop_.call_at(now() + kRetry, [this] { work(); });
  return {};
}

void Outbox::work() {
  loop_.cancel(std::exchange(timer_, 0));
  auto first = waiting_.begin();
  while (first != waiting_.end() && !is_full(link::send(socket_, *first))) ++first;
  waiting_.erase(waiting_.begin(), first);
  if (!waiting_.empty()) timer_ = loop_.call_at(now() + kRetry, [this] { work(); });
}

void Outbox::flush(Duration within) {
  const auto deadline = now() + within;
  for (work(); !waiting_.empty(); work()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - now());
    if (left.count() <= 0) return;
    pollfd room{.fd = socket_, .events = POLLOUT, .revents = 0};
    poll(&room, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 5)));
  }
}

}  // namespace lumen::worker
