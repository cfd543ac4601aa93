// lumen/apps: the sub-commands of lumen-client that speak GameStream, to any host that does; pair and list
// speak lumen/1 first.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "apps/client_options.hpp"

namespace CLI {
class App;
}

namespace lumen::apps {

// Pairs by text in the terminal if it has to, then streams. The exit status.
int stream_plainly(const PlainStream& wanted);

class GameCommands {
 public:
  // Adds `pair`, `list`, `stream` and `quit` to `app`, which outlives this.
  explicit GameCommands(CLI::App& app);
  ~GameCommands();
  GameCommands(const GameCommands&) = delete;
  GameCommands& operator=(const GameCommands&) = delete;

  // The exit status of the one that was given; nullopt: none was.
  std::optional<int> run() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace lumen::apps
