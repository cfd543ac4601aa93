#include "client/shell/overlay.hpp"

#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "client/shell/page.hpp"

namespace lumen::client {
namespace {

constexpr Color kPanel{10, 14, 20, 205}, kText{236, 241, 247}, kMuted{165, 177, 193}, kGood{104, 211, 145},
    kWarning{242, 190, 92}, kBad{247, 120, 120}, kAccent{102, 178, 255};
constexpr float kLeft = 40, kTop = 36;

std::string ms(Duration duration) { return fmt::format("{:.1f}", to_ms(duration)); }
std::string mbit(double kbps) { return fmt::format("{:.1f} Mbit/s", kbps / 1000); }

Color of_loss(double percent) { return percent >= 2 ? kBad : percent > 0.1 ? kWarning : kText; }

const StageFigures& stage(const StreamFigures& figures, Stage which) {
  return figures.stages.at(static_cast<std::size_t>(which));
}

std::string mode_text(const StreamFacts& facts) {
  if (!is_valid(facts.mode)) return "";
  return fmt::format("{}×{} at {:g} Hz", facts.mode.width, facts.mode.height,
                     facts.mode.refresh_mhz / 1000.0);
}

class Panel {
 public:
  Panel(float x, float y) : x_{x}, y_{y} {}
  void text(std::string text, float x, float y, float size, Color color, Align align = Align::left,
            Face face = Face::regular, float max_width = 0) {
    items_.emplace_back(SceneText{.text = std::move(text),
                                  .x = x_ + x,
                                  .y = y_ + y,
                                  .size = size,
                                  .color = color,
                                  .face = face,
                                  .align = align,
                                  .max_width = max_width});
  }
  void line(float x, float y, float width, Color color, float height = 2) {
    items_.emplace_back(SceneRect{{x_ + x, y_ + y, width, height}, color});
  }
  void finish(Scene& scene, float width, float height) {
    scene.items.emplace_back(SceneRect{{x_, y_, width, height}, kPanel, 16});
    scene.items.insert(scene.items.end(), items_.begin(), items_.end());
  }

