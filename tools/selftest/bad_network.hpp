// lumen/tools/selftest: lumen-relay between a host that runs and a client that is to come.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tools/selftest/running.hpp"

namespace lumen::selftest {

class BadNetwork {
 public:
  struct Params {
    std::string program_dir, folder;      // `folder` is private; what is made there stays
    std::string connect_file;             // of the host
    std::vector<std::string> statements;  // as lumen-relay takes them
    std::uint64_t seed = 1;
  };
  // Returns when the relay listens.
  static Result<std::unique_ptr<BadNetwork>> create(const Params& params);

  // With it a client connects through the relay.
  const std::string& connect_file() const { return connect_file_; }
  // Ends the relay; what it counted.
  Result<nlohmann::json> finish();

 private:
  BadNetwork(link::Child relay, const Params& params)
      : connect_file_{params.folder + "/relayed"},
        report_{params.folder + "/relay.json"},
        relay_{std::move(relay)} {}

  std::string connect_file_, report_;
  Running relay_;
};

}  // namespace lumen::selftest
