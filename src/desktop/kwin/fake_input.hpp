// lumen/desktop/kwin: input by org_kde_kwin_fake_input, which knows the whole workspace only: positions are
// those of one output in it.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "base/result.hpp"
#include "desktop/kwin/layout_keys.hpp"
#include "desktop/wayland/connection.hpp"
#include "media/input.hpp"

struct org_kde_kwin_fake_input;

namespace lumen::kwin {

// Where an output lies in the workspace, and its pixels.
struct OutputArea {
  double x = 0, y = 0, width = 0, height = 0;       // logical pixels of the workspace
  std::uint32_t pixel_width = 0, pixel_height = 0;  // 0: it is not there (yet)
  bool alone = false;                               // there is no other output
  bool operator==(const OutputArea&) const = default;
};
OutputArea area_of(const wayland::Output& output, bool alone);

// Owner: the thread of the connection. Destroy it before the connection.
class FakeInput {
 public:
  // Fails with `kwin.permission` where KWin does not offer it to this program.
  static Result<std::unique_ptr<FakeInput>> create(wayland::WaylandConnection& connection);
  ~FakeInput();  // releases all
  FakeInput(const FakeInput&) = delete;
  FakeInput& operator=(const FakeInput&) = delete;

  void set_area(const OutputArea& area);
  // Sent when it returns. What KWin cannot take (a pen, a character on no key) is dropped.
  void inject(const InputEvent& event);

 private:
  using Device = wayland::Proxy<org_kde_kwin_fake_input>;
  FakeInput(wayland::WaylandConnection& connection, Device device);

  void deliver(const PointerMoveTo& event);
  void deliver(const PointerMoveBy& event);
  void deliver(const PointerButton& event);
  void deliver(const Scroll& event);
  void deliver(const Key& event);
  void deliver(const ReleaseAll& event);
  void deliver(const Touch& event);
  void deliver(const Pen& /*event*/) {}
  void deliver(const Character& event);
  void move_to(double x, double y);  // of the output, in logical pixels
  void cancel_touches();

  wayland::WaylandConnection& connection_;
  Device device_;
  LayoutKeys layout_;
  OutputArea area_;
  bool pointer_known_ = false;              // it is on the output, near (x_, y_)
  double x_ = 0, y_ = 0;                    // of the output, in logical pixels
  double rest_x_ = 0, rest_y_ = 0;          // of a pixel, not yet sent
  std::set<std::uint16_t> keys_, buttons_;  // held
  std::set<std::uint32_t> touches_;
};

}  // namespace lumen::kwin
