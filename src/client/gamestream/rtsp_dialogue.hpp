// client/gamestream: the RTSP dialogue over the network: one connection a request (GameStream part 1, 10.1).
#pragma once

#include <functional>
#include <stop_token>

#include "gamestream/rtsp/client.hpp"
#include "net/udp.hpp"

namespace lumen::client {

// Blocks until `stop`. False: it was requested before `time` had passed.
bool pause(Duration time, const std::stop_token& stop);

struct RtspDialogue {
  gamestream::rtsp::RtspClient& client;
  net::Endpoint host;  // its port is not used
  // Sound's way is known: pings are to begin, while the dialogue goes on.
  std::function<Status(const gamestream::rtsp::MediaPath&)> on_audio;
  Duration refused_for = std::chrono::seconds{10};  // nobody listens yet: tried again for that long
  Duration timeout = std::chrono::seconds{20};      // of one request
};
// Until PLAY is answered. Blocks. Fails as exchange(), RtspClient and `on_audio` do, and with
// `client.rtsp-no-answer` when the host hangs up.
Status speak(const RtspDialogue& dialogue, const std::stop_token& stop);

}  // namespace lumen::client
