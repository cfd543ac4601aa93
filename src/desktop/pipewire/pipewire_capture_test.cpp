#include "desktop/pipewire/pipewire_capture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>

#include "desktop/testing/test_client.hpp"
#include "desktop/testing/test_picture_source.hpp"
#include "desktop/testing/test_session.hpp"

namespace lumen::pipewire {
namespace {

using namespace std::chrono_literals;
using desktop_test::PictureSource, desktop_test::PrivateSession, desktop_test::SourceParams,
    desktop_test::SourcePush, desktop_test::test_pixel;

Timestamp now() { return SteadyTime{}.now(); }

struct SeenFrame {
  std::uint32_t width = 0, height = 0;
  std::vector<std::uint32_t> pixels;
  std::vector<Rect> damage;
  Timestamp presented, arrived;

  bool shows(std::uint32_t seed, std::uint32_t left = 0, std::uint32_t top = 0) const {
    for (std::uint32_t y = 0; y < height; ++y) {
      for (std::uint32_t x = 0; x < width; ++x) {
        if (at(x, y) != test_pixel(seed, x + left, y + top)) return false;
      }
    }
    return width > 0;
  }
  std::uint32_t at(std::size_t x, std::size_t y) const { return pixels[y * width + x]; }
};

// The daemons are shared: each test has nodes of its own.
class PipeWireCaptures : public testing::Test {
 protected:
  static void SetUpTestSuite() { session_ = new PrivateSession; }
  static void TearDownTestSuite() {
    delete session_;
    session_ = nullptr;
  }

  void share(SourceParams params = {}) {
    params.socket = session().pipewire_socket();
    source_ = PictureSource::create(params, *loop_);
    ASSERT_TRUE(source_);
    ASSERT_TRUE(run_until([&] { return source_->node_id().has_value(); }));
  }
  void capture(CaptureParams params = {}) {
    params.socket = session().pipewire_socket();
    params.node_id = source_->node_id();
    CaptureEvents events;
    events.on_frame = [this](const BorrowedFrame& frame) { take(frame); };
    events.on_cursor = [this](const CursorPicture& cursor) {
      cursors_.push_back({cursor.x, cursor.y});
      cursor_is_visible_ = cursor.visible;
    };
    events.on_format = [this] { ++formats_; };
    events.on_lost = [this](const Error& why) {
      lost_.emplace_back(why.id);
      lost_at_ = now();
    };
    auto made = PipeWireCapture::create(std::move(params), std::move(events), *loop_, *log_);
    ASSERT_TRUE(made) << describe(made.error());
    capture_ = *std::move(made);
    ASSERT_TRUE(run_until([&] { return source_->streams() || !lost_.empty(); }));
  }
  void share_and_capture(SourceParams shared = {}, CaptureParams captured = {}) {
    ASSERT_NO_FATAL_FAILURE(share(std::move(shared)));
    ASSERT_NO_FATAL_FAILURE(capture(std::move(captured)));
  }
  bool push(const SourcePush& what) {
    return run_until([&] { return source_->push(what); });
  }
  // Pushes and waits for the frame of it.
  bool arrives(const SourcePush& what) {
    const auto before = frames_.size();
    return push(what) && run_until([&] { return frames_.size() > before; });
  }
  // The same where the graph is being set up anew: PipeWire drops what is pushed meanwhile.
  bool appears(std::uint32_t seed) {
    return run_until([&] {
      if (!source_->push({.seed = seed})) return false;
      return run_until([&] { return newest().shows(seed); }, 100ms);
    });
  }
  bool run_until(const std::function<bool()>& done, Duration limit = 10s) {
    const auto end = now() + limit;
    while (!done()) {
      if (now() >= end) return false;
      loop_->call_at(now() + 2ms, [this] { loop_->stop(); });
      loop_->run();
    }
    return true;
  }
  void run_for(Duration time) {
    run_until([] { return false; }, time);
  }
  void take(const BorrowedFrame& frame) {
    auto& seen = frames_.emplace_back();
    seen.arrived = now();
    seen.presented = frame.presented;
    seen.width = frame.width;
    seen.height = frame.height;
    seen.damage.assign(frame.damage.begin(), frame.damage.end());
    for (std::uint32_t y = 0; y < frame.height; ++y) {
      const auto* row = reinterpret_cast<const std::uint32_t*>(frame.pixels + y * frame.stride_bytes);
      for (std::uint32_t x = 0; x < frame.width; ++x) seen.pixels.push_back(row[x] & 0xFFFFFFU);
    }
  }
  PrivateSession& session() { return own_session_ ? *own_session_ : *session_; }
  const SeenFrame& newest() const {
    static const SeenFrame kNone;
    return frames_.empty() ? kNone : frames_.back();
  }

