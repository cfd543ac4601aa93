// lumen/client: what the reports of both protocols have in common, as JSON.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "client/frame_checker.hpp"
#include "client/sound_meter.hpp"

namespace lumen::client {

// Quantiles in milliseconds.
nlohmann::json to_json(const LatencyHistogram& histogram);
// "frames_…", "longest_freeze_ms", "draw_to_decoded_ms", "stages_ms", ….
nlohmann::json to_json(const CheckFacts& facts);
nlohmann::json to_json(const SoundFacts& facts);
// As text with a final line end, whatever bytes a host has sent.
std::string to_text(const nlohmann::json& json);

}  // namespace lumen::client
