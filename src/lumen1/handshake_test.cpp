#include "lumen1/handshake.hpp"

#include <gtest/gtest.h>

#include "lumen1/test_frames.hpp"

namespace lumen::lumen1 {
namespace {

using test::Buffer;
using test::counting;
using test::from_hex;

constexpr std::uint8_t kSession = 7;

Secret secret() { return counting<Secret>(); }
Random client_random() { return counting<Random>(0x20); }
Random host_random() { return counting<Random>(0x30); }
constexpr auto kAes = crypto::AeadAlgorithm::aes_128_gcm, kChaCha = crypto::AeadAlgorithm::chacha20_poly1305;

ClientHandshake make_client(const Secret& key = secret(), const CipherOffer& offer = {kAes, kChaCha}) {
  return ClientHandshake::create(key, kSession, client_random(), offer).value();
}

bool equal(const DirectionKeys& a, const DirectionKeys& b) {
  return a.cipher == b.cipher && a.secret == b.secret;
}
Buffer material(const DirectionKeys& keys) { return {keys.secret.begin(), keys.secret.end()}; }

// Computed with other implementations of HKDF and AES-GCM from the description in docs/protocol/lumen1.md.
const Buffer kHello = from_hex(
    "040700000000000000000000 202122232425262728292a2b2c2d2e2f ef4fefca7607f2c8 "
    "31cb1e7f07d78ac0eb94575dd77fb2b0");
const Buffer kHelloOfChaCha = from_hex(
    "040700000000000000000000 202122232425262728292a2b2c2d2e2f ef4fecca7505f2c8 "
    "f6ea5fd6766bd38d02b947843162a94f");
const Buffer kHelloWithAnUnknownCipherFirst = from_hex(
    "040700000000000000000000 202122232425262728292a2b2c2d2e2f ef4fefca7e07f2c8 "
    "5ae2904143db61ea4e29f9012dadcf69");
const Buffer kWelcome = from_hex(
    "050700000000000000000000 202122232425262728292a2b2c2d2e2f 303132333435363738393a3b3c3d3e3f 35a72504 "
    "2e6aef0264a0d30758bef17902b77c5c");
const Buffer kWelcomeToChaChaNamingAes = from_hex(
    "050700000000000000000000 202122232425262728292a2b2c2d2e2f 303132333435363738393a3b3c3d3e3f 9e53f150 "
    "b2f1ef68037457d13a252d5cbfc37fa9");

struct BadMessage {
  const char *why, *bytes;
};
// All authentic.
const BadMessage kBadHellos[] = {{"version 1",
                                  "040700000000000000000000 202122232425262728292a2b2c2d2e2f "
                                  "ed4fefca7607f2c8 4ec824b5aeb8e157d520c82b824961e7"},
                                 {"version 4",
                                  "040700000000000000000000 202122232425262728292a2b2c2d2e2f "
                                  "e84fefca7607f2c8 6e4fcc45a8d183b23713b97c02bfaee2"},
                                 {"no cipher",
                                  "040700000000000000000000 202122232425262728292a2b2c2d2e2f "
                                  "ef4fedca7705f2c8 db67f4d87a0dbdf01e1db349406d1ca2"},
                                 {"five ciphers",
                                  "040700000000000000000000 202122232425262728292a2b2c2d2e2f "
                                  "ef4fe8ca7607f3ca 9d1548d8ae4962d67cb915c4e3fe6f14"},
                                 {"a byte that must be zero",
                                  "040700000000000000000000 202122232425262728292a2b2c2d2e2f "
                                  "ef4fefcb7607f2c8 c0fad9b7864aef945c219cc28d30099a"},
                                 {"a cipher behind the last",
                                  "040700000000000000000000 202122232425262728292a2b2c2d2e2f "
                                  "ef4fecca7607f2c8 f98347fda078771835c8f6b307b2cd1d"},
                                 {"unknown ciphers only",
                                  "040700000000000000000000 202122232425262728292a2b2c2d2e2f "
                                  "ef4fecca7e05f2c8 c2ac83a06be59f085adc37846a5e045b"}};
const BadMessage kBadWelcomes[] = {
    {"version 4",
     "050700000000000000000000 202122232425262728292a2b2c2d2e2f 303132333435363738393a3b3c3d3e3f 32a72504 "
     "5f37b34fd0153e51a9ff53e4a11270ec"},
    {"a cipher that was not offered",
     "050700000000000000000000 202122232425262728292a2b2c2d2e2f 303132333435363738393a3b3c3d3e3f 35a72d04 "
     "b692da4c446fe988968272cd684ea352"},
    {"a byte that must be zero",
     "050700000000000000000000 202122232425262728292a2b2c2d2e2f 303132333435363738393a3b3c3d3e3f 35a72505 "
     "86ea7004cd64cae0094736e9743a2367"}};

TEST(Handshake, messages_and_keys_have_these_bytes) {
  EXPECT_EQ(make_client().hello(), kHello);
  const auto answer = answer_hello(secret(), kSession, host_random(), kHello);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->welcome, kWelcome);
  EXPECT_EQ(material(answer->keys.host_to_client),
            from_hex("0f4ff93dd5908af3a3b35adf1a593f88d54e916d3cb0f87e95f3b40aa2221919"));
  EXPECT_EQ(material(answer->keys.client_to_host),
            from_hex("cf7954d5127baaf8d1f1998ffdc759e53d57ce19357f9ca982541399227ea5fd"));
  EXPECT_EQ(answer->keys.host_to_client.cipher, kAes);
  EXPECT_EQ(answer->keys.client_to_host.cipher, kAes);
}

TEST(Handshake, hellos_and_welcomes_that_make_no_sense_are_not_answered_though_authentic) {
  for (const auto& bad : kBadHellos) {
    EXPECT_FALSE(answer_hello(secret(), kSession, host_random(), from_hex(bad.bytes))) << bad.why;
  }
  for (const auto& bad : kBadWelcomes) EXPECT_FALSE(make_client().on_welcome(from_hex(bad.bytes))) << bad.why;
}

// The cipher that host and client agree upon; they must agree about all keys.
std::optional<crypto::AeadAlgorithm> agreed(const CipherOffer& offer, const CipherOffer& accepted) {
  const auto client = make_client(secret(), offer);
  const auto answer = answer_hello(secret(), kSession, host_random(), client.hello(), accepted);
  if (!answer) return std::nullopt;
  const auto keys = client.on_welcome(answer->welcome);
  if (!keys) return std::nullopt;
  EXPECT_TRUE(equal(keys->host_to_client, answer->keys.host_to_client));
  EXPECT_TRUE(equal(keys->client_to_host, answer->keys.client_to_host));
  EXPECT_EQ(keys->host_to_client.cipher, keys->client_to_host.cipher);
  return keys->host_to_client.cipher;
}

TEST(Handshake, the_first_offered_cipher_that_the_host_accepts_is_taken) {
  EXPECT_EQ(agreed({kAes, kChaCha}, {kAes, kChaCha}), kAes);
  EXPECT_EQ(agreed({kChaCha, kAes}, {kAes, kChaCha}), kChaCha);
  EXPECT_EQ(agreed({kChaCha, kAes}, {kAes}), kAes);
  EXPECT_EQ(agreed({kAes}, {kChaCha, kAes}), kAes);
  EXPECT_EQ(agreed({kAes}, {kChaCha}), std::nullopt);
  const auto answer = answer_hello(secret(), kSession, host_random(), kHelloWithAnUnknownCipherFirst);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->keys.host_to_client.cipher, kChaCha);
}

