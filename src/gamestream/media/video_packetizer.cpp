#include "gamestream/media/video_packetizer.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace lumen::gamestream {
namespace {

// The coded part of a shard: nothing before it depends on the code (section 6.5).
constexpr std::size_t kCodedOffset = kRtpBytes;

std::uint16_t to_tenths_of_ms(Duration latency) {
  constexpr std::int64_t kTenthNs = 100'000, kMost = 0xFFFF;
  return static_cast<std::uint16_t>(
      std::clamp((latency.count() + kTenthNs / 2) / kTenthNs, std::int64_t{0}, kMost));
}

crypto::Nonce video_nonce(std::uint64_t count) {
  crypto::Nonce nonce{};
  ByteWriter{nonce}.little(count);
  nonce.back() = std::byte{'V'};
  return nonce;
}

// Half of the range is never reached again from anywhere in the other half.
Result<std::uint64_t> random_nonce() {
  std::array<std::byte, 8> bytes{};
  LUMEN_CHECK_OK(crypto::fill_random(bytes));
  return ByteReader{bytes}.little<std::uint64_t>() >> 1U;
}

// The header of datagram `index` of the frame, which is shard `shard` of its block.
ShardHeader header_of(ShardHeader frame, const BlockPlan& block, std::size_t index, std::size_t shard) {
  frame.packet_number += static_cast<std::uint32_t>(index);
  frame.sequence = static_cast<std::uint16_t>(frame.packet_number);
  frame.data_shards = static_cast<std::uint16_t>(block.data);
  frame.shard = static_cast<std::uint16_t>(shard);
  frame.percent = block.percent;
  frame.flags = kPicture;
  if (shard == 0) frame.flags |= kBlockBegin;
  if (shard + 1 == block.data) frame.flags |= kBlockEnd;
  return frame;
}

}  // namespace

Result<VideoPacketizer> VideoPacketizer::create(const VideoPacketizerParams& params, ByteView key) {
  LUMEN_CHECK_OK(check_packet_size(params.plan.packet_size));
  if (key.empty()) return VideoPacketizer{params, std::nullopt, 0};
  LUMEN_TRY(auto cipher, crypto::Aead::create(crypto::AeadAlgorithm::aes_128_gcm, key));
  LUMEN_TRY(const auto anywhere, random_nonce());
  return VideoPacketizer{params, std::move(cipher), params.first_nonce.value_or(anywhere)};
}

VideoPacketizer::VideoPacketizer(const VideoPacketizerParams& params, std::optional<crypto::Aead> cipher,
                                 std::uint64_t first_nonce)
    : params_{params},
      cipher_{std::move(cipher)},
      shard_offset_{cipher_ ? kSealBytes : 0},
      nonce_{first_nonce},
      next_sequence_{params.first_sequence} {}

MutableBytes VideoPacketizer::shard(std::size_t index) {
  return MutableBytes{memory_}.subspan(index * datagram_bytes() + shard_offset_, shard_bytes());
}

Result<PackedVideo> VideoPacketizer::pack(const AccessUnitView& unit, const FrameMark& mark) {
  if (unit.bytes.empty()) return fail(ErrorCode::invalid_argument, "frame.empty", "the access unit is empty");
  const auto plan = plan_frame(params_.plan, unit.bytes.size());
  if (!plan) {
    return fail(ErrorCode::resource_exhausted, "frame.too-large",
                fmt::format("an access unit of {} bytes cannot be sent", unit.bytes.size()),
                "Lower the bit rate");
  }
  plan_ = *plan;
  datagrams_ = plan_.shards();
  taken_ = coded_blocks_ = coded_end_ = 0;
  if (const auto bytes = datagrams_ * datagram_bytes(); memory_.size() < bytes) memory_.resize(bytes);
  const FrameId frame{next_frame_++};
  header_ = {.sequence = 0,
             .time = mark.time,
             .packet_number = next_sequence_,
             .frame = static_cast<std::uint32_t>(frame.value),
             .long_term_reference = mark.long_term_reference,
             .last_block = static_cast<std::uint8_t>(plan_.blocks().size() - 1)};
  write_frame(unit, mark);
  next_sequence_ += static_cast<std::uint32_t>(datagrams_);
  return PackedVideo{.frame = frame, .datagrams = datagrams_, .data_datagrams = plan_.data_shards()};
}

