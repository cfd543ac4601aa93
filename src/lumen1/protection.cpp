#include "lumen1/protection.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace lumen::lumen1 {
namespace {

constexpr auto kNoMoreNumbers = std::numeric_limits<std::uint64_t>::max();

constexpr std::uint64_t forgery_limit(crypto::AeadAlgorithm cipher) {
  return std::uint64_t{1} << (cipher == crypto::AeadAlgorithm::aes_128_gcm ? 52U : 36U);
}

ByteView no_key(crypto::AeadAlgorithm cipher) {
  static constexpr std::array<std::byte, crypto::kMaxKeyBytes> kZeros{};
  return ByteView{kZeros}.first(crypto::key_bytes(cipher));
}

MutableBytes body_of(MutableBytes datagram) {
  return datagram.subspan(kClearHeaderBytes, datagram.size() - kClearHeaderBytes - kTagBytes);
}

}  // namespace

DirectionKeys::~DirectionKeys() { crypto::wipe(secret); }

crypto::Nonce nonce_for(const crypto::Nonce& iv, std::uint64_t packet_number) {
  constexpr std::size_t kFirst = crypto::kNonceBytes - sizeof packet_number;
  auto nonce = iv;
  for (std::size_t i = 0; i < sizeof packet_number; ++i) {
    nonce[kFirst + i] ^= static_cast<std::byte>(packet_number >> (8U * i));
  }
  return nonce;
}

Result<EpochKey> KeyChain::make_slot(crypto::AeadBackend backend) const {
  LUMEN_TRY(auto aead, crypto::Aead::create(keys_.cipher, no_key(keys_.cipher), backend));
  return EpochKey{std::move(aead), {}};
}

Result<EpochKey> KeyChain::make_slot(const EpochKey& like) const {
  LUMEN_TRY(auto aead, like.aead.like(no_key(keys_.cipher)));
  return EpochKey{std::move(aead), {}};
}

Status KeyChain::advance(EpochKey& slot) {
  std::array<std::byte, crypto::kMaxKeyBytes> memory{};
  const auto key = MutableBytes{memory}.first(crypto::key_bytes(keys_.cipher));
  crypto::Nonce iv{};
  DirectionKeys next{.cipher = keys_.cipher};
  LUMEN_CHECK_OK(crypto::derive(keys_.secret, {}, "lumen/1 iv", iv));
  LUMEN_CHECK_OK(crypto::derive(keys_.secret, {}, "lumen/1 next", next.secret));
  LUMEN_CHECK_OK(crypto::derive(keys_.secret, {}, "lumen/1 key", key));
  const bool set = slot.aead.set_key(key);
  crypto::wipe(memory);
  if (!set) return fail(ErrorCode::internal, "protection.key", "the cipher takes no new key");
  slot.iv = iv;
  keys_ = next;
  return {};
}

Sealer::Sealer(EpochKey key, KeyChain chain, std::uint8_t session)
    : key_{std::move(key)}, chain_{std::move(chain)}, session_{session} {}

Result<Sealer> Sealer::create(const DirectionKeys& keys, std::uint8_t session, crypto::AeadBackend backend) {
  KeyChain chain{keys};
  LUMEN_TRY(auto key, chain.make_slot(backend));
  LUMEN_CHECK_OK(chain.advance(key));
  return Sealer{std::move(key), std::move(chain), session};
}

std::optional<std::uint64_t> Sealer::seal(Kind kind, MutableBytes datagram) {
  if (datagram.size() < kClearHeaderBytes + kTagBytes || next_ == kNoMoreNumbers) return std::nullopt;
  if (next_ - epoch_begin_ >= kEpochPackets && !advance()) return std::nullopt;
  const auto number = next_++;  // used up even if sealing fails: a nonce never comes twice
  const auto header = datagram.first(kClearHeaderBytes);
  encode(ClearHeader{kind, session_, static_cast<std::uint8_t>(epoch_), number}, header);
  if (!key_.aead.seal(nonce_for(key_.iv, number), header, body_of(datagram), datagram.last(kTagBytes))) {
    return std::nullopt;
  }
  return number;
}

