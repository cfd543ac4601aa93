// lumen/stream/receive: a lumen/1 client's sound: one thread, lm-audio, opens the datagrams that lm-recv
// passes on, keeps them in an adaptive jitter buffer and plays them at the pace of the output.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "base/log.hpp"
#include "base/mutex.hpp"
#include "base/thread.hpp"
#include "interface/sound_output.hpp"
#include "lumen1/protection.hpp"
#include "stream/receive/datagram_queue.hpp"
#include "stream/receive/sound_player.hpp"

namespace lumen::stream {

// A consistent copy of the counters.
struct SoundReceiveStats {
  PlayerStats player;
  std::uint64_t datagrams = 0, bytes = 0, not_authentic = 0;
  std::uint64_t dropped_full = 0;  // nobody took them in time
  Duration queued{};               // in the output
  Duration latency{};              // captured at the host → taken by the device, without the network's part
};

class SoundReceiver {
 public:
  struct Params {
    // Called on lm-audio where a stream begins; nullptr where there is no device: sound is then decoded at
    // the machine's pace for on_sound alone.
    MakeSoundOutput make_output;
    // What is played, on lm-audio, just before it is. May be empty.
    std::function<void(std::span<const float> interleaved, std::uint8_t channels)> on_sound;
  };
  // `log` outlives it.
  SoundReceiver(Params params, Logger& log);
  ~SoundReceiver();
  SoundReceiver(const SoundReceiver&) = delete;
  SoundReceiver& operator=(const SoundReceiver&) = delete;

  // lm-recv: a new connection, before its first datagram.
  void connect(const lumen1::DirectionKeys& keys);
  // lm-recv: a sealed datagram of kind sound.
  void push(ByteView datagram, Timestamp now);
  // Any thread.
  SoundReceiveStats stats() const;

 private:
  void loop(const std::stop_token& stop);
  void wait();
  void take_datagrams();
  void take_keys();
  void open(MutableBytes datagram, Timestamp arrived);
  void change_output();
  void feed();
  Duration until_needed();
  void publish_stats();

  const Params params_;
  Logger& log_;
  DatagramQueue queue_;
  std::atomic<std::uint64_t> dropped_full_{0};  // a counter alone
  std::atomic<bool> keys_changed_{false};       // next_keys_ has new ones
  mutable Mutex mutex_;
  std::optional<lumen1::DirectionKeys> next_keys_ LUMEN_GUARDED_BY(mutex_);
  SoundReceiveStats published_ LUMEN_GUARDED_BY(mutex_);
  // lm-audio
  SteadyTime time_;
  std::optional<lumen1::Opener> opener_;
  std::optional<SoundPlayer> player_;
  std::unique_ptr<SoundOutput> output_;
  std::uint8_t output_channels_ = 0;
  SoundReceiveStats stats_;
  Timestamp next_publish_{};
  OwnedThread thread_;  // last
};

}  // namespace lumen::stream
