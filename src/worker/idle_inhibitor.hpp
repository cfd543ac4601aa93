// lumen/worker: for as long as it lives, a person's desktop neither locks nor switches its monitors off for
// want of input: the input comes from far away.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "desktop/dbus/connection.hpp"

namespace lumen::worker {

// Owner: one thread. What it asked for ends with its connection, also when this process is killed: there is
// nothing to be restored.
class IdleInhibitor {
 public:
  // Asks the desktop on this bus (org.freedesktop.ScreenSaver, org.gnome.SessionManager). Blocks 300 ms at
  // most. `idle.nobody` when no one there knows how.
  static Result<std::unique_ptr<IdleInhibitor>> take(const std::string& bus_address);
  ~IdleInhibitor();
  IdleInhibitor(const IdleInhibitor&) = delete;
  IdleInhibitor& operator=(const IdleInhibitor&) = delete;

 private:
  struct Service;
  IdleInhibitor(std::unique_ptr<dbus::Connection> bus, const Service& service, std::uint32_t cookie);
  static const std::array<Service, 2>& services();

  std::unique_ptr<dbus::Connection> bus_;
  const Service& service_;
  std::uint32_t cookie_;
};

}  // namespace lumen::worker
