// Tests only: a node of PipeWire's graph that shares pictures as a compositor does, honestly or not. Runs on
// the test's own event loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/event_loop.hpp"
#include "media/picture.hpp"

namespace lumen::desktop_test {

// What goes out with a buffer; the defaults are an honest picture.
struct SourcePush {
  std::uint32_t seed = 0;  // of test_pixel()
  std::vector<Rect> damage;
  std::optional<Rect> crop;
  std::optional<std::int32_t> stride_bytes;
  std::optional<std::uint32_t> size_bytes, offset_bytes;
  bool corrupted = false, corrupted_header = false;
  std::optional<std::int64_t> pts_ns;  // none: now
  // The pointer: where, and its picture of one colour (width, height, 0xAARRGGBB).
  struct Pointer {
    std::int32_t x = 0, y = 0, hotspot_x = 0, hotspot_y = 0;
    std::uint32_t width = 0, height = 0, argb = 0;
    bool new_picture = true;
  };
  std::optional<Pointer> pointer;
};

struct SourceParams {
  std::string socket;
  std::uint32_t width = 640, height = 360;
  bool any_size = false;  // follows who looks, as Mutter's virtual monitors do
  bool sealed = true;     // its memory cannot shrink
  bool dmabuf = false;    // offers dmabufs of modifier LINEAR (which are none, but look so) before memory
  std::uint32_t max_refresh_hz = 60;
};

class PictureSource {
 public:
  static std::unique_ptr<PictureSource> create(SourceParams params, EventLoop& loop);
  virtual ~PictureSource() = default;

  virtual std::optional<std::uint32_t> node_id() const = 0;  // once it has one
  virtual bool streams() const = 0;                          // somebody looks
  virtual int starts() const = 0;                            // how often somebody began to
  // False: every buffer is with who looks.
  virtual bool push(const SourcePush& what) = 0;
  virtual void change_size(std::uint32_t width, std::uint32_t height) = 0;
  virtual void shrink_memory() = 0;  // under the buffers that are out
  virtual std::uint32_t width() const = 0;
  virtual std::uint32_t height() const = 0;
  virtual bool gave_dmabufs() const = 0;
};

}  // namespace lumen::desktop_test
