// lumen/stream/receive: a client's microphone to the host: one thread, lm-mic, takes samples, makes Opus
// packets of 10 ms and sends each with copies of the two before it. Keys and packet numbers are its own.
#pragma once

#include <atomic>
#include <functional>
#include <optional>

#include "audio/opus_encoder.hpp"
#include "base/log.hpp"
#include "base/mutex.hpp"
#include "base/thread.hpp"
#include "interface/sound_input.hpp"
#include "lumen1/protection.hpp"
#include "lumen1/sound.hpp"
#include "net/udp.hpp"

namespace lumen::stream {

// Thread-safe: every public method.
class MicrophoneSender {
 public:
  // `open` is called on lm-mic, once there is a connection; an empty one: no microphone, ever. `socket` and
  // `log` outlive the sender.
  MicrophoneSender(OpenSoundInput open, net::UdpSocket& socket, const net::Endpoint& host, Logger& log);
  ~MicrophoneSender();
  MicrophoneSender(const MicrophoneSender&) = delete;
  MicrophoneSender& operator=(const MicrophoneSender&) = delete;

  // A new connection.
  void connect(const lumen1::DirectionKeys& keys, std::uint8_t session);
  std::uint64_t packets() const { return packets_.load(std::memory_order_relaxed); }

 private:
  struct Connection {
    lumen1::DirectionKeys keys;
    std::uint8_t session = 0;
  };
  void loop(const std::stop_token& stop);
  void take_connection();
  bool open();
  void send_samples();
  void send_packet();
  void wait() const;

  const OpenSoundInput open_;
  net::UdpSocket& socket_;
  const net::Endpoint host_;
  Logger& log_;
  std::atomic<std::uint64_t> packets_{0};  // a counter alone
  UniqueFd wake_;
  Mutex mutex_;
  std::optional<Connection> next_ LUMEN_GUARDED_BY(mutex_);
  // lm-mic
  std::unique_ptr<SoundInput> input_;
  std::optional<audio::OpusEncoder> encoder_;
  std::optional<lumen1::Sealer> sealer_;
  lumen1::SoundPacketizer packetizer_{lumen1::Kind::microphone};
  std::array<float, 480> samples_{};
  std::size_t filled_ = 0;
  bool failed_ = false;
  OwnedThread thread_;  // last
};

}  // namespace lumen::stream
