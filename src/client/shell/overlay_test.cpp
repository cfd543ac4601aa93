#include "client/shell/overlay.hpp"

#include <gtest/gtest.h>

#include <string>

namespace lumen::client {
namespace {

using namespace std::chrono_literals;

std::string all_text(const Scene& scene) {
  std::string all;
  for (const auto& item : scene.items) {
    if (const auto* text = std::get_if<SceneText>(&item)) all += text->text + "|";
  }
  return all;
}

StreamFigures figures() {
  StreamFigures it{
      .at = 5s, .interval = 1s, .received_per_s = 60, .decoded_per_s = 59.5, .presented_per_s = 59};
  it.stages.back() = {12'340us, 15ms, 21ms};
  it.loss_percent = 1.25;
  it.bitrate_kbps = 18'400;
  it.round_trip = 2100us;
  it.frames_repaired = 7;
  it.parity_percent = 20;
  return it;
}

const StreamFacts kFacts{.protocol = "lumen/1",
                         .host = "box",
                         .codec = "HEVC",
                         .decoder = "ffmpeg hevc",
                         .mode = {1920, 1080, 60'000},
                         .bitrate_kbps = 20'000};

TEST(Overlay, off_shows_nothing_at_all) {
  EXPECT_EQ(overlay_scene(OverlayLevel::off, figures(), kFacts, ""), Scene{});
}

TEST(Overlay, compact_is_one_line_of_what_matters) {
  const auto text = all_text(overlay_scene(OverlayLevel::compact, figures(), kFacts, ""));
  for (const auto* part : {"59|", "12.3 ms|", "2.1 ms|", "1.2 %|", "18.4|"})
    EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
}

TEST(Overlay, full_names_everything) {
  const auto text = all_text(overlay_scene(OverlayLevel::full, figures(), kFacts, ""));
  for (const auto* part :
       {"box|", "lumen/1|", "1920×1080 at 60 Hz|", "HEVC|", "ffmpeg hevc|", "59.5 pictures/s|",
        "18.4 Mbit/s of 20.0 Mbit/s|", "20 %|", "7, 0|", "In all|", "21.0|"})
    EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
}

TEST(Overlay, what_is_not_right_is_shown_at_any_level) {
  for (const auto level : {OverlayLevel::off, OverlayLevel::compact, OverlayLevel::full}) {
    EXPECT_NE(all_text(overlay_scene(level, figures(), kFacts, "no answer")).find("no answer|"),
              std::string::npos);
  }
}

TEST(Overlay, stays_on_the_canvas) {
  for (const auto level : {OverlayLevel::compact, OverlayLevel::full}) {
    for (const auto& item : overlay_scene(level, figures(), kFacts, "notice").items) {
      const auto* rect = std::get_if<SceneRect>(&item);
      if (rect == nullptr) continue;
      EXPECT_GE(rect->box.x, 0);
      EXPECT_LE(rect->box.x + rect->box.width, kSceneWidth);
      EXPECT_LE(rect->box.y + rect->box.height, kSceneHeight);
    }
  }
}

}  // namespace
}  // namespace lumen::client
