#include "lumen1/protection.hpp"

#include <utility>

namespace lumen::lumen1 {
namespace {

constexpr std::uint64_t kMaxPacketNumber = (std::uint64_t{1} << 48U) - 1;

}  // namespace

DirectionKeys::~DirectionKeys() {
  crypto::wipe(key);
  crypto::wipe(salt);
}

crypto::Nonce nonce_for(const crypto::Nonce& salt, std::uint64_t packet_number) {
  constexpr std::size_t kFirst = crypto::kNonceBytes - sizeof packet_number;
  auto nonce = salt;
  for (std::size_t i = 0; i < sizeof packet_number; ++i) {
    nonce[kFirst + i] ^= static_cast<std::byte>(packet_number >> (8U * i));
  }
  return nonce;
}

Sealer::Sealer(crypto::Aes128Gcm cipher, const crypto::Nonce& salt, std::uint8_t session)
    : cipher_{std::move(cipher)}, salt_{salt}, session_{session} {}

Result<Sealer> Sealer::create(const DirectionKeys& keys, std::uint8_t session) {
  LUMEN_TRY(auto cipher, crypto::Aes128Gcm::create(keys.key));
  return Sealer{std::move(cipher), keys.salt, session};
}

std::optional<std::uint64_t> Sealer::seal(Kind kind, MutableBytes datagram) {
  if (datagram.size() < kClearHeaderBytes + kTagBytes || next_ > kMaxPacketNumber) return std::nullopt;
  const auto number = next_++;  // used up even if sealing fails: a nonce never comes twice
  const auto header = datagram.first(kClearHeaderBytes);
  const auto tag = datagram.last(kTagBytes);
  const auto body = datagram.subspan(kClearHeaderBytes, datagram.size() - kClearHeaderBytes - kTagBytes);
  encode(ClearHeader{kind, session_, number}, header);
  if (!cipher_.seal(nonce_for(salt_, number), header, body, tag)) return std::nullopt;
  return number;
}

bool ReplayWindow::may_accept(std::uint64_t number) const {
  if (!any_ || number > highest_) return true;
  return highest_ - number < kWindow && !seen_.test(number % kWindow);
}

void ReplayWindow::accept(std::uint64_t number) {
  if (!any_ || (number > highest_ && number - highest_ >= kWindow)) {
    seen_.reset();
    highest_ = number;
    any_ = true;
  }
  while (highest_ < number) seen_.reset(++highest_ % kWindow);
  if (highest_ - number < kWindow) seen_.set(number % kWindow);
}

Opener::Opener(crypto::Aes128Gcm cipher, const crypto::Nonce& salt)
    : cipher_{std::move(cipher)}, salt_{salt} {}

Result<Opener> Opener::create(const DirectionKeys& keys) {
  LUMEN_TRY(auto cipher, crypto::Aes128Gcm::create(keys.key));
  return Opener{std::move(cipher), keys.salt};
}

std::optional<OpenedDatagram> Opener::open(MutableBytes datagram) {
  auto opened = authenticate(datagram);
  if (!opened) ++rejected_;
  return opened;
}

std::optional<OpenedDatagram> Opener::authenticate(MutableBytes datagram) {
  if (datagram.size() < kClearHeaderBytes + kTagBytes) return std::nullopt;
  const auto header = decode_clear_header(datagram);
  if (!header || !window_.may_accept(header->packet_number)) return std::nullopt;
  const auto body = datagram.subspan(kClearHeaderBytes, datagram.size() - kClearHeaderBytes - kTagBytes);
  if (!cipher_.open(nonce_for(salt_, header->packet_number), datagram.first(kClearHeaderBytes), body,
                    datagram.last(kTagBytes))) {
    return std::nullopt;
  }
  window_.accept(header->packet_number);
  return OpenedDatagram{*header, body};
}

}  // namespace lumen::lumen1
