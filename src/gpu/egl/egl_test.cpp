// On the machine's own EGL; without a GPU that is Mesa's, in software. CUDA is a fake that reads the
// textures.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <random>

#include "codec/convert.hpp"
#include "gpu/cuda/buffer_pool.hpp"
#include "gpu/egl/pass.hpp"
#include "gpu/egl/texture.hpp"
#include "gpu/testing/fake_cuda.hpp"
#include "gpu/testing/faulty_egl.hpp"
#include "gpu/testing/pin_drivers.hpp"
#include "media/packed_pixels.hpp"

namespace lumen::gpu::egl {
namespace {

constexpr std::uint32_t kXrgb = fourcc('X', 'R', '2', '4');

Api machine_api() {
  auto api = load_api();
  if (!api) {
    ADD_FAILURE() << describe(api.error());
    std::abort();
  }
  static const bool pinned = [&] {
    const auto display = Display::create(*api);
    testing::pin_drivers();
    return true;
  }();
  static_cast<void>(pinned);
  return *api;
}

std::vector<std::uint8_t> noise(std::size_t bytes) {
  std::minstd_rand random{3};
  std::vector<std::uint8_t> values(bytes);
  for (auto& value : values) value = static_cast<std::uint8_t>(random() >> 8);
  return values;
}

Result<Texture> upload(const Display& display, GLenum format, std::uint32_t width, std::uint32_t height,
                       GLenum order, GLenum type, const void* pixels) {
  LUMEN_TRY(auto texture, Texture::create(display, format, width, height));
  display.api().texture_upload(GL_TEXTURE_2D, 0, 0, 0, static_cast<GLsizei>(width),
                               static_cast<GLsizei>(height), order, type, pixels);
  LUMEN_CHECK_OK(display.check_gl("an upload"));
  return texture;
}

struct Rig {
  testing::FaultPlan faults;
  testing::FakeCuda cuda{faults};

