#include "lumen1/reassembler.hpp"

#include <algorithm>
#include <utility>

namespace lumen::lumen1 {
namespace {

using State = FrameAssembly::State;

constexpr std::size_t kMaxSpare = 4;           // more frames than this are seldom on their way
constexpr std::size_t kKeepBytes = 1U << 20U;  // memory up to here is kept whatever comes
constexpr std::size_t kKeepFactor = 8;         // more than that is kept while at least an eighth is used

bool fits(std::size_t capacity, std::size_t needed) {
  return capacity >= needed && (capacity <= kKeepBytes || capacity / kKeepFactor <= needed);
}

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
  unit.id = FrameId{frame.id()};
  unit.codec = header->codec;
  unit.kind = header->kind;
  unit.width = header->width;
  unit.height = header->height;
  fill_times(unit, *header, frame);
  return true;
}

}  // namespace

Reassembler::Reassembler(const fec::Leopard& codec, const Params& params)
    : codec_{codec}, params_{params}, frames_(kSlots) {
  spare_.reserve(kMaxSpare);
}
Reassembler::~Reassembler() = default;

std::size_t Reassembler::memory_bytes() const {
  auto bytes = memory_ + mending_.capacity_bytes();
  for (const auto& frame : frames_) bytes += frame.capacity_bytes();
  return bytes;
}

void Reassembler::reset() {
  keep_memory(std::exchange(lent_, {}));
  for (auto& frame : frames_) close(frame, State::unused);
  started_ = settled_ = false;
  next_ = highest_ = marked_end_ = 0;
  broken_ = false;
  late_ = {};
  waiting_.reset();
  loss_.reset();
}

// The memory used last is taken first: it is in the cache. What does not fit goes, so that the spare ones
// follow the size of the frames. nullopt: beyond the budget.
std::optional<FrameMemory> Reassembler::take_memory(std::size_t bytes) {
  while (!spare_.empty()) {
    auto memory = std::move(spare_.back());
    spare_.pop_back();
    if (fits(memory.capacity, bytes)) return memory;
    memory_ -= memory.capacity;
  }
  if (bytes > params_.memory_budget || memory_ > params_.memory_budget - bytes) return std::nullopt;
  FrameMemory memory{std::make_unique_for_overwrite<std::byte[]>(bytes), bytes};
  memory_ += bytes;  // now that there is so much
  return memory;
}

void Reassembler::keep_memory(FrameMemory memory) {
  if (memory.capacity == 0) return;
  if (spare_.size() < kMaxSpare)
    spare_.push_back(std::move(memory));
  else
    memory_ -= memory.capacity;
}

FrameAssembly& Reassembler::slot(std::uint64_t id) { return frames_[id % kSlots]; }

