#include "gamestream/http/http_api.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <regex>

#include "gamestream/http/server_info.hpp"
#include "gamestream/http/test_identity.hpp"

namespace lumen::gamestream {
namespace {

const crypto::Fingerprint& known() { return client_identity().certificate().fingerprint(); }
const crypto::Fingerprint& stranger() { return test_identity(2).certificate().fingerprint(); }

PairedClients one_paired() {
  PairedClients paired;
  EXPECT_TRUE(paired.add(client_identity().certificate(), "TV", {}).has_value());
  return paired;
}

Routed route(Scheme scheme, std::string_view target, std::optional<crypto::Fingerprint> client = std::nullopt,
             std::string_view method = "GET") {
  const auto paired = one_paired();
  return HttpApi{paired}.route({scheme, method, target, client, address("192.0.2.1"), address("192.0.2.7")});
}
std::int64_t status_of(const Routed& routed) {
  const auto* answer = std::get_if<Answer>(&routed);
  return answer != nullptr ? status(*answer) : 0;
}

constexpr std::string_view kPaths[] = {"/serverinfo", "/pair",   "/unpair", "/applist", "/appasset",
                                       "/launch",     "/resume", "/cancel", "/",        "/pin"};

TEST(GameStream1, s5_server_info_over_http_needs_no_query) {
  for (const auto* target : {"/serverinfo", "/serverinfo?", "/serverinfo?uniqueid=0&uuid=%"}) {
    const auto routed = route(Scheme::http, target);
    ASSERT_TRUE(std::holds_alternative<ServerInfoRequest>(routed)) << target;
    EXPECT_EQ(std::get<ServerInfoRequest>(routed).client, std::nullopt);
    EXPECT_EQ(std::get<ServerInfoRequest>(routed).local, address("192.0.2.1"));
  }
}

TEST(GameStream1, s6_a_request_line_of_16000_bytes_is_taken_on_pair) {
  const auto target = "/pair?uniqueid=1&phrase=getservercert&salt=" + std::string(32, '0') +
                      "&clientcert=" + crypto::to_hex(as_view(client_identity().certificate().pem())) +
                      "&uuid=";
  const auto routed = route(Scheme::http, target + std::string(16'000 - target.size(), 'a'));
  ASSERT_TRUE(std::holds_alternative<PairRequest>(routed));
  EXPECT_TRUE(std::holds_alternative<GetHostCertificate>(std::get<PairRequest>(routed).phase));
}

TEST(GameStream1, s7_unknown_parameters_change_nothing) {
  const auto plain = route(Scheme::http, "/pair?uniqueid=1&clientchallenge=" + std::string(32, 'a'));
  const auto more =
      route(Scheme::http, "/pair?x=1&UNIQUEID=1&y&clientChallenge=" + std::string(32, 'A') + "&uniqueid=2");
  EXPECT_EQ(std::get<PairRequest>(plain).unique_id, std::get<PairRequest>(more).unique_id);
  EXPECT_EQ(std::get<ClientChallenge>(std::get<PairRequest>(plain).phase).encrypted,
            std::get<ClientChallenge>(std::get<PairRequest>(more).phase).encrypted);
}

// Android's reader throws at a blank before the first <App>.
TEST(GameStream1, s8_no_answer_has_white_space_between_its_elements) {
  HostInfo host{.hostname = "den",
                .unique_id = "6F1D3C1E-6A41-4C5E-9A44-9A2F7A1C0E11",
                .ports = ports_from(kDefaultHttpPort).value()};
  const auto apps = AppList::create({{7, "A & B <\"'>"}, {8, " C "}}).value();
  const std::regex start{R"(^<\?xml [^>]*\?><root status_code="-?[0-9]+"[^>]*>)"}, blank{R"(>[ \t\r\n]+<)"};
  for (const auto& answer :
       {server_info_answer(host, {}), server_info_answer(host, {.paired = true}), app_list_answer(apps),
        app_list_answer({}), error_answer(404, "a <b> c"), pair_success(), pair_refusal(400, "no"),
        pair_busy(), unpair_answer(), cancel_answer(true), cancel_answer(false),
        launch_success(LaunchVerb::launch, "rtsp://192.0.2.1:48010"),
        launch_refusal(LaunchVerb::resume, 503, "no")}) {
    EXPECT_TRUE(std::regex_search(answer.body, start)) << answer.body;
    EXPECT_FALSE(std::regex_search(answer.body, blank)) << answer.body;
    EXPECT_TRUE(read_xml(answer.body).has_value());
  }
}

TEST(GameStream1, s9_errors_have_http_status_200) {
  for (const auto scheme : {Scheme::http, Scheme::https}) {
    for (const auto path : kPaths) {
      for (const auto client :
           {std::optional{known()}, std::optional{stranger()}, std::optional<crypto::Fingerprint>{}}) {
        const auto routed = route(scheme, std::string{path} + "?a=%", client);
        const auto* answer = std::get_if<Answer>(&routed);
        EXPECT_TRUE(answer == nullptr || answer->http_status == 200) << path;
      }
    }
  }
}

TEST(GameStream1, s13_without_a_paired_certificate_every_https_path_gets_401) {
  for (const auto path : kPaths) {
    for (const auto* method : {"GET", "POST"}) {
      EXPECT_EQ(status_of(route(Scheme::https, path, std::nullopt, method)), 401) << path;
      EXPECT_EQ(status_of(route(Scheme::https, path, stranger(), method)), 401) << path;
    }
  }
  auto paired = one_paired();
  ASSERT_TRUE(paired.set_enabled(crypto::to_hex(known()), false).has_value());
  EXPECT_EQ(status_of(HttpApi{paired}.route({Scheme::https, "GET", "/serverinfo", known(), {}, {}})), 401);
}

TEST(HttpApi, only_the_paired_get_beyond_server_info_and_pairing_and_only_over_https) {
  for (const auto* path : {"/applist", "/appasset", "/launch", "/resume", "/cancel", "/other"}) {
    EXPECT_EQ(status_of(route(Scheme::http, path)), 404) << path;
    EXPECT_EQ(status_of(route(Scheme::http, path, known())), 404) << path;
  }
  EXPECT_EQ(status_of(route(Scheme::https, "/other", known())), 404);
  EXPECT_EQ(std::get<ServerInfoRequest>(route(Scheme::https, "/serverinfo", known())).client, known());
  EXPECT_EQ(std::get<AppListRequest>(route(Scheme::https, "/applist?%", known())).client, known());
  EXPECT_EQ(std::get<CancelRequest>(route(Scheme::https, "/cancel", known())).client, known());
  EXPECT_EQ(std::get<AppAssetRequest>(route(Scheme::https, "/appasset?appid=5&AssetType=2", known())).app_id,
            5U);
  EXPECT_EQ(std::get<AppAssetRequest>(route(Scheme::https, "/appasset?appid=x", known())).app_id, 0U);
  const auto launch = std::get<LaunchRequest>(route(
      Scheme::https, "/launch?rikey=000102030405060708090a0b0c0d0e0f&rikeyid=1&appid=7&localAudioPlayMode=0",
      known()));
  EXPECT_EQ(launch.client, known());
  EXPECT_EQ(launch.remote, address("192.0.2.7"));
  EXPECT_EQ(launch.local, address("192.0.2.1"));
  EXPECT_EQ(launch.verb, LaunchVerb::launch);
  const auto resume =
      route(Scheme::https, "/resume?rikey=000102030405060708090a0b0c0d0e0f&rikeyid=1", known());
  EXPECT_EQ(std::get<LaunchRequest>(resume).verb, LaunchVerb::resume);
}

TEST(HttpApi, the_proof_of_pairing_is_confirmed_over_https_only) {
  const auto* target = "/pair?uniqueid=1&phrase=pairchallenge";
  EXPECT_EQ(element(std::get<Answer>(route(Scheme::https, target, known())), "paired"), "1");
  EXPECT_EQ(element(std::get<Answer>(route(Scheme::http, target)), "paired"), "0");
  EXPECT_EQ(element(std::get<Answer>(route(Scheme::http, target, known())), "paired"), "0");
}

TEST(HttpApi, every_refusal_of_pair_says_paired_0) {
  const std::pair<std::string, std::int64_t> refusals[] = {{"/pair", 400},
                                                           {"/pair?phrase=getservercert", 400},
                                                           {"/pair?uniqueid=", 400},
                                                           {"/pair?uniqueid=" + std::string(65, 'a'), 400},
                                                           {"/pair?uniqueid=%00", 400},
                                                           {"/pair?uniqueid=1&a=%", 400},
                                                           {"/pair?uniqueid=1", 404},
                                                           {"/pair?uniqueid=1&phrase=other", 404}};
  for (const auto& [target, code] : refusals) {
    const auto answer = std::get<Answer>(route(Scheme::http, target));
    EXPECT_EQ(status(answer), code) << target;
    EXPECT_EQ(element(answer, "paired"), "0") << target;
  }
}

TEST(HttpApi, malformed_phases_are_unusable) {
  const std::string zeros(32, '0');
  const auto pem = crypto::to_hex(as_view(client_identity().certificate().pem()));
  const std::string malformed[] = {"phrase=getservercert&clientcert=" + pem,
                                   "phrase=getservercert&salt=" + zeros,
                                   "phrase=getservercert&salt=00&clientcert=" + pem,
                                   "phrase=getservercert&salt=" + zeros + "&clientcert=00",
                                   "phrase=getservercert&salt=" + zeros + "&clientcert=" + pem + "0",
                                   "clientchallenge=" + zeros + "00",
                                   "clientchallenge=",
                                   std::string{"serverchallengeresp=00"},
                                   "clientpairingsecret=" + zeros,
                                   "clientpairingsecret=" + std::string(2 * 16 + 2 * 1025, '0'),
                                   "clientchallenge=" + zeros + "&serverchallengeresp=" + zeros + zeros};
  for (const auto& query : malformed) {
    const auto routed = route(Scheme::http, "/pair?uniqueid=1&" + query);
    ASSERT_TRUE(std::holds_alternative<PairRequest>(routed)) << query;
    EXPECT_TRUE(std::holds_alternative<Unusable>(std::get<PairRequest>(routed).phase)) << query;
  }
  const auto longer =
      route(Scheme::http, "/pair?uniqueid=1&phrase=getservercert&salt=" + zeros + "ff&clientcert=" + pem);
  EXPECT_TRUE(std::holds_alternative<GetHostCertificate>(std::get<PairRequest>(longer).phase));
}

TEST(HttpApi, device_names_are_fit_to_show) {
  const auto name = [](std::string_view text) {
    return std::get<PairRequest>(
               route(Scheme::http, "/pair?uniqueid=1&clientchallenge=0&devicename=" + std::string{text}))
        .device_name;
  };
  EXPECT_EQ(name("roth"), "");
  EXPECT_EQ(name("%1b[2JTV%0a"), "[2JTV");
}

TEST(HttpApi, unpair_is_always_200) {
  const auto unpair = std::get<UnpairRequest>(route(Scheme::http, "/unpair?uniqueid=0a"));
  EXPECT_EQ(unpair.unique_id, "0a");
  EXPECT_EQ(unpair.remote, address("192.0.2.7"));
  EXPECT_EQ(status_of(route(Scheme::http, "/unpair")), 200);
  EXPECT_EQ(status_of(route(Scheme::http, "/unpair?uniqueid=%")), 200);
}

TEST(HttpApi, other_methods_are_405) {
  for (const auto* method : {"POST", "HEAD", "get", "", "CONNECT"}) {
    const auto answer = std::get<Answer>(route(Scheme::http, "/serverinfo", std::nullopt, method));
    EXPECT_EQ(answer.http_status, 405) << method;
  }
}

RC_GTEST_PROP(HttpApi, no_bytes_get_a_stranger_beyond_pairing, (const std::string& junk, bool secure)) {
  static const auto paired = one_paired();
  const auto target =
      *rc::gen::element<std::string>("", "/serverinfo?", "/pair?uniqueid=1&", "/launch?") + junk;
  const auto routed = HttpApi{paired}.route(
      {secure ? Scheme::https : Scheme::http, "GET", target, stranger(), address("::1"), address("::1")});
  const auto* answer = std::get_if<Answer>(&routed);
  if (answer != nullptr) RC_ASSERT(read_xml(answer->body).has_value());
  if (secure) RC_ASSERT(status_of(routed) == 401);
  RC_ASSERT_FALSE(std::holds_alternative<LaunchRequest>(routed));
}

}  // namespace
}  // namespace lumen::gamestream
