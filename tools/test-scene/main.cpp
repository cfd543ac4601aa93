// lumen-test-scene: the known picture that tests stream. See docs/inband-code.md.
#include <fmt/core.h>

#include <cstdio>

#include "window.hpp"

namespace {

constexpr int kFailed = 1, kNoDisplay = 2;

int report(const lumen::Error& error) {
  fmt::print(stderr, "lumen-test-scene: {}\n", lumen::describe(error));
  return error.id == "scene.no-display" ? kNoDisplay : kFailed;
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = lumen::scene::parse_options(argc, argv);
  if (!options) return report(options.error());
  if (options->help) {
    fmt::print("{}", lumen::scene::usage());
    return 0;
  }
  const auto window = lumen::scene::Window::open(*options);
  if (!window) return report(window.error());
  const auto status = (*window)->run();
  return status ? *status : report(status.error());
}
