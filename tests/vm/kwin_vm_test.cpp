// A virtual display of a KWin that drives a GPU: the contract of every desktop, and what is KWin's own. Runs
// where scripts/desktops-vm has put a KWin, PipeWire and a bus.
#include <algorithm>
#include <cstdlib>

#include "contract/desktop_contract.hpp"
#include "desktop/kwin/kwin_desktop.hpp"
#include "desktop/testing/test_process.hpp"
#include "desktop/wayland/connection.hpp"
#include "vm/read_back_importer.hpp"

namespace lumen::kwin {
namespace {

using contract::DesktopContract;

DesktopPlace place() {
  const char* dir = std::getenv("XDG_RUNTIME_DIR");  // NOLINT(concurrency-mt-unsafe): nobody changes it
  const std::string folder = dir == nullptr ? "" : dir;
  return {.runtime_dir = folder,
          .wayland_socket = folder + "/wayland-k",
          .ipc_socket = {},
          .session_bus = "unix:path=" + folder + "/bus",
          .pipewire_socket = folder + "/pipewire-0",
          .current_desktop = "KDE"};
}

// On an emulated processor it takes seconds to compile what it draws with, and to clear up after a test: it
// has rest when it answers at once.
void wait_for_kwin() {
  EXPECT_TRUE(desktop_test::eventually(
      [] {
        const auto asked = SteadyTime{}.now();
        const bool answers = !probe_kwin(place()).name.empty();
        return answers && SteadyTime{}.now() - asked < std::chrono::milliseconds{300};
      },
      std::chrono::seconds{60}));
}

std::string outputs_now() {
  const auto loop = EventLoop::create().value();
  const auto connection = wayland::WaylandConnection::connect(place().wayland_socket, *loop, nullptr);
  if (!connection) return describe(connection.error());
  std::string text;
  for (const auto* output : (*connection)->outputs()) {
    text += output->name + " " + std::to_string(output->width) + "x" + std::to_string(output->height) + "\n";
  }
  return text;
}

class Rig final : public contract::DesktopRig {
 public:
  explicit Rig(std::vector<std::uint64_t> modifiers, DmabufImporter* importer = nullptr)
      : modifiers_{std::move(modifiers)}, importer_{importer} {}
  Result<std::unique_ptr<Desktop>> create(const DesktopParams& wanted, const DesktopEvents& events,
                                          EventLoop& loop, Logger& log) override {
    auto params = wanted;
    params.place = place();
    params.importer = importer_;
    // Five seconds, which it has anywhere else, may not be enough for an emulated processor.
    for (int tries = 1;; ++tries) {
      wait_for_kwin();
      auto made = create_kwin_desktop_with_dmabufs(params, events, loop, log, modifiers_);
      if (made || made.error().code != ErrorCode::timed_out || tries == 3) return made;
    }
  }
  std::string client_socket() override { return place().wayland_socket; }
  std::string snapshot() override { return outputs_now(); }

 private:
  std::vector<std::uint64_t> modifiers_;
  DmabufImporter* importer_;
};

contract::DesktopCase with(std::string name, std::vector<std::uint64_t> modifiers) {
  return {.name = std::move(name), .make_rig = [modifiers] { return std::make_unique<Rig>(modifiers); }};
}

constexpr std::uint64_t kLinear = 0;
INSTANTIATE_TEST_SUITE_P(KWin, DesktopContract,
                         testing::Values(with("memory", {}), with("dmabufs", {kLinear})),
                         contract::desktop_case_name);

TEST(KWinOnAGpu, says_that_it_can_be_used) {
  wait_for_kwin();
  const auto probe = probe_kwin(place());
  EXPECT_THAT(probe.name, testing::StartsWith("KWin "));
  EXPECT_FALSE(probe.refusal) << describe(*probe.refusal);
}

constexpr std::chrono::seconds kPatience{60};  // OpenGL in software, twice, on an emulated processor

// What KWin drew on its GPU, by way of EGL: the client's pixels, every one, and the NV12 of them.
TEST(KWinOnAGpu, gives_dmabufs_that_egl_reads_pixel_for_pixel) {
  auto importer = vm::ReadBackImporter::create();
  ASSERT_TRUE(importer) << describe(importer.error());
  const auto loop = EventLoop::create().value();
  Rig rig{{}, importer->get()};
  contract::DesktopScene scene{rig, *loop};
  ASSERT_NO_FATAL_FAILURE(scene.open({640, 480, 60'000}));
  ASSERT_NO_FATAL_FAILURE(scene.show_window(kPatience));
  for (const std::uint32_t seed : {77U, 78U, 79U}) {
    scene.client->draw(seed);
    EXPECT_TRUE(scene.run_until([&] { return scene.shows_client(); }, kPatience)) << scene.what_is_wrong();
  }
  EXPECT_GE((*importer)->pictures(), 3U);
  EXPECT_EQ((*importer)->wrong_bytes(), 0U);
}

TEST(KWinOnAGpu, goes_on_in_memory_when_egl_fails) {
  auto importer = vm::ReadBackImporter::create();
  ASSERT_TRUE(importer) << describe(importer.error());
  const auto loop = EventLoop::create().value();
  Rig rig{{}, importer->get()};
  contract::DesktopScene scene{rig, *loop};
  ASSERT_NO_FATAL_FAILURE(scene.open({640, 480, 60'000}));
  ASSERT_NO_FATAL_FAILURE(scene.show_window(kPatience));
  const auto before = (*importer)->pictures();
  EXPECT_GE(before, 1U);
  (*importer)->fail_after(before);
  for (const std::uint32_t seed : {77U, 78U}) {
    scene.client->draw(seed);
    scene.run_until([&] { return scene.shows_client(); }, kPatience);
  }
  EXPECT_TRUE(scene.shows_client()) << scene.what_is_wrong();
  EXPECT_EQ((*importer)->pictures(), before);
}

TEST(KWinOnAGpu, keeps_the_pointer_out_of_the_picture_as_it_says) {
  const auto loop = EventLoop::create().value();
  Rig rig{{}};
  contract::DesktopScene scene{rig, *loop};
  ASSERT_NO_FATAL_FAILURE(scene.open({1280, 720, 60'000}));
  ASSERT_NO_FATAL_FAILURE(scene.show_window());
  scene.desktop->inject(scene.to_pixel(100, 50));
  ASSERT_TRUE(scene.run_until([&] {
    return std::ranges::any_of(scene.client->events,
                               [](const auto& event) { return event.ends_with(" 100 50"); });
  })) << testing::PrintToString(scene.client->events);
  scene.client->draw(77);
  EXPECT_EQ(scene.run_until([&] { return scene.shows_client(); }, std::chrono::seconds{10}),
            scene.desktop->abilities().pointer_apart)
      << scene.what_is_wrong();
}

}  // namespace
}  // namespace lumen::kwin
