#include "lumen1/handshake.hpp"

#include <algorithm>
#include <utility>

namespace lumen::lumen1 {
namespace {

using crypto::AeadAlgorithm;

constexpr std::size_t kOfferBytes = 4 + kMaxOfferedCiphers, kChoiceBytes = 4;
constexpr std::size_t kHelloBytes = kClearHeaderBytes + kRandomBytes + kOfferBytes + kTagBytes;
constexpr std::size_t kWelcomeBytes = kClearHeaderBytes + 2 * kRandomBytes + kChoiceBytes + kTagBytes;
constexpr auto kMessageCipher = AeadAlgorithm::aes_128_gcm;
// A handful of packets: not worth examining the CPU for.
constexpr auto kMessageBackend = crypto::AeadBackend::openssl;

// A key that seals one message, so that the nonce is its IV.
struct MessageKey {  // NOLINT(cppcoreguidelines-special-member-functions)
  std::array<std::byte, crypto::key_bytes(kMessageCipher) + crypto::kNonceBytes> material{};
  ~MessageKey() { crypto::wipe(material); }

  Result<crypto::Aead> cipher() const {
    return crypto::Aead::create(kMessageCipher, ByteView{material}.first(crypto::key_bytes(kMessageCipher)),
                                kMessageBackend);
  }
  crypto::Nonce nonce() const {
    crypto::Nonce nonce;
    std::ranges::copy(ByteView{material}.last(crypto::kNonceBytes), nonce.begin());
    return nonce;
  }
};

Result<MessageKey> derive_message_key(const Secret& secret, ByteView salt, std::string_view info) {
  MessageKey key;
  LUMEN_CHECK_OK(crypto::derive(secret, salt, info, key.material));
  return key;
}

std::vector<std::byte> join(ByteView first, ByteView second) {
  std::vector<std::byte> both(first.begin(), first.end());
  both.insert(both.end(), second.begin(), second.end());
  return both;
}

Result<ConnectionKeys> derive_connection(const Secret& secret, ByteView hello, ByteView welcome,
                                         AeadAlgorithm cipher) {
  const auto transcript = join(hello, welcome);
  ConnectionKeys keys{.host_to_client = {.cipher = cipher},
                      .client_to_host = {.cipher = cipher},
                      .sound = {.cipher = cipher},
                      .microphone = {.cipher = cipher}};
  LUMEN_CHECK_OK(crypto::derive(secret, transcript, "lumen/1 h2c", keys.host_to_client.secret));
  LUMEN_CHECK_OK(crypto::derive(secret, transcript, "lumen/1 c2h", keys.client_to_host.secret));
  LUMEN_CHECK_OK(crypto::derive(secret, transcript, "lumen/1 h2c sound", keys.sound.secret));
  LUMEN_CHECK_OK(crypto::derive(secret, transcript, "lumen/1 c2h microphone", keys.microphone.secret));
  return keys;
}

// clear header | randoms | sealed text | tag
Result<std::vector<std::byte>> seal_message(const MessageKey& key, const ClearHeader& header,
                                            ByteView randoms, ByteView text) {
  const auto clear_bytes = kClearHeaderBytes + randoms.size();
  std::vector<std::byte> message(clear_bytes + text.size() + kTagBytes);
  const MutableBytes all{message};
  encode(header, all);
  std::ranges::copy(randoms, all.begin() + kClearHeaderBytes);
  const auto sealed = all.subspan(clear_bytes, text.size());
  std::ranges::copy(text, sealed.begin());
  LUMEN_TRY(auto cipher, key.cipher());
  if (!cipher.seal(key.nonce(), all.first(clear_bytes), sealed, all.last(kTagBytes))) {
    return fail(ErrorCode::internal, "handshake.seal", "the handshake message cannot be sealed");
  }
  return message;
}

// The sealed text, when the message is authentic. Leaves `message` as it is.
template <std::size_t TextBytes>
std::optional<std::array<std::byte, TextBytes>> open_message(const MessageKey& key, ByteView message) {
  const auto clear_bytes = message.size() - TextBytes - kTagBytes;
  auto cipher = key.cipher();
  if (!cipher) return std::nullopt;
  std::array<std::byte, TextBytes> text;
  std::ranges::copy(message.subspan(clear_bytes, TextBytes), text.begin());
  if (!cipher->open(key.nonce(), message.first(clear_bytes), text, message.last(kTagBytes))) {
    return std::nullopt;
  }
  return text;
}

std::array<std::byte, kOfferBytes> encode_offer(const CipherOffer& offer) {
  std::array<std::byte, kOfferBytes> text{};
  ByteWriter writer{text};
  writer.little(kVersion);
  writer.little(static_cast<std::uint8_t>(offer.size()));
  writer.little(std::uint8_t{0});
  for (const auto cipher : offer) writer.little(static_cast<std::uint8_t>(cipher));
  return text;
}

// The first offered cipher that is accepted. A later version may offer what we do not know.
std::optional<AeadAlgorithm> choose(const std::array<std::byte, kOfferBytes>& offer,
                                    const CipherOffer& accepted) {
  ByteReader reader{offer};
  const auto version = reader.little<std::uint16_t>();
  const auto count = reader.little<std::uint8_t>();
  const auto zero_3 = reader.little<std::uint8_t>();
  if (version != kVersion || count == 0 || count > kMaxOfferedCiphers || zero_3 != 0) return std::nullopt;
  std::optional<AeadAlgorithm> chosen;
  for (std::size_t i = 0; i < kMaxOfferedCiphers; ++i) {
    const auto number = reader.little<std::uint8_t>();
    if (i >= count && number != 0) return std::nullopt;
    const auto known =
        std::ranges::find(accepted, number, [](auto c) { return static_cast<std::uint8_t>(c); });
    if (!chosen && known != accepted.end()) chosen = *known;
  }
  return chosen;
}

std::array<std::byte, kChoiceBytes> encode_choice(AeadAlgorithm cipher) {
  std::array<std::byte, kChoiceBytes> text{};
  ByteWriter writer{text};
  writer.little(kVersion);
  writer.little(static_cast<std::uint8_t>(cipher));
  return text;
}

// The cipher that the host chose, if it was offered.
std::optional<AeadAlgorithm> decode_choice(const std::array<std::byte, kChoiceBytes>& text,
                                           const CipherOffer& offer) {
  const auto chosen = std::ranges::find_if(offer, [&](auto c) { return encode_choice(c) == text; });
  return chosen != offer.end() ? std::optional{*chosen} : std::nullopt;
}

bool has_header(ByteView message, std::size_t bytes, Kind kind, std::uint8_t session) {
  if (message.size() != bytes) return false;
  const auto header = decode_clear_header(message);
  return header && header->kind == kind && header->session == session && header->epoch == 0 &&
         header->packet_number == 0;
}

ByteView client_random(ByteView message) { return message.subspan(kClearHeaderBytes, kRandomBytes); }
ByteView host_random_of(ByteView welcome) {
  return welcome.subspan(kClearHeaderBytes + kRandomBytes, kRandomBytes);
}

Result<HostAnswer> make_answer(const Secret& secret, const Random& host_random, ByteView hello,
                               AeadAlgorithm cipher) {
  const auto session = decode_clear_header(hello)->session;
  LUMEN_TRY(const auto key, derive_message_key(secret, join(hello, host_random), "lumen/1 welcome"));
  LUMEN_TRY(auto welcome, seal_message(key, {Kind::welcome, session}, join(client_random(hello), host_random),
                                       encode_choice(cipher)));
  LUMEN_TRY(const auto keys, derive_connection(secret, hello, welcome, cipher));
  return HostAnswer{std::move(welcome), keys};
}

}  // namespace

CipherOffer preferred_ciphers() {
  constexpr auto kAes = AeadAlgorithm::aes_128_gcm, kChaCha = AeadAlgorithm::chacha20_poly1305;
  return crypto::preferred_algorithm() == kAes ? CipherOffer{kAes, kChaCha} : CipherOffer{kChaCha, kAes};
}

ClientHandshake::~ClientHandshake() { crypto::wipe(secret_); }

Result<ClientHandshake> ClientHandshake::create(const Secret& secret, std::uint8_t session,
                                                const Random& random, CipherOffer offer) {
  if (offer.empty() || offer.size() > kMaxOfferedCiphers) {
    return fail(ErrorCode::invalid_argument, "handshake.offer", "one to four ciphers can be offered");
  }
  LUMEN_TRY(const auto key, derive_message_key(secret, random, "lumen/1 hello"));
  LUMEN_TRY(auto hello, seal_message(key, {Kind::hello, session}, random, encode_offer(offer)));
  return ClientHandshake{secret, session, std::move(offer), std::move(hello)};
}

std::optional<ConnectionKeys> ClientHandshake::on_welcome(ByteView datagram) const {
  if (!has_header(datagram, kWelcomeBytes, Kind::welcome, session_)) return std::nullopt;
  if (!std::ranges::equal(client_random(datagram), client_random(hello_))) return std::nullopt;
  const auto key = derive_message_key(secret_, join(hello_, host_random_of(datagram)), "lumen/1 welcome");
  if (!key) return std::nullopt;
  const auto text = open_message<kChoiceBytes>(*key, datagram);
  const auto cipher = text ? decode_choice(*text, offer_) : std::nullopt;
  if (!cipher) return std::nullopt;
  const auto keys = derive_connection(secret_, hello_, datagram, *cipher);
  return keys ? std::optional{*keys} : std::nullopt;
}

std::optional<HostAnswer> answer_hello(const Secret& secret, std::uint8_t session, const Random& host_random,
                                       ByteView hello, const CipherOffer& accepted) {
  if (!has_header(hello, kHelloBytes, Kind::hello, session)) return std::nullopt;
  const auto key = derive_message_key(secret, client_random(hello), "lumen/1 hello");
  if (!key) return std::nullopt;
  const auto text = open_message<kOfferBytes>(*key, hello);
  const auto cipher = text ? choose(*text, accepted) : std::nullopt;
  if (!cipher) return std::nullopt;
  auto answer = make_answer(secret, host_random, hello, *cipher);
  return answer ? std::optional{*std::move(answer)} : std::nullopt;
}

}  // namespace lumen::lumen1
