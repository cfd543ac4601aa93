#include "gamestream/http/pairing_client.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "gamestream/http/xml.hpp"

namespace lumen::gamestream {
namespace {

constexpr Duration kPhaseTimeout = std::chrono::seconds{10};
constexpr std::size_t kHashAndChallengeBytes = crypto::kSha256Bytes + kPairingBlockBytes;
constexpr std::size_t kMaxSecretBytes = kPairingBlockBytes + 1024;

tl::unexpected<Error> malformed() {
  return fail(ErrorCode::malformed, "gamestream.pairing-answer", "the host's answer to pairing is malformed",
              "Update the host");
}

// The bytes of a child in hexadecimal, of `min` to `max` bytes.
std::optional<std::vector<std::byte>> hex_child(const XmlElement& root, std::string_view name,
                                                std::size_t min, std::size_t max) {
  const auto digits = root.child_text(name);
  if (digits.size() < 2 * min || digits.size() > 2 * max) return std::nullopt;
  return crypto::from_hex(digits);
}

// Uniform over 0000…9999.
Result<PairingPin> random_pin() {
  constexpr std::uint16_t kPins = 10'000, kFair = 60'000;
  while (true) {
    crypto::SecretBytes<2> bytes;
    LUMEN_CHECK_OK(crypto::fill_random(bytes.bytes()));
    auto number = ByteReader{bytes.view()}.big<std::uint16_t>();
    if (number >= kFair) continue;
    number %= kPins;
    PairingPin pin;
    for (auto digit = pin.bytes().rbegin(); digit != pin.bytes().rend(); ++digit) {
      *digit = static_cast<std::byte>('0' + number % 10);
      number /= 10;
    }
    return pin;
  }
}

Status check_paired(const XmlDocument& document) {
  if (document.status_code == 200 && document.root.child_text("paired") == "1") return {};
  const auto& words = document.status_message;
  return fail(ErrorCode::denied, "gamestream.pairing-refused",
              words.empty() || document.status_code == 200 ? "the host refused to pair" : words,
              "Try again, and type the PIN at the host");
}

}  // namespace

PairingClient::PairingClient(const crypto::Identity& identity, std::string_view unique_id,
                             std::string_view device_name)
    : identity_{&identity}, unique_id_{unique_id}, device_name_{device_name} {}

Result<PairingClient> PairingClient::create(const crypto::Identity& identity, std::string_view unique_id,
                                            std::string_view device_name, std::string_view pin) {
  PairingClient client{identity, unique_id, device_name};
  if (pin.empty()) {
    LUMEN_TRY(client.pin_, random_pin());
  } else if (is_pin(pin)) {
    client.pin_ = PairingPin{as_view(pin)};
  } else {
    return fail(ErrorCode::invalid_argument, "gamestream.pin", "a PIN is four digits",
                "Give four digits, or none for random ones");
  }
  LUMEN_CHECK_OK(crypto::fill_random(client.salt_));
  LUMEN_CHECK_OK(crypto::fill_random(client.challenge_.bytes()));
  LUMEN_CHECK_OK(crypto::fill_random(client.secret_.bytes()));
  LUMEN_TRY(client.key_, pairing_key(client.salt_, client.pin()));
  return client;
}

std::string PairingClient::target(std::string_view parameter, std::string_view value) const {
  return fmt::format("/pair?{}&{}&updateState=1&{}", encode_parameter("uniqueid", unique_id_),
                     encode_parameter("devicename", device_name_), encode_parameter(parameter, value));
}

std::optional<ClientRequest> PairingClient::next() const {
  switch (step_) {
    case Step::certificate:
      return ClientRequest{
          Scheme::http,
          target("phrase", "getservercert") + "&" + encode_parameter("salt", crypto::to_hex(salt_)) + "&" +
              encode_parameter("clientcert", crypto::to_hex(as_view(identity_->certificate().pem()))),
          std::nullopt};
    case Step::challenge:
      return ClientRequest{Scheme::http, target("clientchallenge", parameter_), kPhaseTimeout};
    case Step::hash:
      return ClientRequest{Scheme::http, target("serverchallengeresp", parameter_), kPhaseTimeout};
    case Step::secret:
      return ClientRequest{Scheme::http, target("clientpairingsecret", parameter_), kPhaseTimeout};
    case Step::proof:
      return ClientRequest{Scheme::https, target("phrase", "pairchallenge"), kPhaseTimeout};
    case Step::unpair:
      return ClientRequest{Scheme::http, "/unpair?" + encode_parameter("uniqueid", unique_id_),
                           kPhaseTimeout};
    case Step::done:
    case Step::given_up:
      break;
  }
  return std::nullopt;
}

Status PairingClient::on_answer(std::string_view body) {
  if (step_ == Step::unpair) {
    step_ = Step::given_up;
    return {};
  }
  const auto document = read_xml(body);
  auto taken = document ? take(*document) : Status{tl::unexpected{document.error()}};
  if (!taken) abandon();
  return taken;
}

void PairingClient::abandon() {
  if (step_ == Step::done) return;
  step_ = step_ == Step::unpair || step_ == Step::given_up ? Step::given_up : Step::unpair;
}

Status PairingClient::take(const XmlDocument& document) {
  LUMEN_CHECK_OK(check_paired(document));
  switch (step_) {
    case Step::certificate:
      return take_certificate(document.root);
    case Step::challenge:
      return take_challenge_response(document.root);
    case Step::hash:
      return take_host_secret(document.root);
    case Step::secret:
      step_ = Step::proof;
      return {};
    case Step::proof:
      step_ = Step::done;
      return {};
    case Step::unpair:
    case Step::done:
    case Step::given_up:
      break;
  }
  return malformed();
}

Status PairingClient::take_certificate(const XmlElement& root) {
  if (root.child("plaincert") == nullptr || root.child_text("plaincert").empty()) {
    return fail(ErrorCode::unavailable, "gamestream.pairing-busy",
                "the host is pairing with a client already",
                "Finish or deny that at the host, then try again");
  }
  const auto pem = hex_child(root, "plaincert", 1, crypto::kMaxPemBytes);
  if (!pem) return malformed();
  LUMEN_TRY(host_, crypto::Certificate::from_pem({reinterpret_cast<const char*>(pem->data()), pem->size()}));
  LUMEN_TRY(const auto encrypted, crypto::encrypt_aes_128_ecb(key_.view(), challenge_.view()));
  parameter_ = crypto::to_hex(encrypted);
  step_ = Step::challenge;
  return {};
}

Status PairingClient::take_challenge_response(const XmlElement& root) {
  const auto response = hex_child(root, "challengeresponse", kHashAndChallengeBytes, kHashAndChallengeBytes);
  if (!response) return malformed();
  LUMEN_TRY(auto plain, crypto::decrypt_aes_128_ecb(key_.view(), *response));
  std::copy_n(plain.begin(), host_hash_.size(), host_hash_.begin());
  const auto host_challenge = ByteView{plain}.subspan(host_hash_.size(), kPairingBlockBytes);
  LUMEN_TRY(const auto hash,
            pairing_hash(host_challenge, identity_->certificate().signature(), secret_.view()));
  crypto::wipe(plain);
  LUMEN_TRY(const auto encrypted, crypto::encrypt_aes_128_ecb(key_.view(), hash));
  parameter_ = crypto::to_hex(encrypted);
  step_ = Step::hash;
  return {};
}

// The two checks: that the host has its certificate's key, and that both know the PIN.
Status PairingClient::take_host_secret(const XmlElement& root) {
  const auto bytes = hex_child(root, "pairingsecret", kPairingBlockBytes + 1, kMaxSecretBytes);
  if (!bytes) return malformed();
  const auto host_secret = ByteView{*bytes}.first(kPairingBlockBytes);
  if (!host_->verify(host_secret, ByteView{*bytes}.subspan(kPairingBlockBytes))) {
    return fail(ErrorCode::denied, "gamestream.pairing-intercepted",
                "the host's signature is not its certificate's; someone may be in between",
                "Pair in a network that you trust");
  }
  LUMEN_TRY(const auto hash, pairing_hash(challenge_.view(), host_->signature(), host_secret));
  if (!crypto::equal_in_constant_time(hash, host_hash_)) {
    return fail(ErrorCode::denied, "gamestream.wrong-pin", "a wrong PIN was typed at the host",
                "Pair again; the client shows another PIN");
  }
  LUMEN_TRY(const auto signature, identity_->sign(secret_.view()));
  parameter_ = crypto::to_hex(secret_.view()) + crypto::to_hex(signature);
  step_ = Step::secret;
  return {};
}

}  // namespace lumen::gamestream
