#include "stream/picture/picture_pipeline.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <array>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

namespace lumen::stream {
namespace {

using namespace std::chrono_literals;

// Writes each converted row's number of conversions into the luma plane, so that tests see what was redone.
class CountingConverter final : public ColorConverter {
 public:
  Status convert(const BorrowedFrame& frame, const Picture& out, std::uint32_t first_row,
                 std::uint32_t end_row) override {
    for (auto y = first_row; y < end_row; ++y) {
      out.planes[0].pixels[y * out.planes[0].stride_bytes] = frame.pixels[y * frame.stride_bytes];
    }
    return {};
  }
};

// An access unit is the first luma byte of every row.
class RowEncoder final : public VideoEncoder {
 public:
  explicit RowEncoder(EncoderConfig config, std::atomic<std::uint64_t>* bitrate = nullptr)
      : config_{std::move(config)}, bitrate_{bitrate} {
    if (bitrate_ != nullptr) *bitrate_ = config_.bitrate.value;
  }
  const EncoderDescription& description() const override { return description_; }
  Result<AccessUnitView> encode(const CapturedFrame& frame, FrameId id, bool force_idr) override {
    const auto& picture = frame.picture.picture();
    bytes_.clear();
    for (std::uint32_t y = 0; y < picture.height; ++y) {
      bytes_.push_back(picture.planes[0].pixels[y * picture.planes[0].stride_bytes]);
    }
    const auto kind = force_idr || !started_ ? PictureKind::idr : PictureKind::delta;
    started_ = true;
    return AccessUnitView{id, config_.codec, kind, picture.width, picture.height, bytes_, {}};
  }
  Status set_bitrate(BitsPerSecond bitrate) override {
    if (bitrate_ != nullptr) *bitrate_ = bitrate.value;
    return {};
  }

 private:
  EncoderConfig config_;
  std::atomic<std::uint64_t>* bitrate_;
  EncoderDescription description_{"rows", "test"};
  std::vector<std::byte> bytes_;
  bool started_ = false;
};

class PicturePipelineTest : public testing::Test {
 protected:
  static constexpr std::uint32_t kWidth = 64, kHeight = 64;

