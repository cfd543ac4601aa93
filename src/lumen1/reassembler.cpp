#include "lumen1/reassembler.hpp"

#include <algorithm>
#include <utility>

#include "lumen1/frame_assembly.hpp"

namespace lumen::lumen1 {
namespace {

using State = FrameAssembly::State;

void fill_times(AccessUnit& unit, const FrameHeader& header, const FrameAssembly& frame) {
  unit.host_capture = std::chrono::microseconds{header.capture_us};
  unit.host_encode = std::chrono::microseconds{header.encode_us};
  unit.host_send = std::max(Duration::zero(), frame.age() - unit.host_capture - unit.host_encode);
  unit.received = frame.received();
  unit.complete = frame.complete();
}

bool fill(AccessUnit& unit, const FrameAssembly& frame) {
  const auto header = decode_frame_header(frame.content());
  if (!header) return false;
  const auto bytes = frame.content().subspan(kFrameHeaderBytes);
  unit.id = FrameId{frame.id()};
  unit.codec = header->codec;
  unit.kind = header->kind;
  unit.width = header->width;
  unit.height = header->height;
  unit.bytes.assign(bytes.begin(), bytes.end());
  fill_times(unit, *header, frame);
  return true;
}

}  // namespace

Reassembler::Reassembler(const Params& params) : params_{params}, codec_{params.kernel}, frames_(kSlots) {}
Reassembler::~Reassembler() = default;

std::size_t Reassembler::memory_bytes() const {
  std::size_t bytes = 0;
  for (const auto& frame : frames_) bytes += frame.capacity_bytes();
  return bytes;
}

void Reassembler::reset() {
  for (auto& frame : frames_) frame.close(State::unused);
  started_ = settled_ = false;
  next_ = highest_ = 0;
  whole_ = 0;
  loss_.reset();
}

FrameAssembly& Reassembler::slot(std::uint64_t id) { return frames_[id % kSlots]; }

void Reassembler::push(ByteView body, Timestamp now) {
  const auto header = decode_shard_header(body);
  if (!header) {
    ++stats_.shards_invalid;
    return;
  }
  ++stats_.shards_received;
  auto* frame = frame_of(*header, now);
  if (frame == nullptr) {
    ++stats_.shards_late;
    return;
  }
  const bool was_whole = frame->state() == State::whole;
  const auto repaired = frame->repaired_shards();
  count(frame->add(*header, body.subspan(kShardHeaderBytes), now, codec_));
  stats_.shards_repaired += frame->repaired_shards() - repaired;
  if (!was_whole && frame->state() == State::whole) ++whole_;
}

void Reassembler::count(FrameAdded added) {
  switch (added) {
    case FrameAdded::duplicate:
      ++stats_.shards_duplicate;
      break;
    case FrameAdded::late:
      ++stats_.shards_late;
      break;
    case FrameAdded::invalid:
      ++stats_.shards_invalid;
      break;
    case FrameAdded::stored:
    case FrameAdded::surplus:
      break;
  }
}

// The number nearest to the newest seen whose low 32 bits are `wire`; nullopt: before the first of all.
std::optional<std::uint64_t> Reassembler::unwrap(std::uint32_t wire) const {
  if (!started_) return wire;
  const auto ahead = static_cast<std::int32_t>(wire - static_cast<std::uint32_t>(highest_));
  if (ahead >= 0) return highest_ + static_cast<std::uint32_t>(ahead);
  const auto behind = static_cast<std::uint64_t>(-std::int64_t{ahead});
  if (behind > highest_) return std::nullopt;
  return highest_ - behind;
}

FrameAssembly* Reassembler::frame_of(const ShardHeader& header, Timestamp now) {
  const auto id = unwrap(header.frame);
  if (!id) return nullptr;
  auto& frame = slot(*id);
  if (frame.state() != State::unused && frame.id() == *id) return &frame;
  if (!admit(*id)) return nullptr;
  frame.open(*id, header, now);
  return &frame;
}

// Moves the window so that the new frame `id` is in it; false when it is too late for that.
bool Reassembler::admit(std::uint64_t id) {
  if (!started_) {
    started_ = true;
    next_ = highest_ = id;
  }
  if (id < next_) {
    // Until the first delivery or loss nothing is decided about the frames before the first one seen.
    if (settled_ || highest_ - id >= kWindow) return false;
    next_ = id;
  }
  highest_ = std::max(highest_, id);
  if (id - next_ >= kWindow) give_up_incomplete_before(id - kWindow + 1);
  if (id - next_ >= kSlots) give_up_before(id - kSlots + 1);
  return true;
}

void Reassembler::give_up_incomplete_before(std::uint64_t end) {
  const auto ready = waiting();
  if (ready) end = std::min(end, ready->first);
  if (end > next_) give_up_before(end);
}

void Reassembler::give_up_before(std::uint64_t end) {
  for (auto& frame : frames_) {
    if (frame.id() >= end) continue;
    if (frame.state() == State::whole) --whole_;
    if (frame.state() == State::whole || frame.state() == State::open) frame.close(State::lost);
  }
  stats_.frames_lost += end - next_;
  loss_ = FrameLoss{loss_ ? loss_->first : FrameId{next_}, FrameId{end - 1}};
  next_ = end;
  settled_ = true;
}

std::optional<Reassembler::Waiting> Reassembler::waiting() const {
  if (whole_ == 0) return std::nullopt;
  std::optional<Waiting> found;
  for (const auto& frame : frames_) {
    if (frame.state() != State::whole) continue;
    if (!found) found = Waiting{frame.id(), frame.complete()};
    found->first = std::min(found->first, frame.id());
    found->since = std::min(found->since, frame.complete());
  }
  return found;
}

bool Reassembler::pop(AccessUnit& unit, Timestamp now) {
  while (const auto ready = waiting()) {
    if (ready->first != next_) {
      if (now < ready->since + params_.reorder_wait) return false;
      give_up_before(ready->first);
    }
    if (deliver(slot(next_), unit)) return true;
  }
  return false;
}

bool Reassembler::deliver(FrameAssembly& frame, AccessUnit& unit) {
  if (!fill(unit, frame)) {  // whole, but not a frame that we know: nobody can show it
    give_up_before(next_ + 1);
    return false;
  }
  frame.close(State::delivered);
  --whole_;
  ++next_;
  settled_ = true;
  ++stats_.frames_complete;
  if (frame.repaired_shards() > 0) ++stats_.frames_repaired;
  return true;
}

std::optional<FrameLoss> Reassembler::take_loss() { return std::exchange(loss_, std::nullopt); }

std::optional<Timestamp> Reassembler::next_deadline() const {
  const auto ready = waiting();
  if (!ready) return std::nullopt;
  return ready->first == next_ ? ready->since : ready->since + params_.reorder_wait;
}

}  // namespace lumen::lumen1
