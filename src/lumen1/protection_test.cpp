#include "lumen1/protection.hpp"

#include <gtest/gtest.h>

#include <set>

#include "lumen1/test_frames.hpp"

namespace lumen::lumen1 {
namespace {

using test::Buffer;
using test::counting;
using test::from_hex;

constexpr auto kAes = crypto::AeadAlgorithm::aes_128_gcm, kChaCha = crypto::AeadAlgorithm::chacha20_poly1305;

Sealer make_sealer(std::uint8_t session = 3) { return Sealer::create(test::keys(), session).value(); }
Opener make_opener() { return Opener::create(test::keys()).value(); }

Buffer sealed(Sealer& sealer, std::string_view text, Kind kind = Kind::video) {
  Buffer datagram(kClearHeaderBytes + text.size() + kTagBytes);
  std::ranges::copy(as_view(text), datagram.begin() + kClearHeaderBytes);
  EXPECT_TRUE(sealer.seal(kind, datagram));
  return datagram;
}

bool opens(Opener& opener, Buffer datagram) { return opener.open(datagram).has_value(); }

// Seals and forgets until the key may be changed, and changes it.
void next_epoch(Sealer& sealer) {
  SealerProbe::age(sealer, Sealer::kMinEpochPackets);
  ASSERT_TRUE(sealer.update_key());
}

TEST(Nonce, is_the_iv_with_the_packet_number_mixed_in_from_byte_4_on) {
  const auto nonce = nonce_for(counting<crypto::Nonce>(0x10), 0x0807'0605'0403'0201);
  EXPECT_EQ(Buffer(nonce.begin(), nonce.end()), from_hex("10111213 15171513 1d1f1d13"));
}

// Computed with other implementations of HKDF, AES-GCM and ChaCha20-Poly1305 from the description in
// docs/protocol/lumen1.md: the first two datagrams, and the first one of the second epoch.
TEST(Sealer, datagrams_have_these_bytes_with_aes) {
  auto sealer = make_sealer();
  EXPECT_EQ(sealed(sealer, "lumen"),
            from_hex("060300000000000000000000 2fdf2512a2 96d9d08d73bf06399c98cabbbb848003"));
  EXPECT_EQ(sealed(sealer, "lumen"),
            from_hex("060300000100000000000000 92320d9f9b 614542454fe7912948e02a7180919d8d"));
  next_epoch(sealer);
  EXPECT_EQ(sealed(sealer, "lumen"),
            from_hex("060301004000000000000000 ee2113e42b 7c0dec3a062f18d8aece7ead7c68928f"));
}

TEST(Sealer, datagrams_have_these_bytes_with_chacha) {
  auto sealer = Sealer::create(test::keys(kChaCha), 3).value();
  EXPECT_EQ(sealed(sealer, "lumen"),
            from_hex("060300000000000000000000 e0b8d460b2 2a7a3c205a7176d4b137833362002d9b"));
  EXPECT_EQ(sealed(sealer, "lumen"),
            from_hex("060300000100000000000000 cf2354ecfc 26fc64dda7455cfd4d52a56a48033ae1"));
  next_epoch(sealer);
  EXPECT_EQ(sealed(sealer, "lumen"),
            from_hex("060301004000000000000000 aba7394213 62070d14246b021cc0ac6304a9425240"));
}

TEST(Sealer, ends_with_the_last_packet_number_instead_of_repeating_a_nonce) {
  auto sealer = make_sealer();
  SealerProbe::set_next(sealer, UINT64_MAX - 1);
  Buffer datagram(64);
  EXPECT_EQ(sealer.seal(Kind::video, datagram), UINT64_MAX - 1);
  EXPECT_FALSE(sealer.seal(Kind::video, datagram));
  EXPECT_FALSE(sealer.seal(Kind::video, datagram));
}

TEST(Sealer, changes_the_key_by_itself_and_numbers_go_on) {
  auto sealer = make_sealer();
  SealerProbe::age(sealer, Sealer::kEpochPackets - 1);
  EXPECT_EQ(decode_clear_header(sealed(sealer, "last"))->epoch, 0);
  const auto header = *decode_clear_header(sealed(sealer, "first"));
  EXPECT_EQ(header.epoch, 1);
  EXPECT_EQ(header.packet_number, Sealer::kEpochPackets);
  EXPECT_EQ(sealer.epoch(), 1U);
}

TEST(Sealer, changes_the_key_on_request_but_not_at_once_again) {
  auto sealer = make_sealer();
  EXPECT_FALSE(sealer.update_key());
  for (std::uint64_t i = 0; i < Sealer::kMinEpochPackets; ++i) sealed(sealer, "x");
  EXPECT_TRUE(sealer.update_key());
  EXPECT_FALSE(sealer.update_key());
  const auto header = *decode_clear_header(sealed(sealer, "x"));
  EXPECT_EQ(header.epoch, 1);
  EXPECT_EQ(header.packet_number, Sealer::kMinEpochPackets);
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
  other.secret[0] ^= std::byte{1};
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

TEST(Opener, refuses_the_other_cipher) {
  auto sealer = Sealer::create(test::keys(kChaCha), 3).value();
  auto opener = make_opener();
  EXPECT_FALSE(opens(opener, sealed(sealer, "lumen")));
}

TEST(Opener, back_ends_understand_each_other) {
  for (const auto cipher : {kAes, kChaCha}) {
    auto sealer = Sealer::create(test::keys(cipher), 3, crypto::AeadBackend::openssl).value();
    auto opener = Opener::create(test::keys(cipher)).value();
    EXPECT_TRUE(opens(opener, sealed(sealer, "lumen")));
    next_epoch(sealer);
    EXPECT_TRUE(opens(opener, sealed(sealer, "lumen")));
  }
}

class KeyUpdate : public testing::Test {
 protected:
  Sealer sealer = make_sealer();
  Opener opener = make_opener();
};

TEST_F(KeyUpdate, is_followed_through_more_epochs_than_the_header_can_count) {
  for (std::uint64_t epoch = 0; epoch < 600; ++epoch) {
    ASSERT_EQ(sealer.epoch(), epoch);
    ASSERT_TRUE(opens(opener, sealed(sealer, "lumen"))) << epoch;
    ASSERT_EQ(opener.epoch(), epoch);
    next_epoch(sealer);
  }
  EXPECT_EQ(opener.rejected(), 0U);
}

TEST_F(KeyUpdate, packets_that_were_overtaken_by_it_are_taken_once) {
  const auto late = sealed(sealer, "late"), later = sealed(sealer, "later");
  next_epoch(sealer);
  EXPECT_TRUE(opens(opener, sealed(sealer, "new")));
  EXPECT_TRUE(opens(opener, late));
  EXPECT_TRUE(opens(opener, later));
  EXPECT_FALSE(opens(opener, late)) << "the replay window spans epochs";
  EXPECT_TRUE(opens(opener, sealed(sealer, "new")));
  EXPECT_EQ(opener.epoch(), 1U);
}

TEST_F(KeyUpdate, packets_of_the_new_epoch_may_overtake_each_other) {
  next_epoch(sealer);
  const auto first = sealed(sealer, "first"), second = sealed(sealer, "second");
  EXPECT_TRUE(opens(opener, second));
  EXPECT_TRUE(opens(opener, first));
}

// Whoever has stolen an old key cannot speak for the new epoch.
TEST_F(KeyUpdate, the_old_key_is_no_good_for_numbers_of_the_new_epoch) {
  auto thief = make_sealer();  // it never changes its key
  next_epoch(sealer);
  ASSERT_TRUE(opens(opener, sealed(sealer, "new")));
  const auto first = Sealer::kMinEpochPackets;
  SealerProbe::set_next(thief, first + 1);
  EXPECT_FALSE(opens(opener, sealed(thief, "forged")));
  SealerProbe::set_next(thief, first - 1);
  EXPECT_TRUE(opens(opener, sealed(thief, "overtaken"))) << "as far as anybody can tell";
}

TEST_F(KeyUpdate, the_new_key_is_no_good_for_numbers_of_the_old_epoch) {
  SealerProbe::age(sealer, 100);
  ASSERT_TRUE(opens(opener, sealed(sealer, "old")));  // number 100
  auto wrong = make_sealer();
  next_epoch(wrong);
  SealerProbe::set_next(wrong, 99);
  EXPECT_FALSE(opens(opener, sealed(wrong, "early")));
  EXPECT_EQ(opener.epoch(), 0U);
  SealerProbe::set_next(wrong, 101);
  EXPECT_TRUE(opens(opener, sealed(wrong, "new")));
  EXPECT_EQ(opener.epoch(), 1U);
  SealerProbe::set_next(wrong, 98);
  EXPECT_FALSE(opens(opener, sealed(wrong, "early")));
}

TEST_F(KeyUpdate, the_old_key_is_no_good_above_the_lowest_number_of_the_new_epoch_seen) {
  auto thief = make_sealer();
  next_epoch(sealer);
  const auto first = Sealer::kMinEpochPackets;
  SealerProbe::set_next(sealer, first + 9);
  ASSERT_TRUE(opens(opener, sealed(sealer, "new")));
  SealerProbe::set_next(sealer, first + 3);
  ASSERT_TRUE(opens(opener, sealed(sealer, "overtaken")));
  SealerProbe::set_next(thief, first + 4);
  EXPECT_FALSE(opens(opener, sealed(thief, "forged")));
}

TEST_F(KeyUpdate, the_old_key_is_forgotten_once_the_replay_window_has_passed) {
  next_epoch(sealer);
  const auto first = Sealer::kMinEpochPackets;
  ASSERT_TRUE(opens(opener, sealed(sealer, "new")));
  auto old = make_sealer();
  SealerProbe::set_next(old, first - 1);
  const auto late = sealed(old, "late");
  SealerProbe::set_next(sealer, first + ReplayWindow::kWindow - 1);
  ASSERT_TRUE(opens(opener, sealed(sealer, "new")));
  EXPECT_TRUE(OpenerProbe::knows_previous_key(opener));
  ASSERT_TRUE(opens(opener, sealed(sealer, "new")));
  EXPECT_FALSE(OpenerProbe::knows_previous_key(opener));
  EXPECT_FALSE(opens(opener, late));
}

TEST_F(KeyUpdate, is_not_believed_until_it_is_authentic) {
  auto datagram = sealed(sealer, "lumen");
  for (unsigned epoch = 1; epoch < 256; ++epoch) {
    auto forged = datagram;
    forged[2] = static_cast<std::byte>(epoch);
    EXPECT_FALSE(opens(opener, forged)) << epoch;
  }
  EXPECT_EQ(opener.epoch(), 0U);
  EXPECT_EQ(opener.forged(), 1U) << "only the next epoch is worth a try";
  EXPECT_TRUE(opens(opener, datagram));
}

TEST_F(KeyUpdate, an_epoch_that_nobody_saw_cannot_be_skipped) {
  next_epoch(sealer);
  next_epoch(sealer);
  EXPECT_FALSE(opens(opener, sealed(sealer, "lumen")));
  EXPECT_EQ(opener.epoch(), 0U);
}

TEST(Opener, opens_nothing_more_after_too_many_forgeries) {
  for (const auto cipher : {kAes, kChaCha}) {
    auto sealer = Sealer::create(test::keys(cipher), 3).value();
    auto opener = Opener::create(test::keys(cipher)).value();
    OpenerProbe::set_forged(opener, (1ULL << (cipher == kAes ? 52U : 36U)) - 1);
    ASSERT_TRUE(opens(opener, sealed(sealer, "lumen")));
    auto forged = sealed(sealer, "lumen");
    forged.back() ^= std::byte{1};
    EXPECT_FALSE(opens(opener, forged));
    EXPECT_TRUE(opener.exhausted());
    EXPECT_FALSE(opens(opener, sealed(sealer, "lumen")));
  }
}

// A link that delays, repeats, loses and forges while the key changes again and again. A model that knows
// everything says what must be opened: each authentic datagram once, as long as it is in the window and its
// epoch in reach.
class WildLink {
 public:
  explicit WildLink(std::uint32_t seed) : random_{seed} {}

  void step() {
    if (below(40) == 0 && packets_in_epoch_ >= Sealer::kMinEpochPackets) {
      ASSERT_TRUE(sealer_.update_key());
      packets_in_epoch_ = 0;
    }
    auto datagram = sealed(sealer_, "lumen");
    ++packets_in_epoch_;
    if (below(100) >= 5) flying_.push_back(datagram);
    if (below(20) == 0) flying_.push_back(datagram);
    while (flying_.size() > kFlying) ASSERT_NO_FATAL_FAILURE(arrive(below(flying_.size())));
  }
  std::uint64_t opened() const { return taken_.size(); }
  std::uint64_t epoch() const { return opener_.epoch(); }

 private:
  static constexpr std::size_t kFlying = 90;  // reordering across more than one epoch
  std::size_t below(std::size_t limit) { return random_() % limit; }

  void arrive(std::size_t index) {
    auto datagram = flying_[index];
    flying_.erase(flying_.begin() + static_cast<std::ptrdiff_t>(index));
    if (below(10) == 0) {
      auto forged = datagram;
      forged[below(forged.size())] ^= static_cast<std::byte>(1U << below(8));
      ASSERT_FALSE(opens(opener_, forged));
    }
    const auto header = *decode_clear_header(datagram);
    const bool expected = must_open(header);
    ASSERT_EQ(opens(opener_, datagram), expected) << header.packet_number;
    if (!expected) return;
    taken_.insert(header.packet_number);
    if (header.epoch == static_cast<std::uint8_t>(epoch_ + 1)) ++epoch_;
    ASSERT_EQ(opener_.epoch(), epoch_);
  }
  bool must_open(const ClearHeader& header) const {
    const auto behind = static_cast<std::uint8_t>(static_cast<std::uint8_t>(epoch_) - header.epoch);
    return (behind <= 1 || behind == 0xFF) && !taken_.contains(header.packet_number);
  }

  std::mt19937 random_;
  Sealer sealer_ = make_sealer();
  Opener opener_ = make_opener();
  std::vector<Buffer> flying_;
  std::set<std::uint64_t> taken_;
  std::uint64_t epoch_ = 0, packets_in_epoch_ = 0;
};

TEST(Opener, takes_every_authentic_datagram_once_however_the_link_behaves) {
  for (std::uint32_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    WildLink link{seed};
    for (int i = 0; i < 5'000; ++i) ASSERT_NO_FATAL_FAILURE(link.step());
    EXPECT_GT(link.epoch(), 20U);
    EXPECT_GT(link.opened(), 3'500U);
  }
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
