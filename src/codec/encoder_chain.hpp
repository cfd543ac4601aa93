// lumen/codec: encoders in order of preference. One that cannot be opened, or fails, is told of once and not
// tried again; the next one encodes the very picture that it failed at, as an IDR: the stream goes on.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/mutex.hpp"
#include "interface/video_encoder.hpp"

namespace lumen::codec {

// Outlives the encoders it makes. create() and they are one thread's; may_take_device_pictures() is
// anybody's.
class EncoderChain {
 public:
  struct Link {
    std::string name;  // "NVENC"
    EncoderFactory create;
    bool takes_device_pictures = false;  // others have them copied to the CPU's first
  };
  // The last one is the floor: it is always tried, and its error is the chain's.
  EncoderChain(std::vector<Link> links, Logger& log);

  // The first that opens.
  Result<std::unique_ptr<VideoEncoder>> create(const EncoderConfig& config);
  // Whether some encoder that reads the GPU's memory has not failed yet. Thread-safe.
  bool may_take_device_pictures() const LUMEN_EXCLUDES(mutex_);

 private:
  friend class ChainEncoder;
  struct Opened {
    std::unique_ptr<VideoEncoder> encoder;
    std::size_t link = 0;
  };
  Result<Opened> open(const EncoderConfig& config);
  // Of a link that is not the floor.
  void switch_off(std::size_t link, const Error& why) LUMEN_EXCLUDES(mutex_);
  bool is_off(std::size_t link) const LUMEN_EXCLUDES(mutex_);
  bool is_floor(std::size_t link) const { return link + 1 == links_.size(); }

  const std::vector<Link> links_;
  Logger& log_;
  mutable Mutex mutex_;
  std::vector<bool> off_ LUMEN_GUARDED_BY(mutex_);
};

}  // namespace lumen::codec
