#include "gamestream/rtsp/surround.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "gamestream/rtsp/sdp.hpp"

namespace lumen::gamestream::rtsp {
namespace {

constexpr std::array kQualities{AudioQuality::normal, AudioQuality::high};

TEST(GameStream1, s57_m37_surround_lines_are_those_of_the_vectors) {
  std::ifstream file{LUMEN_TEST_VECTORS "/gamestream-session.json"};
  const auto vectors = nlohmann::json::parse(file).at("surround_params_identity_mapping");
  for (const std::uint32_t channels : {2U, 6U, 8U}) {
    for (std::size_t i = 0; i < kQualities.size(); ++i) {
      const auto layout = standard_layout(channels, kQualities[i])->layout;
      EXPECT_EQ(write_surround_params(as_host_offers(layout, kQualities[i])),
                vectors.at(std::to_string(channels)).at(i).get<std::string>());
    }
  }
}

TEST(GameStream1, s57_m37_after_the_clients_rotation_the_mapping_is_the_encoders) {
  for (const std::uint32_t channels : {2U, 6U, 8U}) {
    for (const auto quality : kQualities) {
      const auto layout = standard_layout(channels, quality)->layout;
      EXPECT_EQ(as_client_reads(as_host_offers(layout, quality), quality), layout);
    }
  }
}

TEST(GameStream1, s57_describe_offers_normal_before_high) {
  const auto description = parse_describe(write_describe({}));
  EXPECT_EQ(description.surround_51.normal, standard_layout(6, AudioQuality::normal)->layout);
  EXPECT_EQ(description.surround_51.high, standard_layout(6, AudioQuality::high)->layout);
  EXPECT_EQ(description.surround_71.normal, standard_layout(8, AudioQuality::normal)->layout);
  EXPECT_EQ(description.surround_71.high, standard_layout(8, AudioQuality::high)->layout);
}

TEST(GameStream2, m37_a_rotation_of_three_places_only_swaps_channels_of_seven_one) {
  const auto layout = as_client_reads(*parse_surround_params("85301245367"), AudioQuality::normal);
  EXPECT_EQ(layout.mapping, (std::array<std::uint8_t, 8>{0, 1, 2, 7, 4, 5, 3, 6}));
}

TEST(SurroundParams, are_refused_when_no_decoder_could_have_them) {
  for (const auto* const text : {"", "2", "21", "2110", "21102", "211a1", "911012345678", "0110", "20001",
                                 "21201", "643012345", "64201245", "642012456"}) {
    EXPECT_FALSE(parse_surround_params(text)) << text;
  }
  EXPECT_TRUE(parse_surround_params("21101"));
  EXPECT_TRUE(parse_surround_params("642012453 and more"));
}

TEST(SurroundParams, of_a_client_are_taken_only_for_six_and_eight_channels_and_whole) {
  EXPECT_TRUE(parse_custom_layout("642014253"));
  EXPECT_TRUE(parse_custom_layout("88001234567"));
  for (const auto* const text : {"21101", "6420142530", "64201425", "632014243", "642014256"}) {
    EXPECT_FALSE(parse_custom_layout(text)) << text;
  }
}

}  // namespace
}  // namespace lumen::gamestream::rtsp
