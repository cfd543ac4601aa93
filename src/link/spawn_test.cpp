#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include <fstream>

#include "base/thread.hpp"
#include "link/process_test.hpp"

namespace lumen::link {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

std::string end_of(const Child& child) {
  if (!wait_readable(child.pidfd.get())) return "did not end";
  return reap(child.pid).value_or("is running although its pidfd is readable");
}

// What `params` writes to its standard output, which must end by itself.
std::string output_of(SpawnParams params) {
  Pipe pipe;
  params.output_fd = pipe.writer.get();
  const auto child = spawn(params);
  if (!child) return describe(child.error());
  auto text = pipe.read_all();
  EXPECT_EQ(end_of(*child), "exited with status 0");
  return text;
}

void write_script(const std::string& path, const std::string& text, mode_t mode) {
  std::ofstream{path} << text;
  ASSERT_EQ(chmod(path.c_str(), mode), 0);
}

TEST(Spawn, runs_a_program_found_in_path_with_its_arguments) {
  EXPECT_EQ(output_of({.argv = {"printf", "%s|", "a b", "", "ü"}}), "a b||ü|");
}

TEST(Spawn, the_environment_is_ours_with_changes) {
  ASSERT_EQ(setenv("LUMEN_TEST_KEPT", "kept", 1), 0);
  ASSERT_EQ(setenv("LUMEN_TEST_REPLACED", "old", 1), 0);
  ASSERT_EQ(setenv("LUMEN_TEST_REMOVED", "there", 1), 0);
  const auto text = output_of({.argv = {"sh", "-c", "env | grep ^LUMEN_TEST_ | sort"},
                               .environment = {"LUMEN_TEST_REPLACED=new", "LUMEN_TEST_ADDED=a=b"},
                               .unset = {"LUMEN_TEST_REMOVED", "LUMEN_TEST_ABSENT"}});
  EXPECT_EQ(text, "LUMEN_TEST_ADDED=a=b\nLUMEN_TEST_KEPT=kept\nLUMEN_TEST_REPLACED=new\n");
}

TEST(Spawn, the_working_directory_is_the_one_asked_for) {
  const TempDir dir;
  EXPECT_EQ(output_of({.argv = {"pwd", "-P"}, .working_dir = dir.path()}), dir.path() + "\n");
  const auto nowhere = spawn({.argv = {"true"}, .working_dir = dir / "missing"});
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().id, "process.spawn");
  EXPECT_THAT(nowhere.error().what, HasSubstr("missing"));
}

TEST(Spawn, the_childs_own_path_is_searched_and_relative_entries_are_not) {
  const TempDir dir;
  write_script(dir / "tool", "#!/bin/sh\necho found\n", 0755);
  EXPECT_EQ(output_of({.argv = {"tool"}, .environment = {"PATH=/nowhere:" + dir.path()}}), "found\n");
  const auto relative = spawn({.argv = {"tool"}, .environment = {"PATH=.::"}, .working_dir = dir.path()});
  ASSERT_FALSE(relative);
  EXPECT_EQ(relative.error().id, "process.not-found");
  EXPECT_EQ(output_of({.argv = {"./tool"}, .working_dir = dir.path()}), "found\n");
}

TEST(Spawn, a_missing_program_is_named_with_its_remedy) {
  const auto child = spawn({.argv = {"lumen-no-such-program", "x"}});
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().id, "process.not-found");
  EXPECT_EQ(describe(child.error()),
            "Program lumen-no-such-program was not found in PATH. Install it or give its full path "
            "[process.not-found]");
  EXPECT_EQ(spawn({.argv = {"/no/such/program"}}).error().id, "process.not-found");
  const TempDir locked;
  ASSERT_EQ(chmod(locked.path().c_str(), 0), 0);
  EXPECT_EQ(spawn({.argv = {"x"}, .environment = {"PATH=" + locked.path()}}).error().id, "process.not-found");
}

TEST(Spawn, what_cannot_be_executed_is_told_apart_from_what_is_missing) {
  const TempDir dir;
  write_script(dir / "plain", "#!/bin/sh\n", 0644);
  write_script(dir / "orphan", "#!/no/such/interpreter\n", 0755);
  write_script(dir / "noise", "neither script nor binary\n", 0755);
  const auto id_of = [](SpawnParams params) {
    const auto child = spawn(params);
    return child ? "started" : std::string{child.error().id};
  };
  for (const auto* const name : {"plain", "orphan", "noise"}) {
    EXPECT_EQ(id_of({.argv = {dir / name}}), "process.not-executable") << name;
    EXPECT_EQ(id_of({.argv = {name}, .environment = {"PATH=" + dir.path()}}), "process.not-executable")
        << name;
  }
  EXPECT_EQ(id_of({.argv = {dir.path()}}), "process.not-executable") << "a directory";
}

