#include "desktop/pipewire/frame_reader.hpp"

#include <gtest/gtest.h>

#include <spa/param/video/raw.h>

#include <array>
#include <cstring>

#include "desktop/pipewire/test_buffer.hpp"

namespace lumen::pipewire {
namespace {

constexpr auto kWidth = TestBuffer::kWidth, kHeight = TestBuffer::kHeight;

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
  EXPECT_EQ(reader_.take(first_.buffer, false), nullptr);
  EXPECT_EQ(reader_.take(second_.buffer, false), &first_.buffer);
  ASSERT_EQ(seen_.size(), 2U);
  EXPECT_TRUE(seen_[0].damage.empty());
  EXPECT_EQ(seen_[1].pixel, 0x222222U);
  EXPECT_EQ(seen_[1].damage, (std::vector<Rect>{{1, 1, 2, 2}}));
  reader_.show_again();
  EXPECT_EQ(seen_.back().pixel, 0x222222U);
  EXPECT_TRUE(seen_.back().damage.empty());
}

TEST_F(FrameReaders, a_picture_whose_damage_is_not_all_is_all_new) {
  reader_.take(first_.buffer, false);
  reader_.take(second_.buffer, true);
  EXPECT_TRUE(seen_.back().damage.empty());
  reader_.take(third_.buffer, false);
  EXPECT_EQ(seen_.back().damage.size(), 1U);
  reader_.forget_damage();
  reader_.take(first_.buffer, false);
  EXPECT_TRUE(seen_.back().damage.empty());
}

TEST_F(FrameReaders, a_kept_buffer_that_is_taken_away_is_not_looked_at_again) {
  reader_.take(first_.buffer, false);
  reader_.remove(first_.buffer);
  reader_.show_again();
  EXPECT_EQ(seen_.size(), 1U);
  EXPECT_EQ(reader_.take(second_.buffer, false), nullptr);
}

TEST_F(FrameReaders, a_picture_of_another_clock_was_drawn_when_it_came) {
  const auto before = SteadyTime{}.now();
  for (const auto pts : {std::int64_t{1}, std::int64_t{-5}, std::int64_t{INT64_MAX}}) {
    first_.header.pts = pts;
    reader_.take(first_.buffer, false);
    EXPECT_GE(seen_.back().presented, before) << pts;
    EXPECT_LE(seen_.back().presented, SteadyTime{}.now()) << pts;
  }
  first_.header.pts = to_ns(before);
  reader_.take(first_.buffer, false);
  EXPECT_EQ(seen_.back().presented, before);
}

TEST_F(FrameReaders, a_buffer_larger_than_its_memory_is_never_read) {
  TestBuffer liar{0x444444};
  liar.data.maxsize *= 2;
  liar.data.mapoffset = 0;
  reader_.add(liar.buffer);
  EXPECT_EQ(reader_.take(liar.buffer, false), &liar.buffer);
  EXPECT_TRUE(seen_.empty());
  EXPECT_EQ(reader_.refused(), 1U);
}

// A GPU whose pictures say where the pointer was drawn into them.
class PictureOnGpu final : public DevicePicture {
 public:
  explicit PictureOnGpu(int& alive) : alive_{alive} { ++alive_; }
  std::uint32_t width() const override { return kWidth; }
  std::uint32_t height() const override { return kHeight; }
  ColorSpace color() const override { return {}; }
  const void* device() const override { return nullptr; }
  Status download(const Picture& /*out*/) override { return {}; }

