// The attributes of ANNOUNCE, both ways. Reading is a table: which name goes where, and what it may be.
#include <algorithm>
#include <array>
#include <span>

#include "gamestream/rtsp/sdp.hpp"
#include "gamestream/rtsp/text.hpp"

namespace lumen::gamestream::rtsp {
namespace {

constexpr auto kAnyNumber = 0xFFFF'FFFFU;
// Largest Ethernet frames (9000) with room for IP, UDP, RTP and encryption; smaller ones than 256 are mostly
// headers. The client's own buffers have this size, so nothing else is read into it.
constexpr std::uint32_t kMinPacketBytes = 256, kMaxPacketBytes = 8'960;
constexpr std::uint32_t kMaxBitrateKbps = 10'000'000;

enum class Absent : std::uint8_t { refused, has_default };
// What becomes of a value that is no number or outside the range: hints need not end the attempt.
enum class Unfit : std::uint8_t { refused, takes_default };

struct Rule {
  std::string_view name;
  std::uint32_t least, most;
  void (*store)(StreamRequest&, std::uint32_t);
  Absent absent = Absent::has_default;
  Unfit unfit = Unfit::refused;
};

template <auto Member>
void number(StreamRequest& request, std::uint32_t value) {
  request.*Member = value;
}
template <auto Member>
void flag(StreamRequest& request, std::uint32_t value) {
  request.*Member = value != 0;
}

using R = StreamRequest;
constexpr std::array kRules{
    Rule{"x-ml-general.featureFlags", 0, kAnyNumber, number<&R::ml_features>},
    Rule{"x-ss-general.encryptionEnabled", 0, kAnyNumber, number<&R::encryption_enabled>},
    Rule{"x-ss-video[0].chromaSamplingType", 0, 1, flag<&R::yuv444>},
    Rule{"x-nv-video[0].clientViewportWd", kMinModeSize, kMaxModeSize, number<&R::width>, Absent::refused},
    Rule{"x-nv-video[0].clientViewportHt", kMinModeSize, kMaxModeSize, number<&R::height>, Absent::refused},
    Rule{"x-nv-video[0].maxFPS", 1, kMaxRefreshMhz, number<&R::max_fps>, Absent::refused},
    Rule{"x-nv-video[0].packetSize", kMinPacketBytes, kMaxPacketBytes, number<&R::packet_size_bytes>,
         Absent::refused},
    Rule{"x-nv-vqos[0].bw.maximumBitrateKbps", 0, kMaxBitrateKbps, number<&R::maximum_bitrate_kbps>,
         Absent::refused},
    Rule{"x-ml-video.configuredBitrateKbps", 0, kMaxBitrateKbps, number<&R::configured_bitrate_kbps>},
    Rule{"x-nv-vqos[0].qosTrafficType", 0, kAnyNumber, flag<&R::video_qos>, Absent::has_default,
         Unfit::takes_default},
    Rule{"x-nv-aqos.qosTrafficType", 0, kAnyNumber, flag<&R::audio_qos>, Absent::has_default,
         Unfit::takes_default},
    Rule{"x-nv-general.featureFlags", 0, kAnyNumber, number<&R::nv_features>},
    Rule{"x-nv-general.useReliableUdp", 0, kAnyNumber, number<&R::reliable_udp>},
    Rule{"x-nv-vqos[0].fec.minRequiredFecPackets", 0, 255, number<&R::min_fec_packets>},
    Rule{"x-nv-vqos[0].drc.enable", 0, 1, flag<&R::resolution_changes>},
    Rule{"x-nv-general.enableRecoveryMode", 0, 1, flag<&R::recovery_mode>},
    Rule{"x-nv-video[0].videoEncoderSlicesPerFrame", 1, 255, number<&R::slices_per_frame>,
         Absent::has_default, Unfit::takes_default},
    Rule{"x-nv-vqos[0].bitStreamFormat", 0, 2,
         [](R& request, std::uint32_t value) { request.codec = static_cast<VideoCodec>(value); }},
    Rule{"x-nv-video[0].dynamicRangeMode", 0, 1, flag<&R::ten_bit>},
    Rule{"x-nv-video[0].maxNumReferenceFrames", 0, 16, number<&R::max_reference_frames>},
    Rule{"x-nv-video[0].clientRefreshRateX100", 0, kAnyNumber, number<&R::refresh_rate_x100>,
         Absent::has_default, Unfit::takes_default},
    Rule{"x-nv-audio.surround.numChannels", 2, 8, number<&R::audio_channels>, Absent::refused},
    Rule{"x-nv-audio.surround.channelMask", 0, kAnyNumber, number<&R::channel_mask>, Absent::refused},
    Rule{"x-nv-audio.surround.AudioQuality", 0, 1, flag<&R::high_quality_surround>},
    Rule{"x-nv-aqos.packetDuration", 5, 10, number<&R::audio_packet_ms>},
    Rule{"x-nv-video[0].encoderCscMode", 0, 5,
         [](R& request, std::uint32_t value) {
           request.color_space = static_cast<VideoColorSpace>(value >> 1U);
           request.full_range = (value & 1U) != 0;
         }},
    Rule{"x-ss-video[0].intraRefresh", 0, 1, flag<&R::intra_refresh>},
};
using Values = std::array<std::optional<std::string_view>, kRules.size()>;

void collect(std::string_view line, Values& values) {
  if (!line.starts_with("a=")) return;
  line.remove_prefix(2);
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const auto name = trimmed(line.substr(0, colon));
  for (std::size_t i = 0; i < kRules.size(); ++i) {
    if (kRules[i].name == name) values[i] = trimmed(line.substr(colon + 1));
  }
}

tl::unexpected<Refusal> refuse(std::string why) {
  return tl::unexpected<Refusal>{Refusal{RtspStatus::bad_request, std::move(why)}};
}

Negotiated<void> apply(const Rule& rule, std::optional<std::string_view> text, StreamRequest& request) {
  if (!text) {
    if (rule.absent == Absent::refused) return refuse("no attribute " + std::string{rule.name});
    return {};
  }
  const auto value = decimal(*text);
  if (value && *value >= rule.least && *value <= rule.most) {
    rule.store(request, *value);
  } else if (rule.unfit == Unfit::refused) {
    return refuse("a value out of range in attribute " + std::string{rule.name});
  }
  return {};
}

// What single ranges do not say.
Negotiated<void> check(const StreamRequest& request) {
  constexpr std::array<std::uint32_t, 3> kChannels{2, 6, 8};
  if (std::ranges::find(kChannels, request.audio_channels) == kChannels.end()) {
    return refuse("sound in " + std::to_string(request.audio_channels) + " channels");
  }
  if (request.audio_packet_ms != 5 && request.audio_packet_ms != 10) {
    return refuse("audio packets of " + std::to_string(request.audio_packet_ms) + " ms");
  }
  return {};
}

// Lines of the body a client sends, which all end in a blank.
class Lines {
 public:
  explicit Lines(std::string& text) : text_{text} {}
  void add(std::string_view name, std::uint32_t value) {
    text_ += "a=" + std::string{name} + ":" + std::to_string(value) + " \r\n";
  }
  void video(std::string_view name, std::uint32_t value) { add("x-nv-video[0]." + std::string{name}, value); }
  void vqos(std::string_view name, std::uint32_t value) { add("x-nv-vqos[0]." + std::string{name}, value); }