bool Sealer::update_key() { return next_ - epoch_begin_ >= kMinEpochPackets && advance(); }

bool Sealer::advance() {
  if (!chain_.advance(key_)) return false;
  ++epoch_;
  epoch_begin_ = next_;
  return true;
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

Opener::Opener(EpochKey previous, EpochKey current, EpochKey next, KeyChain chain)
    : previous_{std::move(previous)},
      current_{std::move(current)},
      next_{std::move(next)},
      chain_{std::move(chain)},
      forgery_limit_{forgery_limit(current_.aead.algorithm())} {}

Result<Opener> Opener::create(const DirectionKeys& keys, crypto::AeadBackend backend) {
  KeyChain chain{keys};
  LUMEN_TRY(auto previous, chain.make_slot(backend));
  LUMEN_TRY(auto current, chain.make_slot(previous));
  LUMEN_TRY(auto next, chain.make_slot(previous));
  LUMEN_CHECK_OK(chain.advance(current));
  LUMEN_CHECK_OK(chain.advance(next));
  return Opener{std::move(previous), std::move(current), std::move(next), std::move(chain)};
}

std::optional<OpenedDatagram> Opener::open(MutableBytes datagram) {
  auto opened = exhausted() ? std::nullopt : authenticate(datagram);
  if (!opened) ++rejected_;
  return opened;
}

std::optional<OpenedDatagram> Opener::authenticate(MutableBytes datagram) {
  if (datagram.size() < kClearHeaderBytes + kTagBytes) return std::nullopt;
  const auto header = decode_clear_header(datagram);
  if (!header || !window_.may_accept(header->packet_number)) return std::nullopt;
  auto* const key = key_for(*header);
  if (key == nullptr) return std::nullopt;
  const auto body = body_of(datagram);
  if (!key->aead.open(nonce_for(key->iv, header->packet_number), datagram.first(kClearHeaderBytes), body,
                      datagram.last(kTagBytes))) {
    ++forged_;
    return std::nullopt;
  }
  accepted(*header);
  return OpenedDatagram{*header, body};
}

// Numbers grow from epoch to epoch, so a number tells which epochs are possible at all.
EpochKey* Opener::key_for(const ClearHeader& header) {
  const auto number = header.packet_number;
  switch (static_cast<std::uint8_t>(header.epoch - static_cast<std::uint8_t>(epoch_))) {
    case 0:
      return number >= epoch_floor_ ? &current_ : nullptr;
    case 1:
      return next_known_ && (!window_.any() || number > window_.highest()) ? &next_ : nullptr;
    case 0xFF:
      return previous_known_ && number < epoch_first_ ? &previous_ : nullptr;
    default:
      return nullptr;
  }
}

void Opener::accepted(const ClearHeader& header) {
  const auto number = header.packet_number;
  const bool was_next = header.epoch == static_cast<std::uint8_t>(epoch_ + 1);
  if (was_next) {
    enter_next_epoch(number);
  } else if (header.epoch == static_cast<std::uint8_t>(epoch_)) {
    epoch_first_ = std::min(epoch_first_, number);
  }
  window_.accept(number);
  if (previous_known_ && window_.highest() - epoch_first_ >= ReplayWindow::kWindow) forget_previous();
}

void Opener::enter_next_epoch(std::uint64_t first) {
  std::swap(previous_, current_);
  std::swap(current_, next_);  // and what was previous is overwritten by the key to come
  previous_known_ = true;
  next_known_ = chain_.advance(next_).has_value();
  ++epoch_;
  epoch_floor_ = window_.any() ? window_.highest() + 1 : 0;
  epoch_first_ = first;
}

void Opener::forget_previous() {
  previous_known_ = false;
  static_cast<void>(previous_.aead.set_key(no_key(previous_.aead.algorithm())));  // overwrites it
  crypto::wipe(previous_.iv);
}

}  // namespace lumen::lumen1
