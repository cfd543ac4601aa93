#include "gpu/egl/texture.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include <fmt/format.h>

#include "media/packed_pixels.hpp"

namespace lumen::gpu::egl {
namespace {

constexpr unsigned kReadOnly = 1;  // CU_GRAPHICS_REGISTER_FLAGS_READ_ONLY

struct PlaneAttributes {
  EGLint fd, offset, pitch, modifier_low, modifier_high;
};
constexpr std::array<PlaneAttributes, DmabufPicture::kMaxPlanes> kPlanes{{
    {EGL_DMA_BUF_PLANE0_FD_EXT, EGL_DMA_BUF_PLANE0_OFFSET_EXT, EGL_DMA_BUF_PLANE0_PITCH_EXT,
     EGL_DMA_BUF_PLANE0_MODIFIER_LO_EXT, EGL_DMA_BUF_PLANE0_MODIFIER_HI_EXT},
    {EGL_DMA_BUF_PLANE1_FD_EXT, EGL_DMA_BUF_PLANE1_OFFSET_EXT, EGL_DMA_BUF_PLANE1_PITCH_EXT,
     EGL_DMA_BUF_PLANE1_MODIFIER_LO_EXT, EGL_DMA_BUF_PLANE1_MODIFIER_HI_EXT},
    {EGL_DMA_BUF_PLANE2_FD_EXT, EGL_DMA_BUF_PLANE2_OFFSET_EXT, EGL_DMA_BUF_PLANE2_PITCH_EXT,
     EGL_DMA_BUF_PLANE2_MODIFIER_LO_EXT, EGL_DMA_BUF_PLANE2_MODIFIER_HI_EXT},
    {EGL_DMA_BUF_PLANE3_FD_EXT, EGL_DMA_BUF_PLANE3_OFFSET_EXT, EGL_DMA_BUF_PLANE3_PITCH_EXT,
     EGL_DMA_BUF_PLANE3_MODIFIER_LO_EXT, EGL_DMA_BUF_PLANE3_MODIFIER_HI_EXT},
}};

// For eglCreateImageKHR(): pairs, and EGL_NONE at the end.
class ImageAttributes {
 public:
  void add(EGLint name, std::uint32_t value) {
    values_.at(count_++) = name;
    values_.at(count_++) = static_cast<EGLint>(value);
  }
  const EGLint* data() {
    values_.at(count_) = EGL_NONE;
    return values_.data();
  }

