#include "lumen1/protection.hpp"

#include <gtest/gtest.h>

#include <set>

#include "lumen1/test_frames.hpp"

namespace lumen::lumen1 {
namespace {

using test::Buffer;
using test::from_hex;

Sealer make_sealer(std::uint8_t session = 3) { return Sealer::create(test::keys(), session).value(); }
Opener make_opener() { return Opener::create(test::keys()).value(); }

Buffer sealed(Sealer& sealer, std::string_view text, Kind kind = Kind::video) {
  Buffer datagram(kClearHeaderBytes + text.size() + kTagBytes);
  std::ranges::copy(as_view(text), datagram.begin() + kClearHeaderBytes);
  EXPECT_TRUE(sealer.seal(kind, datagram));
  return datagram;
}

TEST(Nonce, is_the_salt_with_the_packet_number_mixed_in_from_byte_4_on) {
  const auto nonce = nonce_for(test::keys().salt, 0x0102'0304'0506);
  EXPECT_EQ(Buffer(nonce.begin(), nonce.end()), from_hex("10111213 12101214 1a181a1b"));
}

// Computed with another implementation of AES-GCM from the description in docs/protocol/lumen1.md.
TEST(Sealer, datagrams_have_these_bytes) {
  auto sealer = make_sealer();
  EXPECT_EQ(sealed(sealer, "lumen"),
            from_hex("0603000000000000 a85b6eca61 c03a4e1dc01bb2df44c72ffc89575428"));
  EXPECT_EQ(sealed(sealer, "lumen"),
            from_hex("0603010000000000 55423ac8cb 0ce372b36555f0fc2b45583cecaa9e57"));
}

TEST(Sealer, ends_after_2_to_the_48_packets_instead_of_repeating_a_nonce) {
  auto sealer = make_sealer();
  SealerProbe::set_next(sealer, (1ULL << 48U) - 1);
  Buffer datagram(64);
  EXPECT_EQ(sealer.seal(Kind::video, datagram), (1ULL << 48U) - 1);
  EXPECT_FALSE(sealer.seal(Kind::video, datagram));
  EXPECT_FALSE(sealer.seal(Kind::video, datagram));
}

TEST(Sealer, a_datagram_without_room_for_header_and_tag_is_refused_and_uses_no_number) {
  auto sealer = make_sealer();
  Buffer datagram(kClearHeaderBytes + kTagBytes);
  EXPECT_FALSE(sealer.seal(Kind::video, MutableBytes{datagram}.first(datagram.size() - 1)));
  EXPECT_EQ(sealer.seal(Kind::video, datagram), 0U);
}

TEST(Opener, gives_back_what_was_sealed) {
  auto sealer = make_sealer();
  auto opener = make_opener();
  for (std::uint64_t i = 0; i < 3; ++i) {
    auto datagram = sealed(sealer, "hello", Kind::host_message);
    const auto opened = opener.open(datagram);
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->header.kind, Kind::host_message);
    EXPECT_EQ(opened->header.session, 3);
    EXPECT_EQ(opened->header.packet_number, i);
    EXPECT_TRUE(std::ranges::equal(opened->body, as_view("hello")));
  }
  EXPECT_EQ(opener.rejected(), 0U);
}

TEST(Opener, refuses_every_single_flipped_bit) {
  auto sealer = make_sealer();
  const auto good = sealed(sealer, "lumen");
  auto opener = make_opener();
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    auto bad = good;
    bad[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    EXPECT_FALSE(opener.open(bad)) << bit;
  }
  EXPECT_EQ(opener.rejected(), good.size() * 8);
  auto copy = good;
  EXPECT_TRUE(opener.open(copy)) << "forgeries must not use up the packet number";
}

TEST(Opener, refuses_truncated_and_extended_datagrams) {
  auto sealer = make_sealer();
  const auto good = sealed(sealer, "lumen");
  auto opener = make_opener();
  for (std::size_t size = 0; size < good.size(); ++size) {
    Buffer bad(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(opener.open(bad)) << size;
  }
  auto longer = good;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(opener.open(longer));
}

TEST(Opener, refuses_a_replayed_datagram) {
  auto sealer = make_sealer();
  const auto good = sealed(sealer, "lumen");
  auto opener = make_opener();
  auto first = good, second = good;
  EXPECT_TRUE(opener.open(first));
  EXPECT_FALSE(opener.open(second));
  EXPECT_EQ(opener.rejected(), 1U);
}

TEST(Opener, refuses_datagrams_of_another_direction) {
  auto other = test::keys();
  other.salt[0] ^= std::byte{1};
  auto opener = Opener::create(other).value();
  auto sealer = make_sealer();
  auto datagram = sealed(sealer, "lumen");
  EXPECT_FALSE(opener.open(datagram));
}

TEST(Opener, a_million_random_datagrams_are_rejected) {
  auto opener = make_opener();
  std::mt19937_64 random{5};
  std::array<std::uint64_t, 16> words;
  Buffer datagram;
  for (int i = 0; i < 1'000'000; ++i) {
    for (auto& word : words) word = random();
    const auto bytes = std::as_bytes(std::span{words}).first(words[0] % 129);
    datagram.assign(bytes.begin(), bytes.end());
    if (!datagram.empty() && i % 4 == 0) datagram[0] = std::byte{0x06};
    ASSERT_FALSE(opener.open(datagram));
  }
  EXPECT_EQ(opener.rejected(), 1'000'000U);
}

TEST(ReplayWindow, accepts_each_number_once_in_any_order_within_the_window) {
  ReplayWindow window;
  for (const std::uint64_t number : {7U, 3U, 5U, 0U, 6U, 100U, 99U}) {
    EXPECT_TRUE(window.may_accept(number)) << number;
    window.accept(number);
    EXPECT_FALSE(window.may_accept(number)) << number;
  }
  EXPECT_TRUE(window.may_accept(4));
}

TEST(ReplayWindow, reaches_back_exactly_4095_numbers) {
  ReplayWindow window;
  window.accept(10'000);
  EXPECT_TRUE(window.may_accept(10'000 - 4095));
  EXPECT_FALSE(window.may_accept(10'000 - 4096));
  window.accept(10'000 - 4095);
  EXPECT_FALSE(window.may_accept(10'000 - 4095));
  window.accept(10'001);
  EXPECT_FALSE(window.may_accept(10'000 - 4095)) << "out of the window now";
}

TEST(ReplayWindow, a_slot_that_is_reused_forgets_its_old_number) {
  ReplayWindow window;
  window.accept(5);
  window.accept(5 + 4095);
  EXPECT_FALSE(window.may_accept(5));
  window.accept(5 + 4097);
  EXPECT_TRUE(window.may_accept(5 + 4096)) << "shares the slot of 5, was jumped over";
}

TEST(ReplayWindow, a_jump_of_the_whole_window_or_more_clears_it) {
  for (const std::uint64_t jump : {4096ULL, 4097ULL, 1ULL << 40U}) {
    ReplayWindow window;
    for (std::uint64_t number = 0; number < 4096; ++number) window.accept(number);
    window.accept(4095 + jump);
    EXPECT_FALSE(window.may_accept(4095 + jump));
    for (std::uint64_t back = 1; back < 4096; ++back)
      ASSERT_TRUE(window.may_accept(4095 + jump - back)) << back;
  }
}

TEST(ReplayWindow, agrees_with_a_set_of_all_numbers_on_random_walks) {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random{seed};
    ReplayWindow window;
    std::set<std::uint64_t> seen;
    std::uint64_t base = random() % 10'000;
    for (int i = 0; i < 5'000; ++i) {
      base += random() % 50 == 0 ? random() % 9'000 : random() % 3;
      const auto number = base - std::min<std::uint64_t>(base, random() % 5'000);
      const bool fresh = !seen.contains(number);
      const bool inside = seen.empty() || number + 4096 > *seen.rbegin();
      ASSERT_EQ(window.may_accept(number), fresh && inside) << number;
      if (!fresh || !inside) continue;
      window.accept(number);
      seen.insert(number);
    }
  }
}

}  // namespace
}  // namespace lumen::lumen1
