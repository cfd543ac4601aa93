#include "options.hpp"

#include <fmt/core.h>
#include <getopt.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstring>

namespace lumen::scene {
namespace {

constexpr double kMaxRateHz = 10'000, kMaxSeconds = 1e6;

Result<double> parse_number(const char* option, const char* text, double low, double high) {
  double value = 0;
  const auto* end = text + std::strlen(text);
  const auto [rest, error] = std::from_chars(text, end, value);
  if (error != std::errc{} || rest != end || !(value >= low && value <= high)) {
    return fail(ErrorCode::invalid_argument, "scene.option", fmt::format("--{} cannot be '{}'", option, text),
                fmt::format("Give a number from {} to {}", low, high));
  }
  return value;
}

Duration seconds(double value) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>{value});
}

Status apply(Options& options, const option& which, const char* text) {
  switch (which.val) {
    case 'r': {
      LUMEN_TRY(options.rate_hz, parse_number(which.name, text, 0.1, kMaxRateHz));
      return {};
    }
    case 's':
      options.still = true;
      return {};
    case 'p':
      options.print_events = true;
      return {};
    case 'h':
      options.help = true;
      return {};
    case 'a':
      options.app_id = text;
      return {};
    case 'e':
    case 'g': {
      LUMEN_TRY(const auto after, parse_number(which.name, text, 0, kMaxSeconds));
      (which.val == 'e' ? options.exit_after : options.hang_after) = seconds(after);
      return {};
    }
    default: {
      LUMEN_TRY(const auto status, parse_number(which.name, text, 0, 255));
      options.exit_status = static_cast<int>(status);
      return {};
    }
  }
}

}  // namespace

std::string_view usage() {
  return "lumen-test-scene: a moving picture with a machine-readable code, full screen on Wayland\n"
         "  --rate HZ             draw at this rate instead of once per frame callback\n"
         "  --still               draw once, then only on input\n"
         "  --app-id ID           default lumen-test-scene\n"
         "  --print-events        one line per input event on standard output\n"
         "  --exit-after SECONDS  end after this time\n"
         "  --exit-status N       with --exit-after: the exit status\n"
         "  --hang-after SECONDS  stop answering for ever after this time\n";
}

Result<Options> parse_options(int argc, char** argv) {
  constexpr std::array<option, 9> kKnown{{{"rate", required_argument, nullptr, 'r'},
                                          {"still", no_argument, nullptr, 's'},
                                          {"app-id", required_argument, nullptr, 'a'},
                                          {"print-events", no_argument, nullptr, 'p'},
                                          {"exit-after", required_argument, nullptr, 'e'},
                                          {"exit-status", required_argument, nullptr, 'x'},
                                          {"hang-after", required_argument, nullptr, 'g'},
                                          {"help", no_argument, nullptr, 'h'},
                                          {nullptr, 0, nullptr, 0}}};
  Options options;
  int index = 0;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread
  for (int found = 0; (found = getopt_long(argc, argv, "", kKnown.data(), &index)) != -1;) {
    if (found == '?')
      return fail(ErrorCode::invalid_argument, "scene.option", "Unknown option", "See --help");
    LUMEN_CHECK_OK(apply(options, kKnown[static_cast<std::size_t>(index)], optarg));
  }
  if (optind < argc) {
    return fail(ErrorCode::invalid_argument, "scene.option", fmt::format("Unexpected '{}'", argv[optind]),
                "See --help");
  }
  return options;
}

}  // namespace lumen::scene