TEST(Spawn, nonsense_is_refused) {
  for (const auto& argv : {std::vector<std::string>{}, {""}, {"true", std::string("a\0b", 3)}}) {
    const auto child = spawn({.argv = argv});
    ASSERT_FALSE(child);
    EXPECT_EQ(child.error().code, ErrorCode::invalid_argument);
  }
}

TEST(Spawn, a_failure_leaves_no_zombie_and_no_descriptor) {
  const TempDir dir;
  write_script(dir / "orphan", "#!/no/such/interpreter\n", 0755);
  const UniqueFd before{open("/dev/null", O_RDONLY | O_CLOEXEC)};
  ASSERT_FALSE(spawn({.argv = {dir / "orphan"}}));
  const UniqueFd after{open("/dev/null", O_RDONLY | O_CLOEXEC)};
  EXPECT_EQ(after.get(), before.get() + 1) << "the lowest free descriptor";
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

// Prints which descriptors from 3 to 60 it has.
const std::vector<std::string> kListDescriptors = {
    "sh", "-c", "i=3; while [ $i -le 60 ]; do [ -e /proc/$$/fd/$i ] && echo $i; i=$((i+1)); done; true"};

TEST(Spawn, descriptors_other_than_the_standard_ones_do_not_leak) {
  const UniqueFd leaky{open("/dev/null", O_RDONLY)};  // deliberately not close-on-exec
  const UniqueFd high{fcntl(leaky.get(), F_DUPFD, 50)};
  EXPECT_EQ(output_of({.argv = kListDescriptors}), "");
  EXPECT_EQ(output_of({.argv = kListDescriptors, .inherit_fd = leaky.get()}), "3\n");
}

TEST(Spawn, the_inherited_descriptor_is_number_3_whatever_it_was) {
  for (const int number : {3, 4, 20}) {
    Pipe pipe;
    const UniqueFd placed{fcntl(pipe.reader.get(), F_DUPFD_CLOEXEC, number)};
    ASSERT_EQ(write(pipe.writer.get(), "through\n", 8), 8);
    pipe.writer.reset();
    EXPECT_EQ(output_of({.argv = {"sh", "-c", "cat <&3"}, .inherit_fd = placed.get()}), "through\n")
        << number;
  }
}

TEST(Spawn, standard_error_goes_with_standard_output_and_standard_input_is_empty) {
  EXPECT_EQ(output_of({.argv = {"sh", "-c", "echo err >&2; cat; readlink /proc/$$/fd/0"}}),
            "err\n/dev/null\n");
}

TEST(Spawn, no_signal_is_blocked_or_ignored_in_the_child) {
  struct sigaction ignore{};
  struct sigaction before{};
  ignore.sa_handler = SIG_IGN;
  ASSERT_EQ(sigaction(SIGPIPE, &ignore, &before), 0);
  sigset_t blocked;
  sigset_t mask_before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  ASSERT_EQ(pthread_sigmask(SIG_BLOCK, &blocked, &mask_before), 0);
  const auto text = output_of({.argv = {"grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"}});
  sigset_t mask_after;
  pthread_sigmask(SIG_SETMASK, &mask_before, &mask_after);
  sigaction(SIGPIPE, &before, nullptr);
  EXPECT_EQ(text, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
  EXPECT_EQ(sigismember(&mask_after, SIGTERM), 1) << "our own mask is as before";
  EXPECT_EQ(sigismember(&mask_after, SIGINT), 0);
}

TEST(Spawn, the_child_may_have_large_pages_where_we_have_none) {
  ASSERT_EQ(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0), 0);
  const auto status = output_of({.argv = {"grep", "THP_enabled", "/proc/self/status"}});
  prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0);
  EXPECT_EQ(status, "THP_enabled:\t1\n");
}

TEST(Spawn, the_child_leads_its_own_process_group_when_asked_to) {
  const std::vector<std::string> argv{"sh", "-c", "echo $$; cut -d' ' -f5 /proc/$$/stat"};
  const auto own = output_of({.argv = argv});
  const auto half = own.size() / 2;
  EXPECT_EQ(own.substr(0, half), own.substr(half));
  EXPECT_THAT(output_of({.argv = argv, .new_group = false}),
              HasSubstr("\n" + std::to_string(getpgrp()) + "\n"));
}

