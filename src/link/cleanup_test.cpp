#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include <fstream>

#include "base/thread.hpp"
#include "link/process_test.hpp"

namespace lumen::link {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

// A pipe that is at its end once every process that inherited it has ended, whoever their parent is.
class Witness {
 public:
  // For SpawnParams::inherit_fd.
  int fd() const { return pipe_.writer.get(); }
  // The test's own copy goes; call it once all holders are started.
  void arm() { pipe_.writer.reset(); }
  bool all_ended() const {
    pollfd entry{.fd = pipe_.reader.get(), .events = POLLIN, .revents = 0};
    return poll(&entry, 1, 0) == 1;
  }
  Pipe& pipe() { return pipe_; }

 private:
  Pipe pipe_;
};

// Starts `script` in a shell and returns when it has written its first line.
Child start_shell(const std::string& script, const std::string& marker, int witness) {
  Pipe pipe;
  // Its complaints about ended children would meet a closed pipe.
  SpawnParams params{.argv = {"sh", "-c", "exec 2>/dev/null; " + script},
                     .inherit_fd = witness,
                     .output_fd = pipe.writer.get()};
  if (!marker.empty()) params.environment = {marker};
  auto child = spawn(params).value();
  EXPECT_EQ(pipe.read_line(), "ready") << script;
  return child;
}

bool has_ended(const Child& child) {
  pollfd entry{.fd = child.pidfd.get(), .events = POLLIN, .revents = 0};
  return poll(&entry, 1, 0) == 1;
}

void end(const Child& child) {
  kill(child.pid, SIGKILL);
  waitpid(child.pid, nullptr, 0);
}

constexpr const char* kPlain = "echo ready; exec sleep 1000";
constexpr const char* kStubborn = "trap '' TERM; echo ready; while :; do sleep 1000; done";
constexpr const char* kStopped = "echo ready; kill -STOP $$; sleep 1000";
// A daemon: session of its own, parent gone.
constexpr const char* kDaemon = "setsid sh -c 'echo ready; exec sleep 1000' & exit 0";

TEST(KillMarked, ends_a_whole_tree_and_tells_how_many_there_were) {
  Witness witness;
  const auto marker = make_marker("/tmp/lumen-test-tree");
  const auto child = start_shell("sleep 1000 & sleep 1001 & echo ready; wait", marker, witness.fd());
  witness.arm();
  EXPECT_EQ(kill_marked(marker, 5s), 3U);
  EXPECT_TRUE(witness.all_ended());
  EXPECT_EQ(reap(child.pid), "was killed by signal 15 (SIGTERM)");
}

TEST(KillMarked, finds_daemons_by_their_marker) {
  Witness witness;
  const auto marker = make_marker("/tmp/lumen-test-daemon");
  const auto parent = start_shell(kDaemon, marker, witness.fd());
  ASSERT_TRUE(wait_readable(parent.pidfd.get()));
  reap(parent.pid);
  witness.arm();
  ASSERT_FALSE(witness.all_ended());
  EXPECT_EQ(kill_marked(marker, 5s), 1U);
  EXPECT_TRUE(witness.all_ended());
}

TEST(KillMarked, finds_descendants_that_dropped_the_marker) {
  Witness witness;
  const auto marker = make_marker("/tmp/lumen-test-dropped");
  const auto child = start_shell("env -i sleep 1000 & echo ready; wait", marker, witness.fd());
  witness.arm();
  kill_marked(marker, 5s, KillScope::marked);
  EXPECT_TRUE(witness.all_ended());
  reap(child.pid);
}

TEST(KillMarked, kills_what_ignores_sigterm_but_only_after_the_grace) {
  const auto marker = make_marker("/tmp/lumen-test-stubborn");
  const auto child = start_shell(kStubborn, marker, -1);
  const auto begin = Clock::now();
  EXPECT_GE(kill_marked(marker, 300ms), 2U);  // the shell and its sleeps
  EXPECT_GE(Clock::now() - begin, 300ms);
  EXPECT_EQ(reap(child.pid), "was killed by signal 9 (SIGKILL)");
}

TEST(KillMarked, does_not_wait_out_the_grace_when_all_have_ended) {
  const auto marker = make_marker("/tmp/lumen-test-quick");
  const auto child = start_shell(kPlain, marker, -1);
  const auto begin = Clock::now();
  EXPECT_EQ(kill_marked(marker, 60s), 1U);
  EXPECT_LT(Clock::now() - begin, 10s);
  reap(child.pid);
}

TEST(KillMarked, wakes_stopped_processes_to_let_them_end) {
  const auto marker = make_marker("/tmp/lumen-test-stopped");
  const auto child = start_shell(kStopped, marker, -1);
  siginfo_t stopped{};
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(child.pid), &stopped, WSTOPPED), 0);
  kill_marked(marker, 60s);
  EXPECT_EQ(reap(child.pid), "was killed by signal 15 (SIGTERM)");
}

