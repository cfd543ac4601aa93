#include "lumen1/handshake.hpp"

#include <algorithm>
#include <utility>

namespace lumen::lumen1 {
namespace {

constexpr std::size_t kSealedBytes = 4;  // version u16, zero u16
constexpr std::size_t kHelloBytes = kClearHeaderBytes + kRandomBytes + kSealedBytes + kTagBytes;
constexpr std::size_t kWelcomeBytes = kHelloBytes + kRandomBytes;

// Client random, then host random: the salt of everything but the hello.
using Randoms = std::array<std::byte, 2 * kRandomBytes>;
Randoms join(const Random& client, const Random& host) {
  Randoms both;
  std::ranges::copy(client, both.begin());
  std::ranges::copy(host, both.begin() + kRandomBytes);
  return both;
}

Result<DirectionKeys> derive_keys(const Secret& secret, ByteView randoms, std::string_view info) {
  std::array<std::byte, crypto::kKeyBytes + crypto::kNonceBytes> material;
  LUMEN_CHECK_OK(crypto::derive(secret, randoms, info, material));
  DirectionKeys keys;
  std::copy_n(material.begin(), crypto::kKeyBytes, keys.key.begin());
  std::copy_n(material.begin() + crypto::kKeyBytes, crypto::kNonceBytes, keys.salt.begin());
  crypto::wipe(material);
  return keys;
}

Result<ConnectionKeys> derive_connection(const Secret& secret, const Randoms& randoms) {
  LUMEN_TRY(const auto host_to_client, derive_keys(secret, randoms, "lumen/1 h2c"));
  LUMEN_TRY(const auto client_to_host, derive_keys(secret, randoms, "lumen/1 c2h"));
  return ConnectionKeys{host_to_client, client_to_host};
}

// clear header | randoms | sealed version | tag. The packet number is 0: each key seals one message.
Result<std::vector<std::byte>> seal_message(const DirectionKeys& keys, const ClearHeader& header,
                                            ByteView randoms) {
  const auto clear_bytes = kClearHeaderBytes + randoms.size();
  std::vector<std::byte> message(clear_bytes + kSealedBytes + kTagBytes);
  const MutableBytes all{message};
  encode(header, all);
  std::ranges::copy(randoms, all.begin() + kClearHeaderBytes);
  const auto text = all.subspan(clear_bytes, kSealedBytes);
  ByteWriter{text}.little(kVersion);
  LUMEN_TRY(auto cipher, crypto::Aes128Gcm::create(keys.key));
  if (!cipher.seal(nonce_for(keys.salt, 0), all.first(clear_bytes), text, all.last(kTagBytes))) {
    return fail(ErrorCode::internal, "handshake.seal", "the handshake message cannot be sealed");
  }
  return message;
}

// True when `message` is authentic and of our version. Leaves the message as it is.
bool is_authentic(const DirectionKeys& keys, ByteView message, std::size_t clear_bytes) {
  auto cipher = crypto::Aes128Gcm::create(keys.key);
  if (!cipher) return false;
  std::array<std::byte, kSealedBytes> text;
  std::ranges::copy(message.subspan(clear_bytes, kSealedBytes), text.begin());
  if (!cipher->open(nonce_for(keys.salt, 0), message.first(clear_bytes), text, message.last(kTagBytes))) {
    return false;
  }
  ByteReader reader{text};
  const auto version = reader.little<std::uint16_t>();
  return version == kVersion && reader.little<std::uint16_t>() == 0;
}

bool has_header(ByteView message, std::size_t bytes, Kind kind, std::uint8_t session) {
  if (message.size() != bytes) return false;
  const auto header = decode_clear_header(message);
  return header && header->kind == kind && header->session == session && header->packet_number == 0;
}

Random random_at(ByteView message, std::size_t offset) {
  Random random;
  std::ranges::copy(message.subspan(offset, kRandomBytes), random.begin());
  return random;
}

Result<HostAnswer> make_answer(const Secret& secret, std::uint8_t session, const Random& client,
                               const Random& host) {
  const auto randoms = join(client, host);
  LUMEN_TRY(const auto welcome_keys, derive_keys(secret, randoms, "lumen/1 welcome"));
  LUMEN_TRY(auto welcome, seal_message(welcome_keys, {Kind::welcome, session, 0}, randoms));
  LUMEN_TRY(const auto keys, derive_connection(secret, randoms));
  return HostAnswer{std::move(welcome), keys};
}

}  // namespace

ClientHandshake::~ClientHandshake() { crypto::wipe(secret_); }

Result<ClientHandshake> ClientHandshake::create(const Secret& secret, std::uint8_t session,
                                                const Random& random) {
  LUMEN_TRY(const auto keys, derive_keys(secret, random, "lumen/1 hello"));
  LUMEN_TRY(auto hello, seal_message(keys, {Kind::hello, session, 0}, random));
  return ClientHandshake{secret, session, random, std::move(hello)};
}

std::optional<ConnectionKeys> ClientHandshake::on_welcome(ByteView datagram) const {
  if (!has_header(datagram, kWelcomeBytes, Kind::welcome, session_)) return std::nullopt;
  if (random_at(datagram, kClearHeaderBytes) != random_) return std::nullopt;
  const auto randoms = join(random_, random_at(datagram, kClearHeaderBytes + kRandomBytes));
  const auto welcome_keys = derive_keys(secret_, randoms, "lumen/1 welcome");
  if (!welcome_keys || !is_authentic(*welcome_keys, datagram, kClearHeaderBytes + randoms.size())) {
    return std::nullopt;
  }
  const auto keys = derive_connection(secret_, randoms);
  return keys ? std::optional{*keys} : std::nullopt;
}

std::optional<HostAnswer> answer_hello(const Secret& secret, std::uint8_t session, const Random& host_random,
                                       ByteView hello) {
  if (!has_header(hello, kHelloBytes, Kind::hello, session)) return std::nullopt;
  const auto client_random = random_at(hello, kClearHeaderBytes);
  const auto hello_keys = derive_keys(secret, client_random, "lumen/1 hello");
  if (!hello_keys || !is_authentic(*hello_keys, hello, kClearHeaderBytes + kRandomBytes)) {
    return std::nullopt;
  }
  auto answer = make_answer(secret, session, client_random, host_random);
  return answer ? std::optional{*std::move(answer)} : std::nullopt;
}

}  // namespace lumen::lumen1
