// Any bytes as ANNOUNCE: what is taken can be written and read again, and what is agreed on is within limits.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "gamestream/rtsp/sdp.hpp"

namespace {

using namespace lumen;
using namespace lumen::gamestream::rtsp;

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string body{data, data + size};
  auto request = parse_announce(body);
  if (!request) return 0;

  auto written = *request;
  written.intra_refresh = false;  // no stock client sends it
  require(parse_announce(write_announce({.request = written})) == written);

  const StreamOffer offer{.codec_modes = kH264 | kAnyHevc, .custom_layout = parse_custom_layout("642041523")};
  const auto agreement = negotiate(offer, *request, body.substr(0, 16));
  if (!agreement) return 0;
  require(is_valid(agreement->video.mode));
  require(agreement->video.encoder_bitrate_kbps > 0);
  require(agreement->video.packet_size_bytes == request->packet_size_bytes);
  require(agreement->video.profile.codec != VideoCodec::av1);
  require(agreement->audio.layout.channels == request->audio_channels);
  return 0;
}
