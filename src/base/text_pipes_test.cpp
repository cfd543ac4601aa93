#include "base/text_pipes.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace lumen {
namespace {

using namespace std::chrono_literals;

struct Pipe {
  UniqueFd from, to;
};
Pipe make_pipe() {
  std::array<int, 2> fds{};
  EXPECT_EQ(::pipe2(fds.data(), O_CLOEXEC), 0);
  return {UniqueFd{fds[0]}, UniqueFd{fds[1]}};
}

class TextPipes : public testing::Test {
 protected:
  // Runs until the reader has ended.
  std::optional<std::string> read(UniqueFd from, std::size_t most = 1'000'000, Duration patience = 20s) {
    std::optional<std::string> result;
    TextReader reader{std::move(from),
                      {.most_bytes = most,
                       .patience = patience,
                       .on_end =
                           [&](std::optional<std::string> text) {
                             result = std::move(text);
                             loop_->stop();
                           }},
                      *loop_};
    loop_->run();
    return result;
  }
  std::unique_ptr<EventLoop> loop_ = EventLoop::create().value();
};

TEST_F(TextPipes, a_text_larger_than_a_pipe_arrives_whole) {
  auto pipe = make_pipe();
  const auto text = std::make_shared<const std::string>(500'000, 'x');
  TextWriters writers{*loop_};
  writers.write(std::move(pipe.to), text);
  EXPECT_EQ(read(std::move(pipe.from)), *text);
}

TEST_F(TextPipes, a_text_that_is_too_long_or_never_ends_is_none) {
  auto pipe = make_pipe();
  TextWriters writers{*loop_};
  writers.write(std::move(pipe.to), std::make_shared<const std::string>(1001, 'x'));
  EXPECT_EQ(read(std::move(pipe.from), 1000), std::nullopt);
  auto silent = make_pipe();
  EXPECT_EQ(read(std::move(silent.from), 1000, 1ms), std::nullopt);
}

TEST_F(TextPipes, whoever_stops_reading_harms_nobody) {
  ASSERT_NE(::signal(SIGPIPE, SIG_DFL), SIG_ERR);
  auto pipe = make_pipe();
  TextWriters writers{*loop_};
  std::optional<bool> good;
  writers.write(std::move(pipe.to), std::make_shared<const std::string>(500'000, 'x'), [&](bool all) {
    good = all;
    loop_->stop();
  });
  pipe.from.reset();
  loop_->run();
  EXPECT_EQ(good, false);
}

TEST_F(TextPipes, whoever_makes_its_end_block_blocks_itself_alone) {
  auto pipe = make_pipe();
  const UniqueFd theirs{::fcntl(pipe.to.get(), F_DUPFD_CLOEXEC, 0)};  // shares its flags
  TextWriters writers{*loop_, 20ms};
  std::optional<bool> good;
  writers.write(std::move(pipe.to), std::make_shared<const std::string>(500'000, 'x'), [&](bool all) {
    good = all;
    loop_->stop();
  });
  ASSERT_EQ(::fcntl(theirs.get(), F_SETFL, 0), 0);
  loop_->run();
  EXPECT_EQ(good, false) << "given up in time";
}

TEST_F(TextPipes, nothing_is_written_into_what_is_no_pipe) {
  std::array<int, 2> fds{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()), 0);
  const UniqueFd theirs{fds[0]};
  TextWriters writers{*loop_};
  std::optional<bool> good;
  writers.write(UniqueFd{fds[1]}, std::make_shared<const std::string>("text"), [&](bool all) { good = all; });
  EXPECT_EQ(good, false);
}

TEST_F(TextPipes, whoever_never_reads_is_given_up_and_too_many_get_nothing) {
  TextWriters writers{*loop_, 20ms};
  const auto text = std::make_shared<const std::string>(500'000, 'x');
  std::vector<Pipe> pipes(TextWriters::kMost + 1);
  std::vector<bool> ends;
  for (auto& pipe : pipes) {
    pipe = make_pipe();
    writers.write(std::move(pipe.to), text, [&](bool all) {
      ends.push_back(all);
      if (ends.size() == pipes.size()) loop_->stop();
    });
  }
  EXPECT_EQ(ends, std::vector<bool>{false}) << "the last one";
  loop_->run();
  EXPECT_EQ(ends, std::vector<bool>(pipes.size(), false));
}

}  // namespace
}  // namespace lumen
