// Sealing, opening and changing the key allocate nothing, in OpenSSL neither. Replaces the allocation
// functions of this test program, and those of OpenSSL, to count.
#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include <array>
#include <cstdlib>
#include <new>
#include <vector>

#include "crypto/aead.hpp"
#include "crypto/aes_cbc.hpp"

namespace {

thread_local std::size_t allocations = 0;

void* allocate(std::size_t size) {
  ++allocations;
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) std::abort();
  return memory;
}

void* allocate_aligned(std::size_t size, std::align_val_t align) {
  ++allocations;
  const auto unit = static_cast<std::size_t>(align);
  void* memory = std::aligned_alloc(unit, (size + unit - 1) / unit * unit);
  if (memory == nullptr) std::abort();
  return memory;
}

void* openssl_allocate(std::size_t size, const char* /*file*/, int /*line*/) { return allocate(size); }
void* openssl_reallocate(void* memory, std::size_t size, const char* /*file*/, int /*line*/) {
  ++allocations;
  return std::realloc(memory, size);
}
void openssl_free(void* memory, const char* /*file*/, int /*line*/) { std::free(memory); }

// Before OpenSSL's first allocation, or it refuses.
const bool counts_openssl = CRYPTO_set_mem_functions(openssl_allocate, openssl_reallocate, openssl_free) == 1;

}  // namespace

void* operator new(std::size_t size) { return allocate(size); }
void* operator new[](std::size_t size) { return allocate(size); }
void* operator new(std::size_t size, std::align_val_t align) { return allocate_aligned(size, align); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace lumen::crypto {
namespace {

struct Kind {
  AeadAlgorithm algorithm;
  AeadBackend backend;
};

class Allocation : public testing::TestWithParam<Kind> {};

TEST_P(Allocation, none_while_packets_pass_and_keys_change) {
  ASSERT_TRUE(counts_openssl);
  const std::vector<std::byte> key(key_bytes(GetParam().algorithm), std::byte{1});
  const auto before_creation = allocations;
  auto cipher = Aead::create(GetParam().algorithm, key, GetParam().backend);
  if (!cipher) GTEST_SKIP() << "not in this build, or not for this CPU";
  EXPECT_GT(allocations, before_creation) << "they are counted";
  Nonce nonce{};
  const std::array<std::byte, 12> associated{};
  std::array<std::byte, 1400> text{};
  std::array<std::byte, kTagBytes> tag{};
  const auto before = allocations;
  bool good = true;
  for (std::size_t round = 0; round < 100; ++round) {
    nonce[0] = static_cast<std::byte>(round);
    good = good && cipher->seal(nonce, associated, text, tag) && cipher->open(nonce, associated, text, tag);
    tag[0] ^= std::byte{1};
    good = good && !cipher->open(nonce, associated, text, tag) && cipher->set_key(key);
  }
  EXPECT_EQ(allocations, before);
  EXPECT_TRUE(good);
}

TEST(CbcAllocation, none_while_packets_pass) {
  auto cipher = Aes128Cbc::create(std::vector<std::byte>(kAes128KeyBytes)).value();
  const std::array<std::byte, 320> text{};
  std::array<std::byte, Aes128Cbc::sealed_bytes(320)> sealed{};
  const auto before = allocations;
  bool good = true;
  for (int round = 0; round < 100; ++round) {
    good = good && cipher.encrypt({}, text, sealed) && cipher.decrypt({}, sealed) == text.size();
    good = good && !cipher.decrypt({}, sealed);  // it is plain text by now
  }
  EXPECT_EQ(allocations, before);
  EXPECT_TRUE(good);
}

INSTANTIATE_TEST_SUITE_P(Kinds, Allocation,
                         testing::Values(Kind{AeadAlgorithm::aes_128_gcm, AeadBackend::openssl},
                                         Kind{AeadAlgorithm::aes_128_gcm, AeadBackend::ipsec_mb},
                                         Kind{AeadAlgorithm::chacha20_poly1305, AeadBackend::openssl},
                                         Kind{AeadAlgorithm::chacha20_poly1305, AeadBackend::ipsec_mb}));

}  // namespace
}  // namespace lumen::crypto
