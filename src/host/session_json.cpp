#include "host/session_json.hpp"

#include <nlohmann/json.hpp>

namespace lumen::host {
namespace {

using namespace std::chrono_literals;

const char* to_text(lumen1::StreamState state) {
  switch (state) {
    case lumen1::StreamState::starting:
      return "starting";
    case lumen1::StreamState::streaming:
      return "streaming";
    case lumen1::StreamState::interrupted:
      return "interrupted";
    case lumen1::StreamState::ended:
      return "ended";
  }
  return "unknown";
}

nlohmann::json to_json(const link::SessionStats& stats) {
  return {{"cpu_us", stats.cpu_us},
          {"encoder_cpu_us", stats.encoder_cpu_us},
          {"convert_cpu_us", stats.convert_cpu_us},
          {"rss_bytes", stats.rss_bytes},
          {"frames_captured", stats.frames_captured},
          {"frames_encoded", stats.frames_encoded},
          {"frames_overwritten", stats.frames_overwritten},
          {"idr_count", stats.idr_count},
          {"dropped_full", stats.dropped_full}};
}

nlohmann::json to_json(const stream::SendStats& stats) {
  return {{"frames", stats.frames.load()},
          {"idr_count", stats.idr.load()},
          {"datagrams", stats.datagrams.load()},
          {"bytes", stats.bytes.load()},
          {"refused", stats.refused.load()},
          {"data_shards", stats.data_shards.load()},
          {"parity_shards", stats.parity_shards.load()},
          {"recovery_asked", stats.recovery_asked.load()},
          {"recovery_merged", stats.recovery_merged.load()},
          {"shards_asked", stats.shards_asked.load()},
          {"shards_repeated", stats.shards_repeated.load()},
          {"bitrate_kbps", stats.bitrate_kbps.load()},
          {"bitrate_reason", to_string(stats.rate_reason.load())},
          {"capacity_kbps", stats.capacity_kbps.load()},
          {"queue_us", stats.queue_us.load()},
          {"assumed_burst", static_cast<double>(stats.assumed_burst_milli.load()) / 1e3},
          {"assumed_loss_percent", static_cast<double>(stats.assumed_loss_ppm.load()) / 1e4}};
}

nlohmann::json to_json(const stream::SoundSendStats& stats) {
  return {{"packets", stats.packets.load()}, {"bytes", stats.bytes.load()},
          {"refused", stats.refused.load()}, {"too_large", stats.too_large.load()},
          {"copies", stats.copies.load()},   {"wire_kbps", stats.wire_kbps.load()}};
}

nlohmann::json to_json(const ClientCounters& counters) {
  return {{"connections", counters.connections.load()},
          {"not_authentic", counters.not_authentic.load()},
          {"malformed", counters.malformed.load()},
          {"input_events", counters.input_events.load()},
          {"voice_packets", counters.voice_packets.load()},
          {"not_permitted", counters.not_permitted.load()},
          {"round_trip_us", counters.round_trip_us.load()},
          {"datagrams_expected", counters.reported_expected.load()},
          {"datagrams_lost", counters.reported_lost.load()}};
}

}  // namespace

nlohmann::json session_json(const StreamSession& session) {
  const auto& end = session.end();
  const auto& slot = session.slot();
  const auto state = end.board.snapshot();
  nlohmann::json entry{{"state", to_text(state.state)},
                       {"reason", state.reason},
                       {"mode", is_valid(state.mode) ? to_string(state.mode) : ""},
                       {"encoder", state.encoder},
                       {"encoder_reason", state.encoder_reason},
                       {"display", state.display},
                       {"capture", state.capture},
                       {"has_client", slot.has_client()},
                       {"pid", slot.pid()},
                       {"restarts", slot.restarts()},
                       {"send", to_json(end.sender.stats())},
                       {"sound", to_json(end.sound.stats())},
                       {"client", to_json(end.port.counters())}};
  if (const auto& stats = slot.stats()) entry["picture"] = to_json(*stats);
  return entry;
}

}  // namespace lumen::host