  // All that a picture goes through, `pixels` being R, G, B, A; the pooled picture's bytes.
  Result<std::vector<std::byte>> bring_over(const Display& display, PassKind kind, std::uint32_t width,
                                            std::uint32_t height, const std::uint8_t* pixels) {
    LUMEN_TRY(const auto context, cuda::Context::create(cuda.driver()));
    LUMEN_TRY(const auto pass, Pass::create(display, kind));
    LUMEN_TRY(const auto source, upload(display, GL_RGBA8, width, height, GL_RGBA, GL_UNSIGNED_BYTE, pixels));
    LUMEN_TRY(auto texture, Texture::create(display, GL_RGBA8, width, height));
    LUMEN_TRY(const auto registered, RegisteredTexture::create(context, std::move(texture)));
    LUMEN_TRY(const auto buffer, cuda::PackedBuffer::create(context, width, height));
    cuda.read_texture = [&](unsigned name) {
      testing::FakeCuda::Texture read{width, height,
                                      std::vector<std::uint8_t>(std::size_t{4} * width * height)};
      const auto real = machine_api();
      real.bind_texture(GL_TEXTURE_2D, name);
      real.texture_read(GL_TEXTURE_2D, 0, GL_RGBA, GL_UNSIGNED_BYTE, read.rgba.data());
      return read;
    };
    LUMEN_CHECK_OK(pass->run(source.name(), registered->name(), width, height));
    LUMEN_CHECK_OK(registered->copy_to(buffer->view()));
    LUMEN_CHECK_OK(pass->wait());
    std::vector<std::byte> bytes(std::size_t{4} * width * height);
    LUMEN_CHECK_OK(cuda::download(*context, buffer->view(), bytes.data()));
    return bytes;
  }
};

class EglPassKinds : public ::testing::TestWithParam<PassKind> {};
INSTANTIATE_TEST_SUITE_P(Texture, EglPassKinds, ::testing::Values(PassKind::compute, PassKind::fragment));

TEST_P(EglPassKinds, puts_blue_first_and_changes_nothing_else_at_any_size) {
  for (const auto& [width, height] : {std::pair{64U, 48U}, {641U, 363U}, {1U, 1U}, {1920U, 1080U}}) {
    Rig rig;
    const auto rgba = noise(std::size_t{4} * width * height);
    const auto display = *Display::create(machine_api());
    const auto bytes = rig.bring_over(*display, GetParam(), width, height, rgba.data());
    ASSERT_TRUE(bytes) << describe(bytes.error());
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < rgba.size(); i += 4) {
      const auto at = [&](std::size_t k) { return std::to_integer<std::uint8_t>((*bytes)[i + k]); };
      if (at(0) != rgba[i + 2] || at(1) != rgba[i + 1] || at(2) != rgba[i] || at(3) != 255) ++wrong;
    }
    EXPECT_EQ(wrong, 0U) << width << 'x' << height;
    EXPECT_EQ(rig.cuda.alive(), 0U);
    EXPECT_TRUE(rig.cuda.misuses().empty()) << rig.cuda.misuses().front();
  }
}

TEST_P(EglPassKinds, any_call_that_fails_is_a_typed_error_and_leaves_nothing_behind) {
  Rig rig;
  const auto rgba = noise(std::size_t{4} * 16 * 16);
  const auto api = testing::faulty_egl(machine_api(), rig.faults);
  const auto display = *Display::create(api);
  const auto before = rig.faults.calls();
  ASSERT_TRUE(rig.bring_over(*display, GetParam(), 16, 16, rgba.data()));
  const auto calls = rig.faults.calls() - before;
  ASSERT_GT(calls, 40U);
  std::size_t failures = 0;
  std::size_t left = 0;  // by a giving back that failed: a real driver frees it with the context
  for (std::size_t call = 0; call < calls; ++call) {
    rig.faults.fail_after(call);
    const auto bytes = rig.bring_over(*display, GetParam(), 16, 16, rgba.data());
    const auto& failed = rig.faults.failed_call();
    if (!bytes) {
      ++failures;
      EXPECT_TRUE(bytes.error().id.starts_with("egl.") || bytes.error().id.starts_with("cuda.")) << failed;
      EXPECT_EQ(rig.cuda.alive(), left) << "after " << failed;
    } else {
      left = rig.cuda.alive();
    }
    rig.faults.heal();
  }
  EXPECT_TRUE(rig.cuda.misuses().empty()) << rig.cuda.misuses().front();
  EXPECT_GT(failures, calls * 3 / 4);  // the rest are those of giving back, and of optional questions
}

// The whole picture as a buffer of OpenGL's holds it.
void expect_nv12_as_the_cpu_makes_it(const Display& display, Pass& pass, std::uint32_t width,
                                     std::uint32_t height, ColorSpace color,
                                     const PointerPicture& pointer = {}) {
  const auto& api = display.api();
  auto bgrx = noise(std::size_t{4} * width * height);
  const auto source =
      upload(display, GL_RGBA8, width, height, GL_BGRA, GL_UNSIGNED_INT_8_8_8_8_REV, bgrx.data());
  ASSERT_TRUE(source);
  const auto cpu = *PicturePool::create({.color = color, .width = width, .height = height, .count = 1});
  const auto lease = cpu->try_acquire();
  const auto& wanted = lease->picture();
  const std::size_t pitch = (std::size_t{width} + 63) / 64 * 64, rows = cuda::rows_of_nv12(height);
  GLuint buffer = 0;
  api.gen_buffers(1, &buffer);
  api.bind_buffer(GL_SHADER_STORAGE_BUFFER, buffer);
  api.buffer_storage(GL_SHADER_STORAGE_BUFFER, static_cast<GLsizeiptr>(pitch * rows), nullptr, 0);
  const Pass::Nv12 out{buffer, pitch, pitch * wanted.coded_height(), color};
  const auto texture = *PointerTexture::create(display);
  ASSERT_TRUE(texture->set(pointer));
  ASSERT_TRUE(pass.run_to_nv12(source->name(), out, width, height, texture.get()));
  ASSERT_TRUE(pass.wait());
  draw_over(pointer, reinterpret_cast<std::byte*>(bgrx.data()), std::size_t{4} * width, width, height);
  std::vector<std::byte> got(pitch * rows);
  api.buffer_read(GL_SHADER_STORAGE_BUFFER, 0, static_cast<GLsizeiptr>(got.size()), got.data());
  api.delete_buffers(1, &buffer);
  const BorrowedFrame frame{.width = width,
                            .height = height,
                            .stride_bytes = std::size_t{4} * width,
                            .pixels = reinterpret_cast<const std::byte*>(bgrx.data())};
  ASSERT_TRUE(codec::make_converter()->convert(frame, wanted, 0, height));
  for (std::size_t y = 0; y < rows; ++y) {
    const bool is_luma = y < wanted.coded_height();
    const auto& plane = wanted.planes[is_luma ? 0 : 1];
    const auto* const row = plane.pixels + plane.stride_bytes * (is_luma ? y : y - wanted.coded_height());
    ASSERT_EQ(std::memcmp(row, got.data() + pitch * y, wanted.coded_width()), 0)
        << "row " << y << " of " << width << 'x' << height;
  }
}

TEST(EglPass, makes_the_nv12_that_the_cpu_makes) {
  const auto display = *Display::create(machine_api());
  const auto pass = *Pass::create(*display, PassKind::nv12);
  for (const auto matrix : {ColorMatrix::bt601, ColorMatrix::bt709}) {
    for (const auto range : {ColorRange::limited, ColorRange::full}) {
      for (const auto& [width, height] : {std::pair{64U, 48U}, {641U, 363U}, {1U, 1U}, {6U, 3U}}) {
        expect_nv12_as_the_cpu_makes_it(*display, *pass, width, height, {matrix, range});
      }
    }
  }
}

TEST(EglPass, draws_the_pointer_that_the_cpu_draws_wherever_it_lies) {
  const auto display = *Display::create(machine_api());
  const auto pass = *Pass::create(*display, PassKind::nv12);
  const auto pixels = noise(std::size_t{4} * 37 * 23);
  for (const auto& [x, y] : {std::pair{9, 7}, {-5, -5}, {50, 40}, {63, 47}, {64, 48}, {-37, 0}}) {
    const PointerPicture pointer{{x, y, 37, 23}, std::as_bytes(std::span{pixels}), 1};
    expect_nv12_as_the_cpu_makes_it(*display, *pass, 64, 48, {}, pointer);
    expect_nv12_as_the_cpu_makes_it(*display, *pass, 61, 45, {ColorMatrix::bt601, ColorRange::full}, pointer);
  }
}

TEST(PointerTextures, are_uploaded_when_the_pointer_is_another_and_not_when_it_moves) {
  static int uploads = 0;
  uploads = 0;
  static Api real;
  real = machine_api();
  auto api = real;
  api.texture_upload = [](GLenum target, GLint level, GLint x, GLint y, GLsizei width, GLsizei height,
                          GLenum format, GLenum type, const void* pixels) {
    ++uploads;
    real.texture_upload(target, level, x, y, width, height, format, type, pixels);
  };
  const auto display = *Display::create(api);
  const auto texture = *PointerTexture::create(*display);
  const auto pixels = noise(std::size_t{4} * 512 * 512);
  PointerPicture pointer{{1, 2, 512, 512}, std::as_bytes(std::span{pixels}), 1};
  ASSERT_TRUE(texture->set(pointer));
  pointer.area.x = 40;
  ASSERT_TRUE(texture->set(pointer));
  EXPECT_EQ(texture->area(), pointer.area);
  ASSERT_TRUE(texture->set({}));
  EXPECT_EQ(texture->area().width, 0);
  ASSERT_TRUE(texture->set(pointer));
  EXPECT_EQ(uploads, 1);
  ++pointer.shape;
  ASSERT_TRUE(texture->set(pointer));
  EXPECT_EQ(uploads, 2);
  pointer = {{0, 0, 513, 1}, std::as_bytes(std::span{pixels}).first(std::size_t{4} * 513), 9};
  const auto refused = texture->set(pointer);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, "egl.pointer");
}

