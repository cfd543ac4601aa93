// Sway against the contract of every desktop.
#include <fmt/format.h>

#include "contract/desktop_contract.hpp"
#include "desktop/testing/test_sway.hpp"
#include "desktop/wlroots/sway_ipc.hpp"
#include "desktop/wlroots/wlroots_desktop.hpp"

namespace lumen::contract {
namespace {

using desktop_test::SwayProcess;

class SwayRig final : public DesktopRig {
 public:
  SwayRig() { restart_compositor(); }
  Result<std::unique_ptr<Desktop>> create(const DesktopParams& wanted, const DesktopEvents& events,
                                          EventLoop& loop, Logger& log) override {
    auto params = wanted;
    params.place = sway_->place();
    auto made = wlroots::create_wlroots_desktop(params, events, loop, log);
    if (made) (*made)->inject(PointerMoveTo{65'535, 65'535});  // sway hides a pointer after it moved
    return made;
  }
  std::string client_socket() override { return sway_->place().wayland_socket; }
  std::string snapshot() override {
    std::string all;
    auto ipc = *wlroots::SwayIpc::connect(sway_->place().ipc_socket);
    const auto outputs = *ipc.outputs(std::chrono::seconds{1});
    for (const auto& output : outputs) {
      all +=
          fmt::format("{} {}x{}@{} scale {} at {},{}{}\n", output.name, output.width, output.height,
                      output.refresh_mhz, output.scale, output.x, output.y, output.focused ? " focused" : "");
    }
    return all;
  }
  void kill_compositor() override { sway_->process().kill(SIGKILL); }
  void restart_compositor() override {
    sway_.reset();
    // The person's monitor: unlike any mode of a test. Headless outputs have the pointer in the picture.
    sway_ =
        SwayProcess::start({.config = {"output HEADLESS-1 mode 1600x900@60Hz", "seat * hide_cursor 100"}});
    ASSERT_NE(sway_, nullptr);
  }

 private:
  std::unique_ptr<SwayProcess> sway_;
};

DesktopCase sway_case() {
  return {.name = "sway", .make_rig = [] { return std::make_unique<SwayRig>(); }};
}

INSTANTIATE_TEST_SUITE_P(Sway, DesktopContract, testing::Values(sway_case()), desktop_case_name);
INSTANTIATE_TEST_SUITE_P(Sway, DesktopLossContract, testing::Values(sway_case()), desktop_case_name);
INSTANTIATE_TEST_SUITE_P(Sway, DesktopPairContract, testing::Values(sway_case()), desktop_case_name);

}  // namespace
}  // namespace lumen::contract
