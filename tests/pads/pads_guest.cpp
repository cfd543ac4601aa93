// lumen-pads-guest SOCKET: plays a session with pads against the lumen-inputd at SOCKET, and an application
// that uses the devices that come of it. Says a line for each thing that works or does not. Run by
// tests/pads/run inside a virtual machine.
#include <linux/input-event-codes.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/event_loop.hpp"
#include "base/log.hpp"
#include "gamepad/broker_client.hpp"
#include "tests/pads/evdev_node.hpp"

namespace {

using namespace lumen;
using namespace std::chrono_literals;
using pads_test::EvdevNode;
namespace button = pad_button;

constexpr Duration kPatience = 10s;  // emulated, and with sanitizers
constexpr std::uint16_t kCapabilities = pad_capability::kAll & ~pad_capability::kSecondTouchpad;

Timestamp now() { return SteadyTime{}.now(); }

class Bench {
 public:
  Bench(const std::string& socket, EventLoop& loop)
      : loop_{loop},
        log_{make_logger("guest")},
        client_{{.sockets = {socket},
                 .on_feedback = [this](const PadFeedback& feedback) { feedback_.push_back(feedback); },
                 .retry = 20ms},
                loop,
                *log_} {}

  // Lets the loop run until `condition`; false: it did not come.
  bool wait(const std::function<bool()>& condition) {
    const auto until = now() + kPatience;
    bool held = condition();
    std::function<void()> look = [&] {
      held = condition();
      if (held || now() >= until) return loop_.stop();
      loop_.call_at(now() + 1ms, look);
    };
    if (held) return true;
    loop_.call_at(now() + 1ms, look);
    loop_.run();
    return held;
  }

  void check(const std::string& what, bool good) {
    std::printf("%s %s\n", good ? "PASS" : "FAIL", what.c_str());
    std::fflush(stdout);
    ++(good ? passed_ : failed_);
  }
  void eventually(const std::string& what, const std::function<bool()>& condition) {
    check(what, wait(condition));
  }
  std::optional<EvdevNode> node(const std::string& name, const std::string& serial = {}) {
    std::optional<EvdevNode> found;
    eventually(fmt::format("there is a {}", name),
               [&] { return (found = EvdevNode::find(name, serial)).has_value(); });
    return found;
  }
  void gone(const std::string& name) {
    eventually(fmt::format("{} goes", name), [&] { return !EvdevNode::find(name); });
  }

  void give(const PadEvent& event) { client_.take(event); }
  void reads(EvdevNode& node, const std::string& what, const PadEvent& event,
             const std::function<bool()>& shown) {
    give(event);
    eventually(what, [&] {
      node.read_events();
      return shown();
    });
  }
  bool heard(const std::function<bool(const PadFeedback&)>& is_it) const {
    return std::ranges::any_of(feedback_, is_it);
  }
  template <class Kind>
  void hears(const std::string& what, const std::function<bool(const Kind&)>& is_it) {
    eventually(what, [&] {
      return heard([&](const PadFeedback& each) {
        const auto* kind = std::get_if<Kind>(&each);
        return kind != nullptr && is_it(*kind);
      });
    });
  }
  void forget() { feedback_.clear(); }
  int finish() const {
    std::printf("PADS %d passed, %d failed\n", passed_, failed_);
    return failed_ == 0 && passed_ > 0 ? 0 : 1;
  }

