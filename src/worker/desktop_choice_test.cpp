#include "worker/desktop_choice.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "worker/test_backends.hpp"

namespace lumen::worker {
namespace {

class DesktopChoice : public testing::Test {
 protected:
  Result<std::vector<DesktopCandidate>> choose(const std::string& use, std::size_t places = 1) {
    return choose_desktops(find_desktops(backends_, std::vector<DesktopPlace>(places)), backends_, use);
  }
  static std::vector<std::string> names(const Result<std::vector<DesktopCandidate>>& chosen) {
    std::vector<std::string> all;
    for (const auto& each : *chosen) all.push_back(each.backend->name);
    return all;
  }
  FakeWorld kwin_, portal_;
  std::vector<DesktopBackend> backends_{fake_backend("kwin", kwin_), fake_backend("portal", portal_)};
};

TEST_F(DesktopChoice, the_better_one_comes_first) {
  EXPECT_THAT(names(choose("auto")), testing::ElementsAre("kwin", "portal"));
}

TEST_F(DesktopChoice, auto_leaves_out_what_refuses) {
  kwin_.usable = false;
  EXPECT_THAT(names(choose("auto")), testing::ElementsAre("portal"));
  portal_.usable = false;
  EXPECT_THAT(names(choose("auto")), testing::IsEmpty());
}

TEST_F(DesktopChoice, a_name_means_that_one_only) {
  EXPECT_THAT(names(choose("portal")), testing::ElementsAre("portal"));
}

TEST_F(DesktopChoice, a_named_one_that_refuses_says_why) {
  portal_.usable = false;
  const auto chosen = choose("portal");
  ASSERT_FALSE(chosen);
  EXPECT_EQ(chosen.error().id, "test.absent");
}

TEST_F(DesktopChoice, a_named_one_without_any_session_says_so) {
  const auto chosen = choose("kwin", 0);
  ASSERT_FALSE(chosen);
  EXPECT_EQ(chosen.error().id, "desktop.absent");
}

TEST_F(DesktopChoice, an_unknown_name_lists_the_known_ones) {
  const auto chosen = choose("kwim");
  ASSERT_FALSE(chosen);
  EXPECT_EQ(chosen.error().id, "desktop.unknown");
  EXPECT_THAT(chosen.error().remedy, testing::HasSubstr("auto, private, kwin, portal"));
}

TEST_F(DesktopChoice, private_needs_none) { EXPECT_THAT(names(choose("private")), testing::IsEmpty()); }

TEST_F(DesktopChoice, the_same_refusal_at_several_places_is_told_once) {
  kwin_.usable = false;
  const auto found = find_desktops(backends_, std::vector<DesktopPlace>(3));
  EXPECT_EQ(found.size(), 4U);
  EXPECT_TRUE(found.back().probe.refusal);
}

}  // namespace
}  // namespace lumen::worker
