// lumen/interface: what a person is shown beside the stream's picture: screens and figures, as values. Who
// composes one knows nothing of windows, who draws it nothing of its meaning.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace lumen {

// Scenes are laid out on this canvas whatever the window's size: it is scaled to fit and centred.
inline constexpr float kSceneWidth = 1920, kSceneHeight = 1080;

struct Color {
  std::uint8_t red = 0, green = 0, blue = 0, alpha = 255;
  bool operator==(const Color&) const = default;
};

// In units of the canvas, as everything here.
struct Box {
  float x = 0, y = 0, width = 0, height = 0;
  bool operator==(const Box&) const = default;
  bool contains(float at_x, float at_y) const {
    return at_x >= x && at_x < x + width && at_y >= y && at_y < y + height;
  }
  float center_x() const { return x + width / 2; }
  float center_y() const { return y + height / 2; }
};

struct SceneRect {
  Box box;
  Color color;
  float radius = 0;  // of its corners
  float border = 0;  // 0: filled; else only a line of this width along its inside
  bool operator==(const SceneRect&) const = default;
};

enum class Face : std::uint8_t { regular, bold, mono };
enum class Align : std::uint8_t { left, center, right };

struct SceneText {
  std::string text;    // UTF-8, one line; what is none shows as '?'
  float x = 0, y = 0;  // of the line's vertical middle, and of the edge or middle that `align` names
  float size = 32;     // of the font
  Color color;
  Face face = Face::regular;
  Align align = Align::left;
  float max_width = 0;  // longer text ends in an ellipsis; 0: no limit
  bool operator==(const SceneText&) const = default;
};

using SceneItem = std::variant<SceneRect, SceneText>;

struct Scene {
  std::optional<Color> background;  // of the whole window; none: the picture shows through
  std::vector<SceneItem> items;     // the first one is farthest away
  bool operator==(const Scene&) const = default;
};

}  // namespace lumen
