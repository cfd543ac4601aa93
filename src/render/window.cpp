#include "render/window.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "render/canvas.hpp"
#include "render/event_translator.hpp"
#include "render/input_mapping.hpp"
#include "render/pads.hpp"
#include "render/picture_texture.hpp"
#include "render/present_pacer.hpp"
#include "render/remote_pointer.hpp"
#include "render/screen_translator.hpp"
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

Timestamp now() { return SteadyTime{}.now(); }

Size to_size(int width, int height) {
  return {.width = static_cast<std::uint32_t>(std::max(width, 0)),
          .height = static_cast<std::uint32_t>(std::max(height, 0))};
}

SDL_Rect to_sdl(const Rect& rect) { return {rect.x, rect.y, rect.width, rect.height}; }

tl::unexpected<Error> no_display() {
  return fail(ErrorCode::unavailable, "window.no-display",
              fmt::format("No display to open a window on ({})", SDL_GetError()),
              "Set DISPLAY or WAYLAND_DISPLAY, or use --headless");
}

Mode mode_of_display(int index) {
  constexpr int kUsualHz = 60;
  SDL_DisplayMode mode{};
  if (SDL_GetDesktopDisplayMode(std::max(index, 0), &mode) != 0) return {};
  const int hz = mode.refresh_rate > 0 ? mode.refresh_rate : kUsualHz;
  return {static_cast<std::uint32_t>(mode.w), static_cast<std::uint32_t>(mode.h),
          static_cast<std::uint32_t>(hz) * 1000};
}

// Owner: the main thread (SDL's rule).
class SdlWindow final : public ClientWindow {
 public:
  static Result<std::unique_ptr<ClientWindow>> create(const WindowParams& params);
  SdlWindow(const SdlWindow&) = delete;
  SdlWindow& operator=(const SdlWindow&) = delete;
  ~SdlWindow() override = default;

  Status present(const PictureView& picture) override;
  void set_message(std::string_view text) override;
  bool poll(const InputFn& on_input) override { return poll(Events{on_input, {}, {}, {}}); }
  bool poll(const Events& events) override;
  void set_use(WindowUse use) override;
  void set_scene(std::shared_ptr<const Scene> scene) override;
  Timestamp next_present(Timestamp now) const override { return pacer_.next(now); }
  void set_fullscreen(bool fullscreen) override;
  bool is_fullscreen() const override {
    return (SDL_GetWindowFlags(window_.get()) & SDL_WINDOW_FULLSCREEN_DESKTOP) != 0;
  }
  void set_pacing(Pacing pacing) override;
  void set_pointer(const PointerView& pointer) override;
  void feed_back(const PadFeedback& feedback) override { pads_.feed_back(feedback); }
  bool has_focus() const override {
    return (SDL_GetWindowFlags(window_.get()) & SDL_WINDOW_INPUT_FOCUS) != 0;
  }
  bool take_clipboard_news() override { return has_focus() && std::exchange(clipboard_news_, false); }
  std::string clipboard() override;
  void set_clipboard(const std::string& text) override { SDL_SetClipboardText(text.c_str()); }
  Mode display_mode() const override { return mode_of_display(SDL_GetWindowDisplayIndex(window_.get())); }
  PresentFigures present_figures() const override { return figures_; }

 private:
  explicit SdlWindow(const WindowParams& params)
      : use_{params.use}, pacing_{params.pacing}, title_{params.title}, grab_keyboard_{params.grab_keyboard} {
    translator_.set_pointer_speed(params.pointer_speed);
  }
  Status open(const WindowParams& params);
  Status open_renderer();
  Status open_canvas(const WindowParams& params);
  std::string describe_choice() const;
  Duration redraw();
  void place_picture();
  void follow_pointer(std::int32_t x, std::int32_t y);
  void show_pointer();
  void handle(const SDL_Event& event, const Events& events);
  void handle_window(const SDL_WindowEvent& event);
  void handle_stream(const SDL_Event& event, const Events& events);
  void handle_screens(const SDL_Event& event, const Events& events);
  void obey(Command command, const Events& events);
  void leave(const Events& events);
  void set_captured(bool captured);
  void follow_fullscreen();

