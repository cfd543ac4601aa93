// KWin as an application of our compositor, against the contract of every desktop: windows are inside KWin.
#include <fstream>
#include <map>

#include "contract/desktop_contract.hpp"
#include "desktop/embedded/embedded_desktop.hpp"
#include "desktop/testing/test_process.hpp"
#include "desktop/testing/test_stage.hpp"

namespace lumen::contract {
namespace {

// KWin keeps to its own keymap, so that of the desktop around it makes no further characters.
class DesktopAroundKwin final : public Desktop {
 public:
  explicit DesktopAroundKwin(std::unique_ptr<embedded::EmbeddedDesktop> desktop)
      : desktop_{std::move(desktop)} {}
  std::string display_name() const override { return "KWin in the " + desktop_->display_name(); }
  std::string capture_name() const override { return desktop_->capture_name(); }
  DesktopAbilities abilities() const override {
    auto abilities = desktop_->abilities();
    abilities.text = abilities.pen = false;
    return abilities;
  }
  Mode mode() const override { return desktop_->mode(); }
  std::vector<std::string> environment() const override { return desktop_->environment(); }
  Status set_mode(const Mode& mode) override { return desktop_->set_mode(mode); }
  void set_pointer_drawn(bool drawn) override { desktop_->set_pointer_drawn(drawn); }
  void repaint() override { desktop_->repaint(); }
  void inject(const InputEvent& event) override { desktop_->inject(event); }

 private:
  std::unique_ptr<embedded::EmbeddedDesktop> desktop_;
};

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
    return std::make_unique<DesktopAroundKwin>(std::move(desktop));
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
                         testing::Values(DesktopCase{.name = "nested",
                                                     .make_rig = [] { return std::make_unique<NestedRig>(); },
                                                     .looks_of_applications = false}),
                         desktop_case_name);

}  // namespace
}  // namespace lumen::contract
