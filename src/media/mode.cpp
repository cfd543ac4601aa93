#include "media/mode.hpp"

#include <charconv>
#include <cmath>
#include <optional>

#include <fmt/format.h>

namespace lumen {
namespace {

constexpr std::string_view kRemedy = "Write it as WIDTHxHEIGHT@HZ, for example 1920x1080@60";

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

bool is_valid(const Mode& mode) {
  const auto side_ok = [](std::uint32_t side) { return side >= kMinModeSize && side <= kMaxModeSize; };
  return side_ok(mode.width) && side_ok(mode.height) && mode.refresh_mhz >= kMinRefreshMhz &&
         mode.refresh_mhz <= kMaxRefreshMhz;
}

Result<Mode> parse_mode(std::string_view text) {
  const auto at = text.find('@');
  const auto size = text.substr(0, at);
  const auto cross = size.find('x');
  if (cross == std::string_view::npos) {
    return fail(ErrorCode::invalid_argument, "mode.malformed", fmt::format("'{}' is not a mode", text),
                std::string{kRemedy});
  }
  const auto width = parse_number<std::uint32_t>(size.substr(0, cross));
  const auto height = parse_number<std::uint32_t>(size.substr(cross + 1));
  const auto hertz =
      at == std::string_view::npos ? std::optional{60.0} : parse_number<double>(text.substr(at + 1));
  if (!width || !height || !hertz || !(*hertz > 0 && *hertz < 10'000)) {
    return fail(ErrorCode::invalid_argument, "mode.malformed", fmt::format("'{}' is not a mode", text),
                std::string{kRemedy});
  }
  const Mode mode{*width, *height, static_cast<std::uint32_t>(std::lround(*hertz * 1000.0))};
  if (!is_valid(mode)) {
    return fail(ErrorCode::invalid_argument, "mode.range", fmt::format("mode {} is out of range", text),
                fmt::format("Sides are {} to {} pixels, rates 1 to 500 Hz", kMinModeSize, kMaxModeSize));
  }
  return mode;
}

std::string to_string(const Mode& mode) {
  if (mode.refresh_mhz % 1000 == 0) {
    return fmt::format("{}x{}@{}", mode.width, mode.height, mode.refresh_mhz / 1000);
  }
  auto hertz = fmt::format("{}.{:03}", mode.refresh_mhz / 1000, mode.refresh_mhz % 1000);
  while (hertz.back() == '0') hertz.pop_back();
  return fmt::format("{}x{}@{}", mode.width, mode.height, hertz);
}

}  // namespace lumen
