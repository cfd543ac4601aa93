#include "client/shell/figures.hpp"

#include <algorithm>
#include <utility>

namespace lumen::client {
namespace {

using namespace std::chrono_literals;

constexpr Duration kInterval = 1s;
constexpr std::size_t kMaxSamples = 2048;  // a second at the highest rate, many times over

double per_second(std::uint64_t count, Duration interval) {
  const auto seconds = std::chrono::duration<double>(interval).count();
  return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

double percent(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

// Counters of another connection may begin anew.
std::uint64_t since(std::uint64_t now, std::uint64_t before) { return now >= before ? now - before : now; }

void fill(StreamFigures& figures, const StreamCounters& now, const StreamCounters& before) {
  const auto lost = since(now.datagrams_lost, before.datagrams_lost);
  figures.received_per_s = per_second(since(now.frames, before.frames), figures.interval);
  figures.loss_percent = percent(lost, lost + since(now.datagrams, before.datagrams));
  figures.parity_percent = now.parity_percent;
  figures.frames_lost = since(now.frames_lost, before.frames_lost);
  figures.frames_repaired = since(now.frames_repaired, before.frames_repaired);
  figures.recovery_asked = since(now.recovery_asked, before.recovery_asked);
  figures.sound_concealed = since(now.sound_concealed, before.sound_concealed);
  figures.bitrate_kbps = per_second(since(now.bytes, before.bytes), figures.interval) * 8 / 1000;
  figures.round_trip = now.round_trip;
}

}  // namespace

std::string_view name_of(Stage stage) {
  constexpr std::array<std::string_view, kStages> kNames{"capture", "encode", "send",    "network",
                                                         "receive", "decode", "present", "total"};
  return kNames.at(static_cast<std::size_t>(stage));
}

FigureMeter::FigureMeter(bool presents) : presents_{presents} {
  for (auto& samples : window_.samples) samples.reserve(kMaxSamples);
}

void FigureMeter::decoded(const PictureTimes& times) {
  auto copy = times;
  static_cast<void>(ring_.try_push(copy));
}

void FigureMeter::begin(Timestamp now, const StreamCounters& counters) {
  drain();
  begun_ = window_begun_ = now;
  first_ = last_ = counters;
  window_.decoded = window_.presented = all_decoded_ = all_presented_ = 0;
  for (auto& samples : window_.samples) samples.clear();
  all_ = {};
}

void FigureMeter::add(Stage stage, Duration value) {
  const auto index = static_cast<std::size_t>(stage);
  all_.at(index).add(value);
  auto& samples = window_.samples.at(index);
  if (samples.size() < kMaxSamples) samples.push_back(value);
}

void FigureMeter::drain() {
  while (const auto times = ring_.try_pop()) {
    ++window_.decoded;
    ++all_decoded_;
    add(Stage::capture, times->host_capture);
    add(Stage::encode, times->host_encode);
    add(Stage::send, times->host_send);
    add(Stage::network, round_trip_ / 2);
    add(Stage::receive, times->complete - times->received);
    add(Stage::decode, times->decoded - times->complete);
    if (!presents_) add(Stage::total, total_of(*times, times->decoded));
  }
}

Duration FigureMeter::total_of(const PictureTimes& times, Timestamp until) const {
  return times.host_capture + times.host_encode + times.host_send + round_trip_ / 2 +
         (until - times.received);
}

void FigureMeter::presented(const PictureTimes& times, Timestamp shown) {
  ++window_.presented;
  ++all_presented_;
  add(Stage::present, shown - times.decoded);
  add(Stage::total, total_of(times, shown));
}

StageFigures FigureMeter::quantiles(std::vector<Duration>& samples) {
  if (samples.empty()) return {};
  std::ranges::sort(samples);
  const auto at = [&](double fraction) {
    return samples.at(static_cast<std::size_t>(fraction * static_cast<double>(samples.size() - 1) + 0.5));
  };
  return {at(0.5), at(0.95), at(0.99)};
}

bool FigureMeter::is_due(Timestamp now) const { return now - window_begun_ >= kInterval; }

std::optional<StreamFigures> FigureMeter::update(Timestamp now, const StreamCounters& counters) {
  drain();
  if (!is_due(now)) return std::nullopt;
  StreamFigures figures{.at = now - begun_, .interval = now - window_begun_};
  fill(figures, counters, last_);
  figures.decoded_per_s = per_second(std::exchange(window_.decoded, 0), figures.interval);
  figures.presented_per_s = per_second(std::exchange(window_.presented, 0), figures.interval);
  for (std::size_t i = 0; i < kStages; ++i) {
    figures.stages.at(i) = quantiles(window_.samples.at(i));
    window_.samples.at(i).clear();
  }
  last_ = counters;
  window_begun_ = now;
  round_trip_ = counters.round_trip;
  return figures;
}

StreamFigures FigureMeter::totals(Timestamp now, const StreamCounters& counters) {
  drain();
  StreamFigures figures{.at = now - begun_, .interval = now - begun_};
  fill(figures, counters, first_);
  figures.decoded_per_s = per_second(all_decoded_, figures.interval);
  figures.presented_per_s = per_second(all_presented_, figures.interval);
  for (std::size_t i = 0; i < kStages; ++i) {
    const auto& histogram = all_.at(i);
    figures.stages.at(i) = {histogram.quantile(0.5), histogram.quantile(0.95), histogram.quantile(0.99)};
  }
  return figures;
}

}  // namespace lumen::client