  SdlVideo video_;  // first: everything below dies before it
  SdlHandle<SDL_Window> window_;
  SdlHandle<SDL_Renderer> renderer_;
  PictureTexture picture_;
  RemotePointer pointer_;
  PointerChoice pointer_choice_;
  SDL_Point hand_{};  // where the window system's pointer is, in window coordinates
  Timestamp hand_moved_{};
  std::unique_ptr<Canvas> canvas_;  // none: there is no font
  Pads pads_;
  EventTranslator translator_;
  ScreenTranslator screens_;
  PresentPacer pacer_;
  PresentFigures figures_;
  Rect picture_area_;  // in window coordinates
  WindowUse use_;
  Pacing pacing_;
  std::string title_;
  bool grab_keyboard_, closed_ = false, stale_ = true;  // stale: what the window shows must be drawn again
  bool announce_pads_ = true;
  bool clipboard_news_ = true;
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

Result<std::unique_ptr<ClientWindow>> SdlWindow::create(const WindowParams& params) {
  set_hints(params);
  std::unique_ptr<SdlWindow> window{new SdlWindow{params}};
  LUMEN_CHECK_OK(window->open(params));
  if (params.on_choice) params.on_choice(window->describe_choice());
  return window;
}

Status SdlWindow::open(const WindowParams& params) {
  if (!video_.started()) return no_display();
  const auto fullscreen = params.fullscreen ? SDL_WINDOW_FULLSCREEN_DESKTOP : 0;
  const auto flags = static_cast<Uint32>(SDL_WINDOW_RESIZABLE | SDL_WINDOW_ALLOW_HIGHDPI | fullscreen);
  window_.reset(SDL_CreateWindow(title_.c_str(), SDL_WINDOWPOS_UNDEFINED, SDL_WINDOWPOS_UNDEFINED,
                                 static_cast<int>(params.width), static_cast<int>(params.height), flags));
  if (!window_) {
    return fail(ErrorCode::unavailable, "window.create",
                fmt::format("Cannot open a window: {}", SDL_GetError()),
                "Check the display, or use --headless");
  }
  LUMEN_CHECK_OK(open_renderer());
  LUMEN_CHECK_OK(open_canvas(params));
  set_use(params.use);
  follow_fullscreen();
  redraw();
  return {};
}

Status SdlWindow::open_renderer() {
  renderer_.reset(SDL_CreateRenderer(window_.get(), -1, SDL_RENDERER_ACCELERATED));
  if (!renderer_) renderer_.reset(SDL_CreateRenderer(window_.get(), -1, SDL_RENDERER_SOFTWARE));
  if (!renderer_) {
    return fail(ErrorCode::unsupported, "window.renderer", fmt::format("Cannot draw: {}", SDL_GetError()),
                "Use --headless");
  }
  return {};
}

// A stream goes on without a font, screens do not.
Status SdlWindow::open_canvas(const WindowParams& params) {
  auto fonts = Fonts::create();
  if (fonts) {
    canvas_ = std::make_unique<Canvas>(renderer_.get(), std::move(*fonts));
    return {};
  }
  if (params.use == WindowUse::screens) return tl::unexpected{fonts.error()};
  if (params.on_no_text) params.on_no_text(fonts.error());
  return {};
}

std::string SdlWindow::describe_choice() const {
  SDL_RendererInfo chosen{};
  SDL_GetRendererInfo(renderer_.get(), &chosen);
  return fmt::format("{}, {}", SDL_GetCurrentVideoDriver(), chosen.name != nullptr ? chosen.name : "unknown");
}

Status SdlWindow::present(const PictureView& picture) {
  const auto begun = now();
  const auto before = picture_.size();
  LUMEN_CHECK_OK(picture_.update(renderer_.get(), picture));
  if (picture_.size() != before) place_picture();
  const auto uploaded = now() - begun;
  figures_.draw_time = uploaded + redraw();
  figures_.presented_at = now();
  ++figures_.presented;
  pacer_.presented(figures_.draw_time, figures_.presented_at);
  return {};
}

// Returns how long drawing took, without waiting for the display.
Duration SdlWindow::redraw() {
  const auto begun = now();
  int width = 0, height = 0;
  SDL_GetRendererOutputSize(renderer_.get(), &width, &height);
  const auto size = to_size(width, height);
  SDL_SetRenderDrawColor(renderer_.get(), 0, 0, 0, 255);
  SDL_RenderClear(renderer_.get());
  if (use_ == WindowUse::stream && picture_.get() != nullptr) {
    const auto area = to_sdl(fit(picture_.size(), size));
    SDL_RenderCopy(renderer_.get(), picture_.get(), nullptr, &area);
    if (pointer_choice_.drawn) pointer_.draw(renderer_.get(), picture_.size(), fit(picture_.size(), size));
  }
  if (canvas_) canvas_->draw(size);
  SDL_RenderFlush(renderer_.get());
  const auto drawn = now() - begun;
  SDL_RenderPresent(renderer_.get());
  stale_ = false;
  return drawn;
}

void SdlWindow::place_picture() {
  int width = 0, height = 0;
  SDL_GetWindowSize(window_.get(), &width, &height);
  screens_.set_window_size(to_size(width, height));
  picture_area_ = fit(picture_.size(), to_size(width, height));
  translator_.set_picture_area(picture_area_);
  SDL_GetMouseState(&width, &height);
  follow_pointer(width, height);
}

void SdlWindow::follow_pointer(std::int32_t x, std::int32_t y) {
  hand_ = {x, y};
  hand_moved_ = now();
  show_pointer();
}

void SdlWindow::set_pointer(const PointerView& pointer) {
  pointer_.set(pointer);
  stale_ = stale_ || pointer_choice_.drawn;
  show_pointer();
}

// Where the picture has a pointer of its own, the local one is shown beside it only.
void SdlWindow::show_pointer() {
  const auto size = picture_.size();
  const auto& host = pointer_.host();
  PointerSituation situation{
      .place = host.place,
      .captured = translator_.captured(),
      .over_picture = use_ == WindowUse::stream && contains(picture_area_, hand_.x, hand_.y) &&
                      (SDL_GetWindowFlags(window_.get()) & SDL_WINDOW_MOUSE_FOCUS) != 0,
      .host_x = host.x,
      .host_y = host.y,
      .still = now() - hand_moved_};
  double factor = 1;
  if (picture_area_.width > 0 && picture_area_.height > 0) {
    situation.local_x = static_cast<std::int32_t>((hand_.x - picture_area_.x) * std::int64_t{size.width} /
                                                  picture_area_.width);
    situation.local_y = static_cast<std::int32_t>((hand_.y - picture_area_.y) * std::int64_t{size.height} /
                                                  picture_area_.height);
    factor = picture_area_.width / static_cast<double>(size.width);
  }
  const auto chosen = use_ == WindowUse::stream ? choose_pointer(situation) : PointerChoice{};
  stale_ = stale_ || chosen.drawn != pointer_choice_.drawn;
  pointer_choice_ = chosen;
  pointer_.show_local(chosen.local, factor);
}

void SdlWindow::set_message(std::string_view text) {
  const auto title = text.empty() ? title_ : fmt::format("{}: {}", title_, text);
  SDL_SetWindowTitle(window_.get(), title.c_str());
}

void SdlWindow::set_scene(std::shared_ptr<const Scene> scene) {
  if (!canvas_) return;
  canvas_->set_scene(std::move(scene));
  stale_ = true;
}

void SdlWindow::set_use(WindowUse use) {
  use_ = use;
  stale_ = announce_pads_ = clipboard_news_ = true;
  set_captured(false);
  pads_.quieten();
  if (use == WindowUse::screens) {
    picture_ = {};
    pointer_.forget();
    SDL_StartTextInput();
  } else {
    SDL_StopTextInput();
  }
  follow_fullscreen();
  place_picture();
}

void SdlWindow::set_fullscreen(bool fullscreen) {
  if (fullscreen == is_fullscreen()) return;
  SDL_SetWindowFullscreen(window_.get(), fullscreen ? SDL_WINDOW_FULLSCREEN_DESKTOP : 0);
  follow_fullscreen();
}

std::string SdlWindow::clipboard() {
  const std::unique_ptr<char, decltype(&SDL_free)> text{SDL_GetClipboardText(), SDL_free};
  return text ? text.get() : "";
}

void SdlWindow::set_pacing(Pacing pacing) {
  pacing_ = pacing;
  follow_fullscreen();
}

// The keyboard is the stream's in full screen, and pictures wait for the display there.
void SdlWindow::follow_fullscreen() {
  const bool full = is_fullscreen();
  const bool grab = translator_.captured() || (full && grab_keyboard_ && use_ == WindowUse::stream);
  SDL_SetWindowKeyboardGrab(window_.get(), grab ? SDL_TRUE : SDL_FALSE);
  const bool paced = pacing_ == Pacing::display || (pacing_ == Pacing::automatic && full);
  const bool waits = paced && SDL_RenderSetVSync(renderer_.get(), 1) == 0;
  if (!paced) SDL_RenderSetVSync(renderer_.get(), 0);
  pacer_.set_period(waits && is_valid(display_mode()) ? display_mode().period() : Duration::zero());
}

bool SdlWindow::poll(const Events& events) {
  const auto on_pad = [&](const PadEvent& event) {
    if (use_ == WindowUse::stream && events.on_pad) events.on_pad(event);
  };
  if (use_ == WindowUse::stream && events.on_pad && std::exchange(announce_pads_, false))
    pads_.announce(on_pad);
  for (SDL_Event event; !closed_ && SDL_PollEvent(&event) == 1;) handle(event, events);
  if (use_ == WindowUse::stream) {
    if (events.on_input) translator_.flush(events.on_input);
    pads_.flush(on_pad);
    if (pads_.take_leave_combination()) leave(events);
  } else if (events.on_screen) {
    pads_.repeat_steps(now(), [&](ScreenKey key) { events.on_screen(ScreenPress{key}); });
  }
  pads_.tick(now());
  if (use_ == WindowUse::stream) show_pointer();
  if (stale_ && !closed_) redraw();
  return !closed_;
}

void SdlWindow::handle(const SDL_Event& event, const Events& events) {
  if (event.type == SDL_QUIT) closed_ = true;
  if (event.type == SDL_MOUSEMOTION) follow_pointer(event.motion.x, event.motion.y);
  if (event.type == SDL_RENDER_TARGETS_RESET) stale_ = true;
  if (event.type == SDL_RENDER_DEVICE_RESET && canvas_) canvas_->forget_textures();
  if (event.type == SDL_RENDER_DEVICE_RESET) pointer_.forget_texture();
  if (event.type == SDL_WINDOWEVENT) handle_window(event.window);
  const bool focused = event.type == SDL_WINDOWEVENT && event.window.event == SDL_WINDOWEVENT_FOCUS_GAINED;
  clipboard_news_ = clipboard_news_ || focused || event.type == SDL_CLIPBOARDUPDATE;
  const bool of_pad = pads_.handle(event, [&](const PadEvent& pad) {
    if (use_ == WindowUse::stream && events.on_pad && !announce_pads_) events.on_pad(pad);
  });
  if (use_ == WindowUse::screens) {
    handle_screens(event, events);
  } else if (!of_pad) {
    handle_stream(event, events);
  }
}

void SdlWindow::handle_window(const SDL_WindowEvent& event) {
  closed_ = closed_ || event.event == SDL_WINDOWEVENT_CLOSE;
  const bool resized = event.event == SDL_WINDOWEVENT_SIZE_CHANGED;
  if (resized) {
    place_picture();
    follow_fullscreen();
  }
  stale_ = stale_ || resized || event.event == SDL_WINDOWEVENT_EXPOSED;
}

void SdlWindow::handle_stream(const SDL_Event& event, const Events& events) {
  const InputFn ignored = [](const InputEvent&) {};
  obey(translator_.handle(event, events.on_input ? events.on_input : ignored), events);
}

void SdlWindow::handle_screens(const SDL_Event& event, const Events& events) {
  if (!events.on_screen) return;
  if (const auto key = pads_.step(event)) events.on_screen(ScreenPress{*key});
  switch (screens_.handle(event, events.on_screen)) {
    case ScreenCommand::none:
      return;
    case ScreenCommand::close:
      closed_ = true;
      return;
    case ScreenCommand::toggle_fullscreen:
      set_fullscreen(!is_fullscreen());
      return;
  }
}

void SdlWindow::obey(Command command, const Events& events) {
  switch (command) {
    case Command::none:
      return;
    case Command::leave:
      leave(events);
      return;
    case Command::toggle_fullscreen:
      set_fullscreen(!is_fullscreen());
      return;
    case Command::toggle_capture:
      set_captured(!translator_.captured());
      return;
    case Command::next_statistics:
      if (events.on_command) events.on_command(WindowCommand::next_statistics);
      return;
  }
}

void SdlWindow::leave(const Events& events) {
  // Ctrl and Alt went out before the combination was complete.
  if (events.on_input) events.on_input(ReleaseAll{});
  if (events.on_command) {
    events.on_command(WindowCommand::leave);
  } else {
    closed_ = true;
  }
}

// With the pointer goes the keyboard: Alt+Tab and the like then reach the desktop.
void SdlWindow::set_captured(bool captured) {
  if (captured == translator_.captured()) return;
  if (SDL_SetRelativeMouseMode(captured ? SDL_TRUE : SDL_FALSE) != 0) return;
  translator_.set_captured(captured);
  follow_fullscreen();
}

}  // namespace

Result<std::unique_ptr<ClientWindow>> create_window(const WindowParams& params) {
  return SdlWindow::create(params);
}

Result<Mode> find_display_mode() {
  set_hints({});
  const SdlVideo video;
  if (!video.started()) return no_display();
  const auto mode = mode_of_display(0);
  if (!is_valid(mode)) return no_display();
  return mode;
}

std::size_t count_pads() {
  Pads pads;
  for (SDL_Event event; SDL_PollEvent(&event) == 1;) pads.handle(event, [](const PadEvent&) {});
  return pads.count();
}

}  // namespace lumen::render
