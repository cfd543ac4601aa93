// Requests and their answers.
#include <gtest/gtest.h>

#include "lumen1/control/test_talk.hpp"

namespace lumen::lumen1::control {
namespace {

using test::Dialogue;
using test::find;
using test::seconds;
using test::some_stream;
using test::some_wish;
using test::Talk;
using test::TalkOptions;

class Requests : public Dialogue {};

TEST_F(Requests, lists_applications) {
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

TEST_F(Requests, opens_changes_pauses_resumes_and_closes) {
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

TEST_F(Requests, end_an_application_without_opening_it) {
  const auto talk = paired_talk();
  const auto ending = talk->client->end_application(7, talk->now).value();
  talk->run();
  ASSERT_NE(find<WantsEnd>(talk->at_host), nullptr);
  EXPECT_EQ(find<WantsEnd>(talk->at_host)->app, 7U);
  ASSERT_TRUE(talk->host->done(ending));
  talk->run();
  ASSERT_NE(find<Done>(talk->at_client), nullptr);
  EXPECT_EQ(find<Done>(talk->at_client)->request, ending);
}

TEST_F(Requests, opens_a_session_anew_that_is_open_already) {
  const auto talk = paired_talk();
  open(*talk, 3);
  open(*talk, 3);
  ASSERT_TRUE(talk->client->close(3, false, talk->now));
  talk->run();
  EXPECT_NE(find<WantsClose>(talk->at_host), nullptr);
}

TEST_F(Requests, keeps_a_refused_change_out_of_the_next_one) {
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

TEST_F(Requests, every_refusal_says_why_and_what_to_do) {
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

TEST_F(Requests, an_answer_of_the_wrong_kind_is_not_sent) {
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

TEST_F(Requests, a_stream_that_cannot_be_told_leaves_the_request_pending) {
  const auto talk = paired_talk();
  const auto request = talk->client->open(7, 0, some_wish(), talk->now).value();
  talk->run();
  EXPECT_FALSE(talk->host->opened(request, 1, 1, Stream{}));
  EXPECT_TRUE(talk->host->take_output().empty());
  EXPECT_TRUE(talk->host->opened(request, 1, 1, some_stream()));
}

TEST_F(Requests, a_request_that_may_not_travel_is_refused_at_once) {
  const auto talk = paired_talk();
  EXPECT_EQ(talk->client->open(7, 0, StreamWish{}, talk->now).error().id, "control.message");
  EXPECT_EQ(talk->client->open(7, kMaxDisplays, some_wish(), talk->now).error().id, "control.message");
}

TEST_F(Requests, no_more_requests_wait_than_may) {
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

TEST_F(Requests, no_more_sessions_open_than_may) {
  TalkOptions options;
  options.host_params.max_sessions = 2;
  const auto talk = paired_talk(options);
  open(*talk, 1);
  ASSERT_TRUE(talk->client->open(7, 1, some_wish(), talk->now));
  ASSERT_TRUE(talk->client->open(7, 2, some_wish(), talk->now));
  talk->run();
  EXPECT_EQ(find<Refused>(talk->at_client)->reason, RefusalReason::busy);
}

TEST_F(Requests, a_request_without_an_answer_times_out_and_a_late_session_is_closed_again) {
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

TEST_F(Requests, an_ended_session_answers_what_waited_for_it) {
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

TEST_F(Requests, nothing_but_pairing_is_done_for_a_device_that_is_not_paired) {
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

// --- the clipboard

class SharedClipboard : public Requests {
 protected:
  // Session 3 is open.
  std::unique_ptr<Talk> open_talk() {
    auto talk = paired_talk();
    const auto opening = talk->client->open(7, 0, some_wish(), talk->now).value();
    talk->run();
    EXPECT_TRUE(talk->host->opened(opening, 3, 1, some_stream()));
    talk->run();
    return talk;
  }
  const ClipboardPart part_{1, 2, 0, {std::byte{'o'}, std::byte{'k'}}};
};

TEST_F(SharedClipboard, parts_and_answers_go_both_ways) {
  const auto talk = open_talk();
  talk->client->clipboard(3, part_);
  talk->run();
  ASSERT_NE(find<ClipboardCame>(talk->at_host), nullptr);
  EXPECT_EQ(std::get<ClipboardPart>(find<ClipboardCame>(talk->at_host)->what), part_);
  talk->host->clipboard(3, ClipboardTaken{1, 2});
  talk->host->clipboard(3, part_);
  talk->host->clipboard_state(3, ClipboardUse::works);
  talk->run();
  ASSERT_NE(find<SessionClipboardTaken>(talk->at_client), nullptr);
  EXPECT_EQ(find<SessionClipboardTaken>(talk->at_client)->taken, (ClipboardTaken{1, 2}));
  EXPECT_EQ(find<SessionClipboardPart>(talk->at_client)->part, part_);
  EXPECT_EQ(find<ClipboardState>(talk->at_client)->use, ClipboardUse::works);
}

TEST_F(SharedClipboard, without_permission_or_session_nothing_passes) {
  const auto talk = open_talk();
  talk->client->clipboard(4, part_);
  talk->host->clipboard(4, part_);
  talk->run();
  EXPECT_EQ(find<ClipboardCame>(talk->at_host), nullptr) << "no such session";
  EXPECT_EQ(find<SessionClipboardPart>(talk->at_client), nullptr);
  ASSERT_TRUE(
      host.book.set_permissions(test::fingerprint(0xC1), Permissions::all().without(Permission::clipboard)));
  talk->host->book_changed();
  talk->client->clipboard(3, part_);  // crosses the news
  talk->host->clipboard(3, part_);
  talk->run();
  EXPECT_EQ(find<ClipboardCame>(talk->at_host), nullptr);
  EXPECT_EQ(find<SessionClipboardPart>(talk->at_client), nullptr);
  EXPECT_FALSE(talk->host->is_over());
}

}  // namespace
}  // namespace lumen::lumen1::control
