#include "render/event_translator.hpp"

#include <utility>

namespace lumen::render {
namespace {

Command command_for(const SDL_Keysym& key) {
  constexpr int kModifiers = KMOD_CTRL | KMOD_ALT | KMOD_SHIFT | KMOD_GUI;
  const int held = key.mod & kModifiers;
  const bool ctrl_alt =
      (held & KMOD_CTRL) != 0 && (held & KMOD_ALT) != 0 && (held & (KMOD_SHIFT | KMOD_GUI)) == 0;
  if (!ctrl_alt) return Command::none;
  switch (key.sym) {  // what the key types: the letter that people see on it
    case SDLK_q:
      return Command::leave;
    case SDLK_f:
      return Command::toggle_fullscreen;
    case SDLK_g:
      return Command::toggle_capture;
    case SDLK_s:
      return Command::next_statistics;
    default:
      return Command::none;
  }
}

}  // namespace

Command EventTranslator::handle(const SDL_Event& event, const InputFn& on_input) {
  if (event.type == SDL_MOUSEMOTION) {
    move(event.motion);
    return Command::none;
  }
  flush(on_input);
  switch (event.type) {
    case SDL_MOUSEBUTTONDOWN:
    case SDL_MOUSEBUTTONUP: {
      const auto code = evdev_button(event.button.button);
      if (code != 0)
        on_input(PointerButton{.evdev_code = code, .pressed = event.type == SDL_MOUSEBUTTONDOWN});
      return Command::none;
    }
    case SDL_MOUSEWHEEL:
      if (const auto scroll = wheel_.add(event.wheel.preciseX, event.wheel.preciseY)) on_input(*scroll);
      return Command::none;
    case SDL_KEYDOWN:
    case SDL_KEYUP:
      return key(event.key, on_input);
    case SDL_WINDOWEVENT:
      if (event.window.event == SDL_WINDOWEVENT_FOCUS_LOST) on_input(ReleaseAll{});
      return Command::none;
    default:
      return Command::none;
  }
}

void EventTranslator::flush(const InputFn& on_input) {
  if (const auto to = std::exchange(move_to_, std::nullopt)) on_input(*to);
  if (const auto by = std::exchange(move_by_, std::nullopt)) on_input(*by);
}

void EventTranslator::move(const SDL_MouseMotionEvent& event) {
  if (captured_) {
    if (!move_by_) move_by_.emplace();
    move_by_->dx += static_cast<float>(event.xrel) * pointer_speed_;
    move_by_->dy += static_cast<float>(event.yrel) * pointer_speed_;
  } else if (area_.width > 0) {
    move_to_ = to_picture(event.x, event.y, area_);
  }
}

Command EventTranslator::key(const SDL_KeyboardEvent& event, const InputFn& on_input) {
  const auto scancode = static_cast<std::size_t>(event.keysym.scancode);
  if (event.repeat != 0 || scancode >= kept_.size()) return Command::none;  // the desktop repeats by itself
  const bool pressed = event.type == SDL_KEYDOWN;
  const auto command = pressed ? command_for(event.keysym) : Command::none;
  if (command != Command::none) kept_.set(scancode);
  if (kept_.test(scancode)) {
    if (!pressed) kept_.reset(scancode);
    return command;
  }
  const auto code = evdev_key(event.keysym.scancode);
  if (code != 0) on_input(Key{.evdev_code = code, .pressed = pressed});
  return Command::none;
}

}  // namespace lumen::render