TEST(Handshake, an_offer_of_a_wrong_size_cannot_be_made) {
  for (const std::size_t size : {0U, 5U}) {
    const auto made = ClientHandshake::create(secret(), kSession, client_random(), CipherOffer(size, kAes));
    EXPECT_EQ(made.error().id, "handshake.offer");
  }
}

TEST(Handshake, what_is_preferred_begins_with_what_this_cpu_is_faster_at) {
  EXPECT_EQ(preferred_ciphers().front(), crypto::preferred_algorithm());
  EXPECT_EQ(preferred_ciphers().size(), 2U);
}

// Somebody who knows the secret stands between and hides a cipher from the host.
TEST(Handshake, a_host_that_saw_another_offer_makes_a_welcome_that_the_client_refuses) {
  const auto client = make_client(secret(), {kAes, kChaCha});
  const auto answer = answer_hello(secret(), kSession, host_random(), kHelloOfChaCha);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->keys.host_to_client.cipher, kChaCha);
  EXPECT_FALSE(client.on_welcome(answer->welcome));
}

TEST(Handshake, a_cipher_that_was_not_offered_is_refused) {
  EXPECT_FALSE(make_client(secret(), {kChaCha}).on_welcome(kWelcomeToChaChaNamingAes));
}

TEST(Handshake, both_ends_have_the_same_keys_and_directions_differ) {
  const auto client = make_client();
  const auto answer = answer_hello(secret(), kSession, host_random(), client.hello());
  ASSERT_TRUE(answer);
  const auto keys = client.on_welcome(answer->welcome);
  ASSERT_TRUE(keys);
  EXPECT_TRUE(equal(keys->host_to_client, answer->keys.host_to_client));
  EXPECT_TRUE(equal(keys->client_to_host, answer->keys.client_to_host));
  EXPECT_FALSE(equal(keys->host_to_client, keys->client_to_host));
}

