// IPsec-MB as a back end of Aead, by its direct interfaces: one call seals one packet. Its manager is needed
// only to choose the functions for this CPU; they keep no state of their own, so it is given back at once.
// The library computes tags and leaves the comparison to its caller.
#include <intel-ipsec-mb.h>

#include <algorithm>
#include <array>

#include "crypto/aead_cipher.hpp"

namespace lumen::crypto {
namespace {

using Tag = std::array<unsigned char, kTagBytes>;

// The library refuses null pointers even where nothing is to be read.
const unsigned char* readable(ByteView bytes) {
  static constexpr unsigned char kNothing = 0;
  return bytes.empty() ? &kNothing : raw(bytes);
}

bool tags_match(const Tag& computed, ByteView tag) {
  return equal_in_constant_time(std::as_bytes(std::span{computed}), tag);
}

template <class T>
void wipe_object(T& object) {
  wipe(std::as_writable_bytes(std::span{&object, 1}));
}

struct GcmFunctions {
  aes_gcm_pre_t expand;
  aes_gcm_enc_dec_t encrypt, decrypt;
};

class Gcm final : public AeadCipher {
 public:
  explicit Gcm(const GcmFunctions& functions) : functions_{functions} {}
  ~Gcm() override {
    wipe_object(key_);
    wipe_object(context_);
  }

  std::unique_ptr<AeadCipher> another() const override { return std::make_unique<Gcm>(functions_); }
  bool set_key(ByteView key) override {
    functions_.expand(key.data(), &key_);
    return true;
  }
  bool seal(const Nonce& nonce, ByteView associated, MutableBytes text, MutableBytes tag) override {
    run(functions_.encrypt, nonce, associated, text, raw(tag));
    return true;
  }
  bool open(const Nonce& nonce, ByteView associated, MutableBytes text, ByteView tag) override {
    Tag computed;
    run(functions_.decrypt, nonce, associated, text, computed.data());
    return tags_match(computed, tag);
  }

 private:
  void run(aes_gcm_enc_dec_t function, const Nonce& nonce, ByteView associated, MutableBytes text,
           unsigned char* tag) {
    unsigned char nothing = 0;
    auto* in_place = text.empty() ? &nothing : raw(text);
    function(&key_, &context_, in_place, in_place, text.size(), raw(nonce), readable(associated),
             associated.size(), tag, kTagBytes);
  }

  GcmFunctions functions_;
  gcm_key_data key_{};
  gcm_context_data context_{};
};

struct ChaChaFunctions {
  chacha_poly_init_t start;
  chacha_poly_enc_dec_update_t encrypt, decrypt;
  chacha_poly_finalize_t finish;
};

class ChaCha final : public AeadCipher {
 public:
  explicit ChaCha(const ChaChaFunctions& functions) : functions_{functions} {}
  ~ChaCha() override {
    wipe(key_);
    wipe_object(context_);
  }

  std::unique_ptr<AeadCipher> another() const override { return std::make_unique<ChaCha>(functions_); }
  bool set_key(ByteView key) override {
    std::ranges::copy(key, key_.begin());
    return true;
  }
  bool seal(const Nonce& nonce, ByteView associated, MutableBytes text, MutableBytes tag) override {
    run(functions_.encrypt, nonce, associated, text, raw(tag));
    return true;
  }
  bool open(const Nonce& nonce, ByteView associated, MutableBytes text, ByteView tag) override {
    Tag computed;
    run(functions_.decrypt, nonce, associated, text, computed.data());
    return tags_match(computed, tag);
  }

 private:
  void run(chacha_poly_enc_dec_update_t function, const Nonce& nonce, ByteView associated, MutableBytes text,
           unsigned char* tag) {
    functions_.start(key_.data(), &context_, nonce.data(), readable(associated), associated.size());
    if (!text.empty()) function(key_.data(), &context_, text.data(), text.data(), text.size());
    functions_.finish(&context_, tag, kTagBytes);
  }

  ChaChaFunctions functions_;
  alignas(64) std::array<std::byte, kMaxKeyBytes> key_{};
  chacha20_poly1305_context_data context_{};
};

struct FreeManager {
  void operator()(IMB_MGR* manager) const { free_mb_mgr(manager); }
};
using Manager = std::unique_ptr<IMB_MGR, FreeManager>;

void choose_functions(IMB_MGR& manager, SimdLevel level) {
  switch (level) {
    case SimdLevel::best:
      return init_mb_mgr_auto(&manager, nullptr);
    case SimdLevel::sse:
      return init_mb_mgr_sse(&manager);
    case SimdLevel::avx:
      return init_mb_mgr_avx(&manager);
    case SimdLevel::avx2:
      return init_mb_mgr_avx2(&manager);
    case SimdLevel::avx512:
      return init_mb_mgr_avx512(&manager);
  }
}

// Without AES instructions the library would emulate them, slower than OpenSSL.
bool suits_this_cpu(const IMB_MGR& manager) {
  constexpr std::uint64_t kNeeded = IMB_FEATURE_SSE4_2 | IMB_FEATURE_AESNI | IMB_FEATURE_PCLMULQDQ;
  const bool tested =
      (manager.features & IMB_FEATURE_SELF_TEST) == 0 || (manager.features & IMB_FEATURE_SELF_TEST_PASS) != 0;
  return (manager.features & kNeeded) == kNeeded && manager.used_arch >= IMB_ARCH_SSE && tested;
}

}  // namespace

std::unique_ptr<AeadCipher> make_ipsec_mb_cipher(AeadAlgorithm algorithm, SimdLevel level) {
  const Manager manager{alloc_mb_mgr(0)};
  if (!manager) return nullptr;
  choose_functions(*manager, level);
  if (imb_get_errno(manager.get()) != 0 || !suits_this_cpu(*manager)) return nullptr;
  if (algorithm == AeadAlgorithm::aes_128_gcm) {
    return std::make_unique<Gcm>(GcmFunctions{manager->gcm128_pre, manager->gcm128_enc, manager->gcm128_dec});
  }
  return std::make_unique<ChaCha>(
      ChaChaFunctions{manager->chacha20_poly1305_init, manager->chacha20_poly1305_enc_update,
                      manager->chacha20_poly1305_dec_update, manager->chacha20_poly1305_finalize});
}

}  // namespace lumen::crypto
