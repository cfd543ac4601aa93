// client/shell: a screen of the client as a value: what stands on it, what can be chosen, and how the focus
// moves. Built for a television: few, large things, all reachable by four arrows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "interface/scene.hpp"
#include "interface/screen_input.hpp"

namespace lumen::client {

enum class Look : std::uint8_t {
  card,     // a host, an application
  button,   // an action
  setting,  // its value stands to the right, left and right change it
  key,      // of a keypad
};
enum class Tone : std::uint8_t { plain, muted, good, warning, bad, accent };

using ControlId = int;

struct Control {
  ControlId id = 0;
  Look look = Look::button;
  Box box;
  std::string title;
  std::string detail;       // a card's second line
  std::string value;        // of a setting; a card's state
  Tone tone = Tone::plain;  // of the value
  bool operator==(const Control&) const = default;
};

struct PageText {
  std::string text;
  float x = 0, y = 0, size = 32;
  Tone tone = Tone::plain;
  Face face = Face::regular;
  Align align = Align::left;
  float max_width = 0;
  bool operator==(const PageText&) const = default;
};

struct Hint {
  std::string key, meaning;  // "Esc", "Back"
  bool operator==(const Hint&) const = default;
};

struct Page {
  std::string title, subtitle;
  std::vector<PageText> texts;
  std::vector<Control> controls;
  std::vector<Hint> hints;
  bool busy = false;        // something is on its way
  bool takes_text = false;  // what is typed belongs into it
  std::string field;        // shown as such where it takes text
  bool operator==(const Page&) const = default;
};

// Where controls may be; taller pages scroll within.
inline constexpr Box kBody{96, 216, 1728, 744};

// The nearest control in that direction, or `focus` where there is none. Nothing focused: the first one.
ControlId move_focus(const Page& page, ControlId focus, ScreenKey direction);
// `focus` if it is on the page, else the first control; 0: the page has none.
ControlId valid_focus(const Page& page, ControlId focus);
const Control* find_control(const Page& page, ControlId id);
// What is at a point of the screen while `focus` is focused.
std::optional<ControlId> hit(const Page& page, ControlId focus, float x, float y);
// How far the page is scrolled down so that the focused control is seen.
float scroll_of(const Page& page, ControlId focus);

// `phase` counts up while something is on its way: its dots move.
Scene to_scene(const Page& page, ControlId focus, unsigned phase);

Color color_of(Tone tone);

}  // namespace lumen::client
