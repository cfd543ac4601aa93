// lumen/render: draws scenes (interface/scene.hpp). Text and rounded corners are kept as textures, and
// a scene that did not change as a list of copies, so that figures over a stream's picture cost little.
#pragma once

#include <SDL2/SDL.h>

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "interface/scene.hpp"
#include "render/fonts.hpp"
#include "render/input_mapping.hpp"
#include "render/sdl_handles.hpp"

namespace lumen::render {

// Where the scene's canvas is within a window of that size: centred, at most one of its sides is filled.
struct ScenePlace {
  float scale = 1, left = 0, top = 0;  // pixels
};
ScenePlace place_scene(Size window);

// Owner: the window's thread. Belongs to one renderer, which outlives it.
class Canvas {
 public:
  Canvas(SDL_Renderer* renderer, std::unique_ptr<Fonts> fonts);

  // What draw() draws from now on; nullptr: nothing. Nobody changes it while it is here.
  void set_scene(std::shared_ptr<const Scene> scene);
  // Over what is there already. `output`: of the renderer, in pixels. Lays the scene out when it or the size
  // is new; else it only replays what that gave, without allocating.
  void draw(Size output);
  // The renderer lost its textures.
  void forget_textures();
  std::size_t kept_textures() const { return texts_.size() + corners_.size(); }

  // Texts above this are cut, and no more of them are kept than this.
  static constexpr std::size_t kMaxTextBytes = 400, kMaxKept = 600;

 private:
  struct TextKey {
    std::string text;
    Face face = Face::regular;
    int pixels = 0, max_width = 0;
    std::array<std::uint8_t, 4> color{};  // part of the texture: changing it in each copy is slow in software
    auto operator<=>(const TextKey&) const = default;
  };
  struct Kept {
    SdlHandle<SDL_Texture> texture;
    int width = 0, height = 0;
    std::uint64_t used = 0;  // number of the layout
  };
  struct CornerKey {
    int radius = 0, border = 0;  // pixels; a border of 0 is a filled corner
    auto operator<=>(const CornerKey&) const = default;
  };

  // One call of the renderer: a texture, or where that is null, a filled rectangle.
  struct Step {
    SDL_Texture* texture = nullptr;
    SDL_Rect from{}, to{};
    Color color;
  };

  void lay_out(Size output);
  Color seen(Color color) const;
  void add(const SceneRect& rect);
  void add(const SceneText& text);
  void add_corners(const SDL_Rect& box, const CornerKey& key, const Color& color);
  void fill(const SDL_Rect& box, const Color& color);
  SDL_Rect to_pixels(const Box& box) const;
  int to_pixels(float length) const;
  const Kept* text_texture(const SceneText& text);
  Kept render_text(const TextKey& key);
  SDL_Texture* corner_texture(const CornerKey& key);
  void drop_unused();

  SDL_Renderer* renderer_;
  std::unique_ptr<Fonts> fonts_;
  std::shared_ptr<const Scene> scene_;
  std::vector<Step> steps_;
  Size laid_out_for_;
  bool stale_ = true, blends_slowly_ = false;
  ScenePlace place_;
  std::uint64_t layout_ = 0;
  std::map<TextKey, Kept> texts_;
  std::map<CornerKey, SdlHandle<SDL_Texture>> corners_;
};

}  // namespace lumen::render
