#include "desktop/kwin/windows.hpp"

#include <algorithm>

#include "plasma-window-management-client-protocol.h"

namespace lumen::kwin {
namespace {

constexpr std::uint32_t kVersion = ORG_KDE_PLASMA_WINDOW_SEND_TO_OUTPUT_SINCE_VERSION;
constexpr std::size_t kMaxWindows = 4096;

}  // namespace

struct Windows::Listeners {
  static void added(void* self, org_kde_plasma_window_management*, std::uint32_t, const char* uuid) {
    static_cast<Windows*>(self)->add(uuid);
  }
  static void unmapped(void* self, org_kde_plasma_window* proxy) {
    static_cast<Window*>(self)->owner->remove(proxy);
  }
  static void geometry(void* self, org_kde_plasma_window*, std::int32_t x, std::int32_t y,
                       std::uint32_t width, std::uint32_t height) {
    auto& window = *static_cast<Window*>(self);
    window.middle_x = x + width / 2.0;
    window.middle_y = y + height / 2.0;
  }
  static constexpr org_kde_plasma_window_management_listener kManagement{
      .show_desktop_changed = wayland::ignore,
      .window = wayland::ignore,
      .stacking_order_changed = wayland::ignore,
      .stacking_order_uuid_changed = wayland::ignore,
      .window_with_uuid = added};
  static constexpr org_kde_plasma_window_listener kWindow{.title_changed = wayland::ignore,
                                                          .app_id_changed = wayland::ignore,
                                                          .state_changed = wayland::ignore,
                                                          .virtual_desktop_changed = wayland::ignore,
                                                          .themed_icon_name_changed = wayland::ignore,
                                                          .unmapped = unmapped,
                                                          .initial_state = wayland::ignore,
                                                          .parent_window = wayland::ignore,
                                                          .geometry = geometry,
                                                          .icon_changed = wayland::ignore,
                                                          .pid_changed = wayland::ignore,
                                                          .virtual_desktop_entered = wayland::ignore,
                                                          .virtual_desktop_left = wayland::ignore,
                                                          .application_menu = wayland::ignore,
                                                          .activity_entered = wayland::ignore,
                                                          .activity_left = wayland::ignore,
                                                          .resource_name_changed = wayland::ignore};
};

Windows::Windows(wayland::WaylandConnection& connection)
    : management_{connection.bind(org_kde_plasma_window_management_interface,
                                  org_kde_plasma_window_management_destroy, kVersion, kVersion)} {
  if (management_)
    org_kde_plasma_window_management_add_listener(management_.get(), &Listeners::kManagement, this);
}

Windows::~Windows() = default;

void Windows::add(const std::string& uuid) {
  if (windows_.size() >= kMaxWindows || windows_.contains(uuid)) return;
  auto window = std::make_unique<Window>();
  window->owner = this;
  window->proxy =
      wayland::own(org_kde_plasma_window_management_get_window_by_uuid(management_.get(), uuid.c_str()),
                   org_kde_plasma_window_destroy);
  org_kde_plasma_window_add_listener(window->proxy.get(), &Listeners::kWindow, window.get());
  windows_.emplace(uuid, std::move(window));
}

void Windows::remove(const org_kde_plasma_window* window) {
  std::erase_if(windows_, [window](const auto& entry) { return entry.second->proxy.get() == window; });
}

void Windows::send_to_output(const OutputArea& area, wl_output* output) {
  for (const auto& [uuid, window] : windows_) {
    const bool inside = window->middle_x >= area.x && window->middle_x < area.x + area.width &&
                        window->middle_y >= area.y && window->middle_y < area.y + area.height;
    if (inside) org_kde_plasma_window_send_to_output(window->proxy.get(), output);
  }
}

}  // namespace lumen::kwin