void VideoPacketizer::write_frame(const AccessUnitView& unit, const FrameMark& mark) {
  std::size_t first = 0, chunk = 0;
  auto header = header_;
  for (const auto& block : plan_.blocks()) {
    for (std::size_t i = 0; i < block.data; ++i) {
      const auto out = shard(first + i);
      write_data_header(header_of(header, block, first + i, i), out);
      write_payload(unit, mark, chunk++, out.subspan(kShardHeaderBytes));
    }
    first += block.shards();
    ++header.block;
  }
}

void VideoPacketizer::write_payload(const AccessUnitView& unit, const FrameMark& mark, std::size_t chunk,
                                    MutableBytes out) {
  auto offset = chunk * out.size();
  if (chunk == 0) {
    const auto last = last_payload_bytes(unit.bytes.size(), payload_bytes());
    write_frame_header({.host_latency = to_tenths_of_ms(mark.host_latency),
                        .type = mark.type,
                        .last_payload_bytes = static_cast<std::uint16_t>(last)},
                       out);
    out = out.subspan(kFrameHeaderBytes);
  } else {
    offset -= kFrameHeaderBytes;
  }
  const auto part = unit.bytes.subspan(offset, std::min(out.size(), unit.bytes.size() - offset));
  std::memcpy(out.data(), part.data(), part.size());
  std::ranges::fill(out.subspan(part.size()), std::byte{0});
}

// Of the block that begins with datagram `first`.
void VideoPacketizer::add_parity(const BlockPlan& block, ShardHeader header, std::size_t first) {
  std::array<const std::byte*, kMaxBlockShards> data{};
  std::array<std::byte*, kMaxBlockShards> parity{};
  if (block.parity == 0) return;
  for (std::size_t i = 0; i < block.data; ++i) data[i] = shard(first + i).data() + kCodedOffset;
  for (std::size_t i = 0; i < block.parity; ++i)
    parity[i] = shard(first + block.data + i).data() + kCodedOffset;
  code_.encode(std::span{data}.first(block.data), std::span{parity}.first(block.parity),
               shard_bytes() - kCodedOffset);
  for (auto i = block.data; i < block.shards(); ++i)
    write_parity_header(header_of(header, block, first + i, i), shard(first + i));
}

bool VideoPacketizer::seal(std::size_t index) {
  const auto datagram = MutableBytes{memory_}.subspan(index * datagram_bytes(), datagram_bytes());
  const auto nonce = video_nonce(nonce_++);
  write_seal({.nonce = nonce, .frame = header_.frame}, datagram);
  return cipher_->seal(nonce, {}, datagram.subspan(kSealBytes),
                       datagram.subspan(kSealTagOffset, crypto::kTagBytes));
}

std::optional<DatagramTrain> VideoPacketizer::next_train() {
  const auto most = std::min(kMaxTrainDatagrams, kMaxTrainBytes / datagram_bytes());
  const auto count = std::min(most, datagrams_ - taken_);
  if (count == 0) return std::nullopt;
  const auto first = std::exchange(taken_, taken_ + count);
  while (coded_blocks_ < plan_.blocks().size()) {
    const auto& block = plan_.blocks()[coded_blocks_];
    // Parity is of the plain text, so it comes before the first datagram of its block is encrypted.
    if (taken_ <= coded_end_ + (cipher_ ? 0 : block.data)) break;
    auto header = header_;
    header.block = static_cast<std::uint8_t>(coded_blocks_++);
    add_parity(block, header, std::exchange(coded_end_, coded_end_ + block.shards()));
  }
  if (cipher_) {
    for (auto i = first; i < taken_; ++i) {
      if (!seal(i)) return std::nullopt;
    }
  }
  return DatagramTrain{.bytes = ByteView{memory_}.subspan(first * datagram_bytes(), count * datagram_bytes()),
                       .datagram_bytes = datagram_bytes(),
                       .datagrams = count};
}

}  // namespace lumen::gamestream
