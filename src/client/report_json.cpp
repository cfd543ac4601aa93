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

std::string to_text(const nlohmann::json& json) {
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace lumen::client
