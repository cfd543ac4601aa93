// Both dialogues against each other: hello, pairing, requests, permissions, time-outs.
#include <gtest/gtest.h>

#include "lumen1/control/test_talk.hpp"

namespace lumen::lumen1::control {
namespace {

using test::find;
using test::Host;
using test::kStart;
using test::minutes;
using test::seconds;
using test::some_stream;
using test::some_wish;
using test::Talk;
using test::TalkOptions;

class Dialogue : public testing::Test {
 protected:
  void pair(Permissions permissions = Permissions::all()) {
    ASSERT_TRUE(host.book.add(test::fingerprint(0xC1), "laptop", permissions, test::kToday));
  }
  // A talk with a device that is paired already; its hellos are over.
  std::unique_ptr<Talk> paired_talk(const TalkOptions& options = {}) {
    pair();
    auto talk = std::make_unique<Talk>(host, options);
    talk->run();
    EXPECT_TRUE(talk->host->is_paired());
    talk->forget_events();
    return talk;
  }
  // Opened as session `session`.
  static void open(Talk& talk, SessionId session) {
    const auto request = talk.client->open(7, 0, some_wish(), talk.now).value();
    talk.run();
    ASSERT_TRUE(talk.host->opened(request, session, 5, some_stream()));
    talk.run();
    ASSERT_NE(find<Opened>(talk.at_client), nullptr);
    talk.forget_events();
  }
  Host host;
};

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

// --- pairing by code

TEST_F(Dialogue, pairs_by_code_and_stores_before_it_tells) {
  const auto code = host.desk.offer_code(CodeKind::digits, Permissions{0x0F}, kStart).value().code;
  Talk talk{host};
  talk.run();
  talk.pair_with(code.substr(0, 3) + " " + code.substr(3));
  EXPECT_TRUE(talk.is_paired());
  const auto* device = host.book.find(test::fingerprint(0xC1));
  ASSERT_NE(device, nullptr);
  EXPECT_EQ(device->name, "laptop");
  EXPECT_EQ(device->permissions, Permissions{0x0F});
  EXPECT_EQ(find<PairedNow>(talk.at_client)->permissions, Permissions{0x0F});
  EXPECT_EQ(talk.client->permissions(), Permissions{0x0F});
  EXPECT_TRUE(talk.client->list_apps(talk.now));
}

TEST_F(Dialogue, pairs_by_phrase) {
  const auto code = host.show_code(kStart, CodeKind::phrase).code;
  Talk talk{host};
  talk.run();
  talk.pair_with(code);
  EXPECT_TRUE(talk.is_paired());
}

TEST_F(Dialogue, tells_nothing_when_the_device_could_not_be_stored) {
  host.can_store = false;
  const auto code = host.show_code(kStart).code;
  Talk talk{host};
  talk.run();
  talk.pair_with(code);
  EXPECT_EQ(talk.failure()->reason, PairingRefusal::not_stored);
  EXPECT_FALSE(talk.host->is_paired());
  EXPECT_EQ(find<PairedNow>(talk.at_client), nullptr);
}

TEST_F(Dialogue, a_code_that_cannot_be_one_costs_no_attempt) {
  host.show_code(kStart);
  Talk talk{host};
  talk.run();
  EXPECT_EQ(talk.client->pair_with_code("12345", kStart).error().id, "pairing.code");
  talk.run();
  EXPECT_EQ(host.desk.offer(kStart)->attempts_left, 3);
}

TEST_F(Dialogue, pairing_waits_for_the_hello_and_is_done_once) {
  const auto code = host.show_code(kStart).code;
  Talk talk{host};
  EXPECT_EQ(talk.client->pair_with_code(code, kStart).error().id, "control.not-ready");
  talk.run();
  talk.pair_with(code);
  ASSERT_TRUE(talk.is_paired());
  EXPECT_EQ(talk.client->pair_with_code(code, kStart).error().id, "control.not-ready");
  EXPECT_EQ(talk.client->ask_approval(kStart).error().id, "control.not-ready");
}

TEST_F(Dialogue, a_device_that_paired_is_known_when_it_comes_again) {
  const auto code = host.show_code(kStart).code;
  Talk first{host};
  first.run();
  first.pair_with(code);
  Talk second{host, {.connection_number = 2}};
  second.run();
  EXPECT_TRUE(second.host->is_paired());
  EXPECT_TRUE(second.client->host()->paired);
}

// --- pairing by approval

TEST_F(Dialogue, pairs_by_approval_with_the_same_words_at_both_ends) {
  Talk talk{host};
  talk.run();
  ASSERT_TRUE(talk.client->ask_approval(talk.now));
  talk.run();
  const auto* words = find<CompareWords>(talk.at_client);
  ASSERT_NE(words, nullptr);
  EXPECT_EQ(words->expires_after, minutes{2});
  const auto pending = host.desk.pending(talk.now);
  ASSERT_EQ(pending.size(), 1U);
  EXPECT_EQ(pending[0].words, words->words);
  EXPECT_EQ(pending[0].name, "laptop");
  EXPECT_EQ(pending[0].address, "192.0.2.7");
  EXPECT_NE(find<DeviceAsks>(host.desk.take_events()), nullptr);
  EXPECT_FALSE(talk.is_paired());

  ASSERT_TRUE(host.desk.approve(pending[0].id, Permissions{0x01}, talk.now));
  talk.run();
  EXPECT_TRUE(talk.is_paired());
  EXPECT_EQ(host.book.find(test::fingerprint(0xC1))->permissions, Permissions{0x01});
  EXPECT_TRUE(host.desk.pending(talk.now).empty());
  EXPECT_NE(find<AskingEnded>(host.desk.take_events()), nullptr);
}

TEST_F(Dialogue, a_device_that_is_denied_hears_so) {
  Talk talk{host};
  talk.run();
  ASSERT_TRUE(talk.client->ask_approval(talk.now));
  talk.run();
  const auto id = host.desk.pending(talk.now).at(0).id;
  ASSERT_TRUE(host.desk.deny(id, talk.now));
  EXPECT_EQ(host.desk.approve(id, Permissions::all(), talk.now).error().id, "pairing.no-such-asking");
  talk.run();
  EXPECT_EQ(talk.failure()->reason, PairingRefusal::denied);
  EXPECT_FALSE(talk.host->is_paired());
  EXPECT_EQ(host.book.devices().size(), 0U);
}

TEST_F(Dialogue, a_device_that_nobody_approves_hears_so_in_the_end) {
  Talk talk{host};
  talk.run();
  ASSERT_TRUE(talk.client->ask_approval(talk.now));
  talk.run();
  const auto id = host.desk.pending(talk.now).at(0).id;
  talk.advance(minutes{2});
  EXPECT_EQ(talk.failure()->reason, PairingRefusal::expired);
  EXPECT_EQ(host.desk.approve(id, Permissions::all(), talk.now).error().id, "pairing.no-such-asking");
  EXPECT_TRUE(host.desk.pending(talk.now).empty());
  EXPECT_FALSE(talk.client->is_over()) << "it may try again";
}

TEST_F(Dialogue, a_host_may_take_devices_by_code_alone) {
  TalkOptions options;
  options.host_params.takes_asking = false;
  Talk talk{host, options};
  talk.run();
  EXPECT_FALSE(talk.client->host()->takes_asking);
  ASSERT_TRUE(talk.client->ask_approval(talk.now));
  talk.run();
  EXPECT_EQ(talk.failure()->reason, PairingRefusal::approval_off);
}

// --- requests

TEST_F(Dialogue, lists_applications) {
  const auto talk = paired_talk();
  const auto request = talk->client->list_apps(talk->now).value();
  talk->run();
  ASSERT_NE(find<WantsApps>(talk->at_host), nullptr);
  const std::vector<App> apps{{1, "Desktop", true}, {2, "Game", false}};
  ASSERT_TRUE(talk->host->apps(request, apps));
  talk->run();
  const auto* answer = find<Apps>(talk->at_client);
  ASSERT_NE(answer, nullptr);
  EXPECT_EQ(answer->request, request);
  EXPECT_EQ(answer->apps, apps);
  EXPECT_FALSE(talk->host->apps(request, apps)) << "once";
}

TEST_F(Dialogue, opens_changes_pauses_resumes_and_closes) {
  const auto talk = paired_talk();
  const auto opening = talk->client->open(7, 2, some_wish(), talk->now).value();
  talk->run();
  const auto* wants = find<WantsOpen>(talk->at_host);
  ASSERT_NE(wants, nullptr);
  EXPECT_EQ(wants->open.app, 7U);
  EXPECT_EQ(wants->open.display, 2);
  EXPECT_EQ(wants->open.wish, some_wish());
  ASSERT_TRUE(talk->host->opened(opening, 3, 5, some_stream()));
  talk->run();
  const auto* opened = find<Opened>(talk->at_client);
  ASSERT_NE(opened, nullptr);
  EXPECT_EQ(opened->open_count, 5U);
  EXPECT_EQ(opened->stream, some_stream());

  const auto changing =
      talk->client->change({.session = 3, .mode = Mode{1280, 720, 60'000}}, talk->now).value();
  talk->run();
  EXPECT_EQ(find<WantsChange>(talk->at_host)->wish.mode, (Mode{1280, 720, 60'000}));
  EXPECT_EQ(find<WantsChange>(talk->at_host)->wish.formats, some_wish().formats);
  ASSERT_TRUE(talk->host->changed(changing, some_stream()));

  const auto pausing = talk->client->pause(3, talk->now).value();
  const auto resuming = talk->client->resume(3, talk->now).value();
  talk->run();
  EXPECT_NE(find<WantsPause>(talk->at_host), nullptr);
  EXPECT_NE(find<WantsResume>(talk->at_host), nullptr);
  ASSERT_TRUE(talk->host->done(pausing) && talk->host->done(resuming));

  const auto closing = talk->client->close(3, true, talk->now).value();
  talk->run();
  EXPECT_TRUE(find<WantsClose>(talk->at_host)->end_application);
  ASSERT_TRUE(talk->host->done(closing));
  talk->run();
  EXPECT_NE(find<Changed>(talk->at_client), nullptr);
  EXPECT_EQ(find<Refused>(talk->at_client), nullptr);
  talk->forget_events();
  ASSERT_TRUE(talk->client->pause(3, talk->now));
  talk->run();
  EXPECT_EQ(find<Refused>(talk->at_client)->reason, RefusalReason::no_such_session);
}

TEST_F(Dialogue, keeps_a_refused_change_out_of_the_next_one) {
  const auto talk = paired_talk();
  open(*talk, 3);
  const auto first = talk->client->change({.session = 3, .max_bitrate_kbps = 9}, talk->now).value();
  talk->run();
  ASSERT_TRUE(talk->host->refuse(first, RefusalReason::busy, "not now"));
  talk->run();
  EXPECT_EQ(find<Refused>(talk->at_client)->text, "not now");
  talk->forget_events();
  ASSERT_TRUE(talk->client->change({.session = 3, .microphone = true}, talk->now));
  talk->run();
  EXPECT_EQ(find<WantsChange>(talk->at_host)->wish.max_bitrate_kbps, 0U);
}

TEST_F(Dialogue, every_refusal_says_why_and_what_to_do) {
  for (int number = 1; number <= 14; ++number) {
    const auto reason = static_cast<RefusalReason>(number);
    const auto talk = paired_talk();
    const auto request = talk->client->open(7, 0, some_wish(), talk->now).value();
    talk->run();
    ASSERT_TRUE(talk->host->refuse(request, reason));
    talk->run();
    const auto* refused = find<Refused>(talk->at_client);
    EXPECT_EQ(refused->reason, reason);
    EXPECT_EQ(refused->text, text_of(reason));
    EXPECT_EQ(refused->remedy, remedy_of(reason));
    EXPECT_EQ(refused->text.find("does not know"), std::string::npos) << number;
  }
}

TEST_F(Dialogue, an_answer_of_the_wrong_kind_is_not_sent) {
  const auto talk = paired_talk();
  const auto request = talk->client->list_apps(talk->now).value();
  talk->run();
  EXPECT_FALSE(talk->host->opened(request, 1, 1, some_stream()));
  EXPECT_FALSE(talk->host->changed(request, some_stream()));
  EXPECT_FALSE(talk->host->done(request));
  EXPECT_FALSE(talk->host->apps(request + 1, {}));
  EXPECT_FALSE(talk->host->refuse(request + 1, RefusalReason::busy));
  EXPECT_TRUE(talk->host->take_output().empty());
  EXPECT_TRUE(talk->host->apps(request, {}));
}

TEST_F(Dialogue, a_stream_that_cannot_be_told_leaves_the_request_pending) {
  const auto talk = paired_talk();
  const auto request = talk->client->open(7, 0, some_wish(), talk->now).value();
  talk->run();
  EXPECT_FALSE(talk->host->opened(request, 1, 1, Stream{}));
  EXPECT_TRUE(talk->host->take_output().empty());
  EXPECT_TRUE(talk->host->opened(request, 1, 1, some_stream()));
}

TEST_F(Dialogue, a_request_that_may_not_travel_is_refused_at_once) {
  const auto talk = paired_talk();
  EXPECT_EQ(talk->client->open(7, 0, StreamWish{}, talk->now).error().id, "control.message");
  EXPECT_EQ(talk->client->open(7, kMaxDisplays, some_wish(), talk->now).error().id, "control.message");
}

TEST_F(Dialogue, no_more_requests_wait_than_may) {
  const auto talk = paired_talk();
  for (int i = 0; i < 16; ++i) ASSERT_TRUE(talk->client->list_apps(talk->now));
  EXPECT_EQ(talk->client->list_apps(talk->now).error().id, "control.too-many-requests");
  talk->run();
  // A client that does not count.
  std::vector<std::byte> bytes;
  ASSERT_TRUE(append(bytes, ClientMessage{ListApps{99}}));
  talk->host->receive(bytes, talk->now);
  const auto output = talk->host->take_output();
  ByteView rest{output};
  FrameReader reader;
  const auto message = decode_host_message(*reader.next(rest));
  EXPECT_EQ(std::get<Refused>(std::get<HostMessage>(message)).reason, RefusalReason::too_many_requests);
}

TEST_F(Dialogue, no_more_sessions_open_than_may) {
  TalkOptions options;
  options.host_params.max_sessions = 2;
  const auto talk = paired_talk(options);
  open(*talk, 1);
  ASSERT_TRUE(talk->client->open(7, 1, some_wish(), talk->now));
  ASSERT_TRUE(talk->client->open(7, 2, some_wish(), talk->now));
  talk->run();
  EXPECT_EQ(find<Refused>(talk->at_client)->reason, RefusalReason::busy);
}

TEST_F(Dialogue, a_request_without_an_answer_times_out_and_a_late_session_is_closed_again) {
  const auto talk = paired_talk();
  const auto request = talk->client->open(7, 0, some_wish(), talk->now).value();
  talk->advance(seconds{60});
  const auto* refused = find<Refused>(talk->at_client);
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->reason, RefusalReason::timed_out);
  talk->forget_events();
  ASSERT_TRUE(talk->host->opened(request, 3, 5, some_stream()));
  talk->run();
  EXPECT_EQ(find<Opened>(talk->at_client), nullptr);
  const auto* closes = find<WantsClose>(talk->at_host);
  ASSERT_NE(closes, nullptr);
  EXPECT_EQ(closes->session, 3);
  ASSERT_TRUE(talk->host->done(closes->request));
  talk->run();
  EXPECT_TRUE(talk->at_client.empty());
  EXPECT_FALSE(talk->client->is_over());
}

TEST_F(Dialogue, an_ended_session_answers_what_waited_for_it) {
  const auto talk = paired_talk();
  open(*talk, 3);
  const auto changing = talk->client->change({.session = 3, .microphone = true}, talk->now).value();
  const auto closing = talk->client->close(3, false, talk->now).value();
  talk->run();
  talk->host->session_ended(3, EndReason::application_exited, "it returned 1");
  talk->run();
  const auto* ended = find<SessionEnded>(talk->at_client);
  EXPECT_EQ(ended->reason, EndReason::application_exited);
  EXPECT_EQ(ended->text, "it returned 1");
  EXPECT_EQ(find<Refused>(talk->at_client)->request, changing);
  EXPECT_EQ(find<Done>(talk->at_client)->request, closing);
  EXPECT_FALSE(talk->host->done(closing));
  talk->host->session_ended(3, EndReason::failed);
  EXPECT_TRUE(talk->host->take_output().empty()) << "once";
}

TEST_F(Dialogue, nothing_but_pairing_is_done_for_a_device_that_is_not_paired) {
  Talk talk{host};
  talk.run();
  const auto now = talk.now;
  ASSERT_TRUE(talk.client->list_apps(now) && talk.client->open(7, 0, some_wish(), now) &&
              talk.client->change({.session = 1}, now) && talk.client->pause(1, now) &&
              talk.client->resume(1, now) && talk.client->close(1, true, now));
  talk.forget_events();
  talk.run();
  EXPECT_TRUE(talk.at_host.empty());
  ASSERT_EQ(talk.at_client.size(), 6U);
  for (const auto& event : talk.at_client) {
    EXPECT_EQ(std::get<Refused>(event).reason, RefusalReason::not_paired);
  }
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
