#include "worker/idle_inhibitor.hpp"

#include <utility>

namespace lumen::worker {
namespace {

using namespace std::chrono_literals;

constexpr Duration kWithin = 300ms;
constexpr const char* kName = "Lumen";
constexpr const char* kReason = "a client is using this desktop";
constexpr std::uint32_t kIdleFlag = 8;  // of GNOME's session manager

}  // namespace

struct IdleInhibitor::Service {
  std::string name, path;
  const char* interface;
  const char* release;
  bool gnome;
};

const std::array<IdleInhibitor::Service, 2>& IdleInhibitor::services() {
  static const std::array<Service, 2> kServices{{
      {"org.freedesktop.ScreenSaver", "/org/freedesktop/ScreenSaver", "org.freedesktop.ScreenSaver",
       "UnInhibit", false},
      {"org.gnome.SessionManager", "/org/gnome/SessionManager", "org.gnome.SessionManager", "Uninhibit",
       true},
  }};
  return kServices;
}

IdleInhibitor::IdleInhibitor(std::unique_ptr<dbus::Connection> bus, const Service& service,
                             std::uint32_t cookie)
    : bus_{std::move(bus)}, service_{service}, cookie_{cookie} {}

IdleInhibitor::~IdleInhibitor() {
  bus_->send({service_.name, service_.path, service_.interface, service_.release}, "u", cookie_);
}

Result<std::unique_ptr<IdleInhibitor>> IdleInhibitor::take(const std::string& bus_address) {
  const auto deadline = SteadyTime{}.now() + kWithin;
  LUMEN_TRY(auto bus, dbus::Connection::open(bus_address, deadline));
  for (const auto& service : services()) {
    if (!bus->owner_of(service.name, deadline)) continue;
    const dbus::Method inhibit{service.name, service.path, service.interface, "Inhibit"};
    auto answer = service.gnome ? bus->call(inhibit, deadline, "susu", kName, 0U, kReason, kIdleFlag)
                                : bus->call(inhibit, deadline, "ss", kName, kReason);
    std::uint32_t cookie = 0;
    if (!answer || sd_bus_message_read(answer->get(), "u", &cookie) < 0) continue;
    return std::unique_ptr<IdleInhibitor>{new IdleInhibitor{std::move(bus), service, cookie}};
  }
  return fail(ErrorCode::unsupported, "idle.nobody", "this desktop cannot be kept from locking",
              "Switch its screen lock off if it gets in the way");
}

}  // namespace lumen::worker
