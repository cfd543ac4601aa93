#include "render/pads.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string_view>
#include <utility>

namespace lumen::render {
namespace {

using namespace std::chrono_literals;

constexpr Duration kRepeatAfter = 400ms, kRepeatEvery = 110ms, kRumbleEvery = 1s;
constexpr std::uint32_t kRumbleMs = 2000;  // a renewal that comes late leaves no gap
constexpr std::int16_t kStickStep = 20'000, kStickBack = 10'000;
constexpr std::uint32_t kLeaveCombination =
    pad_button::kBack | pad_button::kStart | pad_button::kLeftShoulder | pad_button::kRightShoulder;

Timestamp now() { return SteadyTime{}.now(); }

PadModel model_of(SDL_GameController* pad) {
  switch (SDL_GameControllerGetType(pad)) {
    case SDL_CONTROLLER_TYPE_PS5:
      return PadModel::dualsense;
    case SDL_CONTROLLER_TYPE_PS4:
      return PadModel::dualshock4;
    case SDL_CONTROLLER_TYPE_NINTENDO_SWITCH_PRO:
      return PadModel::switch_pro;
    default:
      return PadModel::xbox;
  }
}

std::uint16_t capabilities_of(SDL_GameController* pad) {
  unsigned found = 0;
  const auto add = [&found](SDL_bool has, unsigned what) { found |= has == SDL_TRUE ? what : 0U; };
  const int touchpads = SDL_GameControllerGetNumTouchpads(pad);
  add(SDL_GameControllerHasAxis(pad, SDL_CONTROLLER_AXIS_TRIGGERLEFT), pad_capability::kAnalogTriggers);
  add(SDL_GameControllerHasRumble(pad), pad_capability::kRumble);
  add(SDL_GameControllerHasRumbleTriggers(pad), pad_capability::kTriggerRumble);
  add(touchpads > 0 ? SDL_TRUE : SDL_FALSE, pad_capability::kTouchpad);
  add(touchpads > 1 ? SDL_TRUE : SDL_FALSE, pad_capability::kSecondTouchpad);
  add(SDL_GameControllerHasSensor(pad, SDL_SENSOR_ACCEL), pad_capability::kAccelerometer);
  add(SDL_GameControllerHasSensor(pad, SDL_SENSOR_GYRO), pad_capability::kGyroscope);
  add(SDL_GameControllerHasLED(pad), pad_capability::kLight);
  add(SDL_JoystickCurrentPowerLevel(SDL_GameControllerGetJoystick(pad)) == SDL_JOYSTICK_POWER_UNKNOWN
          ? SDL_FALSE
          : SDL_TRUE,
      pad_capability::kBattery);
  return static_cast<std::uint16_t>(found);
}

// The same for the same kind of pad in the same slot.
std::uint64_t identity_of(SDL_GameController* pad, std::uint8_t slot) {
  constexpr std::uint64_t kBasis = 0xCBF2'9CE4'8422'2325U, kPrime = 0x100'0000'01B3U;  // FNV-1a
  std::uint64_t hash = kBasis ^ slot;
  const char* serial = SDL_GameControllerGetSerial(pad);
  const char* name = SDL_GameControllerName(pad);
  for (const std::string_view part : {serial != nullptr ? serial : "", name != nullptr ? name : ""}) {
    for (const char c : part) hash = (hash ^ static_cast<unsigned char>(c)) * kPrime;
  }
  return hash;
}

std::optional<ScreenKey> key_of(std::uint8_t sdl_button) {
  switch (sdl_button) {
    case SDL_CONTROLLER_BUTTON_DPAD_UP:
      return ScreenKey::up;
    case SDL_CONTROLLER_BUTTON_DPAD_DOWN:
      return ScreenKey::down;
    case SDL_CONTROLLER_BUTTON_DPAD_LEFT:
      return ScreenKey::left;
    case SDL_CONTROLLER_BUTTON_DPAD_RIGHT:
      return ScreenKey::right;
    case SDL_CONTROLLER_BUTTON_A:
      return ScreenKey::accept;
    case SDL_CONTROLLER_BUTTON_B:
      return ScreenKey::back;
    case SDL_CONTROLLER_BUTTON_X:
      return ScreenKey::erase;
    case SDL_CONTROLLER_BUTTON_Y:
      return ScreenKey::options;
    case SDL_CONTROLLER_BUTTON_START:
      return ScreenKey::menu;
    case SDL_CONTROLLER_BUTTON_LEFTSHOULDER:
      return ScreenKey::previous;
    case SDL_CONTROLLER_BUTTON_RIGHTSHOULDER:
      return ScreenKey::next;
    default:
      return std::nullopt;
  }
}

bool is_direction(ScreenKey key) {
  return key == ScreenKey::up || key == ScreenKey::down || key == ScreenKey::left || key == ScreenKey::right;
}

std::uint16_t to_place(float share) {
  return static_cast<std::uint16_t>(std::lround(std::clamp(share, 0.0F, 1.0F) * 65535));
}

}  // namespace

std::uint32_t pad_button_of(std::uint8_t sdl_button) {
  constexpr std::array<std::uint32_t, SDL_CONTROLLER_BUTTON_MAX> kButtons{pad_button::kA,
                                                                          pad_button::kB,
                                                                          pad_button::kX,
                                                                          pad_button::kY,
                                                                          pad_button::kBack,
                                                                          pad_button::kGuide,
                                                                          pad_button::kStart,
                                                                          pad_button::kLeftStick,
                                                                          pad_button::kRightStick,
                                                                          pad_button::kLeftShoulder,
                                                                          pad_button::kRightShoulder,
                                                                          pad_button::kUp,
                                                                          pad_button::kDown,
                                                                          pad_button::kLeft,
                                                                          pad_button::kRight,
                                                                          pad_button::kMisc,
                                                                          pad_button::kPaddle1,
                                                                          pad_button::kPaddle2,
                                                                          pad_button::kPaddle3,
                                                                          pad_button::kPaddle4,
                                                                          pad_button::kTouchpad};
  return sdl_button < kButtons.size() ? kButtons.at(sdl_button) : 0;
}

std::uint8_t trigger_of(std::int16_t sdl_axis) {
  constexpr int kFull = 32767;
  return static_cast<std::uint8_t>((std::max<int>(sdl_axis, 0) * 255 + kFull / 2) / kFull);
}

std::int16_t upwards(std::int16_t sdl_axis) { return static_cast<std::int16_t>(-1 - sdl_axis); }

Pads::Pads() {
  SDL_SetHint(SDL_HINT_GAMECONTROLLER_USE_BUTTON_LABELS, "0");  // by position, whatever is printed on them
  started_ = SDL_InitSubSystem(SDL_INIT_GAMECONTROLLER) == 0;
}

Pads::~Pads() {
  quieten();
  pads_ = {};
  if (started_) SDL_QuitSubSystem(SDL_INIT_GAMECONTROLLER);
}

std::size_t Pads::count() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(pads_, [](const auto& pad) { return pad.has_value(); }));
}

