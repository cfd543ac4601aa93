#include "gamestream/media/bitstream.hpp"

#include <gtest/gtest.h>

#include "gamestream/media/test_media.hpp"

namespace lumen::gamestream {
namespace {

using test::Buffer;

constexpr std::size_t kPacketSize = 1024;

Buffer unit(std::initializer_list<std::string_view> nals) {
  Buffer all;
  for (const auto hex : nals) {
    const auto nal = test::from_hex("00000001" + std::string{hex});
    all.insert(all.end(), nal.begin(), nal.end());
  }
  return all;
}

UnitFault check(VideoFormat format, const Buffer& bytes, FrameType type) {
  return check_unit(format, bytes, type, kPacketSize);
}
UnitFault h264(std::initializer_list<std::string_view> nals, FrameType type) {
  return check(VideoFormat::h264, unit(nals), type);
}
UnitFault hevc(std::initializer_list<std::string_view> nals, FrameType type) {
  return check(VideoFormat::hevc, unit(nals), type);
}

TEST(Bitstream, m22_an_idr_begins_with_its_parameter_sets) {
  EXPECT_EQ(h264({"6742", "68ce", "6588"}, FrameType::idr), UnitFault::none);
  EXPECT_EQ(h264({"09f0", "0605", "6742", "68ce", "0605", "6588"}, FrameType::idr), UnitFault::none);
  EXPECT_EQ(h264({"68ce", "6742", "6588"}, FrameType::idr), UnitFault::no_parameter_sets);
  EXPECT_EQ(h264({"6588"}, FrameType::idr), UnitFault::no_parameter_sets);
  EXPECT_EQ(hevc({"4001", "4201", "4401", "2801"}, FrameType::idr), UnitFault::none);
  EXPECT_EQ(hevc({"4601", "4e01", "4001", "4201", "4401", "2601"}, FrameType::idr), UnitFault::none);
  EXPECT_EQ(hevc({"4201", "4401", "2601"}, FrameType::idr), UnitFault::no_parameter_sets);
}

TEST(Bitstream, m22_the_first_slice_of_an_idr_begins_in_the_first_packet) {
  for (const auto format : {VideoFormat::h264, VideoFormat::hevc}) {
    const bool is_hevc = format == VideoFormat::hevc;
    const auto sets = is_hevc ? unit({"4001", "4201", "4401"}) : unit({"6742", "68ce"});
    const auto slice = is_hevc ? unit({"2601"}) : unit({"65"});
    const auto check_at = [&](std::size_t end) {  // where the header of the slice ends
      auto bytes = sets;
      bytes.resize(end - slice.size(), std::byte{0xFF});
      bytes.insert(bytes.end(), slice.begin(), slice.end());
      bytes.resize(3000, std::byte{0x11});
      return check(format, bytes, FrameType::idr);
    };
    EXPECT_EQ(check_at(kPacketSize - 24), UnitFault::none);
    EXPECT_EQ(check_at(kPacketSize - 23), UnitFault::late_idr_slice);
  }
}

TEST(Bitstream, m23_what_is_no_idr_has_no_parameter_sets) {
  EXPECT_EQ(h264({"4188"}, FrameType::predicted), UnitFault::none);
  EXPECT_EQ(h264({"09f0", "0605", "68ce", "4188"}, FrameType::predicted), UnitFault::none);
  EXPECT_EQ(h264({"6742", "68ce", "4188"}, FrameType::predicted), UnitFault::stray_parameter_sets);
  EXPECT_EQ(h264({"6588"}, FrameType::predicted), UnitFault::stray_idr);
  EXPECT_EQ(hevc({"0201"}, FrameType::after_invalidation), UnitFault::none);
  EXPECT_EQ(hevc({"4001", "4201", "4401", "0201"}, FrameType::predicted), UnitFault::stray_parameter_sets);
  EXPECT_EQ(hevc({"2a01"}, FrameType::predicted), UnitFault::stray_idr);
}

TEST(Bitstream, a_unit_begins_with_a_start_code) {
  const auto check_bytes = [](std::string_view hex) {
    return check(VideoFormat::h264, test::from_hex(hex), FrameType::predicted);
  };
  EXPECT_EQ(check_bytes("00000141"), UnitFault::none);
  EXPECT_EQ(check_bytes("0000000141"), UnitFault::none);
  EXPECT_EQ(check_bytes("000000000141"), UnitFault::no_start_code);
  EXPECT_EQ(check_bytes("0000004141"), UnitFault::no_start_code) << "length in front, as in MP4";
  EXPECT_EQ(check_bytes("41"), UnitFault::no_start_code);
  EXPECT_EQ(check_bytes(""), UnitFault::empty);
}

TEST(Bitstream, av1_is_passed_on) {
  EXPECT_EQ(check(VideoFormat::av1, test::from_hex("1200"), FrameType::idr), UnitFault::none);
  EXPECT_EQ(check(VideoFormat::av1, {}, FrameType::idr), UnitFault::empty);
}

TEST(Bitstream, the_units_of_the_vectors_are_fit) {
  for (const auto& stream : test::vectors().at("video")) {
    const auto codec = stream.at("codec").get<std::string>();
    const auto format = codec == "h264"   ? VideoFormat::h264
                        : codec == "hevc" ? VideoFormat::hevc
                                          : VideoFormat::av1;
    for (const auto& frame : stream.at("frames")) {
      const auto bytes = test::access_unit(frame.at("access_unit"));
      EXPECT_EQ(check_unit(format, bytes, test::mark_of(frame).type, stream.at("packet_size")),
                UnitFault::none)
          << stream.at("name");
    }
  }
}

}  // namespace
}  // namespace lumen::gamestream
