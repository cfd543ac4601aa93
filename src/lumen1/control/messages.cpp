#include "lumen1/control/messages.hpp"

#include <set>
#include <tuple>

#include "lumen1/control/fields.hpp"

namespace lumen::lumen1::control {
namespace {

// On the wire for ever; docs/protocol/lumen1-control.md draws each.
template <class Message>
constexpr std::uint16_t kType = 0;
template <>
constexpr std::uint16_t kType<ClientHello> = 0x01;
template <>
constexpr std::uint16_t kType<Ping> = 0x02;
template <>
constexpr std::uint16_t kType<ClientBye> = 0x03;
template <>
constexpr std::uint16_t kType<PairWithCode> = 0x10;
template <>
constexpr std::uint16_t kType<PairConfirm> = 0x11;
template <>
constexpr std::uint16_t kType<AskApproval> = 0x12;
template <>
constexpr std::uint16_t kType<ApprovalNonce> = 0x13;
template <>
constexpr std::uint16_t kType<ListApps> = 0x20;
template <>
constexpr std::uint16_t kType<Open> = 0x21;
template <>
constexpr std::uint16_t kType<Change> = 0x22;
template <>
constexpr std::uint16_t kType<Pause> = 0x23;
template <>
constexpr std::uint16_t kType<Resume> = 0x24;
template <>
constexpr std::uint16_t kType<Close> = 0x25;
template <>
constexpr std::uint16_t kType<EndApplication> = 0x26;
template <>  // in both directions
constexpr std::uint16_t kType<SessionClipboardPart> = 0x30;
template <>
constexpr std::uint16_t kType<SessionClipboardTaken> = 0x31;
template <>
constexpr std::uint16_t kType<HostHello> = 0x81;
template <>
constexpr std::uint16_t kType<Pong> = 0x82;
template <>
constexpr std::uint16_t kType<HostBye> = 0x83;
template <>
constexpr std::uint16_t kType<PairShare> = 0x90;
template <>
constexpr std::uint16_t kType<PairDone> = 0x91;
template <>
constexpr std::uint16_t kType<ApprovalCommitment> = 0x92;
template <>
constexpr std::uint16_t kType<ApprovalPending> = 0x93;
template <>
constexpr std::uint16_t kType<Approved> = 0x94;
template <>
constexpr std::uint16_t kType<PairingRefused> = 0x95;
template <>
constexpr std::uint16_t kType<Apps> = 0xA0;
template <>
constexpr std::uint16_t kType<Opened> = 0xA1;
template <>
constexpr std::uint16_t kType<Changed> = 0xA2;
template <>
constexpr std::uint16_t kType<Done> = 0xA3;
template <>
constexpr std::uint16_t kType<Refused> = 0xA4;
template <>
constexpr std::uint16_t kType<SessionEnded> = 0xA5;
template <>
constexpr std::uint16_t kType<PermissionsChanged> = 0xA6;
template <>
constexpr std::uint16_t kType<ClipboardState> = 0xA7;

template <>
constexpr std::uint16_t kType<PointerLook> = 0xB0;

// --- parts

void mode_fields(auto& io, Is<Mode> auto& mode) {
  io.number(mode.width);
  io.number(mode.height);
  io.number(mode.refresh_mhz);
  io.check(is_valid(mode));
}
void format_fields(auto& io, Is<VideoFormat> auto& format) {
  io.choice(format.codec, Codec::h264, Codec::av1);
  io.number(format.bit_depth);
  io.check(format.bit_depth == 8 || format.bit_depth == 10);
  io.choice(format.chroma, Chroma::yuv420, Chroma::yuv444);
}
bool are_different(const std::vector<VideoFormat>& formats) {
  std::set<std::tuple<Codec, std::uint8_t, Chroma>> seen;
  return std::ranges::all_of(formats, [&](const auto& each) {
    return seen.emplace(each.codec, each.bit_depth, each.chroma).second;
  });
}
void formats_fields(auto& io, auto& formats) {
  io.list(formats, 1, kMaxVideoFormats, [&](auto& each) { format_fields(io, each); });
  io.check(are_different(formats));
}
void color_fields(auto& io, Is<ColorSpace> auto& color) {
  io.choice(color.matrix, ColorMatrix::bt601, ColorMatrix::bt709);
  io.choice(color.range, ColorRange::limited, ColorRange::full);
}
void audio_fields(auto& io, auto& audio) {
  io.maybe(audio, [&](auto& format) {
    io.number(format.channels);
    io.choice(format.quality, AudioQuality::normal, AudioQuality::high);
    io.number(format.packet_ms);
    io.check(is_valid(format));
  });
}
void bitrate_field(auto& io, auto& kbps) { io.within(kbps, 0, kMaxBitrateKbps); }
// What a wish and a stream have in common, after the video format.
void stream_fields(auto& io, auto& stream) {
  color_fields(io, stream.color);
  audio_fields(io, stream.audio);
  io.within(stream.fec_fields, kFecGf8, kFecGf8 | kFecGf16);
  io.within(stream.parity.min_percent, 0, kMaxParityPercent);
  io.within(stream.parity.max_percent, 0, kMaxParityPercent);
  io.check(stream.parity.min_percent <= stream.parity.max_percent);
  io.within(stream.max_datagram_bytes, kMinDatagramBytes, kMaxDatagramBytes);
  bitrate_field(io, stream.max_bitrate_kbps);
  io.flag(stream.microphone);
  io.number(stream.features);
}
void fields(auto& io, Is<StreamWish> auto& wish) {
  mode_fields(io, wish.mode);
  formats_fields(io, wish.formats);
  stream_fields(io, wish);
}
void fields(auto& io, Is<Stream> auto& stream) {
  mode_fields(io, stream.mode);
  format_fields(io, stream.format);
  stream_fields(io, stream);
}

// --- client → host

void fields(auto& io, Is<ClientHello> auto& m) {
  io.number(m.min_version);
  io.number(m.max_version);
  io.check(m.min_version <= m.max_version);
  io.number(m.features);
  io.name(m.device_name);
  io.text(m.program, kMaxNameBytes);
}
void fields(auto& io, Is<Ping> auto& m) { io.number(m.sent_ns); }
void fields(auto& io, Is<ClientBye> auto& m) { io.reason(m.reason); }
void fields(auto& io, Is<PairWithCode> auto& m) { io.bytes(m.share); }
void fields(auto& io, Is<PairConfirm> auto& m) { io.bytes(m.tag); }
void fields(auto&, Is<AskApproval> auto&) {}
void fields(auto& io, Is<ApprovalNonce> auto& m) { io.bytes(m.nonce); }
void fields(auto& io, Is<ListApps> auto& m) { io.number(m.request); }
void fields(auto& io, Is<Open> auto& m) {
  io.number(m.request);
  io.number(m.app);
  io.within(m.display, 0, kMaxDisplays - 1);
  fields(io, m.wish);
}
void fields(auto& io, Is<Change> auto& m) {
  io.number(m.request);
  io.number(m.session);
  io.maybe(m.mode, [&](auto& each) { mode_fields(io, each); });
  io.maybe(m.formats, [&](auto& each) { formats_fields(io, each); });
  io.maybe(m.color, [&](auto& each) { color_fields(io, each); });
  io.maybe(m.max_bitrate_kbps, [&](auto& each) { bitrate_field(io, each); });
  io.maybe(m.audio, [&](auto& each) { audio_fields(io, each.format); });
  io.maybe(m.microphone, [&](auto& each) { io.flag(each); });
}
template <class M>
concept NamesSession = Is<M, Pause> || Is<M, Resume>;
void fields(auto& io, NamesSession auto& m) {
  io.number(m.request);
  io.number(m.session);
}
void fields(auto& io, Is<EndApplication> auto& m) {
  io.number(m.request);
  io.number(m.app);
}
void fields(auto& io, Is<Close> auto& m) {
  io.number(m.request);
  io.number(m.session);
  io.flag(m.end_application);
}

void fields(auto& io, Is<SessionClipboardPart> auto& m) {
  io.number(m.session);
  io.number(m.part.transfer);
  io.number(m.part.total);
  io.number(m.part.offset);
  io.block(m.part.bytes, kMaxClipboardPart);
  io.check(is_valid(m.part));
}
void fields(auto& io, Is<SessionClipboardTaken> auto& m) {
  io.number(m.session);
  io.number(m.taken.transfer);
  io.number(m.taken.received);
}

// --- host → client

void fields(auto& io, Is<HostHello> auto& m) {
  io.number(m.version);
  io.number(m.features);
  io.name(m.name);
  io.text(m.program, kMaxNameBytes);
  io.bytes(m.id);
  io.flag(m.paired);
  io.permissions(m.permissions);
  io.flag(m.takes_code);
  io.flag(m.takes_asking);
  io.number(m.clock_ns);
}
void fields(auto& io, Is<Pong> auto& m) {
  io.number(m.sent_ns);
  io.number(m.received_ns);
  io.number(m.answered_ns);
}
void fields(auto& io, Is<HostBye> auto& m) {
  io.reason(m.reason);
  io.text(m.text, kMaxTextBytes);
  io.text(m.remedy, kMaxTextBytes);
}
void fields(auto& io, Is<PairShare> auto& m) { io.bytes(m.share); }
void fields(auto& io, Is<PairDone> auto& m) {
  io.bytes(m.tag);
  io.permissions(m.permissions);
}
void fields(auto& io, Is<ApprovalCommitment> auto& m) { io.bytes(m.commitment); }
void fields(auto& io, Is<ApprovalPending> auto& m) {
  io.bytes(m.nonce);
  io.number(m.expires_after_s);
}
void fields(auto& io, Is<Approved> auto& m) { io.permissions(m.permissions); }
void fields(auto& io, Is<PairingRefused> auto& m) {
  io.reason(m.reason);
  io.number(m.retry_after_s);
  io.text(m.text, kMaxTextBytes);
  io.text(m.remedy, kMaxTextBytes);
}
void fields(auto& io, Is<Apps> auto& m) {
  io.number(m.request);
  io.list(m.apps, 0, kMaxApps, [&](auto& app) {
    io.number(app.id);
    io.name(app.name);
    io.flag(app.running);
  });
}
void fields(auto& io, Is<Opened> auto& m) {
  io.number(m.request);
  io.number(m.session);
  io.number(m.open_count);
  fields(io, m.stream);
}
void fields(auto& io, Is<Changed> auto& m) {
  io.number(m.request);
  io.number(m.session);
  fields(io, m.stream);
}
void fields(auto& io, Is<Done> auto& m) { io.number(m.request); }
void fields(auto& io, Is<Refused> auto& m) {
  io.number(m.request);
  io.reason(m.reason);
  io.text(m.text, kMaxTextBytes);
  io.text(m.remedy, kMaxTextBytes);
}
void fields(auto& io, Is<SessionEnded> auto& m) {
  io.number(m.session);
  io.reason(m.reason);
  io.text(m.text, kMaxTextBytes);
}
void fields(auto& io, Is<PermissionsChanged> auto& m) { io.permissions(m.permissions); }
void fields(auto& io, Is<ClipboardState> auto& m) {
  io.number(m.session);
  io.choice(m.use, ClipboardUse::works, ClipboardUse::not_there);
  io.text(m.reason, kMaxTextBytes);
}

void fields(auto& io, Is<PointerLook> auto& m) {
  io.number(m.session);
  io.number(m.piece.image);
  io.number(m.piece.slot);
  auto& geometry = m.piece.geometry;
  for (auto* each : {&geometry.width, &geometry.height, &geometry.hotspot_x, &geometry.hotspot_y})
    io.number(*each);
  io.number(m.piece.offset);
  io.block(m.piece.pixels, kMaxPointerPiece);
  io.check(is_valid(m.piece));
}

// --- frames

template <class Any>
bool append_any(std::vector<std::byte>& out, const Any& message) {
  const auto begin = out.size();
  Writer io{out};
  io.number(std::uint32_t{0});  // the length, known at the end
  std::visit(
      [&io]<class Message>(const Message& each) {
        static_assert(kType<Message> != 0);
        io.number(kType<Message>);
        fields(io, each);
      },
      message);
  const bool fits = io.ok();
  if (fits) {
    ByteWriter length{MutableBytes{out}.subspan(begin, kLengthBytes)};
    length.little(static_cast<std::uint32_t>(io.size() - kLengthBytes));
  } else {
    out.resize(begin);
  }
  return fits;
}

template <class Message, class Any>
void read_if(const FrameView& frame, Decoded<Any>& out) {
  if (frame.type != kType<Message>) return;
  Message message{};
  Reader io{frame.body};
  fields(io, message);
  if (io.is_complete())
    out = Any{std::move(message)};
  else
    out = Unreadable::malformed;
}

template <class... Messages>
Decoded<std::variant<Messages...>> decode(const FrameView& frame, const std::variant<Messages...>*) {
  Decoded<std::variant<Messages...>> out = Unreadable::unknown_type;
  (read_if<Messages>(frame, out), ...);
  return out;
}

}  // namespace

bool append(std::vector<std::byte>& out, const ClientMessage& message) { return append_any(out, message); }
bool append(std::vector<std::byte>& out, const HostMessage& message) { return append_any(out, message); }

Decoded<ClientMessage> decode_client_message(const FrameView& frame) {
  return decode(frame, static_cast<const ClientMessage*>(nullptr));
}
Decoded<HostMessage> decode_host_message(const FrameView& frame) {
  return decode(frame, static_cast<const HostMessage*>(nullptr));
}

}  // namespace lumen::lumen1::control
