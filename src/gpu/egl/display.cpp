#include "gpu/egl/display.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace lumen::gpu::egl {
namespace {

constexpr EGLint kMostDevices = 16, kMostModifiers = 256;

bool lists(const char* extensions, std::string_view wanted) {
  if (extensions == nullptr) return false;
  std::string_view rest{extensions};
  while (!rest.empty()) {
    const auto end = std::min(rest.find(' '), rest.size());
    if (rest.substr(0, end) == wanted) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

bool has_gl_extension(const Api& api, std::string_view wanted) {
  GLint count = 0;
  api.gl_get_integer(GL_NUM_EXTENSIONS, &count);
  for (GLint i = 0; i < count; ++i) {
    const auto* const name = api.get_stringi(GL_EXTENSIONS, static_cast<GLuint>(i));
    if (name != nullptr && reinterpret_cast<const char*>(name) == wanted) return true;
  }
  return false;
}

bool has_uuid(const Api& api, EGLDeviceEXT device, const Uuid& wanted) {
  const char* const extensions = api.query_device_string(device, EGL_EXTENSIONS);
  if (api.query_device_binary == nullptr || !lists(extensions, "EGL_EXT_device_persistent_id")) return false;
  Uuid uuid{};
  EGLint bytes = 0;
  return api.query_device_binary(device, EGL_DEVICE_UUID_EXT, static_cast<EGLint>(uuid.size()), uuid.data(),
                                 &bytes) == EGL_TRUE &&
         bytes == static_cast<EGLint>(uuid.size()) && uuid == wanted;
}

bool has_cuda_ordinal(const Api& api, EGLDeviceEXT device, int wanted) {
  if (!lists(api.query_device_string(device, EGL_EXTENSIONS), "EGL_NV_device_cuda")) return false;
  EGLAttrib ordinal = -1;
  return api.query_device_attrib(device, EGL_CUDA_DEVICE_NV, &ordinal) == EGL_TRUE && ordinal == wanted;
}

bool has_render_node(const Api& api, EGLDeviceEXT device, const std::string& wanted) {
  if (!lists(api.query_device_string(device, EGL_EXTENSIONS), "EGL_EXT_device_drm_render_node")) return false;
  const char* const node = api.query_device_string(device, EGL_DRM_RENDER_NODE_FILE_EXT);
  return node != nullptr && wanted == node;
}

bool suits(const Api& api, EGLDeviceEXT device, const DeviceWish& wish) {
  if (!wish.uuid && !wish.cuda_ordinal && wish.render_node.empty()) return true;
  return (wish.uuid && has_uuid(api, device, *wish.uuid)) ||
         (wish.cuda_ordinal && has_cuda_ordinal(api, device, *wish.cuda_ordinal)) ||
         (!wish.render_node.empty() && has_render_node(api, device, wish.render_node));
}

Result<EGLDeviceEXT> choose_device(const Api& api, const DeviceWish& wish) {
  constexpr const char* kRemedy =
      "Install the GPU's driver with its EGL part (NVIDIA: libnvidia-egl, libegl1)";
  if (api.query_devices == nullptr || api.query_device_string == nullptr ||
      api.query_device_attrib == nullptr) {
    return fail(ErrorCode::unsupported, "egl.no-device", "the EGL here names no GPUs", kRemedy);
  }
  std::array<EGLDeviceEXT, kMostDevices> devices{};
  EGLint count = 0;
  if (api.query_devices(kMostDevices, devices.data(), &count) != EGL_TRUE || count <= 0) {
    return fail(ErrorCode::unsupported, "egl.no-device", "EGL finds no GPU here", kRemedy);
  }
  const auto end = devices.begin() + std::min(count, kMostDevices);
  const auto found =
      std::find_if(devices.begin(), end, [&](EGLDeviceEXT device) { return suits(api, device, wish); });
  if (found != end) return *found;
  return fail(ErrorCode::unsupported, "egl.no-device",
              fmt::format("none of the {} devices that EGL names is the GPU that encodes", count), kRemedy);
}

}  // namespace

Result<std::unique_ptr<Display>> Display::create(const Api& api, const DeviceWish& wish) {
  std::unique_ptr<Display> display{new Display{api}};
  LUMEN_CHECK_OK(display->open(wish));
  return display;
}

Status Display::open(const DeviceWish& wish) {
  EGLDeviceEXT device = nullptr;
  if (!wish.surfaceless) {
    LUMEN_TRY(device, choose_device(api_, wish));
  }
  const auto failed = [this](std::string_view what) {
    return fail(ErrorCode::unsupported, "egl.display",
                fmt::format("{} failed: EGL error 0x{:x}", what, static_cast<unsigned>(api_.get_error())),
                "Look whether this user may open the GPU's devices (groups video and render)");
  };
  const auto display =
      api_.get_display(wish.surfaceless ? EGL_PLATFORM_SURFACELESS_MESA : EGL_PLATFORM_DEVICE_EXT,
                       wish.surfaceless ? EGL_DEFAULT_DISPLAY : device, nullptr);
  if (display == EGL_NO_DISPLAY) return failed("opening the GPU through EGL");
  if (api_.initialize(display, nullptr, nullptr) != EGL_TRUE) return failed("starting EGL");
  display_ = display;
  const char* const extensions = api_.query_string(display_, EGL_EXTENSIONS);
  const bool can_image = api_.create_image != nullptr && api_.destroy_image != nullptr &&
                         api_.image_target_texture != nullptr && lists(extensions, "EGL_KHR_image_base");
  imports_dmabufs_ = can_image && lists(extensions, "EGL_EXT_image_dma_buf_import");
  lists_modifiers_ = imports_dmabufs_ && api_.query_modifiers != nullptr &&
                     lists(extensions, "EGL_EXT_image_dma_buf_import_modifiers");
  return open_context();
}

Status Display::open_context() {
  const auto failed = [this](std::string_view what) {
    return fail(ErrorCode::unsupported, "egl.context",
                fmt::format("{} failed: EGL error 0x{:x}", what, static_cast<unsigned>(api_.get_error())),
                "Install a driver with OpenGL 4.3 or newer");
  };
  if (api_.bind_api(EGL_OPENGL_API) != EGL_TRUE) return failed("choosing OpenGL");
  constexpr std::array<EGLint, 7> kAttributes{EGL_CONTEXT_MAJOR_VERSION,
                                              4,
                                              EGL_CONTEXT_MINOR_VERSION,
                                              3,
                                              EGL_CONTEXT_OPENGL_PROFILE_MASK,
                                              EGL_CONTEXT_OPENGL_CORE_PROFILE_BIT,
                                              EGL_NONE};
  context_ = api_.create_context(display_, EGL_NO_CONFIG_KHR, EGL_NO_CONTEXT, kAttributes.data());
  if (context_ == EGL_NO_CONTEXT) return failed("making an OpenGL context");
  if (api_.make_current(display_, EGL_NO_SURFACE, EGL_NO_SURFACE, context_) != EGL_TRUE)
    return failed("using OpenGL without a surface");
  const auto* const renderer = api_.gl_get_string(GL_RENDERER);
  renderer_ = renderer == nullptr ? "unnamed" : reinterpret_cast<const char*>(renderer);
  imports_memory_ = api_.create_memory_objects != nullptr && api_.import_memory_fd != nullptr &&
                    api_.buffer_storage_memory != nullptr && api_.memory_parameter != nullptr &&
                    api_.delete_memory_objects != nullptr &&
                    has_gl_extension(api_, "GL_EXT_memory_object_fd");
  return {};
}

Display::~Display() {
  if (display_ == EGL_NO_DISPLAY) return;
  api_.make_current(display_, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
  if (context_ != EGL_NO_CONTEXT) api_.destroy_context(display_, context_);
  api_.terminate(display_);
}

std::vector<Modifier> Display::modifiers(std::uint32_t fourcc) const {
  if (!lists_modifiers_) return {};
  std::array<EGLuint64KHR, kMostModifiers> values{};
  std::array<EGLBoolean, kMostModifiers> external{};
  EGLint count = 0;
  if (api_.query_modifiers(display_, static_cast<EGLint>(fourcc), kMostModifiers, values.data(),
                           external.data(), &count) != EGL_TRUE) {
    return {};
  }
  std::vector<Modifier> found;
  for (std::size_t i = 0; i < static_cast<std::size_t>(std::clamp(count, 0, kMostModifiers)); ++i) {
    found.push_back({values.at(i), external.at(i) == EGL_TRUE});
  }
  return found;
}

std::vector<std::uint64_t> Display::importable(std::uint32_t fourcc) const {
  std::vector<std::uint64_t> usable;
  for (const auto& modifier : modifiers(fourcc)) {
    if (!modifier.external_only) usable.push_back(modifier.value);
  }
  if (std::erase(usable, kLinear) > 0) usable.push_back(kLinear);  // last
  if (imports_dmabufs_ && modifiers(fourcc).empty()) usable.push_back(kInvalid);
  return usable;
}

Status Display::check_gl(std::string_view what) const {
  const auto error = api_.gl_get_error();
  if (error == GL_NO_ERROR) return {};
  return fail(error == GL_OUT_OF_MEMORY ? ErrorCode::resource_exhausted : ErrorCode::internal, "egl.gl",
              fmt::format("{} failed: OpenGL error 0x{:x}", what, error),
              "LUMEN_ZEROCOPY=off streams without the GPU's copy");
}

}  // namespace lumen::gpu::egl
