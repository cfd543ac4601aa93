#include "gamestream/rtsp/client.hpp"

#include <algorithm>

#include "gamestream/rtsp/client_choice.hpp"
#include "gamestream/rtsp/text.hpp"

namespace lumen::gamestream::rtsp {
namespace {

constexpr std::uint16_t kDefaultRtspPort = 48010;
constexpr std::size_t kMaxSessionBytes = 256;  // hosts take 16 KiB, all headers together
constexpr std::string_view kPlainScheme = "rtsp://", kEncryptedScheme = "rtspenc://",
                           kEpoch = "Thu, 01 Jan 1970 00:00:00 GMT";

tl::unexpected<Error> bad_reply(std::string what) {
  return fail(ErrorCode::malformed, "gamestream.rtsp-reply", std::move(what));
}

bool is_plain(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

// The digits after the last colon.
std::uint16_t port_of(std::string_view url) {
  const auto colon = url.rfind(':');
  const auto text = url.substr(std::min(colon + 1, url.size()));
  const auto port = decimal(text.substr(0, text.find_first_not_of("0123456789")));
  return port && *port > 0 && *port <= 0xFFFF ? static_cast<std::uint16_t>(*port) : kDefaultRtspPort;
}

// "server_port=N", also as a range or among other fields.
std::uint16_t server_port(const ReceivedResponse& response, std::uint16_t fallback) {
  constexpr std::string_view kKey = "server_port=";
  const auto* const transport = find_header(response.headers, "Transport");
  const auto at = transport == nullptr ? std::string::npos : transport->find(kKey);
  if (at == std::string::npos) return fallback;
  const auto text = std::string_view{*transport}.substr(at + kKey.size());
  const auto port = decimal(text.substr(0, text.find_first_not_of("0123456789")));
  return port && *port > 0 && *port <= 0xFFFF ? static_cast<std::uint16_t>(*port) : fallback;
}

std::optional<PingPayload> ping_payload(const ReceivedResponse& response) {
  const auto* const text = find_header(response.headers, "X-SS-Ping-Payload");
  if (text == nullptr || text->size() != kPingPayloadBytes) return std::nullopt;
  PingPayload payload{};
  std::ranges::copy(*text, payload.begin());
  return payload;
}

std::uint32_t connect_data(const ReceivedResponse& response) {
  const auto* const text = find_header(response.headers, "X-SS-Connect-Data");
  return text == nullptr ? 0 : decimal(*text).value_or(0);
}

}  // namespace

RtspClient::RtspClient(RtspClientParams params, std::optional<crypto::Aead> cipher, std::uint16_t port)
    : params_{std::move(params)},
      cipher_{std::move(cipher)},
      port_{port},
      low_stereo_quality_{!wants_high_quality(params_.wish)} {}

Result<RtspClient> RtspClient::create(RtspClientParams params) {
  const auto encrypted = params.session_url.starts_with(kEncryptedScheme);
  if ((!encrypted && !params.session_url.starts_with(kPlainScheme)) || !is_plain(params.session_url) ||
      (encrypted && !params.key)) {
    return fail(ErrorCode::malformed, "gamestream.session-url", "the host names no usable RTSP address");
  }
  const auto channels = params.wish.audio_channels;
  if (!is_plain(params.host_address) || !standard_layout(channels, AudioQuality::normal)) {
    return fail(ErrorCode::invalid_argument, "gamestream.rtsp-wish",
                "the host's address or the number of audio channels cannot be used");
  }
  std::optional<crypto::Aead> cipher;
  if (encrypted) {
    LUMEN_TRY(cipher, crypto::Aead::create(crypto::AeadAlgorithm::aes_128_gcm, *params.key));
  }
  if (params.key) crypto::wipe(*params.key);
  params.key.reset();
  const auto port = port_of(params.session_url);
  return RtspClient{std::move(params), std::move(cipher), port};
}

// Method and target; the headers that all requests begin with.
Request RtspClient::begin_request(std::string method, std::string target) const {
  return {.method = std::move(method),
          .target = std::move(target),
          .headers = {{"CSeq", std::to_string(sequence_)},
                      {"X-GS-ClientVersion", "14"},
                      {"Host", low_stereo_quality_ ? "0.0.0.0" : params_.host_address}},
          .body = {}};
}

Request RtspClient::setup_request(std::string target) const {
  auto request = begin_request("SETUP", std::move(target));
  if (!session_.empty()) request.headers.push_back({"Session", session_});
  request.headers.push_back({"Transport", "unicast;X-GS-ClientPort=50000-50001"});
  request.headers.push_back({"If-Modified-Since", std::string{kEpoch}});
  return request;
}

Request RtspClient::announce_request() const {
  auto request = begin_request("ANNOUNCE", "streamid=control/13/0");
  request.body = write_announce({.request = stream_.request,
                                 .client_address = params_.host_address,
                                 .address_is_v6 = params_.host_address_is_v6,
                                 .video_port = stream_.video.port});
  request.headers.push_back({"Session", session_});
  request.headers.push_back({"Content-type", "application/sdp"});
  request.headers.push_back({"Content-length", std::to_string(request.body.size())});
  return request;
}

Request RtspClient::request_of_step() const {
  const auto url = low_stereo_quality_ ? std::string{kPlainScheme} + "0.0.0.0:" + std::to_string(port_)
                                       : params_.session_url;
  switch (step_) {
    case Step::options:
      return begin_request("OPTIONS", url);
    case Step::describe: {
      auto request = begin_request("DESCRIBE", url);
      request.headers.push_back({"Accept", "application/sdp"});
      request.headers.push_back({"If-Modified-Since", std::string{kEpoch}});
      return request;
    }
    case Step::setup_audio:
      return setup_request("streamid=audio/0/0");
    case Step::setup_video:
      return setup_request("streamid=video/0/0");
    case Step::setup_control:
      return setup_request("streamid=control/13/0");
    case Step::announce:
      return announce_request();
    case Step::play:
    case Step::done:
      break;
  }
  auto request = begin_request("PLAY", "/");
  request.headers.push_back({"Session", session_});
  return request;
}

Result<std::vector<std::byte>> RtspClient::next_request() {
  ++sequence_;
  const auto text = write_request(request_of_step());
  if (cipher_) return seal_frame(*cipher_, Sender::client, sequence_, text);
  const auto view = as_view(text);
  return std::vector<std::byte>{view.begin(), view.end()};
}

Result<std::string> RtspClient::plain_reply(ByteView reply) {
  if (!cipher_) {
    std::string text(std::min(reply.size(), kMaxResponseBytes + 1), '\0');
    std::ranges::copy(reply.first(text.size()), std::as_writable_bytes(std::span{text}).begin());
    return text;
  }
  const auto header = parse_frame_header(reply, kMaxResponseBytes);
  if (!header) return bad_reply("the host's RTSP reply is not encrypted");
  auto text = open_frame(*cipher_, Sender::host, *header, reply);
  if (!text) return bad_reply("the host's RTSP reply cannot be decrypted");
  return *std::move(text);
}

Status RtspClient::take_reply(ByteView reply) {
  LUMEN_TRY(const auto text, plain_reply(reply));
  const auto response = parse_response(text);
  if (!response) return bad_reply("the host's RTSP reply does not parse");
  if (response->status != static_cast<std::uint32_t>(RtspStatus::ok)) {
    return fail(ErrorCode::denied, "gamestream.rtsp-status",
                "the host refused the stream with RTSP status " + std::to_string(response->status));
  }
  return apply(*response);
}

Status RtspClient::apply(const ReceivedResponse& response) {
  switch (step_) {
    case Step::options:
      step_ = Step::describe;
      break;
    case Step::describe:
      return apply_describe(response.body);
    case Step::setup_audio:
      return apply_audio_setup(response);
    case Step::setup_video:
      stream_.video = {server_port(response, MediaPorts{}.video), ping_payload(response)};
      step_ = Step::setup_control;
      break;
    case Step::setup_control:
      stream_.control_port = server_port(response, MediaPorts{}.control);
      stream_.connect_data = connect_data(response);
      step_ = Step::announce;
      break;
    case Step::announce:
      step_ = Step::play;
      break;
    case Step::play:
    case Step::done:
      step_ = Step::done;
      break;
  }
  return {};
}

Status RtspClient::apply_audio_setup(const ReceivedResponse& response) {
  const auto* const session = find_header(response.headers, "Session");
  if (session != nullptr) session_ = trimmed(std::string_view{*session}.substr(0, session->find(';')));
  if (session_.empty() || session_.size() > kMaxSessionBytes) {
    return bad_reply("the host's RTSP reply names no usable session");
  }
  stream_.audio = MediaPath{server_port(response, MediaPorts{}.audio), ping_payload(response)};
  step_ = Step::setup_video;
  return {};
}

Status RtspClient::apply_describe(const std::string& body) {
  if (body.empty()) return bad_reply("the host's description of its streams is empty");
  const auto host = parse_describe(body);
  if (params_.wish.audio_channels == 8 && !host.surround_71.normal) {
    return fail(ErrorCode::unsupported, "gamestream.rtsp-surround", "the host offers no 7.1 sound",
                "Choose stereo or 5.1");
  }
  choose_audio(host);
  const auto high_surround = params_.wish.audio_channels > 2 && stream_.audio_quality == AudioQuality::high;
  stream_.request = choose_stream(params_.wish, host, high_surround);
  stream_.input_features = host.input_features;
  stream_.encryption = stream_.request.encryption_enabled;
  if ((stream_.request.nv_features & kNvAudioEncryption) != 0) stream_.encryption |= kEncryptAudio;
  stream_.reference_invalidation = host.reference_invalidation && stream_.request.max_reference_frames == 0;
  step_ = Step::setup_audio;
  return {};
}

void RtspClient::choose_audio(const HostDescription& host) {
  constexpr OpusLayout kFallback51{.channels = 6, .streams = 4, .coupled = 2, .mapping = {0, 4, 1, 5, 2, 3}};
  const auto channels = params_.wish.audio_channels;
  const auto high = !low_stereo_quality_;
  if (channels == 2) {
    stream_.opus = OpusLayout{};
    stream_.audio_quality = high ? AudioQuality::high : AudioQuality::normal;
    return;
  }
  const auto& offered = channels == 6 ? host.surround_51 : host.surround_71;
  const auto takes_high = high && offered.high;
  stream_.opus = takes_high ? *offered.high : offered.normal.value_or(kFallback51);
  stream_.audio_quality = takes_high ? AudioQuality::high : AudioQuality::normal;
}

}  // namespace lumen::gamestream::rtsp