Pads::Pad* Pads::find(SDL_JoystickID id) {
  const auto found = std::ranges::find_if(pads_, [id](const auto& pad) { return pad && pad->id == id; });
  return found == pads_.end() ? nullptr : &**found;
}

bool Pads::handle(const SDL_Event& event, const PadFn& on_pad) {
  switch (event.type) {
    case SDL_CONTROLLERDEVICEADDED:
      come(event.cdevice.which, on_pad);
      return true;
    case SDL_CONTROLLERDEVICEREMOVED:
      go(event.cdevice.which, on_pad);
      return true;
    case SDL_CONTROLLERAXISMOTION:
      if (auto* pad = find(event.caxis.which)) on_axis(*pad, event.caxis);
      return true;
    case SDL_CONTROLLERBUTTONDOWN:
    case SDL_CONTROLLERBUTTONUP:
      if (auto* pad = find(event.cbutton.which)) on_button(*pad, event.cbutton, on_pad);
      return true;
    case SDL_CONTROLLERSENSORUPDATE:
      if (const auto* pad = find(event.csensor.which)) on_sensor(*pad, event.csensor, on_pad);
      return true;
    case SDL_CONTROLLERTOUCHPADDOWN:
    case SDL_CONTROLLERTOUCHPADMOTION:
    case SDL_CONTROLLERTOUCHPADUP:
      if (const auto* pad = find(event.ctouchpad.which)) on_touch(*pad, event, on_pad);
      return true;
    case SDL_JOYBATTERYUPDATED:
      if (const auto* pad = find(event.jbattery.which)) on_battery(*pad, event.jbattery.level, on_pad);
      return true;
    default:
      return false;
  }
}

