#include "host/command_chain.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace lumen::host {
namespace {

using namespace std::chrono_literals;

class CommandChainTest : public testing::Test {
 protected:
  CommandChainTest() {
    std::string name = testing::TempDir() + "chain-XXXXXX";
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    dir_ = name;
  }
  ~CommandChainTest() override { std::filesystem::remove_all(dir_); }
  bool run(std::vector<std::vector<std::string>> commands, Duration limit = 10s) {
    bool result = false;
    CommandChain chain{{.commands = std::move(commands),
                        .environment = {"LUMEN_TEST=yes"},
                        .working_dir = dir_,
                        .limit = limit},
                       *loop_,
                       *log_,
                       [&](bool good) {
                         result = good;
                         loop_->stop();
                       }};
    loop_->run();
    return result;
  }
  std::string text(const char* file) {
    std::ifstream in{dir_ + "/" + file};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

  std::shared_ptr<Logger> log_ = make_null_logger();
  std::unique_ptr<EventLoop> loop_ = EventLoop::create().value();
  std::string dir_;
};

TEST_F(CommandChainTest, commands_run_one_after_the_other_with_folder_and_environment) {
  EXPECT_TRUE(run({{"sh", "-c", "echo $LUMEN_TEST > out"}, {"sh", "-c", "cat out out > twice"}}));
  EXPECT_EQ(text("twice"), "yes\nyes\n");
}

TEST_F(CommandChainTest, nothing_to_run_is_done_at_once) { EXPECT_TRUE(run({})); }

TEST_F(CommandChainTest, a_failure_ends_it) {
  EXPECT_FALSE(run({{"false"}, {"sh", "-c", "echo > after"}}));
  EXPECT_FALSE(std::filesystem::exists(dir_ + "/after"));
}

TEST_F(CommandChainTest, a_program_that_is_not_there_fails) { EXPECT_FALSE(run({{"no-such-program-here"}})); }

TEST_F(CommandChainTest, what_does_not_end_is_killed) {
  const auto begin = SteadyTime{}.now();
  EXPECT_FALSE(run({{"sleep", "60"}}, 50ms));
  EXPECT_LT(SteadyTime{}.now() - begin, 10s);
}

}  // namespace
}  // namespace lumen::host
