#include "lumen1/control/frame.hpp"

#include <algorithm>

namespace lumen::lumen1::control {

// True when `wanted` bytes are pending.
bool FrameReader::take_up_to(std::size_t wanted, ByteView& bytes) {
  if (pending_.size() >= wanted) return true;
  const auto part = bytes.first(std::min(wanted - pending_.size(), bytes.size()));
  pending_.insert(pending_.end(), part.begin(), part.end());
  bytes = bytes.subspan(part.size());
  return pending_.size() == wanted;
}

std::optional<FrameView> FrameReader::next(ByteView& bytes) {
  if (whole_) pending_.clear();
  whole_ = false;
  if (broken_ || !take_up_to(kLengthBytes, bytes)) return std::nullopt;
  const auto length = ByteReader{pending_}.little<std::uint32_t>();
  broken_ = length < kTypeBytes || length > kMaxFrameBytes;
  if (broken_ || !take_up_to(kLengthBytes + length, bytes)) return std::nullopt;
  whole_ = true;
  ByteReader in{ByteView{pending_}.subspan(kLengthBytes)};
  const auto type = in.little<std::uint16_t>();
  return FrameView{type, in.take(in.remaining())};
}

}  // namespace lumen::lumen1::control
