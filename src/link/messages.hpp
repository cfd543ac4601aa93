// lumen/link: what host and session process tell each other, one message a SOCK_SEQPACKET datagram.
// Both decode with the same care as network input: either process may be compromised or of another build.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "base/wire.hpp"
#include "media/audio.hpp"
#include "media/clipboard.hpp"
#include "media/encoding.hpp"
#include "media/input.hpp"
#include "media/mode.hpp"
#include "media/pad.hpp"
#include "media/pointer.hpp"

namespace lumen::link {

// --- host → session
// Which desktop the session shows, and what is to be undone when nobody else can.
struct DesktopWish {
  std::string use = "private";      // "private", "auto", or the name of a backend
  float scale = 1;                  // 0.5…4, of the virtual display
  bool command_is_desktop = false;  // the command is what makes a private desktop one: a person's needs none
  std::string restore_dir;          // absolute; where changes are written down. Empty: none is made
};
inline constexpr float kMinScale = 0.5F, kMaxScale = 4;

// First message, with the ring's memory and doorbell attached as descriptors; with `audio`, those of its
// AudioRing after them.
struct Configure {
  Mode mode;
  std::vector<std::string> command;  // argv of the application
  std::string runtime_dir;           // private to this session
  std::string preset;                // encoder preset; empty: chosen
  std::uint32_t bitrate_kbps = 0;    // 0: from the mode
  bool pointer_drawn = false;
  std::optional<AudioFormat> audio;  // none: the session makes no sound
  DesktopWish desktop;
};
struct SetMode {
  Mode mode;
};
// `apart`: the client draws it, and is told of it anew, as of nothing before: where, and every look. Where
// that cannot be, it is drawn.
struct SetPointer {
  bool drawn = false, apart = false;
  bool operator==(const SetPointer&) const = default;
};
// All pieces of that look have gone to the client: the next one may come.
struct PointerTaken {
  std::uint32_t image = 0;
};
struct RequestIdr {};
struct SetStreaming {  // false: no client; the desktop stays, nothing is converted or encoded, nothing heard
  bool on = false;
};
// How the picture is encoded from the next one on, which is an IDR then. ModeChanged answers it, also when
// nothing had to change.
struct SetEncoding {
  Encoding encoding;
};
// How sound is encoded from the next packet on. Means nothing to a session without sound.
struct SetAudio {
  AudioFormat format;
};
// A packet of the client's microphone, for the session's own source of that name. Packets come unordered,
// each once; where `stream` changes a decoder begins anew.
inline constexpr std::size_t kMaxVoiceBytes = 320;
struct VoicePacket {
  std::uint64_t number = 0;
  std::uint8_t stream = 0;
  std::uint8_t packet_ms = 10;  // 10 or 20
  bool is_copy = false;         // came with a later one's datagram
  std::uint16_t size = 0;
  std::array<std::byte, kMaxVoiceBytes> bytes{};

  ByteView packet() const { return ByteView{bytes}.first(size); }
};
// The picture gets no more than this from the next one on, whatever the encoding says, also after it changes.
// Nothing is opened anew and no IDR made.
struct LimitBitrate {
  std::uint32_t kbps = 0;  // 0: no limit
};
// Whether the client shares the desktop's clipboard: nothing of it is read before, or after it ends.
struct WatchClipboard {
  bool on = false;
};
struct Stop {};
using ToSession = std::variant<Configure, SetMode, SetPointer, RequestIdr, SetStreaming, Stop, InputEvent,
                               SetEncoding, SetAudio, VoicePacket, LimitBitrate, PadEvent, WatchClipboard,
                               ClipboardPart, ClipboardTaken, PointerTaken>;

// --- session → host
struct Ready {  // the application shows its first window and the encoder is open
  std::string encoder, encoder_reason, display, capture;
  bool touch = true, pen = true, text = true;  // what the desktop takes
};
struct ModeChanged {
  Mode mode;
  std::uint32_t encoding_id = 0;  // of the newest SetEncoding that is in force; 0: of none
  std::string encoder, encoder_reason;
  std::uint32_t bitrate_kbps = 0;  // without a limit
};
struct Responding {
  bool yes = true;
};
struct SoundState {    // when it changes, and once at the begin of a session with sound
  std::string reason;  // why nothing is heard; empty: all is well
};
struct DesktopState {  // when it changes
  std::string reason;  // why the picture stands still, and what happens next; empty: it goes on
};
struct ClipboardState {  // answers WatchClipboard{true}, and when it changes while that holds
  bool there = false;
  std::string reason;  // why not
};
struct Ended {  // last message: why
  std::string id, reason;
};
struct SessionStats {                                                // every second
  std::uint64_t cpu_us = 0, encoder_cpu_us = 0, convert_cpu_us = 0;  // since start; encoder: all its threads
  std::uint64_t rss_bytes = 0;
  std::uint64_t frames_captured = 0, frames_encoded = 0, frames_overwritten = 0, idr_count = 0,
                dropped_full = 0;
};
using ToHost =
    std::variant<Ready, ModeChanged, Responding, Ended, SessionStats, SoundState, DesktopState, PadFeedback,
                 ClipboardState, ClipboardPart, ClipboardTaken, PointerState, PointerPiece>;

// A connected SOCK_SEQPACKET socket. Owner: one thread at each end.
inline constexpr std::size_t kMaxMessageBytes = 64U << 10U;
inline constexpr std::size_t kMaxDescriptors = 4;

template <class Message>
struct Received {
  Message message;
  std::vector<UniqueFd> descriptors;
};

// Limits: 64 arguments; an argument, a path and any text at most 4096 bytes, arguments and paths without NUL,
// runtime_dir absolute; modes and audio formats that is_valid(); finite numbers, pressures and distances 0 to
// 1; evdev codes up to KEY_MAX; degrees up to 360 and 90, or unknown; pads as pad.hpp says. A message beyond
// them encodes to nothing. Text for people is clipped instead, and arrives printable (valid UTF-8, no control
// characters), because it goes to logs and terminals.
std::vector<std::byte> encode(const ToSession& message);
std::vector<std::byte> encode(const ToHost& message);
Result<ToSession> decode_to_session(ByteView bytes);  // `link.malformed`
Result<ToHost> decode_to_host(ByteView bytes);

// Sends without blocking; `link.closed` when the other end is gone, `link.full` when its queue is,
// `link.too-large` when the message is beyond the limits above.
Status send(int socket, const ToSession& message, std::span<const int> descriptors = {});
Status send(int socket, const ToHost& message);
// Whether much room is left: what can come later goes only then, so that there is some for what cannot. False
// also where the other end is gone.
bool has_much_room(int socket);
// Non-blocking: nullopt when nothing is there; `link.closed` at end of file; `link.malformed` when it does
// not parse, was cut, or brings more than kMaxDescriptors descriptors (to the host: any). Those are closed
// then.
Result<std::optional<Received<ToSession>>> receive_to_session(int socket);
Result<std::optional<ToHost>> receive_to_host(int socket);

struct SocketPair {
  UniqueFd host, session;
};
Result<SocketPair> make_socket_pair();  // both close-on-exec, non-blocking

}  // namespace lumen::link
