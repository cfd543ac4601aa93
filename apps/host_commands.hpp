// lumen-host pair and lumen-host clients: what a person tells the running host about its clients.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace lumen::apps {

struct PairOptions {
  std::optional<std::uint64_t> prompt;  // none: the only one that waits
  std::string pin;                      // empty: asked for
  std::string name;                     // for the client; empty: as it calls itself
  std::chrono::seconds wait{0};         // for a client to ask
  bool list = false, deny = false, page = false;
  bool code = false, phrase = false;  // for lumen-client
};

struct ClientsOptions {
  enum class Verb { list, rename, enable, disable, remove, permit } verb = Verb::list;
  std::string id, name;
};

// All ask the running host and return the exit status: 0, or 1 when it says no or none runs.
int pair(const PairOptions& options);
int clients(const ClientsOptions& options);
// Becomes lumen-session, which knows the desktops: prints them, or undoes what dead sessions left changed.
int displays(const std::string& program_dir, bool json);
int restore(const std::string& program_dir);
int consent(const std::string& program_dir);
// Has lumen-session try what this machine's GPUs can do, apart and within 30 s: prints its lines, and returns
// its status, or 1 when it crashed or hung.
int probe(const std::string& program_dir, const std::string& what, bool json);
// 1 when something does not work.
int doctor(const std::string& program_dir, const std::string& config, bool json);
// Prints the answer to one command.
int ask(const std::string& command);

}  // namespace lumen::apps
