// gamestream/rtsp: the DESCRIBE and ANNOUNCE bodies as text, both ways (GameStream part 1, sections 12 and
// 13). Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gamestream/rtsp/stream.hpp"

namespace lumen::gamestream::rtsp {

// DESCRIBE: only lines that clients look for. Clients search it for text, others parse its lines.
std::string write_describe(const StreamOffer& offer);

// What a client finds in a DESCRIBE body; zero and false for what is not there.
struct HostDescription {
  bool hevc = false, av1 = false;
  bool reference_invalidation = false;
  std::uint32_t input_features = 0;
  EncryptionSet encryption_supported = 0, encryption_requested = 0;
  struct Surround {
    // As the client ends with them. Without the second one high quality is never asked for.
    std::optional<OpusLayout> normal, high;
  };
  Surround surround_51, surround_71;
};
// Searches like a stock client; never fails. At most kMaxResponseBytes are looked at.
HostDescription parse_describe(std::string_view body);

// ANNOUNCE: attributes with or without blanks before the line's end, unknown ones ignored, the last of a name
// wins. 400 for one of those without a default that is missing, and for a value that is no number or out of
// its range; but mere hints (slices, the display's rate, traffic types) then become the default.
Negotiated<StreamRequest> parse_announce(std::string_view body);

// The ANNOUNCE of a stock client to a host of 7.1.431.-1: all 37 attributes in their order.
struct AnnounceText {
  StreamRequest request;
  std::string_view client_address = "0.0.0.0";  // for the o= line
  bool address_is_v6 = false;
  std::uint16_t video_port = 47998;
};
std::string write_announce(const AnnounceText& announce);

}  // namespace lumen::gamestream::rtsp
