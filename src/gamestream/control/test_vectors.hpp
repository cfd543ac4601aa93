// Golden vectors of the control stream; tests/vectors/gamestream-control-input.json says where they come
// from.
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/wire.hpp"

namespace lumen::gamestream::control::test {

using Buffer = std::vector<std::byte>;

inline Buffer from_hex(std::string_view hex) {
  Buffer bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(std::stoi(std::string{hex.substr(i, 2)}, nullptr, 16)));
  }
  return bytes;
}

inline std::string to_hex(ByteView bytes) {
  std::string hex;
  for (const auto byte : bytes) {
    hex += "0123456789abcdef"[std::to_integer<unsigned>(byte) >> 4U];
    hex += "0123456789abcdef"[std::to_integer<unsigned>(byte) & 15U];
  }
  return hex;
}

inline const Buffer& vector_key() {
  static const Buffer key = from_hex("000102030405060708090a0b0c0d0e0f");
  return key;
}

struct Vector {
  std::string name;
  std::uint32_t sequence = 0;
  std::uint8_t channel = 0;
  std::string delivery;
  Buffer plaintext, sealed;
  nlohmann::json fields;
  ByteView payload() const { return ByteView{plaintext}.subspan(4); }
  std::uint16_t type() const { return ByteReader{plaintext}.little<std::uint16_t>(); }
};

// The vectors of encryption version 2 whose names begin with `prefix`.
inline std::vector<Vector> vectors(std::string_view prefix) {
  std::ifstream file{LUMEN_TEST_VECTORS "/gamestream-control-input.json"};
  std::vector<Vector> found;
  const auto document = nlohmann::json::parse(file);
  for (const auto& each : document.at("vectors")) {
    const auto name = each.at("name").get<std::string>();
    if (!name.starts_with(prefix) || each.at("generation").get<std::string>().find("V2") == std::string::npos)
      continue;
    Vector vector{.name = name, .sealed = from_hex(each.at("encrypted_hex").get<std::string>())};
    if (!each.at("plaintext_hex").is_null()) {
      vector.sequence = each.at("seq").get<std::uint32_t>();
      vector.channel = each.at("enet").at("channel").get<std::uint8_t>();
      vector.delivery = each.at("enet").at("delivery").get<std::string>();
      vector.plaintext = from_hex(each.at("plaintext_hex").get<std::string>());
      vector.fields = each.at("fields");
    }
    found.push_back(std::move(vector));
  }
  return found;
}

// Everything that a client said.
inline std::vector<Vector> client_vectors() {
  auto found = vectors("g7enc_v2/");
  for (auto& each : vectors("ex/")) found.push_back(std::move(each));
  return found;
}

}  // namespace lumen::gamestream::control::test