TEST(KillMarked, leaves_other_sessions_alone_when_told_so) {
  const auto ours = start_shell(kPlain, make_marker("/tmp/lumen-test-1"), -1);
  const auto other = start_shell(kPlain, make_marker("/tmp/lumen-test-12"), -1);
  const auto unmarked = start_shell(kPlain, "", -1);
  EXPECT_EQ(kill_marked(make_marker("/tmp/lumen-test-1"), 5s, KillScope::marked), 1U);
  EXPECT_TRUE(has_ended(ours));
  EXPECT_FALSE(has_ended(other));
  EXPECT_FALSE(has_ended(unmarked));
  EXPECT_EQ(kill_marked(make_marker("/tmp/lumen-test-1"), 5s, KillScope::descendants), 2U);
  EXPECT_TRUE(has_ended(other));
  EXPECT_TRUE(has_ended(unmarked));
  for (const auto* child : {&ours, &other, &unmarked}) reap(child->pid);
}

TEST(KillMarked, a_text_that_is_no_marker_is_nobodys) {
  const auto child = start_shell(kPlain, make_marker("/tmp/lumen-test-x"), -1);
  EXPECT_EQ(kill_marked("", 5s, KillScope::marked), 0U);
  EXPECT_EQ(kill_marked("LUMEN_MARKER=", 5s, KillScope::marked), 0U);
  EXPECT_EQ(kill_marked("PATH=/bin", 5s, KillScope::marked), 0U);
  EXPECT_FALSE(has_ended(child));
  end(child);
}

// New processes appear while others end: each is found by a later look.
TEST(KillMarked, catches_processes_that_start_meanwhile) {
  Witness witness;
  const auto marker = make_marker("/tmp/lumen-test-respawn");
  const auto child = start_shell(
      "trap 'setsid sleep 1000 & sleep 0.05; setsid sleep 1001 & exit 6' TERM; echo ready; kill -STOP $$",
      marker, witness.fd());
  witness.arm();
  EXPECT_GE(kill_marked(marker, 60s), 3U);
  EXPECT_TRUE(witness.all_ended());
  EXPECT_EQ(reap(child.pid), "exited with status 6");
}

// As a shell does that is about to start a command when the signal comes.
TEST(KillMarked, asks_again_before_it_kills) {
  const auto marker = make_marker("/tmp/lumen-test-deaf");
  const auto child = start_shell(
      "trap 'trap \"exit 7\" TERM' TERM; echo ready; while :; do kill -STOP $$; done", marker, -1);
  kill_marked(marker, 1s);
  EXPECT_EQ(reap(child.pid), "exited with status 7");
}

// Only an environment that was there from the beginning counts, so the test runs itself again with a marker.
TEST(KillMarked, never_ends_itself_or_its_ancestors_though_they_bear_the_marker) {
  const char* const own = getenv("LUMEN_MARKER");
  const char* const inner = getenv("LUMEN_TEST_INNER");
  if (own != nullptr && inner != nullptr) {
    const auto child = start_shell(kPlain, "", -1);
    EXPECT_EQ(kill_marked(std::string{"LUMEN_MARKER="} + own, 5s), 1U);
    EXPECT_TRUE(has_ended(child));
    reap(child.pid);
    return;
  }
  const std::string name = "KillMarked.never_ends_itself_or_its_ancestors_though_they_bear_the_marker";
  const auto self = fs::read_symlink("/proc/self/exe").string();
  const auto outer = spawn({.argv = {"sh", "-c", "\"$0\" \"$1\" && exit 5", self, "--gtest_filter=" + name},
                            .environment = {make_marker("/tmp/lumen-test-self"), "LUMEN_TEST_INNER=1"}})
                         .value();
  ASSERT_TRUE(wait_readable(outer.pidfd.get()));
  EXPECT_EQ(reap(outer.pid), "exited with status 5");
}

class CleanUpOrphans : public testing::Test {
 protected:
  // As the host of a session would: its directory, its owner file, its process with the marker.
  static void play_host(const std::string& runtime_dir, int witness,
                        const std::vector<const char*>& scripts) {
    fs::create_directories(runtime_dir);
    if (!write_owner_file(runtime_dir)) abort();
    for (const auto* const script : scripts) start_shell(script, make_marker(runtime_dir), witness);
  }

  const TempDir root_;
};

