#include "render/window.hpp"

namespace lumen::render {
namespace {

class HeadlessSink final : public ClientWindow {
 public:
  Status present(const PictureView& /*picture*/) override {
    ++figures_.presented;
    figures_.presented_at = SteadyTime{}.now();
    return {};
  }
  void set_message(std::string_view /*text*/) override {}
  bool poll(const InputFn& /*on_input*/) override { return true; }
  bool poll(const Events& /*events*/) override { return true; }
  void set_use(WindowUse /*use*/) override {}
  void set_scene(std::shared_ptr<const Scene> /*scene*/) override {}
  Timestamp next_present(Timestamp now) const override { return now; }
  void set_fullscreen(bool /*fullscreen*/) override {}
  bool is_fullscreen() const override { return false; }
  void set_pacing(Pacing /*pacing*/) override {}
  void feed_back(const PadFeedback& /*feedback*/) override {}
  Mode display_mode() const override { return {}; }
  PresentFigures present_figures() const override { return figures_; }

 private:
  PresentFigures figures_;
};

}  // namespace

std::unique_ptr<ClientWindow> create_headless_sink() { return std::make_unique<HeadlessSink>(); }

}  // namespace lumen::render
