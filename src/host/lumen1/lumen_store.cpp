#include "host/lumen1/lumen_store.hpp"

#include <algorithm>
#include <utility>

#include "crypto/aead.hpp"
#include "crypto/digest.hpp"

namespace lumen::host {
namespace {

namespace control = lumen1::control;

constexpr std::string_view kDevices = "devices.json";

Result<std::string> random_hex(std::size_t bytes) {
  std::vector<std::byte> random(bytes);
  LUMEN_CHECK_OK(crypto::fill_random(random));
  return crypto::to_hex(random);
}

// `out.size()` bytes in hexadecimal, made at the first start.
Status open_random(const store::StateFolder& folder, const std::string& name, MutableBytes out) {
  const auto size = out.size();
  LUMEN_TRY(const auto text, folder.open_text(
                                 name, [size] { return random_hex(size); },
                                 [size](std::string_view digits) {
                                   const auto bytes = crypto::from_hex(digits);
                                   return bytes && bytes->size() == size;
                                 }));
  std::ranges::copy(crypto::from_hex(text).value(), out.begin());
  return {};
}

}  // namespace

Result<LumenStore> LumenStore::open(std::string path) {
  store::StateFolder folder{std::move(path), "lumen1.state",
                            "Restore it from a backup, or move it away: then every device has to pair again"};
  LUMEN_TRY(auto identity, folder.open_identity("identity", [] {
    return crypto::Identity::create("Lumen host", std::chrono::system_clock::now(),
                                    crypto::KeyKind::ecdsa_p256);
  }));
  LumenStore store{folder, std::move(identity)};
  LUMEN_CHECK_OK(open_random(folder, "host-id", store.host_id_));
  LUMEN_CHECK_OK(open_random(folder, "quic-secret", store.quic_secret_.bytes()));
  if (folder.has(kDevices)) {
    LUMEN_TRY(const auto text, folder.read(kDevices, control::kMaxDeviceFileBytes));
    auto devices = control::DeviceBook::from_json(text);
    if (!devices) return tl::unexpected{folder.in_file(std::move(devices.error()), kDevices)};
    *store.devices_ = *std::move(devices);
  }
  return store;
}

Status LumenStore::save(const control::DeviceBook& devices) const {
  return folder_.write(kDevices, devices.to_json());
}

}  // namespace lumen::host
