// lumen/render: the host's pointer in the window, as the window system's own or drawn over the picture.
// Owner: the window's thread. Belongs to one renderer, which outlives it.
#pragma once

#include <memory>

#include "media/picture.hpp"
#include "media/pointer.hpp"
#include "render/input_mapping.hpp"
#include "render/pointer_choice.hpp"
#include "render/sdl_handles.hpp"

namespace lumen::render {

class RemotePointer {
 public:
  // What the host said last. A look that is not known yet leaves the one before.
  void set(const PointerView& pointer);
  const PointerView& host() const { return pointer_; }
  void forget();

  // Makes the window system's pointer what was chosen; looks are `factor` as large as the host's.
  void show_local(LocalPointer local, double factor);
  // Over a picture of `size` that fills `area`; an arrow while no look is known.
  void draw(SDL_Renderer* renderer, Size size, const Rect& area);
  void forget_texture() {
    texture_.reset();
    texture_look_.reset();
  }

 private:
  void use_look(double factor);

  PointerView pointer_;
  std::shared_ptr<const PointerImage> look_;  // newest that is known; nullptr: none
  const std::shared_ptr<const PointerImage> arrow_ = std::make_shared<const PointerImage>(plain_arrow());
  SdlHandle<SDL_Cursor> cursor_;
  std::shared_ptr<const PointerImage> cursor_look_, texture_look_;  // what they were made of
  double cursor_factor_ = 0;
  bool has_set_cursor_ = false;
  SdlHandle<SDL_Texture> texture_;
};

}  // namespace lumen::render
