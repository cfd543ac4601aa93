// The way of picture and sound allocates nothing once every size has been seen. Replaces the allocation
// functions of this test program to count.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "gamestream/media/audio_packetizer.hpp"
#include "gamestream/media/audio_reassembler.hpp"
#include "gamestream/media/host_recovery.hpp"
#include "gamestream/media/test_media.hpp"
#include "gamestream/media/video_reassembler.hpp"

namespace {

thread_local std::size_t allocations = 0;

void* allocate(std::size_t size) {
  ++allocations;
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) std::abort();
  return memory;
}

}  // namespace

void* operator new(std::size_t size) { return allocate(size); }
void* operator new[](std::size_t size) { return allocate(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { std::free(memory); }

namespace lumen::gamestream {
namespace {

constexpr Timestamp kNow{std::chrono::hours{1}};

class VideoWay {
 public:
  VideoWay(bool encrypted, bool lossy)
      : lossy_{lossy},
        host_{VideoPacketizer::create({.plan = {.packet_size = 1392}}, key(encrypted)).value()},
        client_{VideoReassembler::create({.packet_size = 1392}, key(encrypted)).value()} {}

  bool run(ByteView bytes) {
    const auto packed = host_.pack(test::unit_of(bytes), {.time = RtpTicks{1}});
    if (!packed) return false;
    std::size_t index = 0;
    while (const auto train = host_.next_train()) {
      for (std::size_t i = 0; i < train->datagrams; ++i) {
        const auto sent = train->bytes.subspan(i * train->datagram_bytes, train->datagram_bytes);
        std::ranges::copy(sent, datagram_.begin());
        if (!lossy_ || index++ % 10 != 0) client_.push(MutableBytes{datagram_}.first(sent.size()), kNow);
      }
    }
    static_cast<void>(client_.take_status());
    return client_.pop(frame_, kNow) && std::ranges::equal(frame_.bytes, bytes);
  }
  std::uint64_t repaired() const { return client_.stats().frames_repaired; }

 private:
  static ByteView key(bool encrypted) { return encrypted ? ByteView{test::key()} : ByteView{}; }
  bool lossy_;
  VideoPacketizer host_;
  VideoReassembler client_;
  std::array<std::byte, 2000> datagram_{};
  ReceivedFrame frame_;
};

class FrameAllocation : public testing::TestWithParam<std::pair<bool, bool>> {};

TEST_P(FrameAllocation, none_once_warm) {
  const auto [encrypted, lossy] = GetParam();
  VideoWay way{encrypted, lossy};
  auto bytes = test::noise(600'000, 1);
  for (auto& byte : bytes) byte |= std::byte{1};
  std::size_t frame = 0;
  const auto run = [&] { return way.run(ByteView{bytes}.first(500 + frame++ % 8 * 70'000)); };
  for (int i = 0; i < 64; ++i) ASSERT_TRUE(run());
  const auto before = allocations;
  bool good = true;
  for (int i = 0; i < 64; ++i) good = run() && good;
  EXPECT_EQ(allocations, before);
  EXPECT_TRUE(good);
  EXPECT_EQ(way.repaired() > 0, lossy);
}

INSTANTIATE_TEST_SUITE_P(Ways, FrameAllocation,
                         testing::Values(std::pair{false, false}, std::pair{false, true},
                                         std::pair{true, false}, std::pair{true, true}));

TEST(SoundAllocation, none_at_all) {
  auto host = AudioPacketizer::create({.key_id = 7}, test::key()).value();
  auto client = AudioReassembler::create({.key_id = 7}, test::key()).value();
  const auto opus = test::noise(320, 1);
  const auto before = allocations;
  std::size_t index = 0, heard = 0;
  for (int i = 0; i < 100; ++i) {
    const auto packed = host.pack(opus);
    for (const auto datagram : packed->all()) {
      if (index++ % 3 != 1) client.push(datagram, kNow);
    }
    while (client.pop(kNow)) ++heard;
  }
  EXPECT_EQ(allocations, before);
  EXPECT_EQ(heard, 100U);
  EXPECT_GT(client.stats().packets_repaired, 0U);
}

TEST(RecoveryAllocation, none_at_all) {
  const auto before = allocations;
  HostRecovery recovery{{.can_invalidate = true}};
  recovery.begin(kNow);
  for (std::uint64_t i = 1; i < 100; ++i) {
    recovery.made({i}, FrameType::predicted, kNow);
    recovery.invalidation_asked({i}, {i}, kNow, {});
    static_cast<void>(recovery.take_order());
  }
  EXPECT_EQ(allocations, before);
}

}  // namespace
}  // namespace lumen::gamestream
