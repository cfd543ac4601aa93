#include "host/gamestream/pin_page.hpp"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "host/gamestream/test_folder.hpp"

namespace lumen::host {
namespace {

using namespace std::chrono_literals;

class PinPageTest : public testing::Test {
 protected:
  PageAnswer get(std::string_view target) {
    return page_.handle({.method = "GET", .target = target, .remote = "192.0.2.9"}, now_);
  }
  PageAnswer post(const std::string& body, const std::string& remote = "192.0.2.9") {
    return page_.handle({.method = "POST", .target = "/", .body = body, .remote = remote}, now_);
  }
  void open_prompt(const char* unique_id, const char* address, const char* device) {
    static const auto identity =
        crypto::Identity::create("a client", std::chrono::system_clock::now()).value();
    desk_.on_request({.remote = gamestream::IpAddress::parse(address).value(),
                      .unique_id = unique_id,
                      .device_name = device,
                      .phase = gamestream::GetHostCertificate{{}, identity.certificate()}},
                     [this](const gamestream::Answer& answer) { answered_ = answer.body; });
  }

  std::string answered_;
  std::shared_ptr<Logger> log_ = make_null_logger();
  std::unique_ptr<EventLoop> loop_ = EventLoop::create().value();
  test::Folder folder_;
  StateStore store_ = StateStore::open(folder_.path + "/state").value();
  PairingDesk desk_{store_, *loop_, *log_};
  PinPage page_{"<den>", "secret", desk_};
  Timestamp now_ = from_ns(1'000'000'000);
};

TEST_F(PinPageTest, the_form_tells_a_stranger_nothing) {
  open_prompt("1", "192.0.2.2", "TV");
  const auto answer = get("/?x=1");
  EXPECT_EQ(answer.http_status, 200);
  EXPECT_NE(answer.body.find("&lt;den&gt;"), std::string::npos);
  EXPECT_EQ(answer.body.find("192.0.2.2"), std::string::npos);
  EXPECT_EQ(answer.body.find("secret"), std::string::npos);
}

TEST_F(PinPageTest, who_has_the_token_can_enter_a_pin) {
  open_prompt("1", "192.0.2.2", "TV");
  const auto answer = post("token=secret&pin=1234&name=My+TV");
  EXPECT_EQ(answer.http_status, 200);
  EXPECT_NE(answered_.find("plaincert"), std::string::npos);
}

TEST_F(PinPageTest, of_several_clients_one_is_chosen) {
  open_prompt("1", "192.0.2.2", "TV");
  open_prompt("2", "192.0.2.3", "A<b");
  const auto which = post("token=secret&pin=1234");
  EXPECT_NE(which.body.find("192.0.2.2"), std::string::npos);
  EXPECT_NE(which.body.find("A&lt;b at 192.0.2.3"), std::string::npos);
  EXPECT_TRUE(answered_.empty());
  const auto second = static_cast<std::uint64_t>(desk_.prompts()[1].id);
  post(fmt::format("token=secret&pin=1234&prompt={}", second));
  EXPECT_FALSE(answered_.empty());
  EXPECT_EQ(desk_.prompts().size(), 1U);
}

TEST_F(PinPageTest, s35_a_pin_that_is_none_is_refused_and_the_prompt_stays) {
  open_prompt("1", "192.0.2.2", "TV");
  EXPECT_NE(post("token=secret&pin=12345").body.find("class=bad"), std::string::npos);
  EXPECT_EQ(desk_.prompts().size(), 1U);
}

TEST_F(PinPageTest, wrong_tokens_open_nothing_and_shut_out_after_a_while) {
  open_prompt("1", "192.0.2.2", "TV");
  for (const char* body : {"token=&pin=1234", "pin=1234", "token=secre&pin=1234", "token=secrett&pin=1234",
                           "token=%zz", "token=SECRET"}) {
    EXPECT_EQ(post(body).http_status, 401) << body;
  }
  EXPECT_EQ(post("token=secret&pin=1234").http_status, 429) << "even with the right one";
  EXPECT_EQ(post("token=secret&pin=12", "192.0.2.10").http_status, 200) << "others are not";
  EXPECT_EQ(desk_.prompts().size(), 1U);
  now_ += 1100ms;
  EXPECT_EQ(post("token=secret&pin=1234").http_status, 200);
}

TEST_F(PinPageTest, everything_else_is_refused) {
  EXPECT_EQ(get("/favicon.ico").http_status, 404);
  EXPECT_EQ(page_.handle({.method = "PUT", .target = "/"}, now_).http_status, 405);
  EXPECT_EQ(post(std::string(5000, 'x')).http_status, 413);
}

TEST(GuessLimiter, waits_double_up_to_ten_minutes_and_are_forgotten) {
  GuessLimiter limiter;
  Timestamp now = from_ns(1'000'000'000);
  for (int i = 0; i < 5; ++i) limiter.wrong("a", now);
  EXPECT_FALSE(limiter.is_shut_out("a", now));
  limiter.wrong("a", now);
  EXPECT_TRUE(limiter.is_shut_out("a", now + 900ms));
  EXPECT_FALSE(limiter.is_shut_out("a", now + 1s));
  limiter.wrong("a", now);
  EXPECT_TRUE(limiter.is_shut_out("a", now + 1900ms));
  for (int i = 0; i < 100; ++i) limiter.wrong("a", now);
  EXPECT_TRUE(limiter.is_shut_out("a", now + 10min - 1ms));
  EXPECT_FALSE(limiter.is_shut_out("a", now + 10min));
  now += 2h;
  limiter.wrong("a", now);
  EXPECT_FALSE(limiter.is_shut_out("a", now));
}

TEST(GuessLimiter, addresses_beyond_its_memory_count_as_one) {
  GuessLimiter limiter;
  const Timestamp now = from_ns(1'000'000'000);
  for (int i = 0; i < 3000; ++i) limiter.wrong(fmt::format("{}", i), now);
  EXPECT_TRUE(limiter.is_shut_out("new", now));
}

TEST(Token, is_long_and_random) {
  const auto token = make_token().value();
  EXPECT_EQ(token.size(), 26U);
  EXPECT_NE(token, make_token().value());
}

}  // namespace
}  // namespace lumen::host
