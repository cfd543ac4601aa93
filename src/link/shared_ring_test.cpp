#include "link/shared_ring.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include "base/thread.hpp"

namespace lumen::link {
namespace {

UniqueFd copy_of(int fd) { return UniqueFd{fcntl(fd, F_DUPFD_CLOEXEC, 0)}; }

SharedRing attached_to(const SharedRing& ring) {
  return SharedRing::attach(copy_of(ring.memory_fd()), copy_of(ring.doorbell_fd())).value();
}

AccessUnitView unit_of(ByteView bytes, std::uint64_t id = 7) {
  return {.id = {id},
          .codec = Codec::h264,
          .kind = PictureKind::idr,
          .width = 1920,
          .height = 1081,
          .bytes = bytes,
          .times = {from_ns(1), from_ns(2), from_ns(3), from_ns(4)}};
}

bool wait_readable(int fd) {
  pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
  return poll(&entry, 1, 5000) == 1;
}

bool is_readable(int fd) {
  pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
  return poll(&entry, 1, 0) == 1;
}

class SharedRingTest : public testing::Test {
 protected:
  SharedRing host_ = SharedRing::create().value();
  SharedRing session_ = attached_to(host_);
};

TEST_F(SharedRingTest, a_unit_arrives_with_everything_that_describes_it) {
  const std::vector<std::byte> bytes(1000, std::byte{42});
  ASSERT_TRUE(session_.try_push(unit_of(bytes)));
  const auto unit = host_.peek();
  ASSERT_TRUE(unit);
  EXPECT_EQ(unit->id.value, 7U);
  EXPECT_EQ(unit->kind, PictureKind::idr);
  EXPECT_EQ(unit->codec, Codec::h264);
  EXPECT_EQ(unit->width, 1920U);
  EXPECT_EQ(unit->height, 1081U);
  EXPECT_EQ(unit->times.presented, from_ns(1));
  EXPECT_EQ(unit->times.captured, from_ns(2));
  EXPECT_EQ(unit->times.encode_begin, from_ns(3));
  EXPECT_EQ(unit->times.encode_end, from_ns(4));
  EXPECT_TRUE(std::ranges::equal(unit->bytes, bytes));
}

TEST_F(SharedRingTest, carries_every_codec) {
  const std::vector<std::byte> bytes(10);
  for (const auto codec : {Codec::h264, Codec::hevc, Codec::av1}) {
    auto unit = unit_of(bytes);
    unit.codec = codec;
    ASSERT_TRUE(session_.try_push(unit));
    EXPECT_EQ(host_.peek()->codec, codec);
    host_.release();
  }
}

TEST_F(SharedRingTest, units_come_in_order_and_a_full_ring_refuses_until_one_is_released) {
  const std::vector<std::byte> bytes(10);
  for (std::uint64_t id = 0; id < kSlots; ++id) ASSERT_TRUE(session_.try_push(unit_of(bytes, id)));
  EXPECT_FALSE(session_.try_push(unit_of(bytes, 99)));
  ASSERT_EQ(host_.peek()->id.value, 0U);
  EXPECT_FALSE(session_.try_push(unit_of(bytes, 99))) << "a lent slot is not free";
  host_.release();
  EXPECT_TRUE(session_.try_push(unit_of(bytes, 4)));
  for (std::uint64_t id = 1; id <= 4; ++id) {
    ASSERT_EQ(host_.peek()->id.value, id);
    host_.release();
  }
  EXPECT_FALSE(host_.peek());
  EXPECT_EQ(host_.invalid(), 0U);
}

TEST_F(SharedRingTest, peeking_twice_lends_the_same_unit_and_release_alone_does_nothing) {
  const std::vector<std::byte> bytes(10);
  host_.release();
  ASSERT_TRUE(session_.try_push(unit_of(bytes, 1)));
  ASSERT_TRUE(session_.try_push(unit_of(bytes, 2)));
  host_.release();
  EXPECT_EQ(host_.peek()->id.value, 1U);
  EXPECT_EQ(host_.peek()->id.value, 1U);
  host_.release();
  host_.release();
  EXPECT_EQ(host_.peek()->id.value, 2U);
}

TEST_F(SharedRingTest, a_slot_takes_exactly_its_size) {
  std::vector<std::byte> bytes(kSlotBytes + 1);
  EXPECT_FALSE(session_.try_push(unit_of(bytes)));
  EXPECT_FALSE(session_.try_push(unit_of({})));
  bytes.back() = bytes[kSlotBytes - 1] = std::byte{9};
  ASSERT_TRUE(session_.try_push(unit_of(ByteView{bytes}.first(kSlotBytes))));
  EXPECT_EQ(host_.peek()->bytes.back(), std::byte{9});
}

TEST_F(SharedRingTest, every_push_rings_and_draining_silences) {
  const std::vector<std::byte> bytes(10);
  EXPECT_FALSE(is_readable(host_.doorbell_fd()));
  ASSERT_TRUE(session_.try_push(unit_of(bytes)));
  EXPECT_TRUE(is_readable(host_.doorbell_fd()));
  host_.drain_doorbell();
  EXPECT_FALSE(is_readable(host_.doorbell_fd()));
  host_.ring();
  EXPECT_TRUE(is_readable(host_.doorbell_fd()));
}

TEST_F(SharedRingTest, a_doorbell_made_blocking_by_the_other_process_never_blocks) {
  ASSERT_EQ(fcntl(session_.doorbell_fd(), F_SETFL, 0), 0);
  host_.drain_doorbell();
  ASSERT_EQ(eventfd_write(session_.doorbell_fd(), 0xFFFF'FFFF'FFFF'FFFEU), 0);
  host_.ring();  // one more would overflow, and wait for a reader
  EXPECT_TRUE(is_readable(host_.doorbell_fd()));
}

TEST_F(SharedRingTest, a_ring_may_be_moved) {
  const std::vector<std::byte> bytes(10);
  ASSERT_TRUE(session_.try_push(unit_of(bytes, 1)));
  SharedRing moved = std::move(host_);
  ASSERT_EQ(moved.peek()->id.value, 1U);
  moved.release();
  host_ = std::move(moved);
  ASSERT_TRUE(session_.try_push(unit_of(bytes, 2)));
  EXPECT_EQ(host_.peek()->id.value, 2U);
}

TEST_F(SharedRingTest, nobody_can_resize_it_or_lift_the_seals) {
  EXPECT_NE(ftruncate(session_.memory_fd(), 0), 0);
  EXPECT_NE(ftruncate(session_.memory_fd(), off_t{1} << 30U), 0);
  EXPECT_NE(fcntl(session_.memory_fd(), F_ADD_SEALS, F_SEAL_WRITE), 0);
}

UniqueFd memory_file(off_t size, int seals) {
  UniqueFd fd{memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  EXPECT_EQ(ftruncate(fd.get(), size), 0);
  EXPECT_EQ(fcntl(fd.get(), F_ADD_SEALS, seals), 0);
  return fd;
}

TEST_F(SharedRingTest, attaching_to_what_is_no_ring_fails) {
  constexpr int kAllSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
  const off_t size = lseek(host_.memory_fd(), 0, SEEK_END);
  const auto fails = [this](UniqueFd memory) {
    const auto ring = SharedRing::attach(std::move(memory), copy_of(host_.doorbell_fd()));
    return !ring && ring.error().id == "link.ring";
  };
  EXPECT_TRUE(fails(UniqueFd{}));
  EXPECT_TRUE(fails(copy_of(host_.doorbell_fd())));
  EXPECT_TRUE(fails(UniqueFd{open("/dev/zero", O_RDWR | O_CLOEXEC)}));
  EXPECT_TRUE(fails(memory_file(size, F_SEAL_GROW | F_SEAL_SEAL)));
  EXPECT_TRUE(fails(memory_file(size - 4096, kAllSeals)));
  EXPECT_TRUE(fails(memory_file(size, kAllSeals)));  // no magic
  EXPECT_FALSE(SharedRing::attach(copy_of(host_.memory_fd()), UniqueFd{}));
}

// The shared header as another process sees it.
class RawRing {
 public:
  explicit RawRing(const SharedRing& ring)
      : bytes_{mmap(nullptr, kHeaderBytes, PROT_READ | PROT_WRITE, MAP_SHARED, ring.memory_fd(), 0)} {}
  ~RawRing() { munmap(bytes_, kHeaderBytes); }
  RawRing(const RawRing&) = delete;
  RawRing& operator=(const RawRing&) = delete;

  static constexpr std::size_t kHeaderBytes = 4096, kHead = 64, kTail = 128, kMetadata = 192, kWords = 7;
  // Word `index` of slot 0's metadata.
  static constexpr std::size_t metadata(std::size_t index) { return kMetadata + 8 * index; }
  std::uint64_t get(std::size_t offset) const { return at(offset).load(); }
  void set(std::size_t offset, std::uint64_t value) { at(offset).store(value); }

 private:
  std::atomic_ref<std::uint64_t> at(std::size_t offset) const {
    return std::atomic_ref{*reinterpret_cast<std::uint64_t*>(static_cast<std::byte*>(bytes_) + offset)};
  }
  void* bytes_;
};

TEST_F(SharedRingTest, a_ring_of_another_version_is_refused) {
  RawRing{host_}.set(0, RawRing{host_}.get(0) + (1ULL << 32U));
  EXPECT_FALSE(SharedRing::attach(copy_of(host_.memory_fd()), copy_of(host_.doorbell_fd())));
}

struct Lie {
  const char* name;
  std::size_t word;
  std::uint64_t value;
};

class SharedRingLies : public testing::TestWithParam<Lie> {};

TEST_P(SharedRingLies, are_skipped_and_counted_and_the_next_unit_comes) {
  auto host = SharedRing::create().value();
  auto session = attached_to(host);
  const std::vector<std::byte> bytes(10);
  ASSERT_TRUE(session.try_push(unit_of(bytes, 1)));
  ASSERT_TRUE(session.try_push(unit_of(bytes, 2)));
  RawRing{host}.set(RawRing::metadata(GetParam().word), GetParam().value);
  const auto unit = host.peek();
  ASSERT_TRUE(unit);
  EXPECT_EQ(unit->id.value, 2U);
  EXPECT_EQ(host.invalid(), 1U);
}

constexpr std::uint64_t picture_word(std::uint64_t codec, std::uint64_t kind, std::uint64_t height,
                                     std::uint64_t width) {
  return codec | kind << 8U | height << 16U | width << 40U;
}

INSTANTIATE_TEST_SUITE_P(Each, SharedRingLies,
                         testing::Values(Lie{"no_bytes", 1, 0}, Lie{"beyond_the_slot", 1, kSlotBytes + 1},
                                         Lie{"all_of_memory", 1, ~0ULL},
                                         Lie{"no_codec", 2, picture_word(0, 1, 720, 1280)},
                                         Lie{"unknown_codec", 2, picture_word(4, 1, 720, 1280)},
                                         Lie{"unknown_kind", 2, picture_word(1, 2, 720, 1280)},
                                         Lie{"no_width", 2, picture_word(1, 1, 720, 0)},
                                         Lie{"no_height", 2, picture_word(1, 1, 0, 1280)},
                                         Lie{"too_wide", 2, picture_word(1, 1, 720, 8193)},
                                         Lie{"too_high", 2, picture_word(1, 1, 8193, 1280)},
                                         Lie{"negative_time", 3, ~0ULL},
                                         Lie{"overflowing_time", 6, 1ULL << 63U}),
                         [](const auto& lie) { return lie.param.name; });

TEST_F(SharedRingTest, a_head_beyond_the_ring_is_counted_and_units_after_it_still_arrive) {
  RawRing raw{host_};
  raw.set(RawRing::kHead, 1000);
  EXPECT_FALSE(host_.peek());
  EXPECT_EQ(host_.invalid(), 1U);
  EXPECT_FALSE(host_.peek());
  EXPECT_EQ(raw.get(RawRing::kTail), 1000U);
  raw.set(RawRing::kHead, 999);  // backwards
  EXPECT_FALSE(host_.peek());
  EXPECT_EQ(host_.invalid(), 2U);
}

TEST_F(SharedRingTest, a_tail_that_lies_makes_the_ring_full_and_nothing_is_overwritten) {
  RawRing raw{host_};
  const std::vector<std::byte> bytes(10);
  raw.set(RawRing::kTail, 1);  // ahead of head
  EXPECT_FALSE(session_.try_push(unit_of(bytes)));
  raw.set(RawRing::kTail, ~0ULL - 100);
  EXPECT_FALSE(session_.try_push(unit_of(bytes)));
}

TEST_F(SharedRingTest, the_shared_tail_means_nothing_to_the_consumer_itself) {
  const std::vector<std::byte> bytes(10);
  ASSERT_TRUE(session_.try_push(unit_of(bytes, 1)));
  RawRing{host_}.set(RawRing::kTail, 12345);
  EXPECT_EQ(host_.peek()->id.value, 1U);
}

// Reads every byte that a view claims to have: an address fault or a sanitizer report would be the failure.
std::size_t sum_of(const AccessUnitView& unit) {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < unit.bytes.size(); i += 4096)
    sum += std::to_integer<std::size_t>(unit.bytes[i]);
  return sum + std::to_integer<std::size_t>(unit.bytes.back());
}

TEST_F(SharedRingTest, a_hostile_producer_cannot_make_the_consumer_read_outside) {
  std::size_t taken = 0;
  std::size_t sum = 0;
  {
    const OwnedThread scribbler{"lm-scribble", [this](const std::stop_token& stop) {
                                  RawRing raw{session_};
                                  std::mt19937_64 random{20'240'501};  // NOLINT: the same every time
                                  while (!stop.stop_requested()) {
                                    const auto word = random() % (4 * RawRing::kWords);
                                    const auto shift = random() % 64;
                                    raw.set(RawRing::metadata(word), random() >> shift);
                                    raw.set(RawRing::kHead, raw.get(RawRing::kTail) + random() % 7);
                                    raw.set(RawRing::metadata(2), picture_word(1, random() % 3, 720, 1280));
                                  }
                                }};
    const auto deadline = Clock::now() + std::chrono::seconds{20};
    for (int i = 0; (i < 200'000 || taken == 0) && Clock::now() < deadline; ++i) {
      if (const auto unit = host_.peek()) {
        ASSERT_LE(unit->bytes.size(), kSlotBytes);
        ++taken;
        sum += sum_of(*unit);
        host_.release();
      }
    }
  }
  EXPECT_EQ(sum, 0U);  // nobody wrote any byte
  EXPECT_GT(host_.invalid(), 0U);
  EXPECT_GT(taken, 0U) << "the scribbler should hit valid metadata now and then";
}

// Every byte of unit `id` follows from the id.
std::vector<std::byte> pattern(std::uint64_t id) {
  std::vector<std::byte> bytes(1 + id * 7919 % 20'000);
  std::ranges::fill(bytes, static_cast<std::byte>(id));
  return bytes;
}

// Pushes until `count` are in; the consumer makes room.
void produce(SharedRing& ring, std::uint64_t count) {
  for (std::uint64_t id = 1; id <= count;) {
    if (ring.try_push(unit_of(pattern(id), id))) {
      ++id;
    } else {
      std::this_thread::yield();
    }
  }
}

// Returns how many units came in order and whole.
std::uint64_t consume(SharedRing& ring, std::uint64_t count) {
  std::uint64_t next = 1;
  while (next <= count && wait_readable(ring.doorbell_fd())) {
    ring.drain_doorbell();
    while (const auto unit = ring.peek()) {
      const auto expected = pattern(next);
      if (unit->id.value != next || !std::ranges::equal(unit->bytes, expected)) return next - 1;
      ++next;
      ring.release();
    }
  }
  return next - 1;
}

TEST_F(SharedRingTest, two_threads_pass_units_whole_and_in_order) {
  constexpr std::uint64_t kCount = 2000;
  const OwnedThread producer{"lm-test", [this](const std::stop_token&) { produce(session_, kCount); }};
  EXPECT_EQ(consume(host_, kCount), kCount);
}

TEST_F(SharedRingTest, two_processes_pass_units_whole_and_in_order) {
  constexpr std::uint64_t kCount = 2000;
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    produce(session_, kCount);
    _exit(0);
  }
  EXPECT_EQ(consume(host_, kCount), kCount);
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(SharedRingTest, units_of_a_producer_that_died_are_still_there) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    [[maybe_unused]] const bool pushed = session_.try_push(unit_of(pattern(1), 1));
    kill(getpid(), SIGKILL);
  }
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  EXPECT_EQ(consume(host_, 1), 1U);
}

}  // namespace
}  // namespace lumen::link
