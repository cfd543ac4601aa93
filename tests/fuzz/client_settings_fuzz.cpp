// client.toml as anybody may have written it: read without harm, and what was read is written and read again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "client/shell/settings.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto settings = lumen::client::parse_settings({reinterpret_cast<const char*>(data), size});
  if (!settings) return 0;
  const auto again = lumen::client::parse_settings(lumen::client::to_toml(*settings));
  if (!again || *again != *settings) std::abort();
  return 0;
}
