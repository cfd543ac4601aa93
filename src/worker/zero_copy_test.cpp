#include "worker/zero_copy.hpp"

#include <gtest/gtest.h>

namespace lumen::worker {
namespace {

TEST(ZeroCopy, is_automatic_unless_somebody_says_on_or_off) {
  EXPECT_EQ(zero_copy_wish(""), ZeroCopyWish::automatic);
  EXPECT_EQ(zero_copy_wish("auto"), ZeroCopyWish::automatic);
  EXPECT_EQ(zero_copy_wish("on"), ZeroCopyWish::on);
  EXPECT_EQ(zero_copy_wish("off"), ZeroCopyWish::off);
}

TEST(ZeroCopy, a_session_encodes_whatever_the_machine_has_and_whatever_was_wished) {
  const auto log = make_null_logger();
  for (const auto wish : {ZeroCopyWish::automatic, ZeroCopyWish::on, ZeroCopyWish::off}) {
    ZeroCopy zero_copy{wish, *log};
    zero_copy.set_color({ColorMatrix::bt601, ColorRange::full});
    EXPECT_TRUE(zero_copy.encoders().create(
        {.codec = Codec::h264, .mode = {640, 360, 60'000}, .bitrate = {4'000'000}}));
    zero_copy.on_encoder();
    if (wish == ZeroCopyWish::off) {
      EXPECT_EQ(zero_copy.importer(), nullptr);
    }
  }
}

}  // namespace
}  // namespace lumen::worker
