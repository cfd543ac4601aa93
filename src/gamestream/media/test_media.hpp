// Golden vectors of the media planes (tests/vectors/gamestream-media.json says where they come from), frames
// and datagrams for the tests.
#pragma once

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/digest.hpp"
#include "gamestream/media/video_packetizer.hpp"

namespace lumen::gamestream {

struct VideoPacketizerProbe {
  // Goes forward until the sequence is this.
  static void skip_to(VideoPacketizer& packetizer, std::uint16_t sequence) {
    packetizer.next_sequence_ += static_cast<std::uint16_t>(sequence - packetizer.next_sequence_);
  }
};

}  // namespace lumen::gamestream

namespace lumen::gamestream::test {

using Buffer = std::vector<std::byte>;

inline const nlohmann::json& vectors() {
  static const auto all = [] {
    std::ifstream file{LUMEN_TEST_VECTORS "/gamestream-media.json"};
    return nlohmann::json::parse(file);
  }();
  return all;
}

inline Buffer from_hex(std::string_view digits) { return crypto::from_hex(digits).value(); }
inline Buffer hex_at(const nlohmann::json& object, const char* key) {
  return from_hex(object.at(key).get<std::string>());
}
inline std::string digest(ByteView bytes) { return crypto::to_hex(crypto::sha256({bytes}).value()); }

// SHA-256 of "<seed>:<i>" for i = 0, 1, …, without zeros.
inline Buffer body(const std::string& seed, std::size_t bytes) {
  Buffer out;
  for (std::size_t i = 0; out.size() < bytes; ++i) {
    const auto hash = crypto::sha256({as_view(seed + ":" + std::to_string(i))}).value();
    for (const auto byte : hash)
      out.push_back(static_cast<std::byte>(1 + std::to_integer<unsigned>(byte) % 255));
  }
  out.resize(bytes);
  return out;
}

inline Buffer access_unit(const nlohmann::json& described) {
  auto unit = hex_at(described, "prefix_hex");
  const auto rest = body(described.at("body_seed"), described.at("length").get<std::size_t>() - unit.size());
  unit.insert(unit.end(), rest.begin(), rest.end());
  return unit;
}

inline Buffer noise(std::size_t bytes, std::uint32_t seed) {
  std::mt19937 random{seed};
  Buffer noise(bytes);
  for (auto& byte : noise) byte = static_cast<std::byte>(random());
  return noise;
}

inline const Buffer& key() {
  static const auto key = from_hex("000102030405060708090a0b0c0d0e0f");
  return key;
}

inline AccessUnitView unit_of(ByteView bytes) { return {.id = FrameId{1}, .bytes = bytes}; }

// All datagrams of the frame that was packed last.
inline std::vector<Buffer> take_all(VideoPacketizer& packetizer) {
  std::vector<Buffer> datagrams;
  while (const auto train = packetizer.next_train()) {
    for (std::size_t i = 0; i < train->datagrams; ++i) {
      const auto datagram = train->bytes.subspan(i * train->datagram_bytes, train->datagram_bytes);
      datagrams.emplace_back(datagram.begin(), datagram.end());
    }
  }
  return datagrams;
}

// The packetizer that made a stream of the vectors.
inline VideoPacketizer packetizer_of(const nlohmann::json& stream) {
  const auto& encryption = stream.at("encryption");
  VideoPacketizerParams params{.plan = {.packet_size = stream.at("packet_size"),
                                        .percent = stream.at("fec_percent"),
                                        .min_parity = stream.at("min_parity"),
                                        .reduce_parity = false},
                               .first_sequence = stream.at("first_sequence")};
  if (encryption.is_null()) return VideoPacketizer::create(params, {}).value();
  params.first_nonce = encryption.at("first_iv_counter").get<std::uint64_t>();
  return VideoPacketizer::create(params, hex_at(encryption, "aes_key_hex")).value();
}

inline FrameMark mark_of(const nlohmann::json& frame) {
  return {.type = static_cast<FrameType>(frame.at("frame_type").get<int>()),
          .time = RtpTicks{frame.at("rtp_timestamp").get<std::uint32_t>()},
          .host_latency = std::chrono::microseconds{100} * frame.at("host_latency_tenth_ms").get<int>()};
}

// The datagrams of a stream's frames, frame by frame. The sequence jumps where that of the vectors does.
inline std::vector<std::vector<Buffer>> datagrams_of(const nlohmann::json& stream) {
  auto packetizer = packetizer_of(stream);
  std::vector<std::vector<Buffer>> frames;
  for (const auto& frame : stream.at("frames")) {
    VideoPacketizerProbe::skip_to(packetizer, frame.at("blocks").at(0).at("first_sequence"));
    const auto unit = access_unit(frame.at("access_unit"));
    if (!packetizer.pack(unit_of(unit), mark_of(frame))) return {};
    frames.push_back(take_all(packetizer));
  }
  return frames;
}

}  // namespace lumen::gamestream::test
