#include "desktop/wayland/shm_buffer.hpp"

#include <gtest/gtest.h>

#include "base/event_loop.hpp"
#include "desktop/testing/test_sway.hpp"
#include "desktop/wayland/connection.hpp"

namespace lumen::wayland {
namespace {

using namespace std::chrono_literals;

TEST(ShmBuffer, refuses_sizes_that_no_honest_compositor_asks_for) {
  for (const ShmFormat& format :
       {ShmFormat{0, 1, 4, 1}, ShmFormat{1, 0, 4, 1}, ShmFormat{16'385, 1, 65'540, 1},
        ShmFormat{64, 64, 255, 1}, ShmFormat{64, 64, 64 * 4 * 5, 1}, ShmFormat{64, 64, 258, 1},
        ShmFormat{16'384, 16'384, 16'384 * 16, 1}, ShmFormat{0xFFFF'FFFF, 0xFFFF'FFFF, 0xFFFF'FFFF, 1}}) {
    const auto made = ShmBuffer::create(nullptr, format);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().id, "wayland.shm-format");
  }
}

TEST(ShmBuffer, is_memory_that_the_compositor_takes) {
  const auto sway = desktop_test::SwayProcess::start();
  ASSERT_NE(sway, nullptr);
  auto loop = *EventLoop::create();
  auto connection = *WaylandConnection::connect(sway->place().wayland_socket, *loop, {});
  const auto shm = connection->bind(wl_shm_interface, wl_shm_destroy, 1, 1);
  auto buffer = ShmBuffer::create(shm.get(), {641, 363, 641 * 4, WL_SHM_FORMAT_XRGB8888});
  ASSERT_TRUE(buffer);
  EXPECT_EQ(buffer->bytes().size(), 641U * 363U * 4U);
  buffer->bytes().back() = std::byte{1};
  EXPECT_TRUE(connection->roundtrip(2s));
}

}  // namespace
}  // namespace lumen::wayland
