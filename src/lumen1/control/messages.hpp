// lumen1/control: what client and host tell each other on the control stream. Values, and how they become
// frames. docs/protocol/lumen1-control.md draws each of them.
//
// Requests carry a number of the client's and are answered once each: by what was asked for, by Done or by
// Refused. Types that are not known are skipped; a known one that is malformed ends the connection. What a
// later version adds, it adds as new types, or to the known ones once both ends have chosen that version.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/wire.hpp"
#include "crypto/cpace.hpp"
#include "lumen1/control/frame.hpp"
#include "lumen1/control/permissions.hpp"
#include "lumen1/control/reasons.hpp"
#include "media/audio.hpp"
#include "media/clipboard.hpp"
#include "media/encoding.hpp"
#include "media/mode.hpp"
#include "media/pointer.hpp"

namespace lumen::lumen1::control {

inline constexpr std::uint16_t kMinVersion = 1, kMaxVersion = 1;

// Bounds of what may stand in a message. Texts are UTF-8 without control characters; our own are made to fit.
inline constexpr std::size_t kMaxNameBytes = 64, kMaxTextBytes = 512, kMaxApps = 512, kMaxVideoFormats = 12;
inline constexpr std::uint8_t kMaxDisplays = 16;
inline constexpr std::uint16_t kMinDatagramBytes = 576, kMaxDatagramBytes = 9000;  // of UDP payload
inline constexpr std::uint8_t kMaxParityPercent = 200;

using Nonce = std::array<std::byte, 32>;
using Commitment = std::array<std::byte, 32>;
using HostId = std::array<std::byte, 16>;  // random, made once, the same as long as the host is installed
using RequestId = std::uint32_t;           // the client's; not used again while unanswered
using SessionId = std::uint8_t;            // the host's, of one display's stream
using Features = std::uint64_t;            // bits for what may be used when both ends have set it
// The client draws the pointer itself while its state says that the picture is to have none.
inline constexpr Features kPointerApart = 1;

// --- what a stream is

enum class Chroma : std::uint8_t { yuv420 = 0, yuv444 = 1 };
struct VideoFormat {
  Codec codec = Codec::h264;
  std::uint8_t bit_depth = 8;  // 8 or 10
  Chroma chroma = Chroma::yuv420;
  bool operator==(const VideoFormat&) const = default;
};
// Fields of the Leopard codes that an end understands; never none.
inline constexpr std::uint8_t kFecGf8 = 1, kFecGf16 = 2;
struct ParityBounds {  // per cent of a frame's data
  std::uint8_t min_percent = 0, max_percent = 50;
  bool operator==(const ParityBounds&) const = default;
};

// What a client wants of a stream. The host takes what it can, see Stream.
struct StreamWish {
  Mode mode;
  std::vector<VideoFormat> formats;  // in order of preference, 1…kMaxVideoFormats, none twice
  ColorSpace color{};
  std::optional<AudioFormat> audio;  // nothing: no sound
  std::uint8_t fec_fields = kFecGf8 | kFecGf16;
  ParityBounds parity;
  std::uint16_t max_datagram_bytes = 1440;
  std::uint32_t max_bitrate_kbps = 0;  // 0: the host's choice
  bool microphone = false;
  Features features = 0;
  bool operator==(const StreamWish&) const = default;
};

// What was agreed.
struct Stream {
  Mode mode;
  VideoFormat format;
  ColorSpace color{};
  std::optional<AudioFormat> audio;
  std::uint8_t fec_fields = kFecGf8;
  ParityBounds parity;
  std::uint16_t max_datagram_bytes = 1440;
  std::uint32_t max_bitrate_kbps = 0;  // 0: the host's choice
  bool microphone = false;
  Features features = 0;
  bool operator==(const Stream&) const = default;
};

// --- client → host

struct ClientHello {  // the first message
  std::uint16_t min_version = kMinVersion, max_version = kMaxVersion;
  Features features = 0;
  std::string device_name;  // what its owner calls it; not empty
  std::string program;      // name and version, for people
};
struct Ping {
  std::uint64_t sent_ns = 0;  // the client's clock; told back
};
struct PairWithCode {
  crypto::CpaceShare share{};  // Ya
};
struct PairConfirm {
  crypto::CpaceTag tag{};  // Ta
};
struct AskApproval {};
struct ApprovalNonce {
  Nonce nonce{};
};
struct ListApps {
  RequestId request = 0;
};
// One display of an application, which is started when it does not run. Several displays are opened one by
// one.
struct Open {
  RequestId request = 0;
  std::uint32_t app = 0;
  std::uint8_t display = 0;  // below kMaxDisplays
  StreamWish wish;
};
// What is there replaces what was wished for.
struct Change {
  RequestId request = 0;
  SessionId session = 0;
  std::optional<Mode> mode;
  std::optional<std::vector<VideoFormat>> formats;
  std::optional<ColorSpace> color;
  std::optional<std::uint32_t> max_bitrate_kbps;
  struct Sound {
    std::optional<AudioFormat> format;  // nothing: no sound any more
    bool operator==(const Sound&) const = default;
  };
  std::optional<Sound> audio;
  std::optional<bool> microphone;
};
// Neither pictures nor sound are made until Resume; the application runs on.
struct Pause {
  RequestId request = 0;
  SessionId session = 0;
};
struct Resume {
  RequestId request = 0;
  SessionId session = 0;
};
struct Close {
  RequestId request = 0;
  SessionId session = 0;
  bool end_application = false;
};
// All its displays that this device has opened, whoever watches them now.
struct EndApplication {
  RequestId request = 0;
  std::uint32_t app = 0;
};
struct ClientBye {
  ByeReason reason = ByeReason::done;
};
// Text of a clipboard, in either direction; see media/clipboard.hpp. Means nothing without
// Permission::clipboard.
struct SessionClipboardPart {
  SessionId session = 0;
  ClipboardPart part;  // one that is_valid()
};
struct SessionClipboardTaken {
  SessionId session = 0;
  ClipboardTaken taken;
};
using ClientMessage = std::variant<ClientHello, Ping, PairWithCode, PairConfirm, AskApproval, ApprovalNonce,
                                   ListApps, Open, Change, Pause, Resume, Close, EndApplication, ClientBye,
                                   SessionClipboardPart, SessionClipboardTaken>;

// --- host → client

struct HostHello {  // the first message
  std::uint16_t version = kMaxVersion;
  Features features = 0;  // those of both
  std::string name;       // what people call the host
  std::string program;
  HostId id{};
  bool paired = false;       // this device
  Permissions permissions;   // none unless paired
  bool takes_code = false;   // a code is being shown
  bool takes_asking = true;  // devices may ask to be approved
  std::uint64_t clock_ns = 0;
};
struct Pong {
  std::uint64_t sent_ns = 0;                       // the ping's
  std::uint64_t received_ns = 0, answered_ns = 0;  // the host's clock
};
struct PairShare {
  crypto::CpaceShare share{};  // Yb
};
struct PairDone {
  crypto::CpaceTag tag{};  // Tb
  Permissions permissions;
};
struct ApprovalCommitment {
  Commitment commitment{};
};
struct ApprovalPending {  // both ends show the words now
  Nonce nonce{};          // what was committed to
  std::uint32_t expires_after_s = 0;
};
struct Approved {
  Permissions permissions;
};
struct PairingRefused {
  PairingRefusal reason{};
  std::uint32_t retry_after_s = 0;
  std::string text, remedy;
};
struct App {
  std::uint32_t id = 0;
  std::string name;
  bool running = false;
  bool operator==(const App&) const = default;
};
struct Apps {
  RequestId request = 0;
  std::vector<App> apps;  // at most kMaxApps
};
struct Opened {
  RequestId request = 0;
  SessionId session = 0;
  std::uint32_t open_count = 0;  // with the session's number the context of its secret
  Stream stream;
};
struct Changed {
  RequestId request = 0;
  SessionId session = 0;
  Stream stream;
};
struct Done {
  RequestId request = 0;
};
struct Refused {
  RequestId request = 0;
  RefusalReason reason{};
  std::string text, remedy;
};
struct SessionEnded {
  SessionId session = 0;
  EndReason reason{};
  std::string text;
};
struct PermissionsChanged {
  Permissions permissions;
};
// Whether the session's clipboard and the client's may be one: when it begins, and on change.
enum class ClipboardUse : std::uint8_t { works = 1, not_permitted = 2, not_there = 3 };
struct ClipboardState {
  SessionId session = 0;
  ClipboardUse use = ClipboardUse::not_permitted;
  std::string reason;  // for people: why it is not there; empty else
};
// A piece of what the pointer looks like; numbers are told by HostPointer. Pieces of one look come in order.
struct PointerLook {
  SessionId session = 0;
  PointerPiece piece;
};
struct HostBye {
  ByeReason reason{};
  std::string text, remedy;
};
using HostMessage =
    std::variant<HostHello, Pong, PairShare, PairDone, ApprovalCommitment, ApprovalPending, Approved,
                 PairingRefused, Apps, Opened, Changed, Done, Refused, SessionEnded, PermissionsChanged,
                 HostBye, SessionClipboardPart, SessionClipboardTaken, ClipboardState, PointerLook>;

// --- as bytes

// Appends the message as one frame. False, and nothing appended, when the message may not travel: a value out
// of its range is a mistake of ours. Texts and lists are cut to their bounds instead.
[[nodiscard]] bool append(std::vector<std::byte>& out, const ClientMessage& message);
[[nodiscard]] bool append(std::vector<std::byte>& out, const HostMessage& message);

enum class Unreadable : std::uint8_t { unknown_type, malformed };
template <class Message>
using Decoded = std::variant<Message, Unreadable>;
Decoded<ClientMessage> decode_client_message(const FrameView& frame);
Decoded<HostMessage> decode_host_message(const FrameView& frame);

}  // namespace lumen::lumen1::control
