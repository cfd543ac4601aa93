// What the tests of gamestream/rtsp share.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "gamestream/rtsp/dispatcher.hpp"
#include "gamestream/rtsp/sdp.hpp"

namespace lumen::gamestream::rtsp::test {

inline constexpr std::string_view kToken = "5F3A9C01D2E4B678";
inline constexpr PeerAddress kPeer{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 7};
inline constexpr PeerAddress kOtherPeer{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 8};

inline SessionKey key_of(std::uint8_t first) {
  SessionKey key{};
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::byte>(first + i);
  return key;
}

inline PingPayload payload_of(std::string_view text) {
  PingPayload payload{};
  std::copy_n(text.begin(), payload.size(), payload.begin());
  return payload;
}

inline RtspHostParams host_params(StreamOffer offer = {}) {
  return {.ids = {.session = std::string{kToken},
                  .audio_ping = payload_of("0F1E2D3C4B5A6978"),
                  .video_ping = payload_of("8796A5B4C3D2E1F0"),
                  .connect_data = 3938596490},
          .ports = {},
          .offer = std::move(offer)};
}

// A plausible request: 1080p60 H.264 and stereo.
inline StreamRequest request_1080p() {
  StreamRequest request;
  request.ml_features = 3;
  request.encryption_enabled = kEncryptAll;
  request.width = 1920;
  request.height = 1080;
  request.max_fps = 60;
  request.packet_size_bytes = 1360;
  request.maximum_bitrate_kbps = 16'000;
  request.configured_bitrate_kbps = 20'000;
  request.nv_features = 167;
  request.reliable_udp = kEncryptedControl;
  request.min_fec_packets = 2;
  request.max_reference_frames = 1;
  request.audio_channels = 2;
  request.channel_mask = 3;
  return request;
}
inline std::string announce_of(const StreamRequest& request) {
  return write_announce({.request = request, .client_address = "192.0.2.7"});
}

// `text` without the attribute of that name.
inline std::string without(std::string text, std::string_view name) {
  const auto at = text.find("a=" + std::string{name} + ":");
  if (at != std::string::npos) text.erase(at, text.find('\n', at) + 1 - at);
  return text;
}
// `text` with the attribute's value replaced, or added.
inline std::string with(std::string text, std::string_view name, std::string_view value) {
  return without(std::move(text), name) + "a=" + std::string{name} + ":" + std::string{value} + " \r\n";
}

inline Request request_of(std::string method, std::string target, std::vector<Header> more = {},
                          std::string body = {}) {
  Request request{.method = std::move(method),
                  .target = std::move(target),
                  .headers = {{"CSeq", "3"}, {"X-GS-ClientVersion", "14"}, {"Host", "192.0.2.10"}},
                  .body = std::move(body)};
  for (auto& header : more) request.headers.push_back(std::move(header));
  if (!request.body.empty()) {
    request.headers.push_back({"Content-length", std::to_string(request.body.size())});
  }
  return request;
}
inline Header session_header() { return {"Session", std::string{kToken}}; }
inline Request announce_request(const StreamRequest& request = request_1080p()) {
  return request_of("ANNOUNCE", "streamid=control/13/0", {session_header()}, announce_of(request));
}

inline std::vector<std::byte> bytes_of(std::string_view text) {
  const auto view = as_view(text);
  return {view.begin(), view.end()};
}
inline std::string text_of(ByteView bytes) {
  std::string text;
  for (const auto byte : bytes) text += static_cast<char>(byte);
  return text;
}

}  // namespace lumen::gamestream::rtsp::test
