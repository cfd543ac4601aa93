#include "link/messages.hpp"

#include <algorithm>
#include <array>

#include "link/fields.hpp"
#include "link/packet.hpp"
#include "link/pad_fields.hpp"
#include "link/pointer_fields.hpp"

namespace lumen::link {

template <>
inline constexpr std::uint8_t kType<Configure> = 1;
template <>
inline constexpr std::uint8_t kType<SetMode> = 2;
template <>
inline constexpr std::uint8_t kType<RequestIdr> = 4;
template <>
inline constexpr std::uint8_t kType<SetStreaming> = 5;
template <>
inline constexpr std::uint8_t kType<Stop> = 6;
template <>
inline constexpr std::uint8_t kType<SetEncoding> = 7;
template <>
inline constexpr std::uint8_t kType<SetAudio> = 8;
template <>
inline constexpr std::uint8_t kType<VoicePacket> = 9;
template <>
inline constexpr std::uint8_t kType<LimitBitrate> = 10;
template <>
inline constexpr std::uint8_t kType<WatchClipboard> = 12;
template <>  // in both directions
inline constexpr std::uint8_t kType<ClipboardPart> = 48;
template <>
inline constexpr std::uint8_t kType<ClipboardTaken> = 49;
template <>
inline constexpr std::uint8_t kType<PointerMoveTo> = 16;
template <>
inline constexpr std::uint8_t kType<PointerMoveBy> = 17;
template <>
inline constexpr std::uint8_t kType<PointerButton> = 18;
template <>
inline constexpr std::uint8_t kType<Scroll> = 19;
template <>
inline constexpr std::uint8_t kType<Key> = 20;
template <>
inline constexpr std::uint8_t kType<ReleaseAll> = 21;
template <>
inline constexpr std::uint8_t kType<Touch> = 22;
template <>
inline constexpr std::uint8_t kType<Pen> = 23;
template <>
inline constexpr std::uint8_t kType<Character> = 24;
template <>
inline constexpr std::uint8_t kType<Ready> = 64;
template <>
inline constexpr std::uint8_t kType<ModeChanged> = 65;
template <>
inline constexpr std::uint8_t kType<Responding> = 66;
template <>
inline constexpr std::uint8_t kType<Ended> = 67;
template <>
inline constexpr std::uint8_t kType<SessionStats> = 68;
template <>
inline constexpr std::uint8_t kType<ClipboardState> = 79;
template <>
inline constexpr std::uint8_t kType<SoundState> = 69;
template <>
inline constexpr std::uint8_t kType<DesktopState> = 70;

// --- no two messages of one direction have one type

template <class Message>
struct Types {
  static constexpr std::size_t count = 1;
  static constexpr void mark(std::array<bool, 256>& seen) { seen[kType<Message>] = true; }
};
template <class... Messages>
struct Types<std::variant<Messages...>> {
  static constexpr std::size_t count = (Types<Messages>::count + ...);
  static constexpr void mark(std::array<bool, 256>& seen) { (Types<Messages>::mark(seen), ...); }
};
template <class Messages>
constexpr bool all_types_differ() {
  std::array<bool, 256> seen{};
  Types<Messages>::mark(seen);
  return static_cast<std::size_t>(std::ranges::count(seen, true)) == Types<Messages>::count;
}
static_assert(all_types_differ<ToSession>() && all_types_differ<ToHost>());

// NOLINTBEGIN(misc-use-anonymous-namespace): found by their arguments, which looks into none
static void fields(auto& io, Is<Configure> auto& m) {
  io.mode(m.mode);
  io.arguments(m.command);
  io.path(m.runtime_dir);
  io.exact(m.preset);
  io.number(m.bitrate_kbps);
  io.flag(m.pointer_drawn);
  io.audio(m.audio);
  io.exact(m.desktop.use);
  io.within(m.desktop.scale, kMinScale, kMaxScale);
  io.flag(m.desktop.command_is_desktop);
  io.path_or_none(m.desktop.restore_dir);
}
static void fields(auto& io, Is<SetMode> auto& m) { io.mode(m.mode); }
static void fields(auto& io, Is<SetStreaming> auto& m) { io.flag(m.on); }
static void fields(auto& io, Is<SetEncoding> auto& m) {
  auto& encoding = m.encoding;
  io.choice(encoding.codec, Codec::h264, Codec::av1);
  io.choice(encoding.color.matrix, ColorMatrix::bt601, ColorMatrix::bt709);
  io.choice(encoding.color.range, ColorRange::limited, ColorRange::full);
  io.up_to(encoding.bitrate_kbps, kMaxBitrateKbps);
  io.up_to(encoding.slices, kMaxSlices);
  io.up_to(encoding.max_references, kMaxReferences);
  io.number(encoding.id);
}
static void fields(auto& io, Is<SetAudio> auto& m) { io.audio(m.format); }
static void fields(auto& io, Is<VoicePacket> auto& m) {
  io.number(m.number);
  io.number(m.stream);
  io.packet_ms(m.packet_ms);
  io.flag(m.is_copy);
  io.block(m.bytes, m.size);
}
static void fields(auto& io, Is<LimitBitrate> auto& m) { io.up_to(m.kbps, kMaxBitrateKbps); }
static void fields(auto& io, Is<WatchClipboard> auto& m) { io.flag(m.on); }
static void fields(auto& io, Is<ClipboardPart> auto& m) {
  io.number(m.transfer);
  io.number(m.total);
  io.number(m.offset);
  io.block(m.bytes, kMaxClipboardPart);
  io.require(is_valid(m));
}
static void fields(auto& io, Is<ClipboardTaken> auto& m) {
  io.number(m.transfer);
  io.number(m.received);
}
static void fields(auto& io, Is<PointerMoveTo> auto& m) {
  io.number(m.x);
  io.number(m.y);
}
static void fields(auto& io, Is<PointerMoveBy> auto& m) {
  io.real(m.dx);
  io.real(m.dy);
}
static void fields(auto& io, Is<PointerButton> auto& m) {
  io.evdev_code(m.evdev_code);
  io.flag(m.pressed);
}
static void fields(auto& io, Is<Scroll> auto& m) {
  io.signed16(m.vertical_v120);
  io.signed16(m.horizontal_v120);
}
static void fields(auto& io, Is<Key> auto& m) {
  io.evdev_code(m.evdev_code);
  io.flag(m.pressed);
}
static void fields(auto& io, Is<Touch> auto& m) {
  io.choice(m.phase, TouchPhase::down, TouchPhase::cancel);
  io.number(m.id);
  io.number(m.x);
  io.number(m.y);
  io.share(m.pressure);
}
static void fields(auto& io, Is<Pen> auto& m) {
  io.choice(m.place, PenPlace::away, PenPlace::touching);
  io.choice(m.tool, PenTool::pen, PenTool::eraser);
  io.up_to(m.buttons, kPenPrimary | kPenSecondary | kPenTertiary);
  io.number(m.x);
  io.number(m.y);
  io.share(m.pressure);
  io.share(m.distance);
  io.up_to_or(m.rotation_degrees, 360, kUnknownPenRotation);
  io.up_to_or(m.tilt_degrees, 90, kUnknownPenTilt);
}
static void fields(auto& io, Is<Character> auto& m) { io.character(m.code_point); }
static void fields(auto& io, Is<Ready> auto& m) {
  io.prose(m.encoder);
  io.prose(m.encoder_reason);
  io.prose(m.display);
  io.prose(m.capture);
  io.flag(m.touch);
  io.flag(m.pen);
  io.flag(m.text);
}
static void fields(auto& io, Is<ModeChanged> auto& m) {
  io.mode(m.mode);
  io.number(m.encoding_id);
  io.prose(m.encoder);
  io.prose(m.encoder_reason);
  io.up_to(m.bitrate_kbps, kMaxBitrateKbps);
}
static void fields(auto& io, Is<Responding> auto& m) { io.flag(m.yes); }
static void fields(auto& io, Is<Ended> auto& m) {
  io.prose(m.id);
  io.prose(m.reason);
}
static void fields(auto& io, Is<ClipboardState> auto& m) {
  io.flag(m.there);
  io.prose(m.reason);
}
static void fields(auto& io, Is<SoundState> auto& m) { io.prose(m.reason); }
static void fields(auto& io, Is<DesktopState> auto& m) { io.prose(m.reason); }
static void fields(auto& io, Is<SessionStats> auto& m) {
  io.number(m.cpu_us);
  io.number(m.encoder_cpu_us);
  io.number(m.convert_cpu_us);
  io.number(m.rss_bytes);
  io.number(m.frames_captured);
  io.number(m.frames_encoded);
  io.number(m.frames_overwritten);
  io.number(m.idr_count);
  io.number(m.dropped_full);
}
// NOLINTEND(misc-use-anonymous-namespace)

namespace {

template <class Any>
Result<Any> decode(ByteView bytes) {
  if (bytes.size() <= kMaxMessageBytes) {
    if (auto message = read_message<Any>(bytes)) return std::move(*message);
  }
  return malformed_packet("the other process sent a message that makes no sense");
}

using MessageBuffer = std::array<std::byte, kMaxMessageBytes>;

template <class Any>
std::vector<std::byte> encode_copy(const Any& message) {
  MessageBuffer buffer;
  const auto bytes = write_message(buffer, message);
  return {bytes.begin(), bytes.end()};
}

}  // namespace

std::vector<std::byte> encode(const ToSession& message) { return encode_copy(message); }
std::vector<std::byte> encode(const ToHost& message) { return encode_copy(message); }
Result<ToSession> decode_to_session(ByteView bytes) { return decode<ToSession>(bytes); }
Result<ToHost> decode_to_host(ByteView bytes) { return decode<ToHost>(bytes); }

Status send(int socket, const ToSession& message, std::span<const int> descriptors) {
  MessageBuffer buffer;
  return send_packet(socket, write_message(buffer, message), descriptors);
}

Status send(int socket, const ToHost& message) {
  MessageBuffer buffer;
  return send_packet(socket, write_message(buffer, message), {});
}

Result<std::optional<Received<ToSession>>> receive_to_session(int socket) {
  MessageBuffer buffer;
  std::vector<UniqueFd> descriptors;
  LUMEN_TRY(const auto bytes, receive_packet(socket, buffer, descriptors));
  if (!bytes) return std::nullopt;
  LUMEN_TRY(auto message, decode_to_session(*bytes));
  return Received<ToSession>{std::move(message), std::move(descriptors)};
}

Result<std::optional<ToHost>> receive_to_host(int socket) {
  MessageBuffer buffer;
  std::vector<UniqueFd> descriptors;
  LUMEN_TRY(const auto bytes, receive_packet(socket, buffer, descriptors));
  if (!bytes) return std::nullopt;
  if (!descriptors.empty()) return malformed_packet("the session sent descriptors, which it never should");
  LUMEN_TRY(auto message, decode_to_host(*bytes));
  return message;
}

}  // namespace lumen::link
