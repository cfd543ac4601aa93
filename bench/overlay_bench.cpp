// What figures over a stream's picture cost: a 1280x720 picture drawn into memory by SDL's software renderer,
// without and with them. Between two seconds a scene is only replayed; `relayout` is what a new second costs.
#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

#include "client/shell/overlay.hpp"
#include "render/canvas.hpp"
#include "render/picture_texture.hpp"

namespace lumen::bench {
namespace {

constexpr std::uint32_t kWidth = 1280, kHeight = 720;

struct FreeSurface {
  void operator()(SDL_Surface* it) const { SDL_FreeSurface(it); }
};

client::StreamFigures figures(int second) {
  client::StreamFigures it{.received_per_s = 60, .decoded_per_s = 60, .presented_per_s = 60};
  for (std::size_t i = 0; i < it.stages.size(); ++i) {
    const auto base = std::chrono::microseconds{400 * (i + 1) + static_cast<std::size_t>(second) * 37 % 300};
    it.stages.at(i) = {base, base * 2, base * 3};
  }
  it.bitrate_kbps = 18'000 + second * 13 % 900;
  return it;
}

class Stage {
 public:
  Stage()
      : surface_{SDL_CreateRGBSurfaceWithFormat(0, kWidth, kHeight, 32, SDL_PIXELFORMAT_ARGB8888)},
        renderer_{SDL_CreateSoftwareRenderer(surface_.get())},
        luma_(kWidth * kHeight, std::byte{120}),
        chroma_(kWidth * kHeight / 4, std::byte{128}) {
    auto fonts = render::Fonts::create();
    if (fonts) canvas_ = std::make_unique<render::Canvas>(renderer_.get(), std::move(*fonts));
  }
  bool ready() const { return canvas_ != nullptr; }
  void show(client::OverlayLevel level, int second) {
    const client::StreamFacts facts{.protocol = "lumen/1",
                                    .host = "Living room PC",
                                    .codec = "H.264",
                                    .decoder = "FFmpeg h264, 2 threads",
                                    .encoder = "libx264 ultrafast",
                                    .mode = {kWidth, kHeight, 60'000},
                                    .bitrate_kbps = 20'000};
    canvas_->set_scene(
        std::make_shared<const Scene>(client::overlay_scene(level, figures(second), facts, "")));
  }
  void upload() {
    PictureView view{.width = kWidth, .height = kHeight};
    view.planes = {ConstPlane{luma_.data(), kWidth}, ConstPlane{chroma_.data(), kWidth / 2},
                   ConstPlane{chroma_.data(), kWidth / 2}};
    static_cast<void>(picture_.update(renderer_.get(), view));
  }
  void draw_picture() { SDL_RenderCopy(renderer_.get(), picture_.get(), nullptr, nullptr); }
  void draw_overlay() { canvas_->draw({kWidth, kHeight}); }
  void finish() { SDL_RenderFlush(renderer_.get()); }

 private:
  std::unique_ptr<SDL_Surface, FreeSurface> surface_;
  render::SdlHandle<SDL_Renderer> renderer_;
  render::PictureTexture picture_;
  std::unique_ptr<render::Canvas> canvas_;
  std::vector<std::byte> luma_, chroma_;
};

void frame(benchmark::State& state, client::OverlayLevel level, bool new_second) {
  Stage stage;
  if (!stage.ready()) {
    state.SkipWithError("no font");
    return;
  }
  stage.show(level, 0);
  int second = 0;
  for (auto _ : state) {
    if (new_second) stage.show(level, ++second);
    stage.upload();
    stage.draw_picture();
    stage.draw_overlay();
    stage.finish();
  }
}

// The figures alone, as they are drawn again and again within a second.
void overlay_alone(benchmark::State& state, client::OverlayLevel level) {
  Stage stage;
  if (!stage.ready()) {
    state.SkipWithError("no font");
    return;
  }
  stage.show(level, 0);
  for (auto _ : state) {
    stage.draw_overlay();
    stage.finish();
  }
}

using client::OverlayLevel;
BENCHMARK_CAPTURE(frame, off, OverlayLevel::off, false)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(frame, compact, OverlayLevel::compact, false)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(frame, full, OverlayLevel::full, false)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(frame, full_relayout, OverlayLevel::full, true)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(overlay_alone, compact, OverlayLevel::compact)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(overlay_alone, full, OverlayLevel::full)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace lumen::bench