 private:
  ~PictureOnGpu() override { --alive_; }
  void give_back() noexcept override { delete this; }
  int& alive_;
};

class GpuImporter final : public DmabufImporter {
 public:
  std::vector<std::uint64_t> modifiers() const override { return {0}; }
  Result<Imported> import(const DmabufPicture& picture, const PointerPicture& pointer) override {
    fds.push_back(picture.planes[0].fd);
    pointers.push_back(pointer.area);
    shapes.push_back(pointer.visible() ? pointer.shape : 0);
    Imported imported;
    if (!behind) imported.device = DeviceLease{new PictureOnGpu{alive}};
    return imported;
  }
  std::vector<int> fds;
  std::vector<Rect> pointers;
  std::vector<std::uint64_t> shapes;
  bool behind = false;
  int alive = 0;
};

class GpuFrameReaders : public testing::Test {
 protected:
  void SetUp() override {
    reader_.set_format({kWidth, kHeight, 0, 60'000, 0});
    for (auto* each : {&first_, &second_}) {
      each->data.type = SPA_DATA_DmaBuf;
      reader_.add(each->buffer);
    }
    reader_.set_pointer_drawn(true);
  }
  void TearDown() override { EXPECT_EQ(importer_.alive, 0); }
  void move_pointer(std::int32_t x, std::int32_t y) {
    const std::array<std::uint32_t, 4> pixels{};
    reader_.cursor().apply(
        {x, y, 0, 0, CursorBitmap{2, 2, SPA_VIDEO_FORMAT_BGRA, 8, std::as_bytes(std::span{pixels})}});
  }

  TestBuffer first_{0x111111}, second_{0x222222};
  std::shared_ptr<Logger> log_ = make_null_logger();
  GpuImporter importer_;
  std::vector<std::vector<Rect>> seen_;
  FrameReader reader_{&importer_,
                      [this](const BorrowedFrame& frame) {
                        EXPECT_NE(frame.device, nullptr);
                        seen_.emplace_back(frame.damage.begin(), frame.damage.end());
                      },
                      *log_};
};

TEST_F(GpuFrameReaders, have_the_pointer_drawn_there_and_tell_where_it_was_and_is) {
  move_pointer(3, 4);
  reader_.take(first_.buffer, false);
  EXPECT_EQ(importer_.pointers.back(), (Rect{3, 4, 2, 2}));
  EXPECT_TRUE(seen_.back().empty()) << "the first picture is all new";
  move_pointer(15, 6);
  reader_.take(second_.buffer, false);
  EXPECT_EQ(importer_.pointers.back(), (Rect{15, 6, 2, 2}));
  EXPECT_EQ(seen_.back(), (std::vector<Rect>{{1, 1, 2, 2}, {3, 4, 2, 2}, {15, 6, 1, 2}}));
  EXPECT_NE(importer_.shapes[0], importer_.shapes[1]);
  EXPECT_FALSE(reader_.import_failure());
}

TEST_F(GpuFrameReaders, import_the_kept_picture_anew_when_the_pointer_alone_moves) {
  move_pointer(3, 4);
  reader_.take(first_.buffer, false);
  reader_.cursor().apply({5, 5, 0, 0, {}});
  reader_.show_pointer_alone();
  ASSERT_EQ(importer_.fds.size(), 2U);
  EXPECT_EQ(importer_.fds[0], importer_.fds[1]);
  EXPECT_EQ(importer_.shapes[0], importer_.shapes[1]);
  EXPECT_EQ(importer_.pointers.back(), (Rect{5, 5, 2, 2}));
  ASSERT_EQ(seen_.size(), 2U);
  ASSERT_GE(seen_.back().size(), 2U);
  EXPECT_EQ(seen_.back()[0], (Rect{3, 4, 2, 2}));
  EXPECT_EQ(seen_.back()[1], (Rect{5, 5, 2, 2}));
}

TEST_F(GpuFrameReaders, tell_nothing_while_the_pointer_moves_where_nobody_sees_it) {
  reader_.take(first_.buffer, false);
  reader_.show_pointer_alone();
  move_pointer(100, 100);
  reader_.show_pointer_alone();
  EXPECT_EQ(seen_.size(), 1U);
  EXPECT_EQ(importer_.fds.size(), 1U);
  reader_.remove(first_.buffer);
  move_pointer(3, 3);
  reader_.show_pointer_alone();
  EXPECT_EQ(importer_.fds.size(), 1U) << "the buffer is gone";
}

TEST_F(GpuFrameReaders, leave_the_pointer_to_the_client_where_it_draws_it) {
  move_pointer(3, 4);
  reader_.set_pointer_drawn(false);
  reader_.take(first_.buffer, false);
  EXPECT_EQ(importer_.pointers.back().width, 0);
  reader_.cursor().apply({5, 5, 0, 0, {}});
  reader_.show_pointer_alone();
  EXPECT_EQ(seen_.size(), 1U);
}

TEST_F(GpuFrameReaders, show_all_of_a_picture_after_one_that_was_left_out) {
  move_pointer(3, 4);
  reader_.take(first_.buffer, false);
  importer_.behind = true;
  reader_.cursor().apply({5, 5, 0, 0, {}});
  reader_.show_pointer_alone();
  EXPECT_EQ(seen_.size(), 1U);
  importer_.behind = false;
  reader_.cursor().apply({6, 5, 0, 0, {}});
  reader_.show_pointer_alone();
  ASSERT_EQ(seen_.size(), 2U);
  EXPECT_TRUE(seen_.back().empty());
}

}  // namespace
}  // namespace lumen::pipewire
