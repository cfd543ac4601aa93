// gamestream/rtsp: the host's RTSP port, for several pending launches (GameStream part 1, 10.1, 10.3
// to 10.5). Sans-I/O: bytes of connections in, bytes and events out.
//
// Each request comes on a connection of its own; nothing in it names the launch. An encrypted one belongs to
// the launch whose key opens it: launches from the same address are tried first, then all others, because a
// client may come through another address. A plain one belongs to a plain launch from the same address: to
// the one whose session token it carries, else to the oldest that has not been set up, else to the newest.
// What belongs to no launch gets no answer: neither a frame with a wrong tag or a sequence number that is not
// larger than the last one, nor text from an address that has only encrypted launches. None of it touches the
// launch.
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "base/units.hpp"
#include "base/wire.hpp"
#include "crypto/aead.hpp"
#include "gamestream/rtsp/frame.hpp"
#include "gamestream/rtsp/host.hpp"
#include "gamestream/rtsp/message.hpp"

namespace lumen::gamestream::rtsp {

inline constexpr std::size_t kMaxPendingLaunches = 16, kMaxConnections = 64, kMaxConnectionsPerAddress = 8;
// To complete a request, and for a client to take its answer and close.
inline constexpr Duration kRequestTime = std::chrono::seconds{5};

using LaunchId = Quantity<struct LaunchTag, std::uint64_t>;          // the caller's
using ConnectionId = Quantity<struct ConnectionTag, std::uint64_t>;  // the caller's, never used twice
using PeerAddress = std::array<std::uint8_t, 16>;                    // IPv4 as ::ffff:a.b.c.d

struct LaunchParams {
  LaunchId id;
  PeerAddress peer{};             // who launched
  std::optional<SessionKey> key;  // rikey when `rtspenc://` was granted; without it the dialogue is plain
  RtspHostParams host;
};

// Something to do with a connection.
struct RtspSend {
  ConnectionId connection;
  std::vector<std::byte> bytes;
  // True: after the bytes send FIN, read and drop what comes until the client closes, then closed(): to close
  // with unread bytes would reset the connection, and the client would lose the answer. False: close at once;
  // the dispatcher has forgotten it.
  bool finish = true;
};

struct Announced {  // prepare the stream, then ready() or failed() within the client's 15 s
  LaunchId launch;
  StreamAgreement agreement;
};
struct DialogueDone {  // PLAY was answered; control connection and pings follow
  LaunchId launch;
};
struct RequestRefused {  // for a log; the client gives up
  LaunchId launch;
  RtspStatus status;
  std::string why;
};
using RtspEvent = std::variant<Announced, DialogueDone, RequestRefused>;

struct RtspOutput {
  std::vector<RtspSend> sends;
  std::vector<RtspEvent> events;
};

// Owner: one thread. Limits on how long a launch stays are the caller's: it calls remove().
class RtspDispatcher {
 public:
  // `gamestream.rtsp-launches`: kMaxPendingLaunches are there; `gamestream.rtsp-launch`: that id is in use.
  // The key must never have been used for another launch. The params' copy of it is wiped.
  Status add(LaunchParams params);
  // Forgets the launch; a pending ANNOUNCE is answered with 500. Nothing happens when it is unknown.
  RtspOutput remove(LaunchId launch, Timestamp now);
  std::size_t launches() const { return launches_.size(); }

  // False: too many connections are there, of this address or at all; close it.
  [[nodiscard]] bool open(ConnectionId connection, const PeerAddress& peer, Timestamp now);
  // Bytes of any segmentation; ignored when the connection is unknown or has its request.
  RtspOutput receive(ConnectionId connection, ByteView bytes, Timestamp now);
  // The connection is gone, by whichever end. Every open()ed one that was not dropped must come here.
  void closed(ConnectionId connection);

  // Answers to an Announced event; nothing happens when no ANNOUNCE is pending.
  RtspOutput ready(LaunchId launch, Timestamp now);
  RtspOutput failed(LaunchId launch, Timestamp now, RtspStatus status = RtspStatus::internal_error);

  // When expire() next has something to do; nullopt: while nothing else happens, never.
  std::optional<Timestamp> next_deadline() const;
  // Drops connections whose time is over.
  RtspOutput expire(Timestamp now);

  // Connections dropped without an answer since the beginning.
  std::uint64_t dropped() const { return dropped_; }

 private:
  struct Launch {
    LaunchId id;
    PeerAddress peer;
    std::optional<crypto::Aead> cipher;  // of encrypted launches
    std::uint32_t last_client_sequence = 0;
    std::uint32_t host_sequence = 0;  // of the last frame sent
    RtspHost host;
    std::optional<ConnectionId> announcing;  // where the pending answer goes
  };
  struct Connection {
    enum class State : std::uint8_t { reading, waiting, answered };
    ConnectionId id;
    PeerAddress peer;
    Timestamp deadline;  // counts unless it waits for the host
    State state = State::reading;
    std::optional<bool> encrypted;  // its first byte tells
    std::vector<std::byte> frame;   // of an encrypted request
    RequestReader reader;           // of a plain one
  };
  struct Opened {
    Launch* launch = nullptr;
    std::string text;
  };

  Launch* find(LaunchId launch);
  Connection* find(ConnectionId connection);
  void receive_frame(Connection& connection, ByteView bytes, Timestamp now, RtspOutput& output);
  void receive_text(Connection& connection, ByteView bytes, Timestamp now, RtspOutput& output);
  Opened open_by_any(const Connection& connection, const FrameHeader& header);
  bool has_plain_launch(const PeerAddress& peer) const;
  Launch* plain_launch_of(const PeerAddress& peer, const Request* request);
  void serve(Launch& launch, Connection& connection, const Request* request, Timestamp now,
             RtspOutput& output);
  void answer(Launch& launch, Connection& connection, const Response& response, Timestamp now,
              RtspOutput& output);
  void drop(ConnectionId connection, RtspOutput& output);
  RtspOutput finish(LaunchId launch, RtspStatus status, Timestamp now);

  std::list<Launch> launches_;  // oldest first
  std::list<Connection> connections_;
  std::uint64_t dropped_ = 0;
};

}  // namespace lumen::gamestream::rtsp
