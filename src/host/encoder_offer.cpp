#include "host/encoder_offer.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace lumen::host {
namespace {

constexpr std::array kSizes{std::pair{7680U, 4320U}, std::pair{3840U, 2160U}, std::pair{2560U, 1440U},
                            std::pair{1920U, 1080U}, std::pair{1280U, 720U},  std::pair{640U, 360U}};
constexpr std::array kRatesHz{120U, 60U, 30U};

double pixel_rate(const Mode& mode) { return 1e-3 * mode.width * mode.height * mode.refresh_mhz; }

std::uint64_t sustained(const EncoderMeasurement& m, const OfferPolicy& policy) {
  if (!m.is_available() || m.call_us == 0) return 0;
  const double pixels = double{1} * m.width * m.height;
  return static_cast<std::uint64_t>(pixels / (m.call_us * 1e-6) * policy.busy_share);
}

// "1920x1080@30, 1280x720@60 and 640x360@120", or "nothing": the largest size at each rate; a size once, at
// its highest rate.
std::string largest_modes(std::uint64_t pixels_per_s) {
  std::vector<std::string> modes;
  std::uint32_t largest_so_far = 0;
  for (const auto hertz : kRatesHz) {
    const auto size = std::ranges::find_if(kSizes, [&](const auto& candidate) {
      return pixel_rate({candidate.first, candidate.second, hertz * 1000}) <=
             static_cast<double>(pixels_per_s);
    });
    if (size == kSizes.end() || size->first <= largest_so_far) continue;
    largest_so_far = size->first;
    modes.insert(modes.begin(), fmt::format("{}x{}@{}", size->first, size->second, hertz));
  }
  if (modes.size() < 2) return modes.empty() ? "nothing" : modes.front();
  const auto last = modes.back();
  modes.pop_back();
  return fmt::format("{} and {}", fmt::join(modes, ", "), last);
}

// "libx265 ultrafast takes 36 ms for a picture of 1280x720 and keeps 1.7 of 2 cores busy"
std::string cost(const EncoderMeasurement& m) {
  return fmt::format("{} takes {:.1f} ms for a picture of {}x{} and keeps {:.1f} of {} core{} busy", m.text,
                     m.call_us * 1e-3, m.width, m.height, double{1} * m.cpu_us / m.call_us, m.cores,
                     m.cores == 1 ? "" : "s");
}

CodecVerdict judge(const EncoderMeasurement& m, const OfferPolicy& policy) {
  const bool wanted = std::ranges::find(policy.always, m.codec) != policy.always.end();
  const auto pixels_per_s = sustained(m, policy);
  const bool enough = static_cast<double>(pixels_per_s) >= pixel_rate(policy.least);
  const bool always = m.codec == Codec::h264 || (wanted && m.is_available());
  CodecVerdict verdict{
      .codec = m.codec, .offered = always || enough, .pixels_per_s = pixels_per_s, .reason = {}};
  if (!m.is_available()) {
    verdict.reason = fmt::format("there is no encoder for {}: {}", to_string(m.codec), m.text);
  } else {
    verdict.reason = fmt::format("{}{}good up to {}: {}", wanted ? "asked for by the configuration; " : "",
                                 enough ? "" : fmt::format("too slow for {}, ", to_string(policy.least)),
                                 largest_modes(pixels_per_s), cost(m));
  }
  return verdict;
}

CodecVerdict not_measured(Codec codec) {
  return {.codec = codec, .offered = codec == Codec::h264, .reason = "not measured"};
}

}  // namespace

EncoderOffer::EncoderOffer(std::span<const EncoderMeasurement> measurements, const OfferPolicy& policy)
    : verdicts_{not_measured(Codec::h264), not_measured(Codec::hevc), not_measured(Codec::av1)} {
  for (const EncoderMeasurement& m : measurements) {
    for (CodecVerdict& verdict : verdicts_) {
      if (verdict.codec == m.codec) verdict = judge(m, policy);
    }
  }
}

const CodecVerdict& EncoderOffer::verdict(Codec codec) const {
  const auto found = std::ranges::find(verdicts_, codec, &CodecVerdict::codec);
  return found == verdicts_.end() ? verdicts_.front() : *found;
}

bool EncoderOffer::sustains(Codec codec, const Mode& mode) const {
  const auto pixels_per_s = verdict(codec).pixels_per_s;
  return pixels_per_s == 0 || pixel_rate(mode) <= static_cast<double>(pixels_per_s);
}

}  // namespace lumen::host
