#include "host/gamestream/state_store.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "crypto/aead.hpp"
#include "store/state_folder.hpp"

namespace lumen::host {
namespace {

constexpr std::string_view kClients = "clients.json";

store::StateFolder in(const std::string& folder) {
  return {folder, "gamestream.state",
          "Restore it from a backup, or move it away: then every client has to pair again"};
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

Result<gamestream::PairedClients> open_clients(const store::StateFolder& folder) {
  if (!folder.has(kClients)) return gamestream::PairedClients{};
  LUMEN_TRY(const auto text, folder.read(kClients, gamestream::kMaxPairedFileBytes));
  auto clients = gamestream::PairedClients::from_json(text);
  if (!clients) return tl::unexpected{folder.in_file(std::move(clients.error()), kClients)};
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
  const auto files = in(folder);
  LUMEN_TRY(auto identity, files.open_identity("identity", [] {
    return crypto::Identity::create("Lumen host", std::chrono::system_clock::now());
  }));
  LUMEN_TRY(auto id, files.open_text("host-id", make_uuid, is_uuid));
  LUMEN_TRY(auto clients, open_clients(files));
  return StateStore{std::move(folder), std::move(identity), std::move(id), std::move(clients)};
}

Status StateStore::save(const gamestream::PairedClients& clients) const {
  return in(folder_).write(kClients, clients.to_json());
}

}  // namespace lumen::host
