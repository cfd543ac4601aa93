#include "gamestream/http/launch_book.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "gamestream/http/test_identity.hpp"

namespace lumen::gamestream {
namespace {

using std::chrono::seconds;

crypto::Fingerprint client(std::uint8_t number) {
  crypto::Fingerprint fingerprint{};
  fingerprint[0] = std::byte{number};
  return fingerprint;
}
SessionKey key(std::uint32_t number) {
  std::array<std::byte, 16> bytes{};
  ByteWriter{bytes}.big(number);
  return SessionKey{bytes};
}

struct Fixture {
  explicit Fixture(LaunchPolicy policy = {}) : book{policy} {}
  LaunchBook book;
  AppList apps = AppList::create({{1, "Desktop"}, {2, "Game"}}).value();
  Timestamp now{};
  std::uint32_t last_key = 0;

  LaunchRequest request(LaunchVerb verb, std::uint8_t who, std::uint32_t app,
                        std::string_view from = "192.0.2.7") {
    LaunchRequest made{.verb = verb, .client = client(who), .remote = address(from), .local = {}};
    made.key = key(++last_key);
    made.app_id = app;
    made.encrypted_rtsp = true;
    return made;
  }
  std::variant<Admitted, Refused> admit(const LaunchRequest& made) { return book.admit(made, apps, now); }
  Admitted launch(std::uint8_t who, std::uint32_t app, std::string_view from = "192.0.2.7") {
    return std::get<Admitted>(admit(request(LaunchVerb::launch, who, app, from)));
  }
  std::int64_t refused(const LaunchRequest& made) {
    const auto verdict = admit(made);
    const auto* refusal = std::get_if<Refused>(&verdict);
    if (refusal == nullptr) return 0;
    EXPECT_EQ(element(refusal->answer, made.verb == LaunchVerb::launch ? "gamesession" : "resume"), "0");
    return status(refusal->answer);
  }
};

TEST(GameStream1, s68_a_launch_waits_runs_and_is_resumed_whatever_became_of_its_stream) {
  Fixture host;
  const auto launched = host.launch(1, 2);
  EXPECT_TRUE(launched.starts_app);
  EXPECT_EQ(launched.app_id, 2U);
  EXPECT_EQ(host.book.find(launched.id)->request.key, key(1));
  EXPECT_TRUE(host.book.start(launched.id));
  EXPECT_FALSE(host.book.start(launched.id));
  EXPECT_EQ(host.book.find(launched.id), nullptr);
  const auto resumed = std::get<Admitted>(host.admit(host.request(LaunchVerb::resume, 1, 0)));
  EXPECT_FALSE(resumed.starts_app);
  EXPECT_EQ(resumed.app_id, 2U);
  const auto joined = host.launch(1, 2);
  EXPECT_FALSE(joined.starts_app);
  EXPECT_EQ(joined.replaced, resumed.id);
}

TEST(GameStream1, s44_unknown_applications_and_nothing_to_resume_have_no_effect) {
  Fixture host;
  EXPECT_EQ(host.refused(host.request(LaunchVerb::launch, 1, 3)), 404);
  EXPECT_EQ(host.refused(host.request(LaunchVerb::resume, 1, 1)), 503);
  EXPECT_EQ(host.book.current_app(client(1)), 0U);
  EXPECT_TRUE(host.book.candidates(address("192.0.2.7")).empty());
  EXPECT_EQ(host.book.next_deadline(), std::nullopt);
}

TEST(GameStream1, s41_plain_rtsp_is_refused_where_encryption_is_mandatory) {
  Fixture strict{{.refuse_plain_rtsp = true}}, lenient;
  for (auto* host : {&strict, &lenient}) {
    auto plain = host->request(LaunchVerb::launch, 1, 1);
    plain.encrypted_rtsp = false;
    EXPECT_EQ(host->refused(plain), host == &strict ? 403 : 0);
  }
}

TEST(GameStream1, s48_a_key_is_taken_once_from_the_same_client) {
  Fixture host;
  const auto first = host.request(LaunchVerb::launch, 1, 1);
  const auto admitted = std::get<Admitted>(host.admit(first));
  EXPECT_EQ(host.refused(first), 400);
  EXPECT_TRUE(host.book.start(admitted.id));
  host.book.end(client(1));
  EXPECT_EQ(host.refused(first), 400);  // for ever
  auto others = first;
  others.client = client(2);
  EXPECT_EQ(host.refused(others), 0);  // another client's is another key
}

TEST(LaunchBook, a_key_that_another_client_waits_with_is_refused) {
  Fixture host;
  auto request = host.request(LaunchVerb::launch, 1, 1);
  EXPECT_EQ(host.refused(request), 0);
  request.client = client(2);
  EXPECT_EQ(host.refused(request), 400);
}

TEST(LaunchBook, a_refused_launch_uses_up_no_key) {
  Fixture host;
  auto request = host.request(LaunchVerb::launch, 1, 99);
  EXPECT_EQ(host.refused(request), 404);
  request.app_id = 1;
  EXPECT_EQ(host.refused(request), 0);
}

TEST(GameStream1, s46_a_pending_launch_survives_10_seconds_and_is_dropped_at_its_limit) {
  Fixture host;
  const auto launched = host.launch(1, 1);
  EXPECT_EQ(host.book.next_deadline(), host.now + seconds{30});
  EXPECT_TRUE(host.book.expire(host.now + seconds{29}).empty());
  EXPECT_EQ(host.book.candidates(address("192.0.2.7")).size(), 1U);
  EXPECT_EQ(host.book.expire(host.now + seconds{30}), std::vector{launched.id});
  EXPECT_TRUE(host.book.candidates(address("192.0.2.7")).empty());
  EXPECT_EQ(host.book.current_app(client(1)), 1U);  // it runs on and is resumable
  EXPECT_TRUE(host.book.abort(launched.id).empty());
  EXPECT_EQ(host.book.current_app(client(1)), 1U);
}

TEST(GameStream1, s47_two_clients_that_launch_at_once_both_wait) {
  Fixture host;
  const auto one = host.launch(1, 1, "192.0.2.7"), two = host.launch(2, 2, "192.0.2.8");
  EXPECT_EQ(one.replaced, std::nullopt);
  EXPECT_EQ(two.replaced, std::nullopt);
  const auto for_two = host.book.candidates(address("192.0.2.8"));
  ASSERT_EQ(for_two.size(), 2U);
  EXPECT_EQ(for_two[0]->id, two.id);
  EXPECT_EQ(for_two[1]->id, one.id);
  EXPECT_TRUE(host.book.start(two.id));
  EXPECT_EQ(host.book.candidates(address("192.0.2.7")).at(0)->id, one.id);
}

TEST(GameStream1, s43_after_cancel_nothing_runs_for_the_caller_and_all_for_others) {
  Fixture host;
  const auto one = host.launch(1, 1, "192.0.2.7");
  host.launch(2, 2, "192.0.2.8");
  const auto ended = host.book.end(client(1));
  EXPECT_EQ(ended.app_id, 1U);
  EXPECT_EQ(ended.launches, std::vector{one.id});
  EXPECT_EQ(host.book.current_app(client(1)), 0U);
  EXPECT_EQ(host.book.current_app(client(2)), 2U);
  EXPECT_EQ(host.refused(host.request(LaunchVerb::resume, 1, 1)), 503);
  EXPECT_EQ(host.book.end(client(1)).app_id, 0U);
  EXPECT_EQ(host.refused(host.request(LaunchVerb::launch, 1, 2)), 0);
}

TEST(LaunchBook, another_application_of_the_same_client_is_refused_and_of_another_client_not) {
  Fixture host;
  host.launch(1, 1);
  EXPECT_EQ(host.refused(host.request(LaunchVerb::launch, 1, 2)), 400);
  EXPECT_EQ(host.refused(host.request(LaunchVerb::launch, 2, 2)), 0);
}

TEST(LaunchBook, clients_and_pending_launches_are_limited) {
  Fixture host{{.max_clients = 2}};
  host.launch(1, 1);
  host.launch(2, 1);
  EXPECT_EQ(host.refused(host.request(LaunchVerb::launch, 3, 1)), 503);
  for (const auto* from : {"192.0.2.8", "192.0.2.9", "192.0.2.10"}) host.launch(1, 1, from);
  EXPECT_EQ(host.refused(host.request(LaunchVerb::resume, 1, 1, "192.0.2.11")), 503);
  EXPECT_EQ(host.refused(host.request(LaunchVerb::resume, 1, 1, "192.0.2.10")), 0);
}

TEST(LaunchBook, an_aborted_start_leaves_nothing_running_but_an_aborted_resume_does) {
  Fixture host;
  const auto first = host.launch(1, 1);
  const auto joined = host.launch(1, 1, "192.0.2.8");
  EXPECT_EQ(host.book.abort(first.id), std::vector{joined.id});
  EXPECT_EQ(host.book.current_app(client(1)), 0U);
  EXPECT_TRUE(host.book.candidates(address("192.0.2.8")).empty());

  EXPECT_TRUE(host.book.start(host.launch(1, 1).id));
  EXPECT_TRUE(
      host.book.abort(std::get<Admitted>(host.admit(host.request(LaunchVerb::resume, 1, 1))).id).empty());
  EXPECT_EQ(host.book.current_app(client(1)), 1U);
}

TEST(LaunchBook, a_start_that_fails_after_it_was_replaced_still_leaves_nothing_running) {
  Fixture host;
  const auto first = host.launch(1, 1);
  const auto second = host.launch(1, 1);
  EXPECT_EQ(second.replaced, first.id);
  EXPECT_FALSE(second.starts_app);
  EXPECT_EQ(host.book.abort(first.id), std::vector{second.id});
  EXPECT_EQ(host.book.current_app(client(1)), 0U);
}

}  // namespace
}  // namespace lumen::gamestream
