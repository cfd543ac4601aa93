// A script of audio datagrams, mostly well-formed, plain or encrypted: gaps, repetitions, payloads of several
// sizes. What comes out is a packet or the report of a missing one, and never without end.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

#include "gamestream/media/audio_reassembler.hpp"

namespace {

using namespace lumen;
using namespace lumen::gamestream;

void require(bool condition) {
  if (!condition) std::abort();
}

class Script {
 public:
  explicit Script(bool encrypted)
      : reassembler_{
            AudioReassembler::create({.key_id = 1}, ByteView{key_}.first(encrypted ? 16 : 0)).value()} {}

  void run(ByteReader& input) {
    while (input.remaining() > 0) {
      const auto action = input.little<std::uint8_t>();
      now_ += std::chrono::milliseconds{action & 7U};
      if ((action & 0x80U) != 0) {
        push_raw(input);
      } else {
        sequence_ = static_cast<std::uint16_t>(sequence_ + ((action & 0x40U) != 0
                                                                ? input.little<std::uint16_t>()
                                                                : input.little<std::uint8_t>() % 16U - 4U));
        push(input, (action & 0x20U) != 0);
      }
      if ((action & 0x10U) == 0) deliver();
    }
  }

 private:
  void push_raw(ByteReader& input) {
    reassembler_.push(input.take(std::min<std::size_t>(input.little<std::uint8_t>(), input.remaining())),
                      now_);
  }

  void push(ByteReader& input, bool parity) {
    datagram_.fill(static_cast<std::byte>(input.little<std::uint8_t>()));
    const auto form = input.little<std::uint8_t>();
    const auto bytes = (form & 0xFCU) == 0xFCU ? std::size_t{1400} : std::size_t{16} + form % 4U;
    auto header = kAudioHeaderBytes;
    if (parity) {
      header = kAudioParityHeaderBytes;
      const auto base = static_cast<std::uint16_t>(sequence_ & ~3U);
      write_audio_parity_header({.shard = static_cast<std::uint8_t>(form >> 4U & 1U), .base_sequence = base},
                                datagram_);
    } else {
      write_audio_data_header({.sequence = sequence_}, datagram_);
    }
    reassembler_.push(ByteView{datagram_}.first(header + bytes), now_);
  }

  void deliver() {
    int count = 0;
    while (const auto audio = reassembler_.pop(now_)) {
      require(audio->opus.empty() == (audio->missing > 0));
      require(audio->opus.size() <= kMaxAudioPayloadBytes);
      require(audio->missing <= 0x1'0000);
      require(++count <= 64);
    }
    const auto deadline = reassembler_.next_deadline();
    require(!deadline || *deadline > now_);
  }

  std::array<std::byte, 16> key_{};
  AudioReassembler reassembler_;
  Timestamp now_{std::chrono::hours{1}};
  std::uint16_t sequence_ = 0;
  std::array<std::byte, 1500> datagram_{};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader input{std::as_bytes(std::span{data, size})};
  Script{(input.little<std::uint8_t>() & 1U) != 0}.run(input);
  return 0;
}
