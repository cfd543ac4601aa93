#include "desktop/pipewire/frame_reader.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spa/buffer/meta.h>
#include <sys/mman.h>

#include <cstring>

namespace lumen::pipewire {
namespace {

constexpr std::uint32_t kWidth = 16, kHeight = 8;

// A buffer as a stream has it.
struct TestBuffer {
  explicit TestBuffer(std::uint32_t pixel) : fd{memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING)} {
    const std::vector<std::uint32_t> pixels(std::size_t{kWidth} * kHeight, pixel);
    const auto bytes = std::as_bytes(std::span{pixels});
    EXPECT_EQ(write(fd.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    EXPECT_EQ(fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK), 0);
    chunk = {.offset = 0, .size = static_cast<std::uint32_t>(bytes.size()), .stride = kWidth * 4, .flags = 0};
    data.type = SPA_DATA_MemFd;
    data.fd = fd.get();
    data.maxsize = chunk.size;
    data.chunk = &chunk;
    metas[0] = {SPA_META_VideoDamage, sizeof damage, damage.data()};
    metas[1] = {SPA_META_Cursor, sizeof cursor, &cursor};
    metas[2] = {SPA_META_Header, sizeof header, &header};
    buffer = {.n_metas = 3, .n_datas = 1, .metas = metas.data(), .datas = &data};
    damage[0] = {{{1, 1}, {2, 2}}};
  }
  TestBuffer(const TestBuffer&) = delete;
  TestBuffer& operator=(const TestBuffer&) = delete;

  UniqueFd fd;
  spa_chunk chunk{};
  spa_data data{};
  std::array<spa_meta_region, 2> damage{};
  spa_meta_cursor cursor{};
  spa_meta_header header{};
  std::array<spa_meta, 3> metas{};
  spa_buffer buffer{};
};

class FrameReaders : public testing::Test {
 protected:
  void SetUp() override {
    reader_.set_format({kWidth, kHeight, 0, 60'000, {}});
    for (auto* each : {&first_, &second_, &third_}) reader_.add(each->buffer);
  }
  struct Seen {
    std::uint32_t pixel = 0;
    std::vector<Rect> damage;
    Timestamp presented;
  };

  TestBuffer first_{0x111111}, second_{0x222222}, third_{0x333333};
  std::shared_ptr<Logger> log_ = make_null_logger();
  std::vector<Seen> seen_;
  FrameReader reader_{nullptr,
                      [this](const BorrowedFrame& frame) {
                        auto& seen = seen_.emplace_back();
                        std::memcpy(&seen.pixel, frame.pixels, 4);
                        seen.damage.assign(frame.damage.begin(), frame.damage.end());
                        seen.presented = frame.presented;
                      },
                      *log_};
};

TEST_F(FrameReaders, keep_the_newest_picture_and_give_back_the_one_before) {
  EXPECT_EQ(reader_.take(first_.buffer), nullptr);
  EXPECT_EQ(reader_.take(second_.buffer), &first_.buffer);
  ASSERT_EQ(seen_.size(), 2U);
  EXPECT_TRUE(seen_[0].damage.empty());
  EXPECT_EQ(seen_[1].pixel, 0x222222U);
  EXPECT_EQ(seen_[1].damage, (std::vector<Rect>{{1, 1, 2, 2}}));
  reader_.show_again();
  EXPECT_EQ(seen_.back().pixel, 0x222222U);
  EXPECT_TRUE(seen_.back().damage.empty());
}

TEST_F(FrameReaders, one_that_was_passed_over_makes_the_next_all_new_but_its_pointer_counts) {
  reader_.take(first_.buffer);
  second_.cursor = {.id = 1, .position = {7, 3}};
  reader_.pass_over(second_.buffer);
  reader_.take(third_.buffer);
  EXPECT_EQ(seen_.back().pixel, 0x333333U);
  EXPECT_TRUE(seen_.back().damage.empty());
  EXPECT_EQ(reader_.cursor().x(), 7);
  EXPECT_TRUE(reader_.take_cursor_news());
  EXPECT_FALSE(reader_.take_cursor_news());
  EXPECT_EQ(reader_.counts().overtaken, 1U);
}

TEST_F(FrameReaders, a_buffer_without_a_picture_goes_back_at_once_and_the_old_one_stays) {
  reader_.take(first_.buffer);
  second_.chunk.size = 0;
  EXPECT_EQ(reader_.take(second_.buffer), &second_.buffer);
  reader_.show_again();
  EXPECT_EQ(seen_.back().pixel, 0x111111U);
}

TEST_F(FrameReaders, a_kept_buffer_that_is_taken_away_is_not_looked_at_again) {
  reader_.take(first_.buffer);
  reader_.remove(first_.buffer);
  reader_.show_again();
  EXPECT_EQ(seen_.size(), 1U);
  EXPECT_EQ(reader_.take(second_.buffer), nullptr);
}

TEST_F(FrameReaders, a_picture_of_another_clock_was_drawn_when_it_came) {
  const auto before = SteadyTime{}.now();
  for (const auto pts : {std::int64_t{1}, std::int64_t{-5}, std::int64_t{INT64_MAX}}) {
    first_.header.pts = pts;
    reader_.take(first_.buffer);
    EXPECT_GE(seen_.back().presented, before) << pts;
    EXPECT_LE(seen_.back().presented, SteadyTime{}.now()) << pts;
  }
  first_.header.pts = to_ns(before);
  reader_.take(first_.buffer);
  EXPECT_EQ(seen_.back().presented, before);
}

TEST_F(FrameReaders, a_buffer_larger_than_its_memory_is_never_read) {
  TestBuffer liar{0x444444};
  liar.data.maxsize *= 2;
  liar.data.mapoffset = 0;
  reader_.add(liar.buffer);
  EXPECT_EQ(reader_.take(liar.buffer), &liar.buffer);
  EXPECT_TRUE(seen_.empty());
  EXPECT_EQ(reader_.counts().refused, 1U);
}

}  // namespace
}  // namespace lumen::pipewire