TEST(Spawn, how_a_child_ended_is_told_in_words) {
  EXPECT_EQ(end_of(spawn({.argv = {"sh", "-c", "exit 3"}}).value()), "exited with status 3");
  EXPECT_EQ(end_of(spawn({.argv = {"sh", "-c", "kill -9 $$"}}).value()), "was killed by signal 9 (SIGKILL)");
  const auto sleeper = spawn({.argv = {"sleep", "1000"}}).value();
  EXPECT_FALSE(reap(sleeper.pid));
  kill(sleeper.pid, SIGTERM);
  EXPECT_EQ(end_of(sleeper), "was killed by signal 15 (SIGTERM)");
  EXPECT_EQ(reap(sleeper.pid), "had been reaped already");
}

TEST(Spawn, works_while_other_threads_run_and_spawn) {
  std::array<std::string, 2> texts;
  {
    const OwnedThread other{"lm-test", [&texts](const std::stop_token&) {
                              for (int i = 0; i < 20; ++i) texts[0] += output_of({.argv = {"echo", "x"}});
                            }};
    for (int i = 0; i < 20; ++i) texts[1] += output_of({.argv = {"echo", "y"}});
  }
  EXPECT_EQ(texts[0].size(), 40U);
  EXPECT_EQ(texts[1].size(), 40U);
}

TEST(Spawn, a_child_gets_sigterm_when_its_parent_is_killed) {
  Pipe life;  // end of file when the child's copy is closed
  ForkedHost host{[&life] {
    life.reader.reset();
    if (!spawn({.argv = {"sleep", "1000"}, .inherit_fd = life.writer.get()})) abort();
    life.writer.reset();
  }};
  life.writer.reset();
  pollfd entry{.fd = life.reader.get(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&entry, 1, 0), 0) << "alive with its parent";
  host.kill_now();
  EXPECT_EQ(life.read_all(), "");
  EXPECT_TRUE((entry.revents = 0, poll(&entry, 1, 0) == 1));
}

TEST(Subreaper, adopts_and_reaps_orphans_but_not_whom_it_should_keep) {
  ASSERT_TRUE(become_subreaper());
  Pipe life;
  auto parent = spawn({.argv = {"sh", "-c", "sleep 1000 & echo $!"}, .output_fd = life.writer.get()}).value();
  const auto orphan = static_cast<pid_t>(std::stol(life.read_line()));
  ASSERT_TRUE(wait_readable(parent.pidfd.get()));
  EXPECT_EQ(reap_adopted(std::array{parent.pid}), 0U);
  ASSERT_EQ(read_process(orphan)->parent, getpid());
  kill(orphan, SIGKILL);
  life.read_all();  // closed by its end
  EXPECT_EQ(reap(parent.pid), "exited with status 0");
  for (int tries = 0; tries < 1000 && read_process(orphan); ++tries) {
    if (reap_adopted({}) == 0) std::this_thread::yield();
  }
  EXPECT_FALSE(read_process(orphan));
  prctl(PR_SET_CHILD_SUBREAPER, 0);
}

// Until `done` or ten seconds passed; CPU clocks of running threads advance with the scheduler's tick.
bool eventually(const std::function<bool()>& done) {
  for (const auto deadline = Clock::now() + 10s; Clock::now() < deadline;) {
    if (done()) return true;
  }
  return false;
}

TEST(Usage, cpu_time_grows_with_work_and_memory_is_there) {
  const auto before = usage_of(getpid()).value();
  EXPECT_TRUE(eventually([&] { return usage_of(getpid())->cpu > before.cpu + 5ms; }));
  EXPECT_GT(before.rss_bytes, 100'000U);
  const auto sleeper = spawn({.argv = {"sleep", "1000"}}).value();
  EXPECT_LT(usage_of(sleeper.pid)->cpu, 1s);
  kill(sleeper.pid, SIGKILL);
  end_of(sleeper);
  EXPECT_FALSE(usage_of(sleeper.pid));
}

TEST(Usage, threads_are_told_apart_by_name) {
  const OwnedThread busy{"lm-busy-test", [](const std::stop_token& stop) {
                           while (!stop.stop_requested()) {
                           }
                         }};
  EXPECT_TRUE(eventually([] { return cpu_of_threads(getpid(), "lm-busy-test") > 5ms; }));
  EXPECT_EQ(cpu_of_threads(getpid(), "lm-busy"), 0ns) << "the whole name counts";
  EXPECT_LE(cpu_of_threads(getpid(), "lm-busy-test"), usage_of(getpid())->cpu + 20ms);
}

TEST(Usage, a_thread_name_longer_than_the_kernel_keeps_is_still_found) {
  const OwnedThread busy{"lm-a-name-too-long", [](const std::stop_token& stop) {
                           while (!stop.stop_requested()) {
                           }
                         }};
  EXPECT_TRUE(eventually([] { return cpu_of_threads(getpid(), "lm-a-name-too-long") > 1ms; }));
}

}  // namespace
}  // namespace lumen::link
