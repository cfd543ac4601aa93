// gamestream/rtsp: the client's side of the RTSP dialogue (GameStream part 1, sections 10 to 13 and 20, step
// 6), as a stock client does it, with any GameStream host of generation 7. Sans-I/O.
//
// For each request: connect to the host's RTSP port, send next_request(), read until the end of the stream,
// give all of it to take_reply(). Replies are read leniently, only the status must be 200. Audio pings begin
// when stream().audio is known; the control connection follows PLAY.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/wire.hpp"
#include "crypto/aead.hpp"
#include "gamestream/rtsp/frame.hpp"
#include "gamestream/rtsp/host.hpp"
#include "gamestream/rtsp/message.hpp"
#include "gamestream/rtsp/ping.hpp"
#include "gamestream/rtsp/sdp.hpp"
#include "gamestream/rtsp/stream.hpp"

namespace lumen::gamestream::rtsp {

// What the client can do and its user wants.
struct StreamWish {
  std::uint32_t width = 1920, height = 1080;  // pixels; the height is rounded down to even
  std::uint32_t fps = 60;
  std::uint32_t refresh_rate_x100 = 0;     // of the display; 0: unknown
  std::uint32_t bitrate_kbps = 20'000;     // all of it, with parity and sound
  std::uint32_t packet_size_bytes = 1392;  // rounded down to a multiple of 16; 1024 over the internet
  bool remote = false;                     // over the internet
  CodecModes codec_modes = kH264;          // what it decodes; kH264 counts as set
  CodecModes host_codec_modes = kH264;     // ServerCodecModeSupport of /serverinfo
  CodecModes invalidation_modes = 0;       // profiles whose decoder survives reference frame invalidation
  std::uint32_t slices_per_frame = 1;      // 1 to 255
  VideoColorSpace color_space = VideoColorSpace::bt601;
  bool full_range = false;
  EncryptionSet encryption = kEncryptAll;  // what the user wants; kEncryptControl is used whenever it can be
  std::uint32_t audio_channels = 2;        // 2, 6 or 8
  bool slow_audio_decoder = false;         // normal quality, 10 ms
  bool flexible_audio_packets = true;      // can play 10 ms packets, which save bits below 5 Mbit/s
};

struct RtspClientParams {
  std::string session_url;   // sessionUrl0 of the launch: rtsp://… or rtspenc://…
  std::string host_address;  // in use; the Host header
  bool host_address_is_v6 = false;
  std::optional<SessionKey> key;  // rikey; needed for rtspenc
  StreamWish wish;
};

// Where a stream is and how its datagrams are known; ports are the defaults when the host names none.
struct MediaPath {
  std::uint16_t port = 0;
  std::optional<PingPayload> ping;  // nullopt: the host gave none, legacy pings
};

struct ClientStream {
  std::optional<MediaPath> audio;  // known after SETUP audio: pings begin
  MediaPath video;
  std::uint16_t control_port = 0;
  std::uint32_t connect_data = 0;
  std::uint32_t input_features = 0;  // what of kPenAndTouch, kControllerTouchAndMotion the host takes
  EncryptionSet encryption = 0;      // with kEncryptAudio when nv_features demand it
  StreamRequest request;             // what was announced: codec, mode, packet size, …
  OpusLayout opus;                   // for the decoder
  AudioQuality audio_quality = AudioQuality::normal;
  bool reference_invalidation = false;  // may be asked for
};

// Owner: one thread.
class RtspClient {
 public:
  // `gamestream.session-url` when the URL is none or encrypted without a key; `gamestream.rtsp-wish` for a
  // number of channels that cannot be, or for an address with other characters than addresses have.
  static Result<RtspClient> create(RtspClientParams params);

  // The port of the session URL; 48010 when it has none.
  std::uint16_t port() const { return port_; }

  // The bytes of the next request, for a new connection. Each call uses up a sequence number: once per
  // connection. `gamestream.rtsp-cipher` as seal_frame().
  Result<std::vector<std::byte>> next_request();

  // All that the host sent until the end of the stream, in answer to the last request. On failure the attempt
  // is over: `gamestream.rtsp-status` (the host refuses; the text has the number), `gamestream.rtsp-reply`
  // (what it sent does not parse, decrypt or say what it must), `gamestream.rtsp-surround` (no layout
  // for 7.1).
  Status take_reply(ByteView reply);

  bool done() const { return step_ == Step::done; }  // PLAY was answered
  const ClientStream& stream() const { return stream_; }

 private:
  enum class Step : std::uint8_t {
    options,
    describe,
    setup_audio,
    setup_video,
    setup_control,
    announce,
    play,
    done
  };
  RtspClient(RtspClientParams params, std::optional<crypto::Aead> cipher, std::uint16_t port);
  Request request_of_step() const;
  Request begin_request(std::string method, std::string target) const;
  Request setup_request(std::string target) const;
  Request announce_request() const;
  Result<std::string> plain_reply(ByteView reply);
  Status apply(const ReceivedResponse& response);
  Status apply_describe(const std::string& body);
  Status apply_audio_setup(const ReceivedResponse& response);
  void choose_audio(const HostDescription& host);

  RtspClientParams params_;
  std::optional<crypto::Aead> cipher_;  // of rtspenc
  std::uint16_t port_;
  bool low_stereo_quality_;
  Step step_ = Step::options;
  std::uint32_t sequence_ = 0;  // CSeq and frame number of the last request
  std::string session_;
  ClientStream stream_;
};

// The profile that a stock client takes (12.1).
VideoProfile choose_profile(const StreamWish& wish, const HostDescription& host);
// The encryption that a stock client enables (12.2).
EncryptionSet choose_encryption(EncryptionSet wanted, const HostDescription& host);

}  // namespace lumen::gamestream::rtsp
