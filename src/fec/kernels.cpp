#include "fec/kernels.hpp"

#include <algorithm>

namespace lumen::fec {

std::string_view to_string(Kernel kernel) noexcept {
  switch (kernel) {
    case Kernel::scalar:
      return "scalar";
    case Kernel::ssse3:
      return "ssse3";
    case Kernel::avx2:
      return "avx2";
    case Kernel::gfni:
      return "gfni";
    case Kernel::neon:
      return "neon";
  }
  return "unknown";
}

bool is_supported(Kernel kernel) noexcept {
  switch (kernel) {
    case Kernel::scalar:
      return true;
#if defined(__x86_64__)
    case Kernel::ssse3:
      return __builtin_cpu_supports("ssse3") != 0;
    case Kernel::avx2:
      return __builtin_cpu_supports("avx2") != 0;
    case Kernel::gfni:
      return __builtin_cpu_supports("gfni") != 0 && __builtin_cpu_supports("avx512f") != 0 &&
             __builtin_cpu_supports("avx512bw") != 0;
#elif defined(__aarch64__)
    case Kernel::neon:
      return true;  // part of the architecture
#endif
    default:
      return false;
  }
}

Kernel best_kernel() noexcept {
  for (const auto kernel : {Kernel::gfni, Kernel::avx2, Kernel::neon, Kernel::ssse3}) {
    if (is_supported(kernel)) return kernel;
  }
  return Kernel::scalar;
}

const Kernels& kernels_of(Kernel kernel) noexcept {
  switch (kernel) {
#if defined(__x86_64__)
    case Kernel::ssse3:
      return ssse3_kernels();
    case Kernel::avx2:
      return avx2_kernels();
    case Kernel::gfni:
      return gfni_kernels();
#elif defined(__aarch64__)
    case Kernel::neon:
      return neon_kernels();
#endif
    default:
      return scalar_kernels();
  }
}

}  // namespace lumen::fec
