#include "client/gamestream/host_book.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "base/runtime_dir.hpp"
#include "client/gamestream/test_folder.hpp"
#include "gamestream/http/test_identity.hpp"

namespace lumen::client {
namespace {

KnownHost host_named(const std::string& id, const std::string& name = "TV") {
  return {.unique_id = id,
          .name = name,
          .address = {"tv.local", 48989},
          .certificate = gamestream::host_identity().certificate()};
}

TEST(HostBook, the_identity_is_made_once_and_kept_private) {
  const test::Folder folder;
  const auto path = folder.path() + "/client";
  const auto first = HostBook::open(path).value();
  const auto second = HostBook::open(path).value();
  EXPECT_EQ(first.identity().certificate(), second.identity().certificate());
  EXPECT_EQ(first.client_id(), second.client_id());
  EXPECT_EQ(first.client_id().size(), 16U);
  for (const auto* file : {"/identity.crt", "/identity.key", "/client-id"}) {
    struct stat info{};
    ASSERT_EQ(stat((path + file).c_str(), &info), 0) << file;
    EXPECT_EQ(info.st_mode & 0777U, 0600U) << file;
  }
}

TEST(HostBook, hosts_are_there_after_a_restart_and_a_second_pairing_replaces_the_first) {
  const test::Folder folder;
  const auto path = folder.path() + "/client";
  {
    auto book = HostBook::open(path).value();
    EXPECT_TRUE(book.keep(host_named("A", "old name")));
    EXPECT_TRUE(book.keep(host_named("B")));
    EXPECT_TRUE(book.keep(host_named("A", "new \"name\" & <more>")));
  }
  auto book = HostBook::open(path).value();
  ASSERT_EQ(book.hosts().size(), 2U);
  const auto* const host = book.find("A");
  ASSERT_NE(host, nullptr);
  EXPECT_EQ(host->name, "new \"name\" & <more>");
  EXPECT_EQ(host->address, (HostAddress{"tv.local", 48989}));
  EXPECT_EQ(host->certificate, gamestream::host_identity().certificate());
  EXPECT_EQ(book.find("C"), nullptr);
  EXPECT_TRUE(book.forget("A"));
  EXPECT_EQ(HostBook::open(path).value().find("A"), nullptr);
}

TEST(HostBook, a_damaged_file_is_named_and_left_alone) {
  const test::Folder folder;
  const auto path = folder.path() + "/client";
  static_cast<void>(HostBook::open(path).value());
  for (const auto* text : {"", "[]", R"({"hosts":[{}]})", R"({"hosts":[{"id":"","name":"x"}]})",
                           R"({"hosts":[{"id":"A","name":"x","address":"a","port":0,"certificate":"x"}]})"}) {
    ASSERT_TRUE(write_private_file(path + "/hosts.json", text));
    const auto opened = HostBook::open(path);
    ASSERT_FALSE(opened) << text;
    EXPECT_EQ(opened.error().id, "client.state");
    EXPECT_NE(opened.error().what.find("hosts.json"), std::string::npos);
    EXPECT_EQ(read_small_file(path + "/hosts.json", 1000).value(), text);
  }
}

TEST(HostBook, a_key_that_others_can_read_is_refused) {
  const test::Folder folder;
  const auto path = folder.path() + "/client";
  static_cast<void>(HostBook::open(path).value());
  ASSERT_EQ(chmod((path + "/identity.key").c_str(), 0644), 0);
  const auto opened = HostBook::open(path);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().id, "client.state");
  EXPECT_NE(opened.error().remedy.find("chmod"), std::string::npos);
}

TEST(HostBook, what_the_disk_refuses_does_not_count) {
  const test::Folder folder;
  const auto path = folder.path() + "/client";
  auto book = HostBook::open(path).value();
  std::filesystem::create_directories(path + "/hosts.json/in-the-way");
  EXPECT_FALSE(book.keep(host_named("A")));
  EXPECT_EQ(book.find("A"), nullptr);
}

}  // namespace
}  // namespace lumen::client
