#include "gamestream/rtsp/frame.hpp"

#include <algorithm>

namespace lumen::gamestream::rtsp {
namespace {

constexpr std::uint32_t kEncrypted = 0x8000'0000U;

crypto::Nonce nonce_of(Sender sender, std::uint32_t sequence) {
  crypto::Nonce nonce{};
  ByteWriter writer{nonce};
  writer.little(sequence);
  nonce[10] = static_cast<std::byte>(sender);
  nonce[11] = std::byte{'R'};
  return nonce;
}

}  // namespace

std::optional<FrameHeader> parse_frame_header(ByteView bytes, std::size_t limit) {
  ByteReader reader{bytes};
  const auto length = reader.big<std::uint32_t>();
  FrameHeader header{.text_bytes = length & ~kEncrypted, .sequence = reader.big<std::uint32_t>()};
  const auto tag = reader.take(header.tag.size());
  if (!reader.ok() || (length & kEncrypted) == 0 || header.text_bytes == 0 || header.text_bytes > limit) {
    return std::nullopt;
  }
  std::ranges::copy(tag, header.tag.begin());
  return header;
}

Result<std::vector<std::byte>> seal_frame(crypto::Aead& cipher, Sender sender, std::uint32_t sequence,
                                          std::string_view text) {
  std::vector<std::byte> frame(kFrameHeaderBytes + text.size());
  const auto sealed = std::span{frame}.subspan(kFrameHeaderBytes);
  std::ranges::copy(as_view(text), sealed.begin());
  std::array<std::byte, crypto::kTagBytes> tag{};
  if (!cipher.seal(nonce_of(sender, sequence), {}, sealed, tag)) {
    return fail(ErrorCode::internal, "gamestream.rtsp-cipher", "cannot encrypt an RTSP message");
  }
  ByteWriter writer{frame};
  writer.big(kEncrypted | static_cast<std::uint32_t>(text.size()));
  writer.big(sequence);
  writer.put(tag);
  return frame;
}

std::optional<std::string> open_frame(crypto::Aead& cipher, Sender sender, const FrameHeader& header,
                                      ByteView frame) {
  if (frame.size() != header.frame_bytes()) return std::nullopt;
  const auto sealed = frame.subspan(kFrameHeaderBytes);
  std::string text(sealed.size(), '\0');
  const auto bytes = std::as_writable_bytes(std::span{text});
  std::ranges::copy(sealed, bytes.begin());
  if (!cipher.open(nonce_of(sender, header.sequence), {}, bytes, header.tag)) return std::nullopt;
  return text;
}

}  // namespace lumen::gamestream::rtsp