 private:
  std::array<EGLint, 2 * (3 + 5 * DmabufPicture::kMaxPlanes) + 1> values_{};
  std::size_t count_ = 0;
};

ImageAttributes attributes_of(const DmabufPicture& picture) {
  ImageAttributes attributes;
  attributes.add(EGL_WIDTH, picture.width);
  attributes.add(EGL_HEIGHT, picture.height);
  attributes.add(EGL_LINUX_DRM_FOURCC_EXT, picture.fourcc);
  for (std::size_t i = 0; i < picture.plane_count; ++i) {
    const auto& plane = picture.planes.at(i);
    const auto& names = kPlanes.at(i);
    attributes.add(names.fd, static_cast<std::uint32_t>(plane.fd));
    attributes.add(names.offset, plane.offset_bytes);
    attributes.add(names.pitch, plane.stride_bytes);
    if (picture.modifier == kInvalid) continue;  // the driver knows by itself
    attributes.add(names.modifier_low, static_cast<std::uint32_t>(picture.modifier));
    attributes.add(names.modifier_high, static_cast<std::uint32_t>(picture.modifier >> 32U));
  }
  return attributes;
}

// A driver in software reads where it is told to, and the process ends.
Status check_claim(const DmabufPicture& picture) {
  const auto layout = layout_of(picture.fourcc);
  if (picture.plane_count == 0 || picture.plane_count > DmabufPicture::kMaxPlanes || !layout ||
      picture.width == 0 || picture.height == 0) {
    return fail(ErrorCode::malformed, "egl.import", "the source gives a dmabuf that is none");
  }
  const auto& plane = picture.planes[0];
  const auto row = std::uint64_t{picture.width} * layout->bytes;
  const auto there = lseek(plane.fd, 0, SEEK_END);
  const auto bytes = there < 0 ? 0 : static_cast<std::uint64_t>(there);
  // Of tiles only their driver knows how they lie; but they are no smaller than their pixels.
  const bool is_linear = picture.modifier == kLinear;
  const auto stride = is_linear ? std::uint64_t{plane.stride_bytes} : row;
  const auto end = plane.offset_bytes + stride * (picture.height - 1) + row;
  const bool compresses = picture.plane_count > 1;  // its first plane may be smaller
  if (compresses || (stride >= row && end <= bytes)) return {};
  return fail(ErrorCode::malformed, "egl.import", "a picture lies outside of its dmabuf");
}

}  // namespace

Result<Texture> Texture::create_empty(const Display& display) {
  const auto& gl = display.api();
  GLuint name = 0;
  gl.gen_textures(1, &name);
  Texture texture{display, name};
  gl.bind_texture(GL_TEXTURE_2D, name);
  // Without these a texture of one level is incomplete.
  gl.texture_parameter(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
  gl.texture_parameter(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
  LUMEN_CHECK_OK(display.check_gl("making a texture"));
  return texture;
}

Result<Texture> Texture::create(const Display& display, GLenum format, std::uint32_t width,
                                std::uint32_t height) {
  LUMEN_TRY(auto texture, create_empty(display));
  display.api().texture_storage(GL_TEXTURE_2D, 1, format, static_cast<GLsizei>(width),
                                static_cast<GLsizei>(height));
  LUMEN_CHECK_OK(display.check_gl("taking memory for a texture"));
  return texture;
}

Texture::~Texture() {
  if (name_ != 0) display_->api().delete_textures(1, &name_);
}

bool DmabufTextures::Key::operator==(const Key& other) const {
  const auto& a = picture;
  const auto& b = other.picture;
  const auto same_plane = [](const DmabufPicture::Plane& one, const DmabufPicture::Plane& two) {
    return one.offset_bytes == two.offset_bytes && one.stride_bytes == two.stride_bytes;
  };
  return file == other.file && a.width == b.width && a.height == b.height && a.fourcc == b.fourcc &&
         a.modifier == b.modifier && a.plane_count == b.plane_count &&
         std::equal(a.planes.begin(), a.planes.end(), b.planes.begin(), same_plane);
}

DmabufTextures::~DmabufTextures() {
  for (const auto& entry : entries_) forget(*entry);
}

void DmabufTextures::forget(Entry& entry) { display_.api().destroy_image(display_.handle(), entry.image); }

void DmabufTextures::forget_oldest() {
  const auto oldest = std::ranges::min_element(entries_, {}, [](const auto& entry) { return entry->used; });
  forget(**oldest);
  entries_.erase(oldest);
}

Result<EGLImageKHR> DmabufTextures::import(const DmabufPicture& picture) const {
  if (!display_.imports_dmabufs()) {
    return fail(ErrorCode::unsupported, "egl.import", "this EGL imports no dmabufs",
                "Install the GPU's own driver");
  }
  auto attributes = attributes_of(picture);
  const auto& api = display_.api();
  auto* const image =
      api.create_image(display_.handle(), EGL_NO_CONTEXT, EGL_LINUX_DMA_BUF_EXT, nullptr, attributes.data());
  if (image != EGL_NO_IMAGE_KHR) return image;
  return fail(ErrorCode::unsupported, "egl.import",
              fmt::format("EGL refuses a dmabuf of {}x{}, modifier 0x{:x}: error 0x{:x}", picture.width,
                          picture.height, picture.modifier, static_cast<unsigned>(api.get_error())),
              "The desktop may draw on another GPU than the one that encodes");
}

Result<GLuint> DmabufTextures::texture_of(const DmabufPicture& picture) {
  struct stat file{};
  if (fstat(picture.planes[0].fd, &file) != 0) {
    return fail(ErrorCode::malformed, "egl.import", "the source gives a dmabuf that is none");
  }
  const Key key{file.st_ino, picture};
  for (auto& entry : entries_) {
    if (entry->key != key) continue;
    entry->used = ++uses_;
    return entry->texture.name();
  }
  LUMEN_CHECK_OK(check_claim(picture));
  if (entries_.size() == kMostBuffers) forget_oldest();
  LUMEN_TRY(auto texture, Texture::create_empty(display_));
  LUMEN_TRY(auto* const image, import(picture));
  entries_.push_back(std::make_unique<Entry>(Entry{key, image, std::move(texture), ++uses_}));
  const auto& entry = *entries_.back();
  display_.api().image_target_texture(GL_TEXTURE_2D, image);
  if (auto taken = display_.check_gl("reading a dmabuf as a texture"); !taken) {
    forget(*entries_.back());
    entries_.pop_back();
    return tl::unexpected{std::move(taken).error()};
  }
  return entry.texture.name();
}

Result<std::unique_ptr<RegisteredTexture>> RegisteredTexture::create(std::shared_ptr<cuda::Context> context,
                                                                     Texture texture) {
  std::unique_ptr<RegisteredTexture> registered{
      new RegisteredTexture{std::move(context), std::move(texture)}};
  const auto& gpu = *registered->context_;
  LUMEN_TRY(const auto current, cuda::Current::push(gpu));
  LUMEN_CHECK_OK(gpu.check(
      gpu.driver().gl_register_image(&registered->resource_, registered->name(), GL_TEXTURE_2D, kReadOnly),
      "cuda.register", "showing a texture to CUDA"));
  return registered;
}

RegisteredTexture::~RegisteredTexture() {
  if (resource_ == nullptr) return;
  const auto current = cuda::Current::push(*context_);
  if (current) context_->driver().graphics_unregister(resource_);
}

Status RegisteredTexture::copy_to(const cuda::PackedView& out) {
  LUMEN_TRY(const auto current, cuda::Current::push(*context_));
  const auto& driver = context_->driver();
  const auto stream = context_->stream();
  LUMEN_CHECK_OK(context_->check(driver.graphics_map(1, &resource_, stream), "cuda.map", "taking a texture"));
  CUDA_MEMCPY2D copy{};
  copy.srcMemoryType = CU_MEMORYTYPE_ARRAY;
  auto copied = context_->check(driver.graphics_array(&copy.srcArray, resource_, 0, 0), "cuda.map",
                                "finding a texture's memory");
  if (copied) {
    copy.dstMemoryType = CU_MEMORYTYPE_DEVICE;
    copy.dstDevice = out.address;
    copy.dstPitch = out.pitch_bytes;
    copy.WidthInBytes = std::size_t{4} * out.width;
    copy.Height = out.height;
    copied = context_->check(driver.copy_2d(&copy, stream), "cuda.copy", "a copy of a texture");
  }
  auto unmapped =
      context_->check(driver.graphics_unmap(1, &resource_, stream), "cuda.map", "giving a texture back");
  return copied ? std::move(unmapped) : std::move(copied);
}

Result<std::unique_ptr<MemoryBuffer>> MemoryBuffer::create(const Display& display, UniqueFd fd,
                                                           std::uint64_t memory_bytes, std::size_t bytes) {
  if (!display.imports_memory()) {
    return fail(ErrorCode::unsupported, "egl.memory", "this OpenGL shares no memory with Vulkan",
                "Install the GPU's own driver");
  }
  const auto& gl = display.api();
  std::unique_ptr<MemoryBuffer> buffer{new MemoryBuffer{display}};
  constexpr GLenum kHandleTypeOpaqueFd = 0x9586, kDedicated = 0x9581;  // GL_EXT_memory_object(_fd)
  const GLint yes = GL_TRUE;
  gl.create_memory_objects(1, &buffer->memory_);
  gl.memory_parameter(buffer->memory_, kDedicated, &yes);
  gl.import_memory_fd(buffer->memory_, memory_bytes, kHandleTypeOpaqueFd, fd.get());
  LUMEN_CHECK_OK(display.check_gl("taking memory of Vulkan"));
  static_cast<void>(fd.release());  // OpenGL's from now on
  gl.gen_buffers(1, &buffer->name_);
  gl.bind_buffer(GL_SHADER_STORAGE_BUFFER, buffer->name_);
  gl.buffer_storage_memory(GL_SHADER_STORAGE_BUFFER, static_cast<GLsizeiptr>(bytes), buffer->memory_, 0);
  LUMEN_CHECK_OK(display.check_gl("reaching memory of Vulkan"));
  return buffer;
}

MemoryBuffer::~MemoryBuffer() {
  const auto& gl = display_.api();
  if (name_ != 0) gl.delete_buffers(1, &name_);
  if (memory_ != 0) gl.delete_memory_objects(1, &memory_);
}

}  // namespace lumen::gpu::egl
