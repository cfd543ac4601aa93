// lumen/desktop/kwin: what a running KWin says of itself on its session's bus.
#pragma once

#include <string>

#include "base/result.hpp"
#include "base/units.hpp"

namespace lumen::kwin {

struct KWinFacts {
  std::string version;         // "5.27.5"; empty where it does not tell
  std::string output_backend;  // "KWin::DrmBackend"; empty where it does not tell
  std::string compositing;     // "gl2", "gles2", "qpainter", "none"

  // Whether its screencast may be asked for at all: without OpenGL, KWin 5.27 dies of the question.
  bool draws_with_opengl() const { return compositing.starts_with("gl"); }
};

// Blocks until it has answered or `deadline`. Fails with `kwin.bus` (no such bus, or nobody answers there in
// time) or `kwin.absent` (no KWin is on it). Starts nothing.
Result<KWinFacts> ask_kwin(const std::string& bus_address, Timestamp deadline);

// From KWin's support information, whose text is for people.
KWinFacts parse_support_information(std::string_view text);

}  // namespace lumen::kwin
