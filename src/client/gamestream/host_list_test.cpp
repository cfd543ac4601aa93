#include "client/gamestream/host_list.hpp"

#include <gtest/gtest.h>

#include "client/gamestream/test_folder.hpp"
#include "client/gamestream/test_host.hpp"

namespace lumen::client {
namespace {

net::FoundHost found(const std::string& name, std::vector<std::string> addresses) {
  net::FoundHost host{.name = name, .host = name + ".local", .port = 47989};
  for (const auto& address : addresses)
    host.addresses.push_back(net::Endpoint::parse(address, host.port).value());
  return host;
}

class HostList : public testing::Test {
 protected:
  // Only 127.0.0.1 answers.
  HostFetch fetch() {
    return [inner = host_.fetch(book_.identity())](const HostGet& get,
                                                   const std::stop_token& stop) -> Result<std::string> {
      if (address_text(get.to) == "127.0.0.1") return inner(get, stop);
      return fail(ErrorCode::unavailable, "http.connect", "nobody");
    };
  }
  void pair() {
    host_.typed_pin = "1234";
    auto connection =
        GameConnection::open({.address = {"127.0.0.1"}, .book = &book_, .fetch = fetch()}, {}).value();
    ASSERT_TRUE(connection.pair("1234", [](auto) {}, {}));
  }

  test::Folder folder_;
  HostBook book_ = HostBook::open(folder_.path() + "/client").value();
  test::FakeHttpHost host_;
};

TEST_F(HostList, those_that_answer_say_their_name_and_whether_they_are_paired) {
  auto hosts = list_hosts(book_, fetch(), std::vector{found("tv", {"192.0.2.7", "127.0.0.1"})}, {});
  ASSERT_EQ(hosts.size(), 1U);
  EXPECT_EQ(hosts[0].name, "Living room");
  EXPECT_EQ(hosts[0].address, HostAddress{"127.0.0.1"});
  EXPECT_TRUE(hosts[0].reachable);
  EXPECT_FALSE(hosts[0].paired);
  pair();
  hosts = list_hosts(book_, fetch(), std::vector{found("tv", {"127.0.0.1"})}, {});
  ASSERT_EQ(hosts.size(), 1U);
  EXPECT_TRUE(hosts[0].paired);
}

TEST_F(HostList, a_host_is_listed_once_whatever_it_is_called) {
  const auto hosts =
      list_hosts(book_, fetch(), std::vector{found("tv", {"127.0.0.1"}), found("tv 2", {"127.0.0.1"})}, {});
  EXPECT_EQ(hosts.size(), 1U);
}

TEST_F(HostList, those_that_do_not_answer_are_listed_by_their_announcement) {
  const auto hosts = list_hosts(book_, fetch(), std::vector{found("attic", {"192.0.2.7"})}, {});
  ASSERT_EQ(hosts.size(), 1U);
  EXPECT_EQ(hosts[0].name, "attic");
  EXPECT_FALSE(hosts[0].reachable);
}

TEST_F(HostList, paired_hosts_that_were_not_found_come_last) {
  pair();
  const auto hosts = list_hosts(book_, fetch(), std::vector{found("attic", {"192.0.2.7"})}, {});
  ASSERT_EQ(hosts.size(), 2U);
  EXPECT_EQ(hosts[1].name, "Living room");
  EXPECT_FALSE(hosts[1].reachable);
  EXPECT_TRUE(hosts[1].paired);
}

}  // namespace
}  // namespace lumen::client
