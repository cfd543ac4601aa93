#include "core/host_sender.hpp"

#include <algorithm>

namespace lumen::core {
namespace {

constexpr Duration kFirstRoundTrip = std::chrono::milliseconds{50};

}  // namespace

HostSender::HostSender(const HostSenderParams& params, const fec::Leopard& codec)
    : params_{params},
      packetizer_{codec, params.max_shard_bytes},
      parity_{params.parity},
      pacer_{params.rate, params.burst},
      round_trip_{kFirstRoundTrip},
      message_(lumen1::kMaxDatagramBytes) {}

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
}

void HostSender::report(const LossReport& loss, Duration round_trip, Timestamp now) {
  if (round_trip > Duration::zero()) round_trip_ = round_trip;
  parity_.report(now, loss);
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
  auto packed = packetizer_.pack(numbered, parity_);
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
  ++stats_.frames;
  stats_.data_shards += frame_.data_datagrams;
  stats_.parity_shards += frame_.datagrams - frame_.data_datagrams;
  return {};
}

std::optional<Train> HostSender::next_train(Timestamp now) {
  if (next_ == frame_.datagrams || !sealer_) return std::nullopt;
  const auto first = next_;
  const auto end = std::min(first + kTrainDatagrams, frame_.datagrams);
  const auto bytes =
      frame_.bytes.subspan(first * frame_.datagram_bytes, (end - first) * frame_.datagram_bytes);
  const auto due = pacer_.book(now, Bytes{bytes.size()});
  if (!packetizer_.seal(frame_, first, end, presented_, due, *sealer_)) return std::nullopt;
  next_ = end;
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
