// gamestream/media: the bytes of an audio datagram (GameStream part 2, section 14). Values and their bytes;
// no state.
//
//   data    RTP header (12), type 97 · payload
//   parity  RTP header (12), type 127 · parity header (12) · parity of four payloads
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/wire.hpp"
#include "crypto/aes_cbc.hpp"
#include "fec/audio_code.hpp"

namespace lumen::gamestream {

inline constexpr std::size_t kAudioHeaderBytes = 12, kAudioParityHeaderBytes = 24;
inline constexpr std::size_t kMaxAudioDatagramBytes = 1400;  // a stock client's buffer
inline constexpr std::size_t kMaxAudioPayloadBytes = kMaxAudioDatagramBytes - kAudioParityHeaderBytes;

struct AudioDataHeader {
  std::uint16_t sequence = 0;
  std::uint32_t time_ms = 0;
};
struct AudioParityHeader {
  std::uint8_t shard = 0;           // 0, 1
  std::uint16_t base_sequence = 0;  // of the block's first data packet: a multiple of 4
  std::uint32_t base_time_ms = 0;
};

void write_audio_data_header(const AudioDataHeader& header, MutableBytes out);
void write_audio_parity_header(const AudioParityHeader& header, MutableBytes out);
std::optional<AudioDataHeader> parse_audio_data(ByteView datagram);      // nullopt: something else
std::optional<AudioParityHeader> parse_audio_parity(ByteView datagram);  // nullopt: something else

// Of a payload's encryption.
crypto::Aes128Cbc::Iv audio_iv(std::uint32_t key_id, std::uint16_t sequence);

}  // namespace lumen::gamestream
