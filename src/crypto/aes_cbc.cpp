#include "crypto/aes_cbc.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <algorithm>
#include <climits>
#include <utility>

#include "crypto/aead_cipher.hpp"

namespace lumen::crypto {
namespace {

struct Free {
  void operator()(EVP_CIPHER* cipher) const { EVP_CIPHER_free(cipher); }
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, Free>;

// With its key set, so that a packet sets its IV only.
Context make_context(const EVP_CIPHER* cipher, ByteView key, int encrypt) {
  Context context{EVP_CIPHER_CTX_new()};
  if (context && EVP_CipherInit_ex2(context.get(), cipher, raw(key), nullptr, encrypt, nullptr) != 1)
    context.reset();
  return context;
}

// False: OpenSSL is broken.
bool transform(EVP_CIPHER_CTX* context, const Aes128Cbc::Iv& iv, ByteView in, MutableBytes out) {
  int body = 0, tail = 0;
  const bool good = EVP_CipherInit_ex2(context, nullptr, nullptr, raw(ByteView{iv}), -1, nullptr) == 1 &&
                    EVP_CipherUpdate(context, raw(out), &body, raw(in), static_cast<int>(in.size())) == 1 &&
                    EVP_CipherFinal_ex(context, raw(out) + body, &tail) == 1;
  return good && static_cast<std::size_t>(body) + static_cast<std::size_t>(tail) == out.size();
}

}  // namespace

struct Aes128Cbc::Contexts {
  Context encrypt, decrypt;  // wiped by OpenSSL when freed
};

Aes128Cbc::Aes128Cbc(std::unique_ptr<Contexts> contexts) : contexts_{std::move(contexts)} {}
Aes128Cbc::Aes128Cbc(Aes128Cbc&&) noexcept = default;
Aes128Cbc& Aes128Cbc::operator=(Aes128Cbc&&) noexcept = default;
Aes128Cbc::~Aes128Cbc() = default;

Result<Aes128Cbc> Aes128Cbc::create(ByteView key) {
  if (key.size() != kAes128KeyBytes) {
    return fail(ErrorCode::invalid_argument, "crypto.key", "the key has not the size that its cipher needs");
  }
  const std::unique_ptr<EVP_CIPHER, Free> cipher{EVP_CIPHER_fetch(nullptr, "AES-128-CBC", nullptr)};
  auto contexts = std::make_unique<Contexts>();
  if (cipher) {
    contexts->encrypt = make_context(cipher.get(), key, 1);
    contexts->decrypt = make_context(cipher.get(), key, 0);
  }
  if (!contexts->encrypt || !contexts->decrypt) {
    ERR_clear_error();
    return fail(ErrorCode::internal, "crypto.cipher", "the cipher cannot be set up",
                "Check that OpenSSL 3 is installed completely");
  }
  // Padding is looked at here: OpenSSL allocates for every packet that it finds wrong.
  EVP_CIPHER_CTX_set_padding(contexts->decrypt.get(), 0);
  return Aes128Cbc{std::move(contexts)};
}

bool Aes128Cbc::encrypt(const Iv& iv, ByteView text, MutableBytes out) {
  if (text.size() > INT_MAX - kAesBlockBytes || out.size() != sealed_bytes(text.size())) return false;
  return transform(contexts_->encrypt.get(), iv, text, out);
}

std::optional<std::size_t> Aes128Cbc::decrypt(const Iv& iv, MutableBytes sealed) {
  if (sealed.empty() || sealed.size() % kAesBlockBytes != 0 || sealed.size() > INT_MAX) return std::nullopt;
  if (!transform(contexts_->decrypt.get(), iv, sealed, sealed)) return std::nullopt;
  const auto padding = std::to_integer<std::size_t>(sealed.back());
  if (padding == 0 || padding > kAesBlockBytes) return std::nullopt;
  if (std::ranges::count(sealed.last(padding), sealed.back()) != static_cast<std::ptrdiff_t>(padding))
    return std::nullopt;
  return sealed.size() - padding;
}

}  // namespace lumen::crypto
