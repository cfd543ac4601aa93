// Any bytes as the host's replies, plain and encrypted; replies are separated by two zero bytes. Whatever the
// host says, the client's requests are such that a host of ours can read them.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "gamestream/rtsp/client.hpp"

namespace {

using namespace lumen;
using namespace lumen::gamestream::rtsp;

void require(bool condition) {
  if (!condition) std::abort();
}

constexpr SessionKey kKey{std::byte{5}};

void converse(std::string_view replies, bool encrypted, std::uint32_t channels) {
  auto client =
      RtspClient::create({.session_url = encrypted ? "rtspenc://192.0.2.1:9" : "rtsp://192.0.2.1:9",
                          .host_address = "192.0.2.1",
                          .key = kKey,
                          .wish = {.codec_modes = ~0U, .host_codec_modes = ~0U, .audio_channels = channels}})
          .value();
  auto cipher = crypto::Aead::create(crypto::AeadAlgorithm::aes_128_gcm, kKey).value();
  for (std::uint32_t i = 1; i <= 7; ++i) {
    const auto sent = client.next_request().value();
    if (!encrypted) {
      const auto request = parse_request({reinterpret_cast<const char*>(sent.data()), sent.size()});
      require(request.has_value());
      if (request->method == "ANNOUNCE") require(parse_announce(request->body) == client.stream().request);
    }
    const auto end = replies.find(std::string_view{"\0\0", 2});
    const auto reply = replies.substr(0, end);
    replies.remove_prefix(end == std::string_view::npos ? replies.size() : end + 2);
    const auto taken = encrypted && !reply.empty()
                           ? client.take_reply(seal_frame(cipher, Sender::host, i, reply).value())
                           : client.take_reply(as_view(reply));
    if (!taken) return;
  }
  require(client.done() && client.stream().audio);
  const auto& layout = client.stream().opus;
  require(layout.channels == channels && layout.streams + layout.coupled <= 8);
  for (std::size_t c = 0; c < channels; ++c) require(layout.mapping[c] < layout.streams + layout.coupled);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text{data, data + size};
  for (const std::uint32_t channels : {2U, 6U, 8U}) converse(text, false, channels);
  converse(text, true, 6);
  auto client =
      RtspClient::create(
          {.session_url = "rtspenc://192.0.2.1:9", .host_address = "192.0.2.1", .key = kKey, .wish = {}})
          .value();
  require(!client.take_reply(as_view(text)));  // nobody guesses a tag
  return 0;
}
