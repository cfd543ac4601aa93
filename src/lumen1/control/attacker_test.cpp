// What somebody may try who does not know the code, or stands between the ends.
#include <gtest/gtest.h>

#include "lumen1/control/test_attack.hpp"

namespace lumen::lumen1::control {
namespace {

using test::Attack;
using test::Buffer;
using test::bytes_of;
using test::connection;
using test::find;
using test::fingerprint;
using test::Host;
using test::host_messages;
using test::kStart;
using test::minutes;
using test::seconds;
using test::Talk;
using test::TalkOptions;
using test::wrong;

// --- guessing

TEST_F(Attack, a_wrong_code_pairs_nobody) {
  const auto code = host.show_code(kStart).code;
  EXPECT_EQ(attempt(wrong(code)), PairingRefusal::failed);
  EXPECT_TRUE(host.book.devices().empty());
  EXPECT_EQ(host.desk.offer(kStart)->attempts_left, 2);
}

TEST_F(Attack, a_code_is_void_after_three_wrong_attempts) {
  const auto code = host.show_code(kStart).code;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(attempt(wrong(code)), PairingRefusal::failed);
  EXPECT_EQ(attempt(code), PairingRefusal::no_code);
  EXPECT_FALSE(host.desk.offer(kStart));
  const auto events = host.desk.take_events();
  ASSERT_NE(find<CodeEnded>(events), nullptr);
  EXPECT_EQ(find<CodeEnded>(events)->end, CodeEnd::guessed_at);
  EXPECT_EQ(find<CodeEnded>(events)->address, "192.0.2.7");
}

TEST_F(Attack, the_third_attempt_may_be_the_right_one) {
  const auto code = host.show_code(kStart).code;
  for (int i = 0; i < 2; ++i) EXPECT_EQ(attempt(wrong(code)), PairingRefusal::failed);
  EXPECT_EQ(attempt(code), std::nullopt);
  EXPECT_EQ(find<CodeEnded>(host.desk.take_events())->end, CodeEnd::used);
}

TEST_F(Attack, a_code_pairs_one_device) {
  const auto code = host.show_code(kStart).code;
  EXPECT_EQ(attempt(code), std::nullopt);
  EXPECT_EQ(attempt(code, {.client = 0xC2, .connection_number = 2}), PairingRefusal::no_code);
  EXPECT_EQ(host.book.devices().size(), 1U);
}

TEST_F(Attack, a_code_expires) {
  const auto code = host.show_code(kStart).code;
  EXPECT_TRUE(host.desk.offer(kStart + minutes{2} - Duration{1}));
  EXPECT_FALSE(host.desk.offer(kStart + minutes{2}));
  EXPECT_EQ(attempt(code, {}, minutes{2}), PairingRefusal::no_code);
  EXPECT_EQ(find<CodeEnded>(host.desk.take_events())->end, CodeEnd::expired);
}

TEST_F(Attack, a_new_code_voids_the_one_before) {
  const auto old_code = host.show_code(kStart).code;
  const auto under_way = talk();
  ASSERT_TRUE(under_way->client->pair_with_code(old_code, kStart));
  under_way->host->receive(under_way->client->take_output(), kStart);  // its share is sent
  host.show_code(kStart);
  under_way->client->receive(under_way->host->take_output(), kStart);
  under_way->run();
  EXPECT_EQ(under_way->failure()->reason, PairingRefusal::no_code);
  EXPECT_FALSE(under_way->host->is_paired());
}

TEST_F(Attack, an_attempt_is_counted_when_the_host_shows_its_share_even_if_nothing_follows) {
  const auto code = host.show_code(kStart).code;
  for (int i = 0; i < 3; ++i) {
    const auto leaving = talk();
    ASSERT_TRUE(leaving->client->pair_with_code(wrong(code), kStart));
    leaving->host->receive(leaving->client->take_output(), kStart);
    EXPECT_EQ(host.desk.offer(kStart)->attempts_left, 2 - i);
  }
  EXPECT_FALSE(host.desk.offer(kStart)) << "all three left, nobody can be right any more";
  EXPECT_EQ(attempt(code), PairingRefusal::no_code);
}

TEST_F(Attack, an_attempt_that_falls_silent_ends) {
  const auto code = host.show_code(kStart).code;
  const auto silent = talk();
  ASSERT_TRUE(silent->client->pair_with_code(code, kStart));
  silent->host->receive(silent->client->take_output(), kStart);
  silent->client->receive(silent->host->take_output(), kStart);
  const auto late = silent->client->take_output();
  EXPECT_EQ(silent->host->next_deadline(), kStart + seconds{10});
  silent->host->advance(kStart + seconds{10});
  EXPECT_EQ(std::get<PairingRefused>(host_messages(silent->host->take_output()).at(0)).reason,
            PairingRefusal::timed_out);
  silent->host->receive(late, kStart + seconds{11});
  EXPECT_FALSE(silent->host->is_paired());
  EXPECT_FALSE(silent->host->is_over()) << "it crossed our refusal";
}

TEST_F(Attack, parallel_attempts_count_each_and_end_with_the_right_one) {
  const auto code = host.show_code(kStart).code;
  std::vector<std::unique_ptr<Talk>> talks;
  for (int i = 0; i < 4; ++i) {
    talks.push_back(talk({.client = 0xC1 + i, .connection_number = i}));
    ASSERT_TRUE(talks.back()->client->pair_with_code(i == 0 ? wrong(code) : code, kStart));
    talks.back()->host->receive(talks.back()->client->take_output(), kStart);
  }
  for (const auto& each : talks) {
    each->client->receive(each->host->take_output(), kStart);
    each->run();
  }
  EXPECT_EQ(talks[0]->failure()->reason, PairingRefusal::failed);
  EXPECT_TRUE(talks[1]->is_paired());
  EXPECT_EQ(talks[2]->failure()->reason, PairingRefusal::no_code) << "right, but too late";
  EXPECT_EQ(talks[3]->failure()->reason, PairingRefusal::no_code) << "one too many";
  EXPECT_EQ(host.book.devices().size(), 1U);
}

TEST_F(Attack, a_second_attempt_on_the_same_connection_at_once_ends_it) {
  const auto code = host.show_code(kStart).code;
  const auto greedy = talk();
  ASSERT_TRUE(greedy->client->pair_with_code(code, kStart));
  auto twice = greedy->client->take_output();
  const auto once = twice;
  twice.insert(twice.end(), once.begin(), once.end());
  greedy->host->receive(twice, kStart);
  EXPECT_EQ(find<ClientGone>(greedy->host->take_events())->reason, ByeReason::protocol_error);
  EXPECT_EQ(host.desk.offer(kStart)->attempts_left, 2);
}

TEST_F(Attack, an_address_that_keeps_guessing_has_to_wait_longer_and_longer) {
  Duration waited{};
  for (int i = 0; i < 20; ++i) {
    const auto code = host.show_code(kStart).code;
    const auto guessing = talk();
    guessing->pair_with(wrong(code));
    if (guessing->failure()->reason != PairingRefusal::slow_down) continue;
    waited = guessing->failure()->retry_after;
    EXPECT_GE(waited, seconds{1});
    EXPECT_EQ(attempt(code, {.connection_number = 2, .address = "192.0.2.99"}), std::nullopt) << "others may";
    ASSERT_TRUE(host.book.remove(fingerprint(0xC1)));
    break;
  }
  EXPECT_GE(waited, seconds{1});
}

TEST_F(Attack, many_addresses_together_are_slowed_down) {
  int refused = 0;
  for (int i = 0; i < 40; ++i) {
    const auto code = host.show_code(kStart).code;
    const auto failed = attempt(wrong(code), {.address = "192.0.2." + std::to_string(i)});
    refused += failed == PairingRefusal::slow_down ? 1 : 0;
  }
  EXPECT_GE(refused, 19);
}

// --- what is learned

// What the host answers to a tag, byte for byte.
Buffer refusal_of(Host& host, std::string_view code, const TalkOptions& options,
                  const std::function<void(ClientDialogueParams&)>& change) {
  Talk honest{host, options};
  ClientDialogueParams params{.client = fingerprint(options.client),
                              .host = host.own,
                              .exporter = connection(options.connection_number),
                              .device_name = options.device_name};
  change(params);
  honest.client = std::make_unique<ClientDialogue>(params, kStart);
  honest.run();
  EXPECT_TRUE(honest.client->pair_with_code(code, kStart));
  honest.host->receive(honest.client->take_output(), kStart);
  honest.client->receive(honest.host->take_output(), kStart);
  honest.host->receive(honest.client->take_output(), kStart);
  EXPECT_FALSE(honest.host->is_paired());
  return honest.host->take_output();
}

TEST_F(Attack, all_failures_look_the_same) {
  const auto fails_with = [&](bool right_code, const std::function<void(ClientDialogueParams&)>& change) {
    const auto code = host.show_code(kStart).code;
    return refusal_of(host, right_code ? code : wrong(code), {}, change);
  };
  const auto wrong_code = fails_with(false, [](auto&) {});
  const auto other_connection = fails_with(true, [](auto& params) { params.exporter = connection(99); });
  const auto other_client = fails_with(true, [](auto& params) { params.client = fingerprint(0xEE); });
  const auto other_host = fails_with(true, [](auto& params) { params.host = fingerprint(0xEE); });
  EXPECT_FALSE(wrong_code.empty());
  EXPECT_EQ(other_connection, wrong_code);
  EXPECT_EQ(other_client, wrong_code);
  EXPECT_EQ(other_host, wrong_code);
  EXPECT_TRUE(host.book.devices().empty());
}

TEST_F(Attack, the_host_shows_no_tag_before_it_saw_the_right_one) {
  const auto code = host.show_code(kStart).code;
  const auto guessing = talk();
  Buffer said;
  guessing->meddle_to_client = [&](Buffer& bytes) { said.insert(said.end(), bytes.begin(), bytes.end()); };
  guessing->pair_with(wrong(code));
  EXPECT_EQ(find<PairDone>(host_messages(said)), nullptr);
  EXPECT_NE(find<PairShare>(host_messages(said)), nullptr);
}

// --- in between

TEST_F(Attack, messages_of_a_successful_pairing_pair_nobody_when_sent_again) {
  const auto code = host.show_code(kStart).code;
  const auto recorded = talk();
  Buffer said;
  recorded->meddle_to_host = [&](Buffer& bytes) { said.insert(said.end(), bytes.begin(), bytes.end()); };
  recorded->pair_with(code);
  ASSERT_TRUE(recorded->is_paired());
  for (const int client : {0xC1, 0xC9}) {  // its own certificate, and another one
    ASSERT_TRUE(client != 0xC1 || host.book.remove(fingerprint(0xC1)));
    // Even with the same code and the same secret of the connection.
    ASSERT_TRUE(host.desk.offer_code(CodeKind::digits, Permissions::all(), kStart));
    const auto replay = talk({.client = client});
    replay->host->receive(said, kStart);
    EXPECT_FALSE(replay->host->is_paired());
    const auto answers = host_messages(replay->host->take_output());
    EXPECT_EQ(find<PairingRefused>(answers)->reason, PairingRefusal::failed);
  }
}

// Two connections of somebody who passes on every byte between them.
struct Relay {
  Relay(Host& host, const crypto::Fingerprint& shown_to_client)
      : client{{.client = fingerprint(0xC1),
                .host = shown_to_client,
                .exporter = connection(1),
                .device_name = "laptop"},
               kStart},
        dialogue{{.host = host.own,
                  .client = fingerprint(0xEE),
                  .address = "192.0.2.66",
                  .exporter = connection(2),
                  .host_name = "desk"},
                 host.book,
                 host.desk,
                 kStart} {
    run();
  }
  void run() {
    for (int i = 0; i < 8; ++i) {
      dialogue.receive(client.take_output(), kStart);
      client.receive(dialogue.take_output(), kStart);
    }
  }
  ClientDialogue client;
  HostDialogue dialogue;
};

TEST_F(Attack, whoever_relays_between_two_connections_gets_nowhere_with_the_right_code) {
  const auto code = host.show_code(kStart).code;
  Relay relay{host, fingerprint(0xEE)};
  ASSERT_TRUE(relay.client.pair_with_code(code, kStart));
  relay.run();
  EXPECT_FALSE(relay.dialogue.is_paired());
  const auto events = relay.client.take_events();
  EXPECT_EQ(find<PairingFailed>(events)->reason, PairingRefusal::failed);
  EXPECT_EQ(find<PairedNow>(events), nullptr);
  EXPECT_TRUE(host.book.devices().empty());
}

// The commitment was made for the other connection, so the client notices before there are words.
TEST_F(Attack, whoever_relays_an_approval_is_found_out) {
  Relay relay{host, fingerprint(0xEE)};
  ASSERT_TRUE(relay.client.ask_approval(kStart));
  relay.run();
  const auto events = relay.client.take_events();
  EXPECT_EQ(find<CompareWords>(events), nullptr);
  EXPECT_EQ(find<HostGone>(events)->reason, ByeReason::host_unproven);
}

// The stronger one: it makes nonces and commitments of its own for each side.
TEST_F(Attack, somebody_in_between_with_nonces_of_their_own_cannot_choose_the_words) {
  int equal = 0;
  for (int i = 0; i < 4; ++i) {
    PairingBinding to_client{
        .client = fingerprint(0xC1), .host = fingerprint(0xEE), .client_name = "laptop", .host_name = "desk"};
    ASSERT_TRUE(connection(1)(kApprovalExporter, to_client.exporter.bytes()));
    ClientDialogue client{{.client = to_client.client,
                           .host = to_client.host,
                           .exporter = connection(1),
                           .device_name = "laptop"},
                          kStart};
    client.receive(bytes_of(HostMessage{HostHello{.name = "desk"}}), kStart);
    ASSERT_TRUE(client.ask_approval(kStart));
    const Nonce own{};
    client.receive(bytes_of(HostMessage{ApprovalCommitment{commitment_of(own, to_client).value()}}), kStart);
    client.receive(bytes_of(HostMessage{ApprovalPending{own, 120}}), kStart);
    const auto shown_at_client = find<CompareWords>(client.take_events())->words;

    const auto to_host = talk({.client = 0xEE, .connection_number = 2});
    ASSERT_TRUE(to_host->client->ask_approval(kStart));
    to_host->run();
    const auto shown_at_host = host.desk.pending(kStart).at(0).words;
    equal += shown_at_client == shown_at_host ? 1 : 0;
  }
  EXPECT_LE(equal, 1) << "each has a chance of 1 in 65536";
}

TEST_F(Attack, a_host_that_changes_its_nonce_after_it_saw_the_clients_is_found_out) {
  ClientDialogue client{
      {.client = fingerprint(1), .host = fingerprint(2), .exporter = connection(1), .device_name = "laptop"},
      kStart};
  client.receive(bytes_of(HostMessage{HostHello{.name = "desk"}}), kStart);
  ASSERT_TRUE(client.ask_approval(kStart));
  client.receive(bytes_of(HostMessage{ApprovalCommitment{}}), kStart);
  client.receive(bytes_of(HostMessage{ApprovalPending{{}, 120}}), kStart);
  const auto events = client.take_events();
  EXPECT_EQ(find<CompareWords>(events), nullptr);
  EXPECT_EQ(find<PairingFailed>(events)->reason, PairingRefusal::failed);
  EXPECT_EQ(find<HostGone>(events)->reason, ByeReason::host_unproven);
}

TEST_F(Attack, the_host_keeps_its_nonce_until_it_has_the_clients) {
  const auto asking = talk();
  ASSERT_TRUE(asking->client->ask_approval(kStart));
  asking->host->receive(asking->client->take_output(), kStart);
  const auto answers = host_messages(asking->host->take_output());
  EXPECT_NE(find<ApprovalCommitment>(answers), nullptr);
  EXPECT_EQ(find<ApprovalPending>(answers), nullptr);
  EXPECT_TRUE(host.desk.pending(kStart).empty()) << "and nothing is shown";
}

TEST_F(Attack, a_nonce_is_taken_once) {
  const auto asking = talk();
  ASSERT_TRUE(asking->client->ask_approval(kStart));
  asking->run();
  asking->host->receive(bytes_of(ClientMessage{ApprovalNonce{}}), kStart);
  EXPECT_TRUE(asking->host->is_over());
  EXPECT_TRUE(host.desk.pending(kStart).empty());
}

}  // namespace
}  // namespace lumen::lumen1::control
