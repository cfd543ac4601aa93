#include "base/runtime_dir.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
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

TEST_F(RuntimeDir, a_device_is_written_to_and_not_replaced) {
  EXPECT_TRUE(write_private_file("/dev/null", "x"));
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
  EXPECT_EQ(write_private_file("/dev/full", "x").error().os_errno, ENOSPC);
}

TEST_F(RuntimeDir, a_file_that_others_can_read_is_not_private) {
  const auto path = dir_ + "/key";
  ASSERT_TRUE(write_private_file(path, "secret"));
  EXPECT_TRUE(check_private_file(path));
  chmod(path.c_str(), 0644);
  EXPECT_EQ(check_private_file(path).error().id, "file.not-private");
  std::filesystem::create_symlink(path, dir_ + "/link");
  EXPECT_FALSE(check_private_file(dir_ + "/link"));
}

TEST_F(RuntimeDir, state_files_make_their_folders_and_are_private) {
  const auto path = dir_ + "/a/b/state.json";
  ASSERT_TRUE(write_state_file(path, "one"));
  ASSERT_TRUE(write_state_file(path, "two"));
  EXPECT_EQ(read_small_file(path, 100).value(), "two");
  EXPECT_TRUE(check_private_file(path));
  EXPECT_TRUE(ensure_private_dir(dir_ + "/a/b"));
}

}  // namespace
}  // namespace lumen
