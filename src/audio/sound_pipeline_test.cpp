#include "audio/sound_pipeline.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <vector>

namespace lumen::audio {
namespace {

using namespace std::chrono_literals;

// Plays what the test gives it.
class FakeSource final : public AudioSource {
 public:
  struct Shared {
    Mutex mutex;
    std::condition_variable_any changed;
    std::vector<std::vector<float>> queue LUMEN_GUARDED_BY(mutex);
    std::optional<std::string> trouble LUMEN_GUARDED_BY(mutex);
    std::uint8_t channels LUMEN_GUARDED_BY(mutex) = 0;
    bool woken LUMEN_GUARDED_BY(mutex) = false;

    void play(std::vector<float> samples) LUMEN_EXCLUDES(mutex) {
      const MutexLock lock{mutex};
      queue.push_back(std::move(samples));
      changed.notify_all();
    }
    void say(std::string reason) LUMEN_EXCLUDES(mutex) {
      const MutexLock lock{mutex};
      trouble = std::move(reason);
      woken = true;
      changed.notify_all();
    }
    std::uint8_t asked_channels() LUMEN_EXCLUDES(mutex) {
      const MutexLock lock{mutex};
      return channels;
    }
  };

  explicit FakeSource(std::shared_ptr<Shared> shared) : shared_{std::move(shared)} {}
  void set_channels(std::uint8_t channels) override {
    const MutexLock lock{shared_->mutex};
    shared_->channels = channels;
  }
  void wait(Timestamp until, const OnSamples& on_samples) override {
    std::vector<std::vector<float>> played;
    std::uint8_t channels = 0;
    {
      const MutexLock lock{shared_->mutex};
      const auto ready = [this]() LUMEN_REQUIRES(shared_->mutex) {
        return shared_->woken || !shared_->queue.empty();
      };
      while (!ready() && shared_->changed.wait_until(shared_->mutex, until) != std::cv_status::timeout) {
      }
      shared_->woken = false;
      played = std::exchange(shared_->queue, {});
      trouble_ = shared_->trouble;
      channels = shared_->channels;
    }
    for (const auto& samples : played) on_samples(samples, channels, SteadyTime{}.now());
  }
  void close() override {}
  void wake() noexcept override {
    const MutexLock lock{shared_->mutex};
    shared_->woken = true;
    shared_->changed.notify_all();
  }
  const std::optional<std::string>& trouble() const override { return trouble_; }

 private:
  std::shared_ptr<Shared> shared_;
  std::optional<std::string> trouble_;
};

class SoundPipelineTest : public testing::Test {
 protected:
  struct Packet {
    AudioFormat format;
    std::size_t bytes;
    Timestamp at;
  };

  // Whether `condition` of what has come so far becomes true soon.
  template <class Condition>
  bool becomes(Condition condition) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, 10s, condition);
  }

  std::vector<Packet> packets() {
    const std::scoped_lock lock{mutex_};
    return packets_;
  }
  std::vector<std::string> said() {
    const std::scoped_lock lock{mutex_};
    return said_;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Packet> packets_;
  std::vector<std::string> said_;
  bool takes_ = true;
  std::shared_ptr<FakeSource::Shared> source_ = std::make_shared<FakeSource::Shared>();
  std::shared_ptr<Logger> log_ = make_null_logger();
  SoundPipeline pipeline_{AudioFormat{},
                          std::make_unique<FakeSource>(source_),
                          {.on_packet =
                               [this](const AudioPacketView& packet) {
                                 const std::scoped_lock lock{mutex_};
                                 packets_.push_back({packet.format, packet.bytes.size(), SteadyTime{}.now()});
                                 changed_.notify_all();
                                 return takes_;
                               },
                           .on_sound =
                               [this](const std::string& reason) {
                                 const std::scoped_lock lock{mutex_};
                                 said_.push_back(reason);
                                 changed_.notify_all();
                               }},
                          *log_};
};

TEST_F(SoundPipelineTest, nothing_is_encoded_before_somebody_listens_and_then_at_once) {
  source_->play(std::vector<float>(480));
  source_->say("");
  ASSERT_TRUE(becomes([this] { return !said_.empty(); }));
  EXPECT_EQ(pipeline_.stats().packets, 0U);
  const auto asked = SteadyTime{}.now();
  pipeline_.set_streaming(true);
  ASSERT_TRUE(becomes([this] { return packets_.size() >= 3; }));
  const auto first = packets().front();
  EXPECT_EQ(first.format, AudioFormat{});
  EXPECT_EQ(first.bytes, 60U);
  EXPECT_LT(first.at - asked, 300ms);
}

TEST_F(SoundPipelineTest, silence_flows_while_the_source_has_failed_and_that_is_told_once) {
  source_->say("no PipeWire");
  pipeline_.set_streaming(true);
  ASSERT_TRUE(becomes([this] { return packets_.size() >= 20; }));
  EXPECT_GE(pipeline_.stats().silent, 19U);
  source_->say("no PipeWire");
  source_->say("");
  ASSERT_TRUE(becomes([this] { return said_.size() >= 2; }));
  EXPECT_EQ(said(), (std::vector<std::string>{"no PipeWire", ""}));
}

TEST_F(SoundPipelineTest, sound_is_sent_as_it_comes) {
  pipeline_.set_streaming(true);
  ASSERT_TRUE(becomes([this] { return !packets_.empty(); }));
  const auto sound = [this] { return pipeline_.stats().packets - pipeline_.stats().silent; };
  for (int i = 0; i < 20; ++i) source_->play(std::vector<float>(std::size_t{2} * 120, 0.5F));
  EXPECT_TRUE(becomes([&] { return sound() >= 10; }));
}

TEST_F(SoundPipelineTest, another_layout_asks_the_source_for_it_and_packets_say_so) {
  pipeline_.set_streaming(true);
  ASSERT_TRUE(becomes([this] { return !packets_.empty(); }));
  EXPECT_EQ(source_->asked_channels(), 2);
  const AudioFormat surround{6, AudioQuality::high, 5};
  pipeline_.set_format(surround);
  ASSERT_TRUE(becomes([&] { return packets_.back().format == surround; }));
  EXPECT_EQ(packets().back().bytes, 960U);
  EXPECT_EQ(source_->asked_channels(), 6);
  pipeline_.set_format({3, AudioQuality::normal, 5});
  const auto count = packets().size();
  ASSERT_TRUE(becomes([&] { return packets_.size() > count + 3; }));
  EXPECT_EQ(packets().back().format, surround) << "nonsense is ignored";
}

TEST_F(SoundPipelineTest, when_nobody_listens_any_more_packets_end) {
  pipeline_.set_streaming(true);
  ASSERT_TRUE(becomes([this] { return packets_.size() >= 3; }));
  pipeline_.set_streaming(false);
  source_->say("heard after the wish");
  ASSERT_TRUE(becomes([this] { return !said_.empty(); }));
  const auto count = pipeline_.stats().packets.load();
  source_->say("and a round later");
  ASSERT_TRUE(becomes([this] { return said_.size() >= 2; }));
  EXPECT_EQ(pipeline_.stats().packets, count);
}

TEST_F(SoundPipelineTest, packets_nobody_takes_are_counted) {
  {
    const std::scoped_lock lock{mutex_};
    takes_ = false;
  }
  pipeline_.set_streaming(true);
  ASSERT_TRUE(becomes([this] { return packets_.size() >= 4; }));
  EXPECT_GE(pipeline_.stats().refused, 3U);
  EXPECT_EQ(pipeline_.stats().packets, 0U);
}

}  // namespace
}  // namespace lumen::audio
