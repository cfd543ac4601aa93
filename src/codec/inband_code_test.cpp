// The whole way of a picture through each codec: converted, encoded, decoded, and the code in it read back.
#include <gtest/gtest.h>

#include <vector>

#include "codec/convert.hpp"
#include "codec/software.hpp"
#include "testing/inband_code.hpp"

namespace lumen::codec {
namespace {

constexpr Mode kMode{1280, 720, 60'000};

struct Case {
  Codec codec;
  ColorSpace color;
};

class InbandCode : public ::testing::TestWithParam<Case> {
 protected:
  std::vector<std::byte> desktop_ = std::vector<std::byte>(std::size_t{4} * kMode.width * kMode.height);
  std::shared_ptr<PicturePool> pool_ = *PicturePool::create(
      {.color = GetParam().color, .width = kMode.width, .height = kMode.height, .count = 1});
  std::unique_ptr<ColorConverter> converter_ = make_converter();
  std::unique_ptr<VideoEncoder> encoder_ = *create_encoder({.codec = GetParam().codec,
                                                            .mode = kMode,
                                                            .color = GetParam().color,
                                                            .bitrate = default_bitrate(kMode)});
  std::unique_ptr<VideoDecoder> decoder_ = *create_decoder(GetParam().codec);

  // Shades that move, and the code.
  CapturedFrame picture(std::uint32_t number) {
    for (std::uint32_t y = 0; y < kMode.height; ++y) {
      for (std::uint32_t x = 0; x < kMode.width; ++x) {
        std::byte* const pixel = desktop_.data() + std::size_t{4} * (std::size_t{y} * kMode.width + x);
        pixel[0] = static_cast<std::byte>((x + 5 * number) / 4);
        pixel[1] = static_cast<std::byte>((y + 3 * number) / 2);
        pixel[2] = static_cast<std::byte>(((x / 40 + y / 40 + number / 8) % 7) * 30);
      }
    }
    testing::draw_code(desktop_.data(), std::size_t{4} * kMode.width, {number, number + 1'000'000ULL});
    auto lease = pool_->try_acquire();
    const BorrowedFrame frame{.width = kMode.width,
                              .height = kMode.height,
                              .stride_bytes = std::size_t{4} * kMode.width,
                              .pixels = desktop_.data()};
    EXPECT_TRUE(converter_->convert(frame, lease->picture(), 0, kMode.height));
    return {.picture = std::move(*lease), .sequence = number, .times = {}};
  }

  std::optional<testing::CodeReading> through_the_codec(const CapturedFrame& frame) {
    const auto coded = encoder_->encode(frame, FrameId{frame.sequence}, false).value();
    const AccessUnit unit{.id = coded.id,
                          .codec = coded.codec,
                          .kind = coded.kind,
                          .width = coded.width,
                          .height = coded.height,
                          .bytes = {coded.bytes.begin(), coded.bytes.end()}};
    return testing::read_code(decoder_->decode(unit).value());
  }
};

TEST_P(InbandCode, is_read_back_from_each_picture_with_its_colours) {
  for (std::uint32_t number = 0; number < 20; ++number) {
    const auto reading = through_the_codec(picture(number));
    ASSERT_TRUE(reading) << "picture " << number;
    EXPECT_EQ(reading->code, (testing::InbandCode{number, number + 1'000'000ULL}));
    EXPECT_LE(reading->max_color_error, testing::kColorTolerance) << "picture " << number;
  }
}

constexpr ColorSpace kLimited709{ColorMatrix::bt709, ColorRange::limited},
    kFull601{ColorMatrix::bt601, ColorRange::full};
INSTANTIATE_TEST_SUITE_P(Software, InbandCode,
                         ::testing::Values(Case{Codec::h264, kLimited709}, Case{Codec::h264, kFull601},
                                           Case{Codec::hevc, kLimited709}, Case{Codec::hevc, kFull601},
                                           Case{Codec::av1, kLimited709}, Case{Codec::av1, kFull601}));

}  // namespace
}  // namespace lumen::codec
