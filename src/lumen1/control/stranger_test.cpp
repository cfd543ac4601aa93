// Floods, messages out of order, and anything at all.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "lumen1/control/test_attack.hpp"

namespace lumen::lumen1::control {
namespace {

using test::Attack;
using test::bytes_of;
using test::connection;
using test::find;
using test::fingerprint;
using test::Host;
using test::host_messages;
using test::kStart;
using test::seconds;
using test::some_wish;
using test::Talk;

class Stranger : public Attack {};

// --- floods

TEST_F(Stranger, a_flood_of_messages_ends_the_connection) {
  const auto flooding = talk();
  const auto ping = bytes_of(ClientMessage{Ping{1}});
  std::size_t answered = 0;
  for (int i = 0; i < 10'000; ++i) {
    flooding->host->receive(ping, kStart);
    answered += flooding->host->take_output().size();
  }
  EXPECT_EQ(find<ClientGone>(flooding->host->take_events())->reason, ByeReason::flood);
  EXPECT_LT(answered, 20'000U);
}

TEST_F(Stranger, a_flood_of_unknown_messages_ends_the_connection) {
  const auto flooding = talk();
  const auto unknown = crypto::from_hex("020000007f00").value();
  for (int i = 0; i < 1000; ++i) flooding->host->receive(unknown, kStart);
  EXPECT_TRUE(flooding->host->is_over());
}

TEST_F(Stranger, a_hundred_messages_a_second_are_fine) {
  const auto busy = talk();
  const auto ping = bytes_of(ClientMessage{Ping{1}});
  for (int i = 0; i < 3000; ++i) busy->host->receive(ping, kStart + i * std::chrono::milliseconds{10});
  EXPECT_FALSE(busy->host->is_over());
}

TEST_F(Stranger, no_more_devices_wait_for_approval_than_may) {
  std::vector<std::unique_ptr<Talk>> asking;
  std::map<PairingRefusal, int> refused;
  for (int i = 0; i < 12; ++i) {
    asking.push_back(talk({.client = i, .connection_number = i, .address = "192.0.2." + std::to_string(i)}));
    ASSERT_TRUE(asking.back()->client->ask_approval(kStart));
    asking.back()->run();
    if (const auto* failure = asking.back()->failure()) ++refused[failure->reason];
  }
  EXPECT_EQ(host.desk.pending(kStart).size(), 8U);
  EXPECT_EQ(refused[PairingRefusal::too_many], 4);
}

TEST_F(Stranger, one_address_does_not_take_all_places) {
  std::vector<std::unique_ptr<Talk>> asking;
  for (int i = 0; i < 5; ++i) {
    asking.push_back(talk({.client = i, .connection_number = i}));
    ASSERT_TRUE(asking.back()->client->ask_approval(kStart));
    asking.back()->run();
  }
  EXPECT_EQ(host.desk.pending(kStart).size(), 2U);
}

TEST_F(Stranger, asking_again_and_again_for_better_words_is_slowed_down) {
  int asked = 0;
  for (int i = 0; i < 200; ++i) {
    const auto asking =
        talk({.client = 0xEE, .connection_number = i, .address = "192.0.2." + std::to_string(i)});
    ASSERT_TRUE(asking->client->ask_approval(kStart));
    asking->run();
    if (find<CompareWords>(asking->at_client) != nullptr) ++asked;
    EXPECT_LE(host.desk.pending(kStart).size(), 1U) << "a device that asks anew replaces itself";
  }
  EXPECT_LE(asked, 17);
}

TEST_F(Stranger, a_device_that_hangs_up_waits_no_longer) {
  {
    const auto leaving = talk();
    ASSERT_TRUE(leaving->client->ask_approval(kStart));
    leaving->run();
    EXPECT_EQ(host.desk.pending(kStart).size(), 1U);
  }
  EXPECT_TRUE(host.desk.pending(kStart).empty());
  const auto events = host.desk.take_events();
  EXPECT_NE(find<AskingEnded>(events), nullptr);
}

TEST_F(Stranger, events_that_nobody_takes_do_not_pile_up) {
  for (int i = 0; i < 1000; ++i) host.show_code(kStart);
  EXPECT_EQ(host.desk.take_events().size(), PairingDesk::kMaxEvents);
}

// --- anything at all

class Order : public testing::TestWithParam<ClientMessage> {};

TEST_P(Order, a_message_before_the_hello_ends_the_connection) {
  Host host;
  HostDialogue dialogue{{.client = fingerprint(1), .exporter = connection(1)}, host.book, host.desk, kStart};
  dialogue.receive(bytes_of(GetParam()), kStart);
  EXPECT_EQ(find<ClientGone>(dialogue.take_events())->reason, ByeReason::protocol_error);
}

INSTANTIATE_TEST_SUITE_P(All, Order,
                         testing::Values(Ping{1}, PairWithCode{}, PairConfirm{}, AskApproval{},
                                         ApprovalNonce{}, ListApps{1}, Open{.wish = some_wish()}, Change{},
                                         Pause{}, Resume{}, Close{}, EndApplication{}));

TEST_F(Stranger, a_second_hello_and_a_number_used_twice_end_the_connection) {
  const auto first = talk();
  first->host->receive(bytes_of(ClientMessage{ClientHello{.device_name = "x"}}), kStart);
  EXPECT_TRUE(first->host->is_over());
  ASSERT_TRUE(host.book.add(fingerprint(0xC1), "laptop", Permissions::all(), test::kToday));
  const auto second = talk();
  const auto twice = bytes_of(ClientMessage{ListApps{9}});
  second->host->receive(twice, kStart);
  EXPECT_FALSE(second->host->is_over());
  second->host->receive(twice, kStart);
  EXPECT_TRUE(second->host->is_over());
}

TEST_F(Stranger, a_malformed_message_or_length_ends_the_connection) {
  for (const auto* bytes : {"0300000002000102", "00000000", "ffffffff"}) {
    const auto broken = talk();
    broken->host->receive(crypto::from_hex(bytes).value(), kStart);
    EXPECT_EQ(find<ClientGone>(broken->host->take_events())->reason, ByeReason::protocol_error) << bytes;
    EXPECT_NE(find<HostBye>(host_messages(broken->host->take_output())), nullptr);
    broken->host->receive(bytes_of(ClientMessage{Ping{1}}), kStart);
    EXPECT_TRUE(broken->host->take_output().empty()) << "nothing more is said or heard";
  }
}

TEST_F(Stranger, messages_of_unknown_type_are_skipped) {
  const auto newer = talk();
  newer->host->receive(crypto::from_hex("050000007f00010203").value(), kStart);
  newer->client->receive(crypto::from_hex("05000000ff00010203").value(), kStart);
  EXPECT_FALSE(newer->host->is_over() || newer->client->is_over());
}

// Any message of a client that fits together or does not.
ClientMessage any_message() {
  const auto request = *rc::gen::inRange<RequestId>(0, 4);
  const auto session = *rc::gen::inRange<SessionId>(0, 3);
  const std::vector<ClientMessage> all{Ping{1},
                                       PairWithCode{crypto::Cpace::create({}).value().share()},
                                       PairConfirm{},
                                       AskApproval{},
                                       ApprovalNonce{},
                                       ListApps{request},
                                       Open{.request = request, .wish = some_wish()},
                                       Change{.request = request, .session = session},
                                       Pause{request, session},
                                       Resume{request, session},
                                       Close{request, session},
                                       EndApplication{request, 7}};
  return all[*rc::gen::inRange<std::size_t>(0, all.size())];
}

RC_GTEST_PROP(DialogueProperty, whatever_a_stranger_says_it_gets_nothing, ()) {
  Host host;
  host.show_code(kStart);
  Talk talk{host};
  talk.run();
  talk.host->take_events();
  auto now = kStart;
  for (int i = *rc::gen::inRange(0, 40); i > 0; --i) {
    now += seconds{*rc::gen::inRange(0, 8)};
    talk.host->receive(bytes_of(any_message()), now);
    for (const auto& event : talk.host->take_events()) {
      RC_ASSERT(std::holds_alternative<ClientGone>(event));
    }
    RC_ASSERT(!talk.host->is_paired());
    RC_ASSERT(host.desk.pending(now).size() <= 1U);
    talk.host->take_output();
  }
  RC_ASSERT(host.book.devices().empty());
}

RC_GTEST_PROP(DialogueProperty, any_bytes_end_or_wait_and_never_pair, ()) {
  Host host;
  host.show_code(kStart);
  Talk talk{host};
  if (*rc::gen::arbitrary<bool>()) talk.run();
  const auto bytes = *rc::gen::container<std::vector<std::uint8_t>>(rc::gen::arbitrary<std::uint8_t>());
  talk.host->receive(std::as_bytes(std::span{bytes}), kStart);
  talk.client->receive(std::as_bytes(std::span{bytes}), kStart);
  RC_ASSERT(!talk.host->is_paired());
  RC_ASSERT(find<PairedNow>(talk.client->take_events()) == nullptr);
}

}  // namespace
}  // namespace lumen::lumen1::control
