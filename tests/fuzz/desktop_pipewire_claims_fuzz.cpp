// What a source of pictures writes beside its buffers: the pointer, the damage, the place of the picture.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "desktop/pipewire/claims.hpp"
#include "desktop/pipewire/cursor.hpp"

namespace {

using namespace lumen;
using namespace lumen::pipewire;

void check(bool condition) {
  if (!condition) std::abort();
}

void try_cursor(std::span<const std::byte> bytes) {
  const std::vector<std::byte> exact{bytes.begin(), bytes.end()};  // so that reading past it is seen
  const auto claim = read_cursor(exact);
  if (!claim) return;
  Cursor cursor;
  cursor.apply(*claim);
  const std::vector<std::byte> screen(64U * 48 * 4);
  PointerCanvas canvas;
  canvas.update({screen.data(), 64U * 4, 64, 48}, {});
  canvas.draw(cursor);
}

void try_damage(std::span<const std::byte> bytes) {
  std::vector<spa_meta_region> told(bytes.size() / sizeof(spa_meta_region));
  if (!told.empty()) std::memcpy(told.data(), bytes.data(), told.size() * sizeof(spa_meta_region));
  std::array<Rect, kMaxDamage> out;
  const auto count = read_damage(told, {{3, 5}, {640, 360}}, out);
  for (const auto& rect : std::span{out}.first(count)) {
    check(rect.x >= 0 && rect.y >= 0 && rect.width > 0 && rect.height > 0);
    check(rect.x + rect.width <= 640 && rect.y + rect.height <= 360);
  }
}

void try_picture(std::span<const std::byte> bytes) {
  struct {
    std::uint32_t width, height, offset, size, memory;
    std::int32_t stride;
    spa_region crop;
  } raw{};
  if (bytes.size() < sizeof raw) return;
  std::memcpy(&raw, bytes.data(), sizeof raw);
  const auto layout =
      check_picture({raw.width, raw.height, raw.offset, raw.stride, raw.size, raw.crop, raw.memory});
  if (layout) check(layout->offset_bytes + layout->size_bytes() <= raw.memory);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span{data, size});
  try_cursor(bytes);
  try_damage(bytes);
  try_picture(bytes);
  return 0;
}
