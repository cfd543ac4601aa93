// lumen/apps: the sub-commands of lumen-client that speak GameStream, to any host that does.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace CLI {
class App;
}

namespace lumen::apps {

// `lumen-client HOST` without screens, to measure or where there is no display: pairs by text in the terminal
// if it has to, then streams.
struct PlainStream {
  std::string host, app, mode, png, stats_json, record, statistics, log_level;
  double seconds = 0, loss = 0;
  std::uint64_t seed = 1;
  bool headless = false, fullscreen = false, check = false, progress = false;
};
int stream_plainly(const PlainStream& wanted);  // the exit status

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
