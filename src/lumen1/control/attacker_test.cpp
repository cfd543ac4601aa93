// What somebody may try who does not know the code, stands between the ends, or is an end that lies.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "lumen1/control/test_talk.hpp"

namespace lumen::lumen1::control {
namespace {

using test::Buffer;
using test::connection;
using test::find;
using test::fingerprint;
using test::Host;
using test::kStart;
using test::minutes;
using test::seconds;
using test::some_wish;
using test::Talk;
using test::TalkOptions;

std::string wrong(std::string code) {
  code[5] = code[5] == '0' ? '1' : '0';
  return code;
}

Buffer bytes_of(const ClientMessage& message) {
  Buffer bytes;
  EXPECT_TRUE(append(bytes, message));
  return bytes;
}
Buffer bytes_of(const HostMessage& message) {
  Buffer bytes;
  EXPECT_TRUE(append(bytes, message));
  return bytes;
}
std::vector<HostMessage> host_messages(ByteView bytes) {
  std::vector<HostMessage> messages;
  FrameReader reader;
  while (const auto frame = reader.next(bytes)) {
    messages.push_back(std::get<HostMessage>(decode_host_message(*frame)));
  }
  return messages;
}

class Attack : public testing::Test {
 protected:
  // Tests are about one thing each, so nothing may remain at the desk in the end.
  void TearDown() override {
    host.desk.withdraw_code();
    EXPECT_FALSE(host.desk.next_deadline()) << "something is left behind";
    EXPECT_TRUE(host.desk.pending(kStart).empty());
  }
  std::unique_ptr<Talk> talk(const TalkOptions& options = {}) {
    auto fresh = std::make_unique<Talk>(host, options);
    fresh->run();
    return fresh;
  }
  // An attempt on a connection of its own; why it failed, nothing when it did not.
  std::optional<PairingRefusal> attempt(std::string_view code, const TalkOptions& options = {},
                                        Duration later = {}) {
    const auto one = talk(options);
    one->now += later;
    one->pair_with(code);
    EXPECT_EQ(one->failure() == nullptr, one->is_paired());
    return one->failure() == nullptr ? std::nullopt : std::optional{one->failure()->reason};
  }
  Host host;
};

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

TEST_F(Attack, the_same_relay_without_a_difference_in_between_would_pair) {
  // The control of the test above: it fails for the right reason.
  const auto code = host.show_code(kStart).code;
  EXPECT_EQ(attempt(code), std::nullopt);
}

TEST_F(Attack, a_relay_has_other_words_on_either_side) {
  int equal = 0;
  for (int i = 0; i < 3; ++i) {
    Relay relay{host, fingerprint(0xEE)};
    ASSERT_TRUE(relay.client.ask_approval(kStart));
    relay.run();
    // The commitment was made for the other connection, so the client notices even before any words.
    const auto events = relay.client.take_events();
    EXPECT_EQ(find<CompareWords>(events), nullptr);
    EXPECT_EQ(find<HostGone>(events)->reason, ByeReason::host_unproven);
    equal += find<CompareWords>(events) != nullptr ? 1 : 0;
  }
  EXPECT_EQ(equal, 0);
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
  EXPECT_LT(equal, 4);
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
  const auto words = host.desk.pending(kStart).at(0).words;
  asking->host->receive(bytes_of(ClientMessage{ApprovalNonce{}}), kStart);
  EXPECT_TRUE(asking->host->is_over());
  EXPECT_TRUE(host.desk.pending(kStart).empty());
}

// --- hosts that lie

class FalseHost : public testing::Test {
 protected:
  void SetUp() override {
    client.receive(bytes_of(HostMessage{HostHello{.name = "desk"}}), kStart);
    ASSERT_TRUE(client.pair_with_code("482913", kStart));
    ByteView sent = output = client.take_output();
    FrameReader reader;
    while (const auto frame = reader.next(sent)) {
      const auto message = decode_client_message(*frame);
      if (const auto* pair = std::get_if<PairWithCode>(&std::get<ClientMessage>(message)))
        share = pair->share;
    }
  }
  void expect_found_out() {
    const auto events = client.take_events();
    EXPECT_EQ(find<PairedNow>(events), nullptr);
    EXPECT_EQ(find<PairingFailed>(events)->reason, PairingRefusal::failed);
    EXPECT_EQ(find<HostGone>(events)->reason, ByeReason::host_unproven);
    EXPECT_TRUE(client.is_over());
  }
  // The client's tag, after it was given a share of somebody who guesses.
  crypto::CpaceTag tag_for_guess(std::string_view guess) {
    PairingBinding bound{
        .client = fingerprint(1), .host = fingerprint(2), .client_name = "laptop", .host_name = "desk"};
    EXPECT_TRUE(connection(1)(kCodeExporter, bound.exporter.bytes()));
    run = start_cpace(crypto::CpaceRole::responder, guess, bound).value();
    EXPECT_TRUE(receive_share(*run, crypto::CpaceRole::responder, share, bound));
    client.receive(bytes_of(HostMessage{PairShare{run->share()}}), kStart);
    output = client.take_output();
    ByteView sent = output;
    FrameReader reader;
    const auto message = decode_client_message(*reader.next(sent));
    return std::get<PairConfirm>(std::get<ClientMessage>(message)).tag;
  }
  ClientDialogue client{
      {.client = fingerprint(1), .host = fingerprint(2), .exporter = connection(1), .device_name = "laptop"},
      kStart};
  Buffer output;
  crypto::CpaceShare share{};
  std::optional<crypto::Cpace> run;
};

TEST_F(FalseHost, that_sends_the_clients_share_back_is_found_out) {
  client.receive(bytes_of(HostMessage{PairShare{share}}), kStart);
  expect_found_out();
}

TEST_F(FalseHost, that_sends_no_share_at_all_is_found_out) {
  client.receive(bytes_of(HostMessage{PairShare{}}), kStart);
  expect_found_out();
}

TEST_F(FalseHost, that_sends_the_clients_tag_back_is_found_out) {
  const auto tag = tag_for_guess("482913");
  client.receive(bytes_of(HostMessage{PairDone{tag, Permissions::all()}}), kStart);
  expect_found_out();
}

TEST_F(FalseHost, that_guesses_wrong_learns_that_and_nothing_more) {
  const auto tag = tag_for_guess("000000");
  EXPECT_FALSE(run->confirm(tag));
  client.receive(bytes_of(HostMessage{PairDone{run->tag().value(), Permissions::all()}}), kStart);
  expect_found_out();
}

TEST_F(FalseHost, that_says_it_is_done_without_proof_is_cut_off) {
  client.receive(bytes_of(HostMessage{PairDone{}}), kStart);
  EXPECT_EQ(find<HostGone>(client.take_events())->reason, ByeReason::protocol_error);
}

TEST_F(FalseHost, that_approves_what_nobody_asked_is_cut_off) {
  client.receive(bytes_of(HostMessage{Approved{Permissions::all()}}), kStart);
  const auto events = client.take_events();
  EXPECT_EQ(find<PairedNow>(events), nullptr);
  EXPECT_EQ(find<HostGone>(events)->reason, ByeReason::protocol_error);
}

TEST_F(FalseHost, that_answers_what_was_not_asked_is_cut_off) {
  client.receive(bytes_of(HostMessage{Done{7}}), kStart);
  EXPECT_EQ(find<HostGone>(client.take_events())->reason, ByeReason::protocol_error);
}

TEST_F(FalseHost, that_falls_silent_is_waited_for_no_longer_than_need_be) {
  EXPECT_LE(*client.next_deadline(), kStart + seconds{15});
  client.advance(kStart + seconds{15});
  const auto events = client.take_events();
  EXPECT_EQ(find<PairingFailed>(events)->reason, PairingRefusal::timed_out);
  EXPECT_EQ(find<HostGone>(events)->reason, ByeReason::timed_out);
}

// --- floods

TEST_F(Attack, a_flood_of_messages_ends_the_connection) {
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

TEST_F(Attack, a_flood_of_unknown_messages_ends_the_connection) {
  const auto flooding = talk();
  const auto unknown = crypto::from_hex("020000007f00").value();
  for (int i = 0; i < 1000; ++i) flooding->host->receive(unknown, kStart);
  EXPECT_TRUE(flooding->host->is_over());
}

TEST_F(Attack, a_hundred_messages_a_second_are_fine) {
  const auto busy = talk();
  const auto ping = bytes_of(ClientMessage{Ping{1}});
  for (int i = 0; i < 3000; ++i) busy->host->receive(ping, kStart + i * std::chrono::milliseconds{10});
  EXPECT_FALSE(busy->host->is_over());
}

TEST_F(Attack, no_more_devices_wait_for_approval_than_may) {
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

TEST_F(Attack, one_address_does_not_take_all_places) {
  std::vector<std::unique_ptr<Talk>> asking;
  for (int i = 0; i < 5; ++i) {
    asking.push_back(talk({.client = i, .connection_number = i}));
    ASSERT_TRUE(asking.back()->client->ask_approval(kStart));
    asking.back()->run();
  }
  EXPECT_EQ(host.desk.pending(kStart).size(), 2U);
}

TEST_F(Attack, asking_again_and_again_for_better_words_is_slowed_down) {
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

TEST_F(Attack, a_device_that_hangs_up_waits_no_longer) {
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

TEST_F(Attack, events_that_nobody_takes_do_not_pile_up) {
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
                                         Pause{}, Resume{}, Close{}));

TEST_F(Attack, a_second_hello_and_a_number_used_twice_end_the_connection) {
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

TEST_F(Attack, a_malformed_message_or_length_ends_the_connection) {
  for (const auto* bytes : {"0300000002000102", "00000000", "ffffffff"}) {
    const auto broken = talk();
    broken->host->receive(crypto::from_hex(bytes).value(), kStart);
    EXPECT_EQ(find<ClientGone>(broken->host->take_events())->reason, ByeReason::protocol_error) << bytes;
    EXPECT_NE(find<HostBye>(host_messages(broken->host->take_output())), nullptr);
    broken->host->receive(bytes_of(ClientMessage{Ping{1}}), kStart);
    EXPECT_TRUE(broken->host->take_output().empty()) << "nothing more is said or heard";
  }
}

TEST_F(Attack, messages_of_unknown_type_are_skipped) {
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
                                       Close{request, session}};
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
