#include "gpu/testing/faulty_egl.hpp"

#include <string_view>
#include <utility>

namespace lumen::gpu::testing {
namespace {

egl::Api the_real;
FaultPlan* the_plan = nullptr;
bool gl_error_waits = false;

bool may_fail(std::string_view name) {
  return !name.starts_with("delete_") && !name.starts_with("destroy_") && name != "terminate";
}

// One for each member of the table.
template <auto Member, class Function>
struct Faulty;

template <auto Member, class Return, class... Arguments>
struct Faulty<Member, Return (*)(Arguments...)> {
  static inline const char* name = "";
  static Return call(Arguments... arguments) {
    if (!may_fail(name) || !the_plan->fails(name)) return (the_real.*Member)(arguments...);
    gl_error_waits = true;
    if constexpr (!std::is_void_v<Return>) return Return{};
  }
};

GLenum gl_error() {
  if (std::exchange(gl_error_waits, false)) return GL_OUT_OF_MEMORY;
  return the_real.gl_get_error();
}

EGLint egl_error() { return EGL_BAD_ALLOC; }

}  // namespace

egl::Api faulty_egl(const egl::Api& real, FaultPlan& faults) {
  the_real = real;
  the_plan = &faults;
  gl_error_waits = false;
  auto api = real;
#define LUMEN_FAULTY(member, type, symbol)                              \
  if (real.member != nullptr) {                                         \
    using Call = Faulty<&egl::Api::member, decltype(egl::Api::member)>; \
    Call::name = #member;                                               \
    api.member = Call::call;                                            \
  }
  LUMEN_EGL_CALLS(LUMEN_FAULTY)
  LUMEN_EGL_OPTIONAL_CALLS(LUMEN_FAULTY)
  LUMEN_GL_CALLS(LUMEN_FAULTY)
#undef LUMEN_FAULTY
  api.gl_get_error = gl_error;
  api.get_error = egl_error;
  return api;
}

}  // namespace lumen::gpu::testing
