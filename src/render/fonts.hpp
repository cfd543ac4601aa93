// lumen/render: the fonts that screens and figures are written in, as SDL_ttf opens them.
#pragma once

#include <SDL2/SDL_ttf.h>

#include <array>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "interface/scene.hpp"

namespace lumen::render {

// Regular, bold and monospaced, by their files.
struct FontFiles {
  std::array<std::string, 3> paths;  // by Face
};

// The first folder of `folders` that has all three of a family that is known; missing bold or mono faces are
// replaced by the regular one. `window.no-font` names where was looked and what to install.
Result<FontFiles> find_fonts(const std::vector<std::string>& folders);
// Where distributions put them; $LUMEN_FONT_DIR comes first, if it is set.
std::vector<std::string> font_folders();

// Owner: one thread.
class Fonts {
 public:
  // Fails with `window.no-font`, or with `window.font` when SDL_ttf cannot start.
  static Result<std::unique_ptr<Fonts>> create(const std::vector<std::string>& folders = font_folders());
  ~Fonts();
  Fonts(const Fonts&) = delete;
  Fonts& operator=(const Fonts&) = delete;

  // Open until forget_sizes(). nullptr: the file went away.
  TTF_Font* get(Face face, int pixels);
  void forget_sizes() { open_.clear(); }

 private:
  struct Close {
    void operator()(TTF_Font* font) const { TTF_CloseFont(font); }
  };
  explicit Fonts(FontFiles files) : files_{std::move(files)} {}

  FontFiles files_;
  std::map<std::pair<Face, int>, std::unique_ptr<TTF_Font, Close>> open_;
};

}  // namespace lumen::render
