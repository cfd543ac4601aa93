// Hosts that lie to a client.
#include <gtest/gtest.h>

#include "lumen1/control/test_attack.hpp"

namespace lumen::lumen1::control {
namespace {

using test::Buffer;
using test::bytes_of;
using test::connection;
using test::find;
using test::fingerprint;
using test::kStart;
using test::seconds;

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

}  // namespace
}  // namespace lumen::lumen1::control
