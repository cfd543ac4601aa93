// Pairing, both ends: a PairingClient, and one that misbehaves, against HttpApi, PairingHost and
// PairedClients.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "gamestream/http/test_identity.hpp"

namespace lumen::gamestream {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

std::string wrong_pin(std::string_view pin) { return pin == "0000" ? "0001" : "0000"; }

std::string phase_one(std::string_view unique_id = "0123456789ABCDEF",
                      const crypto::Identity& identity = client_identity()) {
  return "/pair?" + encode_parameter("uniqueid", unique_id) +
         "&phrase=getservercert&salt=" + std::string(32, '0') +
         "&clientcert=" + crypto::to_hex(as_view(identity.certificate().pem()));
}
std::string phase_two() { return "/pair?uniqueid=0123456789ABCDEF&clientchallenge=" + std::string(32, '0'); }
std::string phase_three() {
  return "/pair?uniqueid=0123456789ABCDEF&serverchallengeresp=" + std::string(64, '0');
}
std::string phase_four() {
  return "/pair?uniqueid=0123456789ABCDEF&clientpairingsecret=" + std::string(544, '0');
}

void expect_refused(const TestHost& host, std::uint64_t reply, std::int64_t code) {
  ASSERT_TRUE(host.is_answered(reply));
  EXPECT_EQ(status(host.answers.at(reply)), code);
  EXPECT_EQ(element(host.answers.at(reply), "paired"), "0");
}
// Nothing of the attempt is left: even the phase that would be next finds none.
void expect_gone(TestHost& host) {
  EXPECT_TRUE(host.pairing.prompts().empty());
  EXPECT_EQ(host.pairing.next_deadline(), std::nullopt);
  for (const auto& phase : {phase_two(), phase_three(), phase_four()}) {
    expect_refused(host, host.get(Scheme::http, phase), 400);
  }
  EXPECT_TRUE(host.paired.clients().empty());
}

TEST(GameStream1, s24_the_vectors_are_reproduced) {
  std::ifstream file{LUMEN_TEST_VECTORS "/gamestream-session.json"};
  const auto vectors = nlohmann::json::parse(file);
  const auto bytes = [&](const char* group, const char* name) {
    return crypto::from_hex(vectors.at(group).at(name).get<std::string>()).value();
  };
  const auto key =
      pairing_key(bytes("aes_key", "salt"), vectors.at("aes_key").at("pin").get<std::string>()).value();
  EXPECT_EQ(crypto::to_hex(key.view()), vectors.at("aes_key").at("sha256_key"));

  std::vector<std::byte> rising(256), falling(256);
  for (std::size_t i = 0; i < 256; ++i) {
    rising[i] = static_cast<std::byte>(i);
    falling[i] = static_cast<std::byte>(255 - i);
  }
  const auto client_challenge = bytes("phase2", "client_challenge");
  EXPECT_EQ(crypto::encrypt_aes_128_ecb(key.view(), client_challenge).value(),
            bytes("phase2", "clientchallenge_param"));
  const auto host_hash = pairing_hash(client_challenge, rising, bytes("phase2", "host_secret")).value();
  EXPECT_EQ(crypto::to_hex(host_hash), vectors.at("phase2").at("host_hash"));
  std::vector<std::byte> response{host_hash.begin(), host_hash.end()};
  std::ranges::copy(bytes("phase2", "host_challenge"), std::back_inserter(response));
  EXPECT_EQ(crypto::encrypt_aes_128_ecb(key.view(), response).value(), bytes("phase2", "challengeresponse"));

  const auto client_hash =
      pairing_hash(bytes("phase2", "host_challenge"), falling, bytes("phase3", "client_secret")).value();
  EXPECT_EQ(crypto::to_hex(client_hash), vectors.at("phase3").at("client_hash"));
  EXPECT_EQ(crypto::encrypt_aes_128_ecb(key.view(), client_hash).value(),
            bytes("phase3", "serverchallengeresp_param"));
}

TEST(GameStream1, s25_phase_1_waits_for_the_pin_and_is_answered_with_pem) {
  TestHost host;
  TestClient client{host};
  client.send();
  EXPECT_FALSE(host.is_answered(client.reply));
  host.pass(seconds{179});
  EXPECT_FALSE(host.is_answered(client.reply));
  ASSERT_TRUE(host.enter_pin(client.machine.pin()).has_value());
  const auto pem = crypto::from_hex(element(host.answers.at(client.reply), "plaincert")).value();
  EXPECT_TRUE(std::ranges::equal(pem, as_view(host_identity().certificate().pem())));
}

TEST(GameStream1, s26_a_phase_before_its_time_ends_the_attempt) {
  for (const auto& early : {phase_two(), phase_three(), phase_four()}) {
    TestHost host;
    expect_refused(host, host.get(Scheme::http, early), 400);  // without any attempt
    const auto first = host.get(Scheme::http, phase_one());
    expect_refused(host, host.get(Scheme::http, early), 400);  // before the PIN
    expect_refused(host, first, 200);
    expect_gone(host);
  }
  for (const auto& early : {phase_three(), phase_four()}) {
    TestHost host;
    host.get(Scheme::http, phase_one());
    ASSERT_TRUE(host.enter_pin("1234").has_value());
    expect_refused(host, host.get(Scheme::http, early), 400);
    expect_gone(host);
  }
}

TEST(GameStream1, s26_a_phase_sent_twice_ends_the_attempt) {
  for (const int repeated : {2, 3}) {
    TestHost host;
    TestClient client{host};
    client.send();
    ASSERT_TRUE(host.enter_pin(client.machine.pin()).has_value());
    for (int phase = 2; phase <= repeated; ++phase) {
      ASSERT_TRUE(client.receive().has_value());
      client.send();
    }
    const auto twice = client.machine.next().value().target;
    expect_refused(host, host.get(Scheme::http, twice), 400);
    expect_gone(host);
  }
  TestHost host;
  TestClient client{host};
  ASSERT_TRUE(client.pair(client.machine.pin()).has_value());
  expect_refused(host, host.get(Scheme::http, phase_four()), 400);
}

TEST(GameStream1, s27_a_wrong_pin_shows_in_phase_4_only_and_nothing_is_stored) {
  TestHost host;
  // What embedded clients do: they go on and let the host decide. The host's key is of another PIN, so to the
  // host both encrypted phases are noise.
  host.get(Scheme::http, phase_one());
  ASSERT_TRUE(host.enter_pin("1234").has_value());
  const auto two = host.get(Scheme::http, phase_two());
  EXPECT_EQ(element(host.answers.at(two), "paired"), "1");
  EXPECT_EQ(element(host.answers.at(two), "challengeresponse").size(), 96U);
  const auto three = host.get(Scheme::http, phase_three());
  EXPECT_EQ(element(host.answers.at(three), "paired"), "1");
  EXPECT_EQ(element(host.answers.at(three), "pairingsecret").size(), 544U);
  expect_refused(host, host.get(Scheme::http, phase_four()), 200);
  EXPECT_EQ(host.ends.back(), AttemptEnd::failed);
  expect_gone(host);
}

TEST(PairingClient, tells_a_wrong_pin_and_unpairs) {
  TestHost host;
  TestClient client{host};
  EXPECT_EQ(client.pair(wrong_pin(client.machine.pin())).error().id, "gamestream.wrong-pin");
  EXPECT_EQ(client.machine.next()->target, "/unpair?uniqueid=0123456789ABCDEF");
  EXPECT_TRUE(client.finish().has_value());
  EXPECT_FALSE(client.machine.is_done());
  EXPECT_EQ(host.ends.back(), AttemptEnd::abandoned);
  expect_gone(host);
}

// A client that knows the PIN but does phase 3 or 4 with something else than it ought to.
void expect_unproven(bool right_hash, bool right_signature) {
  TestHost host;
  const std::vector<std::byte> salt(16), secret(16, std::byte{7});
  const auto first = host.get(Scheme::http, phase_one());
  ASSERT_TRUE(host.enter_pin("1234").has_value());
  ASSERT_TRUE(host.is_answered(first));
  const auto key = pairing_key(salt, "1234").value();
  const auto two = host.get(Scheme::http, phase_two());
  const auto response = crypto::decrypt_aes_128_ecb(
                            key.view(), *crypto::from_hex(element(host.answers.at(two), "challengeresponse")))
                            .value();
  auto hash =
      pairing_hash(ByteView{response}.subspan(32), client_identity().certificate().signature(), secret)
          .value();
  if (!right_hash) hash[31] ^= std::byte{1};
  const auto three =
      host.get(Scheme::http, "/pair?uniqueid=0123456789ABCDEF&serverchallengeresp=" +
                                 crypto::to_hex(*crypto::encrypt_aes_128_ecb(key.view(), hash)));
  EXPECT_EQ(status(host.answers.at(three)), 200);
  auto signature = client_identity().sign(secret).value();
  if (!right_signature) signature = test_identity(2).sign(secret).value();
  const auto four =
      host.get(Scheme::http, "/pair?uniqueid=0123456789ABCDEF&clientpairingsecret=" + crypto::to_hex(secret) +
                                 crypto::to_hex(signature));
  if (right_hash && right_signature) {
    EXPECT_EQ(element(host.answers.at(four), "paired"), "1");
    EXPECT_EQ(host.paired.clients().size(), 1U);
    return;
  }
  expect_refused(host, four, 200);
  expect_gone(host);
}

TEST(GameStream1, s28_a_wrong_signature_or_hash_in_phase_4_stores_nothing) {
  expect_unproven(true, true);  // the control: all right, it pairs
  expect_unproven(false, true);
  expect_unproven(true, false);
  expect_unproven(false, false);
}

TEST(GameStream1, s29_after_phase_4_the_very_next_request_is_authorised_and_after_a_restart_too) {
  TestHost host;
  TestClient client{host};
  ASSERT_TRUE(client.pair(client.machine.pin()).has_value());
  EXPECT_TRUE(client.machine.is_done());
  EXPECT_TRUE(*client.machine.host_certificate() == host_identity().certificate());
  EXPECT_EQ(host.ends, std::vector{AttemptEnd::proven});
  EXPECT_EQ(host.paired.clients()[0].name, "Bedroom TV");
  const auto restarted = PairedClients::from_json(host.paired.to_json()).value();
  EXPECT_TRUE(restarted.allows(client_identity().certificate().fingerprint()));
  EXPECT_FALSE(restarted.allows(test_identity(2).certificate().fingerprint()));
}

TEST(Pairing, a_client_that_could_not_be_stored_is_not_paired) {
  TestHost host;
  host.can_store = false;
  TestClient client{host};
  EXPECT_EQ(client.pair(client.machine.pin()).error().id, "gamestream.pairing-refused");
  EXPECT_TRUE(host.paired.clients().empty());
}

TEST(GameStream1, s30_a_client_that_stops_before_phase_4_is_not_authorised) {
  TestHost host;
  TestClient client{host};
  client.send();
  ASSERT_TRUE(host.enter_pin(client.machine.pin()).has_value());
  for (int phase = 2; phase <= 3; ++phase) {
    ASSERT_TRUE(client.receive().has_value());
    client.send();
  }
  ASSERT_TRUE(client.receive().has_value());  // phase 4 would be next
  EXPECT_TRUE(PairedClients::from_json(host.paired.to_json())->clients().empty());
  host.pass(seconds{15});
  EXPECT_EQ(host.ends, std::vector{AttemptEnd::timed_out});
  client.send();
  expect_refused(host, client.reply, 400);
  expect_gone(host);
}

TEST(GameStream1, s31_unpair_ends_the_callers_attempt_only_and_removes_no_certificate) {
  TestHost host;
  TestClient client{host};
  ASSERT_TRUE(client.pair(client.machine.pin()).has_value());
  const auto own = host.get(Scheme::http, phase_one());
  const auto others = host.get(Scheme::http, phase_one(), "192.0.2.8");
  for (const auto* target : {"/unpair?uniqueid=other", "/unpair", "/unpair?uniqueid=0123456789ABCDEF"}) {
    const auto reply = host.get(Scheme::http, target);
    EXPECT_EQ(host.answers.at(reply).http_status, 200);
    EXPECT_EQ(status(host.answers.at(reply)), 200);
  }
  expect_refused(host, own, 200);
  EXPECT_FALSE(host.is_answered(others));
  EXPECT_EQ(host.pairing.prompts().size(), 1U);
  EXPECT_TRUE(host.paired.allows(client_identity().certificate().fingerprint()));
}

void expect_busy(const TestHost& host, std::uint64_t reply) {
  ASSERT_TRUE(host.is_answered(reply));
  EXPECT_EQ(status(host.answers.at(reply)), 200);
  EXPECT_EQ(element(host.answers.at(reply), "paired"), "1");
  EXPECT_EQ(element(host.answers.at(reply), "plaincert"), "(absent)");
}

TEST(GameStream1, s32_above_the_prompt_limit_the_host_is_busy) {
  TestHost host;
  host.get(Scheme::http, phase_one());
  expect_busy(host, host.get(Scheme::http, phase_one("other")));  // the same address
  for (const auto* remote : {"192.0.2.8", "192.0.2.9", "2001:db8::1"}) {
    EXPECT_FALSE(host.is_answered(host.get(Scheme::http, phase_one(), remote)));
  }
  const auto fifth = host.get(Scheme::http, phase_one(), "192.0.2.10");
  expect_busy(host, fifth);
  EXPECT_EQ(host.opened.size(), 4U);
  TestClient client{host};
  EXPECT_EQ(client.machine.on_answer(host.answers.at(fifth).body).error().id, "gamestream.pairing-busy");
}

TEST(GameStream1, s33_two_devices_with_the_same_uniqueid_pair_at_the_same_time_with_their_own_pins) {
  TestHost host;
  TestClient one{host, client_identity(), "192.0.2.7"}, two{host, test_identity(2), "192.0.2.8"};
  one.send();
  two.send();
  ASSERT_EQ(host.pairing.prompts().size(), 2U);
  EXPECT_EQ(host.pairing.prompts()[1].remote, address("192.0.2.8"));
  EXPECT_EQ(host.pairing.prompts()[1].client, test_identity(2).certificate().fingerprint());
  ASSERT_TRUE(host.enter_pin(two.machine.pin(), 1).has_value());
  ASSERT_TRUE(host.enter_pin(one.machine.pin(), 0).has_value());
  for (int step = 0; step < 5; ++step) {
    for (auto* client : {&one, &two}) {
      ASSERT_TRUE(client->receive().has_value());
      if (client->machine.next()) client->send();
    }
  }
  EXPECT_TRUE(one.machine.is_done() && two.machine.is_done());
  EXPECT_EQ(host.paired.clients().size(), 2U);
}

TEST(GameStream1, s35_a_pin_has_four_digits_and_works_once) {
  TestHost host;
  host.get(Scheme::http, phase_one());
  const auto id = host.pairing.prompts().at(0).id;
  for (const auto* bad : {"", "123", "12345", "12a4", " 123", "-123"}) {
    EXPECT_EQ(host.enter_pin(bad).error().id, "gamestream.pin") << bad;
  }
  ASSERT_TRUE(host.enter_pin("0007").has_value());
  EXPECT_TRUE(host.pairing.prompts().empty());
  EXPECT_EQ(host.pairing.enter_pin(id, "0007", "", host.now).error().id, "gamestream.no-such-prompt");
  EXPECT_EQ(host.pairing.deny(id, host.now).error().id, "gamestream.no-such-prompt");
}

TEST(GameStream1, s71_beyond_the_limit_of_failures_no_prompt_opens) {
  TestHost host;
  for (int i = 0; i < 5; ++i) {
    TestClient client{host};
    EXPECT_FALSE(client.pair(wrong_pin(client.machine.pin())).has_value());
    EXPECT_TRUE(client.finish().has_value());
    host.pass(minutes{1});
  }
  ASSERT_EQ(host.opened.size(), 5U);
  expect_refused(host, host.get(Scheme::http, phase_one()), 403);
  expect_refused(host, host.get(Scheme::http, phase_one("other")), 403);
  EXPECT_EQ(host.opened.size(), 5U);
  EXPECT_FALSE(host.is_answered(host.get(Scheme::http, phase_one(), "192.0.2.8")));  // others may
  host.pass(minutes{5} + seconds{1});
  EXPECT_FALSE(host.is_answered(host.get(Scheme::http, phase_one())));
}

TEST(PairingHost, silence_denial_and_bad_order_count_as_failures_but_beginning_anew_does_not) {
  TestHost host{{.max_failures = 1}};
  for (int i = 0; i < 9; ++i) host.get(Scheme::http, phase_one());
  EXPECT_EQ(host.opened.size(), 9U);
  ASSERT_TRUE(host.pairing.deny(host.pairing.prompts().at(0).id, host.now).has_value());
  host.settle();
  expect_refused(host, host.get(Scheme::http, phase_one()), 403);

  TestHost order{{.max_failures = 1}};
  order.get(Scheme::http, phase_one());
  order.get(Scheme::http, phase_two());
  expect_refused(order, order.get(Scheme::http, phase_one()), 403);

  TestHost silence{{.max_failures = 1}};
  silence.get(Scheme::http, phase_one());
  ASSERT_TRUE(silence.enter_pin("1234").has_value());
  silence.pass(seconds{15});
  expect_refused(silence, silence.get(Scheme::http, phase_one()), 403);
}

TEST(PairingHost, a_new_first_phase_replaces_the_older_one_of_the_same_client) {
  TestHost host;
  const auto older = host.get(Scheme::http, phase_one());
  const auto newer = host.get(Scheme::http, phase_one());
  expect_refused(host, older, 200);
  EXPECT_FALSE(host.is_answered(newer));
  EXPECT_EQ(host.ends, std::vector{AttemptEnd::replaced});
  EXPECT_EQ(host.pairing.prompts().size(), 1U);
}

TEST(PairingHost, a_prompt_expires_after_three_minutes_and_can_be_denied) {
  TestHost host;
  const auto late = host.get(Scheme::http, phase_one());
  EXPECT_EQ(host.pairing.next_deadline(), host.now + minutes{3});
  const auto id = host.pairing.prompts().at(0).id;
  host.now += minutes{3};
  EXPECT_EQ(host.pairing.enter_pin(id, "1234", "", host.now).error().id, "gamestream.no-such-prompt");
  host.settle();
  expect_refused(host, late, 200);
  const auto denied = host.get(Scheme::http, phase_one());
  ASSERT_TRUE(host.pairing.deny(host.pairing.prompts().at(0).id, host.now).has_value());
  host.settle();
  expect_refused(host, denied, 403);
  EXPECT_EQ(host.ends, (std::vector{AttemptEnd::timed_out, AttemptEnd::denied}));
  expect_gone(host);
}

TEST(PairingHost, a_client_that_hangs_up_takes_its_prompt_along) {
  TestHost host;
  const auto reply = host.get(Scheme::http, phase_one());
  host.pairing.on_closed(ReplyId{reply + 1}, host.now);
  EXPECT_EQ(host.pairing.prompts().size(), 1U);
  host.pairing.on_closed(ReplyId{reply}, host.now);
  host.settle();
  EXPECT_FALSE(host.is_answered(reply));
  EXPECT_EQ(host.ends, std::vector{AttemptEnd::abandoned});
  expect_gone(host);
}

TEST(PairingHost, refuses_its_own_certificate_malformed_ones_and_everyone_while_disabled) {
  TestHost host;
  expect_refused(host, host.get(Scheme::http, phase_one("a", host_identity())), 400);
  const auto good = host.get(Scheme::http, phase_one());
  expect_refused(host, host.get(Scheme::http, "/pair?uniqueid=0123456789ABCDEF&phrase=getservercert"), 400);
  expect_refused(host, good, 200);
  expect_gone(host);
  host.pairing.set_enabled(false);
  expect_refused(host, host.get(Scheme::http, phase_one(), "192.0.2.8"), 403);
}

TEST(PairingHost, phases_from_another_address_or_id_are_not_the_attempts) {
  TestHost host;
  host.get(Scheme::http, phase_one());
  ASSERT_TRUE(host.enter_pin("1234").has_value());
  expect_refused(host, host.get(Scheme::http, phase_two(), "192.0.2.8"), 400);
  expect_refused(host, host.get(Scheme::http, "/pair?uniqueid=1&clientchallenge=" + std::string(32, '0')),
                 400);
  EXPECT_EQ(status(host.answers.at(host.get(Scheme::http, phase_two()))), 200);
}

// The host's secret, signed with another key: someone sits in between and has the right PIN.
TEST(PairingClient, tells_a_signature_that_is_not_the_hosts) {
  TestHost host;
  TestClient client{host};
  client.send();
  ASSERT_TRUE(host.enter_pin(client.machine.pin()).has_value());
  for (int phase = 2; phase <= 3; ++phase) {
    ASSERT_TRUE(client.receive().has_value());
    client.send();
  }
  const auto secret = crypto::from_hex(element(host.answers.at(client.reply), "pairingsecret")).value();
  XmlWriter xml{200};
  xml.number("paired", 1);
  xml.text("pairingsecret", crypto::to_hex(ByteView{secret}.first(16)) +
                                crypto::to_hex(*test_identity(2).sign(ByteView{secret}.first(16))));
  EXPECT_EQ(client.machine.on_answer(std::move(xml).finish()).error().id, "gamestream.pairing-intercepted");
  EXPECT_EQ(client.machine.next()->target, "/unpair?uniqueid=0123456789ABCDEF");
}

TEST(PairingClient, gives_up_in_good_order_on_malformed_and_missing_answers) {
  for (const auto* body :
       {"", "<root status_code=\"200\"/>", "<root status_code=\"200\"><paired>0</paired></root>",
        "<root status_code=\"200\"><paired>1</paired><plaincert>zz</plaincert></root>",
        "<root status_code=\"200\"><paired>1</paired><plaincert>00</plaincert></root>"}) {
    auto client = PairingClient::create(client_identity(), "1", "TV").value();
    EXPECT_FALSE(client.on_answer(body).has_value()) << body;
    EXPECT_TRUE(client.next()->target.starts_with("/unpair")) << body;
    client.abandon();
    EXPECT_EQ(client.next(), std::nullopt);
    EXPECT_FALSE(client.is_done());
  }
  auto client = PairingClient::create(client_identity(), "1", "TV").value();
  const auto refused = client.on_answer(pair_refusal(403, "Not today").body);
  EXPECT_EQ(refused.error().id, "gamestream.pairing-refused");
  EXPECT_EQ(refused.error().what, "Not today");
}

TEST(PairingClient, makes_pins_of_four_digits_that_differ) {
  std::set<std::string> pins;
  for (int i = 0; i < 20; ++i) {
    const auto client = PairingClient::create(client_identity(), "1", "TV").value();
    EXPECT_TRUE(is_pin(client.pin()));
    pins.emplace(client.pin());
  }
  EXPECT_GT(pins.size(), 10U);
}

}  // namespace
}  // namespace lumen::gamestream