 private:
  EventLoop& loop_;
  std::shared_ptr<Logger> log_;
  std::vector<PadFeedback> feedback_;
  gamepad::BrokerClient client_;
  int passed_ = 0, failed_ = 0;
};

bool is_about(int value, int wanted, int tolerance) { return std::abs(value - wanted) <= tolerance; }

// Uploads, plays and lets end; `node`'s device must be `slot`.
void try_rumble(Bench& bench, EvdevNode& node, const std::string& who, std::uint16_t tolerance) {
  bench.forget();
  const int effect = node.upload_rumble(0x8000, 0x4000, 200);
  bench.check(who + ": a rumble effect is uploaded", effect >= 0);
  node.play(effect, 1);
  bench.hears<PadRumble>(who + ": it rumbles", [&](const PadRumble& rumble) {
    return is_about(rumble.strong, 0x8000, tolerance) && is_about(rumble.weak, 0x4000, tolerance);
  });
  bench.hears<PadRumble>(who + ": the effect ends",
                         [](const PadRumble& rumble) { return rumble.strong == 0 && rumble.weak == 0; });
  bench.check(who + ": it is erased", node.erase(effect));
}

void try_latency(Bench& bench, EvdevNode& node, std::uint8_t slot) {
  constexpr int kRounds = 500;
  std::vector<double> times;
  for (int i = 1; i <= kRounds; ++i) {
    const auto begin = now();
    bench.give(PadState{.slot = slot, .left_x = static_cast<std::int16_t>(i * 37)});
    while (now() - begin < 1s) {
      node.read_events();
      if (node.axis(ABS_X) == i * 37) break;
    }
    times.push_back(to_ms(now() - begin));
  }
  std::ranges::sort(times);
  std::printf("FIGURE from session to application, emulated: p50 %.3f ms, p95 %.3f ms, most %.3f ms\n",
              times[kRounds / 2], times[kRounds * 95 / 100], times.back());
  bench.check("500 of 500 states arrive, half of them within 20 ms",
              times.back() < 1000 && times[kRounds / 2] < 20);
}

void try_xbox(Bench& bench) {
  const std::string name = "Microsoft X-Box One S pad";
  bench.give(PadArrival{.slot = 0, .model = PadModel::xbox, .capabilities = kCapabilities, .identity = 1});
  auto pad = bench.node(name);
  if (!pad) return;
  bench.check("xbox: its place names its identity", pad->place().starts_with("lumen/02:"));
  bench.reads(*pad, "xbox: A, X, guide, and paddle 2",
              PadState{.buttons = button::kA | button::kX | button::kGuide | button::kPaddle2}, [&] {
                return pad->key(BTN_SOUTH) == 1 && pad->key(BTN_NORTH) == 1 && pad->key(BTN_MODE) == 1 &&
                       pad->key(BTN_TRIGGER_HAPPY7) == 1 && pad->key(BTN_EAST) == 0;
              });
  bench.check("xbox: one state is one frame of events", pad->syncs() == 1);
  bench.reads(*pad, "xbox: sticks, triggers, cross",
              PadState{.buttons = button::kUp | button::kRight,
                       .left_trigger = 255,
                       .right_trigger = 9,
                       .left_x = -32768,
                       .left_y = 32767,
                       .right_x = 1000,
                       .right_y = -32768},
              [&] {
                return pad->axis(ABS_X) == -32768 && pad->axis(ABS_Y) == -32768 &&
                       pad->axis(ABS_RX) == 1000 && pad->axis(ABS_RY) == 32767 && pad->axis(ABS_Z) == 255 &&
                       pad->axis(ABS_RZ) == 9 && pad->axis(ABS_HAT0X) == 1 && pad->axis(ABS_HAT0Y) == -1 &&
                       pad->key(BTN_SOUTH) == 0;
              });
  try_latency(bench, *pad, 0);
  try_rumble(bench, *pad, "xbox", 0);
  bench.give(PadGone{0});
  bench.gone(name);
}

// What DualSense and DualShock 4 have in common.
void try_sony_input(Bench& bench, const std::string& who, EvdevNode& pad, std::uint8_t slot) {
  bench.reads(pad, who + ": cross, square, PS button",
              PadState{.slot = slot, .buttons = button::kA | button::kX | button::kGuide}, [&] {
                return pad.key(BTN_SOUTH) == 1 && pad.key(BTN_WEST) == 1 && pad.key(BTN_MODE) == 1 &&
                       pad.key(BTN_NORTH) == 0;
              });
  bench.reads(pad, who + ": sticks, triggers, cross",
              PadState{.slot = slot,
                       .buttons = button::kDown | button::kLeft,
                       .left_trigger = 200,
                       .left_x = 32767,
                       .left_y = 32767,
                       .right_x = -32768,
                       .right_y = -32768},
              [&] {
                return pad.axis(ABS_X) == 255 && pad.axis(ABS_Y) == 0 && pad.axis(ABS_RX) == 0 &&
                       pad.axis(ABS_RY) == 255 && pad.axis(ABS_Z) == 200 && pad.key(BTN_TL2) == 1 &&
                       pad.axis(ABS_HAT0X) == -1 && pad.axis(ABS_HAT0Y) == 1;
              });
  bench.reads(pad, who + ": the sticks rest in the middle", PadState{.slot = slot}, [&] {
    return pad.axis(ABS_X) == 128 && pad.axis(ABS_Y) == 128 && pad.axis(ABS_RX) == 128 &&
           pad.axis(ABS_RY) == 128;
  });
}

void try_sony_extras(Bench& bench, const std::string& who, EvdevNode& touchpad, EvdevNode& motion,
                     std::uint8_t slot) {
  const auto wide = touchpad.range(ABS_MT_POSITION_X).maximum,
             high = touchpad.range(ABS_MT_POSITION_Y).maximum;
  bench.reads(touchpad, who + ": a finger on the touchpad",
              PadTouch{.slot = slot, .finger = 0, .touching = true, .x = 32768, .y = 65535}, [&] {
                return touchpad.key(BTN_TOUCH) == 1 &&
                       is_about(touchpad.axis(ABS_MT_POSITION_X), wide / 2, 2) &&
                       is_about(touchpad.axis(ABS_MT_POSITION_Y), high, 2);
              });
  bench.reads(touchpad, who + ": it is clicked", PadState{.slot = slot, .buttons = button::kTouchpad},
              [&] { return touchpad.key(BTN_LEFT) == 1; });
  bench.reads(touchpad, who + ": the finger is lifted", PadTouch{.slot = slot, .finger = 0},
              [&] { return touchpad.key(BTN_TOUCH) == 0; });
  const auto degree = motion.range(ABS_RX).resolution, gravity = motion.range(ABS_X).resolution;
  bench.reads(motion, who + ": it turns 90 degrees a second",
              PadMotion{.slot = slot, .sensor = PadSensor::gyroscope, .x = 90, .y = -45}, [&] {
                return is_about(motion.axis(ABS_RX), 90 * degree, degree) &&
                       is_about(motion.axis(ABS_RY), -45 * degree, degree);
              });
  bench.reads(motion, who + ": it stands on its side, one g",
              PadMotion{.slot = slot, .sensor = PadSensor::accelerometer, .x = 9.80665F}, [&] {
                return is_about(motion.axis(ABS_X), gravity, gravity / 100) &&
                       is_about(motion.axis(ABS_Y), 0, gravity / 100);
              });
}

void try_battery(Bench& bench, const std::string& who, const std::string& serial, std::uint8_t slot) {
  bench.give(PadBattery{.slot = slot, .power = PadPower::discharging, .percent = 40});
  bench.eventually(who + ": its battery is at 40 to 49 % and empties", [&] {
    const auto capacity = pads_test::battery_of(serial, "capacity");
    return (capacity.starts_with("4") && capacity.size() == 2) &&
           pads_test::battery_of(serial, "status") == "Discharging";
  });
}

bool write_report(const UniqueFd& hidraw, const std::vector<std::uint8_t>& report) {
  return write(hidraw.get(), report.data(), report.size()) == static_cast<ssize_t>(report.size());
}

void try_dualsense_outputs(Bench& bench, const std::string& serial) {
  std::optional<UniqueFd> hidraw;
  bench.eventually("dualsense: there is a raw device",
                   [&] { return (hidraw = pads_test::find_hidraw(serial)).has_value(); });
  if (!hidraw) return;
  bench.forget();
  std::vector<std::uint8_t> report(63);
  report[0] = 0x02;
  report[2] = 0x04;
  report[45] = 200, report[46] = 100, report[47] = 50;
  bench.check("dualsense: an application sets the light", write_report(*hidraw, report));
  bench.hears<PadLight>("dualsense: the light is told", [](const PadLight& light) {
    return light == PadLight{.slot = 1, .red = 200, .green = 100, .blue = 50};
  });
  report.assign(63, 0);
  report[0] = 0x02;
  report[1] = 0x04;
  report[11] = 0x21, report[12] = 7, report[21] = 9;
  bench.check("dualsense: an application sets the right trigger", write_report(*hidraw, report));
  bench.hears<PadAdaptiveTriggers>(
      "dualsense: the trigger's effect is told", [](const PadAdaptiveTriggers& triggers) {
        return triggers.slot == 1 && triggers.sets_right && !triggers.sets_left &&
               triggers.right.kind == 0x21 && triggers.right.parameters[0] == 7 &&
               triggers.right.parameters[9] == 9;
      });
}

std::string try_dualsense(Bench& bench) {
  const std::string name = "Sony Interactive Entertainment DualSense Wireless Controller";
  bench.forget();
  bench.give(
      PadArrival{.slot = 1, .model = PadModel::dualsense, .capabilities = kCapabilities, .identity = 2});
  auto pad = bench.node(name);
  auto touchpad = bench.node(name + " Touchpad"), motion = bench.node(name + " Motion Sensors");
  if (!pad || !touchpad || !motion) return {};
  const auto serial = pad->serial();
  bench.check("dualsense: its three devices bear one serial number",
              serial.starts_with("02:") && touchpad->serial() == serial && motion->serial() == serial);
  bench.hears<PadMotionRequest>("dualsense: motion is asked for", [](const PadMotionRequest& request) {
    return request.sensor == PadSensor::gyroscope && request.rate_hz > 0;
  });
  bench.hears<PadLight>("dualsense: its driver sets its light", [](const PadLight&) { return true; });
  try_sony_input(bench, "dualsense", *pad, 1);
  try_sony_extras(bench, "dualsense", *touchpad, *motion, 1);
  try_battery(bench, "dualsense", serial, 1);
  try_rumble(bench, *pad, "dualsense", 257);
  try_dualsense_outputs(bench, serial);
  bench.forget();
  bench.give(
      PadArrival{.slot = 1, .model = PadModel::dualsense, .capabilities = kCapabilities, .identity = 2});
  bench.hears<PadLight>("dualsense: a client that returns is told its light again",
                        [](const PadLight& light) { return light.red == 200; });
  bench.give(PadGone{1});
  bench.gone(name);
  return serial;
}

// After the first one has gone for good.
void try_identity(Bench& bench, const std::string& serial) {
  const std::string name = "Sony Interactive Entertainment DualSense Wireless Controller";
  bench.give(PadArrival{.slot = 4, .model = PadModel::dualsense, .identity = 2});
  bench.give(PadArrival{.slot = 5, .model = PadModel::dualsense, .identity = 2});
  bench.eventually("the same pad of the same client bears the same number again",
                   [&] { return EvdevNode::find(name, serial).has_value(); });
  bench.eventually("a second pad of that identity is there too, with another number",
                   [&] { return EvdevNode::count(name) == 2; });
  bench.give(PadGone{4});
  bench.give(PadGone{5});
  bench.gone(name);
}

void try_dualshock4(Bench& bench) {
  const std::string name = "Sony Computer Entertainment Wireless Controller";
  bench.give(
      PadArrival{.slot = 2, .model = PadModel::dualshock4, .capabilities = kCapabilities, .identity = 3});
  auto pad = bench.node(name);
  auto touchpad = bench.node(name + " Touchpad"), motion = bench.node(name + " Motion Sensors");
  if (!pad || !touchpad || !motion) return;
  try_sony_input(bench, "dualshock4", *pad, 2);
  try_sony_extras(bench, "dualshock4", *touchpad, *motion, 2);
  try_battery(bench, "dualshock4", pad->serial(), 2);
  try_rumble(bench, *pad, "dualshock4", 257);
  bench.forget();
  const auto hidraw = pads_test::find_hidraw(pad->serial());
  std::vector<std::uint8_t> report(32);
  report[0] = 0x05, report[1] = 0x02, report[6] = 1, report[7] = 2, report[8] = 3;
  bench.check("dualshock4: an application sets the light", hidraw && write_report(*hidraw, report));
  bench.hears<PadLight>("dualshock4: the light is told", [](const PadLight& light) {
    return light == PadLight{.slot = 2, .red = 1, .green = 2, .blue = 3};
  });
  bench.give(PadGone{2});
  bench.gone(name);
}

void try_switch_pro(Bench& bench) {
  const std::string name = "Nintendo Switch Pro Controller";
  bench.give(
      PadArrival{.slot = 3, .model = PadModel::switch_pro, .capabilities = kCapabilities, .identity = 4});
  auto pad = bench.node(name);
  auto motion = bench.node(name + " IMU");
  if (!pad || !motion) return;
  bench.reads(*pad, "switch: the lower button is the lower button",
              PadState{.slot = 3, .buttons = button::kA | button::kY | button::kGuide | button::kMisc}, [&] {
                return pad->key(BTN_SOUTH) == 1 && pad->key(BTN_NORTH) == 1 && pad->key(BTN_MODE) == 1 &&
                       pad->key(BTN_Z) == 1 && pad->key(BTN_EAST) == 0;
              });
  bench.reads(*pad, "switch: sticks, triggers, cross",
              PadState{.slot = 3,
                       .buttons = button::kDown | button::kRight,
                       .left_trigger = 1,
                       .left_x = 32767,
                       .left_y = 32767,
                       .right_x = -32768,
                       .right_y = -32768},
              [&] {
                return pad->axis(ABS_X) == 32767 && pad->axis(ABS_Y) == -32767 &&
                       pad->axis(ABS_RX) == -32767 && pad->axis(ABS_RY) == 32767 && pad->key(BTN_TL2) == 1 &&
                       pad->key(BTN_TR2) == 0 && pad->axis(ABS_HAT0X) == 1 && pad->axis(ABS_HAT0Y) == 1;
              });
  bench.reads(*pad, "switch: the sticks rest in the middle", PadState{.slot = 3},
              [&] { return pad->axis(ABS_X) == 0 && pad->axis(ABS_Y) == 0 && pad->axis(ABS_RX) == 0; });
  const auto degree = motion->range(ABS_RX).resolution, gravity = motion->range(ABS_X).resolution;
  bench.reads(*motion, "switch: it turns 90 degrees a second",
              PadMotion{.slot = 3, .sensor = PadSensor::gyroscope, .y = 90},
              [&] { return is_about(motion->axis(ABS_RZ), 90 * degree, degree); });
  bench.reads(*motion, "switch: it lies flat, one g",
              PadMotion{.slot = 3, .sensor = PadSensor::accelerometer, .y = 9.80665F},
              [&] { return is_about(motion->axis(ABS_Z), gravity, gravity / 100); });
  try_rumble(bench, *pad, "switch", 0x0600);
  bench.give(PadGone{3});
  bench.gone(name);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("lumen-pads-guest SOCKET: see tests/pads/run\n", stderr);
    return 2;
  }
  const auto loop = EventLoop::create();
  if (!loop) return 1;
  Bench bench{argv[1], **loop};
  try_xbox(bench);
  const auto serial = try_dualsense(bench);
  try_dualshock4(bench);
  try_switch_pro(bench);
  try_identity(bench, serial);
  return bench.finish();
}
