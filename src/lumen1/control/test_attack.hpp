// What attackers and those who test them need.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lumen1/control/test_talk.hpp"

namespace lumen::lumen1::control::test {

inline std::string wrong(std::string code) {
  code[5] = code[5] == '0' ? '1' : '0';
  return code;
}

inline Buffer bytes_of(const ClientMessage& message) {
  Buffer bytes;
  EXPECT_TRUE(append(bytes, message));
  return bytes;
}
inline Buffer bytes_of(const HostMessage& message) {
  Buffer bytes;
  EXPECT_TRUE(append(bytes, message));
  return bytes;
}
inline std::vector<HostMessage> host_messages(ByteView bytes) {
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

}  // namespace lumen::lumen1::control::test
