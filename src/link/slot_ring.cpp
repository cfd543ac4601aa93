#include "link/slot_ring.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

namespace lumen::link {
namespace {

constexpr std::size_t kHeaderBytes = 4096;
constexpr unsigned kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

// Atomics, although a slot has one owner at a time: a hostile producer does not keep to that, and a plain
// load may be repeated by the compiler after the value was checked. Relaxed: head and tail order them.
using Word = std::atomic<std::uint64_t>;
static_assert(Word::is_always_lock_free, "a lock would not be shared");

std::size_t total_bytes(const RingShape& shape) {
  return kHeaderBytes + std::size_t{shape.slots} * shape.slot_bytes;
}

tl::unexpected<Error> no_memory(int os_errno) {
  return fail(ErrorCode::resource_exhausted, "link.ring", "cannot create the shared memory of a session",
              "Free memory, or raise the open file limit (ulimit -n)", os_errno);
}

tl::unexpected<Error> not_a_ring(const char* what) {
  return fail(ErrorCode::malformed, "link.ring", what,
              "Install host and session program of the same version");
}

void* map(int fd, std::size_t bytes) {
  return mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
}

// Without these the other process could shrink the file, and reading it would be a SIGBUS.
bool is_sealed(int fd) {
  const int seals = fcntl(fd, F_GET_SEALS);
  return seals >= 0 && (static_cast<unsigned>(seals) & kSeals) == kSeals;
}

bool has_size(int fd, std::size_t bytes) {
  struct stat status{};
  return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && std::cmp_equal(status.st_size, bytes);
}

}  // namespace

// Lives in the shared memory, at its begin.
struct SlotRing::Shared {
  std::atomic<std::uint32_t> magic, version, slots, slot_bytes;
  alignas(64) Word head;  // release by the producer pairs with acquire in waiting()
  alignas(64) Word tail;  // release by the consumer pairs with acquire in try_push()
  // `words` of each slot, one slot after the other.
  alignas(64) std::array<Word, (kHeaderBytes - std::size_t{3} * 64) / sizeof(Word)> metadata;

