#include "worker/desktop_places.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/fd.hpp"

namespace lumen::worker {
namespace {

class DesktopPlaces : public testing::Test {
 protected:
  DesktopPlaces() {
    std::string name = "/tmp/lumen-places-XXXXXX";
    folder_ = mkdtemp(name.data());
    set_["XDG_RUNTIME_DIR"] = folder_;
  }
  ~DesktopPlaces() override { std::filesystem::remove_all(folder_); }

  // `listening`: false leaves a socket behind as a killed server does.
  void add_socket(const std::string& name, bool listening = true) {
    UniqueFd fd{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto path = folder_ + "/" + name;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    if (!listening) return;
    ASSERT_EQ(listen(fd.get(), 4), 0);
    servers_.push_back(std::move(fd));
  }
  std::vector<DesktopPlace> find() {
    return find_places([this](const char* name) {
      const auto found = set_.find(name);
      return found == set_.end() ? std::string{} : found->second;
    });
  }
  std::string in_folder(const std::string& name) const { return folder_ + "/" + name; }

  std::string folder_;
  std::map<std::string, std::string> set_;
  std::vector<UniqueFd> servers_;
};

TEST_F(DesktopPlaces, without_sockets_there_are_none) { EXPECT_TRUE(find().empty()); }

TEST_F(DesktopPlaces, a_host_with_nothing_in_its_environment_finds_what_listens_in_the_runtime_folder) {
  add_socket("wayland-1");
  add_socket("bus");
  add_socket("pipewire-0");
  add_socket("sway-ipc.1000.77.sock");
  std::ofstream{in_folder("wayland-1.lock")} << "";
  const auto places = find();
  ASSERT_EQ(places.size(), 1U);
  EXPECT_EQ(places[0].wayland_socket, in_folder("wayland-1"));
  EXPECT_EQ(places[0].session_bus, "unix:path=" + in_folder("bus"));
  EXPECT_EQ(places[0].pipewire_socket, in_folder("pipewire-0"));
  EXPECT_EQ(places[0].ipc_socket, in_folder("sway-ipc.1000.77.sock"));
  EXPECT_EQ(places[0].runtime_dir, folder_);
}

TEST_F(DesktopPlaces, the_environments_display_comes_first) {
  add_socket("wayland-0");
  add_socket("wayland-1");
  set_["WAYLAND_DISPLAY"] = "wayland-1";
  set_["XDG_CURRENT_DESKTOP"] = "KDE";
  const auto places = find();
  ASSERT_EQ(places.size(), 2U);
  EXPECT_EQ(places[0].wayland_socket, in_folder("wayland-1"));
  EXPECT_EQ(places[1].wayland_socket, in_folder("wayland-0"));
  EXPECT_EQ(places[0].current_desktop, "KDE");
}

TEST_F(DesktopPlaces, what_dead_servers_left_is_no_place) {
  add_socket("wayland-0", false);
  add_socket("pipewire-0", false);
  add_socket("wayland-1");
  const auto places = find();
  ASSERT_EQ(places.size(), 1U);
  EXPECT_EQ(places[0].wayland_socket, in_folder("wayland-1"));
  EXPECT_EQ(places[0].pipewire_socket, "");
}

TEST_F(DesktopPlaces, files_and_links_that_only_look_like_sockets_are_none) {
  std::ofstream{in_folder("wayland-0")} << "";
  std::filesystem::create_symlink("/dev/null", in_folder("wayland-1"));
  EXPECT_TRUE(find().empty());
}

TEST_F(DesktopPlaces, a_bus_alone_is_a_place_too) {
  set_["DBUS_SESSION_BUS_ADDRESS"] = "unix:abstract=/tmp/x";
  const auto places = find();
  ASSERT_EQ(places.size(), 1U);
  EXPECT_EQ(places[0].session_bus, "unix:abstract=/tmp/x");
  EXPECT_EQ(places[0].wayland_socket, "");
}

TEST_F(DesktopPlaces, there_are_not_more_than_eight) {
  for (int i = 0; i < 12; ++i) add_socket("wayland-" + std::to_string(i));
  EXPECT_EQ(find().size(), 8U);
}

}  // namespace
}  // namespace lumen::worker
