// lumen/core: what a lumen_fec of the C ABI is.
#pragma once

#include "base/mutex.hpp"
#include "fec/audio_code.hpp"
#include "fec/leopard.hpp"
#include "fec/reed_solomon.hpp"
#include "lumen_core.h"

// All codes are const but that of GameStream video, which has work memory of its own: one call at a time uses
// it.
struct lumen_fec {
  lumen_fec(lumen::fec::Kernel kernel, std::size_t max_points)
      : leopard{kernel, max_points}, audio{kernel}, gamestream{kernel} {}

  const lumen::fec::Leopard leopard;
  const lumen::fec::AudioCode audio;
  mutable lumen::Mutex mutex;
  mutable lumen::fec::ReedSolomon gamestream LUMEN_GUARDED_BY(mutex);
};
