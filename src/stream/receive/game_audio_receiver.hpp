// lumen/stream/receive: a GameStream client's sound: one thread, lm-audio, takes datagrams, mends them,
// decodes Opus and hands out samples. From its creation on it shows the host where to send.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "audio/opus_decoder.hpp"
#include "base/log.hpp"
#include "base/mutex.hpp"
#include "base/thread.hpp"
#include "crypto/digest.hpp"
#include "gamestream/media/audio_reassembler.hpp"
#include "stream/receive/impairment.hpp"
#include "stream/receive/media_socket.hpp"

namespace lumen::stream {

// Of one packet; valid during the call. Interleaved, −1…1, 48 kHz, channels in the order of media/audio.hpp.
struct DecodedSound {
  std::span<const float> samples;
  std::uint8_t channels = 2;
  bool concealed = false;  // made up in place of a lost packet
};

struct GameAudioParams {
  MediaSocket socket;
  audio::OpusLayout layout;
  std::uint8_t packet_ms = 5;  // 5 or 10
  crypto::SecretBytes<16> key;
  bool is_encrypted = false;
  std::uint32_t key_id = 0;  // of the launch
  double loss_percent = 0;   // injected
  std::uint64_t loss_seed = 1;
  // lm-audio. None: the sound is not decoded.
  std::function<void(const DecodedSound&)> on_sound;
};

struct GameAudioStats {
  gamestream::AudioReassemblyStats reassembly;
  std::uint64_t bytes = 0, dropped_by_injection = 0, foreign = 0;
  std::uint64_t decoded = 0, concealed = 0, undecodable = 0;  // packets
};

class GameAudioReceiver {
 public:
  // Starts at once. Fails as OpusDecoder and AudioReassembler do. `log` outlives it.
  static Result<std::unique_ptr<GameAudioReceiver>> create(GameAudioParams params, Logger& log);
  ~GameAudioReceiver();
  GameAudioReceiver(const GameAudioReceiver&) = delete;
  GameAudioReceiver& operator=(const GameAudioReceiver&) = delete;

  GameAudioStats stats() const LUMEN_EXCLUDES(mutex_);  // any thread; some milliseconds old

 private:
  GameAudioReceiver(GameAudioParams params, gamestream::AudioReassembler reassembler,
                    audio::OpusDecoder decoder, Logger& log);
  void loop(const std::stop_token& stop);
  Duration wait_time() const;
  void deliver();
  void decode(ByteView opus);
  void publish_stats();

  GameAudioParams params_;
  Logger& log_;
  mutable Mutex mutex_;
  GameAudioStats published_ LUMEN_GUARDED_BY(mutex_);
  // lm-audio
  Impairment impairment_;
  gamestream::AudioReassembler reassembler_;
  audio::OpusDecoder decoder_;
  GameAudioStats stats_;
  Timestamp next_publish_{};
  OwnedThread thread_;  // last
};

}  // namespace lumen::stream
