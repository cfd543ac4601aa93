// Tests only: a Wayland client with one window, driven by the test's own thread between two dispatches of the
// compositor. It never blocks, and it may be told to misbehave.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/fd.hpp"

struct wl_buffer;
struct wl_callback;
struct wl_data_device;
struct wl_data_device_manager;
struct wl_data_offer;
struct wl_data_source;
struct wl_display;
struct wl_keyboard;
struct wl_output;
struct wl_pointer;
struct wl_registry;
struct wl_seat;
struct wl_shm;
struct wl_surface;
struct wl_touch;
struct wl_compositor;
struct xkb_context;
struct xkb_keymap;
struct xkb_state;
struct xdg_popup;
struct xdg_surface;
struct xdg_toplevel;
struct xdg_wm_base;
struct zwp_locked_pointer_v1;
struct zwp_pointer_constraints_v1;
struct zwp_relative_pointer_manager_v1;
struct zwp_relative_pointer_v1;
struct zwp_tablet_manager_v2;
struct zwp_tablet_seat_v2;
struct zwp_tablet_tool_v2;
struct zwp_tablet_v2;

namespace lumen::desktop_test {

// Where pixel (x, y) of the test picture number `seed` is unlike its neighbours and unlike other pictures.
constexpr std::uint32_t test_pixel(std::uint32_t seed, std::uint32_t x, std::uint32_t y) {
  return ((seed * 2654435761U) ^ (x * 40503U) ^ (y * 2246822519U)) & 0xFFFFFFU;
}

// Memory shared with the compositor, and the buffer on it.
struct ShmBuffer {
  ShmBuffer() = default;
  ShmBuffer(const ShmBuffer&) = delete;
  ShmBuffer& operator=(const ShmBuffer&) = delete;
  ~ShmBuffer();
  UniqueFd fd;
  std::uint32_t* pixels = nullptr;
  std::size_t bytes = 0;
  int width = 0, height = 0;
  bool busy = false;
  wl_buffer* buffer = nullptr;
};

struct WindowOptions {
  int fixed_width = 0, fixed_height = 0;  // 0: as the compositor says
  bool redraw_on_callback = false;        // a new picture at every frame callback
  bool redraw_on_configure = true;
  int buffer_scale = 1;  // of the fixed size
  bool fullscreen = false;
  // Where: an output whose current mode has this size; 0: as the compositor likes.
  int output_width = 0, output_height = 0;
};

struct SeenOutput {
  wl_output* proxy = nullptr;
  std::uint32_t global = 0;
  int width = 0, height = 0, refresh_mhz = 0;
};

class TestClient {
 public:
  // `dispatch` lets the compositor work while the client waits for its globals.
  // Null when nobody listens there, or offers a shell within ten seconds. `keyboard`: waits for one.
  static std::unique_ptr<TestClient> connect(const std::string& socket_path,
                                             const std::function<void()>& dispatch, bool keyboard = true);
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;
  ~TestClient();

  int fd() const;
  void pump();                // takes what has come, answers it, sends what is to be sent
  bool is_connected() const;  // false after a protocol error or a disconnect
  void flush();               // sends only

  void open_window(const WindowOptions& options);
  void close_window();
  void draw(std::uint32_t seed);                                             // the test picture, all over
  void draw_part(std::uint32_t color, int x, int y, int width, int height);  // into the newest buffer's copy
  void commit_undamaged();                                                   // a commit that changes nothing
  void show_missing_memory();                                                // a buffer whose memory has gone
  void truncate_newest_buffer();  // the memory under the picture goes away
  void destroy_and_truncate_newest_buffer();

  void listen_to_touch();  // not before: by default it is an application without touch
  void listen_to_tablets();
  void drop_tablet_tools();                             // ends them on its side
  void open_menu(int x, int y, int width, int height);  // a popup with grab, at a place of the window

  void lock_pointer();
  void set_cursor(int width, int height, std::uint32_t argb, int hot_x, int hot_y);
  void hide_cursor();
  void animate_cursor();              // a new picture of it at every frame callback, from now on
  void offer_text(std::string text);  // needs a serial: a key or button event before
  void request_paste();               // reads the selection into `pasted`
  void abandon_pastes(int count);     // asks for the selection and never reads it

  int output_width = 0, output_height = 0, output_refresh_mhz = 0, outputs_seen = 0, outputs_gone = 0;
  int configured_width = 0, configured_height = 0, configures = 0;
  bool activated = false;
  std::uint32_t newest_seed = 0;  // of the test picture drawn last
  int callbacks = 0, cursor_callbacks = 0;
  std::vector<std::int64_t> callback_times_ns;
  bool menu_shown = false;
  std::string typed;                // UTF-8 that the keys made, by the keymap of the seat
  std::vector<SeenOutput> outputs;  // that are there now
  std::vector<std::string> events;  // "motion 1 2", "button 272 1", "key 30 1", …
  std::string pasted;
  bool paste_done = false;

 private:
  friend struct Listeners;
  TestClient() = default;
  ShmBuffer& take_buffer(int width, int height);
  void show(ShmBuffer& buffer, int x, int y, int width, int height);
  void read_paste();
  void write_copy();

  wl_display* display_ = nullptr;
  wl_registry* registry_ = nullptr;
  wl_compositor* compositor_ = nullptr;
  wl_shm* shm_ = nullptr;
  wl_seat* seat_ = nullptr;
  wl_pointer* pointer_ = nullptr;
  wl_keyboard* keyboard_ = nullptr;
  wl_touch* touch_ = nullptr;
  zwp_tablet_manager_v2* tablets_ = nullptr;
  zwp_tablet_seat_v2* tablet_seat_ = nullptr;
  std::vector<zwp_tablet_v2*> tablet_list_;
  std::vector<zwp_tablet_tool_v2*> tools_;
  xdg_wm_base* wm_base_ = nullptr;
  zwp_pointer_constraints_v1* constraints_ = nullptr;
  zwp_relative_pointer_manager_v1* relative_manager_ = nullptr;
  zwp_relative_pointer_v1* relative_ = nullptr;
  zwp_locked_pointer_v1* locked_ = nullptr;
  wl_data_device_manager* data_manager_ = nullptr;
  wl_data_device* data_device_ = nullptr;
  wl_data_offer* offer_ = nullptr;
  wl_data_source* source_ = nullptr;
  xkb_context* xkb_ = nullptr;
  xkb_keymap* keymap_ = nullptr;
  xkb_state* xkb_state_ = nullptr;

  WindowOptions options_;
  wl_surface* surface_ = nullptr;
  wl_surface* cursor_surface_ = nullptr;
  xdg_surface* xdg_surface_ = nullptr;
  xdg_toplevel* toplevel_ = nullptr;
  wl_surface* menu_surface_ = nullptr;
  xdg_surface* menu_xdg_ = nullptr;
  xdg_popup* menu_ = nullptr;
  std::unique_ptr<ShmBuffer> menu_buffer_;
  wl_callback* callback_ = nullptr;
  wl_callback* cursor_callback_ = nullptr;
  std::vector<std::unique_ptr<ShmBuffer>> buffers_;
  std::unique_ptr<ShmBuffer> cursor_buffer_;
  ShmBuffer* newest_ = nullptr;
  int wanted_width_ = 0, wanted_height_ = 0;
  std::uint32_t next_seed_ = 1, serial_ = 0, enter_serial_ = 0;
  std::string offered_text_;
  std::size_t copied_ = 0;  // bytes of it already written to `copy_`
  UniqueFd copy_, paste_;
  std::vector<UniqueFd> abandoned_;
};

}  // namespace lumen::desktop_test
