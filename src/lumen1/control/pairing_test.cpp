// Both ways to pair, as they should go.
#include <gtest/gtest.h>

#include "lumen1/control/test_talk.hpp"

namespace lumen::lumen1::control {
namespace {

using test::Dialogue;
using test::find;
using test::kStart;
using test::minutes;
using test::Talk;
using test::TalkOptions;

class PairingTest : public Dialogue {};

// --- pairing by code

TEST_F(PairingTest, pairs_by_code_and_stores_before_it_tells) {
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

TEST_F(PairingTest, pairs_by_phrase) {
  const auto code = host.show_code(kStart, CodeKind::phrase).code;
  Talk talk{host};
  talk.run();
  talk.pair_with(code);
  EXPECT_TRUE(talk.is_paired());
}

TEST_F(PairingTest, tells_nothing_when_the_device_could_not_be_stored) {
  host.can_store = false;
  const auto code = host.show_code(kStart).code;
  Talk talk{host};
  talk.run();
  talk.pair_with(code);
  EXPECT_EQ(talk.failure()->reason, PairingRefusal::not_stored);
  EXPECT_FALSE(talk.host->is_paired());
  EXPECT_EQ(find<PairedNow>(talk.at_client), nullptr);
}

TEST_F(PairingTest, a_code_that_cannot_be_one_costs_no_attempt) {
  host.show_code(kStart);
  Talk talk{host};
  talk.run();
  EXPECT_EQ(talk.client->pair_with_code("12345", kStart).error().id, "pairing.code");
  talk.run();
  EXPECT_EQ(host.desk.offer(kStart)->attempts_left, 3);
}

TEST_F(PairingTest, pairing_waits_for_the_hello_and_may_be_done_again) {
  const auto code = host.show_code(kStart).code;
  Talk talk{host};
  EXPECT_EQ(talk.client->pair_with_code(code, kStart).error().id, "control.not-ready");
  talk.run();
  talk.pair_with(code);
  ASSERT_TRUE(talk.is_paired());
  talk.at_client.clear();
  talk.pair_with(host.show_code(talk.now).code);  // it has forgotten this host
  EXPECT_NE(find<PairedNow>(talk.at_client), nullptr);
  EXPECT_TRUE(talk.is_paired());
}

TEST_F(PairingTest, a_device_that_paired_is_known_when_it_comes_again) {
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

TEST_F(PairingTest, pairs_by_approval_with_the_same_words_at_both_ends) {
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

TEST_F(PairingTest, a_device_that_is_denied_hears_so) {
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

TEST_F(PairingTest, a_device_that_nobody_approves_hears_so_in_the_end) {
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

TEST_F(PairingTest, a_host_may_take_devices_by_code_alone) {
  TalkOptions options;
  options.host_params.takes_asking = false;
  Talk talk{host, options};
  talk.run();
  EXPECT_FALSE(talk.client->host()->takes_asking);
  ASSERT_TRUE(talk.client->ask_approval(talk.now));
  talk.run();
  EXPECT_EQ(talk.failure()->reason, PairingRefusal::approval_off);
}

}  // namespace
}  // namespace lumen::lumen1::control
