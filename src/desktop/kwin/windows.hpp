// lumen/desktop/kwin: where windows are, and sending them to another output, by
// org_kde_plasma_window_management.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "desktop/kwin/fake_input.hpp"
#include "desktop/wayland/connection.hpp"

struct org_kde_plasma_window;
struct org_kde_plasma_window_management;

namespace lumen::kwin {

// Knows nothing where KWin does not offer it. Owner: the thread of the connection; destroy it before that.
class Windows {
 public:
  explicit Windows(wayland::WaylandConnection& connection);
  ~Windows();
  Windows(const Windows&) = delete;
  Windows& operator=(const Windows&) = delete;

  // All whose middle lies in `area`. Sent, not flushed.
  void send_to_output(const OutputArea& area, wl_output* output);

 private:
  struct Listeners;
  struct Window {
    Windows* owner = nullptr;
    wayland::Proxy<org_kde_plasma_window> proxy;
    double middle_x = 0, middle_y = 0;  // logical pixels of the workspace
  };
  void add(const std::string& uuid);
  void remove(const org_kde_plasma_window* window);

  wayland::Proxy<org_kde_plasma_window_management> management_;
  std::map<std::string, std::unique_ptr<Window>> windows_;  // by uuid
};

}  // namespace lumen::kwin
