#include "client/recorder.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

namespace lumen::client {
namespace {

AccessUnit unit(PictureKind kind, const std::string& bytes, Codec codec = Codec::h264) {
  AccessUnit it{.codec = codec, .kind = kind};
  for (const char c : bytes) it.bytes.push_back(static_cast<std::byte>(c));
  return it;
}

class RecorderToAFile : public testing::Test {
 protected:
  void SetUp() override { make(path_); }
  void make(const std::string& path) {
    auto made = Recorder::create(path, *log_);
    ASSERT_TRUE(made) << describe(made.error());
    recorder_ = std::move(*made);
  }
  std::string written() {
    recorder_.reset();
    std::ifstream file{path_, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
  }

  std::string path_ = testing::TempDir() + "lumen-recorder-test.h264";
  std::shared_ptr<Logger> log_ = make_null_logger();
  std::unique_ptr<Recorder> recorder_;
};

TEST_F(RecorderToAFile, begins_with_a_key_frame_and_keeps_the_order) {
  recorder_->add(unit(PictureKind::delta, "lost"));
  recorder_->add(unit(PictureKind::idr, "one"));
  recorder_->add(unit(PictureKind::delta, "two"));
  recorder_->add(unit(PictureKind::delta, "three"));
  EXPECT_EQ(written(), "onetwothree");
}

TEST_F(RecorderToAFile, another_codec_ends_it_by_name) {
  recorder_->add(unit(PictureKind::idr, "one"));
  recorder_->add(unit(PictureKind::idr, "two", Codec::av1));
  while (!recorder_->facts().failure) std::this_thread::yield();
  EXPECT_EQ(recorder_->facts().failure->id, "record.codec-changed");
  EXPECT_EQ(recorder_->facts().units, 1U);
  EXPECT_EQ(written(), "one");
}

TEST_F(RecorderToAFile, a_disk_that_is_full_is_named_and_nobody_waits_for_it) {
  make("/dev/full");
  for (int i = 0; i < 10; ++i) recorder_->add(unit(PictureKind::idr, "x"));
  while (!recorder_->facts().failure) std::this_thread::yield();
  EXPECT_EQ(recorder_->facts().failure->id, "record.disk-full");
  recorder_->add(unit(PictureKind::idr, "x"));
  EXPECT_EQ(recorder_->facts().units, 0U);
}

TEST_F(RecorderToAFile, what_the_disk_cannot_take_is_left_out_up_to_a_key_frame) {
  const std::string large(Recorder::kMaxWaitingBytes + 1, 'x');
  recorder_->add(unit(PictureKind::idr, "one"));
  recorder_->add(unit(PictureKind::delta, large));
  recorder_->add(unit(PictureKind::delta, "refers to what is missing"));
  recorder_->add(unit(PictureKind::idr, "two"));
  EXPECT_EQ(recorder_->facts().left_out, 2U);
  EXPECT_EQ(written(), "onetwo");
}

TEST(Recorder, a_place_where_nothing_can_be_written_is_an_error) {
  const auto log = make_null_logger();
  const auto made = Recorder::create("/nonexistent/folder/file.h264", *log);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().id, "record.open");
}

}  // namespace
}  // namespace lumen::client
