#include "host/gamestream/pairing_desk.hpp"

#include <gtest/gtest.h>

#include "gamestream/http/pairing_client.hpp"
#include "host/gamestream/test_folder.hpp"

namespace lumen::host {
namespace {

using gamestream::HttpApi;
using gamestream::IpAddress;
using gamestream::PairingClient;

const crypto::Identity& client_identity() {
  static const auto identity =
      crypto::Identity::create("NVIDIA GameStream Client", std::chrono::system_clock::now()).value();
  return identity;
}

class PairingDeskTest : public testing::Test {
 protected:
  // Gives the client's next request to the desk; what is answered goes to `client`.
  void ask(PairingClient& client) {
    const auto request = client.next().value();
    const HttpApi api{store_.clients()};
    const bool tls = request.scheme == gamestream::Scheme::https;
    auto routed = api.route(
        {.scheme = request.scheme,
         .method = "GET",
         .target = request.target,
         .client = tls ? std::optional{client_identity().certificate().fingerprint()} : std::nullopt,
         .local = IpAddress::parse("192.0.2.1").value(),
         .remote = IpAddress::parse("192.0.2.2").value()});
    if (auto* pair = std::get_if<gamestream::PairRequest>(&routed)) {
      last_ = desk_.on_request(std::move(*pair), [this, &client](const gamestream::Answer& answer) {
        ++answers_;
        result_ = client.on_answer(answer.body);
      });
    } else if (auto* unpair = std::get_if<gamestream::UnpairRequest>(&routed)) {
      desk_.on_unpair(*unpair);
    } else if (auto* answer = std::get_if<gamestream::Answer>(&routed)) {
      ++answers_;
      result_ = client.on_answer(answer->body);
    }
  }
  PairingClient make_client() { return PairingClient::create(client_identity(), "0123", "TV").value(); }
  bool is_paired() const { return store_.clients().allows(client_identity().certificate().fingerprint()); }

  gamestream::ReplyId last_{};
  int answers_ = 0;
  Status result_;
  std::shared_ptr<Logger> log_ = make_null_logger();
  std::unique_ptr<EventLoop> loop_ = EventLoop::create().value();
  test::Folder folder_;
  StateStore store_ = StateStore::open(folder_.path + "/state").value();
  PairingDesk desk_{store_, *loop_, *log_};
};

TEST_F(PairingDeskTest, s29_a_client_with_its_pin_is_paired_for_good) {
  auto client = make_client();
  ask(client);
  EXPECT_EQ(answers_, 0) << "nobody has typed the PIN yet";
  ASSERT_EQ(desk_.prompts().size(), 1U);
  EXPECT_EQ(desk_.prompts()[0].device_name, "TV");
  ASSERT_TRUE(desk_.enter_pin(0, client.pin(), "Living room"));
  while (client.next()) {
    ask(client);
    ASSERT_TRUE(result_) << describe(result_.error());
  }
  EXPECT_TRUE(client.is_done());
  EXPECT_TRUE(is_paired());
  const auto again = StateStore::open(folder_.path + "/state").value();
  EXPECT_TRUE(again.clients().allows(client_identity().certificate().fingerprint()));
  EXPECT_EQ(again.clients().clients()[0].name, "Living room");
}

TEST_F(PairingDeskTest, s27_a_wrong_pin_is_told_and_pairs_nobody) {
  auto client = make_client();
  ask(client);
  ASSERT_TRUE(desk_.enter_pin(0, client.pin() == "0000" ? "0001" : "0000", ""));
  while (client.next() && result_) ask(client);
  ASSERT_FALSE(result_);
  EXPECT_EQ(result_.error().id, "gamestream.wrong-pin");
  EXPECT_FALSE(is_paired());
}

TEST_F(PairingDeskTest, nobody_there_to_enter_a_pin_for) {
  EXPECT_EQ(desk_.enter_pin(0, "1234", "").error().id, "gamestream.no-such-prompt");
  EXPECT_EQ(desk_.deny(0).error().id, "gamestream.no-such-prompt");
}

TEST_F(PairingDeskTest, what_is_denied_is_answered_at_once) {
  auto client = make_client();
  ask(client);
  ASSERT_TRUE(desk_.deny(0));
  EXPECT_EQ(answers_, 1);
  EXPECT_FALSE(result_);
  EXPECT_TRUE(desk_.prompts().empty());
}

TEST_F(PairingDeskTest, a_client_that_hangs_up_takes_its_prompt_away) {
  auto client = make_client();
  ask(client);
  desk_.closed(last_);
  EXPECT_TRUE(desk_.prompts().empty());
  EXPECT_EQ(answers_, 0);
}

TEST_F(PairingDeskTest, a_pairing_that_cannot_be_stored_is_refused) {
  auto client = make_client();
  std::filesystem::create_directories(folder_.path + "/state/clients.json/x");
  ask(client);
  ASSERT_TRUE(desk_.enter_pin(0, client.pin(), ""));
  while (client.next() && result_) ask(client);
  EXPECT_FALSE(result_);
  EXPECT_FALSE(is_paired());
}

}  // namespace
}  // namespace lumen::host
