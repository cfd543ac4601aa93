#include "lumen1/packetizer.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "media/mode.hpp"

namespace lumen::lumen1 {
namespace {

constexpr std::size_t kMinShardBytes = 64;  // so that the frame header is always in the first shard
constexpr std::size_t kShardOffset = kClearHeaderBytes + kShardHeaderBytes;

constexpr std::size_t divide_up(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

// Zero when either end was not reached.
std::uint32_t elapsed_us(Timestamp from, Timestamp to) {
  if (from == Timestamp{} || to <= from) return 0;
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(to - from).count();
  return static_cast<std::uint32_t>(std::min<std::int64_t>(us, std::numeric_limits<std::uint32_t>::max()));
}

std::optional<fec::LeopardField> code_for(const fec::Leopard& codec, std::size_t data_shards,
                                          std::size_t parity_shards, std::size_t shard_bytes) {
  const auto field = fec::leopard_field(data_shards, parity_shards);
  if (!field || !codec.is_possible(*field, data_shards, parity_shards, shard_bytes)) return std::nullopt;
  return field;
}

// Up to `parity_shards`, as many as there is a code for. What the points of a code hold depends on the next
// power of two of m alone, so the powers of two below are all that need be tried.
std::size_t fitting_parity(const fec::Leopard& codec, std::size_t data_shards, std::size_t parity_shards,
                           std::size_t shard_bytes) {
  auto m = std::min(parity_shards, kMaxFrameShards - data_shards);
  while (m > 0 && !code_for(codec, data_shards, m, shard_bytes)) m = std::bit_ceil(m) / 2;
  return m;
}

Status check(const AccessUnitView& unit) {
  if (unit.bytes.empty()) return fail(ErrorCode::invalid_argument, "frame.empty", "the access unit is empty");
  if (unit.width < 1 || unit.height < 1 || unit.width > kMaxModeSize || unit.height > kMaxModeSize) {
    return fail(ErrorCode::invalid_argument, "frame.size",
                fmt::format("a picture of {}x{} cannot be sent", unit.width, unit.height));
  }
  if (unit.codec != Codec::h264) {
    return fail(ErrorCode::unsupported, "frame.codec",
                fmt::format("lumen/1 has no number for {}", to_string(unit.codec)), "Encode H.264");
  }
  return {};
}

tl::unexpected<Error> too_large(std::size_t bytes) {
  return fail(ErrorCode::resource_exhausted, "frame.too-large",
              fmt::format("an access unit of {} bytes cannot be sent", bytes), "Lower the bit rate");
}

FrameHeader frame_header_of(const AccessUnitView& unit) {
  return {.codec = unit.codec,
          .kind = unit.kind,
          .width = static_cast<std::uint16_t>(unit.width),
          .height = static_cast<std::uint16_t>(unit.height),
          .capture_us = elapsed_us(unit.times.presented, unit.times.captured),
          .encode_us = elapsed_us(unit.times.captured, unit.times.encode_end)};
}

// Writes shard `index` of the frame: frame header, access unit, zeros.
void copy_shard(const AccessUnitView& unit, std::size_t index, MutableBytes out) {
  auto offset = index * out.size();
  if (index == 0) {
    encode(frame_header_of(unit), out.first(kFrameHeaderBytes));
    out = out.subspan(kFrameHeaderBytes);
  } else {
    offset -= kFrameHeaderBytes;
  }
  const auto part = unit.bytes.subspan(offset, std::min(out.size(), unit.bytes.size() - offset));
  std::memcpy(out.data(), part.data(), part.size());  // see FrameAssembly::store()
  std::ranges::fill(out.subspan(part.size()), std::byte{0});
}

}  // namespace

std::size_t datagram_bytes_of(const ShardHeader& header) {
  return kShardOffset + header.shard_bytes + kTagBytes;
}

void write_data_shard(const AccessUnitView& unit, const ShardHeader& header, MutableBytes datagram) {
  encode(header, datagram.subspan(kClearHeaderBytes, kShardHeaderBytes));
  copy_shard(unit, header.shard, datagram.subspan(kShardOffset, header.shard_bytes));
}

void stamp(MutableBytes datagram, Timestamp presented, Timestamp sent) {
  encode_times(elapsed_us(presented, sent), wire_clock_us(sent),
               datagram.subspan(kClearHeaderBytes, kShardHeaderBytes));
}

VideoPacketizer::VideoPacketizer(const fec::Leopard& codec, std::size_t max_shard_bytes)
    : codec_{codec},
      max_shard_bytes_{std::clamp(max_shard_bytes, kMinShardBytes, kMaxShardBytes) / kShardAlignment *
                       kShardAlignment} {}

std::size_t VideoPacketizer::data_shards_for(std::size_t unit_bytes) const {
  return divide_up(kFrameHeaderBytes + unit_bytes, max_shard_bytes_);
}

Result<PackedFrame> VideoPacketizer::pack(const AccessUnitView& unit, std::size_t parity_shards) {
  LUMEN_CHECK_OK(check(unit));
  LUMEN_TRY(const auto header, plan(unit, parity_shards));
  const auto frame = make_room(header);
  write(unit, header, frame);
  if (header.code && !codec_.encode(*header.code, data_, parity_, header.shard_bytes, work_)) {
    return fail(ErrorCode::internal, "frame.parity", "the parity of a frame cannot be computed");
  }
  return frame;
}

// What all shards of the frame share.
Result<ShardHeader> VideoPacketizer::plan(const AccessUnitView& unit, std::size_t parity_shards) const {
  if (unit.bytes.size() > kMaxFrameBytes - kFrameHeaderBytes) return too_large(unit.bytes.size());
  const auto data_shards = data_shards_for(unit.bytes.size());
  if (data_shards > kMaxFrameShards) return too_large(unit.bytes.size());
  const auto frame_bytes = kFrameHeaderBytes + unit.bytes.size();
  const auto shard_bytes = divide_up(divide_up(frame_bytes, data_shards), kShardAlignment) * kShardAlignment;
  ShardHeader header;
  header.frame = static_cast<std::uint32_t>(unit.id.value);
  header.frame_bytes = static_cast<std::uint32_t>(frame_bytes);
  header.shard_bytes = static_cast<std::uint16_t>(shard_bytes);
  // Rounding up may have made the last shards superfluous.
  const auto k = data_shards_of(header);
  const auto m = fitting_parity(codec_, k, parity_shards, shard_bytes);
  header.parity_shards = static_cast<std::uint16_t>(m);
  if (m > 0) header.code = code_for(codec_, k, m, shard_bytes);
  return header;
}

PackedFrame VideoPacketizer::make_room(const ShardHeader& header) {
  PackedFrame frame;
  frame.header = header;
  frame.datagram_bytes = datagram_bytes_of(header);
  frame.data_datagrams = data_shards_of(header);
  frame.datagrams = frame.data_datagrams + header.parity_shards;
  const auto bytes = frame.datagrams * frame.datagram_bytes;
  if (memory_.size() < bytes) memory_.resize(bytes);
  const auto work_bytes = fec::Leopard::work_bytes(frame.data_datagrams, header.parity_shards);
  if (header.code && work_.size() < work_bytes) work_.resize(work_bytes);
  frame.bytes = MutableBytes{memory_}.first(bytes);
  return frame;
}

void VideoPacketizer::write(const AccessUnitView& unit, ShardHeader header, const PackedFrame& frame) {
  data_.clear();
  parity_.clear();
  for (std::size_t i = 0; i < frame.datagrams; ++i) {
    header.shard = static_cast<std::uint16_t>(i);
    const auto datagram = frame.datagram(i);
    auto* const shard = datagram.subspan(kShardOffset).data();
    if (i < frame.data_datagrams) {
      write_data_shard(unit, header, datagram);
      data_.push_back(shard);
    } else {
      encode(header, datagram.subspan(kClearHeaderBytes, kShardHeaderBytes));
      parity_.push_back(shard);
    }
  }
}

bool VideoPacketizer::seal(const PackedFrame& frame, std::size_t first, std::size_t end, Timestamp presented,
                           Timestamp now, Sealer& sealer) {
  for (auto i = first; i < end; ++i) {
    const auto datagram = frame.datagram(i);
    stamp(datagram, presented, now);
    if (!sealer.seal(Kind::video, datagram)) return false;
  }
  return true;
}

}  // namespace lumen::lumen1
