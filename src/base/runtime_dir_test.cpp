#include "base/runtime_dir.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

namespace lumen {
namespace {

class RuntimeDir : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = std::filesystem::temp_directory_path() / "lumen-test-XXXXXX";
    dir_ = mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(dir_); }
  std::string dir_;
};

TEST_F(RuntimeDir, a_private_folder_is_made_and_accepted_again) {
  EXPECT_TRUE(ensure_private_dir(dir_ + "/a"));
  EXPECT_TRUE(ensure_private_dir(dir_ + "/a"));
}

TEST_F(RuntimeDir, a_folder_that_others_can_enter_is_refused) {
  std::filesystem::create_directory(dir_ + "/open");
  chmod((dir_ + "/open").c_str(), 0755);
  EXPECT_EQ(ensure_private_dir(dir_ + "/open").error().id, "runtime.unsafe");
}

TEST_F(RuntimeDir, a_link_to_a_folder_is_refused) {
  ASSERT_TRUE(ensure_private_dir(dir_ + "/a"));
  std::filesystem::create_symlink(dir_ + "/a", dir_ + "/link");
  EXPECT_EQ(ensure_private_dir(dir_ + "/link").error().id, "runtime.unsafe");
}

TEST_F(RuntimeDir, a_private_file_is_readable_by_its_owner_only) {
  const auto path = dir_ + "/key";
  ASSERT_TRUE(write_private_file(path, "secret"));
  struct stat info{};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  EXPECT_EQ(read_small_file(path, 6).value(), "secret");
  EXPECT_EQ(read_small_file(path, 5).error().id, "file.too-large");
}

TEST_F(RuntimeDir, nothing_is_left_when_the_target_cannot_be_replaced) {
  std::filesystem::create_directories(dir_ + "/target/sub");
  EXPECT_FALSE(write_private_file(dir_ + "/target", "x"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator{dir_}, {}), 1);
}

}  // namespace
}  // namespace lumen
