#include "host/application.hpp"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <sstream>

#include <fmt/format.h>

namespace lumen::host {
namespace {

bool is_in_path(const std::string& program) {
  if (program.find('/') != std::string::npos) return access(program.c_str(), X_OK) == 0;
  const char* path = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe): nobody changes it
  std::istringstream folders{path == nullptr ? "/usr/bin:/bin" : path};
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (access(fmt::format("{}/{}", folder, program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

Result<Application> find_plasma(const std::string& program_dir) {
  if (is_in_path("kwin_wayland") && is_in_path("dbus-daemon")) {
    return Application{is_in_path("startplasma-wayland") ? "Plasma desktop" : "KWin",
                       {program_dir + "/lumen-plasma"}};
  }
  return fail(ErrorCode::unavailable, "app.no-plasma", "KWin is not installed on this machine",
              "Install it: apt-get install plasma-workspace-wayland dbus-daemon");
}

Result<Application> find_desktop(const std::string& program_dir) {
  if (is_in_path("startplasma-wayland")) {
    if (auto plasma = find_plasma(program_dir)) return plasma;
  }
  const std::array<Application, 3> candidates{{
      {"weston desktop",
       {"weston", "--backend=wayland-backend.so", "--fullscreen", "--use-pixman", "--socket=desktop-0",
        "--idle-time=0"}},
      {"foot terminal", {"foot", "--fullscreen"}},
      {"xterm terminal", {"xterm", "-fullscreen"}},
  }};
  for (const auto& candidate : candidates) {
    if (is_in_path(candidate.command.front())) return candidate;
  }
  return fail(ErrorCode::unavailable, "app.no-desktop", "no desktop is installed on this machine",
              "Install one: apt-get install weston (or foot, plasma-workspace-wayland), or name a program "
              "with --app");
}

}  // namespace

Result<std::vector<std::string>> split_command(const std::string& text) {
  std::vector<std::string> words;
  char quote = 0;
  bool in_word = false;
  for (const char c : text) {
    if (quote != 0) {
      if (c == quote) {
        quote = 0;
      } else {
        words.back() += c;
      }
      continue;
    }
    if (c == ' ' || c == '\t') {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    if (c == '"' || c == '\'') {
      quote = c;
    } else {
      words.back() += c;
    }
  }
  if (quote != 0) {
    return fail(ErrorCode::invalid_argument, "app.quotes", fmt::format("a quote stays open in: {}", text),
                "Close it");
  }
  return words;
}

Result<Application> resolve_application(const std::string& text, const std::string& program_dir) {
  if (text == "desktop") return find_desktop(program_dir);
  if (text == "plasma") return find_plasma(program_dir);
  if (text == "test-scene") return Application{"test scene", {program_dir + "/lumen-test-scene"}};
  LUMEN_TRY(auto command, split_command(text));
  if (command.empty()) {
    return fail(ErrorCode::invalid_argument, "app.empty", "--app names no program",
                "Use --app desktop, --app plasma, --app test-scene, or a command line");
  }
  if (!is_in_path(command.front())) {
    return fail(ErrorCode::unavailable, "app.not-found",
                fmt::format("the application {} does not exist or may not be run", command.front()),
                "Install it, give its full path, or choose another with --app");
  }
  return Application{command.front(), std::move(command)};
}

Place resolve_place(std::string use, std::vector<std::string> command, const std::string& program_dir) {
  if (use != "gamescope") return {std::move(use), std::move(command)};
  command.insert(command.begin(), program_dir + "/lumen-gamescope");
  return {"private", std::move(command)};
}

}  // namespace lumen::host
