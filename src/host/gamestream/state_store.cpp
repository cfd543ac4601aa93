#include "host/gamestream/state_store.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/runtime_dir.hpp"
#include "crypto/aead.hpp"

namespace lumen::host {
namespace {

constexpr std::size_t kMaxIdFile = 100;

bool exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

Error in_file(Error error, const std::string& path) {
  error.what = fmt::format("{}: {}", path, error.what);
  error.id = "gamestream.state";
  if (error.remedy.empty())
    error.remedy = "Restore it from a backup, or move it away: then every client has to pair again";
  return error;
}

Result<std::string> read_own(const std::string& path, std::size_t limit) {
  auto checked = check_private_file(path);
  if (!checked) return tl::unexpected{in_file(std::move(checked.error()), path)};
  auto text = read_small_file(path, limit);
  if (!text) return tl::unexpected{in_file(std::move(text.error()), path)};
  return text;
}

Result<crypto::Identity> create_identity(const std::string& certificate, const std::string& key) {
  LUMEN_TRY(auto identity, crypto::Identity::create("Lumen host", std::chrono::system_clock::now()));
  LUMEN_TRY(auto pem, identity.private_key_pem());
  const auto written = write_state_file(key, pem);
  crypto::wipe(MutableBytes{reinterpret_cast<std::byte*>(pem.data()), pem.size()});
  LUMEN_CHECK_OK(written);
  // Last: with it the identity is complete. A start that was cut off before begins anew.
  LUMEN_CHECK_OK(write_state_file(certificate, identity.certificate().pem()));
  return identity;
}

Result<crypto::Identity> open_identity(const std::string& folder) {
  const auto certificate = folder + "/identity.crt", key = folder + "/identity.key";
  if (!exists(certificate)) return create_identity(certificate, key);
  LUMEN_TRY(const auto certificate_pem, read_own(certificate, crypto::kMaxPemBytes));
  LUMEN_TRY(auto key_pem, read_own(key, crypto::kMaxPemBytes));
  auto identity = crypto::Identity::from_pem(certificate_pem, key_pem);
  crypto::wipe(MutableBytes{reinterpret_cast<std::byte*>(key_pem.data()), key_pem.size()});
  if (!identity) return tl::unexpected{in_file(std::move(identity.error()), key)};
  return identity;
}

// RFC 9562, version 4.
Result<std::string> make_uuid() {
  std::array<std::byte, 16> random{};
  LUMEN_CHECK_OK(crypto::fill_random(random));
  random[6] = (random[6] & std::byte{0x0F}) | std::byte{0x40};
  random[8] = (random[8] & std::byte{0x3F}) | std::byte{0x80};
  std::string text;
  for (std::size_t i = 0; i < random.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += fmt::format("{:02X}", std::to_integer<unsigned>(random[i]));
  }
  return text;
}

bool is_uuid(std::string_view text) {
  constexpr std::string_view kPattern = "XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX";
  return std::ranges::equal(text, kPattern, [](char c, char wanted) {
    return wanted == '-' ? c == '-' : (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F');
  });
}

Result<std::string> open_id(const std::string& path) {
  if (!exists(path)) {
    LUMEN_TRY(auto id, make_uuid());
    LUMEN_CHECK_OK(write_state_file(path, id + "\n"));
    return id;
  }
  LUMEN_TRY(auto text, read_own(path, kMaxIdFile));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  if (!is_uuid(text))
    return tl::unexpected{in_file({ErrorCode::malformed, {}, "no identifier of a host", {}}, path)};
  return text;
}

Result<gamestream::PairedClients> open_clients(const std::string& path) {
  if (!exists(path)) return gamestream::PairedClients{};
  LUMEN_TRY(const auto text, read_own(path, gamestream::kMaxPairedFileBytes));
  auto clients = gamestream::PairedClients::from_json(text);
  if (!clients) return tl::unexpected{in_file(std::move(clients.error()), path)};
  return clients;
}

}  // namespace

StateStore::StateStore(std::string folder, crypto::Identity identity, std::string unique_id,
                       gamestream::PairedClients clients)
    : folder_{std::move(folder)},
      identity_{std::move(identity)},
      unique_id_{std::move(unique_id)},
      clients_{std::move(clients)} {}

Result<StateStore> StateStore::open(std::string folder) {
  LUMEN_TRY(auto identity, open_identity(folder));
  LUMEN_TRY(auto id, open_id(folder + "/host-id"));
  LUMEN_TRY(auto clients, open_clients(folder + "/clients.json"));
  return StateStore{std::move(folder), std::move(identity), std::move(id), std::move(clients)};
}

Status StateStore::save(const gamestream::PairedClients& clients) const {
  return write_state_file(folder_ + "/clients.json", clients.to_json());
}

}  // namespace lumen::host
