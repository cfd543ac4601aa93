#include "tools/loss-harness/sweep.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "flow/frame_loss.hpp"

namespace lumen::loss_harness {

using simulation::Code;
using simulation::Recovery;

namespace {

double percent(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(whole);
}

LossModel model_of(const Case& which) { return {which.loss_percent / 100, which.mean_burst}; }

std::optional<double> predict(const Plan& plan, const Case& which) {
  const bool one_block = which.code != Code::gamestream;
  const bool fixed = which.code == Code::none || which.parity_percent;
  if (!one_block || !fixed || plan.stream.size_spread > 0) return std::nullopt;
  const auto layout = simulation::lay_out(which.code, which.data_shards, which.parity_percent.value_or(0));
  return frame_loss(layout.data(), layout.parity(), model_of(which));
}

simulation::StreamParams stream_params(const Plan& plan, const Case& which) {
  auto params = plan.stream;
  params.data_shards = which.data_shards;
  params.code = which.code;
  params.fixed_percent = which.parity_percent;
  params.recovery = which.recovery;
  if (which.recovery != Recovery::none) params.idr_every = 0;
  return params;
}

void fill(Row& row, const simulation::Stream& stream) {
  const auto& sent = stream.stats();
  const auto& seen = stream.playback();
  row.frames = sent.frames;
  row.lost = seen.frames_lost;
  row.mended = sent.frames_mended;
  row.undecodable = seen.frames_undecodable;
  row.asks = seen.asks;
  row.stalls = seen.stalls.count();
  row.stall_median = seen.stalls.quantile(0.5);
  row.stall_p99 = seen.stalls.quantile(0.99);
  row.stalled = seen.stalled;
  row.datagram_loss_percent = percent(stream.link().lost + stream.link().overflowed, stream.link().sent);
  row.parity_percent = percent(sent.parity_sent, sent.data_sent);
  row.most_parity_percent = sent.most_parity_percent;
  row.recovery_percent = percent(sent.data_asked, sent.data_sent - sent.data_asked);
  row.digest = stream.digest();
}

}  // namespace

std::vector<Case> cases_of(const Plan& plan) {
  std::vector<Case> cases;
  const auto add = [&](const Case& which) {
    for (const auto& parity : plan.parity_percent) {
      cases.push_back(which);
      cases.back().parity_percent = which.code == Code::none ? 0 : parity;
      if (which.code == Code::none) return;
    }
  };
  for (const auto burst : plan.mean_burst)
    for (const auto shards : plan.data_shards)
      for (const auto code : plan.codes)
        for (const auto recovery : plan.recoveries)
          for (const auto loss : plan.loss_percent)
            add({.loss_percent = loss,
                 .mean_burst = burst,
                 .data_shards = shards,
                 .code = code,
                 .recovery = recovery});
  return cases;
}

Row run(const Plan& plan, const Case& which) {
  Row row{.of = which, .predicted = predict(plan, which)};
  auto link = plan.link;
  link.loss = model_of(which);
  simulation::Stream stream{stream_params(plan, which), link, plan.seed};
  std::optional<ByteCheck> bytes;
  if (plan.in_bytes && which.code != Code::gamestream) stream.observe(&bytes.emplace());
  for (std::uint64_t i = 0; i < plan.frames; ++i) stream.send_frame();
  stream.finish();
  if (bytes) row.bytes = bytes->finish();
  fill(row, stream);
  return row;
}

std::string name_of(Code code) {
  switch (code) {
    case Code::none:
      return "none";
    case Code::gamestream:
      return "gamestream";
    case Code::leopard:
      break;
  }
  return "leopard";
}

std::string name_of(Recovery recovery) {
  switch (recovery) {
    case Recovery::none:
      return "none";
    case Recovery::idr:
      return "idr";
    case Recovery::invalidation:
      break;
  }
  return "invalidation";
}

std::string parity_of(const Case& which) {
  if (which.code == Code::none) return "-";
  return which.parity_percent ? fmt::format("{:g} %", *which.parity_percent) : "adaptive";
}

}  // namespace lumen::loss_harness
