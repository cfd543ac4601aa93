#include "store/state_folder.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

namespace lumen::store {
namespace {

class StateFolderTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = std::filesystem::temp_directory_path() / "lumen-test-XXXXXX";
    dir_ = mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(dir_); }
  StateFolder folder() const { return {dir_ + "/state", "test.state", "Restore it"}; }
  Result<crypto::Identity> make() {
    ++made_;
    return crypto::Identity::create("test", std::chrono::system_clock::now());
  }
  Result<crypto::Identity> open() {
    return folder().open_identity("identity", [this] { return make(); });
  }
  void spoil(const std::string& name, const std::string& text) const {
    std::ofstream{dir_ + "/state/" + name} << text;
  }
  std::string dir_;
  int made_ = 0;
};

TEST_F(StateFolderTest, an_identity_is_made_once_and_is_the_same_afterwards) {
  const auto first = open().value(), second = open().value();
  EXPECT_EQ(first.certificate(), second.certificate());
  EXPECT_EQ(made_, 1);
  struct stat info{};
  ASSERT_EQ(stat((dir_ + "/state/identity.key").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(StateFolderTest, an_identity_without_its_certificate_was_never_finished) {
  ASSERT_TRUE(open());
  std::filesystem::remove(dir_ + "/state/identity.crt");
  EXPECT_TRUE(open());
  EXPECT_EQ(made_, 2);
}

TEST_F(StateFolderTest, a_spoiled_key_is_an_error_that_names_it_and_nothing_new_is_made) {
  ASSERT_TRUE(open());
  spoil("identity.key", "nonsense");
  const auto again = open();
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().id, "test.state");
  EXPECT_NE(again.error().what.find("identity.key"), std::string::npos);
  EXPECT_FALSE(again.error().remedy.empty());
  EXPECT_EQ(made_, 1);
}

TEST_F(StateFolderTest, a_file_that_others_can_read_is_refused) {
  ASSERT_TRUE(folder().write("list", "x"));
  EXPECT_EQ(folder().read("list", 10).value(), "x");
  EXPECT_FALSE(folder().read("list", 0));
  std::filesystem::permissions(dir_ + "/state/list", std::filesystem::perms{0644});
  EXPECT_EQ(folder().read("list", 10).error().id, "test.state");
}

TEST_F(StateFolderTest, a_text_is_made_once_and_checked) {
  const auto is_good = [](std::string_view text) { return text == "id"; };
  const auto open_id = [&] {
    return folder().open_text("id", [] { return Result<std::string>{"id"}; }, is_good);
  };
  EXPECT_EQ(open_id().value(), "id");
  EXPECT_EQ(open_id().value(), "id");
  spoil("id", "other\n");
  EXPECT_FALSE(open_id());
}

}  // namespace
}  // namespace lumen::store
