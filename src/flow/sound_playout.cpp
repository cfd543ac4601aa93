#include "flow/sound_playout.hpp"

#include <algorithm>
#include <utility>

namespace lumen {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kLeastReserve = 2;  // packets
constexpr double kCatchUpSeconds = 2;     // what is amiss is made good within, as far as the rate may go

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

SoundPlayout::SoundPlayout(const Params& params)
    : params_{params}, bytes_(kPlaces * params.max_packet_bytes) {}

void SoundPlayout::restart() {
  places_ = {};
  spans_ = {};
  begun_ = false;
  filling_ = true;
  gap_ = settling_ = 0;
  rate_ = 1;
}

bool SoundPlayout::holds(std::uint64_t number) const {
  const auto& its = place(number);
  return its.number == number && (its.state == State::waiting || its.state == State::copy_waiting);
}

// The next one to be played is `number`, once enough is there.
void SoundPlayout::begin_filling(std::uint64_t number) {
  restart();
  begun_ = true;
  next_ = newest_ = number;
}

// NOLINTNEXTLINE(readability-function-size): what is known of a packet
void SoundPlayout::push(std::uint64_t number, ByteView packet, bool is_copy, Duration until_needed,
                        Timestamp now) {
  if (packet.empty() || packet.size() > params_.max_packet_bytes) return;
  if (!begun_ || number >= next_ + kPlaces) {
    if (is_copy) return;  // it begins with a datagram's own packet
    begin_filling(number);
  }
  if (number + kPlaces <= next_) return;  // its place has another by now
  if (filling_ && number < next_ && newest_ - number < kPlaces) next_ = number;
  auto& its = place(number);
  if (its.number == number && its.state != State::empty) {  // there already, or its time has passed
    if (its.state == State::concealed) {
      ++stats_.late;
      its.state = State::played;
    } else if (its.state == State::copy_waiting && !is_copy) {
      its.state = State::waiting;
    }
    if (!is_copy) note_lead(number, until_needed, now);
    return;
  }
  if (!is_copy) note_lead(number, until_needed, now);
  if (number < next_) return;
  its = {.number = number, .state = is_copy ? State::copy_waiting : State::waiting, .size = packet.size()};
  std::ranges::copy(
      packet, bytes_.begin() + static_cast<std::ptrdiff_t>(number % kPlaces * params_.max_packet_bytes));
  newest_ = std::max(newest_, number);
}

void SoundPlayout::note_lead(std::uint64_t number, Duration until_needed, Timestamp now) {
  if (filling_) return;
  const auto ahead = static_cast<std::int64_t>(number - next_);
  const auto lead = ahead * params_.packet + until_needed - shift_;
  newest_span_ = static_cast<std::uint64_t>(now.time_since_epoch() / kSpan);
  auto& span = spans_[newest_span_ % kSpans];
  if (span.index != newest_span_) span = {.index = newest_span_, .least = {}};
  span.least = span.least ? std::min(*span.least, lead) : lead;
}

std::optional<Duration> SoundPlayout::least_lead() const {
  std::optional<Duration> least;
  for (const auto& span : spans_) {
    if (!span.least || span.index + kSpans <= newest_span_) continue;
    least = least ? std::min(*least, *span.least) : *span.least;
  }
  return least ? std::optional{*least + shift_} : std::nullopt;
}

Duration SoundPlayout::wanted_lead() const {
  return static_cast<std::int64_t>(std::max(copies_ + 1, kLeastReserve)) * params_.packet;
}

Duration SoundPlayout::waiting() const {
  if (!begun_ || newest_ < next_) return {};
  return static_cast<std::int64_t>(newest_ - next_ + 1) * params_.packet;
}

bool SoundPlayout::is_filled() const { return begun_ && waiting() >= wanted_lead() + params_.packet; }

// What has piled up beyond what is wanted is old: nobody waits for it.
void SoundPlayout::begin_playing() {
  filling_ = false;
  while (waiting() > wanted_lead() + params_.packet) {
    place(next_).state = State::played;
    ++stats_.skipped;
    ++next_;
  }
}

SoundPlayout::Next SoundPlayout::take() {
  if (filling_ && is_filled()) begin_playing();
  if (filling_) {
    rate_ = 1;
    ++stats_.silent;
    return {};
  }
  adapt();
  while (settling_ > 0 && newest_ > next_ && !holds(next_)) {  // was made up for already
    place(next_) = {.number = next_, .state = State::concealed};
    --settling_;
    shift_ -= params_.packet;
    ++next_;
  }
  if (holds(next_)) return play();
  return newest_ > next_ ? conceal_lost() : conceal_gap();
}

SoundPlayout::Next SoundPlayout::play() {
  auto& its = place(next_);
  if (its.state == State::copy_waiting) ++stats_.copies_used;
  its.state = State::played;
  ++stats_.played;
  gap_ = settling_ = 0;
  const auto offset = static_cast<std::size_t>(next_ % kPlaces) * params_.max_packet_bytes;
  ++next_;
  return {What::packet, ByteView{bytes_}.subspan(offset, its.size)};
}

SoundPlayout::Next SoundPlayout::conceal_lost() {
  place(next_) = {.number = next_, .state = State::concealed};
  ++next_;
  ++stats_.concealed;
  return {What::conceal, {}};
}

// Nothing newer is there either: sound is late rather than lost, so it waits.
SoundPlayout::Next SoundPlayout::conceal_gap() {
  if (++gap_ > kMostGap) {
    restart();
    ++stats_.silent;
    return {};
  }
  ++settling_;
  shift_ += params_.packet;
  ++stats_.concealed;
  return {What::conceal, {}};
}

bool SoundPlayout::wants_skip() const {
  const auto least = least_lead();
  return !filling_ && least && *least > wanted_lead() + kMostExcess && holds(next_) && holds(next_ + 1);
}

void SoundPlayout::skipping() {
  ++stats_.skipped;
  shift_ -= params_.packet;
}

void SoundPlayout::adapt() {
  rate_ = 1;
  const auto least = least_lead();
  if (!least) return;
  const auto reserve = *least - wanted_lead();
  const auto slack = params_.packet / 2;
  if (reserve > slack) rate_ = 1 + std::min(seconds(reserve - slack) / kCatchUpSeconds, kMostRate);
  if (reserve < -slack) rate_ = 1 - std::min(seconds(-slack - reserve) / kCatchUpSeconds, kMostRate);
  shift_ -= std::chrono::duration_cast<Duration>(params_.packet * (rate_ - 1));
}

}  // namespace lumen
