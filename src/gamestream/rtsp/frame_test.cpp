#include "gamestream/rtsp/frame.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "gamestream/rtsp/test_support.hpp"

namespace lumen::gamestream::rtsp {
namespace {

using nlohmann::json;

std::vector<std::byte> from_hex(const std::string& hex) {
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(std::stoul(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

crypto::Aead cipher_of(ByteView key) {
  return crypto::Aead::create(crypto::AeadAlgorithm::aes_128_gcm, key).value();
}

void expect_reproduced(const std::string& name, Sender sender) {
  std::ifstream file{LUMEN_TEST_VECTORS "/gamestream-session.json"};
  const auto vector = json::parse(file).at(name);
  const auto text = vector.at("plaintext").get<std::string>();
  const auto wire = from_hex(vector.at("wire").get<std::string>());
  const auto sequence = vector.at("seq").get<std::uint32_t>();
  auto cipher = cipher_of(from_hex(vector.at("rikey").get<std::string>()));
  EXPECT_EQ(seal_frame(cipher, sender, sequence, text).value(), wire);
  const auto header = parse_frame_header(wire, kMaxRequestBytes);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->sequence, sequence);
  EXPECT_EQ(open_frame(cipher, sender, *header, wire), text);
}

TEST(GameStream1, s24_s53_the_reply_vector_is_reproduced) { expect_reproduced("rtsp_reply", Sender::host); }
TEST(GameStream1, s53_the_request_vector_is_reproduced) { expect_reproduced("rtsp_request", Sender::client); }

TEST(GameStream1, s52_a_frame_with_any_bit_changed_does_not_open) {
  auto cipher = cipher_of(test::key_of(0));
  const auto good = seal_frame(cipher, Sender::client, 7, "OPTIONS / RTSP/1.0\r\n\r\n").value();
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    auto frame = good;
    frame[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    const auto header = parse_frame_header(frame, kMaxRequestBytes);
    EXPECT_FALSE(header && open_frame(cipher, Sender::client, *header, frame)) << bit;
  }
}

TEST(RtspFrame, of_one_direction_does_not_open_as_the_other) {
  auto cipher = cipher_of(test::key_of(0));
  const auto frame = seal_frame(cipher, Sender::client, 1, "text").value();
  EXPECT_FALSE(open_frame(cipher, Sender::host, *parse_frame_header(frame, 100), frame));
}

TEST(RtspFrame, is_refused_when_empty_too_long_or_cut) {
  std::vector<std::byte> header(kFrameHeaderBytes);
  const auto with_length = [&](std::uint32_t length) {
    ByteWriter{header}.big(0x8000'0000U | length);
    return parse_frame_header(header, 100).has_value();
  };
  EXPECT_TRUE(with_length(1));
  EXPECT_TRUE(with_length(100));
  EXPECT_FALSE(with_length(0));
  EXPECT_FALSE(with_length(101));
  EXPECT_FALSE(with_length(0x7FFF'FFFF));
  EXPECT_TRUE(with_length(50));
  EXPECT_FALSE(parse_frame_header(ByteView{header}.first(kFrameHeaderBytes - 1), 100));
}

}  // namespace
}  // namespace lumen::gamestream::rtsp
