#include "gamestream/rtsp/surround.hpp"

#include <algorithm>
#include <span>

namespace lumen::gamestream::rtsp {
namespace {

constexpr std::size_t kLfe = 3;  // the place that normal-quality entries rotate from

std::optional<std::uint8_t> digit(std::string_view text, std::size_t at) {
  if (at >= text.size() || text[at] < '0' || text[at] > '9') return std::nullopt;
  return static_cast<std::uint8_t>(text[at] - '0');
}

OpusLayout identity(std::uint8_t channels, std::uint8_t streams, std::uint8_t coupled) {
  OpusLayout layout{.channels = channels, .streams = streams, .coupled = coupled};
  for (std::uint8_t i = 0; i < channels; ++i) layout.mapping[i] = i;
  return layout;
}

bool rotates(const OpusLayout& layout, AudioQuality quality) {
  return quality == AudioQuality::normal && layout.channels > kLfe + 1;
}

}  // namespace

std::optional<OpusChoice> standard_layout(std::uint32_t channels, AudioQuality quality) {
  const auto high = quality == AudioQuality::high;
  switch (channels) {
    case 2:
      return OpusChoice{identity(2, 1, 1), high ? 512'000U : 96'000U};
    case 6:
      return high ? OpusChoice{identity(6, 6, 0), 1'536'000} : OpusChoice{identity(6, 4, 2), 256'000};
    case 8:
      return high ? OpusChoice{identity(8, 8, 0), 2'048'000} : OpusChoice{identity(8, 5, 3), 450'000};
    default:
      return std::nullopt;
  }
}

OpusLayout as_client_reads(const OpusLayout& offered, AudioQuality quality) {
  auto layout = offered;
  if (rotates(layout, quality)) {
    const auto tail = std::span{layout.mapping}.subspan(kLfe, layout.channels - kLfe);
    std::ranges::rotate(tail, tail.end() - 1);
  }
  return layout;
}

OpusLayout as_host_offers(const OpusLayout& wanted, AudioQuality quality) {
  auto layout = wanted;
  if (rotates(layout, quality)) {
    const auto tail = std::span{layout.mapping}.subspan(kLfe, layout.channels - kLfe);
    std::ranges::rotate(tail, tail.begin() + 1);
  }
  return layout;
}

std::string write_surround_params(const OpusLayout& layout) {
  auto text =
      std::to_string(layout.channels) + std::to_string(layout.streams) + std::to_string(layout.coupled);
  for (std::size_t i = 0; i < layout.channels; ++i) text += std::to_string(layout.mapping[i]);
  return text;
}

std::optional<OpusLayout> parse_surround_params(std::string_view text) {
  const auto channels = digit(text, 0), streams = digit(text, 1), coupled = digit(text, 2);
  if (!channels || !streams || !coupled || *channels == 0 || *channels > OpusLayout::kMaxChannels ||
      *streams == 0 || *coupled > *streams || *streams + *coupled > *channels) {
    return std::nullopt;
  }
  OpusLayout layout{.channels = *channels, .streams = *streams, .coupled = *coupled, .mapping = {}};
  for (std::size_t i = 0; i < layout.channels; ++i) {
    const auto entry = digit(text, 3 + i);
    if (!entry || *entry >= layout.streams + layout.coupled) return std::nullopt;
    layout.mapping[i] = *entry;
  }
  return layout;
}

std::optional<OpusLayout> parse_custom_layout(std::string_view text) {
  const auto layout = parse_surround_params(text);
  if (!layout || (layout->channels != 6 && layout->channels != 8) ||
      layout->streams + layout->coupled != layout->channels || text.size() != 3U + layout->channels) {
    return std::nullopt;
  }
  return layout;
}

}  // namespace lumen::gamestream::rtsp
