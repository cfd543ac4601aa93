// gamestream/rtsp: the host's side of one launch's RTSP dialogue (GameStream part 1, sections 10 to 13): what
// each request is answered with. Knows no connections and no bytes: RtspDispatcher (dispatcher.hpp) feeds it.
//
// OPTIONS, DESCRIBE, SETUP audio, video, control, ANNOUNCE, PLAY. The answer to a good ANNOUNCE waits until
// the host's sockets, capture and encoder are ready: a late failure is visible to the user, one after the 200
// is ten seconds of black.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "base/result.hpp"
#include "gamestream/rtsp/message.hpp"
#include "gamestream/rtsp/ping.hpp"
#include "gamestream/rtsp/stream.hpp"

namespace lumen::gamestream::rtsp {

// What a launch's client is told to show, so that its datagrams are known for its own. Fresh for each launch.
struct LaunchIds {
  std::string session;                     // 16 hexadecimal digits
  PingPayload audio_ping{}, video_ping{};  // 16 hexadecimal digits each
  std::uint32_t connect_data = 0;          // of the ENet connect
};
// Random ones; `crypto.random` when the system has none.
Result<LaunchIds> draw_launch_ids();

// UDP ports of the host's sockets, which must be open before the first request is fed.
struct MediaPorts {
  std::uint16_t video = 47998, control = 47999, audio = 48000;
};

struct RtspHostParams {
  LaunchIds ids;
  MediaPorts ports;
  StreamOffer offer;
};

// Owner: one thread.
class RtspHost {
 public:
  explicit RtspHost(RtspHostParams params) : params_{std::move(params)} {}

  struct Answered {  // send this response; `why` is for a log, empty when the status is 200
    Response response;
    std::string why;
  };
  struct AnnouncePending {  // prepare the stream, then call finish_announce() once
    StreamAgreement agreement;
  };
  struct Playing {  // send this response: the dialogue is over
    Response response;
  };
  using Outcome = std::variant<Answered, AnnouncePending, Playing>;

  Outcome handle(const Request& request);

  // The response to the pending ANNOUNCE. `status`: ok when the stream is ready; otherwise why not, and the
  // client may announce again. nullopt: none is pending.
  std::optional<Response> finish_announce(RtspStatus status);

  bool announce_pending() const { return state_ == State::announce_pending; }
  bool audio_set_up() const { return audio_set_up_; }  // the session token is known to the client
  bool is_session(const Request& request) const;       // its `Session` header is this launch's

 private:
  enum class State : std::uint8_t { setting_up, announce_pending, ready, playing };
  Outcome setup(const Request& request);
  Outcome announce(const Request& request);
  Outcome play(const Request& request);

  RtspHostParams params_;
  State state_ = State::setting_up;
  bool audio_set_up_ = false;
  std::string announce_sequence_;  // CSeq of the pending ANNOUNCE
};

// The response that consists of a status, as to a request that does not parse.
Response bare_response(const std::string& sequence, RtspStatus status);

}  // namespace lumen::gamestream::rtsp
