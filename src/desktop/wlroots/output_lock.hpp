// Which headless outputs are ours, and which of them is in use: a file per output in the session's runtime
// folder. It names the compositor that the output was made in; who uses the output holds a lock on the file,
// which ends with its process.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/fd.hpp"

namespace lumen::wlroots {

// "HEADLESS-7": what wlroots calls outputs that nobody plugged in.
bool is_headless_output(std::string_view name);

class OutputLock {
 public:
  // Takes an output that we made in this compositor before and that nobody uses; empty: it is not such a one.
  static std::optional<OutputLock> take_ours(const std::string& runtime_dir, std::string_view output,
                                             std::string_view compositor);
  // Whether we made this output, in use or parked.
  struct Owner {
    std::string runtime_dir, compositor;
  };
  static bool is_ours(const Owner& we, std::string_view output);
  // Takes an output and says that it is ours from now on; empty: somebody uses it, or the file cannot be
  // made.
  static std::optional<OutputLock> claim(const std::string& runtime_dir, std::string_view output,
                                         std::string_view compositor);
  // The output is gone: nobody is to take it.
  void forget();

 private:
  static std::optional<OutputLock> lock(const std::string& runtime_dir, std::string_view output, int flags);
  OutputLock(UniqueFd fd, std::string path) : fd_{std::move(fd)}, path_{std::move(path)} {}
  UniqueFd fd_;
  std::string path_;
};

}  // namespace lumen::wlroots
