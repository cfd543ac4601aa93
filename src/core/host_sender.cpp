#include "core/host_sender.hpp"

#include <algorithm>
#include <cmath>
#include <span>

namespace lumen::core {
namespace {

constexpr Duration kFirstRoundTrip = std::chrono::milliseconds{50};
constexpr Duration kTrainTime = std::chrono::microseconds{1500};
constexpr std::size_t kLeastTrain = 2;
constexpr Bytes kPacedBurst{12U << 10U};
constexpr double kToldChange = 0.02;  // of the bitrate; less is not worth a word
// Shards sent again: a quarter of what is sent, and some at once.
constexpr double kRepeatShare = 0.25, kRepeatBurst = 256;
constexpr double kRepeatGrowth = 1.25, kLeastRepeatKbps = 1'000;
constexpr Duration kQuickRoundTrip = std::chrono::milliseconds{60};  // shards sent again are in time
constexpr Duration kFullQueue = std::chrono::milliseconds{100};

}  // namespace

HostSender::HostSender(const HostSenderParams& params, const fec::Leopard& codec)
    : params_{params},
      packetizer_{codec, params.max_shard_bytes},
      parity_{params.parity},
      pacer_{params.rate, params.burst},
      rate_control_{params.rate_control},
      repeat_memory_(kTrainDatagrams * lumen1::kMaxDatagramBytes),
      round_trip_{kFirstRoundTrip},
      message_(lumen1::kMaxDatagramBytes) {
  repeats_.reserve(kMostRepeated);
}

Status HostSender::connect(const lumen1::DirectionKeys& keys, Timestamp now) {
  disconnect();
  LUMEN_TRY(sealer_, lumen1::Sealer::create(keys, params_.session));
  // It can start with an IDR only; asking through the merger keeps its own request from making another.
  const FrameId next{last_.value + 1};
  if (merger_.request(next, now, round_trip_)) idr_request_ = next;
  return {};
}

void HostSender::disconnect() {
  sealer_.reset();
  frame_ = {};
  next_ = 0;
  parity_ = ParityControl{params_.parity};
  merger_ = {};
  idr_request_.reset();
  round_trip_ = kFirstRoundTrip;
  history_.forget();
  repeats_.clear();
  next_repeat_ = 0;
  repeat_credit_ = kRepeatBurst;
  left_ = {};
  feedback_ = 0;
  rate_control_.reset();
  in_flight_ = {};
  apply_rate();
}

void HostSender::set_rate(BitsPerSecond rate) {
  params_.rate = rate;
  apply_rate();
}

void HostSender::set_bitrate_cap(std::uint32_t kbps) {
  rate_control_.set_cap(kbps);
  told_.reset();  // whoever made pictures before may be another now
}

void HostSender::set_round_trip(Duration round_trip, Timestamp now) {
  if (round_trip <= Duration::zero()) return;
  round_trip_ = round_trip;
  parity_.set_repeats(round_trip <= kQuickRoundTrip);
  rate_control_.set_round_trip(round_trip, now);
}

void HostSender::report(const lumen1::Feedback& feedback, Timestamp now) {
  // What a full queue drops says nothing of what the way loses, and parity would only fill it up.
  const bool full =
      feedback.has_delay() && feedback.queue_least_us > kFullQueue / std::chrono::microseconds{1};
  if (!full && !rate_control_.is_draining()) parity_.report(now, feedback.loss);
  if (static_cast<std::int32_t>(feedback.sequence - feedback_) <= 0) return;
  feedback_ = feedback.sequence;
  PathReport report{.clock_us = feedback.clock_us, .bytes = feedback.bytes, .loss = feedback.loss};
  if (feedback.has_delay()) report.least_queue = std::chrono::microseconds{feedback.queue_least_us};
  in_flight_.came(feedback.newest_packet);
  report.in_flight = in_flight_.bytes();
  rate_control_.report(report, now);
  apply_rate();
}

// Paced by what the path is known to carry, if that is less than it was said to.
void HostSender::apply_rate() {
  const auto pace = rate_control_.decision().pace;
  const bool slower = pace && (params_.rate.value == 0 || *pace < params_.rate);
  pacer_.set_rate(slower ? *pace : params_.rate);
  pacer_.set_burst(slower ? std::min(kPacedBurst, params_.burst) : params_.burst);
}

std::optional<RateDecision> HostSender::take_bitrate() {
  const auto decision = rate_control_.decision();
  if (decision.bitrate_kbps == 0) return std::nullopt;
  if (told_) {
    const double told = told_->bitrate_kbps, wanted = decision.bitrate_kbps;
    if (std::abs(wanted - told) <= kToldChange * told) return std::nullopt;
  }
  told_ = decision;
  return decision;
}

// Bits a second of which shards sent again may take their share: of what is sent, not of what could be.
double HostSender::repeat_rate() const {
  const auto sent = std::max(kRepeatGrowth * rate_control_.sent_kbps(), kLeastRepeatKbps) * 1000;
  const auto paced = static_cast<double>(pacer_.rate().value);
  return paced > 0 ? std::min(paced, sent) : sent;
}

void HostSender::ask(const lumen1::AskShards& ask, Timestamp now) {
  const auto frame = unwrap_sent(ask.frame, last_);
  if (!sealer_ || !frame || (*frame == last_ && next_ != frame_.datagrams)) return;
  if (!history_.take_attempt(*frame, ask.attempt)) return;
  const auto data_shards = history_.data_shards(*frame);
  const auto elapsed = std::chrono::duration<double>(std::max(Duration::zero(), now - credited_)).count();
  credited_ = now;
  const auto per_second =
      repeat_rate() * kRepeatShare / 8 / static_cast<double>(history_.datagram_bytes(*frame));
  repeat_credit_ = std::min(repeat_credit_ + elapsed * per_second, kRepeatBurst);
  const auto repeat = [&](std::size_t first, std::size_t last) {
    for (auto shard = first; shard <= last && shard < data_shards; ++shard) {
      ++stats_.shards_asked;
      if (repeat_credit_ < 1 || repeats_.size() == kMostRepeated) continue;
      repeat_credit_ -= 1;
      repeats_.push_back({*frame, static_cast<std::uint16_t>(shard)});
    }
  };
  if (ask.count == 0) repeat(0, data_shards - 1);
  for (const auto& range : std::span{ask.ranges}.first(ask.count)) repeat(range.first, range.last);
}

// Shards of one frame: they are equal in size.
std::optional<Train> HostSender::next_repeats(Timestamp now) {
  while (next_repeat_ < repeats_.size()) {
    const auto frame = repeats_[next_repeat_].frame;
    auto end = next_repeat_;
    while (end < repeats_.size() && repeats_[end].frame == frame) ++end;
    if (history_.data_shards(frame) == 0) {
      next_repeat_ = end;
      continue;
    }
    const auto each = history_.datagram_bytes(frame);
    const auto count = std::min(end - next_repeat_, train_datagrams(each));
    const auto bytes = MutableBytes{repeat_memory_}.first(count * each);
    const auto due = pacer_.book(now, Bytes{bytes.size()});
    for (std::size_t i = 0; i < count; ++i) {
      const auto datagram = bytes.subspan(i * each, each);
      history_.write(frame, repeats_[next_repeat_ + i].shard, due, datagram);
      if (!sealer_->seal(lumen1::Kind::video, datagram)) return std::nullopt;
    }
    next_repeat_ += count;
    stats_.shards_repeated += count;
    stats_.datagrams += count;
    stats_.bytes += bytes.size();
    rate_control_.sent_again(Bytes{bytes.size()});
    in_flight_.sent(sealer_->next_number() - 1, Bytes{bytes.size()});
    return Train{bytes, each, count, due};
  }
  repeats_.clear();
  next_repeat_ = 0;
  return std::nullopt;
}

// What goes at once: about kTrainTime of the path, so that pacing is more than a name.
std::size_t HostSender::train_datagrams(std::size_t datagram_bytes) const {
  const auto rate = pacer_.rate().value;
  if (rate == 0) return kTrainDatagrams;
  const auto bytes = static_cast<std::uint64_t>(static_cast<double>(rate) / 8 *
                                                std::chrono::duration<double>(kTrainTime).count());
  return std::clamp<std::size_t>(bytes / datagram_bytes, kLeastTrain, kTrainDatagrams);
}

void HostSender::broken(FrameId frame, Timestamp now) {
  ++stats_.recovery_asked;
  if (merger_.request(frame, now, round_trip_)) idr_request_ = frame;
}

std::optional<FrameId> HostSender::take_idr_request() { return std::exchange(idr_request_, std::nullopt); }

Status HostSender::push(const AccessUnitView& unit, Timestamp now) {
  if (!sealer_) return fail(ErrorCode::unavailable, "session.no-client", "there is no client");
  stats_.abandoned_datagrams += frame_.datagrams - next_;
  frame_ = {};
  next_ = 0;
  auto numbered = unit;
  numbered.id = FrameId{last_.value + 1};
  auto packed = packetizer_.pack(numbered, parity_for(unit.bytes.size()));
  if (!packed) {
    idr_request_ = numbered.id;
    return tl::unexpected{std::move(packed).error()};
  }
  frame_ = *packed;
  last_ = numbered.id;
  presented_ = unit.times.presented;
  if (unit.kind == PictureKind::idr) {
    merger_.idr_made(last_, now);
    ++stats_.idr;
  }
  history_.keep(numbered, frame_.header);
  rate_control_.sent(Bytes{unit.bytes.size()}, Bytes{frame_.bytes.size()}, now);
  apply_rate();
  ++stats_.frames;
  stats_.data_shards += frame_.data_datagrams;
  stats_.parity_shards += frame_.datagrams - frame_.data_datagrams;
  return {};
}

// On a path that is too narrow for the picture, parity is no more than the data; where nothing less can be
// sent, or a queue is being emptied, half of it.
std::size_t HostSender::parity_for(std::size_t unit_bytes) const {
  const auto data_shards = packetizer_.data_shards_for(unit_bytes);
  const auto parity = parity_.parity_for(data_shards);
  if (!rate_control_.limit_kbps()) return parity;
  const bool tight = rate_control_.is_draining() || rate_control_.is_at_floor();
  return std::min(parity, tight ? data_shards / 2 : std::max<std::size_t>(data_shards, 2));
}

std::optional<Train> HostSender::next_train(Timestamp now) {
  if (!sealer_) return std::nullopt;
  if (auto train = next_repeats(now)) return train;
  if (next_ == frame_.datagrams) {
    if (frame_.datagrams > 0) left_ = last_;
    return std::nullopt;
  }
  const auto first = next_;
  const auto end = std::min(first + train_datagrams(frame_.datagram_bytes), frame_.datagrams);
  const auto bytes =
      frame_.bytes.subspan(first * frame_.datagram_bytes, (end - first) * frame_.datagram_bytes);
  const auto due = pacer_.book(now, Bytes{bytes.size()});
  if (!packetizer_.seal(frame_, first, end, presented_, due, *sealer_)) return std::nullopt;
  next_ = end;
  in_flight_.sent(sealer_->next_number() - 1, Bytes{bytes.size()});
  stats_.datagrams += end - first;
  stats_.bytes += bytes.size();
  return Train{bytes, frame_.datagram_bytes, end - first, due};
}

std::optional<ByteView> HostSender::seal_message(ByteView body) {
  const auto total = lumen1::kClearHeaderBytes + body.size() + lumen1::kTagBytes;
  if (!sealer_ || total > message_.size()) return std::nullopt;
  const auto datagram = MutableBytes{message_}.first(total);
  std::ranges::copy(body, datagram.begin() + lumen1::kClearHeaderBytes);
  if (!sealer_->seal(lumen1::Kind::host_message, datagram)) return std::nullopt;
  return datagram;
}

HostSenderStats HostSender::stats() const {
  auto stats = stats_;
  stats.recovery_merged = merger_.merged_count();
  stats.assumed_loss = parity_.assumed_loss();
  stats.assumed_burst = parity_.assumed_burst();
  const auto rate = rate_control_.decision();
  stats.bitrate_kbps = rate.bitrate_kbps;
  stats.rate_reason = rate.reason;
  stats.capacity_kbps = static_cast<std::uint32_t>(rate_control_.capacity_kbps());
  stats.queue = rate_control_.queue();
  stats.key_epoch = sealer_ ? sealer_->epoch() : 0;
  return stats;
}

std::optional<FrameId> unwrap_sent(std::uint32_t frame, FrameId last) {
  constexpr std::uint32_t kMeant = 1U << 30U;
  const auto behind = static_cast<std::uint32_t>(last.value) - frame;
  if (behind >= last.value || behind > kMeant) return std::nullopt;  // frames count from 1
  return FrameId{last.value - behind};
}

}  // namespace lumen::core
