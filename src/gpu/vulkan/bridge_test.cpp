#include "gpu/vulkan/bridge.hpp"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <random>

#include "codec/convert.hpp"
#include "gpu/testing/fake_vulkan.hpp"
#include "gpu/testing/pin_drivers.hpp"

namespace lumen::gpu::vulkan {
namespace {

constexpr ColorSpace kColor{ColorMatrix::bt601, ColorRange::full};
constexpr std::uint32_t kXrgb = fourcc('X', 'R', '2', '4'), kXbgr = fourcc('X', 'B', '2', '4');

// A dmabuf is a file here.
struct Dmabuf {
  Dmabuf(std::uint32_t width, std::uint32_t height, std::uint32_t format)
      : layout{*layout_of(format)}, fd{memfd_create("dmabuf", MFD_CLOEXEC)} {
    picture = {.width = width, .height = height, .fourcc = format, .plane_count = 1};
    picture.planes[0] = {fd.get(), 64, width * layout.bytes + 32};
    bytes.resize(64 + std::size_t{picture.planes[0].stride_bytes} * height);
    std::minstd_rand random{5};
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random() >> 8);
    write();
  }
  void write() const {
    ASSERT_EQ(pwrite(fd.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  }
  // B, G, R, 0 of a pixel, for formats of eight bits.
  std::vector<std::uint8_t> bgrx() const {
    std::vector<std::uint8_t> pixels;
    for (std::size_t y = 0; y < picture.height; ++y) {
      for (std::size_t x = 0; x < picture.width; ++x) {
        const auto* const at = bytes.data() + 64 + picture.planes[0].stride_bytes * y + layout.bytes * x;
        for (const auto shift : {layout.b, layout.g, layout.r}) pixels.push_back(at[shift / 8]);
        pixels.push_back(0);
      }
    }
    return pixels;
  }
  PackedLayout layout;
  UniqueFd fd;
  DmabufPicture picture;
  std::vector<std::uint8_t> bytes;
};

struct Rig {
  testing::FaultPlan faults;
  testing::FakeCuda cuda{faults};
  testing::FakeVulkan vulkan{faults, cuda};
  PFN_vkGetInstanceProcAddr loader = testing::FakeVulkan::loader();

  Result<PictureLease> bring_over(const Dmabuf& dmabuf, const PointerPicture& pointer = {}) {
    LUMEN_TRY(const auto context, cuda::Context::create(cuda.driver()));
    LUMEN_TRY(const auto device, Device::create(loader, context->uuid()));
    LUMEN_TRY(const auto bridge, LinearBridge::create(*device));
    LUMEN_TRY(const auto pool,
              SharedPool::create(*device, context,
                                 {.width = dmabuf.picture.width, .height = dmabuf.picture.height}));
    const auto out = pool->try_acquire();
    LUMEN_CHECK_OK(bridge->copy(dmabuf.picture, *pool, *out, kColor, pointer));
    LUMEN_CHECK_OK(bridge->copy(dmabuf.picture, *pool, *out, kColor, pointer));
    LUMEN_TRY(
        const auto cpu,
        PicturePool::create(
            {.color = kColor, .width = dmabuf.picture.width, .height = dmabuf.picture.height, .count = 1}));
    auto picture = cpu->try_acquire();
    LUMEN_CHECK_OK(out->download(picture->picture()));
    return std::move(*picture);
  }
  void expect_no_misuse() const {
    EXPECT_TRUE(cuda.misuses().empty()) << cuda.misuses().front();
    EXPECT_TRUE(vulkan.misuses().empty()) << vulkan.misuses().front();
  }
  std::size_t alive() const { return cuda.alive() + vulkan.alive(); }
};

std::size_t open_files() {
  const std::filesystem::directory_iterator fds{"/proc/self/fd"};
  return static_cast<std::size_t>(std::distance(begin(fds), end(fds)));
}

void expect_as_the_cpu_makes_it(const Picture& got, const Dmabuf& dmabuf,
                                const PointerPicture& pointer = {}) {
  const auto cpu =
      *PicturePool::create({.color = kColor, .width = got.width, .height = got.height, .count = 1});
  const auto lease = cpu->try_acquire();
  const auto& wanted = lease->picture();
  auto pixels = dmabuf.bgrx();
  draw_over(pointer, reinterpret_cast<std::byte*>(pixels.data()), std::size_t{4} * got.width, got.width,
            got.height);
  const BorrowedFrame frame{.width = got.width,
                            .height = got.height,
                            .stride_bytes = std::size_t{4} * got.width,
                            .pixels = reinterpret_cast<const std::byte*>(pixels.data())};
  ASSERT_TRUE(codec::make_converter()->convert(frame, wanted, 0, got.height));
  for (std::size_t plane = 0; plane < 2; ++plane) {
    const auto &one = wanted.planes[plane], &two = got.planes[plane];
    for (std::size_t y = 0; y < wanted.coded_height() / (plane + 1); ++y) {
      ASSERT_EQ(std::memcmp(one.pixels + y * one.stride_bytes, two.pixels + y * two.stride_bytes,
                            wanted.coded_width()),
                0)
          << "plane " << plane << " row " << y;
    }
  }
}

TEST(LinearBridge, brings_pictures_of_any_size_and_order_of_colours) {
  for (const auto format : {kXrgb, kXbgr, fourcc('R', 'X', '2', '4'), fourcc('B', 'G', '2', '4')}) {
    for (const auto& [width, height] : {std::pair{64U, 48U}, {641U, 363U}, {1U, 1U}}) {
      Rig rig;
      const Dmabuf dmabuf{width, height, format};
      const auto got = rig.bring_over(dmabuf);
      ASSERT_TRUE(got) << describe(got.error());
      expect_as_the_cpu_makes_it(got->picture(), dmabuf);
      rig.expect_no_misuse();
      EXPECT_EQ(rig.alive(), 0U);
    }
  }
}

struct Pointer {
  explicit Pointer(Rect at)
      : area{at}, pixels(std::size_t{4} * static_cast<std::size_t>(at.width * at.height)) {
    std::minstd_rand random{11};
    for (auto& byte : pixels) byte = static_cast<std::byte>(random() >> 8);
  }
  PointerPicture picture() const { return {area, pixels, 1}; }
  Rect area;
  std::vector<std::byte> pixels;
};

TEST(LinearBridge, draws_the_pointer_that_the_cpu_draws_wherever_it_lies) {
  for (const auto format : {kXrgb, kXbgr, fourcc('B', 'G', '2', '4')}) {
    for (const Rect area :
         {Rect{9, 7, 37, 23}, {-5, -5, 37, 23}, {60, 40, 37, 23}, {64, 48, 9, 9}, {-300, -20, 512, 512}}) {
      Rig rig;
      const Dmabuf dmabuf{64, 47, format};
      const Pointer pointer{area};
      const auto got = rig.bring_over(dmabuf, pointer.picture());
      ASSERT_TRUE(got) << describe(got.error());
      expect_as_the_cpu_makes_it(got->picture(), dmabuf, pointer.picture());
      rig.expect_no_misuse();
      EXPECT_EQ(rig.alive(), 0U);
    }
  }
}

// The shader itself, by Mesa's Vulkan in software, whatever else is here.
TEST(LinearBridge, makes_the_same_pixels_on_a_real_vulkan) {
  testing::FaultPlan faults;
  testing::FakeCuda cuda{faults};
  const auto context = *cuda::Context::create(cuda.driver());
  setenv("VK_LOADER_DRIVERS_SELECT", "*lvp*", 1);  // NOLINT(concurrency-mt-unsafe): there is no other thread
  const auto loader = load_loader();
  ASSERT_TRUE(loader) << describe(loader.error());
  const auto device = Device::create(*loader, std::nullopt);
  ASSERT_TRUE(device) << describe(device.error());
  testing::pin_drivers();
  const auto bridge = *LinearBridge::create(**device);
  const Pointer pointer{{-5, 7, 37, 23}};
  for (const auto format : {kXrgb, kXbgr, fourcc('B', 'G', '2', '4')}) {
    for (const auto& drawn : {PointerPicture{}, pointer.picture()}) {
      const Dmabuf dmabuf{61, 47, format};
      const auto source = SharedBuffer::create(**device, context, dmabuf.bytes.size());
      ASSERT_TRUE(source) << describe(source.error());
      std::memcpy(reinterpret_cast<void*>((*source)->address()),  // NOLINT(performance-no-int-to-ptr)
                  dmabuf.bytes.data(), dmabuf.bytes.size());
      const auto pool = *SharedPool::create(**device, context, {.width = 61, .height = 47, .count = 1});
      const auto out = pool->try_acquire();
      const LinearPicture linear{61, 47, 64, dmabuf.picture.planes[0].stride_bytes, dmabuf.layout};
      static std::uint64_t id = 0;
      ASSERT_TRUE(bridge->copy((*source)->buffer(), ++id, linear, *pool, *out, kColor, drawn));
      const auto cpu = *PicturePool::create({.color = kColor, .width = 61, .height = 47, .count = 1});
      const auto lease = cpu->try_acquire();
      ASSERT_TRUE(out->download(lease->picture()));
      expect_as_the_cpu_makes_it(lease->picture(), dmabuf, drawn);
      bridge->forget_results();
    }
  }
}

TEST(LinearBridge, refuses_a_pointer_that_is_larger_than_any) {
  Rig rig;
  const auto refused = rig.bring_over(Dmabuf{64, 48, kXrgb}, Pointer{{0, 0, 513, 1}}.picture());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, "vulkan.pointer");
  EXPECT_EQ(rig.alive(), 0U);
}

TEST(LinearBridge, any_call_that_fails_is_a_typed_error_and_leaves_nothing_behind) {
  Rig rig;
  const Dmabuf dmabuf{16, 16, kXbgr};
  const Pointer pointer{{3, 3, 8, 8}};
  ASSERT_TRUE(rig.bring_over(dmabuf, pointer.picture()));
  const auto calls = rig.faults.calls();
  const auto files = open_files();
  ASSERT_GT(calls, 50U);
  std::size_t failures = 0;
  for (std::size_t call = 0; call < calls; ++call) {
    rig.faults.fail_after(call);
    const auto bytes = rig.bring_over(dmabuf, pointer.picture());
    const auto failed = rig.faults.failed_call();
    rig.faults.heal();
    if (bytes) continue;
    ++failures;
    EXPECT_TRUE(bytes.error().id.starts_with("vulkan.") || bytes.error().id.starts_with("cuda.")) << failed;
    EXPECT_EQ(rig.alive(), 0U) << "after " << failed;
    EXPECT_EQ(open_files(), files) << "after " << failed;
  }
  rig.expect_no_misuse();
  EXPECT_GT(failures, calls / 2);  // the rest are those of giving back
}

TEST(LinearBridge, imports_a_buffer_once_and_takes_nothing_for_a_picture) {
  Rig rig;
  const auto context = *cuda::Context::create(rig.cuda.driver());
  const auto device = *Device::create(rig.loader, context->uuid());
  const auto bridge = *LinearBridge::create(*device);
  const auto pool = *SharedPool::create(*device, context, {.width = 64, .height = 48});
  const Dmabuf first{64, 48, kXrgb}, second{64, 48, kXrgb};
  const auto out = pool->try_acquire();
  for (const auto* dmabuf : {&first, &second})
    ASSERT_TRUE(bridge->copy(dmabuf->picture, *pool, *out, kColor));
  const auto creations = rig.vulkan.creations() + rig.cuda.creations();
  for (int picture = 0; picture < 50; ++picture) {
    ASSERT_TRUE(bridge->copy(picture % 2 == 0 ? first.picture : second.picture, *pool, *out, kColor));
  }
  EXPECT_EQ(rig.vulkan.creations() + rig.cuda.creations(), creations);
  rig.expect_no_misuse();
}

TEST(LinearBridge, keeps_no_more_buffers_than_a_source_makes) {
  Rig rig;
  const auto context = *cuda::Context::create(rig.cuda.driver());
  const auto device = *Device::create(rig.loader, context->uuid());
  const auto bridge = *LinearBridge::create(*device);
  const auto pool = *SharedPool::create(*device, context, {.width = 64, .height = 48});
  const auto out = pool->try_acquire();
  std::size_t most = 0;
  for (int picture = 0; picture < 60; ++picture) {
    ASSERT_TRUE(bridge->copy(Dmabuf{64, 48, kXrgb}.picture, *pool, *out, kColor));
    if (picture == 20) most = rig.vulkan.alive();
  }
  EXPECT_EQ(rig.vulkan.alive(), most);
  rig.expect_no_misuse();
}

TEST(LinearBridge, reads_nothing_outside_of_a_dmabuf) {
  Rig rig;
  const auto context = *cuda::Context::create(rig.cuda.driver());
  const auto device = *Device::create(rig.loader, context->uuid());
  const auto bridge = *LinearBridge::create(*device);
  const auto pool = *SharedPool::create(*device, context, {.width = 64, .height = 48});
  const auto out = pool->try_acquire();
  const Dmabuf dmabuf{64, 48, kXrgb};
  for (const DmabufPicture::Plane& plane :
       {DmabufPicture::Plane{dmabuf.fd.get(), 0x7FFF'FFFF, 288},
        DmabufPicture::Plane{dmabuf.fd.get(), 0, 0xFFFF'FFF0}, DmabufPicture::Plane{dmabuf.fd.get(), 0, 8},
        DmabufPicture::Plane{dmabuf.fd.get(), 2, 288}, DmabufPicture::Plane{-1, 0, 288}}) {
    auto hostile = dmabuf.picture;
    hostile.planes[0] = plane;
    const auto refused = bridge->copy(hostile, *pool, *out, kColor);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().id, "vulkan.import");
  }
  EXPECT_TRUE(bridge->copy(dmabuf.picture, *pool, *out, kColor));
}

TEST(VulkanDevice, refuses_a_gpu_that_is_not_there_and_one_that_shares_nothing) {
  Rig rig;
  const auto other = Device::create(rig.loader, Uuid{1});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().id, "vulkan.no-device");
  rig.vulkan.extensions = {"VK_EXT_external_memory_dma_buf"};
  const auto poor = Device::create(rig.loader, std::nullopt);
  ASSERT_FALSE(poor);
  EXPECT_EQ(poor.error().id, "vulkan.device");
  EXPECT_NE(poor.error().what.find("VK_KHR_external_memory_fd"), std::string::npos);
  EXPECT_EQ(rig.alive(), 0U);
}

TEST(VulkanDevice, the_absence_of_vulkan_or_of_its_gpus_is_told_with_a_remedy) {
  const auto loader = load_loader();
  if (dlopen("libvulkan.so.1", RTLD_NOW | RTLD_LOCAL) == nullptr) {
    ASSERT_FALSE(loader);
    EXPECT_EQ(loader.error().id, "vulkan.absent");
    return;
  }
  ASSERT_TRUE(loader);
  const auto device = Device::create(*loader, Uuid{1, 2, 3});
  ASSERT_FALSE(device);
  EXPECT_EQ(device.error().id, "vulkan.no-device");
  EXPECT_FALSE(device.error().remedy.empty());
}

}  // namespace
}  // namespace lumen::gpu::vulkan
