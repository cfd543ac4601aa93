// Both dialogues against each other: hello, versions, clock, time-outs, changes of the book.
#include <gtest/gtest.h>

#include "lumen1/control/test_talk.hpp"

namespace lumen::lumen1::control {
namespace {

using test::Dialogue;
using test::find;
using test::Host;
using test::kStart;
using test::minutes;
using test::seconds;
using test::some_wish;
using test::Talk;
using test::TalkOptions;

// --- hello

TEST_F(Dialogue, begins_with_what_each_end_is) {
  pair(Permissions{0x09});
  Talk talk{host};
  talk.run();
  const auto* came = find<HelloCame>(talk.at_host);
  ASSERT_NE(came, nullptr);
  EXPECT_EQ(came->device_name, "laptop");
  EXPECT_EQ(came->program, "lumen-client 1");
  EXPECT_TRUE(came->paired);
  const auto* ready = find<HostReady>(talk.at_client);
  ASSERT_NE(ready, nullptr);
  EXPECT_EQ(ready->hello.name, "desk");
  EXPECT_TRUE(ready->hello.paired);
  EXPECT_EQ(ready->hello.permissions, Permissions{0x09});
  EXPECT_EQ(talk.client->permissions(), Permissions{0x09});
  EXPECT_EQ(talk.host->permissions(), Permissions{0x09});
}

TEST_F(Dialogue, tells_a_device_that_is_not_paired) {
  Talk talk{host};
  talk.run();
  EXPECT_FALSE(find<HostReady>(talk.at_client)->hello.paired);
  EXPECT_FALSE(talk.host->is_paired());
  EXPECT_EQ(talk.host->permissions(), Permissions{});
  EXPECT_FALSE(talk.client->host()->takes_code);
}

TEST_F(Dialogue, tells_whether_a_code_is_shown) {
  host.show_code(kStart);
  Talk talk{host};
  talk.run();
  EXPECT_TRUE(talk.client->host()->takes_code);
}

struct Versions {
  std::uint16_t client_min, client_max, host_min, host_max;
  int chosen;  // 0: the client is too old, -1: too new
};
class VersionNegotiation : public testing::TestWithParam<Versions> {};

TEST_P(VersionNegotiation, takes_the_newest_that_both_speak) {
  const auto& versions = GetParam();
  Host host;
  TalkOptions options;
  options.client_params.min_version = versions.client_min;
  options.client_params.max_version = versions.client_max;
  options.host_params.min_version = versions.host_min;
  options.host_params.max_version = versions.host_max;
  Talk talk{host, options};
  talk.run();
  if (versions.chosen > 0) {
    ASSERT_TRUE(talk.client->host());
    EXPECT_EQ(talk.client->host()->version, versions.chosen);
    return;
  }
  const auto* gone = find<HostGone>(talk.at_client);
  ASSERT_NE(gone, nullptr);
  EXPECT_EQ(gone->reason, versions.chosen == 0 ? ByeReason::version_too_old : ByeReason::version_too_new);
  EXPECT_FALSE(gone->text.empty() || gone->remedy.empty());
  EXPECT_TRUE(talk.host->is_over() && talk.client->is_over());
}

INSTANTIATE_TEST_SUITE_P(All, VersionNegotiation,
                         testing::Values(Versions{1, 1, 1, 1, 1}, Versions{1, 3, 1, 2, 2},
                                         Versions{1, 2, 1, 5, 2}, Versions{2, 9, 1, 4, 4},
                                         Versions{1, 2, 3, 4, 0}, Versions{5, 6, 3, 4, -1}));

TEST_F(Dialogue, agrees_on_the_features_that_both_have) {
  TalkOptions options;
  options.client_params.features = 0b0110;
  options.host_params.features = 0b0011;
  Talk talk{host, options};
  talk.run();
  EXPECT_EQ(talk.client->host()->features, 0b0010U);
}

TEST_F(Dialogue, survives_any_cut_of_the_stream) {
  for (std::size_t chop = 1; chop < 80; ++chop) {
    Host own;
    const auto code = own.show_code(kStart).code;
    Talk talk{own};
    talk.chop = chop;
    talk.run();
    talk.pair_with(code);
    ASSERT_TRUE(talk.is_paired()) << chop;
    open(talk, 3);
  }
}

TEST_F(Dialogue, ends_when_no_hello_comes) {
  HostDialogue silent{{.client = test::fingerprint(1)}, host.book, host.desk, kStart};
  EXPECT_EQ(silent.next_deadline(), kStart + seconds{10});
  silent.advance(kStart + seconds{10});
  EXPECT_TRUE(silent.is_over());
  EXPECT_EQ(find<ClientGone>(silent.take_events())->reason, ByeReason::timed_out);
  ClientDialogue waiting{{.device_name = "laptop"}, kStart};
  EXPECT_EQ(waiting.next_deadline(), kStart + seconds{10});
  waiting.advance(kStart + seconds{10});
  EXPECT_EQ(find<HostGone>(waiting.take_events())->reason, ByeReason::timed_out);
}

TEST_F(Dialogue, ends_for_a_device_that_does_not_pair_for_minutes) {
  Talk talk{host};
  talk.run();
  talk.advance(minutes{5});
  EXPECT_EQ(find<HostGone>(talk.at_client)->reason, ByeReason::timed_out);
}

TEST_F(Dialogue, goes_on_for_a_paired_device_however_long_it_is_silent) {
  const auto talk = paired_talk();
  EXPECT_FALSE(talk->host->next_deadline());
  talk->host->advance(kStart + std::chrono::hours{100});
  EXPECT_FALSE(talk->host->is_over());
}

TEST_F(Dialogue, ends_when_either_end_says_so) {
  {
    const auto talk = paired_talk();
    talk->client->bye();
    talk->run();
    EXPECT_EQ(find<ClientGone>(talk->at_host)->reason, ByeReason::done);
    EXPECT_TRUE(talk->host->is_over());
    EXPECT_EQ(talk->client->list_apps(kStart).error().id, "control.not-ready");
  }
  const auto talk = paired_talk();
  talk->host->bye(ByeReason::host_stopping);
  talk->run();
  const auto* gone = find<HostGone>(talk->at_client);
  EXPECT_EQ(gone->reason, ByeReason::host_stopping);
  EXPECT_FALSE(gone->text.empty() || gone->remedy.empty());
}

TEST_F(Dialogue, estimates_how_far_the_hosts_clock_is) {
  const auto talk = paired_talk();
  EXPECT_EQ(talk->client->clock().offset(), Duration::zero()) << "one clock here, and no way at all";
  const auto next = talk->client->next_deadline();
  ASSERT_TRUE(next);
  EXPECT_EQ(*next, kStart + std::chrono::milliseconds{200});
  for (int i = 0; i < 20; ++i) talk->advance(seconds{2});
  EXPECT_EQ(talk->client->clock().round_trip(), Duration::zero());
}

// --- the book, while the connection stands

TEST_F(Dialogue, new_permissions_hold_at_once) {
  const auto talk = paired_talk();
  ASSERT_TRUE(host.book.set_permissions(test::fingerprint(0xC1), Permissions{0x02}));
  talk->host->book_changed();
  talk->run();
  EXPECT_EQ(find<PermissionsChanged>(talk->at_client)->permissions, Permissions{0x02});
  EXPECT_EQ(find<PermissionsNow>(talk->at_host)->permissions, Permissions{0x02});
  EXPECT_EQ(talk->host->permissions(), Permissions{0x02});
  EXPECT_EQ(talk->client->permissions(), Permissions{0x02});
  ASSERT_TRUE(talk->client->open(7, 0, some_wish(), talk->now));
  talk->run();
  EXPECT_EQ(find<Refused>(talk->at_client)->reason, RefusalReason::not_permitted);
}

TEST_F(Dialogue, a_change_that_is_none_is_not_told) {
  const auto talk = paired_talk();
  ASSERT_TRUE(host.book.rename(test::fingerprint(0xC1), "another name"));
  talk->host->book_changed();
  EXPECT_TRUE(talk->host->take_output().empty() && talk->host->take_events().empty());
}

TEST_F(Dialogue, a_device_that_is_disabled_or_removed_is_sent_away_at_once) {
  {
    const auto talk = paired_talk();
    ASSERT_TRUE(host.book.set_enabled(test::fingerprint(0xC1), false));
    talk->host->book_changed();
    talk->run();
    EXPECT_EQ(find<HostGone>(talk->at_client)->reason, ByeReason::device_disabled);
    EXPECT_EQ(find<ClientGone>(talk->at_host)->reason, ByeReason::device_disabled);
    EXPECT_TRUE(talk->host->is_over());
  }
  const auto talk = paired_talk();
  ASSERT_TRUE(host.book.remove(test::fingerprint(0xC1)));
  talk->host->book_changed();
  talk->run();
  EXPECT_EQ(find<HostGone>(talk->at_client)->reason, ByeReason::unpaired);
}

TEST_F(Dialogue, a_disabled_device_is_not_let_in_and_cannot_pair_anew) {
  pair();
  ASSERT_TRUE(host.book.set_enabled(test::fingerprint(0xC1), false));
  host.show_code(kStart);
  Talk talk{host};
  talk.run();
  EXPECT_EQ(find<HostGone>(talk.at_client)->reason, ByeReason::device_disabled);
  EXPECT_FALSE(talk.host->is_paired());
}

}  // namespace
}  // namespace lumen::lumen1::control
