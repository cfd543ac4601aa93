#include "desktop/pipewire/claims.hpp"

#include <spa/param/video/raw.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace lumen::pipewire {
namespace {

constexpr std::int32_t kFarthestCursor = 1 << 20;  // pixels; keeps sums of positions in range

bool has_area(const spa_region& region) { return region.size.width != 0 && region.size.height != 0; }

bool lies_within(const spa_region& part, std::uint32_t width, std::uint32_t height) {
  const auto x = std::int64_t{part.position.x}, y = std::int64_t{part.position.y};
  return x >= 0 && y >= 0 && x + part.size.width <= width && y + part.size.height <= height;
}

bool has_alpha(std::uint32_t format) {
  return format == SPA_VIDEO_FORMAT_BGRA || format == SPA_VIDEO_FORMAT_RGBA ||
         format == SPA_VIDEO_FORMAT_ARGB || format == SPA_VIDEO_FORMAT_ABGR;
}

std::optional<CursorBitmap> read_bitmap(std::span<const std::byte> meta, std::size_t offset) {
  spa_meta_bitmap header{};
  if (offset > meta.size() || meta.size() - offset < sizeof header) return std::nullopt;
  const auto room = meta.subspan(offset);
  std::memcpy(&header, room.data(), sizeof header);
  if (header.offset == 0 || header.size.width == 0 || header.size.height == 0) return CursorBitmap{};
  const auto [width, height] = header.size;
  if (!has_alpha(header.format) || width > kMaxCursorSide || height > kMaxCursorSide || header.stride <= 0 ||
      static_cast<std::uint32_t>(header.stride) < width * 4 || header.offset < sizeof header ||
      header.offset > room.size()) {
    return std::nullopt;
  }
  const auto stride = static_cast<std::size_t>(header.stride);
  const auto wanted = stride * (height - 1) + std::size_t{width} * 4;
  if (wanted > room.size() - header.offset) return std::nullopt;
  return CursorBitmap{width, height, header.format, stride, room.subspan(header.offset, wanted)};
}

}  // namespace

std::optional<PictureLayout> check_picture(const PictureClaim& claim) {
  if (claim.width == 0 || claim.height == 0 || claim.stride_bytes <= 0) return std::nullopt;
  const auto stride = static_cast<std::size_t>(claim.stride_bytes);
  if (stride < std::size_t{claim.width} * 4) return std::nullopt;
  PictureLayout layout{claim.offset_bytes, stride, claim.width, claim.height};
  const auto size = layout.size_bytes();
  if (claim.size_bytes && *claim.size_bytes < size) return std::nullopt;
  if (layout.offset_bytes > claim.memory_bytes || claim.memory_bytes - layout.offset_bytes < size) {
    return std::nullopt;
  }
  if (claim.crop && has_area(*claim.crop)) {
    if (!lies_within(*claim.crop, claim.width, claim.height)) return std::nullopt;
    layout.offset_bytes += static_cast<std::size_t>(claim.crop->position.y) * stride +
                           static_cast<std::size_t>(claim.crop->position.x) * 4;
    layout.width = claim.crop->size.width;
    layout.height = claim.crop->size.height;
  }
  return layout;
}

std::size_t read_damage(std::span<const spa_meta_region> told, const spa_region& shown,
                        std::span<Rect, kMaxDamage> out) {
  std::size_t count = 0;
  for (const auto& each : told) {
    const auto region = each.region;    // once: the source may write meanwhile
    if (!has_area(region)) break;       // the end of the list
    if (count == out.size()) return 0;  // more than we keep: everything
    const auto& [position, size] = region;
    const auto left = std::max<std::int64_t>(std::int64_t{position.x} - shown.position.x, 0);
    const auto top = std::max<std::int64_t>(std::int64_t{position.y} - shown.position.y, 0);
    const auto right =
        std::min<std::int64_t>(std::int64_t{position.x} + size.width - shown.position.x, shown.size.width);
    const auto bottom =
        std::min<std::int64_t>(std::int64_t{position.y} + size.height - shown.position.y, shown.size.height);
    if (left >= right || top >= bottom) continue;
    out[count++] = {static_cast<std::int32_t>(left), static_cast<std::int32_t>(top),
                    static_cast<std::int32_t>(right - left), static_cast<std::int32_t>(bottom - top)};
  }
  return count;
}

std::optional<CursorClaim> read_cursor(std::span<const std::byte> meta) {
  spa_meta_cursor header{};
  if (meta.size() < sizeof header) return std::nullopt;
  std::memcpy(&header, meta.data(), sizeof header);
  if (!spa_meta_cursor_is_valid(&header)) return std::nullopt;
  const auto is_near = [](const spa_point& point) {
    return std::abs(std::int64_t{point.x}) <= kFarthestCursor &&
           std::abs(std::int64_t{point.y}) <= kFarthestCursor;
  };
  if (!is_near(header.position)) return std::nullopt;
  CursorClaim claim{header.position.x, header.position.y, 0, 0, {}};
  if (header.bitmap_offset < sizeof header) return claim;
  claim.bitmap = read_bitmap(meta, header.bitmap_offset);
  if (!claim.bitmap || !is_near(header.hotspot)) return std::nullopt;
  claim.hotspot_x = header.hotspot.x;
  claim.hotspot_y = header.hotspot.y;
  return claim;
}

}  // namespace lumen::pipewire
