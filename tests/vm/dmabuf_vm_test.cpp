// Real dmabufs, of a virtio GPU's memory, through gpu/egl: in the machine of tests/vm/boot, which has one.
#include <drm.h>
#include <drm_mode.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <cstring>
#include <random>

#include "base/fd.hpp"
#include "media/packed_pixels.hpp"
#include "vm/read_back_importer.hpp"

namespace lumen::vm {
namespace {

constexpr const char* kGpu = "/dev/dri/card0";
constexpr std::uint32_t kWidth = 150, kHeight = 67;  // a row is no multiple of what GPUs like

// Memory of the GPU that the processor can write too, and a dmabuf of it.
class GpuMemory {
 public:
  GpuMemory(std::uint32_t width, std::uint32_t height) : card_{open(kGpu, O_RDWR | O_CLOEXEC)} {
    drm_mode_create_dumb made{.height = height, .width = width, .bpp = 32};
    EXPECT_EQ(ioctl(card_.get(), DRM_IOCTL_MODE_CREATE_DUMB, &made), 0) << kGpu;
    stride_ = made.pitch;
    size_ = made.size;
    handle_ = made.handle;
    drm_prime_handle shared{.handle = handle_, .flags = DRM_CLOEXEC | DRM_RDWR};
    EXPECT_EQ(ioctl(card_.get(), DRM_IOCTL_PRIME_HANDLE_TO_FD, &shared), 0);
    dmabuf_.reset(shared.fd);
    drm_mode_map_dumb place{.handle = handle_};
    EXPECT_EQ(ioctl(card_.get(), DRM_IOCTL_MODE_MAP_DUMB, &place), 0);
    void* const mapped = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, card_.get(),
                              static_cast<off_t>(place.offset));
    EXPECT_NE(mapped, MAP_FAILED);
    bytes_ = static_cast<std::uint8_t*>(mapped);
  }
  ~GpuMemory() {
    munmap(bytes_, size_);
    drm_mode_destroy_dumb gone{.handle = handle_};
    ioctl(card_.get(), DRM_IOCTL_MODE_DESTROY_DUMB, &gone);
  }
  GpuMemory(const GpuMemory&) = delete;
  GpuMemory& operator=(const GpuMemory&) = delete;

  void fill(unsigned seed) {
    std::minstd_rand random{seed};
    for (std::size_t i = 0; i < size_; ++i) bytes_[i] = static_cast<std::uint8_t>(random() >> 8U);
  }
  DmabufPicture picture(std::uint32_t format, std::uint64_t modifier) const {
    DmabufPicture picture{
        .width = kWidth, .height = kHeight, .fourcc = format, .modifier = modifier, .plane_count = 1};
    picture.planes[0] = {dmabuf_.get(), 0, stride_};
    return picture;
  }
  // B, G, R of a pixel.
  std::array<std::uint8_t, 3> pixel(const DmabufPicture& picture, std::size_t x, std::size_t y) const {
    const auto layout = *layout_of(picture.fourcc);
    const auto& plane = picture.planes[0];
    std::uint32_t value = 0;
    std::memcpy(&value, bytes_ + plane.offset_bytes + plane.stride_bytes * y + 4 * x, 4);
    const auto colour = [&](std::uint32_t shift) {
      const auto part = value >> shift & ((1U << layout.bits) - 1);
      return static_cast<std::uint8_t>(layout.bits == 10 ? (part * 255 + 511) / 1023 : part);
    };
    return {colour(layout.b), colour(layout.g), colour(layout.r)};
  }
  std::uint32_t stride() const { return stride_; }

