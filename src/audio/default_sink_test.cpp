#include "audio/default_sink.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "desktop/testing/test_session.hpp"

namespace lumen::audio {
namespace {

using namespace std::chrono_literals;
using desktop_test::eventually;

constexpr Duration kLimit = 5s;

class DefaultSink : public testing::Test {
 protected:
  // The session manager is there a moment after PipeWire.
  void SetUp() override {
    ASSERT_TRUE(eventually([&] { return configured_sink(session_.pipewire_socket(), kLimit).has_value(); }));
  }
  std::optional<std::string> chosen() { return configured_sink(session_.pipewire_socket(), kLimit).value(); }
  Status choose(const std::optional<std::string>& name,
                const std::optional<std::string>& only_instead_of = std::nullopt) {
    return set_configured_sink(session_.pipewire_socket(), name, kLimit, only_instead_of);
  }
  bool becomes(const std::optional<std::string>& name) {
    return eventually([&] { return chosen() == name; });
  }
  desktop_test::PrivateSession session_;
};

TEST_F(DefaultSink, nobody_has_chosen_one_at_first) { EXPECT_EQ(chosen(), std::nullopt); }

TEST_F(DefaultSink, is_the_one_that_was_set_and_none_again) {
  EXPECT_TRUE(choose("lumen-1"));
  EXPECT_TRUE(becomes("lumen-1"));
  EXPECT_TRUE(choose(std::nullopt));
  EXPECT_TRUE(becomes(std::nullopt));
}

TEST_F(DefaultSink, stays_when_the_person_has_chosen_another_meanwhile) {
  EXPECT_TRUE(choose("lumen-1"));
  ASSERT_TRUE(becomes("lumen-1"));
  EXPECT_TRUE(choose("headphones"));
  ASSERT_TRUE(becomes("headphones"));
  EXPECT_TRUE(choose("speakers", "lumen-1"));
  EXPECT_EQ(chosen(), "headphones");
  EXPECT_TRUE(choose("speakers", "headphones"));
  EXPECT_TRUE(becomes("speakers"));
}

TEST_F(DefaultSink, a_strange_name_comes_back_as_it_was) {
  const std::string name = "a \"quoted\" {name}\\";
  EXPECT_TRUE(choose(name));
  EXPECT_TRUE(becomes(name));
}

TEST_F(DefaultSink, without_a_session_manager_there_is_none_to_ask) {
  session_.stop_session_manager();
  EXPECT_TRUE(eventually([&] {
    const auto asked = configured_sink(session_.pipewire_socket(), kLimit);
    return !asked && asked.error().id == "audio.no-session-manager";
  }));
}

TEST_F(DefaultSink, without_pipewire_it_fails_at_once) {
  session_.kill_pipewire();
  EXPECT_FALSE(configured_sink(session_.pipewire_socket(), kLimit));
  EXPECT_FALSE(choose("x"));
}

}  // namespace
}  // namespace lumen::audio
