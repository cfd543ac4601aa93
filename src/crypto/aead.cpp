#include "crypto/aead.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <climits>
#include <string>

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

unsigned char* raw(std::byte* bytes) { return reinterpret_cast<unsigned char*>(bytes); }
const unsigned char* raw(const std::byte* bytes) { return reinterpret_cast<const unsigned char*>(bytes); }

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

}  // namespace

struct Aes128Gcm::Context {
  Owned<EVP_CIPHER_CTX> cipher;

  // With its key set, so that a packet sets its nonce only.
  static std::unique_ptr<Context> create(const EVP_CIPHER* algorithm, const Key& key, int encrypt) {
    auto context = std::make_unique<Context>(Owned<EVP_CIPHER_CTX>{EVP_CIPHER_CTX_new()});
    if (!context->cipher) return nullptr;
    if (EVP_CipherInit_ex2(context->cipher.get(), algorithm, raw(key.data()), nullptr, encrypt, nullptr) !=
        1) {
      return nullptr;
    }
    return context;
  }

  bool start(const Nonce& nonce, ByteView associated) {
    int length = 0;
    return EVP_CipherInit_ex2(cipher.get(), nullptr, nullptr, raw(nonce.data()), -1, nullptr) == 1 &&
           (associated.empty() || EVP_CipherUpdate(cipher.get(), nullptr, &length, raw(associated.data()),
                                                   static_cast<int>(associated.size())) == 1);
  }
  bool transform(MutableBytes text) {
    int length = 0;
    return text.empty() || EVP_CipherUpdate(cipher.get(), raw(text.data()), &length, raw(text.data()),
                                            static_cast<int>(text.size())) == 1;
  }
  bool finish() {
    std::array<unsigned char, kTagBytes> none;  // GCM has no final block to write
    int length = 0;
    return EVP_CipherFinal_ex(cipher.get(), none.data(), &length) == 1;
  }
};

namespace {

bool fits(ByteView associated, ByteView text, ByteView tag) {
  return tag.size() == kTagBytes && associated.size() <= INT_MAX && text.size() <= INT_MAX;
}

}  // namespace

Aes128Gcm::Aes128Gcm(std::unique_ptr<Context> seal_context, std::unique_ptr<Context> open_context)
    : seal_{std::move(seal_context)}, open_{std::move(open_context)} {}
Aes128Gcm::Aes128Gcm(Aes128Gcm&&) noexcept = default;
Aes128Gcm& Aes128Gcm::operator=(Aes128Gcm&&) noexcept = default;
Aes128Gcm::~Aes128Gcm() = default;

Result<Aes128Gcm> Aes128Gcm::create(const Key& key) {
  const Owned<EVP_CIPHER> algorithm{EVP_CIPHER_fetch(nullptr, "AES-128-GCM", nullptr)};
  if (!algorithm) return openssl_failure("crypto.no-cipher", "OpenSSL has no AES-128-GCM");
  auto seal_context = Context::create(algorithm.get(), key, 1);
  auto open_context = Context::create(algorithm.get(), key, 0);
  if (!seal_context || !open_context) return openssl_failure("crypto.cipher", "AES-128-GCM cannot be set up");
  return Aes128Gcm{std::move(seal_context), std::move(open_context)};
}

bool Aes128Gcm::seal(const Nonce& nonce, ByteView associated, MutableBytes text, MutableBytes tag) {
  if (!fits(associated, text, tag)) return false;
  return seal_->start(nonce, associated) && seal_->transform(text) && seal_->finish() &&
         EVP_CIPHER_CTX_ctrl(seal_->cipher.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes, tag.data()) == 1;
}

bool Aes128Gcm::open(const Nonce& nonce, ByteView associated, MutableBytes text, ByteView tag) {
  if (!fits(associated, text, tag)) return false;
  return open_->start(nonce, associated) && open_->transform(text) &&
         EVP_CIPHER_CTX_ctrl(open_->cipher.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes,
                             mutable_pointer(tag.data())) == 1 &&
         open_->finish();
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
  if (EVP_KDF_derive(context.get(), raw(out.data()), out.size(), parameters.data()) != 1) {
    return openssl_failure("crypto.hkdf", "HKDF-SHA256 failed");
  }
  return {};
}

Status fill_random(MutableBytes out) {
  if (out.size() > INT_MAX) {
    return fail(ErrorCode::invalid_argument, "crypto.random", "too many random bytes asked for at once");
  }
  if (RAND_bytes(raw(out.data()), static_cast<int>(out.size())) != 1) {
    return openssl_failure("crypto.random", "the system gives no random bytes");
  }
  return {};
}

void wipe(MutableBytes secret) { OPENSSL_cleanse(secret.data(), secret.size()); }

}  // namespace lumen::crypto
