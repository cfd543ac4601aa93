// lumen/desktop/pipewire: what a source of pictures says about its buffers, checked before it is believed.
// Pure functions over bytes that somebody else writes; they read no memory but the spans given. Thread-safe.
#pragma once

#include <spa/buffer/meta.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "media/picture.hpp"
#include "media/pointer_picture.hpp"

namespace lumen::pipewire {

// Where the pixels (four bytes each) of a picture lie in a memory.
struct PictureLayout {
  std::size_t offset_bytes = 0, stride_bytes = 0;
  std::uint32_t width = 0, height = 0;

  // From the first byte of the first pixel to behind the last one.
  std::size_t size_bytes() const { return stride_bytes * (height - 1) + std::size_t{width} * 4; }
};

struct PictureClaim {
  std::uint32_t width = 0, height = 0;  // negotiated
  std::uint32_t offset_bytes = 0;
  std::int32_t stride_bytes = 0;
  std::optional<std::uint32_t> size_bytes;  // none: the source need not tell (dmabuf)
  std::optional<spa_region> crop;           // the part of it that counts; one without an area: all
  std::size_t memory_bytes = 0;             // how much is mapped
};

// None: some pixel would lie outside of the memory, or of what the source says that it filled.
std::optional<PictureLayout> check_picture(const PictureClaim& claim);

inline constexpr std::size_t kMaxDamage = 16;

// Writes what changed into `out`, in pixels of the (cropped) picture, and returns how many: zero says that it
// is not known, thus everything. `shown` is the crop, or the whole picture.
std::size_t read_damage(std::span<const spa_meta_region> told, const spa_region& shown,
                        std::span<Rect, kMaxDamage> out);

inline constexpr std::uint32_t kMaxCursorSide = PointerPicture::kMaxSide;  // pixels

struct CursorBitmap {
  std::uint32_t width = 0, height = 0;  // both zero: the cursor is invisible
  std::uint32_t format = 0;             // spa_video_format, one of four bytes with alpha
  std::size_t stride_bytes = 0;
  std::span<const std::byte> pixels;  // within the meta
};
struct CursorClaim {
  std::int32_t x = 0, y = 0;  // of the hot spot, in pixels of the picture
  std::int32_t hotspot_x = 0, hotspot_y = 0;
  std::optional<CursorBitmap> bitmap;  // none: as before
};

// None: nothing new is said, or what is said cannot be.
std::optional<CursorClaim> read_cursor(std::span<const std::byte> meta);

}  // namespace lumen::pipewire