TEST(EglDisplay, any_call_that_fails_is_a_typed_error) {
  testing::FaultPlan faults;
  const auto api = testing::faulty_egl(machine_api(), faults);
  ASSERT_TRUE(Display::create(api));
  const auto calls = faults.calls();
  std::size_t failures = 0;
  for (std::size_t call = 0; call < calls; ++call) {
    faults.fail_after(call);
    const auto display = Display::create(api);
    faults.heal();
    if (display) continue;
    ++failures;
    EXPECT_TRUE(display.error().id.starts_with("egl.")) << faults.failed_call();
  }
  EXPECT_GT(failures, 5U);  // the rest are optional questions
}

TEST(EglDisplay, names_its_renderer_and_refuses_a_gpu_that_is_not_there) {
  const auto api = machine_api();
  const auto display = Display::create(api);
  ASSERT_TRUE(display) << describe(display.error());
  EXPECT_FALSE((*display)->renderer().empty());
  for (const auto& wish : {DeviceWish{.uuid = Uuid{1, 2, 3}}, DeviceWish{.cuda_ordinal = 77},
                           DeviceWish{.render_node = "/dev/dri/renderD255"}}) {
    const auto absent = Display::create(api, wish);
    ASSERT_FALSE(absent);
    EXPECT_EQ(absent.error().id, "egl.no-device");
    EXPECT_FALSE(absent.error().remedy.empty());
  }
}

