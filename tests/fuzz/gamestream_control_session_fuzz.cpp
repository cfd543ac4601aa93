// A session's control stream at the host, from whatever a client with the key could send, and from whoever
// has no key. The input is a script: messages that are sealed before they are given, packets as they are,
// repeats, time, rights, host messages. Whatever happens, a key or button that goes down is let go of, events
// go down and up in turn, nothing grows without bound, and the client understands everything that it is sent.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <vector>

#include "gamestream/control/control_client.hpp"
#include "gamestream/control/control_host.hpp"

namespace {

using namespace lumen;
using namespace lumen::gamestream::control;

void require(bool condition) {
  if (!condition) std::abort();
}

const std::array<std::byte, kKeyBytes> kKey{std::byte{7}};

// What a desktop holds after these events.
class Seat {
 public:
  void take(const InputEvent& event) {
    if (const auto* key = std::get_if<Key>(&event)) edge(key->evdev_code, key->pressed);
    if (const auto* button = std::get_if<PointerButton>(&event)) edge(button->evdev_code, button->pressed);
    if (const auto* touch = std::get_if<lumen::Touch>(&event)) take(*touch);
    if (const auto* pen = std::get_if<lumen::Pen>(&event)) pen_away_ = pen->place == PenPlace::away;
    if (std::holds_alternative<ReleaseAll>(event)) {
      held_.clear();
      touches_.clear();
      pen_away_ = true;
    }
  }
  bool empty() const { return held_.empty() && touches_.empty() && pen_away_; }

 private:
  void edge(std::uint16_t code, bool pressed) {
    require(code != 0);
    require(pressed ? held_.insert(code).second : held_.erase(code) == 1);
  }
  void take(const lumen::Touch& touch) {
    require(touch.pressure >= 0 && touch.pressure <= 1);
    if (touch.phase == TouchPhase::down) {
      require(touches_.insert(touch.id).second && touches_.size() <= kMaxTouches);
    } else if (touch.phase == TouchPhase::move) {
      require(touches_.count(touch.id) == 1);
    } else {
      require(touches_.erase(touch.id) == 1);
    }
  }
  std::set<std::uint16_t> held_;
  std::set<std::uint32_t> touches_;
  bool pen_away_ = true;
};

struct PadHeld {
  lumen::PadState state;
  std::array<bool, kMaxPadFingers> fingers{};
};

// The pads that are there, and whether anything of them is pressed.
class Pads {
 public:
  void take(const PadEvent& event) {
    auto& pad = pads_.at(slot_of(event));
    if (std::holds_alternative<lumen::PadArrival>(event)) {
      require(!pad.has_value());
      pad.emplace();
      return;
    }
    require(pad.has_value());
    if (const auto* state = std::get_if<lumen::PadState>(&event)) pad->state = *state;
    if (const auto* touch = std::get_if<lumen::PadTouch>(&event))
      pad->fingers.at(touch->finger) = touch->touching;
    if (std::holds_alternative<PadGone>(event)) pad.reset();
  }
  bool released() const {
    return std::ranges::all_of(pads_, [](const auto& pad) {
      return !pad ||
             (pad->state == lumen::PadState{.slot = pad->state.slot} && !pad->fingers[0] && !pad->fingers[1]);
    });
  }

 private:
  std::array<std::optional<PadHeld>, lumen::kMaxPads> pads_;
};

struct Run {
  Timestamp now{};
  ControlHost host = std::move(*ControlHost::create(kKey, {}, Timestamp{}));
  ControlClient client = std::move(*ControlClient::create(kKey));
  Sealer sealer = std::move(*Sealer::create(kKey, Side::client));
  Seat seat;
  Pads pads;
  std::vector<std::byte> last;
  std::vector<HostEvent> events;

  void seal(ByteView script) {
    ByteReader reader{script};
    const auto type = reader.little<std::uint16_t>();
    std::array<std::byte, kMaxPacketBytes> packet{};
    if (const auto sealed = sealer.seal(type, reader.take(reader.remaining()), packet)) {
      last.assign(sealed->begin(), sealed->end());
      give(last);
    }
  }
  void give(std::vector<std::byte> packet) { host.receive(packet, now, events); }
  void tell(ByteView script) {
    ByteReader reader{script};
    const auto type = reader.little<std::uint16_t>();
    if (const auto message = parse_host_message(type, reader.take(reader.remaining())))
      (void)host.send(*message);
  }
  void permit(std::uint8_t bits) {
    host.input().set_permissions(
        {.keyboard = (bits & 1U) != 0, .pointer = (bits & 2U) != 0, .touch = (bits & 4U) != 0});
  }
  void settle() {
    std::vector<InputEvent> input;
    host.drain_input(input);
    require(input.size() <= InputHost::kMaxWaiting);
    for (const auto& event : input) seat.take(event);
    std::vector<PadEvent> pad_events;
    host.drain_pads(pad_events);
    require(pad_events.size() <= PadHost::kMaxWaiting);
    for (const auto& event : pad_events) pads.take(event);
    int sent = 0;
    while (const auto packet = host.next_outgoing(now)) {
      std::vector<std::byte> bytes{packet->bytes().begin(), packet->bytes().end()};
      require(client.receive(bytes).has_value());
      require(++sent <= 16 * 300);
    }
    require(host.next_deadline() >= Timestamp{});
    require(events.size() < 10'000);
  }
  void one(std::uint8_t action, ByteView argument) {
    const auto number = argument.empty() ? std::uint8_t{0} : std::to_integer<std::uint8_t>(argument.front());
    switch (action % 9) {
      case 0:
      case 1:
        seal(argument);
        break;
      case 2:
        give({argument.begin(), argument.end()});
        break;
      case 3:
        give(last);
        break;
      case 4:
        now += std::chrono::milliseconds{number * number};
        break;
      case 5:
        host.tick(now, events);
        break;
      case 6:
        tell(argument);
        break;
      case 7:
        permit(number);
        break;
      case 8:
        if (number < 4) host.terminate(number, now);
        host.connected(now);
        break;
      default:
        break;
    }
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader script{std::as_bytes(std::span{data, std::min<std::size_t>(size, 4096)})};
  Run run;
  while (script.remaining() >= 2) {
    const auto action = script.little<std::uint8_t>();
    const std::size_t length = script.little<std::uint8_t>();
    run.one(action, script.take(std::min(length, script.remaining())));
    if ((action & 0x80U) != 0) run.settle();
  }
  run.settle();  // what waits has room then
  run.host.input().release_all();
  run.settle();
  require(run.seat.empty() && run.pads.released());
  return 0;
}
