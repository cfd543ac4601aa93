#include "lumen1/reassembler.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "lumen1/test_frames.hpp"

namespace lumen::lumen1 {
namespace {

using namespace std::chrono_literals;
using test::at_ms;
using test::Bodies;
using test::Buffer;
using test::noise;
using test::pack;

class ReassemblerTest : public testing::Test {
 protected:
  // Pushes the bodies of a frame except those in `lost`.
  void push(const Bodies& frame, Timestamp now, const std::set<std::size_t>& lost = {}) {
    for (std::size_t i = 0; i < frame.body.size(); ++i) {
      if (!lost.contains(i)) reassembler_.push(frame.body[i], now);
    }
  }
  void push_small(std::uint64_t id, Timestamp now) { push(pack(noise(100, 1), id), now); }
  // Numbers of all frames that come out now.
  std::vector<std::uint64_t> pop(Timestamp now) {
    std::vector<std::uint64_t> ids;
    while (reassembler_.pop(unit_, now)) ids.push_back(unit_.id.value);
    return ids;
  }
  void expect_loss(std::uint64_t first, std::uint64_t last) {
    const auto loss = reassembler_.take_loss();
    ASSERT_TRUE(loss);
    EXPECT_EQ(loss->first.value, first);
    EXPECT_EQ(loss->last.value, last);
  }
  const ReassemblyStats& stats() const { return reassembler_.stats(); }

