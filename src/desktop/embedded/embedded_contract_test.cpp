// The embedded compositor against the contract of every desktop.
#include "contract/desktop_contract.hpp"
#include "desktop/embedded/embedded_desktop.hpp"
#include "desktop/testing/test_stage.hpp"

namespace lumen::contract {
namespace {

class EmbeddedRig final : public DesktopRig {
 public:
  Result<std::unique_ptr<Desktop>> create(const DesktopParams& wanted, const DesktopEvents& events,
                                          EventLoop& loop, Logger& log) override {
    embedded::EmbeddedParams params{.mode = wanted.mode, .runtime_dir = dir_.path(), .xkb_layout = {}};
    params.xwayland = false;
    params.pointer_drawn = wanted.pointer_drawn;
    LUMEN_TRY(auto desktop, embedded::create_embedded_desktop(params, events, log));
    newest_ = desktop.get();
    auto* made = desktop.get();
    LUMEN_CHECK_OK(loop.watch(made->fd(), EPOLLIN, [made](std::uint32_t) { made->dispatch(); }));
    return std::unique_ptr<Desktop>{std::move(desktop)};
  }
  std::string client_socket() override { return dir_.path() + "/" + newest_->wayland_display(); }
  // It takes its compositor with it.
  std::string snapshot() override {
    std::string names;
    for (const auto& entry : std::filesystem::directory_iterator{dir_.path()}) names += entry.path().string();
    return names;
  }

 private:
  desktop_test::TempDir dir_;
  embedded::EmbeddedDesktop* newest_ = nullptr;
};

DesktopCase embedded_case() {
  return {.name = "embedded", .make_rig = [] { return std::make_unique<EmbeddedRig>(); }};
}

INSTANTIATE_TEST_SUITE_P(Embedded, DesktopContract, testing::Values(embedded_case()), desktop_case_name);
INSTANTIATE_TEST_SUITE_P(Embedded, DesktopPairContract, testing::Values(embedded_case()), desktop_case_name);

}  // namespace
}  // namespace lumen::contract
