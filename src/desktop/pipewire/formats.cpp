#include "desktop/pipewire/formats.hpp"

#include <drm_fourcc.h>
#include <spa/buffer/buffer.h>
#include <spa/buffer/meta.h>
#include <spa/param/buffers.h>
#include <spa/param/video/format-utils.h>

#include <algorithm>

#include "desktop/pipewire/claims.hpp"

// SPA's macros are C.
#pragma GCC diagnostic ignored "-Wold-style-cast"
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wsign-conversion"

namespace lumen::pipewire {
namespace {

// Two are with us (intake.hpp), one is on its way back, and the source draws into the others.
constexpr int kBuffers = 5, kLeastBuffers = 4, kMostBuffers = 16;
constexpr std::uint32_t kDefaultWidth = 1920, kDefaultHeight = 1080;
constexpr std::uint32_t kDefaultRefreshMhz = 60'000;
constexpr std::size_t kMaxModifiers = 64;
constexpr std::uint32_t kLargestCursorSide = 256;  // pixels

constexpr std::size_t cursor_bytes(std::uint32_t side) {
  return sizeof(spa_meta_cursor) + sizeof(spa_meta_bitmap) + std::size_t{side} * side * 4;
}

std::uint32_t to_mhz(const spa_fraction& fraction) {
  if (fraction.denom == 0) return 0;
  const auto mhz = std::uint64_t{fraction.num} * 1000 / fraction.denom;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(mhz, kMaxRefreshMhz));
}

void add_size(spa_pod_builder& builder, const std::optional<Mode>& mode) {
  if (mode) {
    const spa_rectangle exact{mode->width, mode->height};
    spa_pod_builder_add(&builder, SPA_FORMAT_VIDEO_size, SPA_POD_Rectangle(&exact), 0);
    return;
  }
  const spa_rectangle usual{kDefaultWidth, kDefaultHeight}, least{1, 1}, most{kMaxModeSize, kMaxModeSize};
  spa_pod_builder_add(&builder, SPA_FORMAT_VIDEO_size, SPA_POD_CHOICE_RANGE_Rectangle(&usual, &least, &most),
                      0);
}

// A screen has no rate of pictures, only a highest one.
void add_rate(spa_pod_builder& builder, const std::optional<Mode>& mode) {
  const spa_fraction none{0, 1}, least{1, 1};
  const spa_fraction asked{mode ? mode->refresh_mhz : kDefaultRefreshMhz, 1000};
  const spa_fraction most{mode ? mode->refresh_mhz : kMaxRefreshMhz, 1000};
  spa_pod_builder_add(&builder, SPA_FORMAT_VIDEO_framerate,
                      SPA_POD_CHOICE_RANGE_Fraction(&none, &none, &most), SPA_FORMAT_VIDEO_maxFramerate,
                      SPA_POD_CHOICE_RANGE_Fraction(&asked, &least, &most), 0);
}

// To be chosen from by who makes the buffers, as only they know what they can make.
void add_modifiers(spa_pod_builder& builder, std::span<const std::uint64_t> modifiers) {
  spa_pod_builder_prop(&builder, SPA_FORMAT_VIDEO_modifier,
                       SPA_POD_PROP_FLAG_MANDATORY | SPA_POD_PROP_FLAG_DONT_FIXATE);
  spa_pod_frame choice{};
  spa_pod_builder_push_choice(&builder, &choice, SPA_CHOICE_Enum, 0);
  spa_pod_builder_long(&builder, static_cast<std::int64_t>(modifiers.front()));  // the preferred one
  for (const auto modifier : modifiers) spa_pod_builder_long(&builder, static_cast<std::int64_t>(modifier));
  spa_pod_builder_pop(&builder, &choice);
}

}  // namespace

void Parameters::keep(const spa_pod* pod) {
  if (pod == nullptr || count_ == pods_.size()) return;
  used_ += SPA_ROUND_UP_N(SPA_POD_SIZE(pod), 8);
  pods_[count_++] = pod;
}

void Parameters::add_formats(const FormatOffer& offer) {
  if (!offer.modifiers.empty()) add_format(offer, true);
  add_format(offer, false);
}

