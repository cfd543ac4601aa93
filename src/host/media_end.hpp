// lumen/host: what carries one lumen/1 session's picture and input between its session process and its
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
      : sender{{.stream = {.session = id}, .on_idr_needed = [this] { link.send(link::RequestIdr{}); }},
               codec,
               socket,
               log},
        port{id, socket, sender, link, board, std::move(events), log} {}

  StateBoard board;
  SessionPort link;
  stream::VideoSender sender;
  ClientPort port;
};

}  // namespace lumen::host
