#include "worker/private_desktop.hpp"

#include <utility>
#include <vector>

#include "desktop/embedded/embedded_desktop.hpp"

namespace lumen::worker {
namespace {

// Takes its descriptor off the loop before the compositor goes.
class PrivateDesktop final : public Desktop {
 public:
  PrivateDesktop(std::unique_ptr<embedded::EmbeddedDesktop> desktop, EventLoop& loop)
      : desktop_{std::move(desktop)}, loop_{loop} {}
  ~PrivateDesktop() override { loop_.unwatch(desktop_->fd()); }
  PrivateDesktop(const PrivateDesktop&) = delete;
  PrivateDesktop& operator=(const PrivateDesktop&) = delete;

  Status start() {
    return loop_.watch(desktop_->fd(), EPOLLIN, [this](std::uint32_t) { desktop_->dispatch(); });
  }
  std::string display_name() const override { return desktop_->display_name(); }
  std::string capture_name() const override { return desktop_->capture_name(); }
  DesktopAbilities abilities() const override { return desktop_->abilities(); }
  Mode mode() const override { return desktop_->mode(); }
  std::vector<std::string> environment() const override { return desktop_->environment(); }
  Status set_mode(const Mode& mode) override { return desktop_->set_mode(mode); }
  void set_pointer_drawn(bool drawn) override { desktop_->set_pointer_drawn(drawn); }
  void repaint() override { desktop_->repaint(); }
  void tell_pointer() override { desktop_->tell_pointer(); }
  void inject(const InputEvent& event) override { desktop_->inject(event); }
  Clipboard* clipboard() override { return desktop_->clipboard(); }

 private:
  std::unique_ptr<embedded::EmbeddedDesktop> desktop_;
  EventLoop& loop_;
};

}  // namespace

Result<std::unique_ptr<Desktop>> make_private_desktop(const DesktopParams& params,
                                                      const std::string& runtime_dir,
                                                      const DesktopEvents& events, EventLoop& loop,
                                                      Logger& log) {
  LUMEN_TRY(auto embedded,
            embedded::create_embedded_desktop(
                {.mode = params.mode, .runtime_dir = runtime_dir, .pointer_drawn = params.pointer_drawn},
                events, log));
  auto desktop = std::make_unique<PrivateDesktop>(std::move(embedded), loop);
  LUMEN_CHECK_OK(desktop->start());
  return std::unique_ptr<Desktop>{std::move(desktop)};
}

}  // namespace lumen::worker
