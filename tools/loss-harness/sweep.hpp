// tools/loss-harness: runs one simulated stream for each combination of losses, frame sizes, codes, parity
// and recovery. All of them live through the same losses: the seed and the frame number decide them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "simulation/stream.hpp"
#include "tools/loss-harness/byte_check.hpp"

namespace lumen::loss_harness {

struct Case {
  double loss_percent = 2, mean_burst = 1;
  std::size_t data_shards = 100;
  simulation::Code code = simulation::Code::leopard;
  std::optional<double> parity_percent;  // nullopt: adaptive
  simulation::Recovery recovery = simulation::Recovery::idr;
};

struct Plan {
  std::vector<double> loss_percent{0.5, 1, 2, 5, 10}, mean_burst{1};
  std::vector<std::size_t> data_shards{100};
  std::vector<simulation::Code> codes{simulation::Code::none, simulation::Code::gamestream,
                                      simulation::Code::leopard};
  std::vector<std::optional<double>> parity_percent{20};
  std::vector<simulation::Recovery> recoveries{simulation::Recovery::idr};
  std::uint64_t frames = 20'000, seed = 1;
  bool in_bytes = false;            // lumen/1's own code as well, where it has the code
  simulation::StreamParams stream;  // the rest
  simulation::LinkParams link;
};

struct Row {
  Case of;
  std::uint64_t frames = 0, lost = 0, mended = 0, undecodable = 0, asks = 0, stalls = 0;
  double datagram_loss_percent = 0;
  double parity_percent = 0, most_parity_percent = 0;  // of the data; of the worst ordinary frame
  double recovery_percent = 0;                         // data that IDRs add
  Duration stall_median{}, stall_p99{}, stalled{};
  std::optional<double> predicted;  // share of frames lost, exactly; one block and fixed parity only
  std::optional<ByteFigures> bytes;
  std::uint64_t digest = 0;
};

// Without code there is one row, whatever parity is asked for.
std::vector<Case> cases_of(const Plan& plan);
Row run(const Plan& plan, const Case& which);

std::string name_of(simulation::Code code);
std::string name_of(simulation::Recovery recovery);
std::string parity_of(const Case& which);

}  // namespace lumen::loss_harness
