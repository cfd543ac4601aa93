// host/gamestream: what carries one application's picture, sound and input between its session process and
// whichever client watches it. Held by the application and by the threads that use it; goes with the last.
#pragma once

#include "host/session_port.hpp"
#include "stream/send/game_audio_sender.hpp"
#include "stream/send/game_video_sender.hpp"

namespace lumen::host {

struct Pipes {
  Pipes(net::UdpSocket& video_socket, net::UdpSocket& audio_socket, Logger& log)
      : video{video_socket, [this] { port.send(link::RequestIdr{}); }, log}, audio{audio_socket, log} {}

  SessionPort port;
  stream::GameVideoSender video;
  stream::GameAudioSender audio;
};

}  // namespace lumen::host