  Reassembler reassembler_{test::codec()};
  AccessUnit unit_;
};

using Ids = std::vector<std::uint64_t>;

// The first datagrams, as many as parity can mend plus `excess`.
std::set<std::size_t> as_many_as_parity(const Bodies& frame, std::size_t excess = 0) {
  std::set<std::size_t> lost;
  for (std::size_t i = 0; i < frame.header(0).parity_shards + excess; ++i) lost.insert(i);
  return lost;
}

TEST_F(ReassemblerTest, frames_of_any_size_come_back_as_they_were) {
  std::uint64_t id = 1;
  for (const std::size_t size : {1U, 2U, 1368U, 1369U, 50'000U, 300'000U}) {
    SCOPED_TRACE(size);
    const auto bytes = noise(size, static_cast<std::uint32_t>(size));
    push(pack(bytes, id), at_ms(1));
    ASSERT_TRUE(reassembler_.pop(unit_, at_ms(1)));
    EXPECT_EQ(unit_.id.value, id++);
    EXPECT_TRUE(unit_.bytes == bytes);
    EXPECT_EQ(unit_.width, 1920U);
    EXPECT_EQ(unit_.height, 1080U);
    EXPECT_EQ(unit_.kind, PictureKind::delta);
  }
  EXPECT_EQ(stats().frames_complete, 6U);
  EXPECT_EQ(stats().frames_repaired, 0U);
  EXPECT_EQ(stats().shards_late + stats().shards_duplicate + stats().shards_invalid, 0U);
}

TEST_F(ReassemblerTest, as_many_losses_as_parity_are_mended) {
  std::uint64_t id = 1, mended = 0;
  for (const std::size_t size : {1U, 5'000U, 100'000U, 300'000U}) {
    SCOPED_TRACE(size);
    const auto bytes = noise(size, 3);
    const auto frame = pack(bytes, id++);
    const auto lost = as_many_as_parity(frame);
    push(frame, at_ms(1), lost);
    ASSERT_TRUE(reassembler_.pop(unit_, at_ms(1)));
    EXPECT_TRUE(unit_.bytes == bytes);
    for (const auto i : lost) mended += i < frame.data ? 1U : 0U;
  }
  EXPECT_EQ(stats().frames_repaired, 4U);
  EXPECT_EQ(stats().shards_repaired, mended);
}

TEST_F(ReassemblerTest, one_loss_more_than_parity_loses_exactly_that_frame) {
  for (const std::size_t size : {20'000U, 300'000U}) {
    SCOPED_TRACE(size);
    reassembler_.reset();
    push_small(10, at_ms(0));
    const auto frame = pack(noise(size, 4), 11);
    push(frame, at_ms(1), as_many_as_parity(frame, 1));
    push_small(12, at_ms(2));
    EXPECT_EQ(pop(at_ms(5)), Ids{10}) << "12 waits for 11";
    EXPECT_FALSE(reassembler_.take_loss());
    EXPECT_EQ(pop(at_ms(6)), Ids{12});
    expect_loss(11, 11);
    EXPECT_FALSE(reassembler_.take_loss());
  }
  EXPECT_EQ(stats().frames_lost, 2U);
}

TEST_F(ReassemblerTest, the_largest_block_is_mended) {
  const auto bytes = noise(65'534 * 64 - kFrameHeaderBytes, 5);
  VideoPacketizer packetizer{test::codec(), 64};
  const auto packed = packetizer.pack(test::unit_of(bytes, 1), 100).value();
  ASSERT_EQ(packed.data_datagrams, 65'534U);
  ASSERT_EQ(packed.datagrams, 65'535U) << "there is room for one";
  push(test::bodies_of(packed), at_ms(1), {40'000});
  ASSERT_TRUE(reassembler_.pop(unit_, at_ms(1)));
  EXPECT_TRUE(unit_.bytes == bytes);
  EXPECT_EQ(stats().shards_repaired, 1U);
}

TEST_F(ReassemblerTest, parity_alone_is_enough) {
  const auto bytes = noise(500, 5);
  const auto frame = pack(bytes, 1);
  ASSERT_GT(frame.body.size(), 1U);
  reassembler_.push(frame.body.back(), at_ms(1));
  ASSERT_TRUE(reassembler_.pop(unit_, at_ms(1)));
  EXPECT_EQ(unit_.bytes, bytes);
}

TEST_F(ReassemblerTest, shards_may_come_in_any_order) {
  const auto bytes = noise(200'000, 6);
  auto frame = pack(bytes, 1);
  std::ranges::shuffle(frame.body, std::mt19937{6});
  push(frame, at_ms(1));
  ASSERT_TRUE(reassembler_.pop(unit_, at_ms(1)));
  EXPECT_TRUE(unit_.bytes == bytes);
}

TEST_F(ReassemblerTest, frames_that_overtake_are_delivered_in_order) {
  const auto late = pack(noise(30'000, 7), 1);
  reassembler_.push(late.body[0], at_ms(0));
  push_small(2, at_ms(1));
  push_small(3, at_ms(2));
  EXPECT_EQ(pop(at_ms(3)), Ids{});
  push(late, at_ms(4), {0});
  EXPECT_EQ(pop(at_ms(4)), (Ids{1, 2, 3}));
  EXPECT_EQ(stats().frames_lost, 0U);
}

TEST_F(ReassemblerTest, the_wait_counts_from_the_first_later_frame_that_is_complete) {
  push_small(1, at_ms(0));
  push_small(3, at_ms(10));
  push_small(4, at_ms(13));
  EXPECT_EQ(pop(at_ms(13)), Ids{1});
  EXPECT_EQ(reassembler_.next_deadline(), at_ms(14));
  EXPECT_EQ(pop(at_ms(14) - 1ns), Ids{});
  EXPECT_EQ(pop(at_ms(14)), (Ids{3, 4}));
  expect_loss(2, 2);
}

TEST_F(ReassemblerTest, losses_are_told_before_the_frame_behind_them) {
  push_small(1, at_ms(0));
  push_small(3, at_ms(1));
  push_small(5, at_ms(1));
  ASSERT_TRUE(reassembler_.pop(unit_, at_ms(9)));
  EXPECT_FALSE(reassembler_.take_loss());
  ASSERT_TRUE(reassembler_.pop(unit_, at_ms(9)));
  EXPECT_EQ(unit_.id.value, 3U);
  expect_loss(2, 2);
  ASSERT_TRUE(reassembler_.pop(unit_, at_ms(9)));
  EXPECT_EQ(unit_.id.value, 5U);
  expect_loss(4, 4);
}

TEST_F(ReassemblerTest, losses_that_nobody_took_are_merged) {
  for (const std::uint64_t id : {1U, 3U, 6U}) push_small(id, at_ms(1));
  EXPECT_EQ(pop(at_ms(9)), (Ids{1, 3, 6}));
  expect_loss(2, 5);
  EXPECT_EQ(stats().frames_lost, 3U);
}

TEST_F(ReassemblerTest, there_is_no_deadline_while_nothing_waits) {
  EXPECT_FALSE(reassembler_.next_deadline());
  const auto frame = pack(noise(30'000, 7), 1);
  reassembler_.push(frame.body[0], at_ms(0));
  EXPECT_FALSE(reassembler_.next_deadline()) << "an incomplete frame alone waits for ever";
  push(frame, at_ms(3), {0});
  EXPECT_EQ(reassembler_.next_deadline(), at_ms(3)) << "pop() has something already";
  EXPECT_EQ(pop(at_ms(3)), Ids{1});
  EXPECT_FALSE(reassembler_.next_deadline());
}

TEST_F(ReassemblerTest, delivery_begins_with_the_first_frame_seen_wherever_numbers_are) {
  push_small(4'000'000'000, at_ms(0));
  EXPECT_EQ(pop(at_ms(0)), Ids{4'000'000'000});
}

TEST_F(ReassemblerTest, a_frame_overtaken_at_the_very_start_is_not_thrown_away) {
  const auto first = pack(noise(100'000, 8), 41);
  reassembler_.push(pack(noise(30'000, 8), 42).body[0], at_ms(0));
  push(first, at_ms(1));
  EXPECT_EQ(pop(at_ms(1)), Ids{41});
  push_small(42, at_ms(2));
  EXPECT_EQ(stats().shards_invalid, pack(noise(100, 1), 42).body.size()) << "42 has another geometry";
  push_small(43, at_ms(2));
  EXPECT_EQ(pop(at_ms(6)), Ids{43});
  expect_loss(42, 42);
}

TEST_F(ReassemblerTest, after_the_first_delivery_older_frames_are_late) {
  push_small(42, at_ms(0));
  EXPECT_EQ(pop(at_ms(0)), Ids{42});
  const auto older = pack(noise(100, 1), 41);
  push(older, at_ms(1));
  EXPECT_EQ(pop(at_ms(10)), Ids{});
  EXPECT_EQ(stats().shards_late, older.body.size());
}

TEST_F(ReassemblerTest, parity_that_nobody_needs_is_neither_late_nor_duplicate) {
  const auto frame = pack(noise(50'000, 9), 1);
  for (std::size_t i = 0; i < frame.body.size(); ++i) {
    reassembler_.push(frame.body[i], at_ms(0));
    pop(at_ms(0));
  }
  EXPECT_EQ(stats().shards_received, frame.body.size());
  EXPECT_EQ(stats().shards_late + stats().shards_duplicate, 0U);
}

TEST_F(ReassemblerTest, data_that_comes_after_it_was_computed_is_late) {
  const auto frame = pack(noise(50'000, 9), 1);
  push(frame, at_ms(0), {3});
  EXPECT_EQ(pop(at_ms(0)), Ids{1});
  reassembler_.push(frame.body[3], at_ms(1));
  EXPECT_EQ(stats().shards_late, 1U);
}

TEST_F(ReassemblerTest, shards_of_a_lost_frame_are_late) {
  push_small(1, at_ms(0));
  const auto lost = pack(noise(50'000, 9), 2);
  reassembler_.push(lost.body[0], at_ms(0));
  push_small(3, at_ms(0));
  EXPECT_EQ(pop(at_ms(4)), (Ids{1, 3}));
  reassembler_.push(lost.body[1], at_ms(5));
  EXPECT_EQ(stats().shards_late, 1U);
}

TEST_F(ReassemblerTest, duplicates_are_counted_and_change_nothing) {
  const auto bytes = noise(3'000, 10);
  const auto frame = pack(bytes, 1);
  for (const auto& body : frame.body) {
    reassembler_.push(body, at_ms(0));
    reassembler_.push(body, at_ms(0));
  }
  push(frame, at_ms(0));
  EXPECT_EQ(stats().shards_duplicate, 2 * frame.body.size());
  ASSERT_TRUE(reassembler_.pop(unit_, at_ms(0)));
  EXPECT_EQ(unit_.bytes, bytes);
  push(frame, at_ms(0));
  EXPECT_EQ(stats().shards_duplicate, 3 * frame.body.size()) << "also after delivery";
}

TEST_F(ReassemblerTest, shards_that_disagree_with_their_frame_are_invalid) {
  const auto bytes = noise(300'000, 11);
  const auto frame = pack(bytes, 1);
  push(frame, at_ms(0), {5, 6, 7, 8});
  const auto spoiled = [&](auto spoil) {
    auto header = frame.header(5);
    spoil(header);
    Buffer body(kShardHeaderBytes + header.shard_bytes);
    encode(header, body);
    EXPECT_TRUE(decode_shard_header(body)) << "well-formed by itself";
    return body;
  };
  Reassembler fresh{test::codec()};
  fresh.push(frame.body[0], at_ms(0));
  fresh.push(spoiled([](ShardHeader& h) { --h.frame_bytes; }), at_ms(0));
  fresh.push(spoiled([](ShardHeader& h) { ++h.parity_shards; }), at_ms(0));
  fresh.push(spoiled([](ShardHeader& h) { h = {.frame = 1, .frame_bytes = 99, .shard_bytes = 99}; }),
             at_ms(0));
  EXPECT_EQ(fresh.stats().shards_invalid, 3U);
  for (std::size_t i = 1; i < frame.body.size(); ++i) fresh.push(frame.body[i], at_ms(0));
  ASSERT_TRUE(fresh.pop(unit_, at_ms(0)));
  EXPECT_TRUE(unit_.bytes == bytes);
}

TEST_F(ReassemblerTest, malformed_bodies_are_invalid) {
  auto body = pack(noise(100, 1), 1).body[0];
  body.pop_back();
  reassembler_.push(body, at_ms(0));
  reassembler_.push({}, at_ms(0));
  EXPECT_EQ(stats().shards_invalid, 2U);
  EXPECT_EQ(stats().shards_received, 0U);
}

TEST_F(ReassemblerTest, a_whole_frame_with_an_unknown_header_is_lost_and_holds_nothing_back) {
  auto frame = pack(noise(100, 1), 2);
  frame.body[0][kShardHeaderBytes] = std::byte{99};  // codec
  push_small(1, at_ms(0));
  reassembler_.push(frame.body[0], at_ms(0));
  push_small(3, at_ms(0));
  EXPECT_EQ(pop(at_ms(0)), (Ids{1, 3}));
  expect_loss(2, 2);
  EXPECT_EQ(stats().frames_lost, 1U);
  EXPECT_EQ(stats().frames_complete, 2U);
}

TEST_F(ReassemblerTest, an_incomplete_frame_is_given_up_when_the_window_has_passed_it) {
  push_small(1, at_ms(0));
  for (std::uint64_t id = 3; id < 18; ++id) push_small(id, at_ms(1));
  EXPECT_EQ(pop(at_ms(1)), Ids{1});
  push_small(18, at_ms(1));
  Ids expected;
  for (std::uint64_t id = 3; id <= 18; ++id) expected.push_back(id);
  EXPECT_EQ(pop(at_ms(1)), expected);
  expect_loss(2, 2);
}

TEST_F(ReassemblerTest, whole_frames_wait_for_a_consumer_that_pops_late) {
  Ids expected;
  for (std::uint64_t id = 1; id <= 32; ++id) {
    push_small(id, at_ms(1));
    expected.push_back(id);
  }
  EXPECT_EQ(pop(at_ms(1)), expected);
  EXPECT_EQ(stats().frames_lost, 0U);
}

TEST_F(ReassemblerTest, a_huge_jump_loses_everything_before_in_one_range_at_once) {
  push_small(7, at_ms(0));
  EXPECT_EQ(pop(at_ms(0)), Ids{7});
  push_small(2'000'000'000, at_ms(1));
  EXPECT_EQ(pop(at_ms(5)), Ids{2'000'000'000});
  expect_loss(8, 1'999'999'999);
  EXPECT_EQ(stats().frames_lost, 1'999'999'992U);
  push_small(2'000'000'001, at_ms(6));
  EXPECT_EQ(pop(at_ms(6)), Ids{2'000'000'001});
}

TEST_F(ReassemblerTest, numbers_go_on_when_their_low_half_wraps) {
  for (std::uint64_t id = 0xFFFF'FFF0; id <= 0x1'0000'0010; ++id) {
    push_small(id, at_ms(0));
    EXPECT_EQ(pop(at_ms(0)), Ids{id});
  }
  push_small(0xFFFF'FFFF, at_ms(1));
  EXPECT_EQ(pop(at_ms(9)), Ids{}) << "from before the wrap";
}

TEST_F(ReassemblerTest, frames_overtake_across_the_wrap) {
  push_small(0xFFFF'FFFE, at_ms(0));
  push_small(0x1'0000'0000, at_ms(0));
  push_small(0xFFFF'FFFF, at_ms(0));
  EXPECT_EQ(pop(at_ms(0)), (Ids{0xFFFF'FFFE, 0xFFFF'FFFF, 0x1'0000'0000}));
}

TEST_F(ReassemblerTest, a_number_before_zero_is_late) {
  push_small(2, at_ms(0));
  push_small(0xFFFF'FFFF, at_ms(0));
  EXPECT_EQ(pop(at_ms(0)), Ids{2});
  EXPECT_EQ(stats().shards_late, pack(noise(100, 1), 1).body.size());
}

TEST_F(ReassemblerTest, after_a_reset_numbers_begin_anywhere_again) {
  push_small(1'000, at_ms(0));
  const auto open = pack(noise(9'000, 1), 1'001);
  reassembler_.push(open.body[0], at_ms(0));
  EXPECT_EQ(pop(at_ms(0)), Ids{1'000});
  reassembler_.reset();
  EXPECT_FALSE(reassembler_.next_deadline());
  push_small(1, at_ms(1));
  EXPECT_EQ(pop(at_ms(1)), Ids{1});
  EXPECT_FALSE(reassembler_.take_loss());
  EXPECT_EQ(stats().frames_complete, 2U);
}

TEST_F(ReassemblerTest, times_of_the_host_and_of_the_network_are_kept) {
  const auto bytes = noise(5'000, 12);
  auto unit = test::unit_of(bytes, 1, PictureKind::idr);
  unit.times = {
      .presented = at_ms(10), .captured = at_ms(12), .encode_begin = at_ms(13), .encode_end = at_ms(17)};
  VideoPacketizer packetizer{test::codec()};
  const auto packed = packetizer.pack(unit, ParityControl{}).value();
  auto frame = test::bodies_of(packed);
  for (std::size_t i = 0; i < frame.body.size(); ++i)
    encode_times(8'000 + 100 * static_cast<std::uint32_t>(i), 0, frame.body[i]);
  reassembler_.push(frame.body[1], at_ms(50));
  reassembler_.push(frame.body[0], at_ms(51));
  push(frame, at_ms(52), {0, 1});
  ASSERT_TRUE(reassembler_.pop(unit_, at_ms(60)));
  EXPECT_EQ(unit_.kind, PictureKind::idr);
  EXPECT_EQ(unit_.host_capture, 2ms);
  EXPECT_EQ(unit_.host_encode, 5ms);
  EXPECT_EQ(unit_.host_send, 1ms);
  EXPECT_EQ(unit_.received, at_ms(50));
  EXPECT_EQ(unit_.complete, at_ms(52));
}

TEST_F(ReassemblerTest, an_age_below_capture_and_encode_gives_no_negative_time) {
  auto unit = test::unit_of(as_view("x"), 1);
  unit.times = {.presented = at_ms(10), .captured = at_ms(12), .encode_begin = {}, .encode_end = at_ms(17)};
  VideoPacketizer packetizer{test::codec()};
  push(test::bodies_of(packetizer.pack(unit, ParityControl{}).value()), at_ms(0));
  ASSERT_TRUE(reassembler_.pop(unit_, at_ms(0)));
  EXPECT_EQ(unit_.host_send, 0ms);
}

ShardHeader claim(std::uint32_t frame, std::uint32_t frame_bytes) {
  return {.frame = frame, .frame_bytes = frame_bytes, .shard_bytes = 1024};
}

Buffer body_of(const ShardHeader& header) {
  Buffer body(kShardHeaderBytes + header.shard_bytes);
  encode(header, body);
  return body;
}

TEST_F(ReassemblerTest, memory_is_what_the_frames_need_and_shrinks_after_a_huge_one) {
  push_small(1, at_ms(0));
  EXPECT_LT(reassembler_.memory_bytes(), 10'000U);
  pop(at_ms(0));
  reassembler_.push(body_of(claim(2, 7'000'000)), at_ms(0));
  EXPECT_GT(reassembler_.memory_bytes(), 7'000'000U);
  EXPECT_LT(reassembler_.memory_bytes(), 7'100'000U);
  for (std::uint64_t id = 3; id < 40; ++id) {
    push_small(id, at_ms(0));
    pop(at_ms(0));
  }
  EXPECT_LT(reassembler_.memory_bytes(), 1U << 20U) << "a little may be kept";
}

TEST_F(ReassemblerTest, what_frames_claim_is_refused_beyond_the_budget_and_then_counted) {
  Reassembler small{test::codec(), {.memory_budget = 1U << 20U}};
  for (std::uint32_t id = 1; id <= 10'000; ++id) {
    small.push(body_of(claim(id, id % 3 == 0 ? 65'535 * 1'024 : 400'000)), at_ms(0));
    ASSERT_LT(small.memory_bytes(), (1U << 20U) + 500'000U) << "with the bitmaps";
  }
  EXPECT_GT(small.stats().shards_refused, 5'000U);
  push_small(1, at_ms(0));
  for (const auto& body : pack(noise(100, 1), 10'020).body) small.push(body, at_ms(0));
  ASSERT_TRUE(small.pop(unit_, at_ms(10)));
  EXPECT_EQ(unit_.id.value, 10'020U);
}

TEST_F(ReassemblerTest, a_view_is_the_access_unit_without_a_copy) {
  const auto bytes = noise(5'000, 3);
  push(pack(bytes, 1), at_ms(0));
  const auto view = reassembler_.pop_view(unit_, at_ms(0));
  ASSERT_TRUE(view);
  EXPECT_TRUE(std::ranges::equal(*view, bytes));
  EXPECT_EQ(unit_.id.value, 1U);
  EXPECT_TRUE(unit_.bytes.empty());
}

// Mostly well-formed, mostly of frames around `around`, sometimes of any.
ShardHeader random_shard(std::uint64_t r, std::uint64_t around) {
  ShardHeader header;
  header.shard_bytes = static_cast<std::uint16_t>(r % 64 + 1);
  header.frame = static_cast<std::uint32_t>(r % 1'024 == 0 ? r >> 32U : around + (r >> 40U) % 24);
  header.frame_bytes = static_cast<std::uint32_t>(kFrameHeaderBytes + 1 + (r >> 16U) % 500);
  const auto n = data_shards_of(header);
  header.parity_shards = static_cast<std::uint16_t>((r >> 40U) % 4);
  header.shard = static_cast<std::uint16_t>((r >> 44U) % (n + header.parity_shards + 1));
  if (header.parity_shards > 0) header.code = fec::leopard_field(n, header.parity_shards);
  return header;
}

TEST_F(ReassemblerTest, random_bodies_do_no_harm) {
  std::mt19937_64 random{14};
  Buffer body;
  for (std::uint64_t i = 0; i < 200'000; ++i) {
    const auto r = random();
    const auto header = random_shard(r, i / 20);
    body.assign(kShardHeaderBytes + header.shard_bytes, static_cast<std::byte>(r >> 52U));
    encode(header, body);
    if (r % 32 == 2) body[(r >> 20U) % kShardHeaderBytes] = static_cast<std::byte>(r >> 56U);
    const Timestamp now{std::chrono::microseconds{i}};
    reassembler_.push(body, now);
    pop(now);
    reassembler_.take_loss();
  }
  EXPECT_GT(stats().shards_invalid, 2'000U);
  EXPECT_GT(stats().shards_received, 100'000U);
  EXPECT_LT(reassembler_.memory_bytes(), 1U << 20U);
}

}  // namespace
}  // namespace lumen::lumen1
