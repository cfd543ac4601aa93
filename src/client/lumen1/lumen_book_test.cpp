#include "client/lumen1/lumen_book.hpp"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

namespace lumen::client {
namespace {

class LumenBookTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = std::filesystem::temp_directory_path() / "lumen-test-XXXXXX";
    dir_ = mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(dir_); }
  Result<LumenBook> open() const { return LumenBook::open(dir_ + "/book"); }
  static PairedHost host(char digit, const char* address) {
    PairedHost made{
        .id = std::string(32, digit), .name = "box", .address = parse_lumen_address(address).value()};
    made.fingerprint.fill(static_cast<std::byte>(digit));
    return made;
  }
  std::string dir_;
};

TEST_F(LumenBookTest, hosts_and_identity_survive) {
  auto book = open().value();
  const auto one = host('1', "box"), two = host('2', "192.0.2.7:5000");
  ASSERT_TRUE(book.keep(one));
  ASSERT_TRUE(book.keep(two));
  const auto again = open().value();
  EXPECT_EQ(again.identity().certificate(), book.identity().certificate());
  ASSERT_NE(again.find(one.id), nullptr);
  EXPECT_EQ(*again.find(one.id), one);
  ASSERT_NE(again.at(two.address), nullptr);
  EXPECT_EQ(*again.at(two.address), two);
}

TEST_F(LumenBookTest, one_address_is_one_host) {
  auto book = open().value();
  ASSERT_TRUE(book.keep(host('1', "box")));
  ASSERT_TRUE(book.keep(host('2', "box")));  // installed anew
  ASSERT_EQ(book.hosts().size(), 1U);
  ASSERT_TRUE(book.keep(host('2', "192.0.2.9")));  // met elsewhere
  EXPECT_EQ(book.at(parse_lumen_address("box").value()), nullptr);
  ASSERT_TRUE(book.forget(std::string(32, '2')));
  EXPECT_TRUE(open().value().hosts().empty());
}

TEST_F(LumenBookTest, a_damaged_file_is_named_and_kept) {
  ASSERT_TRUE(open().value().keep(host('1', "box")));
  for (const auto* text : {"{", "{}", R"({"hosts": [{}]})",
                           R"({"hosts": [{"id":"x","name":"","address":"","fingerprint":""}]})"}) {
    std::ofstream{dir_ + "/book/hosts.json"} << text;
    const auto book = open();
    ASSERT_FALSE(book) << text;
    EXPECT_EQ(book.error().id, "client.state");
    EXPECT_NE(book.error().what.find("hosts.json"), std::string::npos);
  }
}

}  // namespace
}  // namespace lumen::client