void Parameters::add_format(const FormatOffer& offer, bool dmabuf) {
  spa_pod_builder builder{};
  spa_pod_builder_init(&builder, memory_.data() + used_, static_cast<std::uint32_t>(memory_.size() - used_));
  spa_pod_frame object{};
  spa_pod_builder_push_object(&builder, &object, SPA_TYPE_OBJECT_Format, SPA_PARAM_EnumFormat);
  spa_pod_builder_add(
      &builder, SPA_FORMAT_mediaType, SPA_POD_Id(SPA_MEDIA_TYPE_video), SPA_FORMAT_mediaSubtype,
      SPA_POD_Id(SPA_MEDIA_SUBTYPE_raw), SPA_FORMAT_VIDEO_format,
      SPA_POD_CHOICE_ENUM_Id(3, SPA_VIDEO_FORMAT_BGRx, SPA_VIDEO_FORMAT_BGRx, SPA_VIDEO_FORMAT_BGRA), 0);
  if (dmabuf) {
    add_modifiers(builder, std::span{offer.modifiers}.first(std::min(offer.modifiers.size(), kMaxModifiers)));
  }
  add_size(builder, offer.mode);
  add_rate(builder, offer.mode);
  keep(static_cast<const spa_pod*>(spa_pod_builder_pop(&builder, &object)));
}

void Parameters::add_buffers(const ChosenFormat& format) {
  const int types = 1 << (format.modifier ? SPA_DATA_DmaBuf : SPA_DATA_MemFd);
  spa_pod_builder builder{};
  spa_pod_builder_init(&builder, memory_.data() + used_, static_cast<std::uint32_t>(memory_.size() - used_));
  keep(static_cast<const spa_pod*>(spa_pod_builder_add_object(
      &builder, SPA_TYPE_OBJECT_ParamBuffers, SPA_PARAM_Buffers, SPA_PARAM_BUFFERS_buffers,
      SPA_POD_CHOICE_RANGE_Int(kBuffers, kLeastBuffers, kMostBuffers), SPA_PARAM_BUFFERS_dataType,
      SPA_POD_CHOICE_FLAGS_Int(types))));
  add_meta(SPA_META_Header, sizeof(spa_meta_header), sizeof(spa_meta_header));
  add_meta(SPA_META_VideoDamage, sizeof(spa_meta_region) * kMaxDamage, sizeof(spa_meta_region));
  add_meta(SPA_META_VideoCrop, sizeof(spa_meta_region), sizeof(spa_meta_region));
  add_meta(SPA_META_Cursor, cursor_bytes(kLargestCursorSide), cursor_bytes(1));
}

void Parameters::add_meta(std::uint32_t type, std::size_t size, std::size_t least) {
  spa_pod_builder builder{};
  spa_pod_builder_init(&builder, memory_.data() + used_, static_cast<std::uint32_t>(memory_.size() - used_));
  const auto most = static_cast<int>(size), fewest = static_cast<int>(least);
  keep(static_cast<const spa_pod*>(spa_pod_builder_add_object(
      &builder, SPA_TYPE_OBJECT_ParamMeta, SPA_PARAM_Meta, SPA_PARAM_META_type, SPA_POD_Id(type),
      SPA_PARAM_META_size, SPA_POD_CHOICE_RANGE_Int(most, fewest, most))));
}

std::optional<ChosenFormat> read_format(const spa_pod& format) {
  std::uint32_t type = 0, subtype = 0;
  if (spa_format_parse(&format, &type, &subtype) < 0 || type != SPA_MEDIA_TYPE_video ||
      subtype != SPA_MEDIA_SUBTYPE_raw) {
    return std::nullopt;
  }
  spa_video_info_raw info{};
  if (spa_format_video_raw_parse(&format, &info) < 0) return std::nullopt;
  const bool is_known = info.format == SPA_VIDEO_FORMAT_BGRx || info.format == SPA_VIDEO_FORMAT_BGRA;
  const auto [width, height] = info.size;
  if (!is_known || width == 0 || height == 0 || width > kMaxModeSize || height > kMaxModeSize)
    return std::nullopt;
  ChosenFormat chosen{width, height, DRM_FORMAT_XRGB8888, 0, {}};
  if (info.format == SPA_VIDEO_FORMAT_BGRA) chosen.fourcc = DRM_FORMAT_ARGB8888;
  chosen.refresh_mhz = to_mhz(info.max_framerate);
  if (chosen.refresh_mhz == 0) chosen.refresh_mhz = to_mhz(info.framerate);
  if ((info.flags & SPA_VIDEO_FLAG_MODIFIER) != 0) chosen.modifier = info.modifier;
  return chosen;
}

}  // namespace lumen::pipewire
