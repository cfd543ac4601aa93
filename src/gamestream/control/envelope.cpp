#include "gamestream/control/envelope.hpp"

#include <limits>

namespace lumen::gamestream::control {
namespace {

constexpr std::uint16_t kEncrypted = 0x0001;

crypto::Nonce nonce_for(std::uint32_t sequence, Side from) {
  crypto::Nonce nonce{};
  ByteWriter writer{nonce};
  writer.little(sequence);
  nonce[10] = static_cast<std::byte>(from == Side::client ? 'C' : 'H');
  nonce[11] = std::byte{'C'};
  return nonce;
}

Result<crypto::Aead> cipher(ByteView key) {
  if (key.size() != kKeyBytes) {
    return fail(ErrorCode::invalid_argument, "gamestream.control-key",
                "the control stream's key has not 16 bytes");
  }
  return crypto::Aead::create(crypto::AeadAlgorithm::aes_128_gcm, key);
}

}  // namespace

bool ReplayWindow::fresh(std::uint32_t sequence) const {
  if (!any_ || sequence > highest_) return true;
  return highest_ - sequence < kWindow && !seen_[sequence % kWindow];
}

void ReplayWindow::mark(std::uint32_t sequence) {
  if (!any_ || sequence > highest_) {
    if (!any_ || sequence - highest_ >= kWindow) {
      seen_.reset();
    } else {
      for (auto skipped = highest_ + 1; skipped < sequence; ++skipped) seen_.reset(skipped % kWindow);
    }
    any_ = true;
    highest_ = sequence;
  }
  seen_.set(sequence % kWindow);
}

Result<Sealer> Sealer::create(ByteView key, Side from) {
  LUMEN_TRY(auto aead, cipher(key));
  return Sealer{std::move(aead), from};
}

std::optional<MutableBytes> Sealer::seal(std::uint16_t type, ByteView payload, MutableBytes out) {
  if (payload.size() > kMaxPayloadBytes || next_ == std::numeric_limits<std::uint32_t>::max())
    return std::nullopt;
  const auto size = kEnvelopeBytes + kMessageHeaderBytes + payload.size();
  ByteWriter writer{out};
  writer.little(kEncrypted);
  writer.little(static_cast<std::uint16_t>(size - 4));
  writer.little(next_);
  writer.put(std::array<std::byte, crypto::kTagBytes>{});
  writer.little(type);
  writer.little(static_cast<std::uint16_t>(payload.size()));
  writer.put(payload);
  if (!writer.ok()) return std::nullopt;
  const auto packet = writer.written();
  // Whatever happens, this number is spent.
  const auto nonce = nonce_for(next_++, from_);
  if (!aead_.seal(nonce, {}, packet.subspan(kEnvelopeBytes),
                  packet.subspan(kClearBytes, crypto::kTagBytes))) {
    return std::nullopt;
  }
  return packet;
}

Result<Opener> Opener::create(ByteView key, Side from) {
  LUMEN_TRY(auto aead, cipher(key));
  return Opener{std::move(aead), from};
}

Opened Opener::open(MutableBytes packet) {
  ByteReader clear{packet};
  if (clear.little<std::uint16_t>() != kEncrypted) return {.refusal = Refusal::not_encrypted};
  const std::size_t length = clear.little<std::uint16_t>();
  const auto sequence = clear.little<std::uint32_t>();
  if (packet.size() < kEnvelopeBytes + kMessageHeaderBytes || packet.size() > kMaxPacketBytes ||
      length != packet.size() - 4) {
    return {.refusal = Refusal::length};
  }
  if (!window_.fresh(sequence)) return {.refusal = Refusal::replayed};
  const auto text = packet.subspan(kEnvelopeBytes);
  if (!aead_.open(nonce_for(sequence, from_), {}, text, packet.subspan(kClearBytes, crypto::kTagBytes))) {
    return {.refusal = Refusal::forged};
  }
  window_.mark(sequence);
  ByteReader inner{text};
  const auto type = inner.little<std::uint16_t>();
  const std::size_t payload_bytes = inner.little<std::uint16_t>();
  if (payload_bytes != inner.remaining()) return {.refusal = Refusal::inner_length};
  if (type == kEncrypted) return {.refusal = Refusal::nested};
  return {.refusal = Refusal::none, .type = type, .payload = inner.take(payload_bytes)};
}

}  // namespace lumen::gamestream::control
