// lumen/lumen1: what client and host tell each other inside sealed datagrams, beside video. Sans-I/O.
// A body is one or more messages: u8 type | u16 length | bytes. Unknown types are skipped, so that old and
// new talk; a malformed one ends the body (the rest is dropped and counted by the caller). A known type has
// exactly the length that its fields need: what a later version adds, it adds as a new type.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/wire.hpp"
#include "flow/parity_control.hpp"
#include "lumen1/pad_messages.hpp"
#include "media/input.hpp"
#include "media/mode.hpp"
#include "media/pointer.hpp"

namespace lumen::lumen1 {

// --- client → host
// Repeated every 100 ms: what the client wants and what it measured since the last one.
struct ClientState {
  Mode mode;
  bool pointer_drawn = false;
  std::uint32_t ping = 0;           // echoed in HostState
  std::uint32_t round_trip_us = 0;  // the client's estimate, 0: none yet
};
// What the client measured, every 25 ms while video flows and every 100 ms otherwise. Counts that grow wrap
// around: a report that is lost is made good by the next one. The loss is since the last report.
struct Feedback {
  std::uint32_t sequence = 0;              // 1, 2, 3 …; echoed in VideoMark
  std::uint32_t clock_us = 0;              // the client's steady clock when this was written, low 32 bits
  std::uint32_t datagrams = 0, bytes = 0;  // received, of all kinds, since the connection began
  std::uint32_t newest_frame = 0;          // low 32 bits of the newest frame of which anything came
  std::uint64_t newest_packet = 0;         // highest packet number received
  // How much longer than at best datagrams of video were under way, since the last report: the newest one,
  // the fastest, the slowest. All kNoDelay when there was none.
  std::uint32_t queue_last_us = kNoDelay, queue_least_us = kNoDelay, queue_most_us = kNoDelay;
  LossReport loss;  // runs <= lost <= expected
  static constexpr std::uint32_t kNoDelay = UINT32_MAX;
  bool has_delay() const { return queue_last_us != kNoDelay; }
};
// Shards of one frame that did not come and can still be used. The host sends them again, once or more.
struct AskShards {
  static constexpr std::size_t kMaxRanges = 24;
  struct Range {
    std::uint16_t first = 0, last = 0;
    bool operator==(const Range&) const = default;
  };
  std::uint32_t frame = 0;                 // low 32 bits
  std::uint8_t attempt = 1;                // 1…255
  std::uint8_t count = 0;                  // of ranges; 0: nothing of the frame came: all its data
  std::array<Range, kMaxRanges> ranges{};  // of data shards, ascending, apart from each other
};
struct AskRecovery {
  std::uint32_t broken_frame = 0;  // low 32 bits of the newest frame that cannot be decoded
};
// Edges (buttons, keys) are numbered and repeated until HostState acknowledges them: none is lost, none comes
// twice, and they stay in order. Motion is sent once, with sequence 0; a place that was overtaken is dropped.
struct ClientInput {
  std::uint32_t sequence = 0;
  InputEvent event;  // one that is_carried()
};
// Fingers and pens are not: the protocol has no message for them.
inline bool is_carried(const InputEvent& event) {
  return !std::holds_alternative<Touch>(event) && !std::holds_alternative<Pen>(event) &&
         !std::holds_alternative<Character>(event);
}
struct Goodbye {};
using ClientMessage = std::variant<ClientState, AskRecovery, ClientInput, Goodbye, Feedback, AskShards,
                                   ClientPad, PadWordHeard>;

// --- host → client
enum class StreamState : std::uint8_t {
  starting = 1,  // the session process is coming up
  streaming = 2,
  interrupted = 3,  // it died or hangs; being restarted: `reason` says why
  ended = 4,        // for good: `reason` says why
};
// Repeated every 100 ms and on change.
struct HostState {
  StreamState state = StreamState::starting;
  Mode mode;  // all zero while there is none yet
  std::uint32_t pong = 0;
  std::uint32_t input_acknowledged = 0;  // highest edge sequence such that all up to it were delivered
  std::string reason;                    // for people; empty when all is well
  std::string encoder, encoder_reason, display, capture;  // for people
};
// Answers Feedback: up to where video was sent, so that a loss is noticed which nothing follows.
struct VideoMark {
  std::uint32_t newest_frame =
      0;  // low 32 bits of the newest frame that has left whole; 0: none on this connection
  std::uint32_t feedback = 0;  // sequence of the newest Feedback
};
// Where the pointer is, on change and with each HostState: only to a client with which kPointerApart was
// agreed. Its looks come over the control connection.
struct HostPointer {
  std::uint32_t serial = 0;  // grows with each change; one that is not newer is dropped
  PointerState state;
};
using HostMessage = std::variant<HostState, Goodbye, VideoMark, PadWord, HostPointer>;

// Texts of a peer may have this many bytes, of UTF-8 without control characters. Our own are made to fit when
// they are written (see text.hpp): a reason to kMaxTextBytes, the others to kMaxNameBytes, so that a
// HostState always fits in one datagram.
inline constexpr std::size_t kMaxTextBytes = 512, kMaxNameBytes = 192;
inline constexpr float kMaxPointerStep = 1e5F;  // desktop pixels; own steps are clamped, a peer's refused
inline constexpr std::uint16_t kMaxEvdevCode = 0x2FF;  // KEY_MAX

// Append one message to `body`; false when `body` would exceed `limit` bytes or the protocol has no message
// for it (nothing is appended then).
bool append(std::vector<std::byte>& body, const ClientMessage& message, std::size_t limit);
bool append(std::vector<std::byte>& body, const HostMessage& message, std::size_t limit);

// All messages of a body that this version knows; `malformed` is set when it ended early.
struct ClientMessages {
  std::vector<ClientMessage> messages;
  bool malformed = false;
};
struct HostMessages {
  std::vector<HostMessage> messages;
  bool malformed = false;
};
ClientMessages decode_client_messages(ByteView body);
HostMessages decode_host_messages(ByteView body);

}  // namespace lumen::lumen1
