#include "desktop/wayland/connection.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <optional>
#include <thread>

#include <gmock/gmock.h>

#include "desktop/testing/test_stage.hpp"
#include "desktop/testing/test_sway.hpp"

namespace lumen::wayland {
namespace {

using namespace std::chrono_literals;
using desktop_test::SwayProcess;
using desktop_test::TempDir;

// Somebody at the other end who means no good.
class Listener {
 public:
  Listener() : fd_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path().copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(fd_.get(), 1), 0);
  }
  std::string path() const { return dir_.path() + "/socket"; }
  UniqueFd accept() const { return UniqueFd{::accept(fd_.get(), nullptr, nullptr)}; }

 private:
  TempDir dir_;
  UniqueFd fd_;
};

class WaylandConnectionTest : public ::testing::Test {
 protected:
  void run_until_lost(Duration limit = 5s) {
    loop_->call_at(SteadyTime{}.now() + limit, [this] { loop_->stop(); });
    loop_->run();
  }
  WaylandConnection::LostFn stop_when_lost() {
    return [this](const Error& why) {
      ++losses_;
      lost_ = why;
      loop_->stop();
    };
  }
  std::unique_ptr<EventLoop> loop_ = *EventLoop::create();
  std::optional<Error> lost_;
  int losses_ = 0;
};

TEST_F(WaylandConnectionTest, fails_where_nobody_listens) {
  const TempDir dir;
  const auto made = WaylandConnection::connect(dir.path() + "/nothing", *loop_, {});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().id, "wayland.connect");
}

TEST_F(WaylandConnectionTest, fails_for_a_path_that_no_socket_can_have) {
  const auto made = WaylandConnection::connect("/" + std::string(200, 'x'), *loop_, {});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().id, "wayland.connect");
}

TEST_F(WaylandConnectionTest, does_not_wait_for_ever_for_one_who_is_silent) {
  const Listener silent;
  const auto begin = Clock::now();
  const auto made = WaylandConnection::connect(silent.path(), *loop_, {});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().id, "wayland.timeout");
  EXPECT_LT(Clock::now() - begin, 4s);
}

TEST_F(WaylandConnectionTest, fails_when_what_it_is_told_makes_no_sense) {
  const Listener garbler;
  constexpr std::array<std::uint32_t, 2> kNoSuchEvent{1, (8U << 16U) | 99U};  // of the display
  auto answering = std::jthread{[&] {
    const auto accepted = garbler.accept();
    EXPECT_GT(::write(accepted.get(), kNoSuchEvent.data(), sizeof kNoSuchEvent), 0);
    char byte = 0;
    while (::read(accepted.get(), &byte, 1) > 0) {
    }
  }};
  const auto made = WaylandConnection::connect(garbler.path(), *loop_, {});
  ASSERT_FALSE(made);
  EXPECT_THAT(std::string{made.error().id}, ::testing::AnyOf("wayland.lost", "wayland.protocol"));
}

class ConnectionToSway : public WaylandConnectionTest {
 protected:
  void SetUp() override {
    sway_ = SwayProcess::start({.outputs = 2, .config = {"output HEADLESS-2 mode 800x600@50Hz scale 2"}});
    ASSERT_NE(sway_, nullptr);
    connection_ = *WaylandConnection::connect(sway_->place().wayland_socket, *loop_, stop_when_lost());
  }
  std::unique_ptr<SwayProcess> sway_;
  std::unique_ptr<WaylandConnection> connection_;
};

TEST_F(ConnectionToSway, knows_the_outputs_when_it_is_made) {
  ASSERT_EQ(connection_->outputs().size(), 2U);
  const auto* output = connection_->output_named("HEADLESS-2");
  ASSERT_NE(output, nullptr);
  EXPECT_EQ(output->width, 800);
  EXPECT_EQ(output->height, 600);
  EXPECT_EQ(output->refresh_mhz, 50'000);
  EXPECT_EQ(output->scale, 2);
  EXPECT_EQ(output->logical_width, 400);
  EXPECT_EQ(output->logical_height, 300);
  EXPECT_EQ(connection_->output_named("nowhere"), nullptr);
}

TEST_F(ConnectionToSway, knows_whom_it_talks_to) {
  EXPECT_THAT(connection_->peer(), ::testing::StartsWith(std::to_string(sway_->process().pid()) + " "));
}

TEST_F(ConnectionToSway, binds_what_is_offered_and_nothing_else) {
  EXPECT_GE(connection_->offered("wl_compositor"), 4U);
  EXPECT_EQ(connection_->offered("lumen_nonsense"), 0U);
  const auto seat = connection_->bind(wl_seat_interface, wl_seat_destroy, 1, 5);
  ASSERT_NE(seat, nullptr);
  EXPECT_EQ(wl_seat_get_version(seat.get()), 5U);
  const auto too_new = connection_->bind(wl_shm_interface, wl_shm_destroy, 99, 99);
  EXPECT_EQ(too_new, nullptr);
}

TEST_F(ConnectionToSway, tells_once_that_the_compositor_is_gone) {
  sway_->process().kill(SIGKILL);
  run_until_lost();
  ASSERT_TRUE(lost_);
  EXPECT_EQ(lost_->id, "wayland.lost");
  EXPECT_TRUE(connection_->is_lost());
  connection_->flush();
  EXPECT_FALSE(connection_->roundtrip(1s));
  run_until_lost(50ms);
  EXPECT_EQ(losses_, 1);
}

TEST_F(ConnectionToSway, tells_that_a_request_was_refused) {
  const auto shm = connection_->bind(wl_shm_interface, wl_shm_destroy, 1, 1);
  const auto pool = own(wl_shm_create_pool(shm.get(), STDIN_FILENO, -1), wl_shm_pool_destroy);
  connection_->flush();
  run_until_lost();
  ASSERT_TRUE(lost_);
  EXPECT_EQ(lost_->id, "wayland.protocol");
  EXPECT_THAT(lost_->what, ::testing::HasSubstr("wl_shm"));
}

TEST_F(ConnectionToSway, is_silent_when_destroyed_before_the_loss_is_told) {
  sway_->process().end();
  EXPECT_FALSE(connection_->roundtrip(1s));
  connection_.reset();
  run_until_lost(50ms);
  EXPECT_EQ(losses_, 0);
}

TEST_F(ConnectionToSway, events_that_a_wait_read_for_others_are_called_from_the_loop) {
  auto* queue = connection_->make_queue();
  bool done = false;
  static constexpr wl_callback_listener kStop{
      [](void* self, wl_callback*, std::uint32_t) { static_cast<EventLoop*>(self)->stop(); }};
  static constexpr wl_callback_listener kDone{
      [](void* self, wl_callback*, std::uint32_t) { *static_cast<bool*>(self) = true; }};
  const auto other = own(wl_display_sync(connection_->display()), wl_callback_destroy);
  wl_callback_add_listener(other.get(), &kStop, loop_.get());
  auto* wrapper = static_cast<wl_display*>(wl_proxy_create_wrapper(connection_->display()));
  wl_proxy_set_queue(reinterpret_cast<wl_proxy*>(wrapper), queue);
  const auto mine = own(wl_display_sync(wrapper), wl_callback_destroy);
  wl_proxy_wrapper_destroy(wrapper);
  wl_callback_add_listener(mine.get(), &kDone, &done);
  ASSERT_TRUE(connection_->wait([&] { return done; }, 2s, queue));
  const auto begin = Clock::now();
  run_until_lost();
  EXPECT_LT(Clock::now() - begin, 4s);
  EXPECT_FALSE(lost_);
}

}  // namespace
}  // namespace lumen::wayland
