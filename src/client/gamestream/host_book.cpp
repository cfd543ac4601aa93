#include "client/gamestream/host_book.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/runtime_dir.hpp"
#include "crypto/aead.hpp"

namespace lumen::client {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxHostsFile = 4U << 20U, kMaxIdFile = 100, kIdDigits = 16;
constexpr std::string_view kCommonName = "NVIDIA GameStream Client";  // what hosts know (part 1, 3.2)

bool exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

Error in_file(Error error, const std::string& path) {
  error.what = fmt::format("{}: {}", path, error.what);
  error.id = "client.state";
  if (error.remedy.empty())
    error.remedy = "Restore it from a backup, or move it away and pair with your hosts again";
  return error;
}

Result<std::string> read_own(const std::string& path, std::size_t limit) {
  auto checked = check_private_file(path);
  if (!checked) return tl::unexpected{in_file(std::move(checked.error()), path)};
  auto text = read_small_file(path, limit);
  if (!text) return tl::unexpected{in_file(std::move(text.error()), path)};
  return text;
}

void wipe(std::string& text) {
  crypto::wipe(MutableBytes{reinterpret_cast<std::byte*>(text.data()), text.size()});
}

Result<crypto::Identity> create_identity(const std::string& certificate, const std::string& key) {
  LUMEN_TRY(auto identity, crypto::Identity::create(kCommonName, std::chrono::system_clock::now()));
  LUMEN_TRY(auto pem, identity.private_key_pem());
  const auto written = write_state_file(key, pem);
  wipe(pem);
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
  wipe(key_pem);
  if (!identity) return tl::unexpected{in_file(std::move(identity.error()), key)};
  return identity;
}

bool is_client_id(std::string_view text) {
  return text.size() == kIdDigits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Result<std::string> open_client_id(const std::string& path) {
  if (!exists(path)) {
    std::array<std::byte, kIdDigits / 2> random{};
    LUMEN_CHECK_OK(crypto::fill_random(random));
    auto id = crypto::to_hex(random);
    LUMEN_CHECK_OK(write_state_file(path, id + "\n"));
    return id;
  }
  LUMEN_TRY(auto text, read_own(path, kMaxIdFile));
  while (text.ends_with('\n')) text.pop_back();
  if (is_client_id(text)) return text;
  return tl::unexpected{in_file({ErrorCode::malformed, {}, "no identifier of a client", {}}, path)};
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

Result<std::vector<KnownHost>> open_hosts(const std::string& path) {
  std::vector<KnownHost> hosts;
  if (!exists(path)) return hosts;
  LUMEN_TRY(const auto text, read_own(path, kMaxHostsFile));
  const auto document = json::parse(text, nullptr, false);
  const auto damaged = [&] {
    return tl::unexpected{in_file({ErrorCode::malformed, {}, "it is damaged", {}}, path)};
  };
  if (!document.is_object() || !document.contains("hosts") || !document["hosts"].is_array()) return damaged();
  for (const auto& entry : document["hosts"]) {
    auto host = from_json(entry);
    if (!host || hosts.size() == kMaxKnownHosts) return damaged();
    hosts.push_back(*std::move(host));
  }
  return hosts;
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
  LUMEN_TRY(auto identity, open_identity(folder));
  LUMEN_TRY(auto id, open_client_id(folder + "/client-id"));
  LUMEN_TRY(auto hosts, open_hosts(folder + "/hosts.json"));
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
  json entries = json::array();
  for (const auto& host : hosts) entries.push_back(to_json(host));
  const auto text = json{{"hosts", std::move(entries)}}.dump(2, ' ', false, json::error_handler_t::replace);
  LUMEN_CHECK_OK(write_state_file(folder_ + "/hosts.json", text + "\n"));
  hosts_ = std::move(hosts);
  return {};
}

}  // namespace lumen::client