void Pads::come(int device_index, const PadFn& on_pad) {
  std::unique_ptr<SDL_GameController, Close> device{SDL_GameControllerOpen(device_index)};
  if (!device) return;
  const auto id = SDL_JoystickInstanceID(SDL_GameControllerGetJoystick(device.get()));
  const auto free = std::ranges::find_if(pads_, [](const auto& pad) { return !pad.has_value(); });
  if (find(id) != nullptr || free == pads_.end()) return;
  const auto slot = static_cast<std::uint8_t>(free - pads_.begin());
  free->emplace(Pad{.id = id,
                    .arrival = {.slot = slot,
                                .model = model_of(device.get()),
                                .capabilities = capabilities_of(device.get()),
                                .identity = identity_of(device.get(), slot)},
                    .state = {.slot = slot},
                    .rumble = {.slot = slot},
                    .triggers = {.slot = slot}});
  (*free)->device = std::move(device);
  on_pad((*free)->arrival);
}

void Pads::go(SDL_JoystickID id, const PadFn& on_pad) {
  const auto* pad = find(id);
  if (pad == nullptr) return;
  const auto slot = pad->arrival.slot;
  pads_.at(slot).reset();
  held_.reset();
  on_pad(PadGone{slot});
}

void Pads::on_axis(Pad& pad, const SDL_ControllerAxisEvent& axis) {
  pad.changed = true;
  switch (axis.axis) {
    case SDL_CONTROLLER_AXIS_LEFTX:
      pad.state.left_x = axis.value;
      return;
    case SDL_CONTROLLER_AXIS_LEFTY:
      pad.state.left_y = upwards(axis.value);
      return;
    case SDL_CONTROLLER_AXIS_RIGHTX:
      pad.state.right_x = axis.value;
      return;
    case SDL_CONTROLLER_AXIS_RIGHTY:
      pad.state.right_y = upwards(axis.value);
      return;
    case SDL_CONTROLLER_AXIS_TRIGGERLEFT:
      pad.state.left_trigger = trigger_of(axis.value);
      return;
    case SDL_CONTROLLER_AXIS_TRIGGERRIGHT:
      pad.state.right_trigger = trigger_of(axis.value);
      return;
    default:
      return;
  }
}

void Pads::on_button(Pad& pad, const SDL_ControllerButtonEvent& button, const PadFn& on_pad) {
  const auto bit = pad_button_of(button.button);
  if (bit == 0) return;
  if (button.state == SDL_PRESSED) {
    pad.state.buttons |= bit;
    leave_ = leave_ || (pad.state.buttons & kLeaveCombination) == kLeaveCombination;
  } else {
    pad.state.buttons &= ~bit;
  }
  pad.changed = false;
  on_pad(pad.state);
}

void Pads::flush(const PadFn& on_pad) {
  for (auto& pad : pads_) {
    if (pad && std::exchange(pad->changed, false)) on_pad(pad->state);
  }
}