TEST(EglDisplay, leaves_the_modifier_to_a_driver_that_takes_dmabufs_and_lists_none) {
  auto api = machine_api();
  api.query_string = [](EGLDisplay, EGLint) -> const char* {
    return "EGL_KHR_image_base EGL_EXT_image_dma_buf_import";
  };
  EXPECT_EQ((*Display::create(api))->importable(kXrgb), std::vector<std::uint64_t>{kInvalid});
  api.query_string = [](EGLDisplay, EGLint) -> const char* { return "EGL_KHR_image_base"; };
  EXPECT_TRUE((*Display::create(api))->importable(kXrgb).empty());
}

TEST(EglDisplay, offers_tiled_modifiers_first_linear_last_and_none_that_opengl_cannot_sample) {
  auto api = machine_api();
  api.create_image = [](EGLDisplay, EGLContext, EGLenum, EGLClientBuffer, const EGLint*) -> EGLImageKHR {
    return EGL_NO_IMAGE_KHR;
  };
  api.destroy_image = [](EGLDisplay, EGLImageKHR) -> EGLBoolean { return EGL_TRUE; };
  api.image_target_texture = [](GLenum, void*) {};
  api.query_string = [](EGLDisplay, EGLint) -> const char* {
    return "EGL_KHR_image_base EGL_EXT_image_dma_buf_import EGL_EXT_image_dma_buf_import_modifiers";
  };
  api.query_modifiers = [](EGLDisplay, EGLint, EGLint, EGLuint64KHR* values, EGLBoolean* external,
                           EGLint* count) -> EGLBoolean {
    const std::array<std::uint64_t, 4> all{0, 0x0300000000606010, 0x0300000000606011, 0x0300000000606012};
    for (std::size_t i = 0; i < all.size(); ++i) {
      values[i] = all[i];
      external[i] = i == 2 ? EGL_TRUE : EGL_FALSE;
    }
    *count = static_cast<EGLint>(all.size());
    return EGL_TRUE;
  };
  const auto display = *Display::create(api);
  EXPECT_EQ(display->modifiers(kXrgb).size(), 4U);
  EXPECT_TRUE(display->modifiers(kXrgb)[2].external_only);
  EXPECT_EQ(display->importable(kXrgb),
            (std::vector<std::uint64_t>{0x0300000000606010, 0x0300000000606012, 0}));
}

// A dmabuf is a file; any will do where EGL is not asked.
struct FileBuffers {
  std::vector<int> fds;
  ~FileBuffers() {
    for (const int fd : fds) close(fd);
  }
  DmabufPicture make() {
    fds.push_back(memfd_create("dmabuf", MFD_CLOEXEC));
    EXPECT_EQ(ftruncate(fds.back(), 64 * 512), 0);
    DmabufPicture picture{.width = 64, .height = 64, .fourcc = kXrgb, .plane_count = 1};
    picture.planes[0] = {fds.back(), 0, 256};
    return picture;
  }
};

