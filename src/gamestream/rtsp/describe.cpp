#include "gamestream/rtsp/sdp.hpp"
#include "gamestream/rtsp/text.hpp"

namespace lumen::gamestream::rtsp {
namespace {

constexpr std::string_view kFeatures = "x-ss-general.featureFlags",
                           kSupported = "x-ss-general.encryptionSupported",
                           kRequested = "x-ss-general.encryptionRequested",
                           kInvalidation = "x-nv-video[0].refPicInvalidation",
                           kHevcSign = "sprop-parameter-sets=AAAAAU", kAv1Sign = "AV1/90000",
                           kSurround = "a=fmtp:97 surround-params=";

std::string attribute(std::string_view name, std::uint32_t value) {
  return "a=" + std::string{name} + ":" + std::to_string(value) + "\r\n";
}
std::string surround_line(const OpusLayout& layout) {
  return std::string{kSurround} + write_surround_params(layout) + "\r\n";
}

// The number behind "NAME:", as strtoul reads it; zero when there is none.
std::uint32_t number_of(std::string_view body, std::string_view name) {
  const auto at = body.find(std::string{name} + ":");
  if (at == std::string_view::npos) return 0;
  const auto text = trimmed(body.substr(at + name.size() + 1, 16));
  return decimal(text.substr(0, text.find_first_not_of("0123456789"))).value_or(0);
}

HostDescription::Surround surround_of(std::string_view body, char channels) {
  HostDescription::Surround found;
  const auto key = std::string{kSurround} + channels;
  const auto read = [&](std::size_t at, AudioQuality quality) -> std::optional<OpusLayout> {
    if (at == std::string_view::npos) return std::nullopt;
    const auto layout = parse_surround_params(body.substr(at + kSurround.size()));
    if (!layout) return std::nullopt;
    return as_client_reads(*layout, quality);
  };
  const auto first = body.find(key);
  found.normal = read(first, AudioQuality::normal);
  if (first != std::string_view::npos) found.high = read(body.find(key, first + 1), AudioQuality::high);
  return found;
}

}  // namespace

std::string write_describe(const StreamOffer& offer) {
  auto body = attribute(kFeatures, offer.input_features) +
              attribute(kSupported, supported_encryption(offer)) +
              attribute(kRequested, requested_encryption(offer));
  if (offer.reference_invalidation) body += attribute(kInvalidation, 1);
  if ((offer.codec_modes & kAnyHevc) != 0) body += std::string{kHevcSign} + "\r\n";
  if ((offer.codec_modes & kAnyAv1) != 0) body += "a=rtpmap:98 " + std::string{kAv1Sign} + "\r\n";
  if (offer.custom_layout) {
    body += surround_line(*offer.custom_layout) + surround_line(*offer.custom_layout);
  }
  for (const std::uint32_t channels : {2U, 6U, 8U}) {
    if (channels > offer.max_audio_channels) break;
    for (const auto quality : {AudioQuality::normal, AudioQuality::high}) {
      body += surround_line(as_host_offers(standard_layout(channels, quality)->layout, quality));
    }
  }
  return body;
}

HostDescription parse_describe(std::string_view body) {
  body = body.substr(0, kMaxResponseBytes);
  HostDescription description;
  description.hevc = body.find(kHevcSign) != std::string_view::npos;
  description.av1 = body.find(kAv1Sign) != std::string_view::npos;
  description.reference_invalidation = body.find(kInvalidation) != std::string_view::npos;
  description.input_features = number_of(body, kFeatures);
  description.encryption_supported = number_of(body, kSupported);
  description.encryption_requested = number_of(body, kRequested);
  description.surround_51 = surround_of(body, '6');
  description.surround_71 = surround_of(body, '8');
  return description;
}

}  // namespace lumen::gamestream::rtsp
