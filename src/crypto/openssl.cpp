// OpenSSL as a back end of Aead; HKDF, random bytes and wiping by OpenSSL.
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <climits>
#include <string>
#include <utility>

#include "crypto/aead_cipher.hpp"

namespace lumen::crypto {
namespace {

constexpr std::size_t kHkdfBlockBytes = 32, kHkdfMaxBytes = 255 * kHkdfBlockBytes;

struct Free {
  void operator()(EVP_CIPHER* cipher) const { EVP_CIPHER_free(cipher); }
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
  void operator()(EVP_KDF* kdf) const { EVP_KDF_free(kdf); }
  void operator()(EVP_KDF_CTX* context) const { EVP_KDF_CTX_free(context); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

// OpenSSL never writes through it, but its parameter lists are not const.
void* mutable_pointer(const void* bytes) { return const_cast<void*>(bytes); }

tl::unexpected<Error> openssl_failure(std::string_view id, const std::string& doing) {
  const auto* reason = ERR_reason_error_string(ERR_get_error());
  ERR_clear_error();
  return fail(ErrorCode::internal, id,
              doing + (reason != nullptr ? std::string{": "} + reason : std::string{}),
              "Check that OpenSSL 3 is installed completely");
}

OSSL_PARAM octets(const char* name, ByteView bytes) {
  return OSSL_PARAM_construct_octet_string(name, mutable_pointer(bytes.data()), bytes.size());
}

// One direction, with its key set, so that a packet sets its nonce only.
class Direction {
 public:
  static Direction create(const EVP_CIPHER* algorithm, int encrypt) {
    Owned<EVP_CIPHER_CTX> context{EVP_CIPHER_CTX_new()};
    if (context && EVP_CipherInit_ex2(context.get(), algorithm, nullptr, nullptr, encrypt, nullptr) != 1) {
      context.reset();
    }
    return Direction{std::move(context)};
  }
  explicit operator bool() const { return context_ != nullptr; }
  EVP_CIPHER_CTX* get() const { return context_.get(); }

  bool set_key(ByteView key) const {
    return EVP_CipherInit_ex2(context_.get(), nullptr, raw(key), nullptr, -1, nullptr) == 1;
  }
  bool start(const Nonce& nonce, ByteView associated) const {
    int length = 0;
    return EVP_CipherInit_ex2(context_.get(), nullptr, nullptr, raw(nonce), -1, nullptr) == 1 &&
           (associated.empty() || EVP_CipherUpdate(context_.get(), nullptr, &length, raw(associated),
                                                   static_cast<int>(associated.size())) == 1);
  }
  bool transform(MutableBytes text) const {
    int length = 0;
    return text.empty() || EVP_CipherUpdate(context_.get(), raw(text), &length, raw(text),
                                            static_cast<int>(text.size())) == 1;
  }
  bool finish() const {
    std::array<unsigned char, kTagBytes> none;  // neither cipher has a final block to write
    int length = 0;
    return EVP_CipherFinal_ex(context_.get(), none.data(), &length) == 1;
  }

 private:
  explicit Direction(Owned<EVP_CIPHER_CTX> context) : context_{std::move(context)} {}
  Owned<EVP_CIPHER_CTX> context_;  // wiped by OpenSSL when freed
};

class OpenSslCipher final : public AeadCipher {
 public:
  OpenSslCipher(AeadAlgorithm algorithm, Direction seal, Direction open)
      : algorithm_{algorithm}, seal_{std::move(seal)}, open_{std::move(open)} {}

  std::unique_ptr<AeadCipher> another() const override { return make_openssl_cipher(algorithm_); }
  bool set_key(ByteView key) override { return seal_.set_key(key) && open_.set_key(key); }
  bool seal(const Nonce& nonce, ByteView associated, MutableBytes text, MutableBytes tag) override {
    return seal_.start(nonce, associated) && seal_.transform(text) && seal_.finish() &&
           EVP_CIPHER_CTX_ctrl(seal_.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes, tag.data()) == 1;
  }
  bool open(const Nonce& nonce, ByteView associated, MutableBytes text, ByteView tag) override {
    return open_.start(nonce, associated) && open_.transform(text) &&
           EVP_CIPHER_CTX_ctrl(open_.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, mutable_pointer(tag.data())) ==
               1 &&
           open_.finish();
  }

 private:
  AeadAlgorithm algorithm_;
  Direction seal_, open_;
};

}  // namespace

std::unique_ptr<AeadCipher> make_openssl_cipher(AeadAlgorithm algorithm) {
  const auto* name = algorithm == AeadAlgorithm::aes_128_gcm ? "AES-128-GCM" : "ChaCha20-Poly1305";
  const Owned<EVP_CIPHER> cipher{EVP_CIPHER_fetch(nullptr, name, nullptr)};
  if (!cipher) return nullptr;
  auto seal = Direction::create(cipher.get(), 1);
  auto open = Direction::create(cipher.get(), 0);
  if (!seal || !open) return nullptr;
  return std::make_unique<OpenSslCipher>(algorithm, std::move(seal), std::move(open));
}

Status derive(ByteView secret, ByteView salt, std::string_view info, MutableBytes out) {
  if (out.empty() || out.size() > kHkdfMaxBytes) {
    return fail(ErrorCode::invalid_argument, "crypto.hkdf", "HKDF-SHA256 yields 1 to 8160 bytes");
  }
  const Owned<EVP_KDF> kdf{EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_HKDF, nullptr)};
  const Owned<EVP_KDF_CTX> context{kdf ? EVP_KDF_CTX_new(kdf.get()) : nullptr};
  if (!context) return openssl_failure("crypto.hkdf", "OpenSSL has no HKDF");
  std::string digest = "SHA256";
  std::array<OSSL_PARAM, 5> parameters;
  std::size_t count = 0;
  parameters[count++] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), 0);
  parameters[count++] = octets(OSSL_KDF_PARAM_KEY, secret);
  if (!salt.empty()) parameters[count++] = octets(OSSL_KDF_PARAM_SALT, salt);  // none means zeros
  if (!info.empty()) parameters[count++] = octets(OSSL_KDF_PARAM_INFO, as_view(info));
  parameters[count] = OSSL_PARAM_construct_end();
  if (EVP_KDF_derive(context.get(), raw(out), out.size(), parameters.data()) != 1) {
    return openssl_failure("crypto.hkdf", "HKDF-SHA256 failed");
  }
  return {};
}

Status fill_random(MutableBytes out) {
  if (out.size() > INT_MAX) {
    return fail(ErrorCode::invalid_argument, "crypto.random", "too many random bytes asked for at once");
  }
  if (RAND_bytes(raw(out), static_cast<int>(out.size())) != 1) {
    return openssl_failure("crypto.random", "the system gives no random bytes");
  }
  return {};
}

bool equal_in_constant_time(ByteView a, ByteView b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

void wipe(MutableBytes secret) { OPENSSL_cleanse(secret.data(), secret.size()); }

}  // namespace lumen::crypto