 private:
  UniqueFd card_, dmabuf_;
  std::uint32_t stride_ = 0, handle_ = 0;
  std::size_t size_ = 0;
  std::uint8_t* bytes_ = nullptr;
};

std::size_t wrong_pixels(const GpuMemory& memory, const DmabufPicture& picture,
                         const DmabufImporter::Imported& imported) {
  std::size_t wrong = 0;
  for (std::size_t y = 0; y < picture.height; ++y) {
    for (std::size_t x = 0; x < picture.width; ++x) {
      const auto wanted = memory.pixel(picture, x, y);
      wrong +=
          std::memcmp(wanted.data(), imported.pixels + y * imported.stride_bytes + 4 * x, 3) != 0 ? 1U : 0U;
    }
  }
  return wrong;
}

class RealDmabufs : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto made = ReadBackImporter::create();
    ASSERT_TRUE(made) << describe(made.error());
    importer_ = made->release();
  }
  static void TearDownTestSuite() {
    delete importer_;
    importer_ = nullptr;
  }
  static ReadBackImporter* importer_;
};
ReadBackImporter* RealDmabufs::importer_ = nullptr;

TEST_F(RealDmabufs, can_be_negotiated) {
  EXPECT_TRUE(importer_->display().imports_dmabufs()) << importer_->display().renderer();
  EXPECT_FALSE(importer_->modifiers().empty());
}

// Of three kinds; others only differ in the table of media/packed_pixels.hpp.
TEST_F(RealDmabufs, are_read_pixel_for_pixel_and_become_the_nv12_that_the_cpu_makes) {
  GpuMemory memory{kWidth + 10, kHeight + 2};
  for (const auto& [format, modifier] : {std::pair{fourcc('X', 'R', '2', '4'), gpu::egl::kLinear},
                                         {fourcc('X', 'R', '2', '4'), gpu::egl::kInvalid},
                                         {fourcc('A', 'B', '2', '4'), gpu::egl::kLinear},
                                         {fourcc('X', 'R', '3', '0'), gpu::egl::kLinear}}) {
    memory.fill(format);
    const auto picture = memory.picture(format, modifier);
    const auto imported = importer_->import(picture, {});
    ASSERT_TRUE(imported) << describe(imported.error());
    EXPECT_EQ(wrong_pixels(memory, picture, *imported), 0U)
        << std::string(reinterpret_cast<const char*>(&format), 4);
  }
  EXPECT_EQ(importer_->wrong_bytes(), 0U);
}

TEST_F(RealDmabufs, begin_anywhere_in_their_memory_and_show_what_is_drawn_into_them_later) {
  GpuMemory memory{kWidth + 10, kHeight + 2};
  auto picture = memory.picture(fourcc('X', 'R', '2', '4'), gpu::egl::kLinear);
  picture.planes[0].offset_bytes = 2 * memory.stride();
  for (unsigned seed = 1; seed < 4; ++seed) {
    memory.fill(seed);
    const auto imported = importer_->import(picture, {});
    ASSERT_TRUE(imported) << describe(imported.error());
    EXPECT_EQ(wrong_pixels(memory, picture, *imported), 0U);
  }
}

TEST_F(RealDmabufs, get_the_pointer_that_the_cpu_draws) {
  GpuMemory memory{kWidth, kHeight};
  memory.fill(7);
  std::vector<std::byte> shape(std::size_t{4} * 24 * 24);
  std::minstd_rand random{2};
  for (auto& byte : shape) byte = static_cast<std::byte>(random() >> 8U);
  const auto before = importer_->wrong_bytes();
  for (const auto& [x, y] : {std::pair{20, 20}, {-9, -9}, {140, 60}}) {
    const auto imported = importer_->import(memory.picture(fourcc('X', 'R', '2', '4'), gpu::egl::kLinear),
                                            {{x, y, 24, 24}, shape, 1});
    ASSERT_TRUE(imported) << describe(imported.error());
  }
  EXPECT_EQ(importer_->wrong_bytes(), before);
}

TEST_F(RealDmabufs, that_end_before_their_picture_does_are_refused) {
  const GpuMemory memory{kWidth, kHeight};
  for (const auto modifier : {gpu::egl::kLinear, gpu::egl::kInvalid}) {
    auto picture = memory.picture(fourcc('X', 'R', '2', '4'), modifier);
    picture.height = 4 * kHeight;
    const auto refused = importer_->import(picture, {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().id, "egl.import");
  }
}

}  // namespace
}  // namespace lumen::vm
