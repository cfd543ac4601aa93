#include "link/shared_ring.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <new>

#include "media/mode.hpp"

namespace lumen::link {
namespace {

constexpr std::uint32_t kMagic = 0x676E'724C;  // "Lrng"
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kHeaderBytes = 4096;
constexpr std::size_t kTotalBytes = kHeaderBytes + kSlots * kSlotBytes;
constexpr unsigned kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

// Times above this (146 years) are nonsense; below it their differences cannot overflow.
constexpr std::uint64_t kMaxTimeNs = 1ULL << 62U;

enum Word : std::size_t { id, size, picture, presented, captured, encode_begin, encode_end };
constexpr std::size_t kWords = encode_end + 1;

// Atomics, although a slot has one owner at a time: a hostile producer does not keep to that, and a plain
// load may be repeated by the compiler after the value was checked. Relaxed: head and tail order them.
using Metadata = std::array<std::atomic<std::uint64_t>, kWords>;
static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "a lock would not be shared");

// codec (8) | kind (8) | height (24) | width (24)
constexpr std::uint64_t pack_picture(const AccessUnitView& unit) {
  return static_cast<std::uint64_t>(unit.codec) | static_cast<std::uint64_t>(unit.kind) << 8U |
         static_cast<std::uint64_t>(unit.height & 0xFF'FFFFU) << 16U |
         static_cast<std::uint64_t>(unit.width & 0xFF'FFFFU) << 40U;
}

void store(Metadata& words, const AccessUnitView& unit) {
  const auto put = [&words](Word word, std::uint64_t value) {
    words[word].store(value, std::memory_order_relaxed);
  };
  put(id, unit.id.value);
  put(size, unit.bytes.size());
  put(picture, pack_picture(unit));
  put(presented, static_cast<std::uint64_t>(to_ns(unit.times.presented)));
  put(captured, static_cast<std::uint64_t>(to_ns(unit.times.captured)));
  put(encode_begin, static_cast<std::uint64_t>(to_ns(unit.times.encode_begin)));
  put(encode_end, static_cast<std::uint64_t>(to_ns(unit.times.encode_end)));
}

// nullopt when any word makes no sense. `bytes` is where the slot's unit begins.
std::optional<AccessUnitView> load(const Metadata& words, const std::byte* bytes) {
  std::array<std::uint64_t, kWords> copy{};
  for (std::size_t i = 0; i < kWords; ++i) copy[i] = words[i].load(std::memory_order_relaxed);
  const auto codec = copy[picture] & 0xFFU;
  const auto kind = copy[picture] >> 8U & 0xFFU;
  const auto height = static_cast<std::uint32_t>(copy[picture] >> 16U & 0xFF'FFFFU);
  const auto width = static_cast<std::uint32_t>(copy[picture] >> 40U);
  const auto is_side = [](std::uint32_t pixels) { return pixels > 0 && pixels <= kMaxModeSize; };
  if (copy[size] == 0 || copy[size] > kSlotBytes || !is_side(width) || !is_side(height)) return std::nullopt;
  if (codec < static_cast<std::uint64_t>(Codec::h264) || codec > static_cast<std::uint64_t>(Codec::av1)) {
    return std::nullopt;
  }
  if (kind > static_cast<std::uint64_t>(PictureKind::idr)) return std::nullopt;
  const bool sane_times =
      std::all_of(copy.begin() + presented, copy.end(), [](std::uint64_t ns) { return ns <= kMaxTimeNs; });
  if (!sane_times) return std::nullopt;
  const auto time = [&copy](Word word) { return from_ns(static_cast<std::int64_t>(copy[word])); };
  return AccessUnitView{
      .id = {copy[id]},
      .codec = static_cast<Codec>(codec),
      .kind = static_cast<PictureKind>(kind),
      .width = width,
      .height = height,
      .bytes = {bytes, copy[size]},
      .times = {.presented = time(presented),
                .captured = time(captured),
                .encode_begin = time(encode_begin),
                .encode_end = time(encode_end)},
  };
}

tl::unexpected<Error> no_memory(int os_errno) {
  return fail(ErrorCode::resource_exhausted, "link.ring", "cannot create the shared memory of a session",
              "Free memory, or raise the open file limit (ulimit -n)", os_errno);
}

tl::unexpected<Error> not_a_ring(const char* what) {
  return fail(ErrorCode::malformed, "link.ring", what,
              "Install host and session program of the same version");
}

void* map(int fd) { return mmap(nullptr, kTotalBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0); }

// Without these the other process could shrink the file, and reading it would be a SIGBUS.
bool is_sealed(int fd) {
  const int seals = fcntl(fd, F_GET_SEALS);
  return seals >= 0 && (static_cast<unsigned>(seals) & kSeals) == kSeals;
}

bool has_ring_size(int fd) {
  struct stat status{};
  return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size == off_t{kTotalBytes};
}

}  // namespace

// Lives in the shared memory, at its begin.
struct SharedRing::Shared {
  std::atomic<std::uint32_t> magic, version, slots, slot_bytes;
  alignas(64) std::atomic<std::uint64_t> head;  // release by the producer pairs with acquire in peek()
  alignas(64) std::atomic<std::uint64_t> tail;  // release by the consumer pairs with acquire in try_push()
  alignas(64) std::array<Metadata, kSlots> metadata;

  bool is_ours() const {
    return magic.load() == kMagic && version.load() == kVersion && slots.load() == kSlots &&
           slot_bytes.load() == kSlotBytes;
  }
};

SharedRing::SharedRing(UniqueFd memory, UniqueFd doorbell, Shared* shared)
    : memory_{std::move(memory)}, doorbell_{std::move(doorbell)}, shared_{shared} {
  static_assert(sizeof(Shared) <= kHeaderBytes);
  head_ = shared_->head.load(std::memory_order_acquire);
  tail_ = shared_->tail.load(std::memory_order_acquire);
}

SharedRing::SharedRing(SharedRing&& other) noexcept
    : memory_{std::move(other.memory_)},
      doorbell_{std::move(other.doorbell_)},
      shared_{std::exchange(other.shared_, nullptr)},
      head_{other.head_},
      tail_{other.tail_},
      peeked_{other.peeked_},
      invalid_{other.invalid_} {}

SharedRing& SharedRing::operator=(SharedRing&& other) noexcept {
  if (this == &other) return *this;
  unmap();
  memory_ = std::move(other.memory_);
  doorbell_ = std::move(other.doorbell_);
  shared_ = std::exchange(other.shared_, nullptr);
  head_ = other.head_;
  tail_ = other.tail_;
  peeked_ = other.peeked_;
  invalid_ = other.invalid_;
  return *this;
}

SharedRing::~SharedRing() { unmap(); }

void SharedRing::unmap() noexcept {
  if (shared_ != nullptr) munmap(shared_, kTotalBytes);
  shared_ = nullptr;
}

Result<SharedRing> SharedRing::create() {
  UniqueFd memory{memfd_create("lumen-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  if (!memory || ftruncate(memory.get(), off_t{kTotalBytes}) != 0) return no_memory(errno);
  if (fcntl(memory.get(), F_ADD_SEALS, kSeals) != 0) return no_memory(errno);
  UniqueFd doorbell{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!doorbell) return no_memory(errno);
  void* const mapped = map(memory.get());
  if (mapped == MAP_FAILED) return no_memory(errno);
  auto* const shared = new (mapped) Shared{};
  shared->slots = std::uint32_t{kSlots};
  shared->slot_bytes = std::uint32_t{kSlotBytes};
  shared->version = kVersion;
  shared->magic = kMagic;
  return SharedRing{std::move(memory), std::move(doorbell), shared};
}

Result<SharedRing> SharedRing::attach(UniqueFd memory, UniqueFd doorbell) {
  if (!memory || !doorbell) return not_a_ring("the session's shared memory is missing");
  if (!is_sealed(memory.get())) return not_a_ring("the session's shared memory is not sealed");
  if (!has_ring_size(memory.get())) return not_a_ring("the session's shared memory has another size");
  void* const mapped = map(memory.get());
  if (mapped == MAP_FAILED) return no_memory(errno);
  SharedRing ring{std::move(memory), std::move(doorbell), std::launder(static_cast<Shared*>(mapped))};
  if (!ring.shared_->is_ours())
    return not_a_ring("the session's shared memory holds no ring of this version");
  return ring;
}

std::byte* SharedRing::slot(std::uint64_t index) const {
  return reinterpret_cast<std::byte*>(shared_) + kHeaderBytes + (index % kSlots) * kSlotBytes;
}

bool SharedRing::try_push(const AccessUnitView& unit) {
  if (unit.bytes.empty() || unit.bytes.size() > kSlotBytes) return false;
  // A tail ahead of head or far behind it is a consumer's lie: the difference is then large as well.
  if (head_ - shared_->tail.load(std::memory_order_acquire) >= kSlots) return false;
  std::memcpy(slot(head_), unit.bytes.data(), unit.bytes.size());
  store(shared_->metadata[head_ % kSlots], unit);
  shared_->head.store(++head_, std::memory_order_release);
  ring();
  return true;
}

std::optional<AccessUnitView> SharedRing::peek() {
  const auto waiting = shared_->head.load(std::memory_order_acquire) - tail_;
  if (waiting > kSlots) {  // no honest head: start again where it claims to be
    ++invalid_;
    peeked_ = false;
    advance_tail(waiting);
    return std::nullopt;
  }
  for (std::uint64_t i = 0; i < waiting; ++i) {
    const auto unit = load(shared_->metadata[tail_ % kSlots], slot(tail_));
    peeked_ = unit.has_value();
    if (unit) return unit;
    ++invalid_;
    advance_tail(1);
  }
  return std::nullopt;
}

void SharedRing::release() {
  if (std::exchange(peeked_, false)) advance_tail(1);
}

void SharedRing::advance_tail(std::uint64_t count) {
  tail_ += count;
  shared_->tail.store(tail_, std::memory_order_release);
}

// The other process shares the descriptor's flags and could make it blocking: never write to a full counter.
// A full one wakes the consumer already.
void SharedRing::ring() const {
  pollfd entry{.fd = doorbell_.get(), .events = POLLOUT, .revents = 0};
  if (poll(&entry, 1, 0) == 1) eventfd_write(doorbell_.get(), 1);
}

// RWF_NOWAIT for the same reason.
void SharedRing::drain_doorbell() const {
  eventfd_t count = 0;
  const iovec target{.iov_base = &count, .iov_len = sizeof count};
  const auto got = preadv2(doorbell_.get(), &target, 1, -1, RWF_NOWAIT);
  if (got < 0 && errno == EOPNOTSUPP) eventfd_read(doorbell_.get(), &count);  // Linux before 5.8
}

}  // namespace lumen::link
