// KWin as an application of our compositor, against the contract of every desktop: windows are inside KWin.
#include <fstream>
#include <map>

#include "contract/desktop_contract.hpp"
#include "desktop/embedded/embedded_desktop.hpp"
#include "desktop/testing/test_process.hpp"
#include "desktop/testing/test_stage.hpp"

namespace lumen::contract {
namespace {

class NestedRig final : public DesktopRig {
 public:
  Result<std::unique_ptr<Desktop>> create(const DesktopParams& wanted, const DesktopEvents& events,
                                          EventLoop& loop, Logger& log) override {
    kwin_.reset();  // that of the desktop before
    LUMEN_TRY(auto desktop, embedded::create_embedded_desktop({.mode = wanted.mode,
                                                               .runtime_dir = dir_.path(),
                                                               .xkb_layout = {},
                                                               .xwayland = false,
                                                               .pointer_drawn = wanted.pointer_drawn},
                                                              events, log));
    auto* made = desktop.get();
    LUMEN_CHECK_OK(loop.watch(made->fd(), EPOLLIN, [made](std::uint32_t) { made->dispatch(); }));
    start_kwin(*made);
    return std::unique_ptr<Desktop>{std::move(desktop)};
  }
  std::string client_socket() override { return display_; }
  std::string snapshot() override {
    std::string names;
    for (const auto& entry : std::filesystem::directory_iterator{dir_.path()}) {
      if (entry.path().filename().string().starts_with("wayland")) names += entry.path().string();
    }
    return names;
  }

 private:
  void start_kwin(embedded::EmbeddedDesktop& desktop) {
    auto environment = desktop.environment();
    environment.push_back("HOME=" + home_.path());
    const auto told = home_.path() + "/display" + std::to_string(++starts_);
    const auto inside = "echo $XDG_RUNTIME_DIR/$WAYLAND_DISPLAY > " + told + ".new; mv " + told + ".new " +
                        told + "; exec sleep 600";
    kwin_ = std::make_unique<desktop_test::TestProcess>(
        desktop_test::TestProcess::Params{.argv = {LUMEN_PLASMA, "sh", "-c", inside},
                                          .environment = environment,
                                          .log_path = home_.path() + "/log"});
    EXPECT_TRUE(desktop_test::eventually([&] {
      desktop.dispatch();
      return std::ifstream{told}.good();
    })) << kwin_->log();
    std::ifstream{told} >> display_;
  }

  desktop_test::TempDir dir_, home_;
  std::string display_;
  int starts_ = 0;
  std::unique_ptr<desktop_test::TestProcess> kwin_;
};

INSTANTIATE_TEST_SUITE_P(NestedKWin, DesktopContract,
                         testing::Values(DesktopCase{
                             .name = "nested", .make_rig = [] { return std::make_unique<NestedRig>(); }}),
                         desktop_case_name);

}  // namespace
}  // namespace lumen::contract
