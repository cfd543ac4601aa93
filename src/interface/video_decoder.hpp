// lumen/interface: what a decoder must do. Depends on base and media only.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "media/frames.hpp"

namespace lumen {

// Contract:
//  - Not thread-safe: one owner thread calls everything.
//  - One access unit in, one picture out in the same call, no delay; `malformed` when the bytes are not
//    decodable (the decoder then needs an IDR, and takes one without being recreated).
//  - A size change comes with an IDR and needs no call. The visible size is the access unit's, clamped to
//    what was decoded.
//  - The returned view is valid until the next call.
class VideoDecoder {
 public:
  virtual ~VideoDecoder() = default;
  virtual std::string name() const = 0;
  virtual Result<PictureView> decode(const AccessUnit& unit) = 0;
};

using DecoderFactory = std::function<Result<std::unique_ptr<VideoDecoder>>(Codec)>;

}  // namespace lumen
