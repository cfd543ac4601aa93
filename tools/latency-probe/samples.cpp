#include "tools/latency-probe/samples.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace lumen::probe {
namespace {

using Get = Duration (*)(const FrameSample&);

struct FrameStage {
  const char *id, *name;
  Get get;
};

// What is between the stages that are known: the scene draws and commits, and the network carries.
Duration rest_of(const FrameSample& f) {
  return f.total - f.convert - f.encode - f.protect - f.receive - f.wait - f.decode;
}

constexpr FrameStage kFrameStages[] = {
    {"rest", "draw, commit and network", rest_of},
    {"convert", "capture and convert", [](const FrameSample& f) { return f.convert; }},
    {"encode", "encode", [](const FrameSample& f) { return f.encode; }},
    {"protect", "protect and send", [](const FrameSample& f) { return f.protect; }},
    {"receive", "receive and recover", [](const FrameSample& f) { return f.receive; }},
    {"wait", "wait for the decoder", [](const FrameSample& f) { return f.wait; }},
    {"decode", "decode", [](const FrameSample& f) { return f.decode; }},
    {"draw_to_decoded", "draw to decoded", [](const FrameSample& f) { return f.total; }},
};

template <class Sample, class Take>
Distribution collect(const std::vector<Sample>& samples, Take take) {
  std::vector<double> values;
  values.reserve(samples.size());
  for (const auto& sample : samples) {
    if (const std::optional<Duration> value = take(sample)) values.push_back(to_ms(*value));
  }
  return Distribution{std::move(values)};
}

void add(std::vector<Stage>& stages, const char* id, const char* name, Distribution ms) {
  if (ms.max() > 0) stages.push_back({id, name, std::move(ms)});
}

void add_connects(std::vector<Stage>& stages, const ProbeRun& run) {
  auto warm = run.connects;
  if (run.cold && !warm.empty()) {
    add(stages, "cold_connect", "connect to first frame, cold", Distribution{{to_ms(warm.front())}});
    warm.erase(warm.begin());
  }
  add(stages, "connect", "connect to first frame",
      collect(warm, [](Duration connect) { return std::optional{connect}; }));
}

// What the protocol itself takes: protecting, sending, receiving and recovering; on the way it is given half
// of a round trip of the same protocol's messages.
void add_protocol_share(std::vector<Stage>& stages, const ProbeRun& run) {
  if (!run.round_trip) return;
  const auto way = *run.round_trip / 2;
  add(stages, "protocol", "of that, the protocol", collect(run.frames, [way](const FrameSample& f) {
        return std::optional{f.protect + way + f.receive};
      }));
}

}  // namespace

Distribution::Distribution(std::vector<double> values) : values_{std::move(values)} {
  std::ranges::sort(values_);
}

double Distribution::quantile(double fraction) const {
  if (values_.empty()) return 0;
  const auto rank = std::ceil(std::clamp(fraction, 0.0, 1.0) * static_cast<double>(values_.size()));
  return values_[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
}

double Distribution::mean() const {
  if (values_.empty()) return 0;
  return std::accumulate(values_.begin(), values_.end(), 0.0) / static_cast<double>(values_.size());
}

std::vector<Stage> stages_of(const ProbeRun& run) {
  std::vector<Stage> stages;
  for (const auto& stage : kFrameStages) {
    add(stages, stage.id, stage.name,
        collect(run.frames, [&](const FrameSample& frame) { return std::optional{stage.get(frame)}; }));
  }
  add_protocol_share(stages, run);
  add(stages, "present", "decoded to presented",
      collect(run.frames, [](const FrameSample& frame) { return frame.present; }));
  add(stages, "draw_to_presented", "draw to presented", collect(run.frames, [](const FrameSample& frame) {
        return frame.present ? std::optional{frame.total + *frame.present} : std::nullopt;
      }));
  add(stages, "key_to_draw", "key to draw",
      collect(run.keys, [](const KeySample& key) { return std::optional{key.to_draw}; }));
  add(stages, "key_to_pixel", "key to pixel",
      collect(run.keys, [](const KeySample& key) { return std::optional{key.to_pixel}; }));
  add_connects(stages, run);
  return stages;
}

const Stage* find_stage(const std::vector<Stage>& stages, std::string_view id) {
  const auto found = std::ranges::find(stages, id, &Stage::id);
  return found == stages.end() ? nullptr : &*found;
}

double median(std::vector<double> values) { return Distribution{std::move(values)}.quantile(0.5); }

}  // namespace lumen::probe
