#include "gpu/testing/pin_drivers.hpp"

#include <dlfcn.h>
#include <link.h>

#include <string>
#include <string_view>
#include <vector>

namespace lumen::gpu::testing {

void pin_drivers() {
  std::vector<std::string> drivers;
  dl_iterate_phdr(
      [](dl_phdr_info* library, std::size_t, void* found) {
        const std::string_view name{library->dlpi_name};
        if (name.find("_dri.so") != std::string_view::npos ||
            name.find("libvulkan_lvp.so") != std::string_view::npos)
          static_cast<std::vector<std::string>*>(found)->emplace_back(library->dlpi_name);
        return 0;
      },
      &drivers);
  for (const auto& driver : drivers)
    static_cast<void>(dlopen(driver.c_str(), RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE));
}

}  // namespace lumen::gpu::testing
