// lumen/client: what the reports of both protocols have in common, as JSON.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "client/frame_checker.hpp"
#include "client/shell/figures.hpp"
#include "client/sound_meter.hpp"
#include "client/stream_desk.hpp"

namespace lumen::client {

// Quantiles in milliseconds.
nlohmann::json to_json(const LatencyHistogram& histogram);
// "frames_…", "longest_freeze_ms", "draw_to_decoded_ms", "stages_ms", ….
nlohmann::json to_json(const CheckFacts& facts);
nlohmann::json to_json(const SoundFacts& facts);
// "figures", those of each second, and "recording" if there is one.
nlohmann::json to_json(const StreamFigures& figures);
nlohmann::json figures_json(const StreamDesk& desk, const StreamFigures& totals);
// As text with a final line end, whatever bytes a host has sent.
std::string to_text(const nlohmann::json& json);

}  // namespace lumen::client
