// host/gamestream: the UDP side of all GameStream sessions on a thread of its own (lm-net): pings show where
// picture and sound go, the control connection brings input and requests. It decides nothing: input goes to
// the session process, requests to the sender, the rest to lm-main.
//
// Thread-safe: all public functions; what they ask for happens on lm-net, in order.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/event_loop.hpp"
#include "base/log.hpp"
#include "base/thread.hpp"
#include "crypto/digest.hpp"
#include "gamestream/control/control_host.hpp"
#include "gamestream/rtsp/dispatcher.hpp"
#include "gamestream/rtsp/ping.hpp"
#include "host/gamestream/pipes.hpp"
#include "net/enet/enet.hpp"
#include "net/udp.hpp"

namespace lumen::host {

using StreamId = gamestream::rtsp::LaunchId;

// Called on lm-net: must only post.
struct MediaEvents {
  std::function<void(StreamId)> on_connected;  // the control connection is there
  // The stream is over and forgotten: its client left, was lost, or was told to go.
  std::function<void(StreamId, std::string reason)> on_ended;
};

struct MediaParams {
  net::Endpoint video, control, audio;  // to bind; port 0: any
  // How long a client has to connect and to show where it wants its picture, once the stream is ready.
  Duration connect_within = std::chrono::seconds{10};
};

// What a launch's client may connect with.
struct MediaStream {
  StreamId id;
  crypto::SecretBytes<16> key;
  gamestream::rtsp::LaunchIds ids;
  net::Endpoint client;     // from where it launched; its port does not matter
  bool session_ids = true;  // false: a client that shows no ids, known by its address
  gamestream::control::PadParams pads;
  std::shared_ptr<Pipes> pipes;
  gamestream::control::DesktopInput desktop{};  // what its session's desktop takes, see set_desktop()
};

class MediaPort {
 public:
  static Result<std::unique_ptr<MediaPort>> create(const MediaParams& params, MediaEvents events,
                                                   Logger& log);
  ~MediaPort();  // clients are told that the host leaves
  MediaPort(const MediaPort&) = delete;
  MediaPort& operator=(const MediaPort&) = delete;

  gamestream::rtsp::MediaPorts ports() const { return ports_; }
  net::UdpSocket& video_socket() { return video_; }
  net::UdpSocket& audio_socket() { return audio_; }

  // Before the client learns of it: its pings count from now on.
  void add(MediaStream stream);
  // The pipes are ready for what was agreed: they are told where to send as far as pings have shown it. The
  // client may connect from now on, and must. Whether it shows ids is known only now.
  void ready(StreamId id, bool session_ids);
  // Forgets it at once. on_ended() does not follow.
  void remove(StreamId id);
  // What an application makes one of the client's pads do.
  void tell_pads(StreamId id, const PadFeedback& feedback);
  // To a new session process of the stream's application: which of the client's pads there are.
  void repeat_pads(StreamId id);
  // What the desktop takes; the rest is dropped and told in the log.
  void set_desktop(StreamId id, const gamestream::control::DesktopInput& desktop);
  // Tells the client why, and ends when it has heard. on_ended() follows.
  void terminate(StreamId id, gamestream::control::TerminationCode code);

 private:
  struct Stream;
  struct Destination {  // where a kind of media goes, as pings showed it
    std::optional<net::Endpoint> to;
    net::Endpoint at;  // which of the host's addresses they came to: what it sends comes from there
    std::uint32_t counter = 0;
    Timestamp moved{};
  };
  MediaPort(net::UdpSocket video, net::UdpSocket audio, net::EnetHost enet, Duration connect_within,
            MediaEvents events, Logger& log);
  Status start(std::unique_ptr<EventLoop> loop);

  void on_ping(bool video, const net::Endpoint& from, const net::Endpoint& at, ByteView datagram);
  void service();
  void on_connected(net::EnetPeerId peer, const net::Endpoint& address, std::uint32_t data);
  void on_message(net::EnetPeerId peer, MutableBytes message);
  void on_disconnected(net::EnetPeerId peer);
  void handle(Stream& stream, const gamestream::control::HostEvent& event, Timestamp now);
  void settle(Stream& stream, Timestamp now);  // passes on what its control has to say
  void end(StreamId id, const std::string& reason);
  Stream* find(StreamId id);
  Stream* find(net::EnetPeerId peer);
  void arm();
  void leave();

  net::UdpSocket video_, audio_;
  net::EnetHost enet_;
  Duration connect_within_;
  MediaEvents events_;
  Logger& log_;
  gamestream::rtsp::MediaPorts ports_;
  std::unique_ptr<EventLoop> loop_;
  // lm-net
  std::map<StreamId, std::unique_ptr<Stream>> streams_;
  std::vector<gamestream::control::HostEvent> heard_;
  std::vector<InputEvent> input_;
  std::vector<PadEvent> pads_;
  EventLoop::TimerId timer_ = 0;
  std::unique_ptr<OwnedThread> thread_;  // last
};

}  // namespace lumen::host
