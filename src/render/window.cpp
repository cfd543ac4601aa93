#include "render/window.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "render/event_translator.hpp"
#include "render/input_mapping.hpp"
#include "render/picture_texture.hpp"
#include "render/sdl_handles.hpp"

namespace lumen::render {
namespace {

// SDL's video subsystem, counted by SDL.
class SdlVideo {
 public:
  SdlVideo() : started_{SDL_InitSubSystem(SDL_INIT_VIDEO) == 0} {}
  SdlVideo(const SdlVideo&) = delete;
  SdlVideo& operator=(const SdlVideo&) = delete;
  ~SdlVideo() {
    if (started_) SDL_QuitSubSystem(SDL_INIT_VIDEO);
  }
  bool started() const { return started_; }

 private:
  bool started_;
};

Size to_size(int width, int height) {
  return {.width = static_cast<std::uint32_t>(std::max(width, 0)),
          .height = static_cast<std::uint32_t>(std::max(height, 0))};
}

SDL_Rect to_sdl(const Rect& rect) { return {rect.x, rect.y, rect.width, rect.height}; }

// Owner: the main thread (SDL's rule).
class SdlWindow final : public FrameRenderer {
 public:
  static Result<std::unique_ptr<FrameRenderer>> create(const WindowParams& params);
  SdlWindow(const SdlWindow&) = delete;
  SdlWindow& operator=(const SdlWindow&) = delete;
  ~SdlWindow() override = default;

  Status present(const PictureView& picture) override;
  void set_message(std::string_view text) override;
  bool poll(const InputFn& on_input) override;

 private:
  explicit SdlWindow(const WindowParams& params) : title_{params.title} {}
  Status open(const WindowParams& params);
  Status open_renderer();
  std::string describe_choice() const;
  void redraw();
  void place_picture();
  void follow_pointer(std::int32_t x, std::int32_t y);
  void handle(const SDL_Event& event, const InputFn& on_input);
  void obey(Command command, const InputFn& on_input);
  void set_captured(bool captured);

