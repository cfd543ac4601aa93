#include "gamestream/media/audio_packetizer.hpp"

#include <gtest/gtest.h>

#include "gamestream/media/test_media.hpp"

namespace lumen::gamestream {
namespace {

using test::Buffer;
using test::noise;

AudioPacketizer make(ByteView key = {}) { return AudioPacketizer::create({.packet_ms = 5}, key).value(); }

std::vector<Buffer> send(AudioPacketizer& packetizer, ByteView opus) {
  std::vector<Buffer> datagrams;
  const auto packed = packetizer.pack(opus);
  EXPECT_TRUE(packed);
  for (const auto datagram : packed->all()) datagrams.emplace_back(datagram.begin(), datagram.end());
  return datagrams;
}

class AudioVectors : public testing::TestWithParam<int> {};

TEST_P(AudioVectors, m33_m34_m36_m38_reproduce_byte_for_byte) {
  const auto& stream = test::vectors().at("audio").at(static_cast<std::size_t>(GetParam()));
  SCOPED_TRACE(stream.at("name").get<std::string>());
  const auto& encryption = stream.at("encryption");
  AudioPacketizerParams params{.packet_ms = stream.at("packet_duration_ms"),
                               .first_packet = stream.at("first_sequence"),
                               .first_time_ms = stream.at("first_timestamp").get<std::uint32_t>()};
  Buffer key;
  if (!encryption.is_null()) {
    params.key_id = encryption.at("key_id");
    key = test::hex_at(encryption, "aes_key_hex");
  }
  auto packetizer = AudioPacketizer::create(params, key).value();
  std::vector<std::string> made, expected;
  for (const auto& packet : stream.at("packets")) {
    expected.push_back(packet.at("header_hex").get<std::string>() +
                       packet.at("payload_hex").get<std::string>());
    if (packet.at("kind") != "data") continue;
    for (const auto& datagram : send(packetizer, test::hex_at(packet, "opus_hex")))
      made.push_back(crypto::to_hex(datagram));
  }
  EXPECT_EQ(made, expected);
}

INSTANTIATE_TEST_SUITE_P(Audio, AudioVectors, testing::Range(0, 5));

TEST(AudioPacketizer, m34_two_parity_packets_follow_every_fourth_packet) {
  auto packetizer = make();
  for (int i = 1; i <= 12; ++i) EXPECT_EQ(send(packetizer, noise(60, 1)).size(), i % 4 == 0 ? 3U : 1U);
}

TEST(AudioPacketizer, m35_another_size_begins_another_block) {
  auto packetizer = make();
  send(packetizer, noise(60, 1));
  send(packetizer, noise(60, 1));
  const auto larger = send(packetizer, noise(80, 1));
  const auto header = parse_audio_data(larger.at(0)).value();
  EXPECT_EQ(header.sequence, 4);
  EXPECT_EQ(header.time_ms, 20U);
  send(packetizer, noise(80, 1));
  send(packetizer, noise(80, 1));
  const auto end = send(packetizer, noise(80, 1));
  ASSERT_EQ(end.size(), 3U);
  EXPECT_EQ(parse_audio_parity(end[1])->base_sequence, 4);
  EXPECT_EQ(send(packetizer, noise(100, 1)).size(), 1U) << "between blocks nothing is lost";
}

TEST(AudioPacketizer, m34_a_block_that_began_in_the_middle_has_no_parity) {
  auto packetizer = AudioPacketizer::create({.packet_ms = 5, .first_packet = 2}, {}).value();
  EXPECT_EQ(send(packetizer, noise(60, 1)).size(), 1U);
  EXPECT_EQ(send(packetizer, noise(60, 1)).size(), 1U);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(send(packetizer, noise(60, 1)).size(), 1U);
  EXPECT_EQ(send(packetizer, noise(60, 1)).size(), 3U);
}

TEST(AudioPacketizer, m35_no_datagram_is_larger_than_a_clients_buffer) {
  auto plain = make();
  EXPECT_TRUE(plain.pack(noise(1376, 1)));
  EXPECT_EQ(plain.pack(noise(1377, 1)).error().id, "audio.size");
  EXPECT_EQ(plain.pack({}).error().id, "audio.size");
  auto sealed = make(test::key());
  for (int i = 0; i < 4; ++i) {
    for (const auto& datagram : send(sealed, noise(1375, 1))) EXPECT_LE(datagram.size(), 1400U);
  }
  EXPECT_EQ(sealed.pack(noise(1376, 1)).error().id, "audio.size");
}

TEST(AudioPacketizer, refuses_what_makes_no_sense) {
  EXPECT_EQ(AudioPacketizer::create({.packet_ms = 0}, {}).error().id, "audio.packet-ms");
  EXPECT_EQ(AudioPacketizer::create({}, ByteView{test::key()}.first(8)).error().id, "crypto.key");
}

TEST(AudioWire, m36_the_iv_is_of_key_and_packet_and_goes_around) {
  EXPECT_EQ(crypto::to_hex(audio_iv(0x1A2B3C4D, 5)), "1a2b3c52000000000000000000000000");
  EXPECT_EQ(crypto::to_hex(audio_iv(0xFFFFFFFE, 3)), "00000001000000000000000000000000");
}

}  // namespace
}  // namespace lumen::gamestream
