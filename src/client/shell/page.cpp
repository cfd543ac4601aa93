#include "client/shell/page.hpp"

#include <algorithm>
#include <cmath>

namespace lumen::client {
namespace {

// How far `to` is from `from` in that direction; nullopt: it is not there. What is beside it counts more.
std::optional<float> distance(const Box& from, const Box& to, ScreenKey direction) {
  const float dx = to.center_x() - from.center_x(), dy = to.center_y() - from.center_y();
  const bool vertical = direction == ScreenKey::up || direction == ScreenKey::down;
  const float forward = direction == ScreenKey::down    ? dy
                        : direction == ScreenKey::up    ? -dy
                        : direction == ScreenKey::right ? dx
                                                        : -dx;
  // Of a neighbour in the same row or column, only what sticks out counts as sideways.
  const float overlap = vertical ? std::min(from.x + from.width, to.x + to.width) - std::max(from.x, to.x)
                                 : std::min(from.y + from.height, to.y + to.height) - std::max(from.y, to.y);
  const float sideways = overlap > 0 ? 0 : -overlap;
  constexpr float kLeast = 4, kSidewaysWeight = 4;
  if (forward < kLeast) return std::nullopt;
  if (!vertical && overlap <= 0) return std::nullopt;  // left and right stay in their row
  const float askew = std::abs(vertical ? dx : dy) / 8;
  return forward + sideways * kSidewaysWeight + askew;
}

}  // namespace

const Control* find_control(const Page& page, ControlId id) {
  const auto found = std::ranges::find(page.controls, id, &Control::id);
  return found == page.controls.end() ? nullptr : &*found;
}

ControlId valid_focus(const Page& page, ControlId focus) {
  if (page.controls.empty()) return 0;
  return find_control(page, focus) != nullptr ? focus : page.controls.front().id;
}

ControlId move_focus(const Page& page, ControlId focus, ScreenKey direction) {
  const auto* from = find_control(page, focus);
  if (from == nullptr) return valid_focus(page, focus);
  ControlId best = focus;
  std::optional<float> nearest;
  for (const auto& control : page.controls) {
    if (control.id == focus) continue;
    const auto away = distance(from->box, control.box, direction);
    if (!away || (nearest && *away >= *nearest)) continue;
    nearest = away;
    best = control.id;
  }
  return best;
}

float scroll_of(const Page& page, ControlId focus) {
  float bottom = 0;
  for (const auto& control : page.controls) bottom = std::max(bottom, control.box.y + control.box.height);
  const float most = std::max(bottom - (kBody.y + kBody.height), 0.0F);
  const auto* control = find_control(page, focus);
  if (most <= 0 || control == nullptr) return 0;
  return std::clamp(control->box.center_y() - kBody.center_y(), 0.0F, most);
}

std::optional<ControlId> hit(const Page& page, ControlId focus, float x, float y) {
  const float below = y + scroll_of(page, focus);
  for (const auto& control : page.controls) {
    if (control.box.contains(x, below)) return control.id;
  }
  return std::nullopt;
}

}  // namespace lumen::client
