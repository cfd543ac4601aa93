// lumen/stream/send: the thread (lm-send-audio) that takes Opus packets from a session's ring and sends them
// as GameStream audio. Apart from the picture's, because that one sleeps between the parts of a frame.
#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "base/log.hpp"
#include "base/mutex.hpp"
#include "base/thread.hpp"
#include "gamestream/media/audio_packetizer.hpp"
#include "link/audio_ring.hpp"
#include "net/udp.hpp"

namespace lumen::stream {

// Counters since start, relaxed.
struct GameAudioStats {
  std::atomic<std::uint64_t> packets{0}, datagrams{0}, refused{0};
  std::atomic<std::uint64_t> unwanted{0};  // of another format than the client awaits
};

struct GameAudioParams {
  AudioFormat format;
  std::uint32_t key_id = 0;
  bool mark = false;  // as sound to the network (DSCP)
};

// Thread-safe: every public method.
class GameAudioSender {
 public:
  // `socket` and `log` outlive the sender.
  GameAudioSender(net::UdpSocket& socket, Logger& log);
  ~GameAudioSender();
  GameAudioSender(const GameAudioSender&) = delete;
  GameAudioSender& operator=(const GameAudioSender&) = delete;

  // The ring of the session process that feeds this sender from now on; nullptr: none.
  void set_ring(std::shared_ptr<link::AudioRing> ring);
  // A new stream of packets of that format in place of the old one; nothing is sent before its address is
  // known. `key`: 16 bytes, or none for plain packets. Fails as AudioPacketizer::create().
  Status begin(const GameAudioParams& params, ByteView key);
  void end();
  // `at`: which of this machine's addresses the client knows, to send from; empty: any.
  void set_peer(const net::Endpoint& to, const net::Endpoint& at = {});

  const GameAudioStats& stats() const { return stats_; }

 private:
  struct Peer {
    net::Endpoint to, at;
  };
  struct Stream {
    GameAudioParams params;
    gamestream::AudioPacketizer packetizer;
  };
  struct Inbox {
    bool changed = false;
    std::unique_ptr<Stream> stream;  // with `changed`: the new one, or none
    std::optional<Peer> peer;
    std::optional<std::shared_ptr<link::AudioRing>> ring;
  };
  template <class Change>
  void tell(Change change) LUMEN_EXCLUDES(mutex_);
  void loop(const std::stop_token& stop);
  void wait();
  void apply(Inbox inbox);
  void send(const AudioPacketView& packet);
  void wake() const;

  net::UdpSocket& socket_;
  Logger& log_;
  GameAudioStats stats_;
  UniqueFd wake_;
  Mutex mutex_;
  Inbox inbox_ LUMEN_GUARDED_BY(mutex_);
  // lm-send-audio
  std::shared_ptr<link::AudioRing> ring_;
  std::unique_ptr<Stream> stream_;
  std::optional<Peer> peer_;
  OwnedThread thread_;  // last
};

}  // namespace lumen::stream
