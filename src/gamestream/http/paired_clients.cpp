#include "gamestream/http/paired_clients.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "gamestream/http/text.hpp"

namespace lumen::gamestream {
namespace {

using Json = nlohmann::json;

constexpr int kVersion = 1;

tl::unexpected<Error> bad_file(std::string what) {
  return fail(ErrorCode::malformed, "gamestream.paired-file",
              "the list of paired clients cannot be used: " + std::move(what),
              "Restore the file, or remove it and pair the clients again");
}

// Refuses objects that name a key twice, which the library would let pass.
class NoDoubles {
 public:
  bool operator()(int, Json::parse_event_t event, Json& value) {
    if (event == Json::parse_event_t::object_start) keys_.emplace_back();
    if (event == Json::parse_event_t::object_end) keys_.pop_back();
    if (event == Json::parse_event_t::key) {
      unique_ = unique_ && keys_.back().insert(value.get<std::string>()).second;
    }
    return true;
  }
  bool unique() const { return unique_; }

 private:
  std::vector<std::set<std::string>> keys_;
  bool unique_ = true;
};

bool has_exactly(const Json& object, std::initializer_list<std::string_view> keys) {
  return object.is_object() && object.size() == keys.size() &&
         std::ranges::all_of(keys, [&](std::string_view key) { return object.contains(key); });
}

Result<PairedClient> read_client(const Json& entry) {
  if (!has_exactly(entry, {"id", "name", "certificate", "enabled", "added"}) || !entry["id"].is_string() ||
      !entry["name"].is_string() || !entry["certificate"].is_string() || !entry["enabled"].is_boolean() ||
      !entry["added"].is_number_integer()) {
    return bad_file("an entry has not the fields it should");
  }
  LUMEN_TRY(auto certificate,
            crypto::Certificate::from_pem(entry["certificate"].get_ref<const std::string&>()));
  const auto& name = entry["name"].get_ref<const std::string&>();
  if (entry["id"].get_ref<const std::string&>() != crypto::to_hex(certificate.fingerprint())) {
    return bad_file("an entry's id is not its certificate's");
  }
  if (name.empty() || display_name(name, kMaxClientNameBytes) != name) return bad_file("a name is unfit");
  constexpr std::int64_t kEndOfTime = 253'402'300'799;  // the last second of the year 9999
  if (entry["added"] < 0 || entry["added"] > kEndOfTime) return bad_file("a time is unfit");
  return PairedClient{
      .id = entry["id"].get<std::string>(),
      .name = name,
      .certificate = std::move(certificate),
      .enabled = entry["enabled"].get<bool>(),
      .added = std::chrono::sys_seconds{std::chrono::seconds{entry["added"].get<std::int64_t>()}}};
}

}  // namespace

Result<PairedClients> PairedClients::from_json(std::string_view text) {
  if (text.size() > kMaxPairedFileBytes) return bad_file("it is too large");
  NoDoubles doubles;
  const auto json = Json::parse(text, std::ref(doubles), false);
  if (json.is_discarded() || !doubles.unique()) return bad_file("it is not JSON, or names something twice");
  if (!has_exactly(json, {"version", "clients"}) || json["version"] != kVersion ||
      !json["clients"].is_array() || json["clients"].size() > kMaxPairedClients) {
    return bad_file("it is of another version, or too long");
  }
  PairedClients set;
  for (const auto& entry : json["clients"]) {
    LUMEN_TRY(auto client, read_client(entry));
    if (set.find(client.id) != nullptr) return bad_file("a client stands in it twice");
    set.clients_.push_back(std::move(client));
  }
  return set;
}

std::string PairedClients::to_json() const {
  auto entries = Json::array();
  for (const auto& client : clients_) {
    entries.push_back({{"id", client.id},
                       {"name", client.name},
                       {"certificate", client.certificate.pem()},
                       {"enabled", client.enabled},
                       {"added", client.added.time_since_epoch().count()}});
  }
  const Json json{{"version", kVersion}, {"clients", std::move(entries)}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

bool PairedClients::allows(const crypto::Fingerprint& client) const {
  bool allowed = false;
  for (const auto& each : clients_) {
    const bool same = crypto::equal_in_constant_time(each.certificate.fingerprint(), client);
    allowed = allowed || (same && each.enabled);
  }
  return allowed;
}

const PairedClient* PairedClients::find(std::string_view id) const {
  const auto found = std::ranges::find(clients_, id, &PairedClient::id);
  return found == clients_.end() ? nullptr : &*found;
}

const PairedClient* PairedClients::find(const crypto::Fingerprint& client) const {
  return find(crypto::to_hex(client));
}

Result<PairedClient*> PairedClients::require(std::string_view id) {
  const auto found = std::ranges::find(clients_, id, &PairedClient::id);
  if (found == clients_.end()) {
    return fail(ErrorCode::invalid_argument, "gamestream.no-such-client", "no such client is paired",
                "Look at the list of paired clients");
  }
  return &*found;
}

Status PairedClients::add(crypto::Certificate certificate, std::string_view name,
                          std::chrono::sys_seconds now) {
  auto shown = display_name(name, kMaxClientNameBytes);
  if (shown.empty()) shown = "Client";
  const auto id = crypto::to_hex(certificate.fingerprint());
  if (auto known = require(id)) {
    (*known)->name = std::move(shown);
    (*known)->enabled = true;
    return {};
  }
  if (clients_.size() >= kMaxPairedClients) {
    return fail(ErrorCode::resource_exhausted, "gamestream.paired-full", "256 clients are paired already",
                "Remove clients that are no longer used");
  }
  clients_.push_back({id, std::move(shown), std::move(certificate), true, now});
  return {};
}

Status PairedClients::rename(std::string_view id, std::string_view name) {
  LUMEN_TRY(auto* const client, require(id));
  auto shown = display_name(name, kMaxClientNameBytes);
  if (shown.empty()) {
    return fail(ErrorCode::invalid_argument, "gamestream.client-name", "a client's name must be visible",
                "Type a name");
  }
  client->name = std::move(shown);
  return {};
}

Status PairedClients::set_enabled(std::string_view id, bool enabled) {
  LUMEN_TRY(auto* const client, require(id));
  client->enabled = enabled;
  return {};
}

Status PairedClients::remove(std::string_view id) {
  LUMEN_CHECK_OK(require(id));
  std::erase_if(clients_, [&](const PairedClient& each) { return each.id == id; });
  return {};
}

}  // namespace lumen::gamestream
