// Any bytes as the file of paired devices, and as what people type: what is taken is bounded, consistent and
// stored as it was.
#include <cstdint>
#include <cstdlib>

#include "lumen1/control/device_book.hpp"
#include "lumen1/control/pairing_code.hpp"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lumen;
  using namespace lumen::lumen1::control;
  const std::string_view input{reinterpret_cast<const char*>(data), size};
  if (const auto code = read_code(input)) require(read_code(*code) == code);
  auto book = DeviceBook::from_json(input);
  if (!book) {
    require(book.error().id == "pairing.device-file" && !book.error().what.empty());
    return 0;
  }
  require(book->devices().size() <= kMaxDevices);
  require(DeviceBook::from_json(book->to_json()).value().to_json() == book->to_json());
  while (!book->devices().empty()) {
    const auto device = book->devices().front();
    require(book->rename(device.fingerprint, device.name).has_value());
    require(book->named(device.id()).value().fingerprint == device.fingerprint);
    require(book->remove(device.fingerprint).has_value());
    require(book->find(device.fingerprint) == nullptr);
  }
  return 0;
}
