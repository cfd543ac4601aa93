#include "link/audio_ring.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "base/thread.hpp"
#include "link/shared_ring.hpp"

namespace lumen::link {
namespace {

constexpr AudioFormat kSurround{6, AudioQuality::high, 10};

UniqueFd copy_of(int fd) { return UniqueFd{fcntl(fd, F_DUPFD_CLOEXEC, 0)}; }

AudioRing attached_to(const AudioRing& ring) {
  return AudioRing::attach(copy_of(ring.memory_fd()), copy_of(ring.doorbell_fd())).value();
}

AudioPacketView packet_of(ByteView bytes, std::int64_t captured_ns = 5) {
  return {.format = kSurround, .bytes = bytes, .captured = from_ns(captured_ns)};
}

class AudioRingTest : public testing::Test {
 protected:
  AudioRing host_ = AudioRing::create().value();
  AudioRing session_ = attached_to(host_);
};

TEST_F(AudioRingTest, a_packet_arrives_with_everything_that_describes_it_and_rings) {
  const std::vector<std::byte> bytes(1280, std::byte{42});
  ASSERT_TRUE(session_.try_push(packet_of(bytes)));
  pollfd bell{.fd = host_.doorbell_fd(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&bell, 1, 0), 1);
  host_.drain_doorbell();
  EXPECT_EQ(poll(&bell, 1, 0), 0);
  const auto packet = host_.peek();
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->format, kSurround);
  EXPECT_EQ(packet->captured, from_ns(5));
  EXPECT_TRUE(std::ranges::equal(packet->bytes, bytes));
  host_.release();
  EXPECT_FALSE(host_.peek());
  EXPECT_EQ(host_.invalid(), 0U);
}

TEST_F(AudioRingTest, packets_come_in_order_and_a_full_ring_drops_the_newest) {
  const std::vector<std::byte> bytes(60);
  for (std::size_t i = 0; i < kAudioSlots; ++i) {
    ASSERT_TRUE(session_.try_push(packet_of(bytes, static_cast<std::int64_t>(i))));
  }
  EXPECT_FALSE(session_.try_push(packet_of(bytes, 99)));
  for (std::size_t i = 0; i < kAudioSlots; ++i) {
    ASSERT_EQ(host_.peek()->captured, from_ns(static_cast<std::int64_t>(i)));
    host_.release();
  }
  EXPECT_FALSE(host_.peek());
}

TEST_F(AudioRingTest, a_slot_takes_exactly_its_size) {
  const std::vector<std::byte> bytes(kAudioSlotBytes + 1);
  EXPECT_FALSE(session_.try_push(packet_of(bytes)));
  EXPECT_FALSE(session_.try_push(packet_of({})));
  ASSERT_TRUE(session_.try_push(packet_of(ByteView{bytes}.first(kAudioSlotBytes))));
  EXPECT_EQ(host_.peek()->bytes.size(), kAudioSlotBytes);
}

TEST_F(AudioRingTest, a_ring_for_pictures_is_no_ring_for_sound) {
  const auto pictures = SharedRing::create().value();
  const auto ring = AudioRing::attach(copy_of(pictures.memory_fd()), copy_of(pictures.doorbell_fd()));
  ASSERT_FALSE(ring);
  EXPECT_EQ(ring.error().id, "link.ring");
  EXPECT_FALSE(AudioRing::attach(UniqueFd{}, UniqueFd{}));
}

// The shared header as another process sees it.
class RawRing {
 public:
  explicit RawRing(const AudioRing& ring)
      : bytes_{mmap(nullptr, kHeaderBytes, PROT_READ | PROT_WRITE, MAP_SHARED, ring.memory_fd(), 0)} {}
  ~RawRing() { munmap(bytes_, kHeaderBytes); }
  RawRing(const RawRing&) = delete;
  RawRing& operator=(const RawRing&) = delete;

  static constexpr std::size_t kHeaderBytes = 4096, kHead = 64, kTail = 128, kMetadata = 192, kWords = 3;
  static constexpr std::size_t metadata(std::size_t index) { return kMetadata + 8 * index; }
  std::uint64_t get(std::size_t offset) const { return at(offset).load(); }
  void set(std::size_t offset, std::uint64_t value) { at(offset).store(value); }