TEST(Handshake, a_wrong_secret_is_answered_with_nothing) {
  auto wrong = secret();
  wrong[31] ^= std::byte{1};
  EXPECT_FALSE(answer_hello(wrong, kSession, host_random(), kHello));
  EXPECT_FALSE(make_client(wrong).on_welcome(kWelcome));
}

TEST(Handshake, another_session_is_not_answered) {
  EXPECT_FALSE(answer_hello(secret(), kSession + 1, host_random(), kHello));
}

TEST(Handshake, a_replayed_hello_gives_new_keys_that_the_first_client_does_not_share) {
  const auto first = answer_hello(secret(), kSession, host_random(), kHello);
  const auto second = answer_hello(secret(), kSession, counting<Random>(0x77), kHello);
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(equal(first->keys.host_to_client, second->keys.host_to_client));
  EXPECT_FALSE(equal(first->keys.client_to_host, second->keys.client_to_host));
}

TEST(Handshake, a_repeated_hello_answered_with_the_same_random_gives_the_same_welcome) {
  EXPECT_EQ(answer_hello(secret(), kSession, host_random(), kHello)->welcome,
            answer_hello(secret(), kSession, host_random(), kHello)->welcome);
}

TEST(Handshake, every_flipped_bit_of_a_hello_is_refused) {
  for (std::size_t bit = 0; bit < kHello.size() * 8; ++bit) {
    auto bad = kHello;
    bad[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    EXPECT_FALSE(answer_hello(secret(), kSession, host_random(), bad)) << bit;
  }
}

TEST(Handshake, every_flipped_bit_of_a_welcome_is_refused) {
  const auto client = make_client();
  for (std::size_t bit = 0; bit < kWelcome.size() * 8; ++bit) {
    auto bad = kWelcome;
    bad[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    EXPECT_FALSE(client.on_welcome(bad)) << bit;
  }
  EXPECT_TRUE(client.on_welcome(kWelcome));
}

TEST(Handshake, truncated_and_extended_messages_are_refused) {
  const auto client = make_client();
  for (std::size_t size = 0; size < kWelcome.size(); ++size) {
    EXPECT_FALSE(client.on_welcome(ByteView{kWelcome}.first(size)));
    if (size < kHello.size()) {
      EXPECT_FALSE(answer_hello(secret(), kSession, host_random(), ByteView{kHello}.first(size)));
    }
  }
  auto longer = kHello;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(answer_hello(secret(), kSession, host_random(), longer));
}

TEST(Handshake, a_welcome_for_another_attempt_is_refused) {
  const auto later = ClientHandshake::create(secret(), kSession, counting<Random>(0x55)).value();
  EXPECT_FALSE(later.on_welcome(kWelcome));
}

TEST(Handshake, a_hello_is_no_welcome_and_the_reverse) {
  EXPECT_FALSE(make_client().on_welcome(kHello));
  EXPECT_FALSE(answer_hello(secret(), kSession, host_random(), kWelcome));
}

}  // namespace
}  // namespace lumen::lumen1
