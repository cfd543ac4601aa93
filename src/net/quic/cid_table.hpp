// lumen/net/quic, internal: whose connection ID is it.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <map>
#include <optional>

#include "base/wire.hpp"
#include "net/quic/event.hpp"

namespace lumen::net::quic {

// A map and not a hash table: clients choose some of the IDs.
class CidTable {
 public:
  // `cid` has at most 20 bytes (RFC 9000 17.2); longer ones are nobody's.
  void add(ByteView cid, QuicId owner) {
    if (const auto key = to_key(cid)) owners_[*key] = owner;
  }
  void remove(ByteView cid) {
    if (const auto key = to_key(cid)) owners_.erase(*key);
  }
  void remove_all(QuicId owner) {
    std::erase_if(owners_, [owner](const auto& entry) { return entry.second == owner; });
  }
  std::optional<QuicId> owner(ByteView cid) const {
    const auto key = to_key(cid);
    const auto found = key ? owners_.find(*key) : owners_.end();
    return found == owners_.end() ? std::nullopt : std::optional{found->second};
  }

 private:
  static constexpr std::size_t kMaxBytes = 20;
  struct Key {
    std::size_t length = 0;
    std::array<std::byte, kMaxBytes> bytes{};
    auto operator<=>(const Key&) const = default;
  };
  static std::optional<Key> to_key(ByteView cid) {
    if (cid.size() > kMaxBytes) return std::nullopt;
    Key key{.length = cid.size()};
    std::ranges::copy(cid, key.bytes.begin());
    return key;
  }
  std::map<Key, QuicId> owners_;
};

}  // namespace lumen::net::quic
