// lumen-client as a person starts it: with nothing but the host's address, its recording, its figures, its
// doctor.
#include <filesystem>

#include "tests/e2e/gamestream_fixture.hpp"

namespace lumen::e2e {
namespace {

// The PIN in what the client has printed; empty: none yet.
std::string shown_pin(const std::string& output) {
  const auto end = output.find('\n', output.find("Type this PIN"));
  return end == std::string::npos || end < 4 ? "" : output.substr(end - 4, 4);
}

TEST_F(GameStream, the_hosts_address_is_enough_to_pair_and_to_see_its_desktop) {
  start_host();
  const auto record = place_.path() + "/stream.h264";
  Program program{place_,
                  "lumen-client",
                  {host(), "--headless", "--mode", "1280x720@60", "--seconds", "4", "--check", "--record",
                   record, "--stats-json", place_.path() + "/client.json"}};
  ASSERT_TRUE(eventually([&] { return !shown_pin(program.output()).empty(); }, 40s)) << program.output();
  Program person{place_, "lumen-host", {"pair", shown_pin(program.output()), "--wait", "20"}};
  EXPECT_EQ(program.wait(60s).value_or("did not end"), "exited with status 0") << program.output();
  const auto seen = figures(place_);
  expect_nothing_wrong(seen);
  EXPECT_GE(seen["figures_per_second"].size(), 2U);
  const auto& all = seen["figures"];
  EXPECT_GT(all["received_per_s"], 20);
  EXPECT_GT(all["decoded_per_s"], 20);
  EXPECT_GT(all["latency_ms"]["encode"]["p50"], 0);
  EXPECT_GT(all["latency_ms"]["decode"]["p99"], 0);
  EXPECT_GT(seen["recording"]["units"], 60);
  EXPECT_EQ(seen["recording"]["failure"], "");
  EXPECT_EQ(std::filesystem::file_size(record), seen["recording"]["bytes"].get<std::uintmax_t>());
}

TEST_F(GameStream, the_doctor_finds_what_is_there_and_what_is_not) {
  start_paired();
  const auto well = client({"doctor", host(), "--quick", "--json"});
  const auto findings = nlohmann::json::parse(well.output, nullptr, false);
  ASSERT_TRUE(findings.is_array()) << well.output;
  const auto verdict_of = [&](const std::string& subject) {
    for (const auto& each : findings) {
      if (each["subject"] == subject) return each["verdict"].get<std::string>();
    }
    return std::string{"none"};
  };
  EXPECT_EQ(verdict_of("port " + std::to_string(base_port()) + " TCP"), "ok") << well.output;
  EXPECT_EQ(verdict_of("pairing"), "ok");
  EXPECT_EQ(verdict_of("host"), "ok");
  const auto nobody = client({"doctor", "127.0.0.1:9", "--quick"});
  EXPECT_EQ(nobody.how, "exited with status 3");
  EXPECT_PRED2(contains, nobody.output, "nobody listens");
}

}  // namespace
}  // namespace lumen::e2e