void Pads::on_sensor(const Pad& pad, const SDL_ControllerSensorEvent& sensor, const PadFn& on_pad) {
  const bool gyroscope = sensor.sensor == SDL_SENSOR_GYRO;
  if (!gyroscope && sensor.sensor != SDL_SENSOR_ACCEL) return;
  const float unit = gyroscope ? 180 / std::numbers::pi_v<float> : 1;  // SDL: radians per second
  on_pad(PadMotion{.slot = pad.arrival.slot,
                   .sensor = gyroscope ? PadSensor::gyroscope : PadSensor::accelerometer,
                   .x = sensor.data[0] * unit,
                   .y = sensor.data[1] * unit,
                   .z = sensor.data[2] * unit});
}

void Pads::on_touch(const Pad& pad, const SDL_Event& event, const PadFn& on_pad) {
  const auto& touch = event.ctouchpad;
  if (touch.finger < 0 || touch.finger >= kMaxPadFingers) return;
  on_pad(PadTouch{.slot = pad.arrival.slot,
                  .finger = static_cast<std::uint8_t>(touch.finger),
                  .touching = event.type != SDL_CONTROLLERTOUCHPADUP,
                  .x = to_place(touch.x),
                  .y = to_place(touch.y)});
}

void Pads::on_battery(const Pad& pad, SDL_JoystickPowerLevel level, const PadFn& on_pad) {
  PadBattery battery{.slot = pad.arrival.slot, .power = PadPower::discharging};
  switch (level) {
    case SDL_JOYSTICK_POWER_EMPTY:
      battery.percent = 5;
      break;
    case SDL_JOYSTICK_POWER_LOW:
      battery.percent = 20;
      break;
    case SDL_JOYSTICK_POWER_MEDIUM:
      battery.percent = 70;
      break;
    case SDL_JOYSTICK_POWER_FULL:
      battery.percent = 100;
      break;
    case SDL_JOYSTICK_POWER_WIRED:
      battery.power = PadPower::charging;
      break;
    default:
      return;
  }
  on_pad(battery);
}

std::optional<ScreenKey> Pads::step(const SDL_Event& event) {
  if (event.type == SDL_CONTROLLERAXISMOTION) return stick_step(event.caxis);
  if (event.type == SDL_CONTROLLERBUTTONUP) held_.reset();
  if (event.type != SDL_CONTROLLERBUTTONDOWN) return std::nullopt;
  const auto key = key_of(event.cbutton.button);
  return key ? hold(*key) : key;
}

std::optional<ScreenKey> Pads::stick_step(const SDL_ControllerAxisEvent& axis) {
  const bool horizontal = axis.axis == SDL_CONTROLLER_AXIS_LEFTX;
  if (!horizontal && axis.axis != SDL_CONTROLLER_AXIS_LEFTY) return std::nullopt;
  const int away = std::abs(int{axis.value});
  const auto positive = horizontal ? ScreenKey::right : ScreenKey::down;
  const auto negative = horizontal ? ScreenKey::left : ScreenKey::up;
  const auto key = axis.value > 0 ? positive : negative;
  if (stick_away_) {
    if (away < kStickBack && (held_ == positive || held_ == negative)) {
      stick_away_ = false;
      held_.reset();
    }
    return std::nullopt;
  }
  if (away < kStickStep) return std::nullopt;
  stick_away_ = true;
  return hold(key);
}

std::optional<ScreenKey> Pads::hold(ScreenKey key) {
  held_.reset();
  if (is_direction(key)) {
    held_ = key;
    next_repeat_ = now() + kRepeatAfter;
  }
  return key;
}

void Pads::repeat_steps(Timestamp at, const KeyFn& on_key) {
  if (!held_ || at < next_repeat_) return;
  next_repeat_ = at + kRepeatEvery;
  on_key(*held_);
}

void Pads::announce(const PadFn& on_pad) {
  leave_ = false;
  for (auto& pad : pads_) {
    if (!pad) continue;
    on_pad(pad->arrival);
    on_pad(pad->state);
  }
}

