// lumen/desktop/mutter: input in the words of Mutter's RemoteDesktop sessions. Private to
// lumen/desktop/mutter. Thread-safe: no.
#pragma once

#include "desktop/mutter/mutter_session.hpp"
#include "desktop/remote/remote_input.hpp"

namespace lumen::mutter {

class MutterNotifier final : public remote::Notifier {
 public:
  explicit MutterNotifier(Session& session) : session_{session} {}

  // Mutter gives its seat each kind of device with the first event of it, and applications miss events until
  // they have seen the device: these events do nothing. (And Mutter 43 crashes when an application asks for a
  // touch screen that there has never been.)
  void prepare();

  void move_to(double x, double y) override;
  void move_by(double dx, double dy) override;
  void button(std::uint16_t evdev_code, bool pressed) override;
  void clicks(remote::Axis axis, int count) override;
  void scroll(double dx, double dy) override;
  void key(std::uint16_t evdev_code, bool pressed) override;
  void symbol(std::uint32_t keysym, bool pressed) override;
  void touch_down(std::uint32_t slot, double x, double y) override;
  void touch_move(std::uint32_t slot, double x, double y) override;
  void touch_up(std::uint32_t slot) override;

 private:
  Session& session_;
};

}  // namespace lumen::mutter
