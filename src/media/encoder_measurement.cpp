#include "media/encoder_measurement.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "media/mode.hpp"

namespace lumen {
namespace {

constexpr std::array kWords{std::pair{Codec::h264, std::string_view{"h264"}},
                            std::pair{Codec::hevc, std::string_view{"hevc"}},
                            std::pair{Codec::av1, std::string_view{"av1"}}};
constexpr std::string_view kUnavailable = "unavailable";

std::string_view word_of(Codec codec) {
  for (const auto& [known, word] : kWords) {
    if (known == codec) return word;
  }
  return "?";
}

std::optional<Codec> codec_of(std::string_view text) {
  for (const auto& [codec, word] : kWords) {
    if (word == text) return codec;
  }
  return std::nullopt;
}

// Takes the words of a line from its front; what does not fit is told by ok().
class Words {
 public:
  explicit Words(std::string_view line) : rest_{line} {}

  std::string_view word() {
    const auto space = std::min(rest_.find(' '), rest_.size());
    const auto taken = rest_.substr(0, space);
    rest_.remove_prefix(std::min(space + 1, rest_.size()));
    return taken;
  }
  // All of `text` is a number of at least one.
  std::uint32_t number(std::string_view text) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    ok_ = ok_ && error == std::errc{} && end == text.data() + text.size() && value > 0;
    return value;
  }
  std::uint32_t named(std::string_view name) {
    const auto text = word();
    ok_ = ok_ && text.starts_with(name);
    return ok_ ? number(text.substr(name.size())) : 0;
  }
  std::string_view rest() const { return rest_; }
  bool ok() const { return ok_; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

bool is_side(std::uint32_t pixels) { return pixels >= kMinModeSize && pixels <= kMaxModeSize; }

}  // namespace

std::string to_line(const EncoderMeasurement& m) {
  std::string text = m.text.substr(0, kMaxMeasurementText);
  std::ranges::replace_if(text, [](unsigned char c) { return c < 0x20 || c == 0x7F; }, ' ');
  if (!m.is_available()) return fmt::format("{} {} {}", word_of(m.codec), kUnavailable, text);
  return fmt::format("{} {}x{} pictures={} call_us={} cpu_us={} cores={} {}", word_of(m.codec), m.width,
                     m.height, m.pictures, m.call_us, m.cpu_us, m.cores, text);
}

std::optional<EncoderMeasurement> parse_measurement(std::string_view line) {
  Words words{line};
  const auto codec = codec_of(words.word());
  if (!codec) return std::nullopt;
  EncoderMeasurement m{.codec = *codec, .text = {}};
  const auto size = words.word();
  if (size != kUnavailable) {
    const auto cross = size.find('x');
    if (cross == std::string_view::npos) return std::nullopt;
    m.width = words.number(size.substr(0, cross));
    m.height = words.number(size.substr(cross + 1));
    m.pictures = words.named("pictures=");
    m.call_us = words.named("call_us=");
    m.cpu_us = words.named("cpu_us=");
    m.cores = words.named("cores=");
    if (!words.ok() || !is_side(m.width) || !is_side(m.height)) return std::nullopt;
  }
  m.text = words.rest().substr(0, kMaxMeasurementText);
  return m;
}

}  // namespace lumen
