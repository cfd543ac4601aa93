// lumen/apps: lumen-client as a person starts it: with its screens, or straight to a host; and its doctor.
#pragma once

#include <memory>
#include <optional>
#include <string>

namespace CLI {
class App;
}

namespace lumen::apps {

struct ScreenOptions {
  std::string host, app;                 // no host: the list of computers
  std::string record, mode, statistics;  // empty: as the settings say
  std::optional<bool> fullscreen;        // none: as the settings say
  std::string log_level = "warning";
};

// The exit status. Needs a display.
int run_screens(const ScreenOptions& options);

// `lumen-client doctor`.
class DoctorCommand {
 public:
  explicit DoctorCommand(CLI::App& app);  // which outlives it
  ~DoctorCommand();
  DoctorCommand(const DoctorCommand&) = delete;
  DoctorCommand& operator=(const DoctorCommand&) = delete;

  // The exit status: 0 nothing is in the way, 3 something is; nullopt: the command was not given.
  std::optional<int> run() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace lumen::apps
