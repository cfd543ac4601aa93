// lumen/interface: where decoded pictures go. Depends on base and media only.
#pragma once

#include <functional>
#include <string_view>

#include "base/result.hpp"
#include "media/input.hpp"
#include "media/picture.hpp"

namespace lumen {

// Contract: owner is the thread that created it; present() copies what it needs before it returns.
// poll() handles the window's events: calls back with input, returns false once the person closed it.
class FrameRenderer {
 public:
  using InputFn = std::function<void(const InputEvent&)>;
  virtual ~FrameRenderer() = default;
  virtual Status present(const PictureView& picture) = 0;
  virtual void set_message(std::string_view text) = 0;  // shown as the window's title; empty: none
  virtual bool poll(const InputFn& on_input) = 0;
};

}  // namespace lumen
