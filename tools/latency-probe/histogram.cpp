#include "tools/latency-probe/histogram.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "tools/latency-probe/samples.hpp"

namespace lumen::probe {
namespace {

constexpr double kWidth = 900, kPanel = 300, kLeft = 60, kRight = 880, kTop = 64, kBottom = 250;
constexpr double kBins = 60, kTicks = 10;
constexpr std::array kColours{"#3f8fd2", "#e0812b", "#2fa36b", "#d2506a"};

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '&') {
      out += "&amp;";
    } else {
      out += c;
    }
  }
  return out;
}

// 1, 2 or 5 times a power of ten, at least `value`.
double round_up(double value) {
  const auto power = std::pow(10, std::floor(std::log10(value)));
  for (const double step : {1.0, 2.0, 5.0}) {
    if (value <= step * power * (1 + 1e-9)) return step * power;
  }
  return 10 * power;
}

struct Shape {
  double bin = 1;
  std::size_t bins = 1;
  double highest = 0;  // share of a bin
  std::vector<std::vector<double>> shares;
};

Shape shape_of(const Panel& panel) {
  Shape shape;
  double most = 1e-6;
  for (const auto& series : panel.series) most = std::max(most, Distribution{series.values}.quantile(0.999));
  shape.bin = round_up(most / kBins);
  shape.bins = static_cast<std::size_t>(std::ceil(most / shape.bin)) + 1;
  for (const auto& series : panel.series) {
    std::vector<double> shares(shape.bins, 0);
    for (const auto value : series.values) {
      const auto bin = static_cast<std::size_t>(std::max(value, 0.0) / shape.bin);
      shares[std::min(bin, shape.bins - 1)] += 1.0 / static_cast<double>(series.values.size());
    }
    shape.highest = std::max(shape.highest, std::ranges::max(shares));
    shape.shares.push_back(std::move(shares));
  }
  return shape;
}

double x_of(const Shape& shape, double value) {
  const auto end = shape.bin * static_cast<double>(shape.bins);
  return kLeft + (kRight - kLeft) * std::clamp(value / end, 0.0, 1.0);
}

double y_of(const Shape& shape, double share) { return kBottom - (kBottom - kTop) * share / shape.highest; }

std::string text(double x, double y, const char* anchor, const std::string& content, const char* more = "") {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\"{}>{}</text>\n", x, y, anchor, more,
                     escaped(content));
}

std::string axes(const Panel& panel, const Shape& shape) {
  auto out = fmt::format("<path class=\"axis\" d=\"M{0} {1}H{2}\"/>\n", kLeft, kBottom, kRight);
  const auto end = shape.bin * static_cast<double>(shape.bins);
  const auto step = round_up(end / kTicks);
  for (int i = 0; i * step <= end * (1 + 1e-9); ++i) {
    const auto x = x_of(shape, i * step);
    out += fmt::format("<path class=\"axis\" d=\"M{:.1f} {}v5\"/>\n", x, kBottom);
    out += text(x, kBottom + 19, "middle", fmt::format("{:g}", i * step));
  }
  out += text(kRight, kBottom + 36, "end", panel.unit);
  out += text(kLeft - 8, kTop + 5, "end", fmt::format("{:.0f} %", 100 * shape.highest));
  return out + text(kLeft - 8, kBottom + 4, "end", "0");
}

std::string bars(const Shape& shape, std::size_t index) {
  std::string path = fmt::format("M{} {}", kLeft, kBottom);
  const auto& shares = shape.shares[index];
  for (std::size_t i = 0; i < shares.size(); ++i) {
    path += fmt::format("V{:.1f}H{:.1f}", y_of(shape, shares[i]),
                        x_of(shape, shape.bin * static_cast<double>(i + 1)));
  }
  return fmt::format("<path d=\"{}V{}Z\" fill=\"{}\" fill-opacity=\"0.45\" stroke=\"{}\"/>\n", path, kBottom,
                     kColours[index % kColours.size()], kColours[index % kColours.size()]);
}

std::string marks(const Shape& shape, const Bars& series, std::size_t index) {
  const Distribution all{series.values};
  const auto* colour = kColours[index % kColours.size()];
  std::string out;
  for (const auto& [fraction, dash] : {std::pair{0.5, ""}, {0.99, "4 3"}}) {
    out +=
        fmt::format("<path d=\"M{:.1f} {}V{}\" stroke=\"{}\" stroke-width=\"2\" stroke-dasharray=\"{}\"/>\n",
                    x_of(shape, all.quantile(fraction)), kTop, kBottom, colour, dash);
  }
  return out;
}

std::string legend(const Bars& series, std::size_t index) {
  const Distribution all{series.values};
  const auto y = 44 + 17.0 * static_cast<double>(index);
  const auto more = fmt::format(" style=\"fill:{}\"", kColours[index % kColours.size()]);
  return text(kRight, y, "end",
              fmt::format("{}: p50 {:.2f}, p95 {:.2f}, p99 {:.2f}, p99.9 {:.2f}, max {:.2f} ({} values)",
                          series.name, all.quantile(0.5), all.quantile(0.95), all.quantile(0.99),
                          all.quantile(0.999), all.max(), all.count()),
              more.c_str());
}

std::string draw(const Panel& panel, double top) {
  const auto shape = shape_of(panel);
  auto out = fmt::format("<g transform=\"translate(0 {})\">\n", top) + text(kLeft, 24, "start", panel.title);
  for (std::size_t i = 0; i < panel.series.size(); ++i) out += bars(shape, i);
  for (std::size_t i = 0; i < panel.series.size(); ++i)
    out += marks(shape, panel.series[i], i) + legend(panel.series[i], i);
  return out + axes(panel, shape) + "</g>\n";
}

}  // namespace

std::string to_svg(const std::vector<Panel>& panels) {
  std::string body;
  double top = 0;
  for (auto panel : panels) {
    std::erase_if(panel.series, [](const Bars& series) { return series.values.empty(); });
    if (panel.series.empty()) continue;
    body += draw(panel, top);
    top += kPanel;
  }
  return fmt::format(
             "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" "
             "height=\"{1}\">\n"
             "<style>text{{font:13px "
             "sans-serif;fill:#24292f}}.back{{fill:#fff}}.axis{{stroke:#57606a;fill:none}}"
             "@media(prefers-color-scheme:dark){{text{{fill:#e6edf3}}.back{{fill:#0d1117}}.axis{{stroke:#"
             "8b949e}}}}"
             "</style>\n<rect class=\"back\" width=\"{0}\" height=\"{1}\"/>\n",
             kWidth, std::max(top, 1.0)) +
         body + "</svg>\n";
}

}  // namespace lumen::probe
