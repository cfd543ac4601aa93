#include "vm/read_back_importer.hpp"

#include "codec/convert.hpp"
#include "media/packed_pixels.hpp"

namespace lumen::vm {
namespace {

constexpr ColorSpace kColor{ColorMatrix::bt709, ColorRange::limited};

BorrowedFrame frame_of(const std::vector<std::byte>& pixels, std::uint32_t width, std::uint32_t height) {
  return {.width = width, .height = height, .stride_bytes = std::size_t{4} * width, .pixels = pixels.data()};
}

}  // namespace

Result<std::unique_ptr<ReadBackImporter>> ReadBackImporter::create() {
  std::unique_ptr<ReadBackImporter> importer{new ReadBackImporter};
  LUMEN_CHECK_OK(importer->open());
  return importer;
}

Status ReadBackImporter::open() {
  LUMEN_TRY(const auto api, gpu::egl::load_api());
  LUMEN_TRY(display_, gpu::egl::Display::create(api, {.surfaceless = true}));
  LUMEN_TRY(to_bgrx_, gpu::egl::Pass::create(*display_, gpu::egl::PassKind::compute));
  LUMEN_TRY(to_nv12_, gpu::egl::Pass::create(*display_, gpu::egl::PassKind::nv12));
  LUMEN_TRY(pointer_, gpu::egl::PointerTexture::create(*display_));
  textures_ = std::make_unique<gpu::egl::DmabufTextures>(*display_);
  return {};
}

ReadBackImporter::~ReadBackImporter() = default;

std::vector<std::uint64_t> ReadBackImporter::modifiers() const {
  return display_->importable(fourcc('X', 'R', '2', '4'));
}

Result<DmabufImporter::Imported> ReadBackImporter::import(const DmabufPicture& picture,
                                                          const PointerPicture& pointer) {
  if (fail_after_ && pictures_ >= *fail_after_)
    return fail(ErrorCode::unavailable, "test.gpu", "the GPU is gone");
  LUMEN_TRY(const auto source, textures_->texture_of(picture));
  LUMEN_CHECK_OK(read_pixels(source, picture.width, picture.height));
  LUMEN_CHECK_OK(compare_nv12(source, picture, pointer));
  ++pictures_;
  return Imported{pixels_.data(), std::size_t{4} * picture.width, {}};
}

Status ReadBackImporter::read_pixels(GLuint source, std::uint32_t width, std::uint32_t height) {
  LUMEN_TRY(const auto out, gpu::egl::Texture::create(*display_, GL_RGBA8, width, height));
  LUMEN_CHECK_OK(to_bgrx_->run(source, out.name(), width, height));
  LUMEN_CHECK_OK(to_bgrx_->wait());
  pixels_.resize(std::size_t{4} * width * height);
  const auto& gl = display_->api();
  gl.bind_texture(GL_TEXTURE_2D, out.name());
  gl.texture_read(GL_TEXTURE_2D, 0, GL_RGBA, GL_UNSIGNED_BYTE, pixels_.data());
  return display_->check_gl("reading a picture back");
}

Status ReadBackImporter::compare_nv12(GLuint source, const DmabufPicture& picture,
                                      const PointerPicture& pointer) {
  const auto width = picture.width, height = picture.height;
  LUMEN_TRY(const auto pool,
            PicturePool::create({.color = kColor, .width = width, .height = height, .count = 1}));
  const auto lease = pool->try_acquire();
  const auto& wanted = lease->picture();
  auto drawn = pixels_;
  draw_over(pointer, drawn.data(), std::size_t{4} * width, width, height);
  LUMEN_CHECK_OK(codec::make_converter()->convert(frame_of(drawn, width, height), wanted, 0, height));

  const std::size_t pitch = (std::size_t{width} + 63) / 64 * 64, luma_rows = wanted.coded_height();
  std::vector<std::byte> got(pitch * (luma_rows + luma_rows / 2));
  const auto& gl = display_->api();
  GLuint buffer = 0;
  gl.gen_buffers(1, &buffer);
  gl.bind_buffer(GL_SHADER_STORAGE_BUFFER, buffer);
  gl.buffer_storage(GL_SHADER_STORAGE_BUFFER, static_cast<GLsizeiptr>(got.size()), nullptr, 0);
  LUMEN_CHECK_OK(pointer_->set(pointer));
  LUMEN_CHECK_OK(to_nv12_->run_to_nv12(source, {buffer, pitch, pitch * luma_rows, kColor}, width, height,
                                       pointer_.get()));
  LUMEN_CHECK_OK(to_nv12_->wait());
  gl.buffer_read(GL_SHADER_STORAGE_BUFFER, 0, static_cast<GLsizeiptr>(got.size()), got.data());
  gl.delete_buffers(1, &buffer);
  for (std::size_t y = 0; y < luma_rows + luma_rows / 2; ++y) {
    const auto& plane = wanted.planes[y < luma_rows ? 0 : 1];
    const auto* const row = plane.pixels + plane.stride_bytes * (y < luma_rows ? y : y - luma_rows);
    for (std::size_t x = 0; x < wanted.coded_width(); ++x)
      wrong_bytes_ += row[x] != got[pitch * y + x] ? 1U : 0U;
  }
  return display_->check_gl("reading a picture's NV12 back");
}

}  // namespace lumen::vm
