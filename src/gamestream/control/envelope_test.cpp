#include "gamestream/control/envelope.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "gamestream/control/test_vectors.hpp"

namespace lumen::gamestream::control {

struct SealerProbe {
  static void set_next(Sealer& sealer, std::uint32_t next) { sealer.next_ = next; }
};

namespace {

using test::Buffer;

struct Pair {
  Sealer sealer = std::move(*Sealer::create(test::vector_key(), Side::client));
  Opener opener = std::move(*Opener::create(test::vector_key(), Side::client));
  Buffer seal(std::uint32_t sequence, ByteView payload = {}) {
    SealerProbe::set_next(sealer, sequence);
    Buffer packet(kMaxPacketBytes);
    packet.resize(sealer.seal(0x0200, payload, packet)->size());
    return packet;
  }
  Refusal open(Buffer packet) { return opener.open(packet).refusal; }
};

TEST(GameStream3, c13_the_counter_starts_at_0_and_counts_every_message) {
  Pair pair;
  Buffer out(kMaxPacketBytes);
  for (std::uint32_t i = 0; i < 3; ++i) {
    EXPECT_EQ(pair.sealer.next_sequence(), i);
    const auto packet = pair.sealer.seal(0x0200, {}, out);
    ByteReader reader{*packet};
    reader.take(4);
    EXPECT_EQ(reader.little<std::uint32_t>(), i);
  }
}

TEST(GameStream3, c13_the_counter_never_wraps) {
  Pair pair;
  Buffer out(kMaxPacketBytes);
  SealerProbe::set_next(pair.sealer, std::numeric_limits<std::uint32_t>::max() - 1);
  EXPECT_TRUE(pair.sealer.seal(0x0200, {}, out));
  EXPECT_FALSE(pair.sealer.seal(0x0200, {}, out));
  EXPECT_FALSE(pair.sealer.seal(0x0200, {}, out));
}

TEST(GameStream3, c14_the_window_is_wide_enough) { EXPECT_GE(ReplayWindow::kWindow, 16'384U); }

TEST(GameStream3, c14_reordering_and_gaps_are_taken_and_repeats_are_not) {
  Pair pair;
  for (const std::uint32_t sequence : {5U, 3U, 900U, 4U, 20'000U, 901U}) {
    EXPECT_EQ(pair.open(pair.seal(sequence)), Refusal::none) << sequence;
  }
  for (const std::uint32_t sequence : {5U, 3U, 900U, 4U, 20'000U, 901U}) {
    EXPECT_EQ(pair.open(pair.seal(sequence)), Refusal::replayed) << sequence;
  }
}

TEST(GameStream3, c14_what_is_older_than_the_window_is_refused) {
  Pair pair;
  ASSERT_EQ(pair.open(pair.seal(100'000)), Refusal::none);
  EXPECT_EQ(pair.open(pair.seal(100'000 - ReplayWindow::kWindow)), Refusal::replayed);
  EXPECT_EQ(pair.open(pair.seal(100'001 - ReplayWindow::kWindow)), Refusal::none);
}

TEST(ReplayWindow, a_number_skipped_long_ago_is_fresh_after_its_place_was_used_again) {
  ReplayWindow window;
  window.mark(7);
  window.mark(8 + ReplayWindow::kWindow);  // clears the place of 7 and 8
  EXPECT_TRUE(window.fresh(7 + ReplayWindow::kWindow));
  EXPECT_FALSE(window.fresh(7));
}

TEST(GameStream3, c14_a_forged_number_moves_no_window) {
  Pair pair;
  auto forged = pair.seal(4'000'000'000U);
  forged.back() ^= std::byte{1};
  EXPECT_EQ(pair.open(forged), Refusal::forged);
  EXPECT_EQ(pair.open(pair.seal(0)), Refusal::none);
}

TEST(GameStream3, c15_every_single_bit_matters) {
  Pair pair;
  const auto good = pair.seal(7, test::from_hex("0400000000000000"));
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    auto bad = good;
    bad[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    EXPECT_NE(pair.open(bad), Refusal::none) << bit;
  }
  EXPECT_EQ(pair.open(good), Refusal::none);
}

TEST(GameStream3, c15_every_wrong_length_is_refused) {
  Pair pair;
  const auto good = pair.seal(7, test::from_hex("0400000000000000"));
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_NE(pair.open(Buffer(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size))),
              Refusal::none)
        << size;
  }
  auto longer = good;
  longer.push_back({});
  EXPECT_EQ(pair.open(longer), Refusal::length);
  EXPECT_EQ(pair.open(Buffer(70'000)), Refusal::not_encrypted);
}

TEST(Envelope, what_one_side_says_is_not_taken_for_the_others) {
  Pair pair;
  auto host = Opener::create(test::vector_key(), Side::host);
  auto packet = pair.seal(0);
  EXPECT_EQ(host->open(packet).refusal, Refusal::forged);
}

TEST(Envelope, a_key_of_another_length_is_an_error) {
  const auto result = Sealer::create(ByteView{test::vector_key()}.first(15), Side::host);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().id, "gamestream.control-key");
  EXPECT_FALSE(Opener::create({}, Side::host));
}

TEST(Envelope, too_long_a_payload_is_not_sealed_and_spends_no_number) {
  Pair pair;
  Buffer out(2 * kMaxPacketBytes);
  EXPECT_FALSE(pair.sealer.seal(0x0200, Buffer(kMaxPayloadBytes + 1), out));
  EXPECT_FALSE(pair.sealer.seal(0x0200, Buffer(8), MutableBytes{out}.first(35)));
  EXPECT_EQ(pair.sealer.next_sequence(), 0U);
  EXPECT_EQ(pair.sealer.seal(0x0200, Buffer(kMaxPayloadBytes), out)->size(), kMaxPacketBytes);
}

}  // namespace
}  // namespace lumen::gamestream::control
