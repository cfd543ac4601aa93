// gamestream/rtsp: the encrypted form of an RTSP message (GameStream part 1, 10.5).
//
//   0  u32 BE  0x80000000 | n     n: bytes of text
//   4  u32 BE  sequence number s
//   8  16      AES-128-GCM tag
//   24 n       ciphertext
// Key: rikey. IV: s little-endian (4), zeros (6), 'C' from the client or 'H' from the host, 'R'. No
// associated data. Each direction sends one frame per connection; each counts from 1 for each launch.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/wire.hpp"
#include "crypto/aead.hpp"

namespace lumen::gamestream::rtsp {

inline constexpr std::size_t kFrameHeaderBytes = 24;
inline constexpr std::size_t kSessionKeyBytes = 16;
using SessionKey = std::array<std::byte, kSessionKeyBytes>;  // rikey: whoever keeps one wipes it

enum class Sender : std::uint8_t { client = 'C', host = 'H' };

struct FrameHeader {
  std::uint32_t text_bytes = 0;
  std::uint32_t sequence = 0;
  std::array<std::byte, crypto::kTagBytes> tag{};

  std::size_t frame_bytes() const { return kFrameHeaderBytes + text_bytes; }
};

// nullopt: fewer than kFrameHeaderBytes, the top bit is clear, or the text is empty or longer than `limit`.
std::optional<FrameHeader> parse_frame_header(ByteView bytes, std::size_t limit);

// The frame of `text`, which must be shorter than 2^31 bytes. A sequence number must not be used twice with a
// key. `gamestream.rtsp-cipher` when the cipher fails (never seen).
Result<std::vector<std::byte>> seal_frame(crypto::Aead& cipher, Sender sender, std::uint32_t sequence,
                                          std::string_view text);

// The text of a whole frame; nullopt when the key or anything else does not fit.
std::optional<std::string> open_frame(crypto::Aead& cipher, Sender sender, const FrameHeader& header,
                                      ByteView frame);

}  // namespace lumen::gamestream::rtsp
