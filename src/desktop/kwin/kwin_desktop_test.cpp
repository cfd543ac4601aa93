// What a real KWin refuses, and how that is told.
#include "desktop/kwin/kwin_desktop.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "desktop/kwin/kwin_facts.hpp"
#include "desktop/kwin/test_kwin.hpp"

namespace lumen::kwin {
namespace {

using ::testing::HasSubstr;

Result<std::unique_ptr<Desktop>> create_at(const DesktopPlace& place) {
  const auto loop = EventLoop::create().value();
  const auto log = make_null_logger();
  DesktopParams params;
  params.mode = {1280, 720, 60'000};
  params.place = place;
  return create_kwin_desktop(params, {}, *loop, *log);
}

TEST(KWinDesktop, one_without_opengl_is_refused_without_being_asked) {
  TestKWin kwin{{.opengl = false}};
  const auto made = create_at(kwin.place());
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().id, "kwin.no-opengl");
  EXPECT_THAT(made.error().what, HasSubstr("qpainter"));
  EXPECT_FALSE(made.error().remedy.empty());
  EXPECT_EQ(probe_kwin(kwin.place()).refusal->id, "kwin.no-opengl");
  EXPECT_TRUE(kwin.runs()) << kwin.log();
}

TEST(KWinDesktop, one_without_a_screen_is_refused_as_it_makes_no_outputs) {
  TestKWin kwin;
  const auto probe = probe_kwin(kwin.place());
  EXPECT_EQ(probe.backend, "kwin");
  EXPECT_THAT(probe.name, ::testing::StartsWith("KWin 5."));
  ASSERT_TRUE(probe.refusal);
  EXPECT_EQ(probe.refusal->id, "kwin.no-virtual-output");
  const auto made = create_at(kwin.place());
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().id, "kwin.no-virtual-output");
  EXPECT_THAT(made.error().what, HasSubstr("could not create a virtual output"));
  EXPECT_TRUE(kwin.runs()) << kwin.log();
}

TEST(KWinDesktop, without_permission_it_is_refused_with_what_to_install) {
  TestKWin kwin{{.all_permitted = false}};
  const auto made = create_at(kwin.place());
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().id, "kwin.permission");
  EXPECT_THAT(made.error().remedy, HasSubstr("lumen-session.desktop"));
  EXPECT_EQ(probe_kwin(kwin.place()).refusal->id, "kwin.permission");
}

TEST(KWinDesktop, a_desktop_file_as_ours_gives_the_permission) {
  std::ifstream ours{LUMEN_DESKTOP_FILE};
  std::string text{std::istreambuf_iterator<char>{ours}, {}};
  const std::string installed = "/usr/bin/lumen-session";
  const auto at = text.find(installed);
  ASSERT_NE(at, std::string::npos);
  text.replace(at, installed.size(), std::filesystem::read_symlink("/proc/self/exe"));
  TestKWin kwin{{.all_permitted = false, .files = {text}}};
  EXPECT_EQ(probe_kwin(kwin.place()).refusal->id, "kwin.no-virtual-output") << kwin.log();
}

TEST(KWinDesktop, nobody_there_is_told_so) {
  DesktopPlace place{.runtime_dir = "/nowhere",
                     .wayland_socket = "/nowhere/wayland-0",
                     .session_bus = "unix:path=/nowhere/bus"};
  EXPECT_EQ(create_at(place).error().id, "wayland.connect");
  const auto probe = probe_kwin(place);
  EXPECT_TRUE(probe.name.empty());
  ASSERT_TRUE(probe.refusal);
  TestKWin kwin;
  place.wayland_socket = kwin.place().wayland_socket;
  EXPECT_EQ(create_at(place).error().id, "kwin.bus");
}

TEST(KWinDesktop, a_bus_that_never_answers_is_not_waited_for) {
  TestKWin kwin;
  TempDir folder;
  const auto path = folder.path() + "/bus";
  const UniqueFd silent{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(silent.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(silent.get(), 1), 0);
  auto place = kwin.place();
  place.session_bus = "unix:path=" + path;
  const auto before = SteadyTime{}.now();
  EXPECT_EQ(probe_kwin(place).refusal->id, "kwin.bus");
  EXPECT_LT(SteadyTime{}.now() - before, std::chrono::milliseconds{2500});
}

TEST(KWinFacts, are_read_from_text_for_people) {
  const auto facts = parse_support_information(
      "KWin Support Information:\nVersion\n=======\nKWin version: 5.27.5\nQt Version: 5.15.8\n\n"
      "Output backend\n==============\nName: KWin::DrmBackend\nAtomic Mode Setting: true\n");
  EXPECT_EQ(facts.version, "5.27.5");
  EXPECT_EQ(facts.output_backend, "KWin::DrmBackend");
  EXPECT_EQ(parse_support_information("").version, "");
  EXPECT_EQ(parse_support_information("KWin version: ").version, "");
  EXPECT_EQ(parse_support_information("\nOutput backend\n").output_backend, "");
  EXPECT_EQ(parse_support_information("KWin version: " + std::string(1000, 'x')).version.size(), 64U);
}

}  // namespace
}  // namespace lumen::kwin
