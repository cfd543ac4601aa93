#include "gamestream/http/paired_clients.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "gamestream/http/test_identity.hpp"

namespace lumen::gamestream {
namespace {

using Json = nlohmann::json;

const std::chrono::sys_seconds kNow{std::chrono::seconds{1'800'000'000}};

const crypto::Certificate& certificate(std::size_t number) { return test_identity(number).certificate(); }
std::string id(std::size_t number) { return crypto::to_hex(certificate(number).fingerprint()); }

PairedClients two() {
  PairedClients paired;
  EXPECT_TRUE(paired.add(certificate(1), "TV", kNow).has_value());
  EXPECT_TRUE(paired.add(certificate(2), "Phone", kNow).has_value());
  return paired;
}

TEST(PairedClients, allow_exactly_those_that_are_in_and_enabled) {
  auto paired = two();
  EXPECT_FALSE(PairedClients{}.allows(certificate(1).fingerprint()));
  EXPECT_FALSE(PairedClients{}.allows({}));
  EXPECT_TRUE(paired.allows(certificate(1).fingerprint()));
  EXPECT_FALSE(paired.allows(certificate(0).fingerprint()));
  ASSERT_TRUE(paired.set_enabled(id(1), false).has_value());
  EXPECT_FALSE(paired.allows(certificate(1).fingerprint()));
  EXPECT_TRUE(paired.allows(certificate(2).fingerprint()));
  ASSERT_TRUE(paired.add(certificate(1), "TV again", kNow).has_value());
  EXPECT_TRUE(paired.allows(certificate(1).fingerprint()));
  EXPECT_EQ(paired.clients().size(), 2U);
}

TEST(GameStream1, s34_a_client_that_was_removed_is_unauthorised_at_once) {
  auto paired = two();
  const HttpApi api{paired};
  const HttpRequest request{Scheme::https, "GET", "/applist", certificate(1).fingerprint(), {}, {}};
  EXPECT_TRUE(std::holds_alternative<AppListRequest>(api.route(request)));
  ASSERT_TRUE(paired.remove(id(1)).has_value());
  EXPECT_EQ(status(std::get<Answer>(api.route(request))), 401);
  EXPECT_EQ(paired.remove(id(1)).error().id, "gamestream.no-such-client");
}

TEST(GameStream1, s15_what_a_paired_key_signed_and_what_only_looks_like_its_certificate_are_refused) {
  std::ifstream file{LUMEN_TEST_VECTORS "/gamestream-lookalikes.json"};
  const auto certificates = Json::parse(file);
  const auto of = [&](const char* name) {
    return crypto::Certificate::from_pem(certificates.at(name).get<std::string>()).value();
  };
  PairedClients paired;
  ASSERT_TRUE(paired.add(of("paired"), "TV", kNow).has_value());
  const HttpApi api{paired};
  for (const auto& [name, code] :
       {std::pair{"paired", 0}, {"same_subject_and_serial", 401}, {"signed_by_the_paired", 401}}) {
    const auto routed = api.route({Scheme::https, "GET", "/applist", of(name).fingerprint(), {}, {}});
    const auto* refusal = std::get_if<Answer>(&routed);
    EXPECT_EQ(refusal != nullptr ? status(*refusal) : 0, code) << name;
  }
}

TEST(PairedClients, names_are_visible) {
  auto paired = two();
  ASSERT_TRUE(paired.rename(id(1), " Living\x07 room ").has_value());
  EXPECT_EQ(paired.find(id(1))->name, "Living room");
  EXPECT_EQ(paired.rename(id(1), " ").error().id, "gamestream.client-name");
  EXPECT_EQ(paired.rename("x", "y").error().id, "gamestream.no-such-client");
  ASSERT_TRUE(paired.add(certificate(0), "", kNow).has_value());
  EXPECT_EQ(paired.find(certificate(0).fingerprint())->name, "Client");
}

TEST(PairedClients, are_the_same_after_they_were_stored) {
  auto paired = two();
  ASSERT_TRUE(paired.set_enabled(id(2), false).has_value());
  const auto text = paired.to_json();
  const auto again = PairedClients::from_json(text).value();
  EXPECT_EQ(again.to_json(), text);
  EXPECT_TRUE(again.allows(certificate(1).fingerprint()));
  EXPECT_FALSE(again.allows(certificate(2).fingerprint()));
  EXPECT_EQ(again.find(id(1))->added, kNow);
  EXPECT_TRUE(PairedClients::from_json(PairedClients{}.to_json())->clients().empty());
}

TEST(PairedClients, a_file_with_anything_wrong_is_refused_as_a_whole) {
  const auto good = Json::parse(two().to_json());
  const auto changed = [&](const std::function<void(Json&)>& change) {
    auto json = good;
    change(json);
    return json.dump();
  };
  const auto entry = [&](const char* key, const Json& value) {
    return changed([&](Json& json) { json["clients"][0][key] = value; });
  };
  const std::string bad[] = {"",
                             "{}",
                             "[]",
                             "null",
                             "{\"version\":1}",
                             std::string(100'000, '['),
                             changed([](Json& json) { json["version"] = 2; }),
                             changed([](Json& json) { json["version"] = "1"; }),
                             changed([](Json& json) { json["more"] = 1; }),
                             changed([](Json& json) { json["clients"] = Json::object(); }),
                             changed([](Json& json) { json["clients"][0].erase("enabled"); }),
                             changed([](Json& json) { json["clients"].push_back(json["clients"][0]); }),
                             entry("more", 1),
                             entry("enabled", 1),
                             entry("enabled", "true"),
                             entry("name", ""),
                             entry("name", "a\n"),
                             entry("name", std::string(65, 'a')),
                             entry("added", -1),
                             entry("added", 1e10),
                             entry("added", 1ULL << 63U),
                             entry("id", id(2)),
                             entry("id", 1),
                             entry("certificate", ""),
                             entry("certificate", certificate(2).pem()),
                             good.dump() + "x",
                             "{\"version\":1,\"version\":1,\"clients\":[]}",
                             std::string(kMaxPairedFileBytes + 1, ' ')};
  for (const auto& text : bad) {
    const auto read = PairedClients::from_json(text);
    ASSERT_FALSE(read.has_value()) << text.substr(0, 200);
    EXPECT_TRUE(read.error().id == "gamestream.paired-file" || read.error().id == "crypto.certificate");
  }
  EXPECT_TRUE(PairedClients::from_json(good.dump()).has_value());
}

}  // namespace
}  // namespace lumen::gamestream
