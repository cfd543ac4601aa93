// host.toml as anybody may have written it: read without harm, or refused with a reason.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "host/config.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto config = lumen::host::parse_config({reinterpret_cast<const char*>(data), size});
  if (!config && config.error().what.empty()) std::abort();
  return 0;
}
