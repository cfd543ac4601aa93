#include "host/gamestream/state_store.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "base/runtime_dir.hpp"
#include "host/gamestream/test_folder.hpp"

namespace lumen::host {
namespace {

const crypto::Identity& someone() {
  static const auto identity = crypto::Identity::create("a client", std::chrono::system_clock::now()).value();
  return identity;
}

Status add_someone(gamestream::PairedClients& clients) {
  return clients.add(someone().certificate(), "TV", {});
}

void write(const std::string& path, const std::string& text) { ASSERT_TRUE(write_private_file(path, text)); }

TEST(GameStream1, s11_s18_s29_identity_name_and_clients_survive_a_restart) {
  const test::Folder folder;
  const auto path = folder.path + "/state";
  std::string id;
  crypto::Fingerprint fingerprint;
  {
    auto store = StateStore::open(path).value();
    id = store.unique_id();
    fingerprint = store.identity().certificate().fingerprint();
    ASSERT_TRUE(store.change_clients(add_someone));
  }
  const auto store = StateStore::open(path).value();
  EXPECT_EQ(store.unique_id(), id);
  EXPECT_EQ(id.size(), 36U);
  EXPECT_EQ(store.identity().certificate().fingerprint(), fingerprint);
  EXPECT_TRUE(store.clients().allows(someone().certificate().fingerprint()));
}

TEST(StateStore, the_key_is_for_its_owner_only) {
  const test::Folder folder;
  ASSERT_TRUE(StateStore::open(folder.path + "/state"));
  EXPECT_TRUE(check_private_file(folder.path + "/state/identity.key"));
  EXPECT_TRUE(ensure_private_dir(folder.path + "/state"));
}

TEST(StateStore, a_change_that_cannot_be_written_does_not_count) {
  const test::Folder folder;
  const auto path = folder.path + "/state";
  auto store = StateStore::open(path).value();
  std::filesystem::create_directories(path + "/clients.json/x");  // nothing can be renamed over it
  EXPECT_FALSE(store.change_clients(add_someone));
  EXPECT_FALSE(store.clients().allows(someone().certificate().fingerprint()));
}

TEST(StateStore, what_cannot_be_read_is_an_error_and_stays) {
  for (const char* file : {"identity.crt", "identity.key", "host-id", "clients.json"}) {
    const test::Folder folder;
    const auto path = folder.path + "/state";
    ASSERT_TRUE(StateStore::open(path));
    write(path + "/" + file, "nonsense");
    const auto store = StateStore::open(path);
    ASSERT_FALSE(store) << file;
    EXPECT_EQ(store.error().id, "gamestream.state");
    EXPECT_EQ(read_small_file(path + "/" + file, 100).value(), "nonsense");
  }
}

TEST(StateStore, a_certificate_without_its_key_is_not_replaced) {
  const test::Folder folder;
  const auto path = folder.path + "/state";
  ASSERT_TRUE(StateStore::open(path));
  std::filesystem::remove(path + "/identity.key");
  EXPECT_FALSE(StateStore::open(path));
}

TEST(StateStore, a_first_start_that_was_cut_off_begins_anew) {
  const test::Folder folder;
  const auto path = folder.path + "/state";
  ASSERT_TRUE(StateStore::open(path));
  std::filesystem::remove(path + "/identity.crt");
  EXPECT_TRUE(StateStore::open(path));
}

}  // namespace
}  // namespace lumen::host