std::optional<ShardHeader> Reassembler::push(ByteView body, Timestamp now) {
  keep_memory(std::exchange(lent_, {}));
  const auto header = decode_shard_header(body);
  if (!header) {
    ++stats_.shards_invalid;
    return header;
  }
  ++stats_.shards_received;
  auto* frame = frame_of(*header, now);
  if (frame == nullptr) return header;
  const bool was_whole = frame->state() == State::whole;
  const auto repaired = frame->repaired_shards();
  count(frame->add(*header, body.subspan(kShardHeaderBytes), now, codec_, mending_));
  stats_.shards_repaired += frame->repaired_shards() - repaired;
  if (!was_whole && frame->state() == State::whole) find_waiting();
  return header;
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

// nullptr: late or refused, and counted.
FrameAssembly* Reassembler::frame_of(const ShardHeader& header, Timestamp now) {
  const auto id = unwrap(header.frame);
  if (id) {
    auto& frame = slot(*id);
    if (frame.state() != State::unused && frame.id() == *id) return &frame;
  }
  if (!id || !admit(*id, now)) {
    ++stats_.shards_late;
    return nullptr;
  }
  auto memory = take_memory(FrameAssembly::memory_for(header));
  if (!memory) {
    ++stats_.shards_refused;
    return nullptr;
  }
  try {
    slot(*id).open(*id, header, std::move(*memory), codec_, now);
    typical_shards_ = data_shards_of(header);
  } catch (...) {
    memory_ -= memory->capacity;
    throw;
  }
  return &slot(*id);
}

// Moves the window so that the new frame `id` is in it; false when it is too late for that.
bool Reassembler::admit(std::uint64_t id, Timestamp now) {
  if (!started_) {
    started_ = true;
    next_ = highest_ = id;
  }
  if (id < next_) {
    // Until the first delivery or loss nothing is decided about the frames before the first one seen.
    if (settled_ || highest_ - id >= kWindow) return false;
    next_ = id;
  }
  if (id > highest_) {
    note_late(highest_, id, now);
    highest_ = id;
  }
  if (id - next_ >= kWindow) give_up_incomplete_before(id - kWindow + 1);
  if (id - next_ >= kSlots) give_up_before(id - kSlots + 1);
  return true;
}

void Reassembler::give_up_incomplete_before(std::uint64_t end) {
  if (waiting_) end = std::min(end, waiting_->first);
  if (end > next_) give_up_before(end);
}

void Reassembler::give_up_before(std::uint64_t end) {
  for (auto& frame : frames_) {
    if (frame.id() >= end) continue;
    if (frame.state() == State::whole || frame.state() == State::open) close(frame, State::lost);
  }
  stats_.frames_lost += end - next_;
  loss_ = FrameLoss{loss_ ? loss_->first : FrameId{next_}, FrameId{end - 1}};
  next_ = end;
  settled_ = true;
  find_waiting();
}

void Reassembler::find_waiting() {
  waiting_.reset();
  for (const auto& frame : frames_) {
    if (frame.state() != State::whole) continue;
    if (!waiting_) waiting_ = Waiting{frame.id(), frame.complete()};
    waiting_->first = std::min(waiting_->first, frame.id());
    waiting_->since = std::min(waiting_->since, frame.complete());
  }
}

bool Reassembler::pop(AccessUnit& unit, Timestamp now) {
  const auto bytes = pop_view(unit, now);
  if (bytes) unit.bytes.assign(bytes->begin(), bytes->end());
  return bytes.has_value();
}

std::optional<ByteView> Reassembler::pop_view(AccessUnit& unit, Timestamp now) {
  keep_memory(std::exchange(lent_, {}));
  for (;;) {
    if (const auto idr = broken_ ? whole_idr() : std::nullopt; idr && *idr > next_) give_up_before(*idr);
    if (waiting_ && waiting_->first == next_) {
      if (const auto bytes = deliver(slot(next_), unit)) return bytes;
      continue;
    }
    const auto deadline = gap_deadline();
    if (!deadline || now < *deadline) return std::nullopt;
    give_up_before(waiting_ ? waiting_->first : marked_end_);
  }
}

std::optional<ByteView> Reassembler::deliver(FrameAssembly& frame, AccessUnit& unit) {
  if (!fill(unit, frame)) {  // whole, but not a frame that we know: nobody can show it
    give_up_before(next_ + 1);
    return std::nullopt;
  }
  const auto bytes = frame.content().subspan(kFrameHeaderBytes);
  if (const auto* was_late = late(frame.id()); was_late != nullptr && was_late->attempts > 0) {
    ++stats_.frames_rescued;
  }
  lent_ = frame.close(State::delivered);
  ++next_;
  settled_ = true;
  find_waiting();
  ++stats_.frames_complete;
  if (frame.repaired_shards() > 0) ++stats_.frames_repaired;
  return bytes;
}

std::optional<FrameLoss> Reassembler::take_loss() { return std::exchange(loss_, std::nullopt); }

std::optional<Timestamp> Reassembler::next_deadline() const {
  if (waiting_ && waiting_->first == next_) return waiting_->since;
  auto deadline = gap_deadline();
  const auto missing = gap();
  if (!missing || !missing->can_be_repeated) return deadline;
  for (const auto& frame : late_) {
    if (is_wanted(frame, *missing))
      deadline = deadline ? std::min(*deadline, frame.next_ask) : frame.next_ask;
  }
  return deadline;
}

// --- shards that are asked for again

bool Reassembler::is_whole(std::uint64_t id) const {
  const auto& frame = frames_[id % kSlots];
  return id < next_ || (frame.id() == id && frame.state() == State::whole);
}

bool Reassembler::is_open(std::uint64_t id) const {
  const auto& frame = frames_[id % kSlots];
  return frame.id() == id && frame.state() == State::open;
}

const Reassembler::Late* Reassembler::late(std::uint64_t id) const {
  const auto& frame = late_[id % kSlots];
  return frame.known && frame.id == id ? &frame : nullptr;
}

bool Reassembler::is_wanted(const Late& frame, const Gap& gap) const {
  return frame.known && frame.id >= next_ && frame.id < gap.end && !is_whole(frame.id) &&
         is_worth_asking(frame.id);
}

void Reassembler::note_late(std::uint64_t first, std::uint64_t end, Timestamp now) {
  first = std::max(first, next_);
  end = std::min(end, next_ + kSlots);
  for (auto id = first; id < end; ++id) {
    if (is_whole(id) || late(id) != nullptr) continue;
    late_[id % kSlots] = {.known = true, .id = id, .since = now, .next_ask = now + kAskWait};
  }
}

void Reassembler::mark(std::uint32_t frame, Timestamp now) {
  const auto id = unwrap(frame);
  if (!id) return;
  if (!started_) {
    started_ = true;
    next_ = highest_ = *id;
  }
  marked_end_ = std::max(marked_end_, *id + 1);
  note_late(next_, *id + 1, now);
}

std::optional<Reassembler::Gap> Reassembler::gap() const {
  const auto end = waiting_ ? waiting_->first : known_end();
  if (!started_ || end <= next_) return std::nullopt;
  const auto frames = end - next_;
  bool can_be_repeated = repeats_.patience > Duration::zero() && frames <= kMostRepeatedFrames;
  std::size_t shards = 0;
  for (auto id = next_; can_be_repeated && id < end; ++id) {
    const auto& frame = frames_[id % kSlots];
    shards += is_open(id) ? frame.needed_shards() : typical_shards_;
    can_be_repeated = shards <= kMostRepeatedShards &&
                      (!is_open(id) || frame.geometry().frame_bytes <= kMaxRepeatedFrameBytes);
  }
  return Gap{end, can_be_repeated};
}

// When the gap is given up. Without a whole frame behind it, it is one only when it is known to have left.
std::optional<Timestamp> Reassembler::gap_deadline() const {
  const auto missing = gap();
  if (!missing || (!waiting_ && marked_end_ <= next_)) return std::nullopt;
  const auto* first = late(next_);
  const auto known = waiting_ ? waiting_->since : first != nullptr ? first->since : Timestamp{};
  const auto soon = known + params_.reorder_wait;
  if (!missing->can_be_repeated || first == nullptr) return soon;
  return std::max(soon, first->since + repeats_.patience);
}

std::optional<std::uint64_t> Reassembler::whole_idr() const {
  std::optional<std::uint64_t> first;
  for (const auto& frame : frames_) {
    if (frame.state() != State::whole || (first && *first < frame.id())) continue;
    const auto header = decode_frame_header(frame.content());
    if (header && header->kind == PictureKind::idr) first = frame.id();
  }
  return first;
}

std::optional<AskShards> Reassembler::next_ask(Timestamp now) {
  const auto missing = gap();
  if (!missing || !missing->can_be_repeated) return std::nullopt;
  const auto end = std::min<std::uint64_t>(missing->end, next_ + kSlots);
  for (auto id = next_; id < end; ++id) {
    auto& frame = late_[id % kSlots];
    if (frame.id != id || !is_wanted(frame, *missing) || now < frame.next_ask) continue;
    if (frame.attempts == 0) ++stats_.frames_asked;
    frame.next_ask = now + kInsist;
    if (now >= frame.next_attempt) {
      ++stats_.asks;
      frame.attempts = static_cast<std::uint8_t>(std::min(frame.attempts + 1, 255));
      frame.next_attempt = now + repeats_.interval;
    }
    return ask_for(frame);
  }
  return std::nullopt;
}

// While nothing but an IDR can be decoded, a frame that is known to be none is of no use.
bool Reassembler::is_worth_asking(std::uint64_t id) const {
  if (!broken_ || !is_open(id)) return true;
  const auto begin = frames_[id % kSlots].first_shard();
  if (begin.empty()) return true;
  const auto header = decode_frame_header(begin);
  return header && header->kind == PictureKind::idr;
}

AskShards Reassembler::ask_for(const Late& frame) const {
  AskShards ask{.frame = static_cast<std::uint32_t>(frame.id), .attempt = frame.attempts};
  if (!is_open(frame.id)) return ask;
  const auto& assembly = frames_[frame.id % kSlots];
  const auto data_shards = data_shards_of(assembly.geometry());
  for (std::size_t shard = 0; shard < data_shards; ++shard) {
    if (assembly.has_shard(shard)) continue;
    const auto index = static_cast<std::uint16_t>(shard);
    if (ask.count > 0 && ask.ranges[ask.count - 1U].last + 1U == index) {
      ask.ranges[ask.count - 1U].last = index;
    } else if (ask.count < AskShards::kMaxRanges) {
      ask.ranges[ask.count++] = {index, index};
    } else {
      break;
    }
  }
  return ask;
}

}  // namespace lumen::lumen1
