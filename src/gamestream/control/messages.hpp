// lumen/gamestream/control: what the two ends say inside the envelope (spec part 3, section 4), generation 7
// encrypted. Values and their bytes; no state. Every parser is for bytes of a hostile peer.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <variant>

#include "base/wire.hpp"
#include "gamestream/control/input_packets.hpp"

namespace lumen::gamestream::control {

inline constexpr std::size_t kMaxMessageBytes = 96;  // payload of the largest message that Lumen writes

// ---- client → host ----

struct RequestIdr {  // 0x0302
  bool operator==(const RequestIdr&) const = default;
};
struct StartA {  // 0x0305, from clients of older generations
  bool operator==(const StartA&) const = default;
};
struct StartB {  // 0x0307
  bool operator==(const StartB&) const = default;
};
struct Ping {  // 0x0200, ten times a second
  bool operator==(const Ping&) const = default;
};
struct LossStats {  // 0x0201; a stock client of this generation does not send it
  std::uint32_t interval_ms = 50;
  std::uint64_t last_good_frame = 0;
  bool operator==(const LossStats&) const = default;
};
struct FrameStats {  // 0x0204; contents unknown to the spec, never seen
  bool operator==(const FrameStats&) const = default;
};
// 0x0301, an inclusive range of the stream's frame numbers. first ≤ last always: a range that began before
// frame 0 begins at 0. It may hold frames that arrived well, and frames not sent yet.
struct InvalidateReferenceFrames {
  std::uint32_t first_frame = 0, last_frame = 0;
  bool operator==(const InvalidateReferenceFrames&) const = default;
};
struct LongTermReferenceAck {  // 0x0350
  std::uint32_t frame = 0;
  bool operator==(const LongTermReferenceAck&) const = default;
};
struct FrameFecStatus {  // 0x5502 from a client; the only big-endian body
  std::uint32_t frame = 0;
  std::uint16_t highest_received = 0, next_contiguous = 0,
                missing_before_highest = 0;  // RTP sequence numbers
  std::uint16_t total_data = 0, total_parity = 0, received_data = 0, received_parity = 0;  // shards
  std::uint8_t fec_percent = 0, block_index = 0, block_count = 0;
  bool operator==(const FrameFecStatus&) const = default;
};
struct UnknownMessage {  // of a later client: to be ignored
  std::uint16_t type = 0;
  bool operator==(const UnknownMessage&) const = default;
};

// InputPacket is a message of type 0x0206.
using ClientMessage =
    std::variant<RequestIdr, StartA, StartB, Ping, LossStats, FrameStats, InvalidateReferenceFrames,
                 LongTermReferenceAck, FrameFecStatus, InputPacket, UnknownMessage>;

std::uint16_t type_of(const ClientMessage& message);
// Writes the payload; UnknownMessage and FrameStats have none. Test writer.ok() afterwards.
void write_payload(const ClientMessage& message, ByteWriter& writer);
// nullopt: malformed. Bodies without meaning are not looked at.
std::optional<ClientMessage> parse_client_message(std::uint16_t type, ByteView payload);

// ---- host → client ----

// What the client makes of it, section 5.3. Any other code is shown to its user as an error.
enum class TerminationCode : std::uint32_t {
  graceful = 0x8003'0023,
  protected_content = 0x800E'9302,
  frame_conversion = 0x800E'9403,
};
struct Termination {  // 0x0109, big-endian
  std::uint32_t code = static_cast<std::uint32_t>(TerminationCode::graceful);
  bool operator==(const Termination&) const = default;
};
struct Rumble {  // 0x010B; holds until the next one
  std::uint16_t pad = 0, low_frequency = 0, high_frequency = 0;
  bool operator==(const Rumble&) const = default;
};
struct TriggerRumble {  // 0x5500
  std::uint16_t pad = 0, left = 0, right = 0;
  bool operator==(const TriggerRumble&) const = default;
};
struct MotionRequest {  // 0x5501; a rate of 0 stops the sensor
  std::uint16_t pad = 0, rate_hz = 0;
  MotionSensor sensor = MotionSensor::accelerometer;
  bool operator==(const MotionRequest&) const = default;
};
struct PadLed {  // 0x5502 from a host
  std::uint16_t pad = 0;
  std::uint8_t red = 0, green = 0, blue = 0;
  bool operator==(const PadLed&) const = default;
};
struct AdaptiveTriggers {  // 0x5503
  std::uint16_t pad = 0;
  std::uint8_t flags = 0;  // 0x04 right, 0x08 left
  std::uint8_t left_type = 0, right_type = 0;
  std::array<std::byte, 10> left{}, right{};
  bool operator==(const AdaptiveTriggers&) const = default;
};
struct HdrMode {         // 0x010E
  struct Chromaticity {  // × 50 000
    std::uint16_t x = 0, y = 0;
    bool operator==(const Chromaticity&) const = default;
  };
  bool enabled = false;
  Chromaticity red, green, blue, white;
  std::uint16_t max_luminance_nits = 0, min_luminance_per_10000_nit = 0;
  std::uint16_t max_content_light_nits = 0, max_frame_average_nits = 0, max_full_frame_nits = 0;
  bool operator==(const HdrMode&) const = default;
};

using HostMessage = std::variant<Termination, Rumble, TriggerRumble, MotionRequest, PadLed, AdaptiveTriggers,
                                 HdrMode, UnknownMessage>;

std::uint16_t type_of(const HostMessage& message);
void write_payload(const HostMessage& message, ByteWriter& writer);
// As a stock client reads: what is missing at the end is zero. nullopt only for a termination without code.
std::optional<HostMessage> parse_host_message(std::uint16_t type, ByteView payload);

}  // namespace lumen::gamestream::control
