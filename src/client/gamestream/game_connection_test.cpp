#include "client/gamestream/game_connection.hpp"

#include <gtest/gtest.h>

#include "client/gamestream/test_folder.hpp"
#include "client/gamestream/test_host.hpp"

namespace lumen::client {
namespace {

using gamestream::LaunchVerb;

class Connection : public testing::Test {
 protected:
  Result<GameConnection> open() {
    return GameConnection::open(
        {.address = {"127.0.0.1"}, .book = &book_, .fetch = host_.fetch(book_.identity())}, {});
  }
  GameConnection paired() {
    auto connection = open().value();
    host_.typed_pin = "1234";
    EXPECT_TRUE(connection.pair("1234", [](auto) {}, {}));
    return connection;
  }
  gamestream::LaunchRequest launch_of(std::uint32_t app, LaunchVerb verb = LaunchVerb::launch) {
    gamestream::LaunchRequest request{.verb = verb, .app_id = app, .encrypted_rtsp = true};
    request.key.bytes()[0] = static_cast<std::byte>(++keys_);
    request.mode = gamestream::DisplayMode{1280, 720, 60'000};
    request.play_on_host = false;
    return request;
  }

  test::Folder folder_;
  HostBook book_ = HostBook::open(folder_.path() + "/client").value();
  test::FakeHttpHost host_;
  int keys_ = 0;
};

TEST_F(Connection, an_unknown_host_says_who_it_is_and_lets_nothing_else_happen) {
  auto connection = open().value();
  EXPECT_EQ(connection.info().hostname, "Living room");
  EXPECT_FALSE(connection.info().paired);
  EXPECT_EQ(connection.pairing().error().id, "client.not-paired");
  EXPECT_EQ(connection.apps({}).error().id, "client.not-paired");
  EXPECT_EQ(connection.launch(launch_of(7), {}).error().id, "client.not-paired");
  EXPECT_EQ(connection.quit({}).error().id, "client.not-paired");
  EXPECT_NE(connection.pairing().error().remedy.find("lumen-client pair 127.0.0.1"), std::string::npos);
  EXPECT_EQ(host_.asked, std::vector<std::string>{"http /serverinfo"});
}

TEST_F(Connection, pairing_shows_the_pin_and_is_remembered) {
  auto connection = open().value();
  std::string shown;
  host_.typed_pin = "0042";
  ASSERT_TRUE(connection.pair("0042", [&](auto pin) { shown = pin; }, {}));
  EXPECT_EQ(shown, "0042");
  EXPECT_TRUE(connection.info().paired);
  ASSERT_TRUE(connection.pairing());
  const auto* const known = book_.find(host_.info.unique_id);
  ASSERT_NE(known, nullptr);
  EXPECT_EQ(known->name, "Living room");
  EXPECT_EQ(known->certificate, gamestream::host_identity().certificate());
  EXPECT_TRUE(open().value().pairing());
}

TEST_F(Connection, a_random_pin_has_four_digits_and_works) {
  auto connection = open().value();
  ASSERT_TRUE(connection.pair("", [&](auto pin) { host_.typed_pin = pin; }, {}));
  EXPECT_EQ(host_.typed_pin.size(), 4U);
}

TEST_F(Connection, a_wrong_pin_pairs_nobody) {
  auto connection = open().value();
  host_.typed_pin = "4321";
  EXPECT_EQ(connection.pair("1234", [](auto) {}, {}).error().id, "gamestream.wrong-pin");
  EXPECT_EQ(host_.asked.back(), "http /unpair");
  EXPECT_EQ(book_.hosts().size(), 0U);
  EXPECT_EQ(host_.paired.clients().size(), 0U);
  EXPECT_EQ(open().value().pairing().error().id, "client.not-paired");
}

TEST_F(Connection, a_pin_of_other_than_four_digits_is_refused_before_anything_is_sent) {
  auto connection = open().value();
  host_.asked.clear();
  for (const auto* pin : {"123", "12345", "12a4"}) {
    EXPECT_EQ(connection.pair(pin, [](auto) { FAIL(); }, {}).error().id, "gamestream.pin") << pin;
  }
  EXPECT_TRUE(host_.asked.empty());
}

TEST_F(Connection, an_interrupted_pairing_tells_the_host) {
  auto connection = open().value();
  std::stop_source source;
  host_.typed_pin = "1234";
  const auto paired = connection.pair("1234", [&](auto) { source.request_stop(); }, source.get_token());
  EXPECT_EQ(paired.error().id, "http.stopped");
  EXPECT_EQ(host_.asked.back(), "http /unpair");
}

TEST_F(Connection, a_host_with_another_certificate_is_told_nothing) {
  paired();
  host_.identity = 2;
  host_.asked.clear();
  auto connection = open().value();
  EXPECT_EQ(connection.pairing().error().id, "http.certificate-changed");
  EXPECT_EQ(connection.launch(launch_of(7), {}).error().id, "http.certificate-changed");
  EXPECT_EQ(host_.asked, (std::vector<std::string>{"http /serverinfo", "https /serverinfo"}));
}

TEST_F(Connection, a_host_that_forgot_this_client_asks_for_a_new_pairing) {
  paired();
  host_.paired = gamestream::PairedClients{};
  EXPECT_EQ(open().value().pairing().error().id, "client.not-paired");
}

TEST_F(Connection, what_answers_with_something_else_is_named) {
  const auto nonsense = [](const HostGet&, const std::stop_token&) -> Result<std::string> {
    return std::string{"<html>It works!</html>"};
  };
  const auto opened = GameConnection::open({.address = {"127.0.0.1"}, .book = &book_, .fetch = nonsense}, {});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().id, "client.not-a-host");
}

TEST_F(Connection, applications_are_found_by_name_in_any_case_and_by_number) {
  auto connection = paired();
  EXPECT_EQ(connection.apps({}).value().size(), 2U);
  EXPECT_EQ(connection.find_app("chess & MORE", {}).value().id, 7U);
  EXPECT_EQ(connection.find_app("7", {}).value().id, 7U);
  EXPECT_EQ(connection.find_app("", {}).value().title, "Desktop");
  const auto none = connection.find_app("Go", {});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().id, "client.no-such-app");
  EXPECT_NE(none.error().remedy.find("Chess & more, Desktop"), std::string::npos);
}

TEST_F(Connection, an_application_is_launched_resumed_and_quit) {
  auto connection = paired();
  std::optional<gamestream::LaunchRequest> seen;
  host_.on_launch = [&](const auto& request) {
    seen = request;
    return std::uint16_t{48123};
  };
  const auto request = launch_of(7);
  const auto grant = connection.launch(request, {}).value();
  EXPECT_TRUE(grant.encrypted_rtsp);
  EXPECT_EQ(grant.rtsp_port, 48123);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->key, request.key);
  EXPECT_EQ(seen->mode, request.mode);
  ASSERT_TRUE(connection.refresh({}));
  EXPECT_EQ(connection.info().current_app, 7U);
  EXPECT_EQ(connection.find_app("", {}).value().id, 7U);
  EXPECT_TRUE(connection.launch(launch_of(7, LaunchVerb::resume), {}));
  EXPECT_EQ(connection.launch(launch_of(9), {}).error().id, "gamestream.host-refused");
  ASSERT_TRUE(connection.quit({}));
  EXPECT_EQ(connection.info().current_app, 0U);
  EXPECT_EQ(connection.launch(launch_of(7, LaunchVerb::resume), {}).error().id, "gamestream.host-refused");
}

TEST_F(Connection, a_host_that_only_says_that_it_quit_is_caught) {
  auto connection = paired();
  ASSERT_TRUE(connection.launch(launch_of(7), {}));
  host_.says_cancelled_but_runs = true;
  EXPECT_EQ(connection.quit({}).error().id, "client.still-running");
}

}  // namespace
}  // namespace lumen::client
