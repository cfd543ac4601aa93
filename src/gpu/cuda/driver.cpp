#include "gpu/cuda/driver.hpp"

#include <dlfcn.h>

#include <fmt/format.h>

namespace lumen::gpu::cuda {
namespace {

constexpr const char* kLibrary = "libcuda.so.1";
constexpr CUresult kOutOfMemory = static_cast<CUresult>(2);  // CUDA_ERROR_OUT_OF_MEMORY

template <class Function>
bool find(void* library, const char* symbol, Function*& function) {
  function = reinterpret_cast<Function*>(dlsym(library, symbol));
  return function != nullptr;
}

}  // namespace

Result<Driver> load_driver() {
  // Never closed: the driver keeps threads, and FFmpeg loads the same.
  void* const library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return fail(ErrorCode::unsupported, "cuda.absent",
                fmt::format("there is no NVIDIA driver here ({} cannot be loaded)", kLibrary),
                "On a machine with an NVIDIA GPU, install its driver (Debian: nvidia-driver, libcuda1)");
  }
  Driver driver;
  const char* missing = nullptr;
#define LUMEN_CUDA_FIND(member, type, symbol) \
  if (!find(library, symbol, driver.member)) missing = symbol;
  LUMEN_CUDA_CALLS(LUMEN_CUDA_FIND)
#undef LUMEN_CUDA_FIND
  if (missing != nullptr) {
    return fail(ErrorCode::unsupported, "cuda.driver-old",
                fmt::format("the NVIDIA driver here has no {}", missing),
                "Install a driver of the 470 series or newer");
  }
  return driver;
}

Status check(const Driver& driver, CUresult result, std::string_view id, std::string_view what) {
  if (result == CUDA_SUCCESS) return {};
  const char* name = nullptr;
  if (driver.get_error_name(result, &name) != CUDA_SUCCESS || name == nullptr) name = "an unknown error";
  const auto code = result == kOutOfMemory ? ErrorCode::resource_exhausted : ErrorCode::internal;
  return fail(code, id, fmt::format("{} failed on the GPU: {} ({})", what, name, static_cast<int>(result)),
              "LUMEN_ZEROCOPY=off streams without; the GPU's own log is in `dmesg` (NVRM, Xid)");
}

}  // namespace lumen::gpu::cuda
