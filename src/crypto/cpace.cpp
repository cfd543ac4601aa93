#include "crypto/cpace.hpp"

#include <string_view>
#include <utility>

#include "crypto/aead_cipher.hpp"
#include "crypto/cpace_parts.hpp"

namespace lumen::crypto {
namespace {

constexpr std::string_view kDomain = "CPaceRistretto255", kKeyDomain = "CPaceRistretto255_ISK",
                           kTagDomain = "CPaceMac";
constexpr std::size_t kHashBlockBytes = 128;  // SHA-512's

std::size_t length_bytes(std::size_t length) {
  std::size_t bytes = 1;
  for (; length >= 0x80; length >>= 7U) ++bytes;
  return bytes;
}

Sha512Secret sha512(std::initializer_list<ByteView> parts) {
  crypto_hash_sha512_state hash;
  crypto_hash_sha512_init(&hash);
  for (const auto part : parts) crypto_hash_sha512_update(&hash, raw(part), part.size());
  Sha512Secret digest;
  crypto_hash_sha512_final(&hash, raw(digest.bytes()));
  sodium_memzero(&hash, sizeof hash);
  return digest;
}

}  // namespace

std::vector<std::byte> lv_cat(std::initializer_list<ByteView> parts) {
  std::size_t size = 0;
  for (const auto part : parts) size += length_bytes(part.size()) + part.size();
  std::vector<std::byte> all;
  all.reserve(size);  // growing would leave copies of secrets behind
  for (const auto part : parts) {
    auto length = part.size();
    for (; length >= 0x80; length >>= 7U) all.push_back(static_cast<std::byte>(length | 0x80U));
    all.push_back(static_cast<std::byte>(length));
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

// The zeros fill the hash's first block, so that the time it takes does not depend on the password's length.
SecretVector generator_string(ByteView password, ByteView channel, ByteView session) {
  const auto domain = as_view(kDomain);
  const auto used = length_bytes(password.size()) + password.size() + 1 + domain.size() + 1;
  const std::vector<std::byte> zeros(used < kHashBlockBytes ? kHashBlockBytes - used : 0);
  return SecretVector{lv_cat({domain, password, zeros, channel, session})};
}

CpaceShare generator_of(ByteView password, ByteView channel, ByteView session) {
  const auto digest = sha512({generator_string(password, channel, session).view()});
  CpaceShare generator;
  crypto_core_ristretto255_from_hash(raw(MutableBytes{generator}), raw(digest.view()));
  return generator;
}

Result<Cpace> Cpace::with_scalar(const Params& params, const CpaceScalar& scalar) {
  auto state = std::make_unique<State>();
  state->role = params.role;
  state->session.assign(params.session.begin(), params.session.end());
  state->data.assign(params.data.begin(), params.data.end());
  state->scalar = scalar;
  auto generator = generator_of(params.password, params.channel, params.session);
  const auto result = crypto_scalarmult_ristretto255(raw(MutableBytes{state->share}), raw(scalar.view()),
                                                     raw(ByteView{generator}));
  wipe(generator);
  if (result != 0) return fail(ErrorCode::internal, "crypto.cpace", "libsodium made no share");
  return Cpace{std::move(state)};
}

Result<Cpace> Cpace::create(const Params& params) {
  if (sodium_init() < 0) {
    return fail(ErrorCode::internal, "crypto.cpace", "libsodium cannot be used",
                "Check that libsodium23 is installed completely");
  }
  CpaceScalar scalar;
  crypto_core_ristretto255_scalar_random(raw(scalar.bytes()));
  return with_scalar(params, scalar);
}

Cpace::Cpace(std::unique_ptr<State> state) : state_{std::move(state)} {}
Cpace::Cpace(Cpace&&) noexcept = default;
Cpace& Cpace::operator=(Cpace&&) noexcept = default;
Cpace::~Cpace() = default;

const CpaceShare& Cpace::share() const { return state_->share; }

void Cpace::State::agree(ByteView shared_point) {
  const bool first = role == CpaceRole::initiator;
  const SecretVector head{lv_cat({as_view(kKeyDomain), session, shared_point})};
  key = sha512({head.view(), first ? own_message : peer_message, first ? peer_message : own_message});
  tag_key = sha512({as_view(kTagDomain), session, key.view()});
}

bool Cpace::receive(ByteView share, ByteView data) {
  if (state_->received) return false;
  state_->received = true;
  const auto scalar = std::exchange(state_->scalar, CpaceScalar{});
  // Sent back, our share and then our tag would fit. Multiplication fails for the identity as its result.
  SecretBytes<kCpaceShareBytes> shared_point;
  if (share.size() != kCpaceShareBytes || equal_in_constant_time(share, state_->share) ||
      crypto_core_ristretto255_is_valid_point(raw(share)) != 1 ||
      crypto_scalarmult_ristretto255(raw(shared_point.bytes()), raw(scalar.view()), raw(share)) != 0) {
    return false;
  }
  state_->own_message = lv_cat({state_->share, state_->data});
  state_->peer_message = lv_cat({share, data});
  state_->agree(shared_point.view());
  return state_->agreed = true;
}

CpaceTag Cpace::State::tag_of(ByteView message) const {
  crypto_auth_hmacsha512_state hmac;
  crypto_auth_hmacsha512_init(&hmac, raw(tag_key.view()), tag_key.view().size());
  crypto_auth_hmacsha512_update(&hmac, raw(message), message.size());
  CpaceTag tag;
  crypto_auth_hmacsha512_final(&hmac, raw(MutableBytes{tag}));
  sodium_memzero(&hmac, sizeof hmac);
  return tag;
}

std::optional<CpaceTag> Cpace::tag() const {
  if (!state_->agreed) return std::nullopt;
  return state_->tag_of(state_->own_message);
}

bool Cpace::confirm(ByteView tag) {
  if (!state_->agreed || std::exchange(state_->confirmed, true)) return false;
  return equal_in_constant_time(tag, state_->tag_of(state_->peer_message));
}

}  // namespace lumen::crypto
