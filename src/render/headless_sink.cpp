#include "render/window.hpp"

namespace lumen::render {
namespace {

class HeadlessSink final : public FrameRenderer {
 public:
  Status present(const PictureView& /*picture*/) override { return {}; }
  void set_message(std::string_view /*text*/) override {}
  bool poll(const InputFn& /*on_input*/) override { return true; }
};

}  // namespace

std::unique_ptr<FrameRenderer> create_headless_sink() { return std::make_unique<HeadlessSink>(); }

}  // namespace lumen::render
