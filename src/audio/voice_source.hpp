// lumen/audio: a microphone in a PipeWire graph that plays what a client says: a stream of this process with
// media.class Audio/Source, which programs record from. It is there for as long as this lives, and again when
// PipeWire was restarted; nothing else of the graph is changed.
//
// All of libpipewire's events are handled on a thread of its own, lm-mic. While nobody records, nothing is
// decoded.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "audio/packet_player.hpp"
#include "base/log.hpp"
#include "base/mutex.hpp"
#include "base/thread.hpp"

namespace lumen::audio {

// One of its packets, which may come out of order, each once. `stream`: where it changes a decoder begins
// anew.
struct VoicePacketView {
  std::uint64_t number = 0;
  std::uint8_t stream = 0;
  std::uint8_t packet_ms = 10;
  bool is_copy = false;
  ByteView bytes;  // up to kMaxVoicePacketBytes
};
inline constexpr std::size_t kMaxVoicePacketBytes = 400;

struct VoiceSourceParams {
  std::string socket;       // path of the PipeWire daemon's
  std::string node_name;    // unique in that graph
  std::string description;  // for people
};

// Thread-safe: every public method.
class VoiceSource {
 public:
  // `log` outlives it; it is told why there is no microphone.
  VoiceSource(VoiceSourceParams params, Logger& log);
  ~VoiceSource();
  VoiceSource(const VoiceSource&) = delete;
  VoiceSource& operator=(const VoiceSource&) = delete;

  void push(const VoicePacketView& packet);

 private:
  class Graph;
  struct Voice {  // what is being said, between who pushes and lm-mic
    std::optional<PacketPlayer> player;
    std::uint8_t stream = 0;
    std::vector<float> rest;  // decoded and not taken yet
    std::size_t taken = 0;    // of rest
    Timestamp asked{};        // when samples were asked for last
    Duration step{};          // how much was asked for
  };
  void loop(const std::stop_token& stop);
  // lm-mic: the next samples, silence where there are none.
  void fill(std::span<float> mono, Timestamp now);

  const VoiceSourceParams params_;
  Logger& log_;
  Mutex mutex_;
  Voice voice_ LUMEN_GUARDED_BY(mutex_);
  std::unique_ptr<Graph> graph_;
  OwnedThread thread_;  // last
};

}  // namespace lumen::audio
