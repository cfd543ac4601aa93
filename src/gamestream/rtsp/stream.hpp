// gamestream/rtsp: what host and client settle by SDP (GameStream part 1, sections 12 and 13; part 2, section
// 3). Values only.
//
// The host makes a StreamOffer (DESCRIBE), the client a StreamRequest (ANNOUNCE); negotiate() makes the
// StreamAgreement: what will be sent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "gamestream/rtsp/message.hpp"
#include "gamestream/rtsp/surround.hpp"
#include "media/mode.hpp"

namespace lumen::gamestream::rtsp {

// The numbers of `x-nv-vqos[0].bitStreamFormat`.
enum class VideoCodec : std::uint8_t { h264 = 0, hevc = 1, av1 = 2 };
struct VideoProfile {
  VideoCodec codec = VideoCodec::h264;
  bool ten_bit = false;
  bool yuv444 = false;
  bool operator==(const VideoProfile&) const = default;
};

// Sets of profiles, with the bits of `ServerCodecModeSupport` (part 1, 5.3).
using CodecModes = std::uint32_t;
inline constexpr CodecModes kH264 = 0x1, kHevc = 0x100, kHevcMain10 = 0x200, kAv1 = 0x1'0000,
                            kAv1Main10 = 0x2'0000, kH264High444 = 0x4'0000, kHevc444 = 0x8'0000,
                            kHevc444Ten = 0x10'0000, kAv1High444 = 0x20'0000, kAv1High444Ten = 0x40'0000;
inline constexpr CodecModes kAnyHevc = kHevc | kHevcMain10 | kHevc444 | kHevc444Ten;
inline constexpr CodecModes kAnyAv1 = kAv1 | kAv1Main10 | kAv1High444 | kAv1High444Ten;
// The one bit of a profile; zero: the protocol has no such profile (H.264 with 10 bits).
CodecModes mode_bit(const VideoProfile& profile);

// The bits of `x-ss-general.encryption…`.
using EncryptionSet = std::uint32_t;
inline constexpr EncryptionSet kEncryptControl = 1, kEncryptVideo = 2, kEncryptAudio = 4;
inline constexpr EncryptionSet kEncryptAll = kEncryptControl | kEncryptVideo | kEncryptAudio;

// The bits of `x-ss-general.featureFlags`.
inline constexpr std::uint32_t kPenAndTouch = 1, kControllerTouchAndMotion = 2;

// What the host can send and wants; the part of its configuration that concerns one launch.
struct StreamOffer {
  CodecModes codec_modes = kH264;       // also what /serverinfo says; kH264 counts as set
  bool reference_invalidation = false;  // the encoder can invalidate reference frames
  std::uint32_t input_features = 0;     // kPenAndTouch | kControllerTouchAndMotion
  // kEncryptControl, and in `supported` all that is requested, count as set.
  EncryptionSet encryption_supported = kEncryptAll, encryption_requested = kEncryptControl;
  bool encryption_mandatory = false;  // requests all; an ANNOUNCE without video and audio encryption gets 403
  std::uint8_t max_audio_channels = 8;      // 2, 6 or 8
  std::optional<OpusLayout> custom_layout;  // from parse_custom_layout(); goes before the standard ones
  std::uint32_t max_bitrate_kbps = 0;       // caps the client's figure; 0: no cap
  std::uint8_t fec_percent = 20;            // parity per data shard
};
EncryptionSet supported_encryption(const StreamOffer& offer);
EncryptionSet requested_encryption(const StreamOffer& offer);

// The numbers of `x-nv-video[0].encoderCscMode` without its lowest bit.
enum class VideoColorSpace : std::uint8_t { bt601 = 0, bt709 = 1, bt2020 = 2 };

// The ANNOUNCE body, values as sent; the initial values are what an absent attribute means. In the order of
// the table of 13.2.
struct StreamRequest {
  std::uint32_t ml_features = 0;              // bit 0: sends FEC status; bit 1: uses session ids
  EncryptionSet encryption_enabled = 0;       // x-ss-general.encryptionEnabled
  bool yuv444 = false;                        // chromaSamplingType
  std::uint32_t width = 0, height = 0;        // pixels
  std::uint32_t max_fps = 0;                  // frames per second; above 4000: millihertz
  std::uint32_t packet_size_bytes = 0;        // without RTP header
  std::uint32_t maximum_bitrate_kbps = 0;     // for the encoder, when `configured` is zero
  std::uint32_t configured_bitrate_kbps = 0;  // total budget; 0: unknown
  bool video_qos = true, audio_qos = true;    // qosTrafficType is not zero: mark packets
  std::uint32_t nv_features = 135;            // x-nv-general.featureFlags
  std::uint32_t reliable_udp = 1;             // 13: encrypted control
  std::uint32_t min_fec_packets = 0;          // least parity packets per block
  bool resolution_changes = false;            // drc.enable
  bool recovery_mode = false;                 // enableRecoveryMode
  std::uint32_t slices_per_frame = 1;
  VideoCodec codec = VideoCodec::h264;
  bool ten_bit = false;                    // dynamicRangeMode
  std::uint32_t max_reference_frames = 0;  // 0: the host's choice
  std::uint32_t refresh_rate_x100 = 0;     // of the client's display; 0: unknown
  std::uint32_t audio_channels = 0;        // 2, 6 or 8
  std::uint32_t channel_mask = 0;          // WAVE mask
  bool high_quality_surround = false;      // AudioQuality; says nothing about stereo
  std::uint32_t audio_packet_ms = 5;       // 5 or 10
  VideoColorSpace color_space = VideoColorSpace::bt601;
  bool full_range = false;
  bool intra_refresh = false;
  bool operator==(const StreamRequest&) const = default;
};
inline constexpr std::uint32_t kSendsFecStatus = 1, kUsesSessionIds = 2;  // ml_features
inline constexpr std::uint32_t kNvAudioEncryption = 0x20;                 // nv_features
inline constexpr std::uint32_t kEncryptedControl = 13;                    // reliable_udp

struct VideoAgreement {
  Mode mode;  // the refresh is fractional when the client's display says so within 1 %
  VideoProfile profile;
  VideoColorSpace color_space = VideoColorSpace::bt601;
  bool full_range = false;
  std::uint32_t encoder_bitrate_kbps = 0;  // what is left for the encoder
  std::uint32_t total_bitrate_kbps = 0;    // with parity, sound and the rest; 0: unknown
  std::uint32_t packet_size_bytes = 0;     // exactly this, never another
  std::uint8_t fec_percent = 0;            // constant
  std::uint32_t min_parity_packets = 0;    // per block
  std::uint32_t slices_per_frame = 1;      // 1 to 255, wanted
  std::uint32_t max_reference_frames = 0;  // 1: exactly one; 0: the host's choice
  bool reference_invalidation = false;     // the client may ask for it
  bool intra_refresh = false;              // instead of IDRs
  bool encrypted = false;
  bool mark_dscp = true;
};

struct AudioAgreement {
  OpusLayout layout;
  AudioQuality quality = AudioQuality::normal;
  std::uint32_t bitrate_bps = 0;   // constant
  std::uint32_t packet_ms = 5;     // Opus frame length: 5 or 10
  std::uint32_t channel_mask = 3;  // WAVE
  bool encrypted = false;
  bool mark_dscp = true;
};

struct StreamAgreement {
  VideoAgreement video;
  AudioAgreement audio;
  bool session_ids = true;  // pings and the control connection carry the launch's ids
  bool client_sends_fec_status = false;
};

// Why an ANNOUNCE is refused: the status to answer and the words for a log.
struct Refusal {
  RtspStatus status = RtspStatus::bad_request;
  std::string why;
};
template <class T>
using Negotiated = tl::expected<T, Refusal>;

// 400 for a profile or channel count that was not offered, a mode outside lumen::Mode's limits, no bitrate,
// and high-quality surround in 10 ms packets (which fit no datagram); 403 for a control stream that is not
// encrypted in version 2, which alone this host speaks, and when encryption is mandatory and not enabled for
// video and sound. `host_header` is the ANNOUNCE's `Host`, empty without one: stereo's
// quality (11.1).
Negotiated<StreamAgreement> negotiate(const StreamOffer& offer, const StreamRequest& request,
                                      std::string_view host_header);

// What the encoder gets (13.3).
std::uint32_t encoder_bitrate_kbps(const StreamRequest& request, const StreamOffer& offer,
                                   AudioQuality quality);

}  // namespace lumen::gamestream::rtsp