TEST_F(CleanUpOrphans, ends_everything_that_a_killed_host_left_and_removes_its_directory) {
  Witness witness;
  const auto dir = root_ / "session-1";
  ForkedHost host{[&] { play_host(dir, witness.fd(), {kPlain, kStubborn, kDaemon}); }};
  witness.arm();
  host.kill_now();
  ASSERT_FALSE(witness.all_ended());
  EXPECT_GE(clean_up_orphans(root_.path()), 2U);  // kPlain may have ended by itself: its parent died
  EXPECT_TRUE(witness.all_ended());
  EXPECT_FALSE(fs::exists(dir));
}

TEST_F(CleanUpOrphans, does_not_touch_a_living_host) {
  Witness witness;
  const auto dir = root_ / "session-1";
  ForkedHost host{[&] { play_host(dir, witness.fd(), {kPlain, kDaemon}); }};
  witness.arm();
  clean_up_orphans(root_.path());
  EXPECT_FALSE(witness.all_ended());
  EXPECT_TRUE(fs::exists(dir + "/owner"));
  const auto own = start_shell(kPlain, make_marker(dir), -1);
  clean_up_orphans(root_.path());
  EXPECT_FALSE(has_ended(own));
  end(own);
  host.kill_now();
  clean_up_orphans(root_.path());
  EXPECT_TRUE(witness.all_ended());
}

TEST_F(CleanUpOrphans, a_process_id_that_was_reused_is_not_the_host) {
  Witness witness;
  auto marker = make_marker(root_ / "session-1");  // "LUMEN_MARKER=PID:START:DIR"
  const auto colon = marker.find(':');
  marker.insert(colon + 1, "1");  // our id, started at another time
  const auto child = start_shell(kPlain, marker, witness.fd());
  witness.arm();
  EXPECT_GE(clean_up_orphans(root_.path()), 1U);
  EXPECT_TRUE(witness.all_ended());
  reap(child.pid);
}

TEST_F(CleanUpOrphans, markers_that_make_no_sense_are_nobodys) {
  for (const std::string wrong :
       {"", "1", "1:2", ":::", "x:1:/tmp", "-5:1:/tmp", "0:0:/tmp", "99999999999:1:/tmp"}) {
    const auto child = start_shell(kPlain, "LUMEN_MARKER=" + wrong, -1);
    clean_up_orphans(root_.path());
    EXPECT_FALSE(has_ended(child)) << wrong;
    end(child);
  }
}

// The id and start time of a process that has ended.
std::string dead_host() {
  std::string marker;
  Pipe pipe;
  ForkedHost host{[&] {
    const auto text = make_marker("");
    if (write(pipe.writer.get(), text.data(), text.size()) < 0) abort();
    pipe.writer.reset();
  }};
  marker = pipe.read_all();
  return marker.substr(marker.find('=') + 1, marker.rfind(':') - marker.find('=') - 1);
}

class RuntimeDirs : public CleanUpOrphans {
 protected:
  std::string make(const std::string& name, const std::string& owner) {
    fs::create_directories(root_ / name);
    std::ofstream{root_ / name + "/content"} << "x";
    if (!owner.empty()) std::ofstream{root_ / name + "/owner"} << owner;
    return root_ / name;
  }
  const std::string dead_ = dead_host();
};

TEST_F(RuntimeDirs, of_a_dead_host_is_removed_when_no_process_is_left) {
  const auto dir = make("session-1", dead_);
  fs::create_directories(dir + "/a/b/c");
  EXPECT_EQ(clean_up_orphans(root_.path()), 0U);
  EXPECT_FALSE(fs::exists(dir));
  EXPECT_TRUE(fs::exists(root_.path()));
}

TEST_F(RuntimeDirs, of_a_living_or_an_unknown_host_stay) {
  const auto living = make("session-living", "");
  ASSERT_TRUE(write_owner_file(living));
  const auto unknown = make("session-unknown", "");
  for (const std::string nonsense : {"", "1", "x:y", "0:1", "1:2:3", "1:2\n"}) {
    std::ofstream{unknown + "/owner"} << nonsense;
    clean_up_orphans(root_.path());
    EXPECT_TRUE(fs::exists(unknown + "/content")) << nonsense;
  }
  EXPECT_TRUE(fs::exists(living + "/content"));
}

TEST_F(RuntimeDirs, with_another_name_stay) {
  const auto other = make("other", dead_);
  std::ofstream{root_ / "session-file"} << "x";
  clean_up_orphans(root_.path());
  EXPECT_TRUE(fs::exists(other + "/content"));
  EXPECT_TRUE(fs::exists(root_ / "session-file"));
}

