#include "codec/burst_guard.hpp"

#include <gtest/gtest.h>

#include "contract/test_pictures.hpp"

namespace lumen::codec {
namespace {

using contract::Scene;

class Cuts : public testing::Test {
 protected:
  bool is_cut(const Scene& scene) {
    const auto lease = pool_->try_acquire();
    contract::draw(lease->picture(), scene);
    return detector_.is_cut(lease->picture());
  }

 private:
  std::shared_ptr<PicturePool> pool_ = *PicturePool::create({.width = 320, .height = 180, .count = 1});
  CutDetector detector_;
};

TEST_F(Cuts, a_picture_that_moves_or_has_grain_is_none) {
  for (std::uint32_t step = 0; step < 30; ++step) {
    EXPECT_FALSE(is_cut({.step = 2 * step, .grain = 40})) << "picture " << step;
  }
}

TEST_F(Cuts, another_picture_is_one_and_its_like_behind_it_is_none) {
  for (std::uint32_t step = 0; step < 10; ++step) is_cut({.step = step});
  EXPECT_TRUE(is_cut({.step = 10, .inverted = true}));
  EXPECT_FALSE(is_cut({.step = 11, .inverted = true}));
}

TEST_F(Cuts, one_in_a_still_picture_is_seen) {
  for (int i = 0; i < 10; ++i) is_cut({});
  EXPECT_TRUE(is_cut({.inverted = true}));
}

TEST(BurstGuard, the_first_picture_is_the_coarser_the_fewer_bits_there_are) {
  EXPECT_EQ(BurstGuard{0.16}.least_quantizer(true), 50);
  EXPECT_EQ(BurstGuard{0.08}.least_quantizer(true), 60);
  EXPECT_EQ(BurstGuard{0.001}.least_quantizer(true), BurstGuard::kCoarsest);
  EXPECT_EQ(BurstGuard{1000}.least_quantizer(true), BurstGuard::kFinest);
}

TEST(BurstGuard, pictures_behind_a_fresh_one_become_finer_by_steps_until_anything_goes) {
  BurstGuard guard{0.16};
  int last = guard.least_quantizer(true);
  guard.encoded(last, 1);
  for (int i = 0; i < 20; ++i) {
    const int next = guard.least_quantizer(false);
    EXPECT_TRUE(next == last - 3 || next == BurstGuard::kFinest) << next << " after " << last;
    guard.encoded(next, 1);
    last = next;
  }
  EXPECT_EQ(last, BurstGuard::kFinest);
}

TEST(BurstGuard, learns_what_a_fresh_picture_costs) {
  BurstGuard guard{0.16};
  guard.encoded(guard.least_quantizer(true), 2);  // twice its share: coarser next time
  EXPECT_EQ(guard.least_quantizer(true), 60);
  guard.encoded(60, 0.25);
  EXPECT_EQ(guard.least_quantizer(true), 40);
  guard.encoded(40, 0);
  EXPECT_EQ(guard.least_quantizer(true), BurstGuard::kFinest);
}

TEST(BurstGuard, what_other_pictures_cost_teaches_it_nothing) {
  BurstGuard guard{0.16};
  guard.encoded(guard.least_quantizer(true), 1);
  guard.encoded(guard.least_quantizer(false), 5);
  EXPECT_EQ(guard.least_quantizer(true), 50);
}

}  // namespace
}  // namespace lumen::codec
