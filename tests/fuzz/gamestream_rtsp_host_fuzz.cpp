// Several connections to the host's RTSP port, plain and encrypted. The input is a list of steps: a byte that
// says what to do, two bytes of length, as many bytes of argument. The host must bound what it keeps, answer
// each connection at most once, and never answer in plain text what came from an address that must encrypt.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>

#include "gamestream/rtsp/dispatcher.hpp"

namespace {

using namespace lumen;
using namespace lumen::gamestream::rtsp;

void require(bool condition) {
  if (!condition) std::abort();
}

constexpr PeerAddress kPlainPeer{1}, kEncryptedPeer{2};
constexpr SessionKey kKey{std::byte{5}};

RtspHostParams host_params() {
  return {.ids = {.session = "0123456789ABCDEF", .audio_ping = {'a'}, .video_ping = {'v'}, .connect_data = 7},
          .ports = {},
          .offer = {}};
}

class Steps {
 public:
  Steps() : cipher_{crypto::Aead::create(crypto::AeadAlgorithm::aes_128_gcm, kKey).value()} {
    require(host_.add({.id = {1}, .peer = kPlainPeer, .key = {}, .host = host_params()}).has_value());
    require(host_.add({.id = {2}, .peer = kEncryptedPeer, .key = kKey, .host = host_params()}).has_value());
  }

  void take(unsigned what, ByteView argument) {
    switch (what % 8) {
      case 0:
        return open(kPlainPeer);
      case 1:
        return open(kEncryptedPeer);
      case 2:
      case 3:
        return receive(argument);
      case 4:
        return receive_sealed(argument);
      case 5:
        return look(host_.ready({1 + what / 8 % 2}, now_));
      case 6:
        return look(host_.failed({1 + what / 8 % 2}, now_, RtspStatus::internal_error));
      default:
        break;
    }
    now_ += std::chrono::seconds{1};
    look(host_.expire(now_));
    if (what / 8 % 4 == 0) host_.closed({last_});
  }

 private:
  void open(const PeerAddress& peer) {
    if (host_.open({++last_}, peer, now_) && peer == kEncryptedPeer) must_encrypt_.insert(last_);
  }
  void receive(ByteView bytes) { look(host_.receive({last_}, bytes, now_)); }
  void receive_sealed(ByteView bytes) {
    const auto text = std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    receive(seal_frame(cipher_, Sender::client, ++sequence_, text).value());
  }
  void look(const RtspOutput& output) {
    for (const auto& sent : output.sends) {
      const auto id = sent.connection.value;
      require(id > 0 && id <= last_);
      if (!sent.finish) {
        require(sent.bytes.empty());
        continue;
      }
      require(answered_.insert(id).second);
      require(!sent.bytes.empty() && sent.bytes.size() < 64 * 1024);
      if (must_encrypt_.contains(id)) require(std::to_integer<unsigned>(sent.bytes[0]) >= 0x80);
    }
  }

  RtspDispatcher host_;
  crypto::Aead cipher_;
  Timestamp now_{};
  std::uint64_t last_ = 0;
  std::uint32_t sequence_ = 0;
  std::set<std::uint64_t> answered_, must_encrypt_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader input{std::as_bytes(std::span{data, size})};
  Steps steps;
  while (input.remaining() >= 3) {
    const auto what = input.big<std::uint8_t>();
    const auto length = std::min<std::size_t>(input.big<std::uint16_t>(), input.remaining());
    steps.take(what, input.take(length));
  }
  return 0;
}
