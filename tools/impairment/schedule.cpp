#include "tools/impairment/schedule.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>

#include <fmt/format.h>

namespace lumen::impairment {
namespace {

enum class Kind : std::uint8_t { none, share, count, time, rate, amount };

struct Word {
  std::string_view name;
  Property property;
  Kind kind;
};
// `queue` is of two kinds: time or bytes.
constexpr std::array<Word, 13> kWords{{{"loss", Property::loss, Kind::share},
                                       {"burst", Property::burst, Kind::count},
                                       {"runs", Property::runs, Kind::count},
                                       {"delay", Property::delay, Kind::time},
                                       {"jitter", Property::jitter, Kind::time},
                                       {"reorder", Property::reorder, Kind::share},
                                       {"reorder-by", Property::reorder_by, Kind::time},
                                       {"duplicate", Property::duplicate, Kind::share},
                                       {"rate", Property::rate, Kind::rate},
                                       {"queue", Property::queue_bytes, Kind::amount},
                                       {"blackout", Property::blackout, Kind::time},
                                       {"move", Property::move, Kind::none},
                                       {"clear", Property::clear, Kind::none}}};

struct Unit {
  std::string_view name;
  double factor;
};
constexpr std::array<Unit, 3> kTimes{{{"s", 1e9}, {"ms", 1e6}, {"us", 1e3}}};
constexpr std::array<Unit, 4> kRates{{{"gbit", 1e9}, {"mbit", 1e6}, {"kbit", 1e3}, {"bit", 1}}};
constexpr std::array<Unit, 3> kAmounts{{{"m", 1024.0 * 1024}, {"k", 1024}, {"b", 1}}};
constexpr std::array<Unit, 1> kShares{{{"%", 0.01}}};
constexpr double kMost = 1e15;

// A number of at least 0 with one of these units behind it; a zero needs none.
template <std::size_t N>
std::optional<double> measure(std::string_view text, const std::array<Unit, N>& units) {
  double number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || !(number >= 0)) return std::nullopt;
  const std::string_view unit{rest, static_cast<std::size_t>(text.data() + text.size() - rest)};
  if (unit.empty() && number == 0) return 0;
  const auto known = std::ranges::find(units, unit, &Unit::name);
  if (known == units.end() || !(number * known->factor <= kMost)) return std::nullopt;
  return number * known->factor;
}

std::optional<double> count(std::string_view text) {
  constexpr std::array<Unit, 1> kPlain{{{"", 1}}};
  const auto value = measure(text, kPlain);
  return value && *value >= 1 && *value <= 1e4 ? value : std::nullopt;
}

auto refuse(std::string_view what, std::string_view wanted) {
  return fail(ErrorCode::invalid_argument, "impair.statement", fmt::format("'{}' makes no sense", what),
              std::string{wanted});
}

std::string_view take_word(std::string_view& text) {
  constexpr std::string_view kSpace = " \t\r";
  text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
  const auto word = text.substr(0, text.find_first_of(kSpace));
  text.remove_prefix(word.size());
  return word;
}

Status set_value(Change& change, Kind kind, std::string_view text) {
  const auto take = [&](std::optional<double> value, std::string_view wanted) -> Status {
    if (!value) return refuse(text, wanted);
    change.value = *value;
    return {};
  };
  switch (kind) {
    case Kind::none:
      return text.empty() ? Status{} : refuse(text, "This takes no value");
    case Kind::share: {
      const auto share = measure(text, kShares);
      return take(share && *share <= 1 ? share : std::nullopt, "Give a share such as 5%");
    }
    case Kind::count:
      return take(count(text), "Give a number of datagrams from 1 to 10000");
    case Kind::time:
      return take(measure(text, kTimes), "Give a time such as 20ms");
    case Kind::rate:
      return take(measure(text, kRates), "Give a rate such as 10mbit");
    case Kind::amount:
      if (const auto time = measure(text, kTimes)) {
        change.property = Property::queue_time;
        return take(time, {});
      }
      return take(measure(text, kAmounts), "Give a time such as 50ms or an amount such as 256k");
  }
  return {};
}

}  // namespace

Result<Change> parse_change(std::string_view statement) {
  auto rest = statement;
  Change change;
  auto word = take_word(rest);
  if (const auto at = measure(word, kTimes)) {
    change.at = Duration{static_cast<Duration::rep>(*at)};
    word = take_word(rest);
  }
  if (word == "up" || word == "down") {
    change.up = word == "up";
    change.down = word == "down";
    word = take_word(rest);
  }
  const auto known = std::ranges::find(kWords, word, &Word::name);
  if (known == kWords.end()) {
    return refuse(statement, "Write [TIME] [up|down] NAME [VALUE], as in \"5s down rate 10mbit\"");
  }
  change.property = known->property;
  LUMEN_CHECK_OK(set_value(change, known->kind, take_word(rest)));
  if (const auto more = take_word(rest); !more.empty()) return refuse(more, "One statement at a time");
  return change;
}

Result<std::vector<Change>> parse_schedule(std::string_view text) {
  std::vector<Change> changes;
  for (std::size_t number = 1; !text.empty(); ++number) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    line = line.substr(0, line.find('#'));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    auto change = parse_change(line);
    if (!change) {
      change.error().what = fmt::format("line {}: {}", number, change.error().what);
      return tl::unexpected{std::move(change).error()};
    }
    changes.push_back(*change);
  }
  return changes;
}

}  // namespace lumen::impairment
