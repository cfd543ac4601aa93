// gamestream/rtsp: the decisions of a stock client, for RtspClient. Pure functions.
#pragma once

#include "gamestream/rtsp/client.hpp"

namespace lumen::gamestream::rtsp {

// High-quality sound is worth its bits here (11.1).
bool wants_high_quality(const StreamWish& wish);
std::uint32_t audio_packet_ms(const StreamWish& wish, bool high_surround);
// The ANNOUNCE of a stock client (13.2).
StreamRequest choose_stream(const StreamWish& wish, const HostDescription& host, bool high_surround);

}  // namespace lumen::gamestream::rtsp
