// lumen/core: what a lumen_fec of the C ABI is.
#pragma once

#include "base/mutex.hpp"
#include "fec/leopard.hpp"
#include "fec/reed_solomon.hpp"
#include "lumen_core.h"

// Leopard's codes are const; GameStream's keeps its matrix, so that one call at a time uses it.
struct lumen_fec {
  lumen_fec(lumen::fec::Kernel kernel, std::size_t max_points)
      : leopard{kernel, max_points}, gamestream{kernel} {}

  const lumen::fec::Leopard leopard;
  mutable lumen::Mutex mutex;
  mutable lumen::fec::ReedSolomon gamestream LUMEN_GUARDED_BY(mutex);
};
