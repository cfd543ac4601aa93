// lumen/media: the pointer beside the picture: where it is, what it looks like, and how its look travels in
// pieces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace lumen {

// A look with a longer side stays in the picture.
inline constexpr std::uint32_t kMaxPointerSide = 256;  // pixels
// What a client keeps, so that a look that comes again need not.
inline constexpr std::uint8_t kPointerSlots = 32;

enum class PointerPlace : std::uint8_t {
  in_picture = 0,  // drawn into it at the host, as far as there is one
  apart = 1,       // the client's to draw
  hidden = 2,      // there is none: an application has taken it away
};

// As it is now. Newest wins.
struct PointerState {
  PointerPlace place = PointerPlace::in_picture;
  std::uint32_t image = 0;     // number of its look; 0: none is known
  std::uint16_t x = 0, y = 0;  // of the hot spot, in pixels of the picture
  bool operator==(const PointerState&) const = default;
};

struct PointerGeometry {
  std::uint16_t width = 0, height = 0;         // 1…kMaxPointerSide
  std::uint16_t hotspot_x = 0, hotspot_y = 0;  // within it
  bool operator==(const PointerGeometry&) const = default;
  std::size_t bytes() const { return std::size_t{width} * height * 4; }
};
bool is_valid(const PointerGeometry& geometry);

// B, G, R, A, premultiplied, rows from the top without a gap.
struct PointerImage {
  PointerGeometry geometry;
  std::vector<std::byte> pixels;
  bool operator==(const PointerImage&) const = default;
};

// A part of a look on its way. Pieces of one come in order, without a gap, and nothing of another in between.
inline constexpr std::size_t kMaxPointerPiece = 16U << 10U;  // bytes
struct PointerPiece {
  std::uint32_t image = 0;  // counts what was sent; never 0
  std::uint8_t slot = 0;    // which look it replaces, below kPointerSlots
  PointerGeometry geometry;
  std::uint32_t offset = 0;       // of `pixels` in the whole
  std::vector<std::byte> pixels;  // 1…kMaxPointerPiece
  bool is_last() const { return offset + pixels.size() == geometry.bytes(); }
  bool operator==(const PointerPiece&) const = default;
};
// Numbers in range and the piece within the whole.
bool is_valid(const PointerPiece& piece);

// Pieces to looks. Holds one at most. Thread-safe: no.
class PointerAssembly {
 public:
  // The look that this piece completes. A piece that does not go on where the last one ended begins a new
  // one, or is nothing.
  std::optional<PointerImage> push(const PointerPiece& piece);

 private:
  std::uint32_t image_ = 0;
  PointerImage whole_;  // as far as it has come
};

// The look with its number, as a client keeps it. Thread-safe: no.
class PointerLooks {
 public:
  // True: a look is complete, and find() knows it.
  bool push(const PointerPiece& piece);
  std::shared_ptr<const PointerImage> find(std::uint32_t image) const;  // nullptr: not here, or not any more

 private:
  struct Look {
    std::uint32_t number = 0;
    std::shared_ptr<const PointerImage> image;
  };
  PointerAssembly assembly_;
  std::vector<Look> looks_ = std::vector<Look>(kPointerSlots);
};

// For whoever draws: nullptr: its look is not known yet.
struct PointerView {
  PointerPlace place = PointerPlace::in_picture;
  std::uint16_t x = 0, y = 0;
  std::shared_ptr<const PointerImage> look;
};

// What a desktop says of its pointer; pixels are valid during the call only.
struct BorrowedPointer {
  bool visible = false;
  std::int32_t x = 0, y = 0;  // of the hot spot, in pixels of the frame; may lie outside
  std::int32_t hotspot_x = 0, hotspot_y = 0;
  std::uint32_t width = 0, height = 0;
  // As PointerImage has them. Empty though it is visible: it has a look that cannot be given.
  std::span<const std::byte> pixels;
};

}  // namespace lumen
