// tools/loss-harness: a line chart as SVG, readable on light and dark pages. Pure.
#pragma once

#include <string>
#include <vector>

namespace lumen::loss_harness {

struct Series {
  std::string name;
  struct Point {
    double x, y;
  };
  std::vector<Point> points;  // by x
};

struct Chart {
  std::string title, x_label, y_label;
  std::vector<Series> series;
  bool x_log = false, y_log = false;
  double y_floor = 1e-6;  // of a logarithmic axis; less is drawn hollow on the axis: nothing, or too little
};

// Axes, ticks at every x that occurs, a legend. Text is escaped.
std::string to_svg(const Chart& chart);

}  // namespace lumen::loss_harness
