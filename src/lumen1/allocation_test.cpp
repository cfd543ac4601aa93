// The frame's way through lumen/1 allocates nothing once every size has been seen. Replaces the allocation
// functions of this test program to count.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "lumen1/test_frames.hpp"

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

namespace lumen::lumen1 {
namespace {

class FrameWay {
 public:
  // `lossy`: every fifth datagram of a quarter of the frames is lost, as far as parity mends it.
  explicit FrameWay(bool lossy) : lossy_{lossy} {}
  bool run(ByteView bytes, std::uint64_t id) {
    const auto frame = packetizer_.pack(test::unit_of(bytes, id), parity_);
    if (!frame || !packetizer_.seal(*frame, 0, frame->datagrams, test::at_ms(1), test::at_ms(2), sealer_))
      return false;
    const auto spare = (frame->datagrams - frame->data_datagrams) / 2;
    for (std::size_t i = 0; i < frame->datagrams; ++i) {
      if (lossy_ && id % 4 == 0 && i % 5 == 0 && i / 5 < spare) continue;
      const auto opened = opener_.open(frame->datagram(i));
      if (!opened) return false;
      reassembler_.push(opened->body, test::at_ms(3));
    }
    return reassembler_.pop(unit_, test::at_ms(3)) && std::ranges::equal(unit_.bytes, bytes);
  }
  std::uint64_t repaired() const { return reassembler_.stats().frames_repaired; }

 private:
  bool lossy_;
  fec::Leopard codec_;
  VideoPacketizer packetizer_{codec_};
  ParityControl parity_;
  Sealer sealer_ = Sealer::create(test::keys(), 1).value();
  Opener opener_ = Opener::create(test::keys()).value();
  Reassembler reassembler_{codec_};
  AccessUnit unit_;
};

// Frames of both codes, and of eight sizes over and over.
void expect_none_once_warm(FrameWay& way) {
  const auto bytes = test::noise(400'000, 1);
  const auto run = [&](std::uint64_t id) {
    return way.run(ByteView{bytes}.first(40'000 + id % 8 * 50'000), id);
  };
  std::uint64_t id = 1;
  for (; id <= 256; ++id) ASSERT_TRUE(run(id));
  const auto before = allocations;
  bool good = true;
  for (; id <= 512; ++id) good = run(id) && good;
  EXPECT_EQ(allocations, before);
  EXPECT_TRUE(good);
}

TEST(Allocation, frames_pass_without_any_once_warm) {
  FrameWay way{false};
  expect_none_once_warm(way);
  EXPECT_EQ(way.repaired(), 0U);
}

TEST(Allocation, frames_are_mended_without_any_once_warm) {
  FrameWay way{true};
  expect_none_once_warm(way);
  EXPECT_EQ(way.repaired(), 128U);
}

}  // namespace
}  // namespace lumen::lumen1
