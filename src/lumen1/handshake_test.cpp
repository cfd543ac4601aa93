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
ClientHandshake make_client(const Secret& key = secret()) {
  return ClientHandshake::create(key, kSession, client_random()).value();
}

bool equal(const DirectionKeys& a, const DirectionKeys& b) { return a.key == b.key && a.salt == b.salt; }
Buffer material(const DirectionKeys& keys) {
  Buffer all(keys.key.begin(), keys.key.end());
  all.insert(all.end(), keys.salt.begin(), keys.salt.end());
  return all;
}

// Computed with other implementations of HKDF and AES-GCM from the description in docs/protocol/lumen1.md.
const Buffer kHello =
    from_hex("0407000000000000 202122232425262728292a2b2c2d2e2f ed4fedca 07a36ecfea5987f512ae0f60a24a50bd");
const Buffer kHelloOfVersion2 =
    from_hex("0407000000000000 202122232425262728292a2b2c2d2e2f ee4fedca a621c960178159a9b340dfaddde7ea41");
const Buffer kWelcome = from_hex(
    "0507000000000000 202122232425262728292a2b2c2d2e2f 303132333435363738393a3b3c3d3e3f 042546d2"
    "fd28b882ac072217bed4dc61f2284248");
const Buffer kWelcomeOfVersion2 = from_hex(
    "0507000000000000 202122232425262728292a2b2c2d2e2f 303132333435363738393a3b3c3d3e3f 072546d2"
    "9e1eb35a1356c973bc8a9cc798e6b9c8");

TEST(Handshake, messages_and_keys_have_these_bytes) {
  EXPECT_EQ(make_client().hello(), kHello);
  const auto answer = answer_hello(secret(), kSession, host_random(), kHello);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->welcome, kWelcome);
  EXPECT_EQ(material(answer->keys.host_to_client),
            from_hex("af5e12b3f3bcdd599e8a32dc80bd1fba abfcd60b7b90e5b869e187a6"));
  EXPECT_EQ(material(answer->keys.client_to_host),
            from_hex("ab002b7eb77bad8af09b2f811bd6a956 310c6caae20f13f881768aa9"));
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

TEST(Handshake, an_unknown_version_is_not_answered) {
  EXPECT_FALSE(answer_hello(secret(), kSession, host_random(), kHelloOfVersion2));
  EXPECT_FALSE(make_client().on_welcome(kWelcomeOfVersion2));
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