void Pads::quieten() {
  held_.reset();
  stick_away_ = false;
  for (auto& pad : pads_) {
    if (!pad) continue;
    feed(*pad, PadRumble{.slot = pad->arrival.slot});
    feed(*pad, PadTriggerRumble{.slot = pad->arrival.slot});
    feed(*pad, PadMotionRequest{.slot = pad->arrival.slot, .sensor = PadSensor::accelerometer});
    feed(*pad, PadMotionRequest{.slot = pad->arrival.slot, .sensor = PadSensor::gyroscope});
  }
}

void Pads::feed_back(const PadFeedback& feedback) {
  const auto slot = slot_of(feedback);
  if (slot >= pads_.size() || !pads_.at(slot)) return;
  std::visit([&](const auto& each) { feed(*pads_.at(slot), each); }, feedback);
}

void Pads::feed(Pad& pad, const PadRumble& rumble) {
  if (rumble.strong == 0 && rumble.weak == 0 && pad.rumble.strong == 0 && pad.rumble.weak == 0) return;
  pad.rumble = rumble;
  SDL_GameControllerRumble(pad.device.get(), rumble.strong, rumble.weak, kRumbleMs);
}

void Pads::feed(Pad& pad, const PadTriggerRumble& rumble) {
  if (rumble.left == 0 && rumble.right == 0 && pad.triggers.left == 0 && pad.triggers.right == 0) return;
  pad.triggers = rumble;
  SDL_GameControllerRumbleTriggers(pad.device.get(), rumble.left, rumble.right, kRumbleMs);
}

void Pads::feed(Pad& pad, const PadLight& light) {
  SDL_GameControllerSetLED(pad.device.get(), light.red, light.green, light.blue);
}

void Pads::feed(Pad& pad, const PadMotionRequest& request) {
  const auto sensor = request.sensor == PadSensor::gyroscope ? SDL_SENSOR_GYRO : SDL_SENSOR_ACCEL;
  SDL_GameControllerSetSensorEnabled(pad.device.get(), sensor, request.rate_hz > 0 ? SDL_TRUE : SDL_FALSE);
}

// As the DualSense takes them: the first bytes of its output report (SDL passes them on as they are).
void Pads::feed(Pad& pad, const PadAdaptiveTriggers& triggers) {
  if (pad.arrival.model != PadModel::dualsense) return;
  constexpr std::size_t kReportBytes = 47, kRightAt = 10, kLeftAt = 21;
  constexpr std::uint8_t kSetsRight = 0x04, kSetsLeft = 0x08;
  std::array<std::uint8_t, kReportBytes> report{};
  const auto put = [&report](std::size_t at, const PadTriggerEffect& effect) {
    report.at(at) = effect.kind;
    std::ranges::copy(effect.parameters, report.begin() + static_cast<std::ptrdiff_t>(at) + 1);
  };
  if (triggers.sets_right) {
    report[0] |= kSetsRight;
    put(kRightAt, triggers.right);
  }
  if (triggers.sets_left) {
    report[0] |= kSetsLeft;
    put(kLeftAt, triggers.left);
  }
  SDL_GameControllerSendEffect(pad.device.get(), report.data(), static_cast<int>(report.size()));
}

void Pads::tick(Timestamp at) {
  if (at < next_rumble_) return;
  next_rumble_ = at + kRumbleEvery;
  for (auto& pad : pads_) {
    if (pad && (pad->rumble.strong != 0 || pad->rumble.weak != 0)) {
      SDL_GameControllerRumble(pad->device.get(), pad->rumble.strong, pad->rumble.weak, kRumbleMs);
    }
    if (pad && (pad->triggers.left != 0 || pad->triggers.right != 0)) {
      SDL_GameControllerRumbleTriggers(pad->device.get(), pad->triggers.left, pad->triggers.right, kRumbleMs);
    }
  }
}

}  // namespace lumen::render
