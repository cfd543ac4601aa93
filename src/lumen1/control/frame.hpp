// lumen1/control: messages on a reliable stream of bytes. A frame is
//   u32 length | u16 type | body        length counts type and body: 2…65536; little endian
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/wire.hpp"

namespace lumen::lumen1::control {

inline constexpr std::size_t kMaxFrameBytes = std::size_t{64} * 1024;  // type and body
inline constexpr std::size_t kLengthBytes = 4, kTypeBytes = 2;

struct FrameView {
  std::uint16_t type = 0;
  ByteView body;
};

// Cuts a stream into frames, however it arrives. Holds at most one frame, and no more of it than has come.
// Owner: one thread.
class FrameReader {
 public:
  // Takes bytes from the front of `bytes`, as many as it needs, and gives the frame that they complete: valid
  // until the next call. nullopt when all of `bytes` was taken and more is needed, or when is_broken().
  std::optional<FrameView> next(ByteView& bytes);
  // A length that cannot be has come; the stream is good for nothing more.
  bool is_broken() const { return broken_; }

 private:
  bool take_up_to(std::size_t wanted, ByteView& bytes);
  std::vector<std::byte> pending_;  // of the frame that is not whole
  bool whole_ = false, broken_ = false;
};

}  // namespace lumen::lumen1::control