  bool is(const RingShape& shape) const {
    return magic.load() == shape.magic && version.load() == shape.version && slots.load() == shape.slots &&
           slot_bytes.load() == shape.slot_bytes;
  }
  std::span<Word> metadata_of(std::uint64_t index, const RingShape& shape) {
    return std::span{metadata}.subspan(index % shape.slots * shape.words, shape.words);
  }
};

SlotRing::SlotRing(const RingShape& shape, UniqueFd memory, UniqueFd doorbell, Shared* shared)
    : shape_{shape}, memory_{std::move(memory)}, doorbell_{std::move(doorbell)}, shared_{shared} {
  static_assert(sizeof(Shared) == kHeaderBytes);
  head_ = shared_->head.load(std::memory_order_acquire);
  tail_ = shared_->tail.load(std::memory_order_acquire);
}

SlotRing::SlotRing(SlotRing&& other) noexcept
    : shape_{other.shape_},
      memory_{std::move(other.memory_)},
      doorbell_{std::move(other.doorbell_)},
      shared_{std::exchange(other.shared_, nullptr)},
      head_{other.head_},
      tail_{other.tail_},
      peeked_{other.peeked_},
      invalid_{other.invalid_} {}

SlotRing& SlotRing::operator=(SlotRing&& other) noexcept {
  if (this == &other) return *this;
  unmap();
  shape_ = other.shape_;
  memory_ = std::move(other.memory_);
  doorbell_ = std::move(other.doorbell_);
  shared_ = std::exchange(other.shared_, nullptr);
  head_ = other.head_;
  tail_ = other.tail_;
  peeked_ = other.peeked_;
  invalid_ = other.invalid_;
  return *this;
}

SlotRing::~SlotRing() { unmap(); }

void SlotRing::unmap() noexcept {
  if (shared_ != nullptr) munmap(shared_, total_bytes(shape_));
  shared_ = nullptr;
}

Result<SlotRing> SlotRing::create(const RingShape& shape) {
  UniqueFd memory{memfd_create("lumen-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  if (!memory || ftruncate(memory.get(), static_cast<off_t>(total_bytes(shape))) != 0) {
    return no_memory(errno);
  }
  if (fcntl(memory.get(), F_ADD_SEALS, kSeals) != 0) return no_memory(errno);
  UniqueFd doorbell{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!doorbell) return no_memory(errno);
  void* const mapped = map(memory.get(), total_bytes(shape));
  if (mapped == MAP_FAILED) return no_memory(errno);
  auto* const shared = new (mapped) Shared{};
  shared->slots = shape.slots;
  shared->slot_bytes = shape.slot_bytes;
  shared->version = shape.version;
  shared->magic = shape.magic;
  return SlotRing{shape, std::move(memory), std::move(doorbell), shared};
}

Result<SlotRing> SlotRing::attach(const RingShape& shape, UniqueFd memory, UniqueFd doorbell) {
  if (!memory || !doorbell) return not_a_ring("the session's shared memory is missing");
  if (!is_sealed(memory.get())) return not_a_ring("the session's shared memory is not sealed");
  if (!has_size(memory.get(), total_bytes(shape))) {
    return not_a_ring("the session's shared memory has another size");
  }
  void* const mapped = map(memory.get(), total_bytes(shape));
  if (mapped == MAP_FAILED) return no_memory(errno);
  SlotRing ring{shape, std::move(memory), std::move(doorbell), std::launder(static_cast<Shared*>(mapped))};
  if (!ring.shared_->is(shape))
    return not_a_ring("the session's shared memory holds no ring of this version");
  return ring;
}

std::byte* SlotRing::slot(std::uint64_t index) const {
  return reinterpret_cast<std::byte*>(shared_) + kHeaderBytes +
         index % shape_.slots * std::size_t{shape_.slot_bytes};
}

bool SlotRing::try_push(ByteView bytes, std::span<const std::uint64_t> words) {
  if (bytes.empty() || bytes.size() > shape_.slot_bytes || words.size() != shape_.words) return false;
  // A tail ahead of head or far behind it is a consumer's lie: the difference is then large as well.
  if (head_ - shared_->tail.load(std::memory_order_acquire) >= shape_.slots) return false;
  std::memcpy(slot(head_), bytes.data(), bytes.size());
  const auto metadata = shared_->metadata_of(head_, shape_);
  for (std::size_t i = 0; i < words.size(); ++i) metadata[i].store(words[i], std::memory_order_relaxed);
  shared_->head.store(++head_, std::memory_order_release);
  ring();
  return true;
}

std::uint64_t SlotRing::waiting() {
  const auto count = shared_->head.load(std::memory_order_acquire) - tail_;
  if (count <= shape_.slots) return count;
  ++invalid_;  // no honest head: start again where it claims to be
  peeked_ = false;
  advance_tail(count);
  return 0;
}

RingSlot SlotRing::oldest() const {
  RingSlot copy{.bytes = slot(tail_)};
  const auto metadata = shared_->metadata_of(tail_, shape_);
  for (std::size_t i = 0; i < metadata.size(); ++i) {
    copy.words[i] = metadata[i].load(std::memory_order_relaxed);
  }
  return copy;
}

void SlotRing::release() {
  if (std::exchange(peeked_, false)) advance_tail(1);
}

void SlotRing::advance_tail(std::uint64_t count) {
  tail_ += count;
  shared_->tail.store(tail_, std::memory_order_release);
}

// The other process shares the descriptor's flags and could make it blocking: never write to a full counter.
// A full one wakes the consumer already.
void SlotRing::ring() const {
  pollfd entry{.fd = doorbell_.get(), .events = POLLOUT, .revents = 0};
  if (poll(&entry, 1, 0) == 1) eventfd_write(doorbell_.get(), 1);
}

// RWF_NOWAIT for the same reason.
void SlotRing::drain_doorbell() const {
  eventfd_t count = 0;
  const iovec target{.iov_base = &count, .iov_len = sizeof count};
  const auto got = preadv2(doorbell_.get(), &target, 1, -1, RWF_NOWAIT);
  if (got < 0 && errno == EOPNOTSUPP) eventfd_read(doorbell_.get(), &count);  // Linux before 5.8
}

}  // namespace lumen::link
