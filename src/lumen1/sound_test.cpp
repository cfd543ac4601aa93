#include "lumen1/sound.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "lumen1/test_frames.hpp"

namespace lumen::lumen1 {
namespace {

using test::Buffer;
using test::from_hex;

constexpr AudioFormat kStereo{}, kSurround{.channels = 6, .quality = AudioQuality::high, .packet_ms = 10};
constexpr AudioFormat kVoice{.channels = 1, .packet_ms = 20};
constexpr Timestamp kNow = from_ns(1'000'000'000);

AudioPacketView packet_of(ByteView bytes, const AudioFormat& format = kStereo) {
  return {.format = format, .bytes = bytes, .captured = kNow - std::chrono::microseconds{0x0102}};
}

ByteView body_of(MutableBytes datagram) {
  return datagram.subspan(kClearHeaderBytes, datagram.size() - kClearHeaderBytes - kTagBytes);
}

Buffer to_buffer(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

Buffer packed(SoundPacketizer& packetizer, ByteView bytes, const AudioFormat& format = kStereo) {
  const auto datagram = packetizer.pack(packet_of(bytes, format), kNow);
  return datagram ? to_buffer(body_of(*datagram)) : Buffer{};
}

TEST(SoundBody, has_these_bytes) {
  SoundPacketizer packetizer{Kind::sound};
  packetizer.set_copies(1);
  EXPECT_EQ(packed(packetizer, from_hex("a1a2a3")),
            from_hex("01000000 00 02 00 05 02010000 01 00 0300 a1a2a3"));
  EXPECT_EQ(packed(packetizer, from_hex("b1b2")),
            from_hex("02000000 00 02 00 05 02010000 02 00 0200 0300 b1b2 a1a2a3"));
  EXPECT_EQ(packed(packetizer, from_hex("c1"), kSurround),
            from_hex("03000000 01 06 01 0a 02010000 01 00 0100 c1"));
}

TEST(SoundBody, of_a_microphone_has_these_bytes) {
  SoundPacketizer packetizer{Kind::microphone};
  EXPECT_EQ(packed(packetizer, from_hex("d1d2"), kVoice),
            from_hex("01000000 00 01 00 14 02010000 01 00 0200 d1d2"));
}

TEST(SoundBody, each_kind_has_its_own_formats) {
  const auto sound = from_hex("01000000 00 02 00 05 02010000 01 00 0100 c1");
  const auto voice = from_hex("01000000 00 01 00 14 02010000 01 00 0100 c1");
  EXPECT_TRUE(decode_sound(Kind::sound, sound));
  EXPECT_FALSE(decode_sound(Kind::microphone, sound));
  EXPECT_FALSE(decode_sound(Kind::sound, voice));
  EXPECT_TRUE(decode_sound(Kind::microphone, voice));
}

TEST(SoundBody, what_makes_no_sense_is_refused) {
  for (const auto* bad : {"01000000 00 03 00 05 02010000 01 00 0100 c1",       // three channels
                          "01000000 00 02 02 05 02010000 01 00 0100 c1",       // an unknown quality
                          "01000000 00 02 00 06 02010000 01 00 0100 c1",       // 6 ms
                          "01000000 00 02 00 05 02010000 00 00",               // nothing
                          "01000000 00 02 00 05 02010000 01 01 0100 c1",       // a zero that is none
                          "01000000 00 02 00 05 02010000 01 00 0000",          // an empty packet
                          "01000000 00 02 00 05 02010000 02 00 0100 0000 c1",  // an empty copy
                          "01000000 00 02 00 05 02010000 01 00 0100 c1c2",     // a byte too many
                          "01000000 00 02 00 05 02010000 01 00 0200 c1",       // one too few
                          "01000000 00 02 00 05 02010000 05 00 0100 0100 0100 0100 0100 c1c2c3c4c5"}) {
    EXPECT_FALSE(decode_sound(Kind::sound, from_hex(bad))) << bad;
  }
  const auto whole = from_hex("02000000 00 02 00 05 02010000 02 00 0200 0300 b1b2 a1a2a3");
  EXPECT_TRUE(decode_sound(Kind::sound, whole));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(decode_sound(Kind::sound, ByteView{whole}.first(size))) << size;
  }
}

TEST(SoundPacketizer, packets_that_cannot_be_sent_are_refused_and_not_numbered) {
  SoundPacketizer packetizer{Kind::sound};
  EXPECT_FALSE(packetizer.pack(packet_of({}), kNow));
  EXPECT_FALSE(packetizer.pack(packet_of(Buffer(kMaxSoundPacketBytes + 1)), kNow));
  EXPECT_FALSE(packetizer.pack(packet_of(Buffer(10), kVoice), kNow));
  const auto largest = packetizer.pack(packet_of(Buffer(kMaxSoundPacketBytes)), kNow);
  ASSERT_TRUE(largest);
  EXPECT_EQ(largest->size(), kMaxDatagramBytes);
  EXPECT_EQ(decode_sound(Kind::sound, body_of(*largest))->packet, 1U);
}

TEST(SoundPacketizer, copies_ride_along_as_far_as_there_is_room) {
  SoundPacketizer packetizer{Kind::sound};
  packetizer.set_copies(7);
  EXPECT_EQ(packetizer.copies(), kMaxSoundCopies);
  for (int i = 0; i < 5; ++i) packed(packetizer, Buffer(600));
  EXPECT_EQ(decode_sound(Kind::sound, packed(packetizer, Buffer(600)))->count, 2);
  EXPECT_EQ(decode_sound(Kind::sound, packed(packetizer, Buffer(20)))->count, 3);
  packetizer.set_copies(0);
  EXPECT_EQ(decode_sound(Kind::sound, packed(packetizer, Buffer(20)))->count, 1);
}

TEST(SoundPacketizer, nothing_of_the_encoder_before_rides_along) {
  SoundPacketizer packetizer{Kind::sound};
  packetizer.set_copies(3);
  packed(packetizer, Buffer(20));
  packetizer.restart();
  const auto first = packed(packetizer, Buffer(20));
  EXPECT_EQ(decode_sound(Kind::sound, first)->count, 1);
  EXPECT_EQ(decode_sound(Kind::sound, first)->stream, 1);
  EXPECT_EQ(decode_sound(Kind::sound, packed(packetizer, Buffer(20)))->count, 2);
}

TEST(SoundReader, goes_on_where_packet_numbers_begin_anew) {
  SoundReader reader{Kind::sound};
  const auto number = [&](const char* packet) {
    const auto body = from_hex(std::string{packet} + " 00 02 00 05 00000000 01 00 0100 c1");
    return reader.read(body).value().newest;
  };
  const auto before = number("feffffff");
  EXPECT_EQ(number("01000000"), before + 3);
  EXPECT_EQ(number("ffffffff"), before + 1);
}

TEST(SoundReader, a_stream_that_was_replaced_stays_replaced) {
  SoundReader reader{Kind::sound};
  const auto read = [&](const char* stream) {
    const auto body = from_hex(std::string{"01000000 "} + stream + " 02 00 05 00000000 01 00 0100 c1");
    const auto datagram = reader.read(body);
    return datagram ? std::optional{datagram->begins_stream} : std::nullopt;
  };
  EXPECT_EQ(read("ff"), true);
  EXPECT_EQ(read("ff"), false);
  EXPECT_EQ(read("00"), true);
  EXPECT_EQ(read("ff"), std::nullopt);
  EXPECT_EQ(read("00"), false);
  EXPECT_EQ(reader.malformed(), 0U);
}

TEST(SoundReader, another_format_needs_another_stream) {
  SoundReader reader{Kind::sound};
  EXPECT_TRUE(reader.read(from_hex("01000000 00 02 00 05 00000000 01 00 0100 c1")));
  EXPECT_FALSE(reader.read(from_hex("02000000 00 06 00 05 00000000 01 00 0100 c1")));
  EXPECT_EQ(reader.malformed(), 1U);
  EXPECT_TRUE(reader.read(from_hex("02000000 01 06 00 05 00000000 01 00 0100 c1")));
}

TEST(SoundFilter, each_packet_is_new_once) {
  SoundFilter filter;
  for (const std::uint64_t number : {100U, 102U, 101U, 164U}) EXPECT_TRUE(filter.is_new(number)) << number;
  for (const std::uint64_t number : {100U, 101U, 102U, 164U, 90U})
    EXPECT_FALSE(filter.is_new(number)) << number;
  EXPECT_TRUE(filter.is_new(103));
  EXPECT_TRUE(filter.is_new(1'000'000));
  EXPECT_FALSE(filter.is_new(164));
}

// Whatever is lost and in whatever order the rest comes: what is read is what was sent, under its number, and
// up to as many datagrams in a row as there are copies can be lost without a packet missing.
RC_GTEST_PROP(SoundProperty, packets_survive_as_many_losses_in_a_row_as_there_are_copies, ()) {
  SoundPacketizer packetizer{Kind::sound};
  SoundReader reader{Kind::sound};
  const auto copies = *rc::gen::inRange<std::size_t>(0, kMaxSoundCopies + 1);
  packetizer.set_copies(copies);
  std::map<std::uint64_t, Buffer> got;
  std::vector<Buffer> sent;
  std::optional<std::uint64_t> first;
  std::size_t lost_in_a_row = 0;
  for (const auto wants_loss : *rc::gen::container<std::vector<bool>>(60, rc::gen::arbitrary<bool>())) {
    sent.push_back(
        test::noise(*rc::gen::inRange<std::size_t>(1, 300), static_cast<std::uint32_t>(sent.size())));
    const auto body = packed(packetizer, sent.back());
    lost_in_a_row = wants_loss && first && lost_in_a_row < copies ? lost_in_a_row + 1 : 0;
    if (lost_in_a_row > 0) continue;
    const auto datagram = reader.read(body);
    RC_ASSERT(datagram.has_value());
    if (!first) first = datagram->newest;
    std::uint64_t number = datagram->newest;
    for (const auto packet : datagram->body.all()) got[number--] = to_buffer(packet);
  }
  for (const auto& [number, bytes] : got) RC_ASSERT(bytes == sent.at(number - *first));
  RC_ASSERT(got.size() + lost_in_a_row == sent.size());
}

TEST(SoundKeys, are_derived_from_the_handshake_and_differ_from_all_others) {
  const auto secret = test::counting<Secret>();
  const auto client = ClientHandshake::create(secret, 7, test::counting<Random>(0x20)).value();
  const auto answer = answer_hello(secret, 7, test::counting<Random>(0x30), client.hello()).value();
  auto transcript = client.hello();
  transcript.insert(transcript.end(), answer.welcome.begin(), answer.welcome.end());
  const auto derived = [&](std::string_view info) {
    TrafficSecret traffic{};
    EXPECT_TRUE(crypto::derive(secret, transcript, info, traffic));
    return traffic;
  };
  EXPECT_EQ(answer.keys.sound.secret, derived("lumen/1 h2c sound"));
  EXPECT_EQ(answer.keys.microphone.secret, derived("lumen/1 c2h microphone"));
  const auto keys = client.on_welcome(answer.welcome);
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->sound.secret, answer.keys.sound.secret);
  EXPECT_EQ(keys->microphone.secret, answer.keys.microphone.secret);
}

}  // namespace
}  // namespace lumen::lumen1
