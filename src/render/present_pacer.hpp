// lumen/render: when to draw, so that the newest picture meets the display's next refresh: late enough that a
// newer one may still come and that waiting for the refresh never holds up input, early enough not to miss
// it. Pure: time is given. Owner: one thread.
#pragma once

#include "base/units.hpp"

namespace lumen::render {

class PresentPacer {
 public:
  // Zero: no pacing, every moment is right.
  void set_period(Duration period) { period_ = period; }
  bool is_pacing() const { return period_ > Duration::zero(); }

  // A picture was drawn in `draw_time`, and then shown at `shown`, which is when a refresh was.
  void presented(Duration draw_time, Timestamp shown);
  // The moment from `now` on at which to take a picture and draw it.
  Timestamp next(Timestamp now) const;
  Duration margin() const;  // how long before a refresh that is

 private:
  Duration period_{};
  Timestamp refresh_{};   // the last one known
  Duration draw_time_{};  // of late; falls slowly
};

}  // namespace lumen::render
