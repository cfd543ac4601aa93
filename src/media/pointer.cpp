#include "media/pointer.hpp"

#include <utility>

namespace lumen {

bool is_valid(const PointerGeometry& geometry) {
  return geometry.width >= 1 && geometry.width <= kMaxPointerSide && geometry.height >= 1 &&
         geometry.height <= kMaxPointerSide && geometry.hotspot_x < geometry.width &&
         geometry.hotspot_y < geometry.height;
}

bool is_valid(const PointerPiece& piece) {
  const auto size = piece.pixels.size();
  return piece.image != 0 && piece.slot < kPointerSlots && is_valid(piece.geometry) && size >= 1 &&
         size <= kMaxPointerPiece && piece.offset <= piece.geometry.bytes() &&
         size <= piece.geometry.bytes() - piece.offset;
}

std::optional<PointerImage> PointerAssembly::push(const PointerPiece& piece) {
  if (!is_valid(piece)) return std::nullopt;
  if (piece.offset == 0) {
    image_ = piece.image;
    whole_.geometry = piece.geometry;
    whole_.pixels.clear();
  }
  if (image_ != piece.image || whole_.geometry != piece.geometry || whole_.pixels.size() != piece.offset) {
    image_ = 0;
    return std::nullopt;
  }
  whole_.pixels.insert(whole_.pixels.end(), piece.pixels.begin(), piece.pixels.end());
  if (!piece.is_last()) return std::nullopt;
  image_ = 0;
  return std::exchange(whole_, {});
}

bool PointerLooks::push(const PointerPiece& piece) {
  auto image = assembly_.push(piece);
  if (!image) return false;
  looks_[piece.slot] = {piece.image, std::make_shared<const PointerImage>(*std::move(image))};
  return true;
}

std::shared_ptr<const PointerImage> PointerLooks::find(std::uint32_t image) const {
  if (image == 0) return nullptr;
  for (const auto& look : looks_) {
    if (look.number == image) return look.image;
  }
  return nullptr;
}

}  // namespace lumen
