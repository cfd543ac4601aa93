#include "host/gamestream/media_port.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "host/gamestream/addresses.hpp"

namespace lumen::host {
namespace {

namespace control = gamestream::control;
namespace rtsp = gamestream::rtsp;
using namespace std::chrono_literals;

constexpr Duration kMaxSleep = 1s;
constexpr Duration kMoveInterval = 250ms;  // a client's address changes no more often
constexpr Duration kLeaveWithin = 300ms;   // for clients to hear that the host stops

Timestamp now() { return SteadyTime{}.now(); }

bool is_same_address(const net::Endpoint& one, const net::Endpoint& other) {
  return ip_of(one) == ip_of(other);
}

const char* to_text(control::UnsupportedInput kind) {
  switch (kind) {
    case control::UnsupportedInput::text:
      return "text that no key types";
    case control::UnsupportedInput::touch:
      return "touch";
    case control::UnsupportedInput::pen:
      break;
  }
  return "a pen";
}

}  // namespace

struct MediaPort::Stream {
  MediaStream params;
  std::optional<control::ControlHost> control;  // once the pipes are ready
  Timestamp shown_by{};                         // it must have connected, and a ping of the picture have come
  std::optional<net::EnetPeerId> peer;
  bool given_up = false;
  Destination video, audio;
};

Result<std::unique_ptr<MediaPort>> MediaPort::create(const MediaParams& params, MediaEvents events,
                                                     Logger& log) {
  LUMEN_TRY(auto video, net::UdpSocket::bind({.local = params.video, .tell_local = true}));
  LUMEN_TRY(auto audio, net::UdpSocket::bind({.local = params.audio, .tell_local = true}));
  LUMEN_TRY(auto enet, net::EnetHost::create({.local = params.control}));
  LUMEN_TRY(auto loop, EventLoop::create());
  std::unique_ptr<MediaPort> port{new MediaPort{std::move(video), std::move(audio), std::move(enet),
                                                params.connect_within, std::move(events), log}};
  LUMEN_CHECK_OK(port->start(std::move(loop)));
  return port;
}

MediaPort::MediaPort(net::UdpSocket video, net::UdpSocket audio, net::EnetHost enet, Duration connect_within,
                     MediaEvents events, Logger& log)
    : video_{std::move(video)},
      audio_{std::move(audio)},
      enet_{std::move(enet)},
      connect_within_{connect_within},
      events_{std::move(events)},
      log_{log} {}

Status MediaPort::start(std::unique_ptr<EventLoop> loop) {
  loop_ = std::move(loop);
  LUMEN_TRY(const auto video, video_.local());
  LUMEN_TRY(const auto audio, audio_.local());
  ports_ = {.video = video.port(), .control = enet_.local().port(), .audio = audio.port()};
  const auto watch_pings = [this](net::UdpSocket& socket, bool is_video) {
    return loop_->watch(socket.fd(), EPOLLIN, [this, &socket, is_video](std::uint32_t) {
      socket.receive_at(Duration::zero(),
                        [this, is_video](const net::Endpoint& from, const net::Endpoint& at,
                                         MutableBytes datagram) { on_ping(is_video, from, at, datagram); });
    });
  };
  LUMEN_CHECK_OK(watch_pings(video_, true));
  LUMEN_CHECK_OK(watch_pings(audio_, false));
  LUMEN_CHECK_OK(loop_->watch(enet_.fd(), EPOLLIN, [this](std::uint32_t) { service(); }));
  thread_ = std::make_unique<OwnedThread>("lm-net", [this](const std::stop_token&) { loop_->run(); });
  return {};
}

MediaPort::~MediaPort() {
  loop_->post([this] { leave(); });
  thread_.reset();
}

// Says goodbye to all, gives them a moment, and stops the loop.
void MediaPort::leave() {
  for (const auto& [id, stream] : streams_) {
    if (!stream->control) continue;
    stream->control->terminate(static_cast<std::uint32_t>(control::TerminationCode::graceful), now());
    settle(*stream, now());
  }
  enet_.flush();
  for (const auto& [id, stream] : streams_) {
    if (stream->peer) enet_.disconnect_after_sending(*stream->peer, 0);
  }
  if (enet_.connections() == 0) {
    loop_->stop();
    return;
  }
  loop_->call_at(now() + kLeaveWithin, [this] { loop_->stop(); });
  service();
}

void MediaPort::add(MediaStream stream) {
  // The loop's calls are copied, a stream with its key is not.
  auto shared = std::make_shared<MediaStream>(std::move(stream));
  loop_->post([this, shared] {
    const auto id = shared->id;
    streams_[id] = std::make_unique<Stream>(Stream{.params = std::move(*shared)});
  });
}

void MediaPort::ready(StreamId id, bool session_ids) {
  loop_->post([this, id, session_ids] {
    auto* stream = find(id);
    if (stream == nullptr) return;
    const auto time = now();
    auto& params = stream->params;
    auto control = control::ControlHost::create(params.key.view(),
                                                {.desktop = params.desktop, .pads = params.pads}, time);
    if (!control) {
      end(id, describe(control.error()));
      return;
    }
    stream->control.emplace(std::move(*control));
    stream->shown_by = time + connect_within_;
    params.session_ids = session_ids;
    net::EnetHost::Expectation expected{
        .connect_data = params.ids.connect_data, .until = time + connect_within_, .from = std::nullopt};
    if (!session_ids) {
      expected.connect_data = 0;
      expected.from = params.client;
    }
    enet_.expect(expected);
    if (stream->video.to) params.pipes->video.set_peer(*stream->video.to, stream->video.at);
    if (stream->audio.to) params.pipes->audio.set_peer(*stream->audio.to, stream->audio.at);
    arm();
  });
}

void MediaPort::remove(StreamId id) {
  loop_->post([this, id] {
    auto* stream = find(id);
    if (stream == nullptr) return;
    enet_.withdraw(stream->params.ids.connect_data);
    if (stream->peer) enet_.drop(*stream->peer, 0);
    stream->params.pipes->port.send(InputEvent{ReleaseAll{}});
    streams_.erase(id);
    arm();
  });
}

void MediaPort::tell_pads(StreamId id, const PadFeedback& feedback) {
  loop_->post([this, id, feedback] {
    auto* stream = find(id);
    if (stream == nullptr || !stream->control) return;
    stream->control->send(control::to_message(feedback));
    settle(*stream, now());
    enet_.flush();
    arm();
  });
}

void MediaPort::repeat_pads(StreamId id) {
  loop_->post([this, id] {
    auto* stream = find(id);
    if (stream == nullptr || !stream->control) return;
    stream->control->repeat_pads();
    settle(*stream, now());
  });
}

void MediaPort::set_desktop(StreamId id, const control::DesktopInput& desktop) {
  loop_->post([this, id, desktop] {
    auto* stream = find(id);
    if (stream == nullptr) return;
    stream->params.desktop = desktop;
    if (stream->control) stream->control->input().set_desktop(desktop);
  });
}

void MediaPort::terminate(StreamId id, control::TerminationCode code) {
  loop_->post([this, id, code] {
    auto* stream = find(id);
    if (stream == nullptr) return;
    if (!stream->peer) {
      enet_.withdraw(stream->params.ids.connect_data);
      end(id, "it did not connect");
      return;
    }
    stream->control->terminate(static_cast<std::uint32_t>(code), now());
    settle(*stream, now());
    arm();
  });
}

MediaPort::Stream* MediaPort::find(StreamId id) {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second.get();
}

MediaPort::Stream* MediaPort::find(net::EnetPeerId peer) {
  const auto found =
      std::ranges::find_if(streams_, [peer](const auto& entry) { return entry.second->peer == peer; });
  return found == streams_.end() ? nullptr : found->second.get();
}

// Follows a client whose address changes; an older ping that was held back moves nothing.
void MediaPort::on_ping(bool video, const net::Endpoint& from, const net::Endpoint& at, ByteView datagram) {
  const auto ping = rtsp::parse_ping(datagram);
  if (!ping) return;
  for (const auto& [id, stream] : streams_) {
    const auto& params = stream->params;
    const rtsp::PingExpectation expected{video ? params.ids.video_ping : params.ids.audio_ping,
                                         params.session_ids};
    if (!rtsp::accepts(expected, *ping, is_same_address(from, params.client))) continue;
    auto& destination = video ? stream->video : stream->audio;
    if (!ping->legacy && destination.to && ping->counter <= destination.counter) return;
    const auto time = now();
    const bool stays = destination.to == from && destination.at == at;
    if (destination.to && !stays && time < destination.moved + kMoveInterval) return;
    destination.counter = ping->counter;
    if (stays) return;
    destination.moved = time;
    if (destination.to) log_.info("{} moves to {}", video ? "picture" : "sound", from.to_string());
    destination.to = from;
    destination.at = at;
    if (!stream->control) return;  // ready() tells them
    if (video) {
      params.pipes->video.set_peer(from, at);
    } else {
      params.pipes->audio.set_peer(from, at);
    }
    return;
  }
}

void MediaPort::service() {
  enet_.service(now(),
                {.connected = [this](net::EnetPeerId peer, const net::Endpoint& address,
                                     std::uint32_t data) { on_connected(peer, address, data); },
                 .received = [this](net::EnetPeerId peer, std::uint8_t,
                                    MutableBytes message) { on_message(peer, message); },
                 .disconnected = [this](net::EnetPeerId peer, std::uint32_t) { on_disconnected(peer); }});
  const auto time = now();
  std::vector<StreamId> ids;
  for (const auto& [id, stream] : streams_) ids.push_back(id);
  for (const auto id : ids) {  // a stream may end on the way
    auto* stream = find(id);
    if (!stream->control) continue;
    heard_.clear();
    stream->control->tick(time, heard_);
    for (const auto events = std::exchange(heard_, {}); const auto& event : events) {
      if ((stream = find(id)) == nullptr) break;
      handle(*stream, event, time);
    }
    if ((stream = find(id)) == nullptr) continue;
    settle(*stream, time);
    if (time < stream->shown_by || stream->given_up || (stream->peer && stream->video.to)) continue;
    stream->given_up = true;
    log_.warn("the client {}", stream->peer ? "does not say where it wants the picture" : "does not connect");
    terminate(id, control::TerminationCode::graceful);
  }
  enet_.flush();
  arm();
}

void MediaPort::on_connected(net::EnetPeerId peer, const net::Endpoint& address, std::uint32_t data) {
  for (const auto& [id, stream] : streams_) {
    const auto& params = stream->params;
    const bool is_its =
        params.session_ids ? params.ids.connect_data == data : is_same_address(address, params.client);
    if (stream->peer || !stream->control || !is_its) continue;
    stream->peer = peer;
    stream->control->connected(now());
    settle(*stream, now());
    events_.on_connected(id);
    return;
  }
  enet_.drop(peer, 0);  // its launch is over
}

void MediaPort::on_message(net::EnetPeerId peer, MutableBytes message) {
  auto* stream = find(peer);
  if (stream == nullptr) return;
  const auto id = stream->params.id;
  const auto time = now();
  heard_.clear();
  stream->control->receive(message, time, heard_);
  for (const auto events = std::exchange(heard_, {}); const auto& event : events) {
    if ((stream = find(id)) == nullptr) return;
    handle(*stream, event, time);
  }
  if ((stream = find(id)) != nullptr) settle(*stream, time);
}

void MediaPort::on_disconnected(net::EnetPeerId peer) {
  const auto* stream = find(peer);
  if (stream != nullptr) end(stream->params.id, "the client left");
}

void MediaPort::handle(Stream& stream, const control::HostEvent& event, Timestamp now) {
  auto& pipes = *stream.params.pipes;
  const auto id = stream.params.id;
  if (std::holds_alternative<control::RequestIdr>(event)) {
    pipes.video.request_idr();
  } else if (const auto* range = std::get_if<control::InvalidateReferenceFrames>(&event)) {
    pipes.video.broken(range->last_frame);
  } else if (const auto* status = std::get_if<control::FrameFecStatus>(&event)) {
    pipes.video.lost(status->missing_before_highest, status->total_data + status->total_parity);
    // Too little arrived of a frame: it is lost for certain, sooner known than by its successor.
    if (status->received_data + status->received_parity < status->total_data)
      pipes.video.broken(status->frame);
  } else if (const auto* kind = std::get_if<control::UnsupportedInput>(&event)) {
    log_.warn("the desktop cannot take {}: it is ignored", to_text(*kind));
  } else if (std::holds_alternative<control::ClientLost>(event)) {
    if (stream.peer) enet_.drop(*stream.peer, 0);
    end(id, "the client has said nothing for 10 s");
  } else if (std::holds_alternative<control::TooManyForgeries>(event)) {
    if (stream.peer) enet_.drop(*stream.peer, 0);
    end(id, "somebody sends forged control messages");
  } else if (std::holds_alternative<control::CloseNow>(event)) {
    if (stream.peer) enet_.disconnect(*stream.peer, 0);
    end(id, "ended");
  }
  static_cast<void>(now);
}

void MediaPort::settle(Stream& stream, Timestamp time) {
  input_.clear();
  stream.control->drain_input(input_);
  for (const auto& event : input_) stream.params.pipes->port.send(event);
  pads_.clear();
  stream.control->drain_pads(pads_);
  for (const auto& event : pads_) stream.params.pipes->port.send(event);
  if (!stream.peer) return;
  while (const auto packet = stream.control->next_outgoing(time)) {
    enet_.send(*stream.peer, packet->route.channel, packet->bytes(), net::EnetDelivery::reliable);
  }
}

void MediaPort::end(StreamId id, const std::string& reason) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  found->second->params.pipes->port.send(InputEvent{ReleaseAll{}});
  streams_.erase(found);
  events_.on_ended(id, reason);
}

void MediaPort::arm() {
  loop_->cancel(timer_);
  auto next = now() + kMaxSleep;
  if (const auto deadline = enet_.next_deadline(now())) next = std::min(next, *deadline);
  for (const auto& [id, stream] : streams_) {
    if (!stream->control) continue;
    next = std::min(next, stream->control->next_deadline());
    const bool is_whole = stream->peer && stream->video.to;
    if (!is_whole && !stream->given_up) next = std::min(next, stream->shown_by);
  }
  timer_ = loop_->call_at(next, [this] { service(); });
}

}  // namespace lumen::host
