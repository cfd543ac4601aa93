// lumen/stream/receive: a GameStream client's picture: lm-receive takes datagrams, repairs and orders them,
// and says through the control connection what it wants again; lm-dec decodes.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "base/log.hpp"
#include "base/mutex.hpp"
#include "base/thread.hpp"
#include "crypto/digest.hpp"
#include "gamestream/control/messages.hpp"
#include "gamestream/media/client_recovery.hpp"
#include "gamestream/media/video_reassembler.hpp"
#include "stream/receive/decode_stage.hpp"
#include "stream/receive/impairment.hpp"
#include "stream/receive/media_socket.hpp"

namespace lumen::stream {

struct GameVideoParams {
  MediaSocket socket;
  Codec codec = Codec::h264;
  std::uint32_t width = 0, height = 0;  // pixels, as announced
  std::uint32_t packet_size_bytes = 0;  // as announced
  crypto::SecretBytes<16> key;
  bool is_encrypted = false;
  bool reference_invalidation = false;  // may be asked for, instead of an IDR
  double loss_percent = 0;              // injected
  std::uint64_t loss_seed = 1;
  DecoderFactory make_decoder;
  std::function<void(const DecodedPicture&)> on_picture;  // lm-dec
  // lm-receive; false when it cannot be sent now.
  std::function<bool(const gamestream::control::ClientMessage&)> on_report;
  std::function<void(const Error&)> on_failed;  // any thread: there is no decoder
};

struct GameVideoStats {
  gamestream::VideoReassemblyStats reassembly;
  std::uint64_t bytes = 0, dropped_by_injection = 0, foreign = 0;
  std::uint64_t frames_skipped = 0;  // whole, but of no use without the one that was lost
  std::uint64_t idr = 0, idr_asked = 0, invalidation_asked = 0, fec_reports = 0, decode_dropped_full = 0;
  gamestream::StreamWatch::Verdict verdict{};  // whether it is worth waiting for
};

class GameVideoReceiver {
 public:
  // Starts at once. Fails as VideoReassembler does. `log` outlives it.
  static Result<std::unique_ptr<GameVideoReceiver>> create(GameVideoParams params, Logger& log);
  ~GameVideoReceiver();
  GameVideoReceiver(const GameVideoReceiver&) = delete;
  GameVideoReceiver& operator=(const GameVideoReceiver&) = delete;

  GameVideoStats stats() const LUMEN_EXCLUDES(mutex_);  // any thread; some milliseconds old

 private:
  GameVideoReceiver(GameVideoParams params, gamestream::VideoReassembler reassembler, Logger& log);
  void loop(const std::stop_token& stop);
  Duration wait_time() const;
  void on_datagram(MutableBytes datagram);
  void deliver();
  void note_loss();
  void decode(gamestream::ReceivedFrame& frame);
  void report();
  void publish_stats();

  GameVideoParams params_;
  Logger& log_;
  std::atomic<bool> broken_in_decoder_{false};  // set by lm-dec, taken by lm-receive; orders nothing else
  mutable Mutex mutex_;
  GameVideoStats published_ LUMEN_GUARDED_BY(mutex_);
  // lm-receive
  Impairment impairment_;
  gamestream::VideoReassembler reassembler_;
  gamestream::ClientRecovery recovery_;
  gamestream::StreamWatch watch_;
  gamestream::ReceivedFrame frame_;
  AccessUnit unit_;
  GameVideoStats stats_;
  Timestamp next_publish_{};
  DecodeStage decode_;
  OwnedThread thread_;  // last
};

}  // namespace lumen::stream
