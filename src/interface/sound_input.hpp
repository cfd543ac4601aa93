// lumen/interface: where a client's microphone comes from. Depends on base and media only.
#pragma once

#include <functional>
#include <memory>
#include <span>

#include "base/result.hpp"

namespace lumen {

// Promises:
//  - Not thread-safe: one thread calls everything. take() does not wait.
//  - Samples come at the pace of the input's own clock; what was not taken for long may be lost.
class SoundInput {
 public:
  virtual ~SoundInput() = default;
  // 48 kHz, one channel, −1…1. How many of `mono` were there.
  virtual std::size_t take(std::span<float> mono) = 0;
};

using OpenSoundInput = std::function<Result<std::unique_ptr<SoundInput>>()>;

}  // namespace lumen