  static PrivateSession* session_;
  std::unique_ptr<PrivateSession> own_session_;
  std::unique_ptr<EventLoop> loop_ = EventLoop::create().value();
  std::shared_ptr<Logger> log_ = make_null_logger();
  std::unique_ptr<PictureSource> source_;
  std::deque<SeenFrame> frames_;
  std::vector<std::pair<int, int>> cursors_;
  bool cursor_is_visible_ = false;
  int formats_ = 0;
  std::vector<std::string> lost_;
  Timestamp lost_at_;
  std::unique_ptr<PipeWireCapture> capture_;
};
PrivateSession* PipeWireCaptures::session_ = nullptr;

TEST_F(PipeWireCaptures, pictures_arrive_pixel_for_pixel_and_soon) {
  ASSERT_NO_FATAL_FAILURE(share_and_capture());
  EXPECT_EQ(capture_->mode(), (Mode{640, 360, 60'000}));
  std::vector<double> delays_ms;
  for (std::uint32_t seed = 1; seed <= 30; ++seed) {
    ASSERT_TRUE(arrives({.seed = seed}));
    EXPECT_TRUE(newest().shows(seed));
    delays_ms.push_back(to_ms(newest().arrived - newest().presented));
  }
  std::ranges::sort(delays_ms);
  RecordProperty("header_to_frame_ms_p50", std::to_string(delays_ms[delays_ms.size() / 2]));
  EXPECT_GE(delays_ms.front(), 0);
  EXPECT_LT(delays_ms[delays_ms.size() / 2], 50);
  EXPECT_EQ(capture_->counts().frames, 30U);
}

TEST_F(PipeWireCaptures, memory_that_could_shrink_is_read_without_harm) {
  ASSERT_NO_FATAL_FAILURE(share_and_capture({.sealed = false}));
  ASSERT_TRUE(arrives({.seed = 5}));
  EXPECT_TRUE(newest().shows(5));
  source_->shrink_memory();
  capture_->repaint();
  EXPECT_TRUE(run_until([&] { return capture_->counts().refused > 0; }));
  EXPECT_EQ(frames_.size(), 1U);
}

TEST_F(PipeWireCaptures, damage_is_passed_on_and_the_first_picture_is_all_new) {
  ASSERT_NO_FATAL_FAILURE(share_and_capture());
  const std::vector<Rect> damage{{10, 20, 30, 40}, {0, 0, 640, 1}};
  ASSERT_TRUE(arrives({.seed = 1, .damage = damage}));
  EXPECT_TRUE(newest().damage.empty());
  ASSERT_TRUE(arrives({.seed = 2, .damage = damage}));
  EXPECT_EQ(newest().damage, damage);
}

TEST_F(PipeWireCaptures, pictures_that_come_faster_than_they_are_taken_use_no_buffer_up) {
  ASSERT_NO_FATAL_FAILURE(share_and_capture());
  for (std::uint32_t burst = 0; burst < 20; ++burst) {
    // The loop that would take them stands still meanwhile.
    for (std::uint32_t seed = 1; seed <= 50; ++seed) static_cast<void>(source_->push({.seed = seed}));
    run_for(5ms);
  }
  ASSERT_TRUE(run_until([&] {
    static_cast<void>(source_->push({.seed = 99}));
    return newest().shows(99);
  }));
}

TEST_F(PipeWireCaptures, nothing_comes_until_repaint_tells_the_newest_again) {
  ASSERT_NO_FATAL_FAILURE(share_and_capture());
  capture_->repaint();
  run_for(50ms);
  EXPECT_TRUE(frames_.empty());
  ASSERT_TRUE(arrives({.seed = 9}));
  run_for(50ms);
  EXPECT_EQ(frames_.size(), 1U);
  capture_->repaint();
  EXPECT_EQ(frames_.size(), 1U) << "from inside the call";
  ASSERT_TRUE(run_until([&] { return frames_.size() == 2; }));
  EXPECT_TRUE(newest().shows(9));
  EXPECT_TRUE(newest().damage.empty());
}

TEST_F(PipeWireCaptures, a_crop_is_applied) {
  ASSERT_NO_FATAL_FAILURE(share_and_capture());
  ASSERT_TRUE(arrives({.seed = 3, .crop = Rect{8, 4, 100, 50}}));
  EXPECT_EQ(newest().width, 100U);
  EXPECT_EQ(newest().height, 50U);
  EXPECT_TRUE(newest().shows(3, 8, 4));
}

TEST_F(PipeWireCaptures, lies_about_a_buffer_cost_its_picture_and_nothing_else) {
  ASSERT_NO_FATAL_FAILURE(share_and_capture());
  constexpr auto kStride = 640 * 4 + 64;
  const std::array<SourcePush, 7> lies{{{.stride_bytes = 640 * 4 - 1},
                                        {.stride_bytes = kStride * 2},
                                        {.stride_bytes = -kStride},
                                        {.size_bytes = 1000},
                                        {.offset_bytes = 4096},
                                        {.offset_bytes = 0xFFFFFFFF},
                                        {.crop = Rect{600, 0, 100, 10}}}};
  for (std::size_t i = 0; i < lies.size(); ++i) {
    ASSERT_TRUE(push(lies[i]));
    EXPECT_TRUE(run_until([&] { return capture_->counts().refused == i + 1; })) << i;
  }
  EXPECT_TRUE(frames_.empty());
  ASSERT_TRUE(arrives({.seed = 4, .damage = {{1, 1, 2, 2}}}));
  EXPECT_TRUE(newest().shows(4));
  EXPECT_TRUE(newest().damage.empty()) << "what was left out may have changed anything";
}

TEST_F(PipeWireCaptures, a_source_that_only_lies_is_given_up) {
  ASSERT_NO_FATAL_FAILURE(share_and_capture());
  for (int i = 0; i < 1000 && lost_.empty(); ++i) {
    static_cast<void>(source_->push({.stride_bytes = 1}));
    run_for(2ms);
  }
  EXPECT_EQ(lost_, std::vector<std::string>{"capture.unreadable"});
}

TEST_F(PipeWireCaptures, corrupted_and_empty_buffers_are_no_pictures) {
  ASSERT_NO_FATAL_FAILURE(share_and_capture());
  ASSERT_TRUE(push({.corrupted = true}));
  ASSERT_TRUE(push({.corrupted_header = true}));
  ASSERT_TRUE(push({.size_bytes = 0}));
  run_for(50ms);
  EXPECT_TRUE(frames_.empty());
  EXPECT_EQ(capture_->counts().refused, 0U);
  ASSERT_TRUE(arrives({.seed = 4}));
}

TEST_F(PipeWireCaptures, the_pointer_is_told_apart_even_without_a_picture) {
  ASSERT_NO_FATAL_FAILURE(share_and_capture());
  ASSERT_TRUE(arrives({.seed = 1, .pointer = SourcePush::Pointer{50, 60, 1, 2, 8, 8, 0xFF00FF00}}));
  EXPECT_TRUE(newest().shows(1));
  ASSERT_TRUE(run_until([&] { return cursors_.size() == 1; }));
  EXPECT_TRUE(cursor_is_visible_);
  ASSERT_TRUE(push({.size_bytes = 0,
                    .corrupted = true,
                    .pointer = SourcePush::Pointer{.x = 70, .y = 80, .new_picture = false}}));
  ASSERT_TRUE(run_until([&] { return cursors_.size() == 2; }));
  EXPECT_EQ(cursors_.back(), std::pair(70, 80));
  EXPECT_TRUE(cursor_is_visible_);
  EXPECT_EQ(frames_.size(), 1U);
}

TEST_F(PipeWireCaptures, a_drawn_pointer_moves_over_a_still_picture) {
  ASSERT_NO_FATAL_FAILURE(share_and_capture({}, {.pointer_drawn = true}));
  ASSERT_TRUE(arrives({.seed = 1, .pointer = SourcePush::Pointer{50, 60, 1, 2, 8, 8, 0xFF00FF00}}));
  EXPECT_EQ(newest().at(49, 58), 0x00FF00U);
  EXPECT_EQ(newest().at(48, 58), test_pixel(1, 48, 58));
  ASSERT_TRUE(arrives({.size_bytes = 0,
                       .corrupted = true,
                       .pointer = SourcePush::Pointer{.x = 100, .y = 100, .new_picture = false}}));
  EXPECT_EQ(newest().damage, (std::vector<Rect>{{49, 58, 8, 8}, {99, 98, 8, 8}}));
  EXPECT_EQ(newest().at(49, 58), test_pixel(1, 49, 58));
  EXPECT_EQ(newest().at(99, 98), 0x00FF00U);
  capture_->set_pointer_drawn(false);
  ASSERT_TRUE(run_until([&] { return newest().shows(1); }));
  capture_->set_pointer_drawn(true);
  ASSERT_TRUE(run_until([&] { return newest().at(99, 98) == 0x00FF00U; }));
}

TEST_F(PipeWireCaptures, a_source_that_changes_its_size_is_followed) {
  ASSERT_NO_FATAL_FAILURE(share_and_capture());
  ASSERT_TRUE(arrives({.seed = 1}));
  source_->change_size(320, 200);
  ASSERT_TRUE(run_until([&] { return capture_->mode() == Mode{320, 200, 60'000}; }));
  ASSERT_TRUE(appears(2));
  EXPECT_EQ(newest().width, 320U);
  EXPECT_TRUE(newest().shows(2));
  EXPECT_EQ(formats_, 2);
  EXPECT_TRUE(lost_.empty());
}

TEST_F(PipeWireCaptures, a_source_that_follows_gets_the_size_that_is_asked_for) {
  ASSERT_NO_FATAL_FAILURE(
      share_and_capture({.any_size = true, .max_refresh_hz = 60}, {.mode = Mode{1234, 567, 120'000}}));
  EXPECT_EQ(capture_->mode(), (Mode{1234, 567, 60'000})) << "120 Hz is more than it has";
  ASSERT_TRUE(arrives({.seed = 1}));
  EXPECT_TRUE(newest().shows(1));
  ASSERT_TRUE(capture_->request_mode({800, 600, 30'000}));
  ASSERT_TRUE(run_until([&] { return capture_->mode() == Mode{800, 600, 30'000}; }));
  ASSERT_TRUE(appears(2));
  EXPECT_EQ(newest().width, 800U);
  EXPECT_TRUE(newest().shows(2));
}

TEST_F(PipeWireCaptures, a_source_that_cannot_be_so_large_is_given_up) {
  ASSERT_NO_FATAL_FAILURE(share_and_capture({}, {.mode = Mode{1234, 567, 60'000}}));
  // The session manager says so, or nobody does and it is found out by waiting.
  ASSERT_EQ(lost_.size(), 1U);
  EXPECT_TRUE(lost_[0] == "capture.no-format" || lost_[0] == "capture.stream") << lost_[0];
}

TEST_F(PipeWireCaptures, dmabufs_are_taken_where_they_can_be_read) {
  ASSERT_NO_FATAL_FAILURE(share_and_capture({.dmabuf = true}, {.mappable_modifiers = {0}}));
  EXPECT_TRUE(source_->gave_dmabufs());
  ASSERT_TRUE(arrives({.seed = 1}));
  EXPECT_TRUE(newest().shows(1));
}

TEST_F(PipeWireCaptures, shared_memory_is_taken_where_dmabufs_cannot_be_read) {
  ASSERT_NO_FATAL_FAILURE(share_and_capture({.dmabuf = true}, {.mappable_modifiers = {0x0100000000000001}}));
  EXPECT_FALSE(source_->gave_dmabufs());
  ASSERT_TRUE(arrives({.seed = 1}));
  EXPECT_TRUE(newest().shows(1));
}

// A GPU that works once and then no more.
class FailingImporter final : public DmabufImporter {
 public:
  std::vector<std::uint64_t> modifiers() const override { return {0}; }
  Result<Imported> import(const DmabufPicture& picture, const PointerPicture& /*pointer*/) override {
    pictures.push_back(picture);
    if (pictures.size() > 1) return fail(ErrorCode::unavailable, "test.gpu", "the GPU is gone");
    pixels.assign(std::size_t{picture.width} * picture.height, 0xABCDEF);
    return Imported{reinterpret_cast<const std::byte*>(pixels.data()), std::size_t{picture.width} * 4, {}};
  }
  std::vector<DmabufPicture> pictures;
  std::vector<std::uint32_t> pixels;
};

TEST_F(PipeWireCaptures, an_importer_reads_dmabufs_until_it_fails_and_memory_takes_over) {
  FailingImporter importer;
  ASSERT_NO_FATAL_FAILURE(share_and_capture({.dmabuf = true}, {.importer = &importer}));
  ASSERT_TRUE(arrives({.seed = 1}));
  EXPECT_EQ(newest().at(5, 5), 0xABCDEFU);
  ASSERT_EQ(importer.pictures.size(), 1U);
  EXPECT_EQ(importer.pictures[0].planes[0].stride_bytes, 640U * 4 + 64);
  EXPECT_EQ(importer.pictures[0].plane_count, 1U);
  ASSERT_TRUE(push({.seed = 2}));
  ASSERT_TRUE(run_until([&] { return !source_->gave_dmabufs() && source_->streams(); }));
  ASSERT_TRUE(appears(3));
  EXPECT_TRUE(newest().shows(3));
  EXPECT_TRUE(lost_.empty());
  capture_.reset();
}

TEST_F(PipeWireCaptures, where_the_pointer_may_replace_a_picture_one_is_asked_for_once_it_rests) {
  ASSERT_NO_FATAL_FAILURE(share_and_capture({}, {.pictures_get_lost = true}));
  ASSERT_TRUE(arrives({.seed = 1}));
  run_for(100ms);
  EXPECT_EQ(source_->starts(), 1) << "a picture came last";
  ASSERT_TRUE(push({.size_bytes = 0, .corrupted = true, .pointer = SourcePush::Pointer{.x = 1, .y = 1}}));
  ASSERT_TRUE(run_until([&] { return source_->starts() == 2; })) << "a source begins with a picture";
  ASSERT_TRUE(appears(2));
  const int starts = source_->starts();
  run_for(300ms);
  EXPECT_EQ(source_->starts(), starts);
}

TEST_F(PipeWireCaptures, a_source_that_goes_is_told_once) {
  ASSERT_NO_FATAL_FAILURE(share_and_capture());
  ASSERT_TRUE(arrives({.seed = 1}));
  source_.reset();
  ASSERT_TRUE(run_until([&] { return !lost_.empty(); }, 1s));
  capture_->repaint();
  EXPECT_FALSE(capture_->request_mode({100, 100, 60'000}));
  run_for(50ms);
  EXPECT_EQ(lost_.size(), 1U);
  EXPECT_EQ(frames_.size(), 1U);
}

TEST_F(PipeWireCaptures, a_pipewire_that_dies_is_told_within_a_second) {
  own_session_ = std::make_unique<PrivateSession>();
  ASSERT_NO_FATAL_FAILURE(share_and_capture());
  ASSERT_TRUE(arrives({.seed = 1}));
  own_session_->kill_pipewire();
  ASSERT_TRUE(run_until([&] { return !lost_.empty(); }, 1s));
  EXPECT_EQ(lost_.size(), 1U);
  source_.reset();
  capture_.reset();
}

TEST_F(PipeWireCaptures, where_nobody_listens_is_said_at_once) {
  const auto made = PipeWireCapture::create({.socket = "/nonexistent/pipewire-0"}, {}, *loop_, *log_);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().id, "pipewire.absent");
}

TEST_F(PipeWireCaptures, waiting_for_a_source_that_is_not_there_ends_in_time) {
  auto made = PipeWireCapture::create({.socket = session().pipewire_socket(), .target_object = "nobody"}, {},
                                      *loop_, *log_);
  ASSERT_TRUE(made);
  const auto began = now();
  EXPECT_FALSE((*made)->wait_for_format(now() + 500ms));
  EXPECT_LT(now() - began, 1s);
}

TEST_F(PipeWireCaptures, one_that_dies_while_pictures_flow_leaves_nothing) {
  ASSERT_NO_FATAL_FAILURE(share_and_capture());
  ASSERT_TRUE(arrives({.seed = 1}));
  ASSERT_TRUE(push({.seed = 2}));
  capture_.reset();
  run_for(20ms);
  EXPECT_TRUE(run_until([&] { return !source_->streams(); }));
  ASSERT_NO_FATAL_FAILURE(capture());
  ASSERT_TRUE(arrives({.seed = 3}));
  EXPECT_TRUE(newest().shows(3));
}

}  // namespace
}  // namespace lumen::pipewire
