// SHA-256, AES-128-ECB and hexadecimal.
#include "crypto/digest.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <memory>

#include "crypto/aead_cipher.hpp"

namespace lumen::crypto {
namespace {

constexpr std::size_t kMaxEcbBytes = 64 * 1024;

struct Free {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

Result<std::vector<std::byte>> ecb(ByteView key, ByteView text, int encrypt) {
  if (key.size() != kAes128KeyBytes || text.size() % kAesBlockBytes != 0 || text.size() > kMaxEcbBytes) {
    return fail(ErrorCode::invalid_argument, "crypto.ecb",
                "AES-128-ECB wants a key of 16 bytes and whole blocks");
  }
  std::vector<std::byte> out(text.size());
  const std::unique_ptr<EVP_CIPHER_CTX, Free> context{EVP_CIPHER_CTX_new()};
  int written = 0;
  if (!context ||
      EVP_CipherInit_ex2(context.get(), EVP_aes_128_ecb(), raw(key), nullptr, encrypt, nullptr) != 1 ||
      EVP_CIPHER_CTX_set_padding(context.get(), 0) != 1 ||
      (!text.empty() && EVP_CipherUpdate(context.get(), raw(MutableBytes{out}), &written, raw(text),
                                         static_cast<int>(text.size())) != 1)) {
    ERR_clear_error();
    return fail(ErrorCode::internal, "crypto.ecb", "AES-128-ECB failed",
                "Check that OpenSSL 3 is installed completely");
  }
  return out;
}

int digit_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

}  // namespace

Result<Sha256> sha256(std::initializer_list<ByteView> parts) {
  const std::unique_ptr<EVP_MD_CTX, Free> context{EVP_MD_CTX_new()};
  bool ok = context && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1;
  for (const auto part : parts) {
    ok = ok && (part.empty() || EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1);
  }
  Sha256 digest{};
  unsigned length = 0;
  if (!ok || EVP_DigestFinal_ex(context.get(), raw(MutableBytes{digest}), &length) != 1 ||
      length != digest.size()) {
    ERR_clear_error();
    return fail(ErrorCode::internal, "crypto.digest", "SHA-256 failed",
                "Check that OpenSSL 3 is installed completely");
  }
  return digest;
}

Result<std::vector<std::byte>> encrypt_aes_128_ecb(ByteView key, ByteView text) { return ecb(key, text, 1); }
Result<std::vector<std::byte>> decrypt_aes_128_ecb(ByteView key, ByteView text) { return ecb(key, text, 0); }

std::string to_hex(ByteView bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const auto byte : bytes) {
    text += kDigits[std::to_integer<std::size_t>(byte >> 4)];
    text += kDigits[std::to_integer<std::size_t>(byte & std::byte{15})];
  }
  return text;
}

std::optional<std::vector<std::byte>> from_hex(std::string_view digits) {
  if (digits.size() % 2 != 0) return std::nullopt;
  std::vector<std::byte> bytes;
  bytes.reserve(digits.size() / 2);
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    const auto high = digit_value(digits[i]), low = digit_value(digits[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes.push_back(static_cast<std::byte>(high * 16 + low));
  }
  return bytes;
}

}  // namespace lumen::crypto
