// lumen/interface: where a session's sound comes from. Depends on base and media only.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "base/units.hpp"
#include "media/audio.hpp"

namespace lumen {

// Samples of all channels, interleaved, in the order of media/audio.hpp, at kSampleRateHz; -1 to 1 is full
// scale, but anything may come, infinities as well. Valid during the call.
using OnSamples =
    std::function<void(std::span<const float> interleaved, std::uint8_t channels, Timestamp captured)>;

// Promises:
//  - Not thread-safe but for wake(): one owner thread calls everything, and everything happens inside its
//    wait(): no callback comes from another thread.
//  - wait() returns at `until`, or earlier after samples, a change of trouble() or wake(); it may return for
//    no reason. A wake() that came while nobody waited ends the next wait().
//  - Samples come while somebody plays, in any amounts; nobody plays: nothing comes. What was not waited for
//    soon enough may be lost.
//  - set_channels() holds from the next samples on. Those who play notice nothing but a short gap.
//  - close() ends it: the owner thread calls it last, if it ever called wait().
//  - No failure is final: the source goes on trying and says in trouble() why nothing can be heard meanwhile.
//  - Nothing is allocated per call once sound flows.
class AudioSource {
 public:
  virtual ~AudioSource() = default;
  virtual void set_channels(std::uint8_t channels) = 0;  // 2, 6 or 8
  virtual void wait(Timestamp until, const OnSamples& on_samples) = 0;
  virtual void close() = 0;
  virtual void wake() noexcept = 0;  // any thread
  // Empty: sound works. Text: why it does not, for people. nullopt: not known yet.
  virtual const std::optional<std::string>& trouble() const = 0;
};

}  // namespace lumen
