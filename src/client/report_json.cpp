#include "client/report_json.hpp"

namespace lumen::client {

nlohmann::json to_json(const LatencyHistogram& histogram) {
  return {{"p50", to_ms(histogram.quantile(0.5))},
          {"p95", to_ms(histogram.quantile(0.95))},
          {"p99", to_ms(histogram.quantile(0.99))},
          {"p999", to_ms(histogram.quantile(0.999))},
          {"max", to_ms(histogram.max())}};
}

nlohmann::json to_json(const CheckFacts& facts) {
  const auto seconds = std::chrono::duration<double>(facts.last_at - facts.first_at).count();
  return {{"frames_drawn", facts.drawn},
          {"frames_correct", facts.correct},
          {"frames_lost", facts.lost},
          {"frames_decoded", facts.decoded},
          {"frames_repeated", facts.repeated},
          {"frames_out_of_order", facts.out_of_order},
          {"frames_before_scene", facts.before_scene},
          {"frames_unreadable", facts.unreadable},
          {"frames_wrong_color", facts.wrong_color},
          {"frames_wrong_size", facts.wrong_size},
          {"scene_restarts", facts.scene_restarts},
          {"max_color_error", facts.max_color_error},
          {"frames_per_second", seconds > 0 ? static_cast<double>(facts.distinct - 1) / seconds : 0.0},
          {"longest_freeze_ms", to_ms(facts.longest_freeze)},
          {"draw_to_decoded_ms", to_json(facts.latency.total)},
          {"stages_ms",
           {{"convert", to_json(facts.latency.capture)},
            {"encode", to_json(facts.latency.encode)},
            {"protect_and_send", to_json(facts.latency.send)},
            {"receive_and_recover", to_json(facts.latency.receive)},
            {"decode", to_json(facts.latency.decode)}}}};
}

nlohmann::json to_json(const SoundFacts& facts) {
  auto channels = nlohmann::json::array();
  for (std::size_t i = 0; i < facts.channels; ++i) {
    const auto& channel = facts.by_channel[i];
    channels.push_back(
        {{"level_dbfs", channel.level_dbfs}, {"peak_dbfs", channel.peak_dbfs}, {"tone_hz", channel.tone_hz}});
  }
  return {{"channels", std::move(channels)},
          {"samples", facts.samples},
          {"silent_samples", facts.silent_samples}};
}

nlohmann::json to_json(const StreamFigures& figures) {
  auto stages = nlohmann::json::object();
  for (std::size_t i = 0; i < kStages; ++i) {
    const auto& stage = figures.stages.at(i);
    stages[std::string{name_of(static_cast<Stage>(i))}] = {
        {"p50", to_ms(stage.p50)}, {"p95", to_ms(stage.p95)}, {"p99", to_ms(stage.p99)}};
  }
  return {{"at_s", std::chrono::duration<double>(figures.at).count()},
          {"interval_s", std::chrono::duration<double>(figures.interval).count()},
          {"received_per_s", figures.received_per_s},
          {"decoded_per_s", figures.decoded_per_s},
          {"presented_per_s", figures.presented_per_s},
          {"latency_ms", std::move(stages)},
          {"loss_percent", figures.loss_percent},
          {"parity_percent", figures.parity_percent},
          {"frames_lost", figures.frames_lost},
          {"frames_repaired", figures.frames_repaired},
          {"recovery_asked", figures.recovery_asked},
          {"sound_concealed", figures.sound_concealed},
          {"bitrate_kbps", figures.bitrate_kbps},
          {"round_trip_ms", to_ms(figures.round_trip)}};
}

nlohmann::json figures_json(const StreamDesk& desk, const StreamFigures& totals) {
  auto seconds = nlohmann::json::array();
  for (const auto& each : desk.seconds()) seconds.push_back(to_json(each));
  nlohmann::json json{{"figures", to_json(totals)}, {"figures_per_second", std::move(seconds)}};
  if (const auto recording = desk.recording()) {
    json["recording"] = {{"units", recording->units},
                         {"bytes", recording->bytes},
                         {"units_left_out", recording->left_out},
                         {"failure", recording->failure ? std::string{recording->failure->id} : ""}};
  }
  return json;
}

std::string to_text(const nlohmann::json& json) {
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace lumen::client
