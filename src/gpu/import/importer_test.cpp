#include "gpu/import/importer.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gpu/testing/fake_vulkan.hpp"

namespace lumen::gpu {
namespace {

struct Rig {
  testing::FaultPlan faults;
  testing::FakeCuda cuda{faults};
  testing::FakeVulkan vulkan{faults, cuda};
  UniqueFd file{memfd_create("dmabuf", MFD_CLOEXEC)};

  Apis apis() { return {.cuda = cuda.driver(), .egl = {}, .vulkan = testing::FakeVulkan::loader()}; }
  Result<std::unique_ptr<Importer>> importer() {
    LUMEN_TRY(auto context, cuda::Context::create(cuda.driver()));
    return Importer::create(apis(), std::move(context));
  }
  DmabufPicture picture(std::uint32_t width = 64, std::uint32_t height = 48) {
    EXPECT_EQ(ftruncate(file.get(), 4L * 256 * 256), 0);
    DmabufPicture made{
        .width = width, .height = height, .fourcc = fourcc('X', 'R', '2', '4'), .plane_count = 1};
    made.planes[0] = {file.get(), 0, 4 * width};
    return made;
  }
};

TEST(Importer, offers_linear_dmabufs_where_vulkan_takes_them_and_says_why_no_others) {
  Rig rig;
  const auto importer = *rig.importer();
  EXPECT_EQ(importer->modifiers(), std::vector<std::uint64_t>{0});
  ASSERT_TRUE(importer->egl_refusal());
  EXPECT_EQ(importer->egl_refusal()->id, "egl.absent");
  rig.vulkan.extensions = {"VK_KHR_external_memory_fd"};
  const auto none = rig.importer();
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().id, "import.nothing");
}

TEST(Importer, lends_a_picture_for_each_dmabuf_and_none_when_the_encoder_is_behind) {
  Rig rig;
  const auto importer = *rig.importer();
  importer->set_color({ColorMatrix::bt601, ColorRange::full});
  std::vector<DeviceLease> lent;
  for (std::size_t i = 0; i < Importer::kPictures; ++i) {
    auto imported = importer->import(rig.picture(), {});
    ASSERT_TRUE(imported) << describe(imported.error());
    ASSERT_NE(imported->device, nullptr);
    EXPECT_EQ(imported->device->color().matrix, ColorMatrix::bt601);
    lent.push_back(std::move(imported->device));
  }
  const auto behind = importer->import(rig.picture(), {});
  ASSERT_TRUE(behind);
  EXPECT_EQ(behind->device, nullptr);
  EXPECT_EQ(behind->pixels, nullptr);
  lent.pop_back();
  EXPECT_NE(importer->import(rig.picture(), {})->device, nullptr);
}

TEST(Importer, another_size_takes_other_memory_while_pictures_of_the_first_are_lent) {
  Rig rig;
  const auto importer = *rig.importer();
  auto first = importer->import(rig.picture(64, 48), {});
  ASSERT_TRUE(first);
  auto second = importer->import(rig.picture(80, 50), {});
  ASSERT_TRUE(second) << describe(second.error());
  EXPECT_EQ(first->device->width(), 64U);
  EXPECT_EQ(second->device->width(), 80U);
  first->device.reset();
  second->device.reset();
  EXPECT_TRUE(rig.cuda.misuses().empty()) << rig.cuda.misuses().front();
  EXPECT_TRUE(rig.vulkan.misuses().empty()) << rig.vulkan.misuses().front();
}

TEST(Importer, once_anything_failed_it_is_off_for_good) {
  const std::vector<std::byte> pixels(std::size_t{4} * 8 * 8, std::byte{0x77});
  const PointerPicture pointer{{5, 5, 8, 8}, pixels, 1};
  std::size_t calls = 0;
  {
    Rig rig;
    const auto importer = *rig.importer();
    const auto before = rig.faults.calls();
    ASSERT_TRUE(importer->import(rig.picture(), pointer));
    calls = rig.faults.calls() - before;
  }
  ASSERT_GT(calls, 20U);
  for (std::size_t call = 0; call < calls; ++call) {
    Rig rig;
    {
      const auto importer = *rig.importer();
      const auto picture = rig.picture();
      rig.faults.fail_after(call);
      const auto failed = importer->import(picture, pointer);
      rig.faults.heal();
      if (failed) continue;
      EXPECT_FALSE(failed.error().id.empty());
      const auto again = importer->import(picture, {});
      ASSERT_FALSE(again);
      EXPECT_EQ(again.error().id, failed.error().id) << rig.faults.failed_call();
    }
    EXPECT_EQ(rig.cuda.alive() + rig.vulkan.alive(), 0U) << "after " << rig.faults.failed_call();
  }
}

TEST(Importer, is_off_when_its_owner_says_so) {
  Rig rig;
  const auto importer = *rig.importer();
  importer->switch_off({ErrorCode::unavailable, "encoder.failed", "the GPU's encoder failed", {}, 0});
  const auto refused = importer->import(rig.picture(), {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, "encoder.failed");
}

}  // namespace
}  // namespace lumen::gpu
