// lumen/tools/selftest: the real programs as children in a private folder, for whoever measures them.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/units.hpp"
#include "link/process.hpp"

namespace lumen::selftest {

// A folder that goes away with its owner.
class TemporaryDir {
 public:
  static Result<TemporaryDir> create();
  TemporaryDir(const TemporaryDir&) = delete;
  TemporaryDir& operator=(const TemporaryDir&) = delete;
  TemporaryDir(TemporaryDir&& other) noexcept : path_{std::exchange(other.path_, {})} {}
  TemporaryDir& operator=(TemporaryDir&&) = delete;
  ~TemporaryDir();
  const std::string& path() const { return path_; }

 private:
  explicit TemporaryDir(std::string path) : path_{std::move(path)} {}
  std::string path_;
};

// A child that is stopped with its owner, or by stop(): SIGTERM, and SIGKILL when that does not help.
class Running {
 public:
  explicit Running(link::Child child) : child_{std::move(child)} {}
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() { stop(); }
  // How it ended, once it has.
  std::optional<std::string> wait(Duration timeout);
  void stop();

 private:
  link::Child child_;
  std::optional<std::string> ended_;
};

// What the host at this control socket says of itself; nullopt when nobody answers.
std::optional<nlohmann::json> status_of(const std::string& control);
// Until it answers, ten seconds at most.
Status wait_for_host(Running& running, const std::string& control);

}  // namespace lumen::selftest
