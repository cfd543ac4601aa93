#include "gamestream/control/messages.hpp"

#include <algorithm>
#include <type_traits>

namespace lumen::gamestream::control {
namespace {

namespace type {
constexpr std::uint16_t kPing = 0x0200, kLossStats = 0x0201, kFrameStats = 0x0204, kInput = 0x0206;
constexpr std::uint16_t kInvalidate = 0x0301, kRequestIdr = 0x0302, kStartA = 0x0305, kStartB = 0x0307;
constexpr std::uint16_t kLongTermReferenceAck = 0x0350, kFecStatus = 0x5502;
constexpr std::uint16_t kTermination = 0x0109, kRumble = 0x010B, kHdrMode = 0x010E;
constexpr std::uint16_t kTriggerRumble = 0x5500, kMotionRequest = 0x5501, kPadLed = 0x5502,
                        kTriggers = 0x5503;
}  // namespace type

constexpr std::uint8_t kLossStatsTail = 0x14;
constexpr std::uint16_t kShortGraceful = 0x0100;  // the two-byte termination of older hosts

template <class... Cases>
struct Overload : Cases... {
  using Cases::operator()...;
};

// ---- reading, client → host ----

std::optional<ClientMessage> parse_loss_stats(ByteReader reader) {
  if (reader.remaining() != 32) return std::nullopt;
  LossStats stats;
  reader.take(4);
  stats.interval_ms = reader.little<std::uint32_t>();
  reader.take(4);
  stats.last_good_frame = reader.little<std::uint64_t>();
  return stats;
}

std::optional<ClientMessage> parse_invalidate(ByteReader reader) {
  if (reader.remaining() != 24) return std::nullopt;
  InvalidateReferenceFrames range;
  range.first_frame = reader.little<std::uint32_t>();
  reader.take(4);
  range.last_frame = reader.little<std::uint32_t>();
  // A client that asks for "the last 32 frames" near the stream's start counts below 0.
  if (range.first_frame > range.last_frame) range.first_frame = 0;
  return range;
}

std::optional<ClientMessage> parse_fec_status(ByteReader reader) {
  if (reader.remaining() != 21) return std::nullopt;
  FrameFecStatus status;
  status.frame = reader.big<std::uint32_t>();
  for (auto* field :
       {&status.highest_received, &status.next_contiguous, &status.missing_before_highest, &status.total_data,
        &status.total_parity, &status.received_data, &status.received_parity}) {
    *field = reader.big<std::uint16_t>();
  }
  for (auto* field : {&status.fec_percent, &status.block_index, &status.block_count}) {
    *field = reader.big<std::uint8_t>();
  }
  return status;
}

// ---- reading, host → client ----

std::optional<HostMessage> parse_termination(ByteReader reader) {
  if (reader.remaining() >= 4) return Termination{reader.big<std::uint32_t>()};
  if (reader.remaining() != 2) return std::nullopt;
  const auto reason = reader.little<std::uint16_t>();
  if (reason == kShortGraceful) return Termination{};
  return Termination{reason};
}

HostMessage parse_rumble(ByteReader reader) {
  reader.take(4);
  Rumble rumble;
  for (auto* field : {&rumble.pad, &rumble.low_frequency, &rumble.high_frequency}) {
    *field = reader.little<std::uint16_t>();
  }
  return rumble;
}

HostMessage parse_trigger_rumble(ByteReader reader) {
  TriggerRumble rumble;
  for (auto* field : {&rumble.pad, &rumble.left, &rumble.right}) *field = reader.little<std::uint16_t>();
  return rumble;
}

HostMessage parse_motion_request(ByteReader reader) {
  MotionRequest request;
  request.pad = reader.little<std::uint16_t>();
  request.rate_hz = reader.little<std::uint16_t>();
  request.sensor = static_cast<MotionSensor>(reader.little<std::uint8_t>());
  return request;
}

HostMessage parse_led(ByteReader reader) {
  PadLed led;
  led.pad = reader.little<std::uint16_t>();
  for (auto* field : {&led.red, &led.green, &led.blue}) *field = reader.little<std::uint8_t>();
  return led;
}

HostMessage parse_triggers(ByteReader reader) {
  AdaptiveTriggers triggers;
  triggers.pad = reader.little<std::uint16_t>();
  for (auto* field : {&triggers.flags, &triggers.left_type, &triggers.right_type}) {
    *field = reader.little<std::uint8_t>();
  }
  std::ranges::copy(reader.take(triggers.left.size()), triggers.left.begin());
  std::ranges::copy(reader.take(triggers.right.size()), triggers.right.begin());
  return triggers;
}

HostMessage parse_hdr(ByteReader reader) {
  HdrMode mode;
  mode.enabled = reader.little<std::uint8_t>() != 0;
  for (auto* point : {&mode.red, &mode.green, &mode.blue, &mode.white}) {
    point->x = reader.little<std::uint16_t>();
    point->y = reader.little<std::uint16_t>();
  }
  for (auto* field :
       {&mode.max_luminance_nits, &mode.min_luminance_per_10000_nit, &mode.max_content_light_nits,
        &mode.max_frame_average_nits, &mode.max_full_frame_nits}) {
    *field = reader.little<std::uint16_t>();
  }
  return mode;
}

// ---- writing ----

void put_zeros(ByteWriter& writer, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) writer.little(std::uint8_t{0});
}

void write_loss_stats(const LossStats& stats, ByteWriter& writer) {
  writer.little(std::uint32_t{0});
  writer.little(stats.interval_ms);
  writer.little(std::uint32_t{1000});
  writer.little(stats.last_good_frame);
  writer.little(std::uint32_t{0});
  writer.little(std::uint32_t{0});
  writer.little(std::uint32_t{kLossStatsTail});
}

void write_invalidate(const InvalidateReferenceFrames& range, ByteWriter& writer) {
  writer.little(range.first_frame);
  put_zeros(writer, 4);
  writer.little(range.last_frame);
  put_zeros(writer, 12);
}

void write_fec_status(const FrameFecStatus& status, ByteWriter& writer) {
  writer.big(status.frame);
  for (const auto field :
       {status.highest_received, status.next_contiguous, status.missing_before_highest, status.total_data,
        status.total_parity, status.received_data, status.received_parity}) {
    writer.big(field);
  }
  for (const auto field : {status.fec_percent, status.block_index, status.block_count}) writer.big(field);
}

void write_triggers(const AdaptiveTriggers& triggers, ByteWriter& writer) {
  writer.little(triggers.pad);
  for (const auto field : {triggers.flags, triggers.left_type, triggers.right_type}) writer.little(field);
  writer.put(triggers.left);
  writer.put(triggers.right);
}

void write_hdr(const HdrMode& mode, ByteWriter& writer) {
  writer.little(static_cast<std::uint8_t>(mode.enabled));
  for (const auto& point : {mode.red, mode.green, mode.blue, mode.white}) {
    writer.little(point.x);
    writer.little(point.y);
  }
  for (const auto field :
       {mode.max_luminance_nits, mode.min_luminance_per_10000_nit, mode.max_content_light_nits,
        mode.max_frame_average_nits, mode.max_full_frame_nits}) {
    writer.little(field);
  }
}

}  // namespace

