#include "lumen1/messages.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <utility>

#include "lumen1/text.hpp"
#include "lumen1/wire.hpp"

namespace lumen::lumen1 {
namespace {

// On the wire for ever; docs/protocol/lumen1.md draws each.
enum class ClientType : std::uint8_t {
  state = 0x01,
  ask_recovery = 0x02,
  input = 0x03,
  goodbye = 0x04,
  feedback = 0x05,
  ask_shards = 0x06,
  pad = 0x10,
  pad_word_heard = 0x11,
};
enum class HostType : std::uint8_t {
  state = 0x81,
  goodbye = 0x82,
  video_mark = 0x83,
  pad_word = 0x90,
  pointer = 0x91
};
enum class EventType : std::uint8_t {
  pointer_move_to = 1,
  pointer_move_by = 2,
  pointer_button = 3,
  scroll = 4,
  key = 5,
  release_all = 6,
};

constexpr std::size_t kMessageHeaderBytes = 3;  // u8 type, u16 length
constexpr std::size_t kMaxMessageBytes = kMaxDatagramBytes - kClearHeaderBytes - kTagBytes;

// --- writing

template <class... Functions>
struct Overload : Functions... {
  using Functions::operator()...;
};

void put(ByteWriter& out, const Mode& mode) {
  out.little(mode.width);
  out.little(mode.height);
  out.little(mode.refresh_mhz);
}

void put_bool(ByteWriter& out, bool value) { out.little(static_cast<std::uint8_t>(value ? 1 : 0)); }

void put_text(ByteWriter& out, std::string_view text, std::size_t limit) {
  const auto plain = to_plain_text(text, limit);
  out.little(static_cast<std::uint16_t>(plain.size()));
  out.put(as_view(plain));
}

void put_step(ByteWriter& out, float pixels) {
  const auto step = std::isnan(pixels) ? 0.0F : std::clamp(pixels, -kMaxPointerStep, kMaxPointerStep);
  out.little(std::bit_cast<std::uint32_t>(step));
}

void put_type(ByteWriter& out, EventType type) { out.little(static_cast<std::uint8_t>(type)); }

void put(ByteWriter& out, const InputEvent& event) {
  std::visit(Overload{[&](const PointerMoveTo& move) {
                        put_type(out, EventType::pointer_move_to);
                        out.little(move.x);
                        out.little(move.y);
                      },
                      [&](const PointerMoveBy& move) {
                        put_type(out, EventType::pointer_move_by);
                        put_step(out, move.dx);
                        put_step(out, move.dy);
                      },
                      [&](const PointerButton& button) {
                        put_type(out, EventType::pointer_button);
                        out.little(button.evdev_code);
                        put_bool(out, button.pressed);
                      },
                      [&](const Scroll& scroll) {
                        put_type(out, EventType::scroll);
                        out.little(static_cast<std::uint16_t>(scroll.vertical_v120));
                        out.little(static_cast<std::uint16_t>(scroll.horizontal_v120));
                      },
                      [&](const Key& key) {
                        put_type(out, EventType::key);
                        out.little(key.evdev_code);
                        put_bool(out, key.pressed);
                      },
                      [&](const ReleaseAll&) { put_type(out, EventType::release_all); }, [](const Touch&) {},
                      [](const Pen&) {}, [](const Character&) {}},  // append() refuses them
             event);
}

void put(ByteWriter& out, const ClientState& state) {
  put(out, state.mode);
  put_bool(out, state.pointer_drawn);
  out.little(state.ping);
  out.little(state.round_trip_us);
}
void put(ByteWriter& out, const Feedback& feedback) {
  out.little(feedback.sequence);
  out.little(feedback.clock_us);
  out.little(feedback.datagrams);
  out.little(feedback.bytes);
  out.little(feedback.newest_frame);
  out.little(feedback.newest_packet);
  out.little(feedback.queue_last_us);
  out.little(feedback.queue_least_us);
  out.little(feedback.queue_most_us);
  out.little(feedback.loss.expected);
  out.little(feedback.loss.lost);
  out.little(feedback.loss.longest_burst);
  out.little(feedback.loss.runs);
}
void put(ByteWriter& out, const AskShards& ask) {
  out.little(ask.frame);
  out.little(ask.attempt);
  out.little(ask.count);
  for (std::size_t i = 0; i < std::min<std::size_t>(ask.count, AskShards::kMaxRanges); ++i) {
    out.little(ask.ranges[i].first);
    out.little(ask.ranges[i].last);
  }
}
void put(ByteWriter& out, const VideoMark& mark) {
  out.little(mark.newest_frame);
  out.little(mark.feedback);
}
void put(ByteWriter& out, const PadWordHeard& heard) { out.little(heard.sequence); }
void put(ByteWriter& out, const HostPointer& pointer) {
  out.little(pointer.serial);
  out.little(static_cast<std::uint8_t>(pointer.state.place));
  out.little(pointer.state.image);
  out.little(pointer.state.x);
  out.little(pointer.state.y);
}
void put(ByteWriter& out, const AskRecovery& ask) { out.little(ask.broken_frame); }
void put(ByteWriter& out, const ClientInput& input) {
  out.little(input.sequence);
  put(out, input.event);
}
void put(ByteWriter&, const Goodbye&) {}
void put(ByteWriter& out, const HostState& state) {
  out.little(static_cast<std::uint8_t>(state.state));
  put(out, state.mode);
  out.little(state.pong);
  out.little(state.input_acknowledged);
  put_text(out, state.reason, kMaxTextBytes);
  for (const auto* name : {&state.encoder, &state.encoder_reason, &state.display, &state.capture}) {
    put_text(out, *name, kMaxNameBytes);
  }
}

std::uint8_t type_of(const ClientMessage& message) {
  constexpr std::array kTypes{ClientType::state,   ClientType::ask_recovery,  ClientType::input,
                              ClientType::goodbye, ClientType::feedback,      ClientType::ask_shards,
                              ClientType::pad,     ClientType::pad_word_heard};
  static_assert(kTypes.size() == std::variant_size_v<ClientMessage>);
  return static_cast<std::uint8_t>(kTypes[message.index()]);
}
std::uint8_t type_of(const HostMessage& message) {
  constexpr std::array kTypes{HostType::state, HostType::goodbye, HostType::video_mark, HostType::pad_word,
                              HostType::pointer};
  static_assert(kTypes.size() == std::variant_size_v<HostMessage>);
  return static_cast<std::uint8_t>(kTypes[message.index()]);
}

template <class Message>
bool append_message(std::vector<std::byte>& body, const Message& message, std::size_t limit) {
  std::array<std::byte, kMaxMessageBytes> bytes;
  ByteWriter out{MutableBytes{bytes}.subspan(kMessageHeaderBytes)};
  std::visit([&](const auto& alternative) { put(out, alternative); }, message);
  const auto total = kMessageHeaderBytes + out.size();
  if (!out.ok() || body.size() > limit || limit - body.size() < total) return false;
  ByteWriter header{bytes};
  header.little(type_of(message));
  header.little(static_cast<std::uint16_t>(out.size()));
  body.insert(body.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(total));
  return true;
}

// --- reading: each `read_` gives a complete value or nothing; that all bytes are used is checked once, at
// the end of a message.

Mode read_mode(ByteReader& in) {
  return {in.little<std::uint32_t>(), in.little<std::uint32_t>(), in.little<std::uint32_t>()};
}

std::optional<bool> read_bool(ByteReader& in) {
  const auto value = in.little<std::uint8_t>();
  return value <= 1 ? std::optional{value == 1} : std::nullopt;
}

std::optional<float> read_step(ByteReader& in) {
  const auto step = std::bit_cast<float>(in.little<std::uint32_t>());
  // False for NaN too.
  return std::fabs(step) <= kMaxPointerStep ? std::optional{step} : std::nullopt;
}

bool read_text(ByteReader& in, std::string& text) {
  const auto length = in.little<std::uint16_t>();
  if (length > kMaxTextBytes) return false;
  const auto bytes = in.take(length);
  text.resize(bytes.size());
  std::ranges::transform(bytes, text.begin(), [](std::byte byte) { return static_cast<char>(byte); });
  return in.ok() && is_plain_text(text);
}

struct CodeAndState {
  std::uint16_t code;
  bool pressed;
};
std::optional<CodeAndState> read_code(ByteReader& in) {
  const auto code = in.little<std::uint16_t>();
  const auto pressed = read_bool(in);
  if (code > kMaxEvdevCode || !pressed) return std::nullopt;
  return CodeAndState{code, *pressed};
}

std::optional<InputEvent> read_move_by(ByteReader& in) {
  const auto dx = read_step(in);
  const auto dy = read_step(in);
  if (!dx || !dy) return std::nullopt;
  return PointerMoveBy{*dx, *dy};
}

std::optional<InputEvent> read_event(ByteReader& in) {
  switch (static_cast<EventType>(in.little<std::uint8_t>())) {
    case EventType::pointer_move_to: {
      const auto x = in.little<std::uint16_t>();
      return PointerMoveTo{x, in.little<std::uint16_t>()};
    }
    case EventType::pointer_move_by:
      return read_move_by(in);
    case EventType::pointer_button: {
      const auto button = read_code(in);
      return button ? std::optional<InputEvent>{PointerButton{button->code, button->pressed}} : std::nullopt;
    }
    case EventType::scroll: {
      const auto vertical = static_cast<std::int16_t>(in.little<std::uint16_t>());
      return Scroll{vertical, static_cast<std::int16_t>(in.little<std::uint16_t>())};
    }
    case EventType::key: {
      const auto key = read_code(in);
      return key ? std::optional<InputEvent>{Key{key->code, key->pressed}} : std::nullopt;
    }
    case EventType::release_all:
      return ReleaseAll{};
  }
  return std::nullopt;
}

std::optional<ClientMessage> read_client_state(ByteReader& in) {
  ClientState state;
  state.mode = read_mode(in);
  const auto pointer_drawn = read_bool(in);
  state.ping = in.little<std::uint32_t>();
  state.round_trip_us = in.little<std::uint32_t>();
  if (!is_valid(state.mode) || !pointer_drawn) return std::nullopt;
  state.pointer_drawn = *pointer_drawn;
  return state;
}

bool has_valid_delays(const Feedback& feedback) {
  if (!feedback.has_delay()) {
    return feedback.queue_least_us == Feedback::kNoDelay && feedback.queue_most_us == Feedback::kNoDelay;
  }
  return feedback.queue_least_us <= feedback.queue_last_us &&
         feedback.queue_last_us <= feedback.queue_most_us && feedback.queue_most_us != Feedback::kNoDelay;
}

std::optional<ClientMessage> read_feedback(ByteReader& in) {
  Feedback feedback;
  feedback.sequence = in.little<std::uint32_t>();
  feedback.clock_us = in.little<std::uint32_t>();
  feedback.datagrams = in.little<std::uint32_t>();
  feedback.bytes = in.little<std::uint32_t>();
  feedback.newest_frame = in.little<std::uint32_t>();
  feedback.newest_packet = in.little<std::uint64_t>();
  feedback.queue_last_us = in.little<std::uint32_t>();
  feedback.queue_least_us = in.little<std::uint32_t>();
  feedback.queue_most_us = in.little<std::uint32_t>();
  auto& loss = feedback.loss;
  loss.expected = in.little<std::uint32_t>();
  loss.lost = in.little<std::uint32_t>();
  loss.longest_burst = in.little<std::uint32_t>();
  loss.runs = in.little<std::uint32_t>();
  if (!has_valid_delays(feedback) || loss.lost > loss.expected || loss.runs > loss.lost) return std::nullopt;
  return feedback;
}

std::optional<ClientMessage> read_ask_shards(ByteReader& in) {
  AskShards ask;
  ask.frame = in.little<std::uint32_t>();
  ask.attempt = in.little<std::uint8_t>();
  ask.count = in.little<std::uint8_t>();
  if (ask.attempt == 0 || ask.count > AskShards::kMaxRanges) return std::nullopt;
  std::uint32_t from = 0;  // where the next range may begin
  for (auto& range : std::span{ask.ranges}.first(ask.count)) {
    range.first = in.little<std::uint16_t>();
    range.last = in.little<std::uint16_t>();
    if (range.first < from || range.last < range.first) return std::nullopt;
    from = range.last + 2U;
  }
  return ask;
}

std::optional<ClientMessage> read_client_input(ByteReader& in) {
  const auto sequence = in.little<std::uint32_t>();
  const auto event = read_event(in);
  if (!event) return std::nullopt;
  return ClientInput{sequence, *event};
}

std::optional<HostMessage> read_host_state(ByteReader& in) {
  HostState host;
  const auto state = in.little<std::uint8_t>();
  host.mode = read_mode(in);
  host.pong = in.little<std::uint32_t>();
  host.input_acknowledged = in.little<std::uint32_t>();
  for (auto* text : {&host.reason, &host.encoder, &host.encoder_reason, &host.display, &host.capture}) {
    if (!read_text(in, *text)) return std::nullopt;
  }
  if (!is_valid(host.mode) && host.mode != Mode{}) return std::nullopt;
  if (state < static_cast<std::uint8_t>(StreamState::starting) ||
      state > static_cast<std::uint8_t>(StreamState::ended)) {
    return std::nullopt;
  }
  host.state = static_cast<StreamState>(state);
  return host;
}

bool is_known_client_type(std::uint8_t type) {
  return (type >= static_cast<std::uint8_t>(ClientType::state) &&
          type <= static_cast<std::uint8_t>(ClientType::ask_shards)) ||
         type == static_cast<std::uint8_t>(ClientType::pad) ||
         type == static_cast<std::uint8_t>(ClientType::pad_word_heard);
}

std::optional<ClientMessage> read_client_message(std::uint8_t type, ByteReader& in) {
  switch (static_cast<ClientType>(type)) {
    case ClientType::state:
      return read_client_state(in);
    case ClientType::ask_recovery:
      return AskRecovery{in.little<std::uint32_t>()};
    case ClientType::input:
      return read_client_input(in);
    case ClientType::goodbye:
      return Goodbye{};
    case ClientType::feedback:
      return read_feedback(in);
    case ClientType::ask_shards:
      return read_ask_shards(in);
    case ClientType::pad:
      return read_client_pad(in);
    case ClientType::pad_word_heard:
      return PadWordHeard{in.little<std::uint32_t>()};
  }
  return std::nullopt;
}

bool is_known_host_type(std::uint8_t type) {
  return (type >= static_cast<std::uint8_t>(HostType::state) &&
          type <= static_cast<std::uint8_t>(HostType::video_mark)) ||
         type == static_cast<std::uint8_t>(HostType::pad_word) ||
         type == static_cast<std::uint8_t>(HostType::pointer);
}

std::optional<HostMessage> read_pointer(ByteReader& in) {
  HostPointer pointer;
  pointer.serial = in.little<std::uint32_t>();
  const auto place = in.little<std::uint8_t>();
  pointer.state.place = static_cast<PointerPlace>(place);
  pointer.state.image = in.little<std::uint32_t>();
  pointer.state.x = in.little<std::uint16_t>();
  pointer.state.y = in.little<std::uint16_t>();
  if (place > static_cast<std::uint8_t>(PointerPlace::hidden) || pointer.state.x >= kMaxModeSize ||
      pointer.state.y >= kMaxModeSize)
    return std::nullopt;
  return pointer;
}

std::optional<HostMessage> read_host_message(std::uint8_t type, ByteReader& in) {
  switch (static_cast<HostType>(type)) {
    case HostType::state:
      return read_host_state(in);
    case HostType::goodbye:
      return Goodbye{};
    case HostType::video_mark: {
      const auto newest = in.little<std::uint32_t>();
      return VideoMark{newest, in.little<std::uint32_t>()};
    }
    case HostType::pad_word:
      return read_pad_word(in);
    case HostType::pointer:
      return read_pointer(in);
  }
  return std::nullopt;
}

template <class Messages, class IsKnown, class Read>
Messages decode(ByteView body, IsKnown is_known, Read read) {
  Messages result;
  ByteReader rest{body};
  while (rest.remaining() > 0) {
    const auto type = rest.little<std::uint8_t>();
    const auto length = rest.little<std::uint16_t>();
    ByteReader in{rest.take(length)};
    result.malformed = !rest.ok();
    if (result.malformed) break;
    if (!is_known(type)) continue;
    auto message = read(type, in);
    result.malformed = !message || !in.ok() || in.remaining() > 0;
    if (result.malformed) break;
    result.messages.push_back(*std::move(message));
  }
  return result;
}

}  // namespace

bool append(std::vector<std::byte>& body, const ClientMessage& message, std::size_t limit) {
  const auto* input = std::get_if<ClientInput>(&message);
  if (input != nullptr && !is_carried(input->event)) return false;
  return append_message(body, message, limit);
}
bool append(std::vector<std::byte>& body, const HostMessage& message, std::size_t limit) {
  return append_message(body, message, limit);
}

ClientMessages decode_client_messages(ByteView body) {
  return decode<ClientMessages>(body, is_known_client_type, read_client_message);
}
HostMessages decode_host_messages(ByteView body) {
  return decode<HostMessages>(body, is_known_host_type, read_host_message);
}

}  // namespace lumen::lumen1
