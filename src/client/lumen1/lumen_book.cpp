#include "client/lumen1/lumen_book.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "crypto/digest.hpp"

namespace lumen::client {
namespace {

using nlohmann::json;

constexpr std::string_view kHosts = "hosts.json";
constexpr std::size_t kMaxHostsFile = 1U << 20U, kIdDigits = 32, kMaxNameBytes = 256;

json to_json(const PairedHost& host) {
  return {{"id", host.id},
          {"name", host.name},
          {"address", to_string(host.address)},
          {"fingerprint", crypto::to_hex(host.fingerprint)}};
}

bool is_id(std::string_view text) {
  return text.size() == kIdDigits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// nullopt: not what to_json() writes.
std::optional<PairedHost> from_json(const json& value) {
  if (!value.is_object() || value.size() != 4) return std::nullopt;
  for (const auto* name : {"id", "name", "address", "fingerprint"}) {
    if (!value.contains(name) || !value[name].is_string()) return std::nullopt;
  }
  PairedHost host{
      .id = value["id"].get<std::string>(), .name = value["name"].get<std::string>(), .address = {}};
  const auto address = parse_lumen_address(value["address"].get<std::string>());
  const auto fingerprint = crypto::from_hex(value["fingerprint"].get<std::string>());
  if (!is_id(host.id) || host.name.size() > kMaxNameBytes || !address || !fingerprint ||
      fingerprint->size() != host.fingerprint.size())
    return std::nullopt;
  host.address = *address;
  std::ranges::copy(*fingerprint, host.fingerprint.begin());
  return host;
}

Result<std::vector<PairedHost>> read_hosts(const store::StateFolder& folder) {
  std::vector<PairedHost> hosts;
  if (!folder.has(kHosts)) return hosts;
  LUMEN_TRY(const auto text, folder.read(kHosts, kMaxHostsFile));
  const auto document = json::parse(text, nullptr, false);
  const auto damaged = [&] {
    return tl::unexpected{folder.in_file({ErrorCode::malformed, {}, "it is damaged", {}}, kHosts)};
  };
  if (!document.is_object() || !document.contains("hosts") || !document["hosts"].is_array()) return damaged();
  for (const auto& entry : document["hosts"]) {
    auto host = from_json(entry);
    if (!host || hosts.size() == kMaxLumenHosts) return damaged();
    hosts.push_back(*std::move(host));
  }
  return hosts;
}

}  // namespace

Result<LumenBook> LumenBook::open(std::string path) {
  store::StateFolder folder{std::move(path), "client.state",
                            "Restore it from a backup, or move it away and pair with your hosts again"};
  LUMEN_TRY(auto identity, folder.open_identity("identity", [] {
    return crypto::Identity::create("Lumen client", std::chrono::system_clock::now(),
                                    crypto::KeyKind::ecdsa_p256);
  }));
  LUMEN_TRY(auto hosts, read_hosts(folder));
  return LumenBook{std::move(folder), std::move(identity), std::move(hosts)};
}

const PairedHost* LumenBook::find(std::string_view id) const {
  const auto found = std::ranges::find(hosts_, id, &PairedHost::id);
  return found == hosts_.end() ? nullptr : &*found;
}

const PairedHost* LumenBook::at(const LumenAddress& address) const {
  const auto found = std::ranges::find(hosts_, address, &PairedHost::address);
  return found == hosts_.end() ? nullptr : &*found;
}

Status LumenBook::keep(PairedHost host) {
  auto changed = hosts_;
  std::erase_if(changed,
                [&](const auto& known) { return known.id == host.id || known.address == host.address; });
  if (changed.size() == kMaxLumenHosts) {
    return fail(ErrorCode::resource_exhausted, "client.too-many-hosts",
                fmt::format("{} hosts are known already", kMaxLumenHosts), "Forget some of them first");
  }
  changed.push_back(std::move(host));
  return save(std::move(changed));
}

Status LumenBook::forget(std::string_view id) {
  auto changed = hosts_;
  std::erase_if(changed, [&](const auto& known) { return known.id == id; });
  return changed.size() == hosts_.size() ? Status{} : save(std::move(changed));
}

Status LumenBook::save(std::vector<PairedHost> hosts) {
  json entries = json::array();
  for (const auto& host : hosts) entries.push_back(to_json(host));
  const auto text = json{{"hosts", std::move(entries)}}.dump(2, ' ', false, json::error_handler_t::replace);
  LUMEN_CHECK_OK(folder_.write(kHosts, text + "\n"));
  hosts_ = std::move(hosts);
  return {};
}

}  // namespace lumen::client
