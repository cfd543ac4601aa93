#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "codec/convert.hpp"
#include "codec/ffmpeg_handles.hpp"
#include "codec/software.hpp"

namespace lumen::codec {
namespace {

namespace fs = std::filesystem;

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (fs::temp_directory_path() / "lumen-png-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { fs::remove_all(path_); }

  std::string file(const std::string& name) const { return (path_ / name).string(); }
  std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator{path_}, fs::directory_iterator{}));
  }

 private:
  fs::path path_;
};

// Left half red, right half a dark blue; 2 × 2 blocks never mix them.
class TwoColors {
 public:
  explicit TwoColors(PixelFormat format = PixelFormat::nv12, ColorSpace color = {}, std::uint32_t width = 33)
      : pixels_(std::size_t{width} * kHeight * 4),
        pool_{*PicturePool::create(
            {.format = format, .color = color, .width = width, .height = kHeight, .count = 1})},
        lease_{*pool_->try_acquire()} {
    for (std::uint32_t i = 0; i < width * kHeight; ++i) {
      const bool left = i % width < 16;
      const std::array<int, 4> bgrx = left ? std::array{20, 40, 230, 0} : std::array{120, 60, 10, 0};
      for (std::size_t c = 0; c < 4; ++c) pixels_[4 * i + c] = static_cast<std::byte>(bgrx[c]);
    }
    const BorrowedFrame frame{
        .width = width, .height = kHeight, .stride_bytes = std::size_t{width} * 4, .pixels = pixels_.data()};
    EXPECT_TRUE(make_converter()->convert(frame, lease_.picture(), 0, kHeight));
  }

  PictureView view() const {
    const Picture& p = lease_.picture();
    PictureView view{
        .format = p.format, .color = p.color, .width = p.width, .height = p.height, .planes = {}};
    for (std::size_t i = 0; i < p.planes.size(); ++i) {
      view.planes[i] = {p.planes[i].pixels, p.planes[i].stride_bytes};
    }
    return view;
  }

  static constexpr std::uint32_t kHeight = 9;

 private:
  std::vector<std::byte> pixels_;
  std::shared_ptr<PicturePool> pool_;
  PictureLease lease_;
};

FramePtr read_png(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  const std::vector<char> bytes{std::istreambuf_iterator<char>{file}, {}};
  CodecContextPtr context{avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_PNG))};
  PacketPtr packet{av_packet_alloc()};
  FramePtr frame{av_frame_alloc()};
  EXPECT_EQ(avcodec_open2(context.get(), nullptr, nullptr), 0);
  EXPECT_EQ(av_new_packet(packet.get(), static_cast<int>(bytes.size())), 0);
  std::copy(bytes.begin(), bytes.end(), packet->data);
  EXPECT_EQ(avcodec_send_packet(context.get(), packet.get()), 0);
  EXPECT_EQ(avcodec_receive_frame(context.get(), frame.get()), 0);
  return frame;
}

void expect_rgb(const AVFrame& frame, int x, int y, std::array<int, 3> wanted) {
  for (std::size_t c = 0; c < 3; ++c) {
    EXPECT_NEAR(frame.data[0][y * frame.linesize[0] + 3 * x + static_cast<int>(c)], wanted[c], 3)
        << "at " << x << "," << y;
  }
}

TEST(Png, holds_the_pictures_colours_in_each_format_and_colour_space) {
  const TemporaryFolder folder;
  for (const auto format : {PixelFormat::nv12, PixelFormat::i420}) {
    for (const auto matrix : {ColorMatrix::bt601, ColorMatrix::bt709}) {
      for (const auto range : {ColorRange::limited, ColorRange::full}) {
        const TwoColors picture{format, {matrix, range}};
        ASSERT_TRUE(write_png(picture.view(), folder.file("a.png")));
        const auto frame = read_png(folder.file("a.png"));
        ASSERT_EQ(frame->width, 33);
        ASSERT_EQ(frame->height, 9);
        ASSERT_EQ(frame->format, AV_PIX_FMT_RGB24);
        expect_rgb(*frame, 0, 0, {230, 40, 20});
        expect_rgb(*frame, 15, 8, {230, 40, 20});
        expect_rgb(*frame, 16, 0, {10, 60, 120});
        expect_rgb(*frame, 32, 8, {10, 60, 120});
      }
    }
  }
  EXPECT_EQ(folder.entries(), 1U);
}

TEST(Png, a_full_disk_is_an_error_with_errno_and_remedy) {
  const Status status = write_png(TwoColors{}.view(), "/dev/full");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().id, "png.write");
  EXPECT_EQ(status.error().os_errno, ENOSPC);
  EXPECT_THAT(status.error().remedy, testing::HasSubstr("space"));
  EXPECT_FALSE(fs::exists("/dev/full.part"));
}

TEST(Png, a_missing_folder_is_an_error_with_errno) {
  const TemporaryFolder folder;
  const Status status = write_png(TwoColors{}.view(), folder.file("none/a.png"));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().id, "png.write");
  EXPECT_EQ(status.error().os_errno, ENOENT);
  EXPECT_EQ(folder.entries(), 0U);
}

TEST(Png, a_failed_write_leaves_the_old_file_and_nothing_else) {
  const TemporaryFolder folder;
  fs::create_directory(folder.file("a.png"));  // rename() onto a folder fails
  ASSERT_FALSE(write_png(TwoColors{}.view(), folder.file("a.png")));
  EXPECT_TRUE(fs::is_directory(folder.file("a.png")));
  EXPECT_EQ(folder.entries(), 1U);
}

TEST(Png, a_device_is_written_to_and_not_replaced) {
  ASSERT_TRUE(write_png(TwoColors{}.view(), "/dev/null"));
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST(Png, no_picture_is_an_error) { EXPECT_FALSE(write_png({}, "/dev/null")); }

}  // namespace
}  // namespace lumen::codec
