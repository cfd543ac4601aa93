#include "worker/restore_file.hpp"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "worker/test_backends.hpp"

namespace lumen::worker {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class RestoreFiles : public testing::Test {
 protected:
  RestoreFiles() {
    std::string name = "/tmp/lumen-restore-XXXXXX";
    root_ = mkdtemp(name.data());
    folder_ = root_ + "/state/restore";
  }
  ~RestoreFiles() override { std::filesystem::remove_all(root_); }

  std::vector<std::string> files() const {
    std::vector<std::string> names;
    std::error_code error;
    for (const auto& file : std::filesystem::directory_iterator{folder_, error})
      names.push_back(file.path().filename().string());
    return names;
  }
  RestoreReport restore() { return restore_left_behind(folder_, backends_, *log_); }
  // A process that changes things in this order and is killed before it can undo them.
  void crash_after(const std::vector<std::string>& changes) {
    const pid_t child = fork();
    if (child == 0) {
      RestoreFile journal{folder_};
      journal.set_place({.runtime_dir = "/run/user/7", .wayland_socket = "/run/user/7/wayland-0"});
      for (const auto& change : changes) static_cast<void>(journal.write("sway", change));
      raise(SIGKILL);
    }
    waitpid(child, nullptr, 0);
  }

  std::string root_, folder_;
  FakeWorld world_;
  std::vector<DesktopBackend> backends_{fake_backend("sway", world_)};
  std::shared_ptr<Logger> log_ = make_null_logger();
};

TEST_F(RestoreFiles, an_entry_is_there_until_it_is_erased_and_nobody_else_can_read_it) {
  RestoreFile journal{folder_};
  const auto id = journal.write("sway", R"({"output":"HEADLESS-1"})");
  ASSERT_TRUE(id) << describe(id.error());
  ASSERT_EQ(files().size(), 1U);
  struct stat status{};
  ASSERT_EQ(stat((folder_ + "/" + files()[0]).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  journal.erase(*id);
  journal.erase(99);
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(RestoreFiles, what_a_living_process_changed_is_its_own_affair) {
  RestoreFile journal{folder_};
  ASSERT_TRUE(journal.write("sway", "mode"));
  const auto report = restore();
  EXPECT_EQ(report.undone, 0);
  EXPECT_EQ(files().size(), 1U);
}

TEST_F(RestoreFiles, what_a_killed_process_changed_is_undone_in_reverse_and_once) {
  crash_after({"first", "second", "third"});
  ASSERT_EQ(files().size(), 3U);
  EXPECT_EQ(restore().undone, 3);
  EXPECT_THAT(world_.undone, ElementsAre("third", "second", "first"));
  EXPECT_THAT(files(), IsEmpty());
  EXPECT_EQ(restore().undone, 0);
}

TEST_F(RestoreFiles, what_cannot_be_undone_now_stays_for_later) {
  crash_after({"mode"});
  world_.can_undo = false;
  EXPECT_EQ(restore().left, 1);
  EXPECT_EQ(files().size(), 1U);
  world_.can_undo = true;
  EXPECT_EQ(restore().undone, 1);
}

TEST_F(RestoreFiles, of_a_backend_that_this_build_lacks_it_is_kept) {
  crash_after({"mode"});
  backends_.clear();
  EXPECT_EQ(restore().left, 1);
  EXPECT_EQ(files().size(), 1U);
}

TEST_F(RestoreFiles, nonsense_is_removed_and_undoes_nothing) {
  std::filesystem::create_directories(folder_);
  for (const char* text :
       {"", "{", "[]", R"({"backend":"sway"})", R"({"backend":1,"change":2,"owner":3,"place":{}})",
        R"({"backend":"sway","change":"x","owner":"1:1","place":[]})"}) {
    std::ofstream{folder_ + "/1-1.restore"} << text;
    EXPECT_EQ(restore().undone, 0) << text;
    EXPECT_THAT(files(), IsEmpty()) << text;
  }
}

TEST_F(RestoreFiles, without_a_folder_nothing_is_to_be_changed) {
  RestoreFile journal{""};
  EXPECT_FALSE(journal.write("sway", "mode"));
  RestoreFile unwritable{"/proc/lumen"};
  const auto written = unwritable.write("sway", "mode");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().id, "restore.write");
}

TEST_F(RestoreFiles, a_change_that_is_too_long_is_refused) {
  RestoreFile journal{folder_};
  EXPECT_FALSE(journal.write("sway", std::string(4097, 'x')));
}

}  // namespace
}  // namespace lumen::worker
