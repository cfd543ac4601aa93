#include "lumen1/control/frame.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "crypto/digest.hpp"

namespace lumen::lumen1::control {
namespace {

using Buffer = std::vector<std::byte>;

Buffer from_hex(std::string_view digits) { return crypto::from_hex(digits).value(); }

struct Frame {
  std::uint16_t type = 0;
  Buffer body;
  bool operator==(const Frame&) const = default;
};

Buffer stream_of(const std::vector<Frame>& frames) {
  Buffer bytes;
  for (const auto& frame : frames) {
    Buffer head(6);
    ByteWriter out{head};
    out.little(static_cast<std::uint32_t>(frame.body.size() + 2));
    out.little(frame.type);
    bytes.insert(bytes.end(), head.begin(), head.end());
    bytes.insert(bytes.end(), frame.body.begin(), frame.body.end());
  }
  return bytes;
}

// All frames of `bytes`, given `step` bytes at a time.
std::vector<Frame> read_all(FrameReader& reader, ByteView bytes, std::size_t step) {
  std::vector<Frame> frames;
  while (!bytes.empty()) {
    auto part = bytes.first(std::min(step, bytes.size()));
    bytes = bytes.subspan(part.size());
    while (const auto frame = reader.next(part)) {
      frames.push_back({frame->type, {frame->body.begin(), frame->body.end()}});
    }
  }
  return frames;
}

TEST(FrameReader, reads_frames_wherever_the_stream_is_cut) {
  const std::vector<Frame> frames{{0x21, from_hex("0102030405")}, {0x12, {}}, {0xFFFF, Buffer(300)}};
  const auto bytes = stream_of(frames);
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    FrameReader reader;
    EXPECT_EQ(read_all(reader, bytes, step), frames) << step;
    EXPECT_FALSE(reader.is_broken());
  }
}

TEST(FrameReader, reads_the_longest_frame_there_may_be) {
  const std::vector<Frame> frames{{1, Buffer(kMaxFrameBytes - kTypeBytes, std::byte{7})}};
  FrameReader reader;
  EXPECT_EQ(read_all(reader, stream_of(frames), 1000), frames);
}

class BadLength : public testing::TestWithParam<const char*> {};

TEST_P(BadLength, breaks_the_stream_for_good) {
  FrameReader reader;
  auto bytes = from_hex(GetParam());
  bytes.resize(20);
  EXPECT_TRUE(read_all(reader, bytes, 1).empty());
  EXPECT_TRUE(reader.is_broken());
  EXPECT_TRUE(read_all(reader, stream_of({{1, {}}}), 100).empty());
}

INSTANTIATE_TEST_SUITE_P(All, BadLength, testing::Values("00000000", "01000000", "01000100", "ffffffff"));

TEST(FrameReader, what_comes_before_a_bad_length_is_read) {
  auto bytes = stream_of({{1, {}}, {2, {}}});
  bytes.resize(bytes.size() + 4);
  FrameReader reader;
  EXPECT_EQ(read_all(reader, bytes, 100).size(), 2U);
  EXPECT_TRUE(reader.is_broken());
}

RC_GTEST_PROP(FrameReaderProperty, gives_what_was_written_however_it_arrives, ()) {
  std::vector<Frame> frames(*rc::gen::inRange<std::size_t>(0, 8));
  for (auto& frame : frames) {
    frame.type = *rc::gen::arbitrary<std::uint16_t>();
    frame.body.resize(*rc::gen::inRange<std::size_t>(0, 500));
  }
  const auto bytes = stream_of(frames);
  FrameReader reader;
  RC_ASSERT(read_all(reader, bytes, *rc::gen::inRange<std::size_t>(1, 700)) == frames);
}

}  // namespace
}  // namespace lumen::lumen1::control
