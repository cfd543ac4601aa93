// Words, codes, the two exchanges and the limiter.
#include <gtest/gtest.h>

#include <array>
#include <set>

#include "lumen1/control/attempt_limiter.hpp"
#include "lumen1/control/pairing_code.hpp"
#include "lumen1/control/pairing_exchange.hpp"
#include "lumen1/control/words.hpp"

namespace lumen::lumen1::control {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const auto replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

TEST(Words, are_short_and_in_order) {
  for (std::size_t i = 0; i < kWords.size(); ++i) {
    EXPECT_TRUE(kWords[i].size() >= 3 && kWords[i].size() <= 7) << kWords[i];
    EXPECT_EQ(word_number(kWords[i]), i);
    EXPECT_TRUE(i == 0 || kWords[i - 1] < kWords[i]) << kWords[i];
  }
}

TEST(Words, cannot_be_mistaken_for_one_another) {
  std::set<std::string_view> beginnings;
  for (std::size_t i = 0; i < kWords.size(); ++i) {
    EXPECT_TRUE(beginnings.insert(kWords[i].substr(0, 4)).second) << kWords[i];
    for (std::size_t j = 0; j < i; ++j) {
      EXPECT_GE(edit_distance(kWords[i], kWords[j]), 2U) << kWords[i] << ' ' << kWords[j];
    }
  }
}

TEST(Words, others_have_no_number) {
  for (const auto* word : {"", "a", "zzz", "Amber", "amberr"}) EXPECT_FALSE(word_number(word)) << word;
}

TEST(PairingCode, is_six_digits_of_every_kind) {
  std::set<std::string> codes;
  std::array<int, 10> seen{};
  for (int i = 0; i < 1000; ++i) {
    const auto code = make_code(CodeKind::digits).value();
    ASSERT_EQ(code.size(), 6U);
    ASSERT_EQ(read_code(code), code);
    for (const char digit : code) ++seen[static_cast<std::size_t>(digit - '0')];
    codes.insert(code);
  }
  EXPECT_GT(codes.size(), 990U);
  for (const int count : seen) EXPECT_NEAR(count, 600, 150);
}

TEST(PairingCode, is_three_words_that_are_read_back) {
  const auto code = make_code(CodeKind::phrase).value();
  EXPECT_EQ(read_code(code), code);
  EXPECT_NE(code, make_code(CodeKind::phrase).value());
}

TEST(PairingCode, is_read_as_people_type_it) {
  for (const auto* typed : {"482913", " 482 913 ", "48-29-13\n", "4 8 2 9 1 3"}) {
    EXPECT_EQ(read_code(typed), "482913") << typed;
  }
  for (const auto* typed : {"amber-walnut-zebra", "Amber Walnut  ZEBRA", " amber\twalnut zebra\n"}) {
    EXPECT_EQ(read_code(typed), "amber-walnut-zebra") << typed;
  }
}

TEST(PairingCode, that_cannot_be_one_is_none) {
  for (const auto* typed : {"", "48291", "4829130", "48291a", "amber walnut", "amber walnut zebra acorn",
                            "amber walnut zebro", "482913 amber", "\xC3\xA4mber-walnut-zebra"}) {
    EXPECT_FALSE(read_code(typed)) << typed;
  }
  EXPECT_FALSE(read_code(std::string(100'000, '1')));
}

PairingBinding binding() {
  PairingBinding bound{.client_name = "laptop", .host_name = "desk", .version = 1};
  bound.client.fill(std::byte{0xC1});
  bound.host.fill(std::byte{0x51});
  std::array<std::byte, kExporterBytes> exporter;
  exporter.fill(std::byte{0xE7});
  bound.exporter = ExporterSecret{exporter};
  return bound;
}

std::vector<PairingBinding> other_bindings() {
  std::vector<PairingBinding> others(6, binding());
  others[0].client[31] ^= std::byte{1};
  others[1].host[0] ^= std::byte{1};
  others[2].exporter.bytes()[5] ^= std::byte{1};
  others[3].client_name = "laptoq";
  others[4].host_name = "";
  others[5].version = 2;
  return others;
}

bool code_fits(const PairingBinding& client, const PairingBinding& host) {
  using enum crypto::CpaceRole;
  auto a = start_cpace(initiator, "482913", client).value(),
       b = start_cpace(responder, "482913", host).value();
  EXPECT_TRUE(receive_share(b, responder, a.share(), host));
  EXPECT_TRUE(receive_share(a, initiator, b.share(), client));
  const bool host_sure = b.confirm(a.tag().value()), client_sure = a.confirm(b.tag().value());
  EXPECT_EQ(host_sure, client_sure);
  return host_sure;
}

TEST(PairingExchange, by_code_fits_only_when_both_see_the_same) {
  EXPECT_TRUE(code_fits(binding(), binding()));
  for (const auto& other : other_bindings()) EXPECT_FALSE(code_fits(binding(), other));
}

TEST(PairingExchange, words_and_commitment_are_these) {
  Nonce host_nonce{}, client_nonce{};
  host_nonce.fill(std::byte{0xAA});
  client_nonce.fill(std::byte{0xBB});
  EXPECT_EQ(words_of(host_nonce, client_nonce, binding()).value(), "noodle-muffin");
  EXPECT_EQ(crypto::to_hex(commitment_of(host_nonce, binding()).value()),
            "f202e92e35e0588b476c34f56f262aafb8ce4b1e70d48ca71dccf08e9253ef13");
}

TEST(PairingExchange, commitment_and_words_depend_on_all_that_both_must_see) {
  const Nonce zero{};
  Nonce one{};
  one[31] = std::byte{1};
  const auto commitment = commitment_of(zero, binding()).value();
  EXPECT_NE(commitment_of(one, binding()).value(), commitment);
  std::set<std::string> words{words_of(zero, zero, binding()).value(), words_of(one, zero, binding()).value(),
                              words_of(zero, one, binding()).value()};
  for (const auto& other : other_bindings()) {
    EXPECT_NE(commitment_of(zero, other).value(), commitment);
    words.insert(words_of(zero, zero, other).value());
  }
  EXPECT_EQ(words.size(), 3 + other_bindings().size());
}

constexpr Timestamp kStart{seconds{1000}};
constexpr AttemptLimiter::Steps kNever{.free = 1 << 20};

TEST(AttemptLimiter, lets_the_first_few_pass_and_doubles_the_wait_of_each_further_one) {
  AttemptLimiter limiter{{.free = 2, .first = seconds{1}, .longest = seconds{5}}, kNever};
  const auto wait_after = [&] {
    limiter.attempt("192.0.2.7", kStart);
    return limiter.wait("192.0.2.7", kStart);
  };
  EXPECT_EQ(wait_after(), Duration::zero());
  EXPECT_EQ(wait_after(), Duration::zero());
  for (const int wanted : {1, 2, 4, 5, 5}) EXPECT_EQ(wait_after(), seconds{wanted});
  EXPECT_EQ(limiter.wait("192.0.2.7", kStart + seconds{4}), seconds{1});
  EXPECT_EQ(limiter.wait("192.0.2.7", kStart + seconds{5}), Duration::zero());
  EXPECT_EQ(limiter.wait("192.0.2.8", kStart), Duration::zero());
}

TEST(AttemptLimiter, takes_a_network_of_ipv6_for_one_address) {
  AttemptLimiter limiter{{.free = 0}, kNever};
  limiter.attempt("2001:db8:1:2::1", kStart);
  EXPECT_GT(limiter.wait("2001:db8:1:2:ffff::9", kStart), Duration::zero());
  EXPECT_EQ(limiter.wait("2001:db8:1:3::1", kStart), Duration::zero());
  limiter.attempt("::ffff:192.0.2.7", kStart);
  EXPECT_EQ(limiter.wait("::ffff:192.0.2.8", kStart), Duration::zero());
}

TEST(AttemptLimiter, slows_everybody_down_when_all_together_try_too_often) {
  AttemptLimiter limiter{kNever, {.free = 3, .first = seconds{2}, .longest = seconds{8}}};
  for (const auto* address : {"192.0.2.1", "192.0.2.2", "192.0.2.3"}) limiter.attempt(address, kStart);
  EXPECT_EQ(limiter.wait("192.0.2.9", kStart), Duration::zero());
  limiter.attempt("192.0.2.4", kStart);
  EXPECT_EQ(limiter.wait("192.0.2.9", kStart), seconds{2});
}

TEST(AttemptLimiter, forgets_who_succeeded_and_who_stayed_away) {
  AttemptLimiter limiter{{.free = 0, .first = minutes{5}, .forgotten = hours{1}}, kNever};
  limiter.attempt("192.0.2.1", kStart);
  limiter.succeeded("192.0.2.1");
  EXPECT_EQ(limiter.wait("192.0.2.1", kStart), Duration::zero());
  limiter.attempt("192.0.2.2", kStart);
  const auto later = kStart + hours{1} + milliseconds{1};
  limiter.attempt("192.0.2.2", later);
  EXPECT_EQ(limiter.wait("192.0.2.2", later), minutes{5}) << "as the first time";
}

TEST(AttemptLimiter, counts_further_addresses_as_one_when_there_are_too_many) {
  AttemptLimiter limiter{{.free = 0}, kNever};
  for (std::size_t i = 0; i < AttemptLimiter::kMaxAddresses + 10; ++i) {
    limiter.attempt(std::to_string(i), kStart);
  }
  EXPECT_GT(limiter.wait("yet another", kStart), Duration::zero());
}

}  // namespace
}  // namespace lumen::lumen1::control
