#include "gamestream/media/video_reassembler.hpp"

#include <algorithm>
#include <utility>

#include "gamestream/media/bitstream.hpp"
#include "gamestream/media/frame_plan.hpp"

namespace lumen::gamestream {
namespace {

// Frames this far behind are not just late, and so many of their datagrams in a row are another stream.
constexpr std::int64_t kFarBehind = 256;
constexpr std::size_t kMaxStrangers = 64;

constexpr std::uint8_t kKnownFrameHeader = 1;

bool is_zero(std::byte byte) { return byte == std::byte{0}; }

}  // namespace

Result<VideoReassembler> VideoReassembler::create(const VideoReassemblerParams& params, ByteView key) {
  LUMEN_CHECK_OK(check_packet_size(params.packet_size));
  if (key.empty()) return VideoReassembler{params, std::nullopt};
  LUMEN_TRY(auto cipher, crypto::Aead::create(crypto::AeadAlgorithm::aes_128_gcm, key));
  return VideoReassembler{params, std::move(cipher)};
}

VideoReassembler::VideoReassembler(const VideoReassemblerParams& params, std::optional<crypto::Aead> cipher)
    : params_{params}, cipher_{std::move(cipher)}, memory_{params.memory_budget}, frames_(kWindow) {}

// From the next frame to be delivered.
std::int64_t VideoReassembler::distance(std::uint32_t frame) const {
  return static_cast<std::int32_t>(frame - static_cast<std::uint32_t>(next_));
}

// The plain shard. A frame number in clear text spares the decryption of what would be late anyway; it is not
// authentic, so nothing else follows from it.
std::optional<ByteView> VideoReassembler::open(MutableBytes datagram) {
  if (!cipher_) return datagram;
  const auto seal = parse_seal(datagram);
  if (!seal) {
    ++stats_.invalid;
    return std::nullopt;
  }
  const auto behind = -distance(seal->frame);
  if (seal->frame != 0 && behind > 0 && behind < kFarBehind) {
    ++stats_.late;
    return std::nullopt;
  }
  const auto text = datagram.subspan(kSealBytes);
  if (!cipher_->open(seal->nonce, {}, text, datagram.subspan(kSealTagOffset, crypto::kTagBytes))) {
    ++stats_.forged;
    return std::nullopt;
  }
  return text;
}

bool VideoReassembler::is_well_formed(const ParsedShard& shard, std::size_t coded_bytes) const {
  const auto& header = shard.header;
  const auto parity = parity_shards(header.data_shards, header.percent);
  return coded_bytes > kNvHeaderBytes && coded_bytes <= params_.packet_size && header.data_shards > 0 &&
         header.shard < header.data_shards + parity && header.block <= header.last_block &&
         (parity == 0 || header.data_shards + parity <= kMaxBlockShards);
}

void VideoReassembler::push(MutableBytes datagram, Timestamp now) {
  ++stats_.datagrams;
  const auto text = open(datagram);
  if (!text) return;
  const auto shard = parse_shard(*text);
  const auto coded = shard ? text->subspan(shard->header_bytes - kNvHeaderBytes) : ByteView{};
  std::uint64_t id = 0;
  if (!shard || !is_well_formed(*shard, coded.size()) || !admit(shard->header.frame, id)) {
    ++stats_.invalid;
    return;
  }
  if (id < next_) {
    ++(shard->header.shard < shard->header.data_shards ? stats_.late : stats_.surplus);
    return;
  }
  make_room(id);
  add(id, *shard, coded, now);
}

// Gives up what lies too far before a frame that has come.
void VideoReassembler::make_room(std::uint64_t id) {
  for (std::size_t i = 0; i < kWindow && id >= next_ + kWindow; ++i) lose_next();
  if (id < next_ + kWindow) return;
  const auto end = id - kWindow + 1;
  stats_.frames_lost += end - next_;
  next_ = end;  // none of these has begun
  loss_->last = {end - 1};
}

// Says which frame that is; false when there is no such frame.
bool VideoReassembler::admit(std::uint32_t frame, std::uint64_t& id) {
  const auto ahead = distance(frame);
  if (ahead < 0 && next_ <= static_cast<std::uint64_t>(-ahead)) return false;
  id = next_ + static_cast<std::uint64_t>(ahead);
  strangers_ = ahead <= -kFarBehind ? strangers_ + 1 : 0;
  if (strangers_ == kMaxStrangers) restart_at(id);
  return true;
}

void VideoReassembler::add(std::uint64_t id, const ParsedShard& shard, ByteView coded, Timestamp now) {
  auto& frame = assembly(id);
  const auto fate = frame.add(shard.header, coded, params_.packet_size, now, memory_, code_);
  count(fate);
  if (fate == ShardFate::disagreeing || fate == ShardFate::refused) return;
  for (auto before = next_; before < id; ++before) assembly(before).overtaken(now);
  if (fate != ShardFate::repaired) return;
  const auto& arrivals = frame.blocks()[shard.header.block].arrivals();
  stats_.shards_repaired += arrivals.data() - arrivals.received_data();
  report(id, shard.header.block);
}

void VideoReassembler::count(ShardFate fate) {
  switch (fate) {
    case ShardFate::stored:
    case ShardFate::completed:
    case ShardFate::repaired:
    case ShardFate::broken:
      break;
    case ShardFate::surplus:
      ++stats_.surplus;
      break;
    case ShardFate::duplicate:
      ++stats_.duplicate;
      break;
    case ShardFate::disagreeing:
      ++stats_.invalid;
      break;
    case ShardFate::refused:
      ++stats_.refused;
      break;
  }
}

void VideoReassembler::report(std::uint64_t id, std::uint8_t block) {
  const auto blocks = assembly(id).blocks();
  if (status_count_ == kMaxStatuses) {
    first_status_ = (first_status_ + 1) % kMaxStatuses;
    --status_count_;
  }
  statuses_[(first_status_ + status_count_++) % kMaxStatuses] = blocks[block].status(
      static_cast<std::uint32_t>(id), block, static_cast<std::uint8_t>(blocks.size() - 1));
}

std::optional<control::FrameFecStatus> VideoReassembler::take_status() {
  if (status_count_ == 0) return std::nullopt;
  --status_count_;
  return statuses_[std::exchange(first_status_, (first_status_ + 1) % kMaxStatuses)];
}

bool VideoReassembler::is_overdue(Timestamp now) const {
  const auto& frame = assembly(next_);
  const auto since = frame.short_since();
  return frame.is_broken() || (since && now >= *since + params_.reorder_wait);
}

bool VideoReassembler::pop(ReceivedFrame& frame, Timestamp now) {
  for (;;) {
    const auto& next = assembly(next_);
    if (next.is_whole()) {
      if (collect(frame)) {
        advance();
        return true;
      }
      lose_next();  // what it holds is no frame
    } else if (is_overdue(now)) {
      lose_next();
    } else {
      return false;
    }
  }
}

bool VideoReassembler::collect(ReceivedFrame& frame) {
  const auto& whole = assembly(next_);
  const auto first = whole.blocks().front().payload(0);
  const auto header = parse_frame_header(first);
  if (!header || first.front() != std::byte{kKnownFrameHeader}) return false;
  frame.bytes.clear();
  bool repaired = false;
  auto used = static_cast<std::size_t>(header->last_payload_bytes);
  std::size_t last_bytes = 0;
  for (const auto& block : whole.blocks()) {
    for (std::size_t i = 0; i < block.arrivals().data(); ++i) {
      auto payload = block.payload(i);
      if (payload.data() == first.data()) payload = payload.subspan(kFrameHeaderBytes);
      frame.bytes.insert(frame.bytes.end(), payload.begin(), payload.end());
      last_bytes = payload.size();
    }
    repaired = repaired || block.arrivals().received_data() < block.arrivals().data();
  }
  if (frame.bytes.size() == last_bytes) used -= std::min(used, kFrameHeaderBytes);  // a single shard
  if (!cut(used, last_bytes, frame.bytes)) return false;
  frame.frame = {next_};
  frame.type = seen_type(params_.format, frame.bytes, header->type);
  frame.long_term_reference = whole.blocks().back().is_long_term_reference();
  frame.time = whole.time();
  frame.host_latency = std::chrono::microseconds{100} * header->host_latency;
  frame.received = whole.first_received();
  frame.complete = whole.complete();
  ++stats_.frames;
  stats_.frames_repaired += repaired ? 1 : 0;
  return true;
}

// Takes the padding off. AV1 must not have any, so there the host has to be right; to the others zeros do not
// matter, and other hosts write anything into that field.
bool VideoReassembler::cut(std::size_t used, std::size_t last_bytes, std::vector<std::byte>& unit) const {
  const bool possible = used > 0 && used <= last_bytes;
  if (params_.format == VideoFormat::av1 && !possible) return false;
  if (!possible) return !unit.empty();
  const auto end = unit.end() - static_cast<std::ptrdiff_t>(last_bytes - used);
  if (params_.format == VideoFormat::av1 || std::all_of(end, unit.end(), is_zero))
    unit.erase(end, unit.end());
  return true;
}

void VideoReassembler::lose_next() {
  const auto& frame = assembly(next_);
  for (std::uint8_t i = 0; frame.is_begun() && i < frame.blocks().size(); ++i) {
    const auto& block = frame.blocks()[i];
    if (block.arrivals().is_known() && !block.is_whole()) report(next_, i);
  }
  const FrameId lost{next_};
  loss_ = LostFrames{loss_ ? loss_->first : lost, lost};
  ++stats_.frames_lost;
  advance();
}

void VideoReassembler::advance() {
  assembly(next_).reset(memory_);
  ++next_;
}

void VideoReassembler::restart_at(std::uint64_t id) {
  for (auto& frame : frames_) frame.reset(memory_);
  next_ = id;
  strangers_ = 0;
  loss_.reset();
  lose_next();  // parts of it were taken for late
}

std::optional<LostFrames> VideoReassembler::take_loss() { return std::exchange(loss_, std::nullopt); }

std::optional<Timestamp> VideoReassembler::next_deadline() const {
  const auto& frame = assembly(next_);
  if (frame.is_broken() || frame.is_whole()) return Timestamp{};
  const auto since = frame.short_since();
  return since ? std::optional{*since + params_.reorder_wait} : std::nullopt;
}

}  // namespace lumen::gamestream
