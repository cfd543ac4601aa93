#include "gamestream/control/control_client.hpp"

#include <utility>

namespace lumen::gamestream::control {
namespace {

constexpr std::uint8_t kUrgent = 1, kKeyboard = 2, kMouse = 3, kPen = 4, kTouch = 5, kText = 6;
constexpr std::uint8_t kPads = 0x10, kPadMotion = 0x20;

bool moves(TouchEvent event) { return event == TouchEvent::hover || event == TouchEvent::move; }

Delivery when_moving(bool moving) { return moving ? Delivery::unreliable : Delivery::reliable; }

std::uint8_t channel(std::uint8_t base, std::uint8_t pad) { return static_cast<std::uint8_t>(base + pad); }

struct InputRoute {
  std::uint8_t& pen_buttons;

  Route operator()(const KeyInput&) const { return {kKeyboard}; }
  Route operator()(const TextInput&) const { return {kText}; }
  Route operator()(const MouseMoveBy&) const { return {kMouse}; }
  Route operator()(const MouseMoveTo&) const { return {kMouse}; }
  Route operator()(const MouseButton&) const { return {kMouse}; }
  Route operator()(const VerticalScroll&) const { return {kMouse}; }
  Route operator()(const HorizontalScroll&) const { return {kMouse}; }
  Route operator()(const EnableHaptics&) const { return {}; }
  Route operator()(const Touch& touch) const { return {kTouch, when_moving(moves(touch.event))}; }
  Route operator()(const Pen& pen) const {
    const bool same = pen.buttons == std::exchange(pen_buttons, pen.buttons);
    return {kPen, when_moving(same && moves(pen.event))};
  }
  Route operator()(const PadState& state) const { return {channel(kPads, state.pad)}; }
  Route operator()(const PadArrival& arrival) const { return {channel(kPads, arrival.pad)}; }
  Route operator()(const PadBattery& battery) const { return {channel(kPads, battery.pad)}; }
  Route operator()(const PadTouch& touch) const {
    return {channel(kPads, touch.pad), when_moving(moves(touch.event))};
  }
  Route operator()(const PadMotion& motion) const {
    // The last word of a gyroscope that was switched off must arrive.
    const bool at_rest =
        motion.sensor == MotionSensor::gyroscope && motion.x == 0 && motion.y == 0 && motion.z == 0;
    return {channel(kPadMotion, motion.pad), when_moving(!at_rest)};
  }
};

}  // namespace

Result<ControlClient> ControlClient::create(ByteView key) {
  LUMEN_TRY(auto sealer, Sealer::create(key, Side::client));
  LUMEN_TRY(auto opener, Opener::create(key, Side::host));
  return ControlClient{std::move(sealer), std::move(opener)};
}

std::array<std::optional<SealedPacket>, 2> ControlClient::open() {
  // The first request for a key frame goes where the start does, so that neither overtakes the other.
  auto request = seal_message(sealer_, ClientMessage{RequestIdr{}}, Route{});
  return {request, seal_message(sealer_, ClientMessage{StartB{}}, Route{})};
}

std::optional<SealedPacket> ControlClient::seal(const ClientMessage& message) {
  return seal_message(sealer_, message, route_of(message));
}

Route ControlClient::route_of(const ClientMessage& message) {
  if (const auto* input = std::get_if<InputPacket>(&message))
    return std::visit(InputRoute{pen_buttons_}, *input);
  if (std::holds_alternative<FrameFecStatus>(message)) return {0, Delivery::unsequenced};
  const bool urgent = std::holds_alternative<RequestIdr>(message) ||
                      std::holds_alternative<InvalidateReferenceFrames>(message) ||
                      std::holds_alternative<LongTermReferenceAck>(message);
  return {urgent ? kUrgent : std::uint8_t{0}};
}

std::optional<SealedPacket> ControlClient::ping_if_due(Timestamp now) {
  if (next_ping_ && now < *next_ping_) return std::nullopt;
  next_ping_ = now + kPingInterval;
  return seal(Ping{});
}

std::optional<HostMessage> ControlClient::receive(MutableBytes packet) {
  const auto opened = opener_.open(packet);
  if (!opened) return std::nullopt;
  return parse_host_message(opened.type, opened.payload);
}

}  // namespace lumen::gamestream::control
