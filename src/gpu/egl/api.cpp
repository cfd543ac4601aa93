#include "gpu/egl/api.hpp"

#include <dlfcn.h>

#include <fmt/format.h>

namespace lumen::gpu::egl {
namespace {

constexpr const char* kLibrary = "libEGL.so.1";

}  // namespace

Result<Api> load_api() {
  void* const library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);  // never closed: drivers keep threads
  using GetProcAddress = decltype(eglGetProcAddress);
  auto* const get =
      library == nullptr ? nullptr : reinterpret_cast<GetProcAddress*>(dlsym(library, "eglGetProcAddress"));
  if (get == nullptr) {
    return fail(ErrorCode::unsupported, "egl.absent", fmt::format("there is no EGL here ({})", kLibrary),
                "Install libegl1 and the GPU's driver");
  }
  Api api;
  const char* missing = nullptr;
#define LUMEN_EGL_FIND(member, type, symbol)         \
  api.member = reinterpret_cast<type*>(get(symbol)); \
  if (api.member == nullptr) missing = symbol;
#define LUMEN_EGL_FIND_OPTIONAL(member, type, symbol) api.member = reinterpret_cast<type*>(get(symbol));
  LUMEN_EGL_CALLS(LUMEN_EGL_FIND)
  LUMEN_GL_CALLS(LUMEN_EGL_FIND)
  LUMEN_EGL_OPTIONAL_CALLS(LUMEN_EGL_FIND_OPTIONAL)
#undef LUMEN_EGL_FIND
#undef LUMEN_EGL_FIND_OPTIONAL
  if (missing != nullptr) {
    return fail(ErrorCode::unsupported, "egl.old", fmt::format("the EGL here has no {}", missing),
                "Install a driver with EGL 1.5 and OpenGL 4.3");
  }
  return api;
}

}  // namespace lumen::gpu::egl
