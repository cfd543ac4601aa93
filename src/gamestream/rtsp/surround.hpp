// gamestream/rtsp: Opus layouts and the `surround-params` text that names them (GameStream part
// 1, 12.3, 12.4; part 2, 14.5).
//
// Text: C S P m0 … m(C−1), one digit each: channels, streams, coupled streams, decoder mapping. A host offers
// two entries per layout, normal quality first. Clients take the high-quality entry as it is, but move the
// last digit of the normal-quality one to place 3, so a host writes that one rotated the other way.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lumen::gamestream::rtsp {

enum class AudioQuality : std::uint8_t { normal, high };

// How sound is divided into Opus streams. `mapping` is the decoder's and the encoder's: channel i, in the
// order FL FR FC LFE BL BR SL SR, is the streams' channel mapping[i]. Entries from `channels` on are zero.
struct OpusLayout {
  static constexpr std::uint8_t kMaxChannels = 8;
  std::uint8_t channels = 2, streams = 1, coupled = 1;
  std::array<std::uint8_t, kMaxChannels> mapping{0, 1};
  bool operator==(const OpusLayout&) const = default;
};

// A layout and the rate at which Lumen encodes it.
struct OpusChoice {
  OpusLayout layout;
  std::uint32_t bitrate_bps = 96'000;
};
// For 2, 6 or 8 channels; nullopt for others.
std::optional<OpusChoice> standard_layout(std::uint32_t channels, AudioQuality quality);

// The mapping that a client ends with after it read `offered` from an entry of that quality.
OpusLayout as_client_reads(const OpusLayout& offered, AudioQuality quality);
// What to offer so that a client ends with `wanted`.
OpusLayout as_host_offers(const OpusLayout& wanted, AudioQuality quality);

std::string write_surround_params(const OpusLayout& layout);
// nullopt unless 1 ≤ C ≤ 8, 1 ≤ S, P ≤ S, S + P ≤ C and there are C digits below S + P. Ignores what follows.
std::optional<OpusLayout> parse_surround_params(std::string_view text);
// A client's own layout (`surroundParams` of a launch): only 6 or 8 channels, S + P = C, and nothing behind.
std::optional<OpusLayout> parse_custom_layout(std::string_view text);

}  // namespace lumen::gamestream::rtsp