std::size_t images = 0, imports = 0;
Api api_with_images() {
  auto api = machine_api();
  api.query_string = [](EGLDisplay, EGLint) -> const char* {
    return "EGL_KHR_image_base EGL_EXT_image_dma_buf_import";
  };
  images = imports = 0;
  api.create_image = [](EGLDisplay, EGLContext, EGLenum, EGLClientBuffer, const EGLint*) -> EGLImageKHR {
    ++images;
    return reinterpret_cast<EGLImageKHR>(++imports);  // NOLINT(performance-no-int-to-ptr)
  };
  api.destroy_image = [](EGLDisplay, EGLImageKHR) -> EGLBoolean {
    --images;
    return EGL_TRUE;
  };
  api.image_target_texture = [](GLenum, void*) {};
  return api;
}

TEST(DmabufTextures, imports_a_buffer_once_however_often_it_comes_and_under_whatever_descriptor) {
  const auto display = *Display::create(api_with_images());
  FileBuffers files;
  {
    DmabufTextures textures{*display};
    auto first = files.make(), second = files.make();
    const auto name = textures.texture_of(first);
    ASSERT_TRUE(name);
    EXPECT_NE(*textures.texture_of(second), *name);
    for (int picture = 0; picture < 50; ++picture) EXPECT_EQ(*textures.texture_of(first), *name);
    files.fds.push_back(dup(first.planes[0].fd));
    first.planes[0].fd = files.fds.back();
    EXPECT_EQ(*textures.texture_of(first), *name);
    EXPECT_EQ(imports, 2U);
    first.planes[0].stride_bytes = 512;  // another picture in the same memory
    EXPECT_NE(*textures.texture_of(first), *name);
  }
  EXPECT_EQ(images, 0U);
}

TEST(DmabufTextures, keeps_no_more_than_a_source_makes_and_forgets_the_oldest) {
  const auto display = *Display::create(api_with_images());
  FileBuffers files;
  DmabufTextures textures{*display};
  const auto first = files.make();
  ASSERT_TRUE(textures.texture_of(first));
  for (std::size_t i = 0; i < 100; ++i) ASSERT_TRUE(textures.texture_of(files.make()));
  EXPECT_EQ(images, DmabufTextures::kMostBuffers);
  ASSERT_TRUE(textures.texture_of(first));
  EXPECT_EQ(imports, 102U);
}

TEST(DmabufTextures, a_refused_dmabuf_is_a_typed_error) {
  auto api = api_with_images();
  FileBuffers files;
  api.create_image = [](EGLDisplay, EGLContext, EGLenum, EGLClientBuffer, const EGLint*) -> EGLImageKHR {
    return EGL_NO_IMAGE_KHR;
  };
  const auto display = *Display::create(api);
  DmabufTextures textures{*display};
  const auto refused = textures.texture_of(files.make());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, "egl.import");
  EXPECT_NE(refused.error().what.find("64x64"), std::string::npos);
  const auto none = textures.texture_of(DmabufPicture{.width = 64, .height = 64});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::malformed);
}

TEST(DmabufTextures, a_picture_that_lies_outside_of_its_memory_is_not_even_shown_to_egl) {
  const auto display = *Display::create(api_with_images());
  FileBuffers files;
  DmabufTextures textures{*display};
  const auto refused = [&](auto change) {
    auto picture = files.make();
    change(picture);
    const auto name = textures.texture_of(picture);
    return !name && name.error().id == "egl.import" && name.error().code == ErrorCode::malformed;
  };
  EXPECT_TRUE(refused([](auto& picture) { picture.planes[0].stride_bytes = 255; }));
  EXPECT_TRUE(refused([](auto& picture) { picture.planes[0].stride_bytes = 520; }));
  EXPECT_TRUE(refused([](auto& picture) { picture.planes[0].stride_bytes = 0xFFFF'FFFF; }));
  EXPECT_TRUE(refused([](auto& picture) { picture.planes[0].offset_bytes = 64 * 256 + 4; }));
  EXPECT_TRUE(refused([](auto& picture) { picture.height = 0; }));
  EXPECT_TRUE(refused([](auto& picture) { picture.fourcc = fourcc('N', 'V', '1', '2'); }));
  EXPECT_TRUE(refused([](auto& picture) {
    picture.modifier = kInvalid;
    picture.height = 129;
  }));
  EXPECT_EQ(imports, 0U);
  EXPECT_FALSE(refused([](auto& picture) { picture.planes[0].offset_bytes = 64 * 256; }));
}

}  // namespace
}  // namespace lumen::gpu::egl
