#include "lumen1/control/agreement.hpp"

#include <algorithm>

namespace lumen::lumen1::control {
namespace {

constexpr std::uint8_t kStereo = 2;

std::optional<AudioFormat> agree_on_sound(const StreamWish& wish, const HostOffer& offer,
                                          Permissions permissions) {
  if (!wish.audio || offer.max_audio_channels < kStereo || !permissions.has(Permission::sound)) {
    return std::nullopt;
  }
  auto format = *wish.audio;
  if (format.channels > offer.max_audio_channels) format.channels = kStereo;
  return format;
}

// The host's limit and the client's, where 0 is none.
std::uint32_t lower_limit(std::uint32_t a, std::uint32_t b) {
  if (a == 0 || b == 0) return std::max(a, b);
  return std::min(a, b);
}

// Where the two bounds have nothing in common the client's gives way, as little as it must.
ParityBounds agree_on_parity(const ParityBounds& wish, const ParityBounds& offer) {
  return {std::clamp(wish.min_percent, offer.min_percent, offer.max_percent),
          std::clamp(wish.max_percent, offer.min_percent, offer.max_percent)};
}

}  // namespace

Agreement agree(const StreamWish& wish, const HostOffer& offer, Permissions permissions) {
  const auto refuse = [](RefusalReason reason) { return Agreement{std::nullopt, reason}; };
  if (!permissions.has(Permission::view)) return refuse(RefusalReason::not_permitted);
  if (!is_valid(wish.mode) || wish.mode.width > offer.max_width || wish.mode.height > offer.max_height ||
      wish.mode.refresh_mhz > offer.max_refresh_mhz) {
    return refuse(RefusalReason::mode_out_of_range);
  }
  const auto format = std::ranges::find_first_of(wish.formats, offer.formats);
  if (format == wish.formats.end()) return refuse(RefusalReason::no_common_codec);
  const auto fec_fields = static_cast<std::uint8_t>(wish.fec_fields & offer.fec_fields);
  if (fec_fields == 0) return refuse(RefusalReason::unsupported);

  const bool has_color =
      offer.colors.empty() || std::ranges::find(offer.colors, wish.color) != offer.colors.end();
  return {Stream{.mode = wish.mode,
                 .format = *format,
                 .color = has_color ? wish.color : offer.colors.front(),
                 .audio = agree_on_sound(wish, offer, permissions),
                 .fec_fields = fec_fields,
                 .parity = agree_on_parity(wish.parity, offer.parity),
                 .max_datagram_bytes = std::min(wish.max_datagram_bytes, offer.max_datagram_bytes),
                 .max_bitrate_kbps = lower_limit(wish.max_bitrate_kbps, offer.max_bitrate_kbps),
                 .microphone = wish.microphone && offer.microphone && permissions.has(Permission::microphone),
                 .features = wish.features & offer.features},
          {}};
}

StreamWish with_change(StreamWish wish, const Change& change) {
  if (change.mode) wish.mode = *change.mode;
  if (change.formats) wish.formats = *change.formats;
  if (change.color) wish.color = *change.color;
  if (change.max_bitrate_kbps) wish.max_bitrate_kbps = *change.max_bitrate_kbps;
  if (change.audio) wish.audio = change.audio->format;
  if (change.microphone) wish.microphone = *change.microphone;
  return wish;
}

}  // namespace lumen::lumen1::control
