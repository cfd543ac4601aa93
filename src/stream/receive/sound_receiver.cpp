#include "stream/receive/sound_receiver.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <utility>

#include "audio/clock_output.hpp"
#include "base/priority.hpp"

namespace lumen::stream {
namespace {

using namespace std::chrono_literals;

constexpr Duration kPublishInterval = 100ms;
// Kept in the output: it takes 5.3 ms at a time, and this thread may be late by a few.
constexpr Duration kReserve = 10ms;
constexpr Duration kShortestWait = 1ms, kLongestWait = 5ms, kIdleWait = 100ms;
constexpr int kMostAtOnce = 16;  // packets, so that an output that swallows all does not keep us

Timestamp now() { return SteadyTime{}.now(); }

}  // namespace

SoundReceiver::SoundReceiver(Params params, Logger& log)
    : params_{std::move(params)},
      log_{log},
      thread_{"lm-audio", [this](const std::stop_token& stop) { loop(stop); }} {}

SoundReceiver::~SoundReceiver() {
  thread_.request_stop();
  queue_.wake();
}

void SoundReceiver::connect(const lumen1::DirectionKeys& keys) {
  MutexLock lock{mutex_};
  next_keys_ = keys;
  keys_changed_.store(true, std::memory_order_release);
}

void SoundReceiver::push(ByteView datagram, Timestamp now) {
  if (!queue_.push(datagram, now)) dropped_full_.fetch_add(1, std::memory_order_relaxed);
}

SoundReceiveStats SoundReceiver::stats() const {
  MutexLock lock{mutex_};
  return published_;
}

void SoundReceiver::loop(const std::stop_token& stop) {
  if (const auto raised = raise_priority(Urgency::urgent); !raised) log_.info("{}", describe(raised.error()));
  while (!stop.stop_requested()) {
    wait();
    take_datagrams();
    feed();
    if (now() >= next_publish_) publish_stats();
  }
  output_.reset();  // by the thread that made it
}

Duration SoundReceiver::until_needed() { return output_ ? output_->queued() - kReserve : Duration::zero(); }

void SoundReceiver::wait() {
  const auto longest =
      output_ ? std::clamp<Duration>(until_needed(), kShortestWait, kLongestWait) : Duration{kIdleWait};
  const timespec timeout{.tv_sec = 0, .tv_nsec = longest.count()};
  pollfd waiter{queue_.fd(), POLLIN, 0};
  if (ppoll(&waiter, 1, &timeout, nullptr) == 1) queue_.drain();
}

void SoundReceiver::take_datagrams() {
  while (const auto arrived = queue_.front()) {
    take_keys();
    open(arrived->bytes, arrived->at);
    queue_.pop();
  }
}

// A new connection begins a new stream: its packets are numbered from anywhere.
void SoundReceiver::take_keys() {
  if (!keys_changed_.exchange(false, std::memory_order_acquire)) return;
  std::optional<lumen1::DirectionKeys> keys;
  {
    MutexLock lock{mutex_};
    keys = std::exchange(next_keys_, std::nullopt);
  }
  if (!keys) return;
  auto opener = lumen1::Opener::create(*keys);
  if (!opener) {
    log_.error("sound cannot be opened: {}", describe(opener.error()));
    opener_.reset();
    return;
  }
  opener_ = std::move(*opener);
  player_.emplace(lumen1::Kind::sound);
}

void SoundReceiver::open(MutableBytes datagram, Timestamp arrived) {
  ++stats_.datagrams;
  stats_.bytes += datagram.size();
  const auto opened = opener_ ? opener_->open(datagram) : std::nullopt;
  if (!opened || opened->header.kind != lumen1::Kind::sound) {
    ++stats_.not_authentic;
    return;
  }
  // As if it had been looked at when it came.
  player_->push(opened->body, until_needed() + (now() - arrived), arrived);
  change_output();
}

void SoundReceiver::change_output() {
  const auto format = player_->format();
  if (!format || (output_ && output_channels_ == format->channels)) return;
  output_channels_ = format->channels;
  output_.reset();
  if (params_.make_output) output_ = params_.make_output(output_channels_);
  if (!output_) output_ = audio::make_clock_output(output_channels_, time_);
}

void SoundReceiver::feed() {
  if (!player_ || !player_->format() || !output_) return;
  for (int i = 0; i < kMostAtOnce && output_->queued() < kReserve; ++i) {
    const auto samples = player_->next();
    if (params_.on_sound) params_.on_sound(samples, output_channels_);
    output_->play(samples);
  }
}

void SoundReceiver::publish_stats() {
  next_publish_ = now() + kPublishInterval;
  if (player_) stats_.player = player_->stats();
  stats_.latency = stats_.player.latency + kReserve;  // what comes is put behind that
  stats_.queued = output_ ? output_->queued() : Duration::zero();
  stats_.dropped_full = dropped_full_.load(std::memory_order_relaxed);
  MutexLock lock{mutex_};
  published_ = stats_;
}

}  // namespace lumen::stream