 private:
  float x_, y_;
  std::vector<SceneItem> items_;
};

void add_compact(Scene& scene, const StreamFigures& figures) {
  Panel panel{kLeft, kTop};
  float x = 24;
  const auto put = [&](const std::string& value, const char* what, Color color, float width) {
    panel.text(value, x, 30, 28, color, Align::left, Face::bold);
    panel.text(what, x, 62, 19, kMuted);
    x += width;
  };
  put(fmt::format("{:.0f}", figures.presented_per_s), "pictures/s", kText, 128);
  put(fmt::format("{} ms", ms(stage(figures, Stage::total).p50)), "delay", kText, 168);
  put(figures.round_trip > Duration::zero() ? fmt::format("{} ms", ms(figures.round_trip)) : "–",
      "round trip", kText, 150);
  put(fmt::format("{:.1f} %", figures.loss_percent), "loss", of_loss(figures.loss_percent), 122);
  put(fmt::format("{:.1f}", figures.bitrate_kbps / 1000), "Mbit/s", kText, 96);
  panel.finish(scene, x + 16, 88);
}

void add_stages(Panel& panel, const StreamFigures& figures, float top) {
  constexpr std::array<const char*, kStages> kNames{
      "Capture", "Encode", "Send", "Network", "Receive and repair", "Decode", "Present", "In all"};
  constexpr float kRow = 34, kP50 = 350, kP95 = 460, kP99 = 570;
  panel.text("Delay, ms", 28, top, 22, kMuted);
  panel.text("p50", kP50, top, 22, kMuted, Align::right);
  panel.text("p95", kP95, top, 22, kMuted, Align::right);
  panel.text("p99", kP99, top, 22, kMuted, Align::right);
  for (std::size_t i = 0; i < kStages; ++i) {
    const bool total = i + 1 == kStages;
    const float y = top + kRow * static_cast<float>(i + 1) + (total ? 10 : 0);
    if (total) panel.line(28, y - kRow / 2 - 5, kP99 - 28, Color{255, 255, 255, 50});
    const auto& quantiles = figures.stages.at(i);
    const auto face = total ? Face::bold : Face::regular;
    panel.text(kNames.at(i), 28, y, 24, total ? kAccent : kText, Align::left, face);
    panel.text(ms(quantiles.p50), kP50, y, 24, total ? kAccent : kText, Align::right, face);
    panel.text(ms(quantiles.p95), kP95, y, 24, kText, Align::right, face);
    panel.text(ms(quantiles.p99), kP99, y, 24, kText, Align::right, face);
  }
}

void add_full(Scene& scene, const StreamFigures& figures, const StreamFacts& facts) {
  constexpr float kWidth = 600, kRow = 34, kValues = 262;
  Panel panel{kLeft, kTop};
  panel.text(facts.host, 28, 36, 28, kText, Align::left, Face::bold, 330);
  panel.text(facts.protocol, kWidth - 28, 36, 22, kMuted, Align::right);
  float y = 80;
  const auto row = [&](const char* what, std::string value, Color color = kText) {
    panel.text(what, 28, y, 24, kMuted);
    panel.text(std::move(value), kValues, y, 24, color, Align::left, Face::regular, kWidth - kValues - 24);
    y += kRow;
  };
  row("Picture", mode_text(facts));
  row("Codec",
      fmt::format("{}{}", facts.codec, facts.encoder.empty() ? "" : fmt::format(", {}", facts.encoder)));
  row("Decoder", facts.decoder.empty() ? "–" : facts.decoder);
  row("Received", fmt::format("{:.1f} pictures/s", figures.received_per_s));
  row("Decoded", fmt::format("{:.1f} pictures/s", figures.decoded_per_s));
  row("Presented", fmt::format("{:.1f} pictures/s", figures.presented_per_s));
  row("Bitrate", facts.bitrate_kbps == 0
                     ? mbit(figures.bitrate_kbps)
                     : fmt::format("{} of {}", mbit(figures.bitrate_kbps), mbit(facts.bitrate_kbps)));
  row("Round trip",
      figures.round_trip > Duration::zero() ? fmt::format("{} ms", ms(figures.round_trip)) : "–");
  row("Loss", fmt::format("{:.2f} %", figures.loss_percent), of_loss(figures.loss_percent));
  row("Parity", fmt::format("{:.0f} %", figures.parity_percent));
  row("Repaired, lost", fmt::format("{}, {}", figures.frames_repaired, figures.frames_lost),
      figures.frames_lost > 0       ? kBad
      : figures.frames_repaired > 0 ? kGood
                                    : kText);
  y += 20;
  add_stages(panel, figures, y);
  panel.finish(scene, kWidth, y + kRow * static_cast<float>(kStages) + 42);
}

void add_notice(Scene& scene, const std::string& notice) {
  constexpr float kWidth = 1100, kHeight = 76;
  const Box box{(kSceneWidth - kWidth) / 2, kSceneHeight - kHeight - 48, kWidth, kHeight};
  scene.items.emplace_back(SceneRect{box, kPanel, 16});
  scene.items.emplace_back(SceneText{.text = notice,
                                     .x = box.center_x(),
                                     .y = box.center_y(),
                                     .size = 30,
                                     .color = kWarning,
                                     .align = Align::center,
                                     .max_width = kWidth - 60});
}

}  // namespace

Scene overlay_scene(OverlayLevel level, const StreamFigures& figures, const StreamFacts& facts,
                    const std::string& notice) {
  Scene scene;
  if (level == OverlayLevel::compact) add_compact(scene, figures);
  if (level == OverlayLevel::full) add_full(scene, figures, facts);
  if (!notice.empty()) add_notice(scene, notice);
  return scene;
}

}  // namespace lumen::client
