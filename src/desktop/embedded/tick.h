/* The refresh grid of an output: tick n is due at epoch + n * 10^12 / refresh_mhz ns, computed afresh for
 * each n so that no rounding adds up: 59.94 Hz stays 59.94 Hz for ever. */
#ifndef LUMEN_DESKTOP_EMBEDDED_TICK_H
#define LUMEN_DESKTOP_EMBEDDED_TICK_H

#include <stdint.h>

#define LCE_NS_PER_MHZ UINT64_C(1000000000000) /* one period at 1 mHz; refresh_mhz ticks fill it exactly */

typedef struct lumen_comp_grid {
  uint64_t epoch_ns;
  uint32_t refresh_mhz; /* 1…10^6, so the products below stay under 2^64 */
} lumen_comp_grid;

static inline uint64_t lce_grid_period_ns(lumen_comp_grid grid) { return LCE_NS_PER_MHZ / grid.refresh_mhz; }

static inline uint64_t lce_grid_time(lumen_comp_grid grid, uint64_t tick) {
  const uint64_t whole = tick / grid.refresh_mhz, part = tick % grid.refresh_mhz;
  return grid.epoch_ns + whole * LCE_NS_PER_MHZ + part * LCE_NS_PER_MHZ / grid.refresh_mhz;
}

/* The first tick that is due after `now_ns`. */
static inline uint64_t lce_grid_tick_after(lumen_comp_grid grid, uint64_t now_ns) {
  if (now_ns < grid.epoch_ns) return 0;
  const uint64_t elapsed = now_ns - grid.epoch_ns;
  const uint64_t whole = elapsed / LCE_NS_PER_MHZ, part = elapsed % LCE_NS_PER_MHZ;
  uint64_t tick = whole * grid.refresh_mhz + part * grid.refresh_mhz / LCE_NS_PER_MHZ;
  while (lce_grid_time(grid, tick) <= now_ns) tick++;
  return tick;
}

#endif