std::uint16_t type_of(const ClientMessage& message) {
  return std::visit(
      Overload{[](const RequestIdr&) { return type::kRequestIdr; },
               [](const StartA&) { return type::kStartA; }, [](const StartB&) { return type::kStartB; },
               [](const Ping&) { return type::kPing; }, [](const LossStats&) { return type::kLossStats; },
               [](const FrameStats&) { return type::kFrameStats; },
               [](const InvalidateReferenceFrames&) { return type::kInvalidate; },
               [](const LongTermReferenceAck&) { return type::kLongTermReferenceAck; },
               [](const FrameFecStatus&) { return type::kFecStatus; },
               [](const InputPacket&) { return type::kInput; },
               [](const UnknownMessage& unknown) { return unknown.type; }},
      message);
}

void write_payload(const ClientMessage& message, ByteWriter& writer) {
  std::visit(
      Overload{[&](const RequestIdr&) { put_zeros(writer, 2); }, [&](const StartA&) { put_zeros(writer, 2); },
               [&](const StartB&) { put_zeros(writer, 1); },
               [&](const Ping&) {
                 writer.little(std::uint16_t{4});
                 put_zeros(writer, 6);
               },
               [&](const LossStats& stats) { write_loss_stats(stats, writer); }, [](const FrameStats&) {},
               [&](const InvalidateReferenceFrames& range) { write_invalidate(range, writer); },
               [&](const LongTermReferenceAck& ack) {
                 writer.little(ack.frame);
                 put_zeros(writer, 4);
               },
               [&](const FrameFecStatus& status) { write_fec_status(status, writer); },
               [&](const InputPacket& input) { write_input(input, writer); }, [](const UnknownMessage&) {}},
      message);
}

