#include "host/doctor.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "host/child_output.hpp"

namespace lumen::host {
namespace {

using testing::HasSubstr;

TEST(ChildOutput, is_what_it_printed) {
  EXPECT_EQ(output_of({"sh", "-c", "echo one; echo two >&2"}, std::chrono::seconds{5}).value(), "one\ntwo\n");
}

TEST(ChildOutput, of_one_that_fails_is_an_error_with_its_words) {
  const auto output = output_of({"sh", "-c", "echo why; exit 3"}, std::chrono::seconds{5});
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().id, "child.failed");
  EXPECT_THAT(output.error().what, HasSubstr("why"));
}

TEST(ChildOutput, of_one_that_hangs_is_not_waited_for) {
  const auto output = output_of({"sleep", "60"}, std::chrono::milliseconds{100});
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().id, "child.slow");
}

TEST(ChildOutput, of_one_that_never_stops_talking_is_cut) {
  const auto output = output_of({"head", "-c", "1000000", "/dev/zero"}, std::chrono::seconds{5});
  ASSERT_TRUE(output);
  EXPECT_EQ(output->size(), 256U << 10U);
}

TEST(Doctor, says_which_desktop_would_be_shown_and_why_others_would_not) {
  const auto findings = findings_of_desktops(R"({"desktops":[
    {"backend":"wlroots","name":"sway 1.7","usable":true,"abilities":{}},
    {"backend":"private","name":"own","usable":true},
    {"backend":"kwin","name":"","usable":false,"refusal":{"id":"x","what":"no KWin\u001b","remedy":"run it"}}]})");
  ASSERT_EQ(findings.size(), 3U);
  EXPECT_EQ(findings[0].subject, "desktop wlroots");
  EXPECT_EQ(findings[0].what, "sway 1.7 (shown as \"Desktop\")");
  EXPECT_EQ(findings[1].what, "own");
  EXPECT_EQ(findings[2].what, "not here: no KWin?");
  EXPECT_EQ(findings[2].remedy, "run it");
}

TEST(Doctor, strange_types_and_complaints_of_libraries_do_no_harm) {
  const auto findings = findings_of_desktops(
      "a warning\n{\"desktops\":[{\"backend\":1,\"usable\":true,\"name\":[]},"
      "{\"usable\":1,\"refusal\":{\"what\":{}}}]}\nanother\n");
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(findings[0].what, " (shown as \"Desktop\")");
}

TEST(Doctor, nonsense_instead_of_desktops_is_bad) {
  for (const char* text : {"", "[]", "{}", R"({"desktops":1})", R"({"desktops":[1]})", "} {"}) {
    const auto findings = findings_of_desktops(text);
    ASSERT_EQ(findings.size(), 1U) << text;
    EXPECT_EQ(findings[0].verdict, Verdict::bad) << text;
  }
}

TEST(Doctor, names_what_is_wrong_with_the_configuration_and_goes_on) {
  std::string root = "/tmp/lumen-doctor-XXXXXX";
  root = mkdtemp(root.data());
  std::ofstream{root + "/host.toml"} << "nmae = 1\n";
  const auto findings = examine({.config_path = root + "/host.toml",
                                 .state_dir = root + "/state",
                                 .runtime_root = root + "/run",
                                 .program_dir = root,
                                 .measure_encoders = false});
  std::filesystem::remove_all(root);
  ASSERT_GE(findings.size(), 8U);
  EXPECT_EQ(findings[0].verdict, Verdict::bad);
  EXPECT_THAT(findings[0].what, HasSubstr("config.unknown"));
  EXPECT_EQ(findings[1].verdict, Verdict::good) << findings[1].what;
  EXPECT_EQ(findings.back().verdict, Verdict::bad) << "there is no lumen-session in that folder";
  EXPECT_THAT(to_text(findings), HasSubstr("BAD    configuration"));
  const auto parsed = nlohmann::json::parse(to_json(findings));
  EXPECT_EQ(parsed["findings"][0]["verdict"], "bad");
}

}  // namespace
}  // namespace lumen::host
