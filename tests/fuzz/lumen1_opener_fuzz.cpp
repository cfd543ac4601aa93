// A script of what a link does to a direction's datagrams while the key changes: delay, loss, repetition,
// forgery of single bytes, and datagrams made of anything. What opens was sealed, with that body, and opens
// once; the receiver's epoch is never ahead of the sender's; and without interference everything opens.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "lumen1/protection.hpp"

namespace {

using namespace lumen;
using namespace lumen::lumen1;

constexpr std::size_t kBodyBytes = 8, kDatagramBytes = kClearHeaderBytes + kBodyBytes + kTagBytes;
using Datagram = std::array<std::byte, kDatagramBytes>;

void require(bool condition) {
  if (!condition) std::abort();
}

DirectionKeys keys(std::uint8_t choice) {
  DirectionKeys keys;
  keys.cipher = static_cast<crypto::AeadAlgorithm>(1 + choice % 2);
  keys.secret.fill(std::byte{0x42});
  return keys;
}

class Link {
 public:
  explicit Link(std::uint8_t choice)
      : sealer_{Sealer::create(keys(choice), 1, crypto::AeadBackend::openssl).value()},
        opener_{Opener::create(keys(choice), crypto::AeadBackend::openssl).value()} {}

  void run(ByteReader& input) {
    while (input.remaining() > 0) {
      const auto action = input.little<std::uint8_t>();
      switch (action % 6) {
        case 0:
          send(1 + action / 6U);
          break;
        case 1:
          update();
          break;
        case 2:
          deliver(pick(input));
          break;
        case 3:
          forge(pick(input), input);
          break;
        case 4:
          throw_at(input);
          break;
        default:
          deliver(sealed_.empty() ? 0 : sealed_.size() - 1);
          break;
      }
      require(opener_.epoch() <= sealer_.epoch());
    }
  }

 private:
  static constexpr std::size_t kMaxSealed = 4096;  // the window: none is too old

  void send(std::size_t count) {
    for (; count > 0 && sealed_.size() < kMaxSealed; --count) {
      Datagram datagram{};
      ByteWriter{MutableBytes{datagram}.subspan(kClearHeaderBytes)}.little(std::uint64_t{sealed_.size()});
      require(sealer_.seal(Kind::video, datagram) == sealed_.size());
      sealed_.push_back(datagram);
      taken_.push_back(false);
    }
  }

  void update() {
    const auto before = sealer_.epoch();
    require(sealer_.update_key() == (sealed_.size() - epoch_begin_ >= Sealer::kMinEpochPackets));
    if (sealer_.epoch() != before) epoch_begin_ = sealed_.size();
  }

  std::size_t pick(ByteReader& input) const {
    const auto number = input.little<std::uint16_t>();
    return sealed_.empty() ? 0 : number % sealed_.size();
  }

  void deliver(std::size_t number) {
    if (number >= sealed_.size()) return;
    const auto epoch = opener_.epoch();
    const std::uint64_t its_epoch = epoch_of(sealed_[number]);
    const bool opened = open(sealed_[number]);
    const bool in_reach = its_epoch + 1 >= epoch && its_epoch <= epoch + 1;
    require(opened == (in_reach && !taken_[number]));
    if (opened) taken_[number] = true;
    require(opener_.epoch() == (opened ? std::max(epoch, its_epoch) : epoch));
  }

  void forge(std::size_t number, ByteReader& input) {
    const auto offset = input.little<std::uint8_t>() % kDatagramBytes;
    const auto change = input.little<std::uint8_t>();
    if (number >= sealed_.size() || change == 0) return;
    auto forged = sealed_[number];
    forged[offset] ^= static_cast<std::byte>(change);
    const auto epoch = opener_.epoch();
    require(!open(forged));
    require(opener_.epoch() == epoch);
  }

  void throw_at(ByteReader& input) {
    const auto size = std::min<std::size_t>(input.little<std::uint8_t>(), input.remaining());
    const auto bytes = input.take(size);
    std::vector<std::byte> copy(bytes.begin(), bytes.end());
    require(!opener_.open(copy));  // it cannot know the key
  }

  bool open(Datagram datagram) {
    const auto opened = opener_.open(datagram);
    if (!opened) return false;
    const auto number = opened->header.packet_number;
    require(opened->body.size() == kBodyBytes && ByteReader{opened->body}.little<std::uint64_t>() == number);
    return true;
  }

  // Fewer epochs than its byte can count: 4096 datagrams, 64 at least in each.
  static std::uint64_t epoch_of(const Datagram& datagram) { return decode_clear_header(datagram)->epoch; }

  Sealer sealer_;
  Opener opener_;
  std::vector<Datagram> sealed_;
  std::vector<bool> taken_;
  std::size_t epoch_begin_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader input{std::as_bytes(std::span{data, size})};
  Link{input.little<std::uint8_t>()}.run(input);
  return 0;
}
