// lumen/host: what carries one lumen/1 session's picture, sound and input between its session process and its
// client. Held by lm-main's StreamSession, and by lm-net while it handles a datagram; goes with the last.
#pragma once

#include "host/client_port.hpp"
#include "host/session_port.hpp"
#include "host/state_board.hpp"
#include "stream/send/video_sender.hpp"

namespace lumen::host {

struct MediaEnd {
  // `codec`, `socket` and `log` outlive it.
  MediaEnd(std::uint8_t id, ClientEvents events, const fec::Leopard& codec, net::UdpSocket& socket,
           Logger& log)
      : sender{{.stream = {.session = id},
                .on_idr_needed = [this] { link.send(link::RequestIdr{}); },
                .on_bitrate = [this](std::uint32_t kbps) { return link.send(link::LimitBitrate{kbps}); }},
               codec,
               socket,
               log},
        sound{{.session = id}, socket, log},
        port{id, socket, sender, link, board, std::move(events), log, &sound} {}

  StateBoard board;
  SessionPort link;
  stream::VideoSender sender;
  stream::SoundSender sound;
  ClientPort port;
};

}  // namespace lumen::host
