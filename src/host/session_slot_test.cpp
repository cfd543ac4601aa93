// A slot with a stand-in for its session process.
#include "host/session_slot.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>

namespace lumen::host {
namespace {

using namespace std::chrono_literals;

constexpr AudioFormat kStereo{}, kSurround{6, AudioQuality::high, 10};
const Mode kMode{.width = 1280, .height = 720, .refresh_mhz = 60'000};

class SessionSlotTest : public testing::Test {
 protected:
  SessionSlotTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "lumen-slot-XXXXXX";
    dir_ = mkdtemp(pattern.data());
  }
  ~SessionSlotTest() override {
    slot_.reset();
    std::filesystem::remove_all(dir_);
  }

  void open(std::optional<AudioFormat> audio) {
    SlotEvents events{.on_ring = [this](auto ring) { has_ring_ = ring != nullptr; },
                      .on_state = [](SlotState, const std::string&) {},
                      .on_ready = [](const link::Ready&) {},
                      .on_mode = [](const link::ModeChanged&) {}};
    if (audio) {
      events.on_audio_ring = [this](auto ring) {
        ring_ = std::move(ring);
        packets_.clear();
      };
      events.on_sound = [this](const link::SoundState& sound) { said_.push_back(sound.reason); };
    }
    slot_ = std::make_unique<SessionSlot>(SlotParams{.program = LUMEN_TEST_SESSION,
                                                     .command = {"true"},
                                                     .runtime_dir = dir_ + "/session-0",
                                                     .marker = link::make_marker(dir_),
                                                     .audio = audio,
                                                     .log_level = "off"},
                                          std::move(events), *loop_, port_, *log_);
  }

  template <class Condition>
  bool becomes(Condition condition) {
    const auto deadline = SteadyTime{}.now() + 10s;
    while (!condition() && SteadyTime{}.now() < deadline) {
      loop_->call_at(SteadyTime{}.now() + 10ms, [this] { loop_->stop(); });
      loop_->run();
      take_packets();
    }
    return condition();
  }
  void take_packets() {
    while (const auto packet = ring_ ? ring_->peek() : std::nullopt) {
      packets_.push_back(packet->format);
      ring_->release();
    }
  }
  bool said(const std::string& what) const { return std::ranges::find(said_, what) != said_.end(); }

  std::string dir_;
  std::shared_ptr<Logger> log_ = make_null_logger();
  std::unique_ptr<EventLoop> loop_ = EventLoop::create().value();
  SessionPort port_;
  std::shared_ptr<link::AudioRing> ring_;
  bool has_ring_ = false;
  std::vector<AudioFormat> packets_;
  std::vector<std::string> said_;
  std::unique_ptr<SessionSlot> slot_;
};

TEST_F(SessionSlotTest, sound_comes_in_the_format_it_was_asked_for_and_in_the_next) {
  open(kSurround);
  slot_->client_wants(kMode, {.drawn = true});
  ASSERT_TRUE(becomes([this] { return !packets_.empty(); }));
  EXPECT_EQ(packets_.back(), kSurround);
  EXPECT_TRUE(becomes([this] { return said("4 descriptors"); }));
  slot_->set_audio(kStereo);
  EXPECT_TRUE(becomes([this] { return packets_.back() == kStereo; }));
}

TEST_F(SessionSlotTest, sound_is_wanted_only_while_a_client_is_there) {
  open(kStereo);
  slot_->prepare(kMode);
  ASSERT_TRUE(becomes([this] { return said("off"); }));
  EXPECT_FALSE(said("on"));
  slot_->client_wants(kMode, {.drawn = true});
  ASSERT_TRUE(becomes([this] { return said("on"); }));
  said_.clear();
  slot_->client_gone();
  EXPECT_TRUE(becomes([this] { return said("off"); }));
}

TEST_F(SessionSlotTest, a_session_that_is_started_again_has_a_ring_of_its_own_and_keeps_the_format) {
  open(kStereo);
  slot_->client_wants(kMode, {.drawn = true});
  ASSERT_TRUE(becomes([this] { return !packets_.empty(); }));
  slot_->set_audio(kSurround);
  ASSERT_TRUE(becomes([this] { return packets_.back() == kSurround; }));
  const auto first = ring_;
  port_.send(link::RequestIdr{});
  ASSERT_TRUE(becomes([this] { return slot_->restarts() == 1 && !packets_.empty(); }));
  EXPECT_NE(ring_, first);
  EXPECT_EQ(packets_.front(), kSurround);
}

TEST_F(SessionSlotTest, who_is_gone_or_another_has_the_pointer_apart_no_more) {
  open(kStereo);
  slot_->client_wants(kMode, {.apart = true});
  ASSERT_TRUE(becomes([this] { return said("pointer apart"); }));
  for (const auto& end :
       {std::function<void()>{[this] { slot_->client_gone(); }}, {[this] { slot_->forget_pointer(); }}}) {
    said_.clear();
    end();
    ASSERT_TRUE(becomes([this] { return said("pointer in the picture"); }));
    EXPECT_FALSE(said("pointer apart"));
    slot_->client_wants(kMode, {.apart = true});  // the same as before, of another
    ASSERT_TRUE(becomes([this] { return said("pointer apart"); }));
  }
}

TEST_F(SessionSlotTest, the_same_wish_for_the_pointer_is_told_once) {
  open(kStereo);
  slot_->client_wants(kMode, {.apart = true});
  ASSERT_TRUE(becomes([this] { return said("pointer apart"); }));
  said_.clear();
  slot_->client_wants({.width = 640, .height = 480, .refresh_mhz = 60'000}, {.apart = true});
  slot_->client_wants(kMode, {.apart = true});
  slot_->client_wants(kMode, {.drawn = true});
  ASSERT_TRUE(becomes([this] { return said("pointer in the picture"); }));
  EXPECT_FALSE(said("pointer apart"));
}

TEST_F(SessionSlotTest, when_the_slot_ends_its_ring_is_taken_back) {
  open(kStereo);
  slot_->client_wants(kMode, {.drawn = true});
  ASSERT_TRUE(becomes([this] { return ring_ != nullptr; }));
  slot_.reset();
  EXPECT_EQ(ring_, nullptr);
}

TEST_F(SessionSlotTest, a_slot_without_sound_never_speaks_of_it) {
  open(std::nullopt);
  slot_->client_wants(kMode, {.drawn = true});
  ASSERT_TRUE(becomes([this] { return has_ring_; }));
  slot_->set_audio(kSurround);
  const auto pid = slot_->pid();
  // The stand-in says at once how many descriptors came: a slot that passed it on would call nothing.
  const auto until = SteadyTime{}.now() + 200ms;
  becomes([&] { return SteadyTime{}.now() > until; });
  EXPECT_EQ(slot_->pid(), pid);
  EXPECT_EQ(slot_->restarts(), 0U);
  EXPECT_EQ(ring_, nullptr);
}

}  // namespace
}  // namespace lumen::host
