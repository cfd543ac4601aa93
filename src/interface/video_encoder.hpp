// lumen/interface: what an encoder must do. Depends on base and media only.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "media/frames.hpp"
#include "media/mode.hpp"

namespace lumen {

struct EncoderConfig {
  Codec codec = Codec::h264;
  Mode mode;
  ColorSpace color{};
  PixelFormat format = PixelFormat::nv12;
  BitsPerSecond bitrate;
  std::string preset;                // empty: the encoder's choice for this mode and machine
  std::uint32_t threads = 0;         // 0: the encoder's choice for this machine
  std::uint32_t slices = 0;          // of each picture, at least; 0: the encoder's choice
  std::uint32_t max_references = 0;  // pictures a picture may refer to; 0: the encoder's choice
};

struct EncoderDescription {
  std::string name;    // "libx264 ultrafast, 2 slices"
  std::string reason;  // why this one: for people
};

// Contract (tests/contract/video_encoder_contract.hpp runs it on every backend):
//  - Not thread-safe: one owner thread calls everything.
//  - One picture in, one access unit out, in order, no delay.
//  - `force_idr` makes this very picture an IDR with its parameter sets in band; the first picture is one
//    anyway; no other picture is.
//  - The returned bytes stay valid until the next call.
//  - set_bitrate() applies from the next encode() on, without an IDR.
//  - After an error with code `unavailable` the encoder may be recreated; other errors are final.
class VideoEncoder {
 public:
  virtual ~VideoEncoder() = default;
  virtual const EncoderDescription& description() const = 0;
  virtual Result<AccessUnitView> encode(const CapturedFrame& frame, FrameId id, bool force_idr) = 0;
  virtual Status set_bitrate(BitsPerSecond bitrate) = 0;
};

using EncoderFactory = std::function<Result<std::unique_ptr<VideoEncoder>>(const EncoderConfig&)>;

}  // namespace lumen
