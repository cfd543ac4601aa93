#include "media/picture.hpp"

namespace lumen {
namespace {

constexpr std::size_t kAlign = 64;

constexpr std::size_t align_up(std::size_t value) { return (value + kAlign - 1) & ~(kAlign - 1); }

struct Layout {
  std::array<std::size_t, 3> offset{}, stride{};
  std::size_t total = 0;
};

Layout layout_of(const Picture& picture) {
  Layout layout;
  const std::size_t rows = picture.coded_height();
  const std::size_t chroma_rows = rows / 2;
  layout.stride[0] = align_up(picture.coded_width());
  std::size_t end = layout.stride[0] * rows;
  const std::size_t chroma_planes = picture.format == PixelFormat::nv12 ? 1 : 2;
  const std::size_t chroma_width =
      picture.format == PixelFormat::nv12 ? picture.coded_width() : picture.coded_width() / 2;
  for (std::size_t i = 1; i <= chroma_planes; ++i) {
    layout.offset[i] = align_up(end);
    layout.stride[i] = align_up(chroma_width);
    end = layout.offset[i] + layout.stride[i] * chroma_rows;
  }
  layout.total = align_up(end + kAlign);  // SIMD may store one vector past the last row
  return layout;
}

}  // namespace

PicturePool::Lease& PicturePool::Lease::operator=(Lease&& other) noexcept {
  if (this != &other) {
    release();
    pool_ = std::move(other.pool_);
    slot_ = other.slot_;
  }
  return *this;
}

void PicturePool::Lease::release() noexcept {
  if (pool_) pool_->lent_[slot_].store(false, std::memory_order_release);
  pool_.reset();
}

Result<std::shared_ptr<PicturePool>> PicturePool::create(const Params& params) {
  if (params.width == 0 || params.height == 0 || params.width > 16'384 || params.height > 16'384 ||
      params.count == 0 || params.count > 64) {
    return fail(ErrorCode::invalid_argument, "picture.pool-size", "picture pool size out of range");
  }
  return std::shared_ptr<PicturePool>{new PicturePool{params}};
}

PicturePool::PicturePool(const Params& params) : lent_(params.count) {
  Picture picture{params.format, params.color, params.width, params.height, {}};
  const Layout layout = layout_of(picture);
  memory_.resize(layout.total * params.count + kAlign);
  const auto misaligned = reinterpret_cast<std::uintptr_t>(memory_.data()) % kAlign;
  std::byte* base = memory_.data() + (misaligned == 0 ? 0 : kAlign - misaligned);
  for (std::size_t n = 0; n < params.count; ++n, base += layout.total) {
    for (std::size_t i = 0; i < layout.offset.size(); ++i) {
      if (layout.stride[i] != 0) picture.planes[i] = {base + layout.offset[i], layout.stride[i]};
    }
    pictures_.push_back(picture);
  }
}

std::optional<PictureLease> PicturePool::try_acquire() {
  for (std::size_t i = 0; i < lent_.size(); ++i) {
    bool expected = false;
    if (lent_[i].compare_exchange_strong(expected, true, std::memory_order_acquire)) {
      return Lease{shared_from_this(), i};
    }
  }
  return std::nullopt;
}

}  // namespace lumen