  SdlVideo video_;  // first: everything below dies before it
  SdlHandle<SDL_Window> window_;
  SdlHandle<SDL_Renderer> renderer_;
  PictureTexture picture_;
  EventTranslator events_;
  Rect picture_area_;  // in window coordinates
  std::string title_;
  bool closed_ = false, stale_ = true;  // stale: what the window shows must be drawn again
};

// Hints are SDL's process-wide settings; the environment wins over all of these.
void set_hints(const WindowParams& params) {
  SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1");     // the program ends itself on SIGINT and SIGTERM
  SDL_SetHint(SDL_HINT_VIDEODRIVER, "x11,wayland");  // nothing that takes over a console
  SDL_SetHint(SDL_HINT_APP_NAME, params.title.c_str());
  SDL_SetHint(SDL_HINT_VIDEO_MINIMIZE_ON_FOCUS_LOSS, "0");
  SDL_SetHint(SDL_HINT_FRAMEBUFFER_ACCELERATION, "0");  // the software renderer must not go through OpenGL
  // A compositor adds a frame of delay; switching it off for a plain window would disturb all the others.
  SDL_SetHint(SDL_HINT_VIDEO_X11_NET_WM_BYPASS_COMPOSITOR, params.fullscreen ? "1" : "0");
}

Result<std::unique_ptr<FrameRenderer>> SdlWindow::create(const WindowParams& params) {
  set_hints(params);
  std::unique_ptr<SdlWindow> window{new SdlWindow{params}};
  LUMEN_CHECK_OK(window->open(params));
  if (params.on_choice) params.on_choice(window->describe_choice());
  return window;
}

Status SdlWindow::open(const WindowParams& params) {
  if (!video_.started()) {
    return fail(ErrorCode::unavailable, "window.no-display",
                fmt::format("No display to open a window on ({})", SDL_GetError()),
                "Set DISPLAY or WAYLAND_DISPLAY, or use --headless");
  }
  const auto fullscreen = params.fullscreen ? SDL_WINDOW_FULLSCREEN_DESKTOP : 0;
  const auto flags = static_cast<Uint32>(SDL_WINDOW_RESIZABLE | SDL_WINDOW_ALLOW_HIGHDPI | fullscreen);
  window_.reset(SDL_CreateWindow(title_.c_str(), SDL_WINDOWPOS_UNDEFINED, SDL_WINDOWPOS_UNDEFINED,
                                 static_cast<int>(params.width), static_cast<int>(params.height), flags));
  if (!window_) {
    return fail(ErrorCode::unavailable, "window.create",
                fmt::format("Cannot open a window: {}", SDL_GetError()),
                "Check the display, or use --headless");
  }
  return open_renderer();
}

// No waiting for the display's refresh: present() runs on the thread that also sends input.
Status SdlWindow::open_renderer() {
  renderer_.reset(SDL_CreateRenderer(window_.get(), -1, SDL_RENDERER_ACCELERATED));
  if (!renderer_) renderer_.reset(SDL_CreateRenderer(window_.get(), -1, SDL_RENDERER_SOFTWARE));
  if (!renderer_) {
    return fail(ErrorCode::unsupported, "window.renderer", fmt::format("Cannot draw: {}", SDL_GetError()),
                "Use --headless");
  }
  redraw();
  return {};
}

std::string SdlWindow::describe_choice() const {
  SDL_RendererInfo chosen{};
  SDL_GetRendererInfo(renderer_.get(), &chosen);
  return fmt::format("{}, {}", SDL_GetCurrentVideoDriver(), chosen.name != nullptr ? chosen.name : "unknown");
}

Status SdlWindow::present(const PictureView& picture) {
  const auto before = picture_.size();
  LUMEN_CHECK_OK(picture_.update(renderer_.get(), picture));
  if (picture_.size() != before) place_picture();
  redraw();
  return {};
}

void SdlWindow::redraw() {
  int width = 0, height = 0;
  SDL_GetRendererOutputSize(renderer_.get(), &width, &height);
  SDL_SetRenderDrawColor(renderer_.get(), 0, 0, 0, 255);
  SDL_RenderClear(renderer_.get());
  const auto area = to_sdl(fit(picture_.size(), to_size(width, height)));
  if (picture_.get() != nullptr) SDL_RenderCopy(renderer_.get(), picture_.get(), nullptr, &area);
  SDL_RenderPresent(renderer_.get());
  stale_ = false;
}

void SdlWindow::place_picture() {
  int width = 0, height = 0;
  SDL_GetWindowSize(window_.get(), &width, &height);
  picture_area_ = fit(picture_.size(), to_size(width, height));
  events_.set_picture_area(picture_area_);
  SDL_GetMouseState(&width, &height);
  follow_pointer(width, height);
}

// The picture has a pointer of its own; beside it the local one shows where one is.
void SdlWindow::follow_pointer(std::int32_t x, std::int32_t y) {
  const int wanted = contains(picture_area_, x, y) ? SDL_DISABLE : SDL_ENABLE;
  if (SDL_ShowCursor(SDL_QUERY) != wanted) SDL_ShowCursor(wanted);
}

void SdlWindow::set_message(std::string_view text) {
  const auto title = text.empty() ? title_ : fmt::format("{}: {}", title_, text);
  SDL_SetWindowTitle(window_.get(), title.c_str());
}

bool SdlWindow::poll(const InputFn& on_input) {
  for (SDL_Event event; !closed_ && SDL_PollEvent(&event) == 1;) handle(event, on_input);
  events_.flush(on_input);
  if (stale_ && !closed_) redraw();
  return !closed_;
}

void SdlWindow::handle(const SDL_Event& event, const InputFn& on_input) {
  if (event.type == SDL_QUIT) closed_ = true;
  if (event.type == SDL_MOUSEMOTION) follow_pointer(event.motion.x, event.motion.y);
  if (event.type == SDL_RENDER_TARGETS_RESET) stale_ = true;
  if (event.type == SDL_WINDOWEVENT) {
    closed_ = closed_ || event.window.event == SDL_WINDOWEVENT_CLOSE;
    if (event.window.event == SDL_WINDOWEVENT_SIZE_CHANGED) place_picture();
    stale_ = stale_ || event.window.event == SDL_WINDOWEVENT_EXPOSED ||
             event.window.event == SDL_WINDOWEVENT_SIZE_CHANGED;
  }
  obey(events_.handle(event, on_input), on_input);
}

void SdlWindow::obey(Command command, const InputFn& on_input) {
  switch (command) {
    case Command::none:
      return;
    case Command::close:
      on_input(ReleaseAll{});  // Ctrl and Alt went out before the combination was complete
      closed_ = true;
      return;
    case Command::toggle_fullscreen: {
      const bool is = (SDL_GetWindowFlags(window_.get()) & SDL_WINDOW_FULLSCREEN_DESKTOP) != 0;
      SDL_SetWindowFullscreen(window_.get(), is ? 0 : SDL_WINDOW_FULLSCREEN_DESKTOP);
      return;
    }
    case Command::toggle_capture:
      set_captured(!events_.captured());
      return;
  }
}

// With the pointer goes the keyboard: Alt+Tab and the like then reach the desktop.
void SdlWindow::set_captured(bool captured) {
  if (SDL_SetRelativeMouseMode(captured ? SDL_TRUE : SDL_FALSE) != 0) return;
  SDL_SetWindowKeyboardGrab(window_.get(), captured ? SDL_TRUE : SDL_FALSE);
  events_.set_captured(captured);
}

}  // namespace

Result<std::unique_ptr<FrameRenderer>> create_window(const WindowParams& params) {
  return SdlWindow::create(params);
}

}  // namespace lumen::render
