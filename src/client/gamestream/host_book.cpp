#include "client/gamestream/host_book.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "crypto/aead.hpp"
#include "store/json_list.hpp"

namespace lumen::client {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxHostsFile = 4U << 20U, kIdDigits = 16;
constexpr store::ListName kHosts{"hosts.json", "hosts"};
constexpr std::string_view kCommonName = "NVIDIA GameStream Client";  // what hosts know (part 1, 3.2)

store::StateFolder in(const std::string& folder) {
  return {folder, "client.state", "Restore it from a backup, or move it away and pair with your hosts again"};
}

bool is_client_id(std::string_view text) {
  return text.size() == kIdDigits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Result<std::string> make_client_id() {
  std::array<std::byte, kIdDigits / 2> random{};
  LUMEN_CHECK_OK(crypto::fill_random(random));
  return crypto::to_hex(random);
}

json to_json(const KnownHost& host) {
  return {{"id", host.unique_id},
          {"name", host.name},
          {"address", host.address.host},
          {"port", host.address.http_port},
          {"certificate", host.certificate.pem()}};
}

// nullopt: not what to_json() writes.
std::optional<KnownHost> from_json(const json& value) {
  if (!value.is_object() || value.size() != 5) return std::nullopt;
  for (const auto* name : {"id", "name", "address", "certificate"}) {
    if (!value.contains(name) || !value[name].is_string()) return std::nullopt;
  }
  if (!value.contains("port") || !value["port"].is_number_unsigned()) return std::nullopt;
  const auto port = value["port"].get<std::uint64_t>();
  auto certificate = crypto::Certificate::from_pem(value["certificate"].get<std::string>());
  auto id = value["id"].get<std::string>();
  if (!certificate || id.empty() || port == 0 || port > 0xFFFF) return std::nullopt;
  return KnownHost{.unique_id = std::move(id),
                   .name = value["name"].get<std::string>(),
                   .address = {value["address"].get<std::string>(), static_cast<std::uint16_t>(port)},
                   .certificate = *std::move(certificate)};
}

}  // namespace

std::string default_book_folder() {
  // NOLINTBEGIN(concurrency-mt-unsafe): before any thread
  const char* const state = std::getenv("XDG_STATE_HOME");
  const char* const home = std::getenv("HOME");
  // NOLINTEND(concurrency-mt-unsafe)
  if (state != nullptr && state[0] == '/') return fmt::format("{}/lumen/client", state);
  return fmt::format("{}/.local/state/lumen/client", home != nullptr ? home : "");
}

HostBook::HostBook(std::string folder, crypto::Identity identity, std::string client_id,
                   std::vector<KnownHost> hosts)
    : folder_{std::move(folder)},
      identity_{std::move(identity)},
      client_id_{std::move(client_id)},
      hosts_{std::move(hosts)} {}

Result<HostBook> HostBook::open(std::string folder) {
  const auto files = in(folder);
  LUMEN_TRY(auto identity, files.open_identity("identity", [] {
    return crypto::Identity::create(kCommonName, std::chrono::system_clock::now());
  }));
  LUMEN_TRY(auto id, files.open_text("client-id", make_client_id, is_client_id));
  LUMEN_TRY(auto hosts,
            store::read_list<KnownHost>(files, kHosts, {kMaxHostsFile, kMaxKnownHosts}, from_json));
  return HostBook{std::move(folder), std::move(identity), std::move(id), std::move(hosts)};
}

const KnownHost* HostBook::find(std::string_view unique_id) const {
  const auto found = std::ranges::find(hosts_, unique_id, &KnownHost::unique_id);
  return found == hosts_.end() ? nullptr : &*found;
}

Status HostBook::keep(KnownHost host) {
  auto changed = hosts_;
  std::erase_if(changed, [&](const auto& known) { return known.unique_id == host.unique_id; });
  if (changed.size() == kMaxKnownHosts) {
    return fail(ErrorCode::resource_exhausted, "client.too-many-hosts",
                fmt::format("{} hosts are known already", kMaxKnownHosts),
                fmt::format("Remove some from {}/hosts.json", folder_));
  }
  changed.push_back(std::move(host));
  return save(std::move(changed));
}

Status HostBook::forget(std::string_view unique_id) {
  auto changed = hosts_;
  std::erase_if(changed, [&](const auto& known) { return known.unique_id == unique_id; });
  return changed.size() == hosts_.size() ? Status{} : save(std::move(changed));
}

Status HostBook::save(std::vector<KnownHost> hosts) {
  LUMEN_CHECK_OK(store::write_list(in(folder_), kHosts, hosts, to_json));
  hosts_ = std::move(hosts);
  return {};
}

}  // namespace lumen::client