 private:
  std::atomic_ref<std::uint64_t> at(std::size_t offset) const {
    return std::atomic_ref{*reinterpret_cast<std::uint64_t*>(static_cast<std::byte*>(bytes_) + offset)};
  }
  void* bytes_;
};

TEST_F(AudioRingTest, a_ring_of_another_version_is_refused) {
  RawRing{host_}.set(0, RawRing{host_}.get(0) + (1ULL << 32U));
  EXPECT_FALSE(AudioRing::attach(copy_of(host_.memory_fd()), copy_of(host_.doorbell_fd())));
}

constexpr std::uint64_t format_word(std::uint64_t channels, std::uint64_t quality, std::uint64_t packet_ms) {
  return channels | quality << 8U | packet_ms << 16U;
}

struct Lie {
  const char* name;
  std::size_t word;
  std::uint64_t value;
};

class AudioRingLies : public testing::TestWithParam<Lie> {};

TEST_P(AudioRingLies, are_skipped_and_counted_and_the_next_packet_comes) {
  auto host = AudioRing::create().value();
  auto session = attached_to(host);
  const std::vector<std::byte> bytes(60);
  ASSERT_TRUE(session.try_push(packet_of(bytes, 1)));
  ASSERT_TRUE(session.try_push(packet_of(bytes, 2)));
  RawRing{host}.set(RawRing::metadata(GetParam().word), GetParam().value);
  const auto packet = host.peek();
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->captured, from_ns(2));
  EXPECT_EQ(host.invalid(), 1U);
}

INSTANTIATE_TEST_SUITE_P(
    Each, AudioRingLies,
    testing::Values(Lie{"no_bytes", 0, 0}, Lie{"beyond_the_slot", 0, kAudioSlotBytes + 1},
                    Lie{"all_of_memory", 0, ~0ULL}, Lie{"no_channels", 1, format_word(0, 0, 5)},
                    Lie{"three_channels", 1, format_word(3, 0, 5)},
                    Lie{"unknown_quality", 1, format_word(2, 2, 5)},
                    Lie{"no_duration", 1, format_word(2, 0, 0)},
                    Lie{"more_bits", 1, format_word(2, 0, 5) | 1ULL << 40U}, Lie{"negative_time", 2, ~0ULL}),
    [](const auto& lie) { return lie.param.name; });

TEST_F(AudioRingTest, a_head_beyond_the_ring_is_counted_and_a_lying_tail_makes_it_full) {
  RawRing raw{host_};
  raw.set(RawRing::kHead, 1000);
  EXPECT_FALSE(host_.peek());
  EXPECT_EQ(host_.invalid(), 1U);
  EXPECT_EQ(raw.get(RawRing::kTail), 1000U);
  raw.set(RawRing::kTail, ~0ULL - 100);
  const std::vector<std::byte> bytes(60);
  EXPECT_FALSE(session_.try_push(packet_of(bytes)));
}

TEST_F(AudioRingTest, a_hostile_producer_cannot_make_the_consumer_read_outside) {
  std::size_t taken = 0;
  {
    const OwnedThread scribbler{"lm-scribble", [this](const std::stop_token& stop) {
                                  RawRing raw{session_};
                                  std::mt19937_64 random{20'240'502};  // NOLINT: the same every time
                                  while (!stop.stop_requested()) {
                                    const auto slot = random() % kAudioSlots * RawRing::kWords;
                                    raw.set(RawRing::metadata(slot), random() >> random() % 64);
                                    raw.set(RawRing::metadata(slot + 1), format_word(2, random() % 3, 5));
                                    raw.set(RawRing::kHead, raw.get(RawRing::kTail) + random() % 19);
                                  }
                                }};
    const auto deadline = Clock::now() + std::chrono::seconds{20};
    for (int i = 0; (i < 200'000 || taken == 0) && Clock::now() < deadline; ++i) {
      if (const auto packet = host_.peek()) {
        ASSERT_LE(packet->bytes.size(), kAudioSlotBytes);
        ++taken;
        ASSERT_EQ(packet->bytes.front(), std::byte{0});  // nobody wrote any byte
        ASSERT_EQ(packet->bytes.back(), std::byte{0});
        host_.release();
      }
    }
  }
  EXPECT_GT(host_.invalid(), 0U);
  EXPECT_GT(taken, 0U) << "the scribbler should hit valid metadata now and then";
}

TEST_F(AudioRingTest, two_threads_pass_packets_whole_and_in_order) {
  constexpr std::int64_t kCount = 5000;
  const auto pattern = [](std::int64_t id) {
    return std::vector<std::byte>(static_cast<std::size_t>(1 + id * 7919 % 1400), static_cast<std::byte>(id));
  };
  const OwnedThread producer{"lm-test", [&, this](const std::stop_token&) {
                               for (std::int64_t id = 0; id < kCount;) {
                                 if (session_.try_push(packet_of(pattern(id), id))) {
                                   ++id;
                                 } else {
                                   std::this_thread::yield();
                                 }
                               }
                             }};
  std::int64_t next = 0;
  pollfd bell{.fd = host_.doorbell_fd(), .events = POLLIN, .revents = 0};
  while (next < kCount && poll(&bell, 1, 5000) == 1) {
    host_.drain_doorbell();
    while (const auto packet = host_.peek()) {
      ASSERT_EQ(packet->captured, from_ns(next));
      ASSERT_TRUE(std::ranges::equal(packet->bytes, pattern(next)));
      ++next;
      host_.release();
    }
  }
  EXPECT_EQ(next, kCount);
}

}  // namespace
}  // namespace lumen::link
