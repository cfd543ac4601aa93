#include "desktop/pipewire/frame_reader.hpp"

#include <algorithm>
#include <utility>

#include "desktop/pipewire/metas.hpp"

namespace lumen::pipewire {
namespace {

using namespace std::chrono_literals;

constexpr Duration kOldestPicture = 1s;  // a source whose clock says more has another clock

// When the source drew it, as far as it tells.
Timestamp presented(const spa_buffer& buffer) {
  const auto arrived = SteadyTime{}.now();
  const auto header = read_meta<spa_meta_header>(buffer, SPA_META_Header);
  if (!header || header->pts <= 0) return arrived;
  const auto drawn = from_ns(header->pts);
  return drawn > arrived || arrived - drawn > kOldestPicture ? arrived : drawn;
}

}  // namespace

void FrameReader::set_format(const ChosenFormat& format) {
  format_ = format;
  kept_.reset();
  canvas_.forget();
  is_on_gpu_ = false;
  damage_is_lost_ = true;
}

void FrameReader::add(const spa_buffer& buffer) {
  auto home = std::make_unique<PoolBuffer>();
  home->buffer = &buffer;
  const bool is_imported =
      importer_ != nullptr && has_data(buffer) && buffer.datas[0].type == SPA_DATA_DmaBuf;
  if (has_data(buffer) && !is_imported) {
    auto memory = BufferMemory::create(buffer.datas[0]);
    if (memory) {
      home->memory = *std::move(memory);
    } else {
      log_.warn("a buffer of the desktop's picture is unusable: {}", describe(memory.error()));
    }
  }
  pool_.push_back(std::move(home));
}

void FrameReader::remove(const spa_buffer& buffer) {
  if (kept_ && kept_->home->buffer == &buffer) kept_.reset();
  std::erase_if(pool_, [&](const auto& home) { return home->buffer == &buffer; });
}

FrameReader::PoolBuffer* FrameReader::home_of(const spa_buffer& buffer) {
  const auto found = std::ranges::find_if(pool_, [&](const auto& home) { return home->buffer == &buffer; });
  return found == pool_.end() ? nullptr : found->get();
}

// ---- what a buffer holds.

const spa_buffer* FrameReader::take(const spa_buffer& buffer, bool damage_is_lost) {
  damage_is_lost_ = damage_is_lost_ || damage_is_lost;
  auto* const home = home_of(buffer);
  const auto layout = home == nullptr || !has_data(buffer) ? std::nullopt : check(*home);
  if (!layout) {
    refuse("it does not lie within its memory");
    return &buffer;
  }
  const auto* const before = kept_ ? kept_->home->buffer : nullptr;
  kept_ = Kept{home, *layout};
  show(damage_of(buffer), presented(buffer));
  return before;
}

std::optional<PictureLayout> FrameReader::check(const PoolBuffer& home) const {
  const auto& data = home.buffer->datas[0];
  const auto chunk = *data.chunk;
  PictureClaim claim{.width = format_.width,
                     .height = format_.height,
                     .offset_bytes = chunk.offset,
                     .stride_bytes = chunk.stride,
                     .size_bytes = chunk.size,
                     .crop = read_meta<spa_region>(*home.buffer, SPA_META_VideoCrop)};
  if (data.type == SPA_DATA_DmaBuf) claim.size_bytes.reset();  // compositors write anything
  if (home.memory) {
    claim.memory_bytes = home.memory->size_bytes();
  } else if (importer_ != nullptr && data.type == SPA_DATA_DmaBuf) {
    claim.memory_bytes = SIZE_MAX;  // the importer knows
  }
  return check_picture(claim);
}

FrameReader::Damage FrameReader::damage_of(const spa_buffer& buffer) const {
  Damage damage;
  const auto* meta = find_meta(buffer, SPA_META_VideoDamage, sizeof(spa_meta_region));
  if (meta == nullptr || damage_is_lost_) return damage;
  const std::span told{static_cast<const spa_meta_region*>(meta->data), meta->size / sizeof(spa_meta_region)};
  const auto crop = read_meta<spa_region>(buffer, SPA_META_VideoCrop);
  spa_region shown{{0, 0}, {kept_->layout.width, kept_->layout.height}};
  if (crop && crop->size.width != 0 && crop->size.height != 0) shown.position = crop->position;
  damage.count = read_damage(told, shown, std::span{damage.rects}.first<kMaxDamage>());
  return damage;
}

void FrameReader::refuse(const char* why) {
  damage_is_lost_ = true;
  ++refused_;
  if (refused_in_row_++ == 0) log_.warn("a picture of the desktop was left out: {}", why);
}

// ---- to the owner.

void FrameReader::set_pointer_drawn(bool drawn) {
  pointer_drawn_ = drawn;
  canvas_.forget();
}

void FrameReader::show_pointer_alone() {
  if (pointer_drawn_) show_pointer(SteadyTime{}.now());
}

void FrameReader::show_again() {
  if (kept_) show({}, SteadyTime{}.now());
}

void FrameReader::show(Damage damage, Timestamp presented) {
  if (const auto picture = settle(*kept_)) {
    refused_in_row_ = 0;
    damage_is_lost_ = false;
    show_picture(*picture, damage, presented);
  }
  if (kept_->home->memory) kept_->home->memory->end();
}

// Its pixels, until the buffer's memory is told that this is the end.
std::optional<PictureView> FrameReader::settle(const Kept& kept) {
  if (!kept.home->memory) return import(kept);
  kept.home->memory->begin();
  const auto& layout = kept.layout;
  const auto bytes = kept.home->memory->view(layout.offset_bytes, layout.size_bytes());
  if (!bytes.empty()) return PictureView{bytes.data(), layout.stride_bytes, layout.width, layout.height};
  refuse("its memory is gone");
  return std::nullopt;
}

std::optional<PictureView> FrameReader::import(const Kept& kept) {
  const auto& buffer = *kept.home->buffer;
  if (importer_ == nullptr || import_failure_) return std::nullopt;
  DmabufPicture picture{.width = format_.width,
                        .height = format_.height,
                        .fourcc = format_.fourcc,
                        .modifier = format_.modifier.value_or(0)};
  picture.plane_count = std::min<std::size_t>(buffer.n_datas, DmabufPicture::kMaxPlanes);
  for (std::size_t i = 0; i < picture.plane_count; ++i) {
    const auto& data = buffer.datas[i];
    if (data.chunk == nullptr) return std::nullopt;
    picture.planes[i] = {static_cast<int>(data.fd), data.chunk->offset,
                         static_cast<std::uint32_t>(std::max(data.chunk->stride, 0))};
  }
  auto imported = importer_->import(picture, pointer());
  if (!imported) return fail_import(imported.error());
  if (imported->device != nullptr) return keep_on_gpu(std::move(imported->device), kept.layout);
  if (imported->pixels == nullptr) {
    refuse("whoever takes it is behind");
    return std::nullopt;
  }
  is_on_gpu_ = false;
  // The crop counts in the imported picture's own rows.
  const auto crop = read_meta<spa_region>(buffer, SPA_META_VideoCrop);
  const auto layout = check_picture({.width = format_.width,
                                     .height = format_.height,
                                     .stride_bytes = static_cast<std::int32_t>(imported->stride_bytes),
                                     .crop = crop,
                                     .memory_bytes = imported->stride_bytes * format_.height});
  if (!layout) return std::nullopt;
  return PictureView{imported->pixels + layout->offset_bytes, layout->stride_bytes, layout->width,
                     layout->height};
}

std::nullopt_t FrameReader::fail_import(Error why) {
  import_failure_ = std::move(why);
  refuse("it could not be read from the GPU");
  return std::nullopt;
}

// A part of it, only the CPU cuts out.
std::optional<PictureView> FrameReader::keep_on_gpu(DeviceLease picture, const PictureLayout& layout) {
  if (layout.width != picture->width() || layout.height != picture->height()) {
    return fail_import({ErrorCode::unsupported, "capture.gpu-picture",
                        "the desktop shares more than its screen, and the GPU cuts nothing out",
                        "Nothing is lost but time: the processor does", 0});
  }
  device_ = std::move(picture);
  is_on_gpu_ = true;
  gpu_hidden_ = std::exchange(gpu_pointer_, clipped(pointer().area, layout.width, layout.height));
  return PictureView{nullptr, 0, layout.width, layout.height};
}

PointerPicture FrameReader::pointer() const {
  return pointer_drawn_ && cursor_.visible() ? cursor_.picture() : PointerPicture{};
}

void FrameReader::show_picture(const PictureView& picture, Damage damage, Timestamp presented) {
  if (device_ != nullptr && damage.count > 0) {
    damage.add(gpu_hidden_);
    damage.add(gpu_pointer_);
  }
  if (!pointer_drawn_ || device_ != nullptr) return tell(picture, damage, presented);
  if (!canvas_.holds_picture()) damage.count = 0;
  const bool is_whole = damage.count == 0;
  const auto hidden = canvas_.update(picture, damage.view());
  const auto drawn = canvas_.draw(cursor_);
  if (!is_whole) {
    damage.add(hidden);
    damage.add(drawn);
  }
  tell(canvas_.view(), damage, presented);
}

// Only the pointer is other than before.
void FrameReader::show_pointer(Timestamp presented) {
  if (is_on_gpu_) return show_pointer_on_gpu(presented);
  if (!canvas_.holds_picture()) return;
  Damage damage;
  damage.add(canvas_.take_pointer_away());
  damage.add(canvas_.draw(cursor_));
  if (damage.count > 0) tell(canvas_.view(), damage, presented);
}

void FrameReader::show_pointer_on_gpu(Timestamp presented) {
  const auto moved_to = clipped(pointer().area, format_.width, format_.height);
  if (!kept_ || (moved_to.width == 0 && gpu_pointer_.width == 0)) return;
  Damage damage;
  if (!damage_is_lost_) {
    damage.add(gpu_pointer_);
    damage.add(moved_to);
  }
  show(damage, presented);
}

void FrameReader::tell(const PictureView& picture, const Damage& damage, Timestamp presented) {
  BorrowedFrame frame;
  frame.width = picture.width;
  frame.height = picture.height;
  frame.stride_bytes = picture.stride_bytes;
  frame.pixels = picture.pixels;
  frame.damage = damage.view();
  frame.sequence = sequence_++;
  frame.presented = presented;
  if (device_ != nullptr) frame.device = &device_;
  on_frame_(frame);
  device_.reset();
}

}  // namespace lumen::pipewire
