// The pointer beside the picture: the real lumen-host and lumen-session, an application that sets pointers,
// and a client's own code.
#include <atomic>
#include <cmath>
#include <csignal>
#include <cstdlib>

#include <gtest/gtest.h>

#include "base/mutex.hpp"
#include "client/lumen1/lumen_backend.hpp"
#include "client/lumen1/lumen_book.hpp"
#include "client/lumen1/lumen_client_stream.hpp"
#include "codec/software.hpp"
#include "desktop/testing/test_client.hpp"
#include "tests/e2e/programs.hpp"

namespace lumen {
namespace {

using namespace std::chrono_literals;
using e2e::eventually;
using e2e::host_status;

constexpr Mode kMode{1280, 720, 60'000};
constexpr std::uint32_t kRed = 0xFFFF0000, kBlue = 0xFF0000FF;
constexpr Duration kStartsWithin = 30s;  // a desktop, on a machine with much else to do
constexpr int kX = 400, kY = 300;        // where the pointer is looked for

// Counts pictures and sees whether something red is at (kX, kY).
class Eye {
 public:
  client::StreamOutputs outputs() {
    return {.make_decoder = codec::create_decoder,
            .on_picture = [this](const stream::DecodedPicture& decoded) { look(decoded.picture); },
            .on_sound = {},
            .make_sound_output = {},
            .default_bitrate = {}};
  }
  std::uint64_t pictures() const { return pictures_.load(); }
  bool sees_red() const { return red_.load(); }

 private:
  void look(const PictureView& picture) {
    const bool nv12 = picture.format == PixelFormat::nv12;
    const auto& plane = picture.planes[nv12 ? 1 : 2];
    const std::size_t column = kX / 2, row = kY / 2;
    const auto cr = plane.pixels[row * plane.stride_bytes + (nv12 ? column * 2 + 1 : column)];
    red_.store(std::to_integer<int>(cr) > 200);
    pictures_.fetch_add(1);
    // For people who want to look at it themselves.
    const char* path = std::getenv("LUMEN_POINTER_PNG");  // NOLINT(concurrency-mt-unsafe): nobody changes it
    if (path != nullptr) static_cast<void>(codec::write_png(picture, path));
  }
  std::atomic<std::uint64_t> pictures_{0};
  std::atomic<bool> red_{false};
};

class LumenDevicePointer : public testing::Test {
 protected:
  void SetUp() override {
    host_ = std::make_unique<e2e::Program>(
        place_, "lumen-host",
        std::vector<std::string>{"serve", "--app", "test-scene", "--port", "0", "--bind", "127.0.0.1",
                                 "--no-gamestream", "--no-publish"});
    ASSERT_TRUE(eventually([this] { return !host_status(place_).is_null(); })) << host_->output();
    ASSERT_NO_FATAL_FAILURE(pair());
    ASSERT_NO_FATAL_FAILURE(open());
    ASSERT_NO_FATAL_FAILURE(show_application());
  }
  client::LumenAddress address() const { return {"127.0.0.1", host_status(place_)["port"]}; }
  void pair() {
    book_ = client::LumenBook::open(place_.path() + "/client").value();
    client::LumenHosts hosts{*book_, "tv", *log_};
    const auto connection = hosts.connect(address(), 5s, never_.get_token());
    ASSERT_TRUE(connection) << describe(connection.error());
    e2e::Program shown{place_, "lumen-host", {"pair", "--code"}};
    const auto code_at = [&] { return shown.output().find("minutes:  "); };
    ASSERT_TRUE(eventually([&] { return code_at() != std::string::npos; })) << shown.output();
    const auto code = shown.output().substr(code_at() + 10, 6);
    const auto paired = (*connection)->pair_with_code(code, never_.get_token());
    ASSERT_TRUE(paired) << describe(paired.error());
    ASSERT_TRUE(hosts.keep(**connection, address()));
    EXPECT_TRUE(shown.wait(10s));
  }
  void open(bool pointer_drawn = false) {
    stream_.reset();
    auto connection = client::LumenHosts{*book_, "tv", *log_}.connect(address(), 5s, never_.get_token());
    ASSERT_TRUE(connection) << describe(connection.error());
    auto stream = client::LumenClientStream::start(
        *std::move(connection),
        {.host_id = {}, .app = {}, .mode = kMode, .codec = std::nullopt, .pointer_drawn = pointer_drawn}, {},
        outputs_ = eye_.outputs(), never_.get_token(), *log_);
    ASSERT_TRUE(stream) << describe(stream.error());
    stream_ = *std::move(stream);
    ASSERT_TRUE(eventually([&] { return eye_.pictures() > 0; }, kStartsWithin)) << host_->output();
  }
  // Above the scene, which therefore changes nothing any more.
  void show_application() {
    app_ = desktop_test::TestClient::connect(place_.runtime_root() + "/session-l0/wayland-0", [] {});
    ASSERT_TRUE(app_) << host_->output();
    app_->open_window({});
    ASSERT_TRUE(run_until([&] { return app_->activated && app_->configured_width == int{kMode.width}; }));
    app_->draw(1);
    point_at(10, 10);
    point_at(kX, kY);
    ASSERT_TRUE(run_until([&] { return sees_event("motion") || sees_event("enter"); }));
  }
  bool sees_event(std::string_view kind) const {
    return std::ranges::any_of(app_->events, [&](const auto& each) { return each.starts_with(kind); });
  }
  void point_at(int x, int y) {
    stream_->send_input(
        PointerMoveTo{static_cast<std::uint16_t>(std::lround(x * 65'535.0 / (kMode.width - 1))),
                      static_cast<std::uint16_t>(std::lround(y * 65'535.0 / (kMode.height - 1)))});
  }
  // The application and the client both live meanwhile.
  bool run_until(const std::function<bool()>& condition) {
    return eventually([&] {
      if (app_) app_->pump();
      if (const auto news = stream_->take_pointer()) pointer_ = *news;
      return condition();
    });
  }
  void rest(Duration time) {
    const auto until = SteadyTime{}.now() + time;
    ASSERT_TRUE(run_until([&] { return SteadyTime{}.now() >= until; }));
  }
  std::uint64_t pictures_of_the_desktop() const {
    return host_status(place_)["lumen"]["sessions"][0]["picture"]["frames_captured"];
  }
  bool is_at(int x, int y) const {
    return pointer_.place == PointerPlace::apart && pointer_.x == x && pointer_.y == y;
  }
  bool looks(int width, int height, std::uint32_t argb) const {
    if (pointer_.place != PointerPlace::apart || pointer_.look == nullptr) return false;
    const auto& look = *pointer_.look;
    if (look.geometry.width != width || look.geometry.height != height) return false;
    for (std::size_t i = 0; i < look.pixels.size(); ++i) {
      if (look.pixels[i] != static_cast<std::byte>(argb >> 8U * (i % 4))) return false;
    }
    return true;
  }

  e2e::Place place_;
  std::unique_ptr<e2e::Program> host_;
  std::shared_ptr<Logger> log_ = make_null_logger();
  std::stop_source never_;
  std::optional<client::LumenBook> book_;
  Eye eye_;
  client::StreamOutputs outputs_;
  std::unique_ptr<client::LumenClientStream> stream_;
  std::unique_ptr<desktop_test::TestClient> app_;
  PointerView pointer_;
};

TEST_F(LumenDevicePointer, comes_beside_the_picture_with_its_look_and_its_place) {
  app_->set_cursor(24, 24, kRed, 12, 12);
  ASSERT_TRUE(run_until([&] { return looks(24, 24, kRed) && is_at(kX, kY); }));
  EXPECT_EQ(pointer_.look->geometry.hotspot_x, 12);
  ASSERT_NO_FATAL_FAILURE(rest(300ms));
  EXPECT_FALSE(eye_.sees_red());
  app_->set_cursor(128, 64, kBlue, 0, 63);  // in two pieces
  ASSERT_TRUE(run_until([&] { return looks(128, 64, kBlue); }));
  EXPECT_EQ(pointer_.look->geometry.hotspot_y, 63);
  app_->set_cursor(24, 24, kRed, 12, 12);  // known already
  ASSERT_TRUE(run_until([&] { return looks(24, 24, kRed); }));
  app_->hide_cursor();
  ASSERT_TRUE(run_until([&] { return pointer_.place == PointerPlace::hidden; }));
}

TEST_F(LumenDevicePointer, costs_no_pictures_when_it_moves) {
  app_->set_cursor(24, 24, kRed, 12, 12);
  ASSERT_TRUE(run_until([&] { return looks(24, 24, kRed); }));
  ASSERT_NO_FATAL_FAILURE(rest(700ms));  // its figures come every 250 ms
  const auto before = pictures_of_the_desktop();
  for (int i = 0; i < 50; ++i) {
    point_at(100 + 5 * i, 100 + 3 * i);
    ASSERT_NO_FATAL_FAILURE(rest(10ms));
  }
  ASSERT_TRUE(run_until([&] { return is_at(345, 247); }));
  ASSERT_NO_FATAL_FAILURE(rest(700ms));
  EXPECT_EQ(pictures_of_the_desktop(), before);  // the still one is encoded again now and then
}

TEST_F(LumenDevicePointer, is_in_the_picture_where_it_cannot_be_apart_and_as_long_as_the_client_wants) {
  app_->set_cursor(24, 24, kRed, 12, 12);
  ASSERT_TRUE(run_until([&] { return looks(24, 24, kRed) && is_at(kX, kY); }));
  app_->set_cursor(300, 300, kRed, 150, 150);  // larger than what is given away
  ASSERT_TRUE(run_until([&] { return pointer_.place == PointerPlace::in_picture && eye_.sees_red(); }));
  app_->set_cursor(24, 24, kRed, 12, 12);
  ASSERT_TRUE(run_until([&] { return looks(24, 24, kRed) && !eye_.sees_red(); }));
  stream_->set_pointer_drawn(true);
  ASSERT_TRUE(run_until([&] { return eye_.sees_red(); }));
  stream_->set_pointer_drawn(false);
  ASSERT_TRUE(run_until([&] { return looks(24, 24, kRed) && is_at(kX, kY) && !eye_.sees_red(); }));
}

TEST_F(LumenDevicePointer, is_told_anew_to_who_comes_back_and_after_the_session_was_started_again) {
  app_->set_cursor(24, 24, kRed, 12, 12);
  ASSERT_TRUE(run_until([&] { return looks(24, 24, kRed); }));
  pointer_ = {};
  ASSERT_NO_FATAL_FAILURE(open());
  ASSERT_TRUE(run_until([&] { return looks(24, 24, kRed) && is_at(kX, kY); }));
  const int session = host_status(place_)["lumen"]["sessions"][0]["pid"];
  app_.reset();
  pointer_ = {};
  kill(session, SIGKILL);
  ASSERT_TRUE(eventually(
      [&] {
        const auto now = host_status(place_)["lumen"]["sessions"][0]["pid"];
        return now.is_number() && now.get<int>() > 0 && now.get<int>() != session;
      },
      kStartsWithin));
  EXPECT_TRUE(run_until([&] {
    point_at(kX, kY);
    return is_at(kX, kY) && pointer_.look != nullptr;
  }));
}

}  // namespace
}  // namespace lumen
