#include "stream/receive/decode_stage.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <latch>
#include <thread>

namespace lumen::stream {
namespace {

// "Decodes" by looking at the first byte: 0xEE does not decode.
class FakeDecoder final : public VideoDecoder {
 public:
  std::string name() const override { return "fake"; }
  Result<PictureView> decode(const AccessUnit& unit) override {
    if (unit.bytes.front() == std::byte{0xEE}) return fail(ErrorCode::malformed, "decoder.malformed", "bad");
    return PictureView{.width = unit.width, .height = unit.height};
  }
};

AccessUnit unit_of(std::uint64_t id, std::byte first = std::byte{1}) {
  AccessUnit unit;
  unit.id = FrameId{id};
  unit.width = static_cast<std::uint32_t>(id);
  unit.bytes.assign(100, first);
  return unit;
}

Result<std::unique_ptr<VideoDecoder>> make_fake(Codec) { return std::make_unique<FakeDecoder>(); }

TEST(DecodeStage, units_come_out_in_order_and_bad_ones_are_named) {
  const auto log = make_null_logger();
  std::latch done{20};
  std::vector<std::uint64_t> decoded, broken;  // written by lm-dec, read after the latch
  DecodeStage stage{make_fake,
                    {.on_picture =
                         [&](const DecodedPicture& picture) {
                           decoded.push_back(picture.unit.id.value);
                           EXPECT_LE(picture.decode_begin, picture.decoded);
                           done.count_down();
                         },
                     .on_broken =
                         [&](FrameId id) {
                           broken.push_back(id.value);
                           done.count_down();
                         },
                     .on_failed = [](const Error&) {}},
                    *log};
  for (std::uint64_t i = 0; i < 20; ++i) {
    auto unit = unit_of(i, i % 5 == 4 ? std::byte{0xEE} : std::byte{1});
    while (!stage.try_push(unit)) std::this_thread::yield();
  }
  done.wait();
  EXPECT_EQ(broken, (std::vector<std::uint64_t>{4, 9, 14, 19}));
  EXPECT_EQ(decoded.size(), 16U);
  EXPECT_TRUE(std::ranges::is_sorted(decoded));
}

TEST(DecodeStage, a_full_stage_refuses_and_leaves_the_unit_alone) {
  const auto log = make_null_logger();
  std::latch entered{1}, leave{1};
  bool first = true;
  DecodeStage stage{make_fake,
                    {.on_picture =
                         [&](const DecodedPicture&) {
                           if (!std::exchange(first, false)) return;
                           entered.count_down();
                           leave.wait();
                         },
                     .on_broken = [](FrameId) {},
                     .on_failed = [](const Error&) {}},
                    *log};
  auto unit = unit_of(1);
  ASSERT_TRUE(stage.try_push(unit));
  entered.wait();
  for (std::uint64_t i = 0; i < 8; ++i) {
    unit = unit_of(2 + i);
    ASSERT_TRUE(stage.try_push(unit));
  }
  unit = unit_of(99);
  EXPECT_FALSE(stage.try_push(unit));
  EXPECT_EQ(unit.id.value, 99U);
  EXPECT_EQ(unit.bytes.size(), 100U);
  leave.count_down();
}

TEST(DecodeStage, a_missing_decoder_is_reported) {
  const auto log = make_null_logger();
  std::latch failed{1};
  DecodeStage stage{[](Codec) -> Result<std::unique_ptr<VideoDecoder>> {
                      return fail(ErrorCode::unavailable, "decoder.unavailable", "none");
                    },
                    {.on_picture = [](const DecodedPicture&) {},
                     .on_broken = [](FrameId) {},
                     .on_failed =
                         [&](const Error& error) {
                           EXPECT_EQ(error.id, "decoder.unavailable");
                           failed.count_down();
                         }},
                    *log};
  auto unit = unit_of(1);
  ASSERT_TRUE(stage.try_push(unit));
  failed.wait();
}

}  // namespace
}  // namespace lumen::stream
