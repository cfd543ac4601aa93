#include "gpu/cuda/context.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "gpu/cuda/buffer_pool.hpp"
#include "gpu/cuda/packed_buffer.hpp"
#include "gpu/testing/fake_cuda.hpp"

namespace lumen::gpu::cuda {
namespace {

constexpr BufferPool::Params kSmall{.width = 33, .height = 17, .count = 3};

struct Rig {
  testing::FaultPlan faults;
  testing::FakeCuda fake{faults};
};

// Everything that a session makes of CUDA here.
Status make_everything(const Driver& driver) {
  LUMEN_TRY(const auto context, Context::create(driver));
  LUMEN_TRY(auto event, Event::create(*context, true));
  LUMEN_TRY(auto later, Event::create(*context, true));
  LUMEN_TRY(const auto pool, BufferPool::create(context, kSmall));
  const auto lease = pool->try_acquire();
  LUMEN_TRY(const auto from, PackedBuffer::create(context, 33, 17));
  LUMEN_TRY(const auto to, PackedBuffer::create(context, 33, 17));
  std::vector<std::byte> pixels(std::size_t{4} * 33 * 17);
  LUMEN_CHECK_OK(event.record());
  LUMEN_CHECK_OK(upload(*context, pixels.data(), from->view()));
  LUMEN_CHECK_OK(copy(*context, from->view(), to->view()));
  LUMEN_CHECK_OK(download(*context, to->view(), pixels.data()));
  LUMEN_TRY(const auto cpu, PicturePool::create({.width = 33, .height = 17, .count = 1}));
  LUMEN_CHECK_OK(lease->download(cpu->try_acquire()->picture()));
  LUMEN_CHECK_OK(later.record());
  LUMEN_CHECK_OK(later.wait());
  LUMEN_TRY(const auto ms, later.elapsed_ms(event));
  static_cast<void>(ms);
  return context->wait();
}

TEST(CudaContext, says_which_gpu_it_is_on) {
  Rig rig;
  const auto context = Context::create(rig.fake.driver());
  ASSERT_TRUE(context);
  EXPECT_EQ((*context)->name(), "Fake GPU");
  EXPECT_EQ((*context)->uuid().front(), 7);
}

TEST(CudaContext, refuses_a_gpu_that_is_not_there) {
  Rig rig;
  const auto context = Context::create(rig.fake.driver(), 1);
  ASSERT_FALSE(context);
  EXPECT_EQ(context.error().id, "cuda.no-device");
  EXPECT_EQ(rig.fake.alive(), 0U);
}

TEST(CudaContext, any_call_that_fails_is_a_typed_error_and_leaves_nothing_behind) {
  Rig rig;
  ASSERT_TRUE(make_everything(rig.fake.driver()));
  const auto calls = rig.faults.calls();
  ASSERT_GT(calls, 20U);
  std::size_t failures = 0;
  for (std::size_t call = 0; call < calls; ++call) {
    rig.faults.fail_after(call);
    const auto made = make_everything(rig.fake.driver());
    if (!made) {
      ++failures;
      EXPECT_TRUE(made.error().id.starts_with("cuda.")) << rig.faults.failed_call();
      EXPECT_FALSE(made.error().remedy.empty());
      EXPECT_EQ(rig.fake.alive(), 0U) << "after " << rig.faults.failed_call();
    }
    rig.faults.heal();
    EXPECT_TRUE(rig.fake.misuses().empty()) << rig.fake.misuses().front();
  }
  EXPECT_GT(failures, 20U);  // the rest are those of giving back
}

TEST(BufferPool, lends_each_picture_once_and_has_it_back) {
  Rig rig;
  const auto context = Context::create(rig.fake.driver());
  const auto pool = BufferPool::create(*context, kSmall);
  ASSERT_TRUE(pool);
  std::vector<DeviceLease> lent;
  for (int i = 0; i < 3; ++i) lent.push_back((*pool)->try_acquire());
  EXPECT_EQ((*pool)->try_acquire(), nullptr);
  lent.pop_back();
  EXPECT_NE((*pool)->try_acquire(), nullptr);
  EXPECT_EQ(lent.front()->width(), 33U);
  EXPECT_EQ(lent.front()->height(), 17U);
}

TEST(BufferPool, lives_until_its_last_picture_is_back) {
  Rig rig;
  DeviceLease last;
  {
    auto context = Context::create(rig.fake.driver());
    auto pool = BufferPool::create(std::move(*context), kSmall);
    last = (*pool)->try_acquire();
  }
  EXPECT_GT(rig.fake.alive(), 0U);
  const auto cpu = *PicturePool::create({.width = 33, .height = 17, .count = 1});
  EXPECT_TRUE(last->download(cpu->try_acquire()->picture()));
  last.reset();
  EXPECT_EQ(rig.fake.alive(), 0U);
}

TEST(BufferPool, takes_nothing_of_the_gpu_for_a_picture) {
  Rig rig;
  const auto context = Context::create(rig.fake.driver());
  const auto pool = BufferPool::create(*context, kSmall);
  const auto before = rig.fake.creations();
  for (int picture = 0; picture < 100; ++picture) static_cast<void>((*pool)->try_acquire());
  EXPECT_EQ(rig.fake.creations(), before);
}

TEST(BufferPool, refuses_to_copy_into_a_picture_of_another_size) {
  Rig rig;
  const auto context = Context::create(rig.fake.driver());
  const auto pool = BufferPool::create(*context, kSmall);
  const auto cpu = *PicturePool::create({.width = 32, .height = 17, .count = 1});
  const auto refused = (*pool)->try_acquire()->download(cpu->try_acquire()->picture());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, "device.size");
}

}  // namespace
}  // namespace lumen::gpu::cuda
