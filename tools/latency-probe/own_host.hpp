// tools/latency-probe: a lumen-host of its own with the test scene, in a private folder, gone with its owner.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "client/gamestream/host_book.hpp"
#include "lumen1/connect_info.hpp"
#include "tools/selftest/running.hpp"

namespace lumen::probe {

class OwnHost {
 public:
  struct Params {
    std::string program_dir;  // where lumen-host and what it starts are
    bool gamestream = false;  // serves that, too
    std::string preset;       // libx264's; empty: as it comes
  };
  // Returns when it answers.
  static Result<std::unique_ptr<OwnHost>> create(Params params);

  Result<lumen1::ConnectInfo> connect_info() const;
  // A client that the host knows already: pairs at the first call. With Params::gamestream.
  Result<client::HostBook*> paired_book();
  client::HostAddress game_address() const { return {"127.0.0.1", game_port_}; }

 private:
  OwnHost(Params params, selftest::TemporaryDir folder)
      : params_{std::move(params)}, folder_{std::move(folder)} {}
  Status start();
  Result<link::Child> run(std::vector<std::string> arguments) const;
  Status pair();

  Params params_;
  selftest::TemporaryDir folder_;
  std::uint16_t game_port_ = 0;
  std::optional<client::HostBook> book_;
  std::optional<selftest::Running> host_;  // last: it ends before its folder goes
};

}  // namespace lumen::probe