std::optional<ClientMessage> parse_client_message(std::uint16_t type, ByteView payload) {
  const ByteReader reader{payload};
  switch (type) {
    case type::kRequestIdr:
      return RequestIdr{};
    case type::kStartA:
      return StartA{};
    case type::kStartB:
      return StartB{};
    case type::kPing:
      return Ping{};
    case type::kFrameStats:
      return FrameStats{};
    case type::kLossStats:
      return parse_loss_stats(reader);
    case type::kInvalidate:
      return parse_invalidate(reader);
    case type::kFecStatus:
      return parse_fec_status(reader);
    case type::kLongTermReferenceAck:
      if (payload.size() != 8) return std::nullopt;
      return LongTermReferenceAck{ByteReader{payload}.little<std::uint32_t>()};
    case type::kInput:
      if (auto input = parse_input(payload)) return *input;
      return std::nullopt;
    default:
      return UnknownMessage{type};
  }
}

std::uint16_t type_of(const HostMessage& message) {
  return std::visit(Overload{[](const Termination&) { return type::kTermination; },
                             [](const Rumble&) { return type::kRumble; },
                             [](const TriggerRumble&) { return type::kTriggerRumble; },
                             [](const MotionRequest&) { return type::kMotionRequest; },
                             [](const PadLed&) { return type::kPadLed; },
                             [](const AdaptiveTriggers&) { return type::kTriggers; },
                             [](const HdrMode&) { return type::kHdrMode; },
                             [](const UnknownMessage& unknown) { return unknown.type; }},
                    message);
}

void write_payload(const HostMessage& message, ByteWriter& writer) {
  const auto words = [&writer](auto... values) { (writer.little(values), ...); };
  std::visit(Overload{[&](const Termination& end) { writer.big(end.code); },
                      [&](const Rumble& rumble) {
                        words(std::uint32_t{0}, rumble.pad, rumble.low_frequency, rumble.high_frequency);
                      },
                      [&](const TriggerRumble& rumble) { words(rumble.pad, rumble.left, rumble.right); },
                      [&](const MotionRequest& request) {
                        words(request.pad, request.rate_hz, static_cast<std::uint8_t>(request.sensor));
                      },
                      [&](const PadLed& led) { words(led.pad, led.red, led.green, led.blue); },
                      [&](const AdaptiveTriggers& triggers) { write_triggers(triggers, writer); },
                      [&](const HdrMode& mode) { write_hdr(mode, writer); }, [](const UnknownMessage&) {}},
             message);
}

std::optional<HostMessage> parse_host_message(std::uint16_t type, ByteView payload) {
  if (type == type::kTermination) return parse_termination(ByteReader{payload});
  std::array<std::byte, kMaxMessageBytes> filled{};
  std::ranges::copy(payload.first(std::min(payload.size(), filled.size())), filled.begin());
  const ByteReader reader{filled};
  switch (type) {
    case type::kRumble:
      return parse_rumble(reader);
    case type::kTriggerRumble:
      return parse_trigger_rumble(reader);
    case type::kMotionRequest:
      return parse_motion_request(reader);
    case type::kPadLed:
      return parse_led(reader);
    case type::kTriggers:
      return parse_triggers(reader);
    case type::kHdrMode:
      return parse_hdr(reader);
    default:
      return UnknownMessage{type};
  }
}

}  // namespace lumen::gamestream::control
