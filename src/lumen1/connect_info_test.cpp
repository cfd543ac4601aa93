#include "lumen1/connect_info.hpp"

#include <gtest/gtest.h>

namespace lumen::lumen1 {
namespace {

ConnectInfo sample() {
  ConnectInfo info{"127.0.0.1", 47986, 3, {}};
  for (std::size_t i = 0; i < info.secret.size(); ++i) info.secret[i] = static_cast<std::byte>(i * 7);
  return info;
}

TEST(ConnectInfo, text_round_trips) {
  const auto back = parse_connect_info(to_text(sample())).value();
  EXPECT_EQ(back.address, "127.0.0.1");
  EXPECT_EQ(back.port, 47986);
  EXPECT_EQ(back.session, 3);
  EXPECT_EQ(back.secret, sample().secret);
}

TEST(ConnectInfo, every_truncation_is_refused) {
  const auto text = to_text(sample());
  for (std::size_t n = 0; n + 1 < text.size(); ++n) {
    EXPECT_FALSE(parse_connect_info(std::string_view{text}.substr(0, n))) << n;
  }
}

TEST(ConnectInfo, damaged_fields_are_refused) {
  const auto with = [](std::string_view from, std::string_view to) {
    auto text = to_text(sample());
    text.replace(text.find(from), from.size(), to);
    return parse_connect_info(text).has_value();
  };
  EXPECT_FALSE(with("connect 1", "connect 2"));
  EXPECT_FALSE(with("port 47986", "port 0"));
  EXPECT_FALSE(with("port 47986", "port 65536"));
  EXPECT_FALSE(with("session 3", "session 256"));
  EXPECT_FALSE(with("secret 00", "secret 0g"));
  EXPECT_FALSE(with("session 3", "port 1"));
}

}  // namespace
}  // namespace lumen::lumen1