  PictureParams params() {
    return {.mode = {kWidth, kHeight, 100'000},
            .encoding = {.bitrate_kbps = 1'000},
            .make_encoder = [this](const EncoderConfig& config) -> Result<std::unique_ptr<VideoEncoder>> {
              ++encoders_;
              return std::make_unique<RowEncoder>(config);
            },
            .converter = std::make_unique<CountingConverter>(),
            .events = {.on_encoder = [](const Mode&, std::uint32_t, const EncoderDescription&) {},
                       .on_failed = [](const Error&) {}}};
  }

  struct Got {
    std::vector<std::byte> rows;
    PictureKind kind;
    std::uint64_t id;
    StageTimes times;
    Codec codec;
  };
  Got next() {
    pollfd waiter{ring_.doorbell_fd(), POLLIN, 0};
    for (;;) {
      if (const auto unit = ring_.peek()) {
        Got got{
            {unit->bytes.begin(), unit->bytes.end()}, unit->kind, unit->id.value, unit->times, unit->codec};
        ring_.release();
        return got;
      }
      EXPECT_EQ(poll(&waiter, 1, 5'000), 1) << "no access unit came";
      ring_.drain_doorbell();
    }
  }

  BorrowedFrame frame(std::byte value, std::span<const Rect> damage = {}, std::uint32_t height = kHeight) {
    pixels_.assign(std::size_t{kWidth} * 4 * height, value);
    return {.width = kWidth,
            .height = height,
            .stride_bytes = kWidth * 4,
            .pixels = pixels_.data(),
            .damage = damage,
            .presented = SteadyTime{}.now()};
  }

  link::SharedRing ring_ = link::SharedRing::create().value();
  std::shared_ptr<Logger> log_ = make_null_logger();
  std::vector<std::byte> pixels_;
  std::atomic<int> encoders_{0};
};

TEST_F(PicturePipelineTest, a_limit_changes_the_bitrate_without_an_idr_and_outlives_the_encoder) {
  std::atomic<std::uint64_t> bitrate{0};
  auto wanted = params();
  wanted.make_encoder = [&](const EncoderConfig& config) -> Result<std::unique_ptr<VideoEncoder>> {
    return std::make_unique<RowEncoder>(config, &bitrate);
  };
  PicturePipeline pipeline{std::move(wanted), ring_, *log_};
  pipeline.set_streaming(true);
  pipeline.on_frame(frame(std::byte{1}));
  EXPECT_EQ(next().kind, PictureKind::idr);
  EXPECT_EQ(bitrate, 1'000'000U);
  const auto after = [&](std::uint32_t limit, std::byte fill) {
    pipeline.limit_bitrate(limit);
    pipeline.on_frame(frame(fill));
    auto got = next();
    while (got.rows.front() != fill) got = next();
    return got.kind;
  };
  EXPECT_EQ(after(400, std::byte{2}), PictureKind::delta);
  EXPECT_EQ(bitrate, 400'000U);
  EXPECT_EQ(after(4'000, std::byte{3}), PictureKind::delta);
  EXPECT_EQ(bitrate, 1'000'000U) << "no more than it was configured for";
  EXPECT_EQ(after(300, std::byte{4}), PictureKind::delta);
  pipeline.set_encoding({.bitrate_kbps = 2'000});
  EXPECT_EQ(after(300, std::byte{5}), PictureKind::idr);
  EXPECT_EQ(bitrate, 300'000U);
  EXPECT_EQ(after(0, std::byte{6}), PictureKind::delta);
  EXPECT_EQ(bitrate, 2'000'000U);
}

TEST_F(PicturePipelineTest, another_encoding_reopens_the_encoder_and_begins_with_an_idr) {
  auto wanted = params();
  std::mutex mutex;
  std::condition_variable opened;
  int answers = 0;
  EncoderConfig last;
  wanted.make_encoder = [&](const EncoderConfig& config) -> Result<std::unique_ptr<VideoEncoder>> {
    last = config;
    return std::make_unique<RowEncoder>(config);
  };
  std::uint32_t answered_id = 0;
  wanted.events.on_encoder = [&](const Mode&, std::uint32_t id, const EncoderDescription&) {
    const std::lock_guard lock{mutex};
    answered_id = id;
    ++answers;
    opened.notify_one();
  };
  const auto wait_for = [&](int count) {
    std::unique_lock lock{mutex};
    return opened.wait_for(lock, std::chrono::seconds{5}, [&] { return answers >= count; });
  };
  PicturePipeline pipeline{std::move(wanted), ring_, *log_};
  ASSERT_TRUE(wait_for(1));
  const Encoding encoding{.color = {ColorMatrix::bt601, ColorRange::full},
                          .bitrate_kbps = 7'000,
                          .slices = 4,
                          .max_references = 1};
  pipeline.set_encoding(encoding);  // also while nobody watches
  ASSERT_TRUE(wait_for(2));
  EXPECT_EQ(last.bitrate.value, 7'000'000U);
  EXPECT_EQ(last.color, encoding.color);
  EXPECT_EQ(last.slices, 4U);
  EXPECT_EQ(last.max_references, 1U);
  pipeline.set_streaming(true);
  pipeline.on_frame(frame(std::byte{1}));
  EXPECT_EQ(next().kind, PictureKind::idr);
  pipeline.on_frame(frame(std::byte{2}));
  EXPECT_EQ(next().kind, PictureKind::delta);
  pipeline.set_encoding({.bitrate_kbps = 5'000});  // other colours: what was converted is of no use
  ASSERT_TRUE(wait_for(3));
  pipeline.on_frame(frame(std::byte{3}));
  EXPECT_EQ(next().kind, PictureKind::idr);
  pipeline.set_encoding({.bitrate_kbps = 5'000, .id = 7});  // the same: answered, nothing reopened
  ASSERT_TRUE(wait_for(4));
  EXPECT_EQ(answered_id, 7U);
  pipeline.on_frame(frame(std::byte{4}));
  EXPECT_EQ(next().kind, PictureKind::delta);
  for (const auto codec : {Codec::hevc, Codec::av1}) {
    pipeline.set_encoding({.codec = codec, .bitrate_kbps = 5'000});
    ASSERT_TRUE(wait_for(4 + static_cast<int>(codec) - 1));
    pipeline.on_frame(frame(std::byte{5}));
    auto got = next();
    for (int repeats = 0; got.codec != codec && repeats < 50; ++repeats)
      got = next();  // of the still picture before
    EXPECT_EQ(got.codec, codec);
    EXPECT_EQ(got.kind, PictureKind::idr);
  }
}

TEST_F(PicturePipelineTest, first_picture_is_an_idr_and_ids_count_up) {
  PicturePipeline pipeline{params(), ring_, *log_};
  pipeline.set_streaming(true);
  pipeline.on_frame(frame(std::byte{1}));
  const auto first = next();
  EXPECT_EQ(first.kind, PictureKind::idr);
  EXPECT_EQ(first.id, 1U);
  EXPECT_LE(first.times.presented, first.times.captured);
  EXPECT_LE(first.times.captured, first.times.encode_begin);
  EXPECT_LE(first.times.encode_begin, first.times.encode_end);
  pipeline.on_frame(frame(std::byte{2}));
  const auto second = next();
  EXPECT_EQ(second.kind, PictureKind::delta);
  EXPECT_EQ(second.id, 2U);
}

TEST_F(PicturePipelineTest, damaged_rows_reach_every_picture_of_the_pool) {
  PicturePipeline pipeline{params(), ring_, *log_};
  pipeline.set_streaming(true);
  pipeline.on_frame(frame(std::byte{1}));
  next();
  const std::array damage{Rect{0, 11, 64, 2}};
  for (int i = 2; i < 12; ++i) {
    pipeline.on_frame(frame(static_cast<std::byte>(i), damage));
    Got got = next();
    while (got.rows[11] != static_cast<std::byte>(i)) got = next();  // a repeat of the one before may come
    EXPECT_EQ(got.rows[12], static_cast<std::byte>(i));
  }
}

TEST_F(PicturePipelineTest, a_still_desktop_answers_an_idr_request) {
  PicturePipeline pipeline{params(), ring_, *log_};
  pipeline.set_streaming(true);
  pipeline.on_frame(frame(std::byte{1}));
  next();
  pipeline.request_idr();
  Got got = next();
  for (int i = 0; i < 3 && got.kind != PictureKind::idr; ++i) got = next();
  EXPECT_EQ(got.kind, PictureKind::idr);
  EXPECT_EQ(got.rows[0], std::byte{1});
}

TEST_F(PicturePipelineTest, a_still_desktop_is_repeated) {
  PicturePipeline pipeline{params(), ring_, *log_};
  pipeline.set_streaming(true);
  pipeline.on_frame(frame(std::byte{1}));
  next();
  EXPECT_EQ(next().kind, PictureKind::delta);
  EXPECT_EQ(next().kind, PictureKind::delta);
}

TEST_F(PicturePipelineTest, a_new_size_reopens_the_encoder) {
  PicturePipeline pipeline{params(), ring_, *log_};
  pipeline.set_streaming(true);
  pipeline.on_frame(frame(std::byte{1}));
  next();
  pipeline.on_frame(frame(std::byte{2}, {}, 96));
  Got got = next();
  while (got.rows.size() != 96) got = next();
  EXPECT_EQ(got.kind, PictureKind::idr);
  EXPECT_EQ(encoders_, 2);
}

TEST_F(PicturePipelineTest, nothing_is_encoded_without_a_client) {
  PicturePipeline pipeline{params(), ring_, *log_};
  pipeline.on_frame(frame(std::byte{1}));
  EXPECT_EQ(pipeline.stats().captured, 0U);
  EXPECT_EQ(pipeline.stats().encoded, 0U);
  pipeline.set_streaming(true);
  pipeline.on_frame(frame(std::byte{5}));
  EXPECT_EQ(next().rows[63], std::byte{5});
}

TEST_F(PicturePipelineTest, a_full_ring_leads_to_an_idr) {
  PicturePipeline pipeline{params(), ring_, *log_};
  pipeline.set_streaming(true);
  for (int i = 0; i < 20 && pipeline.stats().dropped_full == 0; ++i) {
    const auto before = pipeline.stats().encoded.load();
    pipeline.on_frame(frame(static_cast<std::byte>(i)));
    while (pipeline.stats().encoded == before) std::this_thread::yield();
  }
  ASSERT_GT(pipeline.stats().dropped_full, 0U);
  for (std::size_t i = 0; i < link::kSlots; ++i) next();
  pipeline.on_frame(frame(std::byte{99}));
  EXPECT_EQ(next().kind, PictureKind::idr);
}

TEST_F(PicturePipelineTest, a_refused_encoder_is_reported) {
  std::promise<std::string> reported;
  auto broken = params();
  broken.make_encoder = [](const EncoderConfig&) -> Result<std::unique_ptr<VideoEncoder>> {
    return fail(ErrorCode::unsupported, "encoder.mode", "no");
  };
  broken.events.on_failed = [&](const Error& error) { reported.set_value(std::string{error.id}); };
  PicturePipeline pipeline{std::move(broken), ring_, *log_};
  pipeline.set_streaming(true);
  pipeline.on_frame(frame(std::byte{1}));
  EXPECT_EQ(reported.get_future().get(), "encoder.mode");
}

// A picture of a GPU's, for looking at who has it.
class FakeDevicePicture final : public DevicePicture {
 public:
  std::uint32_t width() const override { return 64; }
  std::uint32_t height() const override { return 64; }
  ColorSpace color() const override { return color_space; }
  const void* device() const override { return nullptr; }
  Status download(const Picture&) override { return {}; }
  ColorSpace color_space;
  std::atomic<int> given_back{0};

 private:
  void give_back() noexcept override { ++given_back; }
};

TEST_F(PicturePipelineTest, a_picture_of_the_gpus_goes_to_the_encoder_as_it_is_and_back_after_the_next) {
  FakeDevicePicture first, second;
  {
    PicturePipeline pipeline{params(), ring_, *log_};
    pipeline.set_streaming(true);
    for (auto* picture : {&first, &second}) {
      DeviceLease lease{picture};
      auto shown = frame(std::byte{0});
      shown.pixels = nullptr;
      shown.device = &lease;
      pipeline.on_frame(shown);
      EXPECT_EQ(lease, nullptr);  // taken
      next();
    }
    EXPECT_EQ(first.given_back, 1);
    EXPECT_EQ(second.given_back, 0);  // a still desktop is encoded again
  }
  EXPECT_EQ(second.given_back, 1);
}

TEST_F(PicturePipelineTest, after_pictures_of_the_gpus_one_of_the_cpus_is_converted_whole) {
  PicturePipeline pipeline{params(), ring_, *log_};
  pipeline.set_streaming(true);
  pipeline.on_frame(frame(std::byte{1}));
  next();
  FakeDevicePicture picture;
  DeviceLease lease{&picture};
  auto shown = frame(std::byte{0});
  shown.device = &lease;
  pipeline.on_frame(shown);
  next();
  const std::array damage{Rect{0, 10, 8, 2}};
  pipeline.on_frame(frame(std::byte{7}, damage));
  EXPECT_EQ(next().rows, std::vector<std::byte>(kHeight, std::byte{7}));
}

TEST_F(PicturePipelineTest, an_encoder_that_another_took_the_place_of_is_told_anew) {
  class Changing final : public VideoEncoder {
   public:
    const EncoderDescription& description() const override { return failed_ ? after_ : before_; }
    Result<AccessUnitView> encode(const CapturedFrame&, FrameId id, bool) override {
      failed_ = id.value > 1;
      return AccessUnitView{
          .id = id, .kind = PictureKind::idr, .width = 64, .height = 64, .bytes = bytes_, .times = {}};
    }
    Status set_bitrate(BitsPerSecond) override { return {}; }

   private:
    const EncoderDescription before_{"GPU", ""}, after_{"software", ""};
    const std::array<std::byte, 1> bytes_{std::byte{1}};
    bool failed_ = false;
  };
  auto wanted = params();
  wanted.make_encoder = [](const EncoderConfig&) -> Result<std::unique_ptr<VideoEncoder>> {
    return std::make_unique<Changing>();
  };
  std::mutex mutex;
  std::vector<std::string> told;
  wanted.events.on_encoder = [&](const Mode&, std::uint32_t, const EncoderDescription& description) {
    const std::lock_guard lock{mutex};
    told.push_back(description.name);
  };
  PicturePipeline pipeline{std::move(wanted), ring_, *log_};
  pipeline.set_streaming(true);
  for (int picture = 0; picture < 3; ++picture) {
    pipeline.on_frame(frame(std::byte{1}));
    next();
  }
  const std::lock_guard lock{mutex};
  EXPECT_EQ(told, (std::vector<std::string>{"GPU", "software"}));
}

}  // namespace
}  // namespace lumen::stream