TEST_F(RuntimeDirs, without_owner_file_are_removed_when_an_orphan_names_them_and_only_below_the_root) {
  const auto named = make("session-named", "");
  const auto deep = make("deep/session-named", "");
  const auto silent = make("session-silent", "");
  const TempDir elsewhere;
  const auto outside = elsewhere / "session-named";
  fs::create_directories(outside);
  for (const auto& dir : {named, deep, outside, root_ / "session-silent/.."}) {
    start_shell(kDaemon, "LUMEN_MARKER=" + dead_ + ":" + dir, -1);
  }
  EXPECT_GE(clean_up_orphans(root_.path()), 4U);
  EXPECT_FALSE(fs::exists(named));
  EXPECT_TRUE(fs::exists(deep));
  EXPECT_TRUE(fs::exists(silent));
  EXPECT_TRUE(fs::exists(outside));
  while (waitpid(-1, nullptr, 0) > 0) {
  }
}

TEST_F(RuntimeDirs, of_a_living_host_stay_whatever_an_orphan_claims) {
  const auto dir = make("session-1", "");
  ASSERT_TRUE(write_owner_file(dir));
  start_shell(kDaemon, "LUMEN_MARKER=" + dead_ + ":" + dir, -1);
  EXPECT_GE(clean_up_orphans(root_.path()), 1U);
  EXPECT_TRUE(fs::exists(dir + "/content"));
  while (waitpid(-1, nullptr, 0) > 0) {
  }
}

TEST_F(RuntimeDirs, are_removed_without_following_symbolic_links) {
  const TempDir outside;
  std::ofstream{outside / "owner"} << dead_;
  std::ofstream{outside / "precious"} << "x";
  fs::create_directory_symlink(outside.path(), root_ / "session-link");
  const auto dir = make("session-1", dead_);
  fs::create_directory_symlink(outside.path(), dir + "/link");
  fs::create_symlink(outside / "precious", dir + "/file-link");
  clean_up_orphans(root_.path());
  EXPECT_FALSE(fs::exists(dir));
  EXPECT_TRUE(fs::exists(outside / "precious"));
}

TEST_F(RuntimeDirs, are_removed_without_entering_mounts) {
  if (geteuid() != 0) GTEST_SKIP() << "mounting needs root";
  const TempDir outside;
  std::ofstream{outside / "precious"} << "x";
  const auto dir = make("session-1", dead_);
  fs::create_directory(dir + "/share");
  const ForkedHost namespaced{[&] {
    if (unshare(CLONE_NEWNS) != 0 || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return;
    if (mount(outside.path().c_str(), (dir + "/share").c_str(), nullptr, MS_BIND, nullptr) != 0) return;
    if (fs::exists(dir + "/share/precious")) clean_up_orphans(root_.path());
  }};
  if (fs::exists(dir)) GTEST_SKIP() << "mounting is not allowed here";
  EXPECT_TRUE(fs::exists(outside / "precious"));
}

TEST_F(RuntimeDirs, nested_without_end_do_not_exhaust_us) {
  auto dir = make("session-1", dead_);
  for (int i = 0; i < 80; ++i) dir += "/d";
  fs::create_directories(dir);
  clean_up_orphans(root_.path());
  EXPECT_TRUE(fs::exists(root_ / "session-1")) << "deeper than any desktop goes: it stays";
}

TEST_F(RuntimeDirs, of_other_users_stay) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to make one";
  const auto dir = make("session-1", dead_);
  ASSERT_EQ(chown(dir.c_str(), 12'345, 12'345), 0);
  const auto forged = make("session-2", dead_);
  ASSERT_EQ(chown((forged + "/owner").c_str(), 12'345, 12'345), 0);
  clean_up_orphans(root_.path());
  EXPECT_TRUE(fs::exists(dir));
  EXPECT_TRUE(fs::exists(forged));
}

TEST_F(RuntimeDirs, that_do_not_exist_are_no_error) {
  EXPECT_EQ(clean_up_orphans(root_ / "nothing"), 0U);
  const auto status = write_owner_file(root_ / "nothing");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().id, "process.owner-file");
}

TEST_F(CleanUpOrphans, processes_of_another_pid_namespace_are_not_ours_to_judge) {
  if (geteuid() != 0) GTEST_SKIP() << "a namespace needs root";
  Pipe pipe;
  const auto child = spawn({.argv = {"unshare", "--pid", "--fork", "--kill-child", "env",
                                     "LUMEN_MARKER=4000000:1:/tmp/x", "sh", "-c", kPlain},
                            .output_fd = pipe.writer.get()})
                         .value();
  pipe.writer.reset();
  if (pipe.read_line() != "ready") GTEST_SKIP() << "namespaces are not allowed here";
  clean_up_orphans(root_.path());
  pollfd end_of_output{.fd = pipe.reader.get(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&end_of_output, 1, 0), 0) << "still running";
  end(child);
}

}  // namespace
}  // namespace lumen::link
