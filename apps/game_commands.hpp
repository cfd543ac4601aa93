// lumen/apps: the sub-commands of lumen-client that speak GameStream, to any host that does.
#pragma once

#include <memory>
#include <optional>

namespace CLI {
class App;
}

namespace lumen::apps {

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
