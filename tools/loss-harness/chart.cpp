#include "tools/loss-harness/chart.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include <fmt/format.h>

namespace lumen::loss_harness {
namespace {

constexpr double kWidth = 980, kHeight = 460, kLeft = 80, kRight = 640, kTop = 50, kBottom = 400;
constexpr double kClosestTicks = 34;
// Told apart on white and on black, and by dash and marker without colour.
constexpr std::array kColours{"#3f8fd2", "#e0812b", "#2fa36b", "#d2506a",
                              "#9a6fd0", "#1fa5b5", "#a39a25", "#8b9099"};
constexpr std::array kDashes{"", "7 4", "2 3", "10 3 2 3"};

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

struct Scale {
  double low, high, from, to;
  bool log;
  double at(double value) const {
    const auto f = [this](double v) { return log ? std::log10(v) : v; };
    const auto clamped = std::clamp(value, low, high);
    return from + (to - from) * (f(clamped) - f(low)) / (f(high) - f(low));
  }
};

template <class Get>
std::set<double> values(const Chart& chart, Get get) {
  std::set<double> all;
  for (const auto& series : chart.series)
    for (const auto& point : series.points) all.insert(get(point));
  return all;
}

Scale x_scale(const Chart& chart) {
  const auto all = values(chart, [](const auto& p) { return p.x; });
  if (all.empty()) return {0, 1, kLeft, kRight, false};
  const bool log = chart.x_log && *all.begin() > 0;
  const auto high = all.size() > 1 ? *all.rbegin() : *all.begin() * 2 + 1;
  return {*all.begin(), high, kLeft + 15, kRight - 15, log};
}

Scale y_scale(const Chart& chart) {
  const auto all = values(chart, [](const auto& p) { return p.y; });
  const auto most = all.empty() ? 1.0 : std::max(*all.rbegin(), 1e-300);
  if (!chart.y_log) return {0, most * 1.05, kBottom, kTop, false};
  const auto low = std::pow(10, std::floor(std::log10(chart.y_floor) + 1e-9));
  const auto high = std::pow(10, std::ceil(std::log10(std::max(most, low * 10)) - 1e-9));
  return {low, high, kBottom - 20, kTop, true};
}

std::string text(double x, double y, const char* anchor, const std::string& content) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", x, y, anchor,
                     escaped(content));
}

std::string y_tick(double y, const std::string& label) {
  return fmt::format("<path class=\"grid\" d=\"M{} {:.1f}H{}\"/>\n", kLeft, y, kRight) +
         text(kLeft - 8, y + 4, "end", label);
}

std::string y_axis(const Chart& chart, const Scale& scale) {
  std::string out;
  if (scale.log) {
    for (auto v = scale.low; v <= scale.high * 1.001; v *= 10)
      out += y_tick(scale.at(v), fmt::format("{:g}", v));
    out += text(kLeft - 8, kBottom + 4, "end", "0");
  } else {
    const auto step = std::pow(10, std::floor(std::log10(scale.high))) / 2;
    const auto every = std::max(1.0, std::ceil(scale.high / step / 10)) * step;
    for (double v = 0; v <= scale.high; v += every) out += y_tick(scale.at(v), fmt::format("{:g}", v));
  }
  return out +
         fmt::format("<text transform=\"translate(18 {}) rotate(-90)\" text-anchor=\"middle\">{}</text>\n",
                     (kTop + kBottom) / 2, escaped(chart.y_label));
}

std::string x_axis(const Chart& chart, const Scale& scale) {
  std::string out;
  double before = 0;
  for (const auto value : values(chart, [](const auto& p) { return p.x; })) {
    const auto x = scale.at(value);
    out += fmt::format("<path class=\"axis\" d=\"M{:.1f} {}v5\"/>\n", x, kBottom);
    if (x - before < kClosestTicks) continue;
    out += text(x, kBottom + 20, "middle", fmt::format("{:g}", value));
    before = x;
  }
  return out + text((kLeft + kRight) / 2, kBottom + 44, "middle", chart.x_label);
}

std::string marker(std::size_t kind, double x, double y, const char* colour, bool hollow) {
  const auto look = hollow ? fmt::format("class=\"hollow\" stroke=\"{}\"", colour)
                           : fmt::format("fill=\"{}\" stroke=\"{}\"", colour, colour);
  switch (kind % 3) {
    case 0:
      return fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\" {}/>\n", x, y, look);
    case 1:
      return fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"7\" height=\"7\" {}/>\n", x - 3.5, y - 3.5,
                         look);
    default:
      return fmt::format("<path d=\"M{:.1f} {:.1f}l5 8h-10z\" {}/>\n", x, y - 5, look);
  }
}

std::string line(const std::string& path, std::size_t index) {
  return fmt::format(
      "<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\" stroke-dasharray=\"{}\"/>\n", path,
      kColours[index % kColours.size()], kDashes[index % kDashes.size()]);
}

std::string curve(const Series& series, std::size_t index, const Scale& x, const Scale& y) {
  std::string path, markers;
  for (const auto& point : series.points) {
    const bool below = y.log && point.y < y.low;
    const auto px = x.at(point.x), py = below ? kBottom : y.at(point.y);
    path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? 'M' : 'L', px, py);
    markers += marker(index, px, py, kColours[index % kColours.size()], below);
  }
  return line(path, index) + markers;
}

std::string legend(const Chart& chart) {
  std::string out;
  auto y = kTop + 10;
  for (std::size_t i = 0; i < chart.series.size(); ++i, y += 22) {
    out += line(fmt::format("M{} {}h34", kRight + 20, y), i);
    out += marker(i, kRight + 37, y, kColours[i % kColours.size()], false);
    out += text(kRight + 62, y + 4, "start", chart.series[i].name);
  }
  return out;
}

}  // namespace

std::string to_svg(const Chart& chart) {
  const auto x = x_scale(chart), y = y_scale(chart);
  auto out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\">\n"
      "<style>text{{font:13px "
      "sans-serif;fill:#24292f}}.back{{fill:#fff}}.hollow{{fill:#fff;stroke-width:1.5}}"
      ".grid{{stroke:#d0d7de}}.axis{{stroke:#57606a;fill:none}}"
      "@media(prefers-color-scheme:dark){{text{{fill:#e6edf3}}.back,.hollow{{fill:#0d1117}}.grid{{stroke:#"
      "30363d}}"
      ".axis{{stroke:#8b949e}}}}</style>\n<rect class=\"back\" width=\"{0}\" height=\"{1}\"/>\n",
      kWidth, kHeight);
  out += text(kLeft, 28, "start", chart.title);
  out += y_axis(chart, y) + x_axis(chart, x);
  out += fmt::format("<path class=\"axis\" d=\"M{0} {1}V{2}H{3}\"/>\n", kLeft, kTop, kBottom, kRight);
  for (std::size_t i = 0; i < chart.series.size(); ++i) out += curve(chart.series[i], i, x, y);
  return out + legend(chart) + "</svg>\n";
}

}  // namespace lumen::loss_harness