 private:
  std::string& text_;
};

// Attributes 1 to 15.
void write_video_head(Lines& lines, const StreamRequest& request) {
  lines.add("x-ml-general.featureFlags", request.ml_features);
  lines.add("x-ss-general.encryptionEnabled", request.encryption_enabled);
  lines.add("x-ss-video[0].chromaSamplingType", request.yuv444 ? 1 : 0);
  lines.video("clientViewportWd", request.width);
  lines.video("clientViewportHt", request.height);
  lines.video("maxFPS", request.max_fps);
  lines.video("packetSize", request.packet_size_bytes);
  lines.video("rateControlMode", 4);
  lines.video("timeoutLengthMs", 7000);
  lines.video("framesWithInvalidRefThreshold", 0);
  lines.video("initialBitrateKbps", request.maximum_bitrate_kbps);
  lines.video("initialPeakBitrateKbps", request.maximum_bitrate_kbps);
  lines.vqos("bw.minimumBitrateKbps", request.maximum_bitrate_kbps);
  lines.vqos("bw.maximumBitrateKbps", request.maximum_bitrate_kbps);
  lines.add("x-ml-video.configuredBitrateKbps", request.configured_bitrate_kbps);
}

// Attributes 16 to 25.
void write_transport(Lines& lines, const StreamRequest& request) {
  lines.vqos("fec.enable", 1);
  lines.vqos("videoQualityScoreUpdateTime", 5000);
  lines.vqos("qosTrafficType", request.video_qos ? 5 : 0);
  lines.add("x-nv-aqos.qosTrafficType", request.audio_qos ? 4 : 0);
  lines.add("x-nv-general.featureFlags", request.nv_features);
  lines.add("x-nv-general.useReliableUdp", request.reliable_udp);
  lines.vqos("fec.minRequiredFecPackets", request.min_fec_packets);
  lines.vqos("bllFec.enable", 0);
  lines.vqos("drc.enable", request.resolution_changes ? 1 : 0);
  lines.add("x-nv-general.enableRecoveryMode", request.recovery_mode ? 1 : 0);
}

// Attributes 26 to 37.
void write_codecs(Lines& lines, const StreamRequest& request) {
  lines.video("videoEncoderSlicesPerFrame", request.slices_per_frame);
  if (request.codec != VideoCodec::av1) {
    lines.add("x-nv-clientSupportHevc", request.codec == VideoCodec::hevc ? 1 : 0);
  }
  lines.vqos("bitStreamFormat", static_cast<std::uint32_t>(request.codec));
  lines.video("dynamicRangeMode", request.ten_bit ? 1 : 0);
  lines.video("maxNumReferenceFrames", request.max_reference_frames);
  lines.video("clientRefreshRateX100", request.refresh_rate_x100);
  lines.add("x-nv-audio.surround.numChannels", request.audio_channels);
  lines.add("x-nv-audio.surround.channelMask", request.channel_mask);
  lines.add("x-nv-audio.surround.enable", request.audio_channels > 2 ? 1 : 0);
  lines.add("x-nv-audio.surround.AudioQuality", request.high_quality_surround ? 1 : 0);
  lines.add("x-nv-aqos.packetDuration", request.audio_packet_ms);
  const auto space = static_cast<std::uint32_t>(request.color_space);
  lines.video("encoderCscMode", (space << 1U) | (request.full_range ? 1U : 0U));
}

}  // namespace

Negotiated<StreamRequest> parse_announce(std::string_view body) {
  Values values;
  while (!body.empty()) {
    const auto end = std::min(body.find_first_of("\r\n"), body.size());
    collect(body.substr(0, end), values);
    body.remove_prefix(std::min(end + 1, body.size()));
  }
  StreamRequest request;
  for (std::size_t i = 0; i < kRules.size(); ++i) {
    if (auto applied = apply(kRules[i], values[i], request); !applied) {
      return tl::unexpected{std::move(applied).error()};
    }
  }
  if (auto checked = check(request); !checked) return tl::unexpected{std::move(checked).error()};
  return request;
}

std::string write_announce(const AnnounceText& announce) {
  std::string text = "v=0\r\no=android 0 14 IN ";
  text += announce.address_is_v6 ? "IPv6 " : "IPv4 ";
  text += announce.client_address;
  text += "\r\ns=NVIDIA Streaming Client\r\n";
  Lines lines{text};
  write_video_head(lines, announce.request);
  write_transport(lines, announce.request);
  write_codecs(lines, announce.request);
  return text + "t=0 0\r\nm=video " + std::to_string(announce.video_port) + "  \r\n";
}

}  // namespace lumen::gamestream::rtsp
