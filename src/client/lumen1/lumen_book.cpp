#include "client/lumen1/lumen_book.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "crypto/digest.hpp"
#include "store/json_list.hpp"

namespace lumen::client {
namespace {

using nlohmann::json;

constexpr store::ListName kHosts{"hosts.json", "hosts"};
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

}  // namespace

Result<LumenBook> LumenBook::open(std::string path) {
  store::StateFolder folder{std::move(path), "client.state",
                            "Restore it from a backup, or move it away and pair with your hosts again"};
  LUMEN_TRY(auto identity, folder.open_identity("identity", [] {
    return crypto::Identity::create("Lumen client", std::chrono::system_clock::now(),
                                    crypto::KeyKind::ecdsa_p256);
  }));
  LUMEN_TRY(auto hosts,
            store::read_list<PairedHost>(folder, kHosts, {kMaxHostsFile, kMaxLumenHosts}, from_json));
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
  LUMEN_CHECK_OK(store::write_list(folder_, kHosts, hosts, to_json));
  hosts_ = std::move(hosts);
  return {};
}

}  // namespace lumen::client
