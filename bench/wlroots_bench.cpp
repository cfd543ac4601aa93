// A session on sway: from an application's commit to the picture in hand, and from inject() to the event in
// the application. Sway is started here, headless; its output runs faster than the stream (running_mode()).
#include <poll.h>

#include <algorithm>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/event_loop.hpp"
#include "desktop/testing/test_client.hpp"
#include "desktop/testing/test_sway.hpp"
#include "desktop/wlroots/wlroots_desktop.hpp"

namespace lumen {
namespace {

using namespace std::chrono_literals;
using desktop_test::SwayProcess;
using desktop_test::TestClient;

class Stage {
 public:
  explicit Stage(const Mode& mode) {
    DesktopEvents events;
    events.on_frame = [this](const BorrowedFrame& frame) {
      ++frames;
      arrived = Clock::now();
      const auto* row = reinterpret_cast<const std::uint32_t*>(frame.pixels + 100 * frame.stride_bytes);
      color = row[100] & 0xFFFFFFU;
    };
    auto made = wlroots::create_wlroots_desktop({.mode = mode, .place = sway->place()}, events, *loop, *log);
    if (!made) return;
    desktop = *std::move(made);
    client = TestClient::connect(sway->place().wayland_socket, [this] { step(1ms); }, false);
    client->open_window({.fullscreen = true,
                         .output_width = static_cast<int>(mode.width),
                         .output_height = static_cast<int>(mode.height)});
    const auto limit = Clock::now() + 10s;
    while (!client->activated && Clock::now() < limit) step(2ms);
    for (int i = 0; i < 200; ++i) step(2ms);
  }
  void step(Clock::duration time) {
    loop->call_at(Clock::now() + time, [this] { loop->stop(); });
    loop->run();
    if (client) client->pump();
  }

  std::unique_ptr<SwayProcess> sway =
      SwayProcess::start({.config = {"output HEADLESS-1 mode 640x480@60Hz", "seat * hide_cursor 100"}});
  std::unique_ptr<EventLoop> loop = *EventLoop::create();
  std::shared_ptr<Logger> log = make_null_logger();
  std::unique_ptr<Desktop> desktop;
  std::unique_ptr<TestClient> client;
  int frames = 0;
  std::uint32_t color = 0;
  Timestamp arrived;
};

void report(benchmark::State& state, std::vector<double>& ms) {
  if (ms.empty()) return;
  std::ranges::sort(ms);
  state.counters["p50_ms"] = ms[ms.size() / 2];
  state.counters["p95_ms"] = ms[ms.size() * 95 / 100];
  state.counters["max_ms"] = ms.back();
  state.counters["samples"] = static_cast<double>(ms.size());
}

void draw_to_frame(benchmark::State& state) {
  const Mode mode{static_cast<std::uint32_t>(state.range(0)), static_cast<std::uint32_t>(state.range(1)),
                  60'000};
  Stage stage{mode};
  if (!stage.client || !stage.client->activated) return state.SkipWithError("no window on sway");
  std::vector<double> ms;
  std::uint32_t color = 0x100000;
  auto next = Clock::now();
  for (auto _ : state) {
    stage.step(next - Clock::now());  // an application that draws 60 times a second
    next = std::max(next + mode.period(), Clock::now());
    stage.client->draw_part(++color, 64, 64, 128, 128);
    const auto drawn = Clock::now();
    while (stage.color != color && Clock::now() - drawn < 1s) stage.step(1ms);
    ms.push_back(to_ms(stage.arrived - drawn));
    state.SetIterationTime(to_ms(stage.arrived - drawn) / 1e3);
  }
  report(state, ms);
}
BENCHMARK(draw_to_frame)->Args({1280, 720})->Args({1920, 1080})->UseManualTime()->Iterations(300);

void inject_to_event(benchmark::State& state) {
  Stage stage{{1280, 720, 60'000}};
  if (!stage.client || !stage.client->activated) return state.SkipWithError("no window on sway");
  std::vector<double> ms;
  float way = 1;
  stage.desktop->inject(PointerMoveTo{32'768, 32'768});
  for (auto _ : state) {
    stage.step(1ms);
    stage.client->events.clear();
    const auto begin = Clock::now();
    stage.desktop->inject(PointerMoveBy{way, 0});
    way = -way;
    while (stage.client->events.empty() && Clock::now() - begin < 1s) {
      pollfd ready{.fd = stage.client->fd(), .events = POLLIN, .revents = 0};
      ::poll(&ready, 1, 1000);
      stage.client->pump();
    }
    const auto took = Clock::now() - begin;
    ms.push_back(to_ms(took));
    state.SetIterationTime(to_ms(took) / 1e3);
  }
  report(state, ms);
}
BENCHMARK(inject_to_event)->UseManualTime()->Iterations(1000);

}  // namespace
}  // namespace lumen
