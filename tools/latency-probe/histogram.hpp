// tools/latency-probe: distributions as SVG histograms, one panel below the other, readable on light and dark
// pages. Pure.
#pragma once

#include <string>
#include <vector>

namespace lumen::probe {

struct Bars {
  std::string name;
  std::vector<double> values;
};

struct Panel {
  std::string title, unit;  // "ms"
  std::vector<Bars> series;
};

// Each panel has its own scale: bins as wide as makes about sixty up to the largest p99.9 of its series; what
// is beyond is counted in the last one. Heights are shares of the series' own values, medians and p99 are
// marked. Text is escaped. A panel without values is left out.
std::string to_svg(const std::vector<Panel>& panels);

}  // namespace lumen::probe
