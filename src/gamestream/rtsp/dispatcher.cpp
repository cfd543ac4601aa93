#include "gamestream/rtsp/dispatcher.hpp"

#include <algorithm>

namespace lumen::gamestream::rtsp {
namespace {

std::string_view as_text(ByteView bytes) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): chars may look at any object
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool looks_encrypted(std::byte first) { return (first & std::byte{0x80}) != std::byte{0}; }

std::vector<std::byte> bytes_of(const std::string& text) {
  const auto view = as_view(text);
  return {view.begin(), view.end()};
}

}  // namespace

Status RtspDispatcher::add(LaunchParams params) {
  std::optional<crypto::Aead> cipher;
  if (params.key) {
    auto created = crypto::Aead::create(crypto::AeadAlgorithm::aes_128_gcm, *params.key);
    crypto::wipe(*params.key);
    if (!created) return tl::unexpected{std::move(created).error()};
    cipher = *std::move(created);
  }
  if (find(params.id) != nullptr) {
    return fail(ErrorCode::invalid_argument, "gamestream.rtsp-launch",
                "a launch with this number is pending");
  }
  if (launches_.size() >= kMaxPendingLaunches) {
    return fail(ErrorCode::resource_exhausted, "gamestream.rtsp-launches", "too many launches are pending",
                "Wait until some of the clients have connected");
  }
  launches_.push_back({.id = params.id,
                       .peer = params.peer,
                       .cipher = std::move(cipher),
                       .host = RtspHost{std::move(params.host)},
                       .announcing = {}});
  return {};
}

RtspOutput RtspDispatcher::remove(LaunchId launch, Timestamp now) {
  auto output = finish(launch, RtspStatus::internal_error, now);
  std::erase_if(launches_, [&](const Launch& l) { return l.id == launch; });
  return output;
}

bool RtspDispatcher::open(ConnectionId connection, const PeerAddress& peer, Timestamp now) {
  const auto same_peer = std::ranges::count(connections_, peer, &Connection::peer);
  if (connections_.size() >= kMaxConnections ||
      static_cast<std::size_t>(same_peer) >= kMaxConnectionsPerAddress || find(connection) != nullptr) {
    return false;
  }
  connections_.push_back({.id = connection,
                          .peer = peer,
                          .deadline = now + kRequestTime,
                          .encrypted = {},
                          .frame = {},
                          .reader = {}});
  return true;
}

RtspOutput RtspDispatcher::receive(ConnectionId id, ByteView bytes, Timestamp now) {
  RtspOutput output;
  auto* const connection = find(id);
  if (connection == nullptr || connection->state != Connection::State::reading || bytes.empty())
    return output;
  if (!connection->encrypted) connection->encrypted = looks_encrypted(bytes.front());
  if (*connection->encrypted) {
    receive_frame(*connection, bytes, now, output);
  } else {
    receive_text(*connection, bytes, now, output);
  }
  return output;
}

void RtspDispatcher::receive_frame(Connection& connection, ByteView bytes, Timestamp now,
                                   RtspOutput& output) {
  auto& frame = connection.frame;
  const auto room = kFrameHeaderBytes + kMaxRequestBytes - frame.size();
  const auto taken = bytes.first(std::min(bytes.size(), room));
  frame.insert(frame.end(), taken.begin(), taken.end());
  if (frame.size() < kFrameHeaderBytes) return;
  const auto header = parse_frame_header(frame, kMaxRequestBytes);
  if (!header) return drop(connection.id, output);
  if (frame.size() < header->frame_bytes()) return;

  const auto [launch, text] = open_by_any(connection, *header);
  if (launch == nullptr || header->sequence <= launch->last_client_sequence) {
    return drop(connection.id, output);
  }
  launch->last_client_sequence = header->sequence;
  const auto request = parse_request(text);
  serve(*launch, connection, request ? &*request : nullptr, now, output);
}

RtspDispatcher::Opened RtspDispatcher::open_by_any(const Connection& connection, const FrameHeader& header) {
  const auto frame = ByteView{connection.frame}.first(header.frame_bytes());
  for (const auto from_its_peer : {true, false}) {
    for (auto& launch : launches_) {
      if (!launch.cipher || (launch.peer == connection.peer) != from_its_peer) continue;
      if (auto text = open_frame(*launch.cipher, Sender::client, header, frame)) {
        return {&launch, *std::move(text)};
      }
    }
  }
  return {};
}

bool RtspDispatcher::has_plain_launch(const PeerAddress& peer) const {
  return std::ranges::any_of(launches_, [&](const Launch& l) { return !l.cipher && l.peer == peer; });
}

RtspDispatcher::Launch* RtspDispatcher::plain_launch_of(const PeerAddress& peer, const Request* request) {
  Launch *fresh = nullptr, *newest = nullptr;
  for (auto& launch : launches_) {
    if (launch.cipher || launch.peer != peer) continue;
    if (request != nullptr && launch.host.is_session(*request)) return &launch;
    if (fresh == nullptr && !launch.host.audio_set_up()) fresh = &launch;
    newest = &launch;
  }
  return fresh != nullptr ? fresh : newest;
}

void RtspDispatcher::receive_text(Connection& connection, ByteView bytes, Timestamp now, RtspOutput& output) {
  if (!has_plain_launch(connection.peer)) return drop(connection.id, output);
  const auto framing = connection.reader.add(as_text(bytes));
  if (framing == Framing::incomplete) return;
  std::optional<Request> request;
  if (framing == Framing::complete) request = connection.reader.take();
  const auto* const known = request ? &*request : nullptr;
  serve(*plain_launch_of(connection.peer, known), connection, known, now, output);
}

void RtspDispatcher::serve(Launch& launch, Connection& connection, const Request* request, Timestamp now,
                           RtspOutput& output) {
  if (request == nullptr) {
    output.events.push_back(
        RequestRefused{launch.id, RtspStatus::bad_request, "a request that does not parse"});
    return answer(launch, connection, bare_response("0", RtspStatus::bad_request), now, output);
  }
  auto outcome = launch.host.handle(*request);
  if (const auto* const pending = std::get_if<RtspHost::AnnouncePending>(&outcome)) {
    connection.state = Connection::State::waiting;
    launch.announcing = connection.id;
    output.events.push_back(Announced{launch.id, pending->agreement});
    return;
  }
  if (const auto* const playing = std::get_if<RtspHost::Playing>(&outcome)) {
    output.events.push_back(DialogueDone{launch.id});
    return answer(launch, connection, playing->response, now, output);
  }
  auto& answered = std::get<RtspHost::Answered>(outcome);
  const auto status = answered.response.status;
  if (status != RtspStatus::ok) {
    output.events.push_back(RequestRefused{launch.id, status, std::move(answered.why)});
  }
  answer(launch, connection, answered.response, now, output);
}

void RtspDispatcher::answer(Launch& launch, Connection& connection, const Response& response, Timestamp now,
                            RtspOutput& output) {
  const auto text = write_response(response);
  std::vector<std::byte> bytes;
  if (launch.cipher) {
    auto frame = seal_frame(*launch.cipher, Sender::host, ++launch.host_sequence, text);
    if (!frame) return drop(connection.id, output);
    bytes = *std::move(frame);
  } else {
    bytes = bytes_of(text);
  }
  connection.state = Connection::State::answered;
  connection.deadline = now + kRequestTime;
  connection.frame = {};
  output.sends.push_back({connection.id, std::move(bytes), true});
}

void RtspDispatcher::drop(ConnectionId connection, RtspOutput& output) {
  const auto* const dropped = find(connection);
  if (dropped != nullptr && dropped->state != Connection::State::answered) ++dropped_;
  output.sends.push_back({connection, {}, false});
  closed(connection);
}

void RtspDispatcher::closed(ConnectionId connection) {
  std::erase_if(connections_, [&](const Connection& c) { return c.id == connection; });
}

RtspOutput RtspDispatcher::ready(LaunchId launch, Timestamp now) {
  return finish(launch, RtspStatus::ok, now);
}

RtspOutput RtspDispatcher::failed(LaunchId launch, Timestamp now, RtspStatus status) {
  return finish(launch, status == RtspStatus::ok ? RtspStatus::internal_error : status, now);
}

RtspOutput RtspDispatcher::finish(LaunchId id, RtspStatus status, Timestamp now) {
  RtspOutput output;
  auto* const launch = find(id);
  if (launch == nullptr) return output;
  const auto response = launch->host.finish_announce(status);
  if (!response || !launch->announcing) return output;
  auto* const connection = find(*launch->announcing);
  launch->announcing.reset();
  if (connection == nullptr) return output;  // the client went away meanwhile
  answer(*launch, *connection, *response, now, output);
  return output;
}

std::optional<Timestamp> RtspDispatcher::next_deadline() const {
  std::optional<Timestamp> next;
  for (const auto& connection : connections_) {
    if (connection.state == Connection::State::waiting) continue;
    next = std::min(next.value_or(connection.deadline), connection.deadline);
  }
  return next;
}

RtspOutput RtspDispatcher::expire(Timestamp now) {
  RtspOutput output;
  std::vector<ConnectionId> late;
  for (const auto& connection : connections_) {
    if (connection.state != Connection::State::waiting && connection.deadline <= now) {
      late.push_back(connection.id);
    }
  }
  for (const auto id : late) drop(id, output);
  return output;
}

RtspDispatcher::Launch* RtspDispatcher::find(LaunchId launch) {
  const auto found = std::ranges::find(launches_, launch, &Launch::id);
  return found == launches_.end() ? nullptr : &*found;
}

RtspDispatcher::Connection* RtspDispatcher::find(ConnectionId connection) {
  const auto found = std::ranges::find(connections_, connection, &Connection::id);
  return found == connections_.end() ? nullptr : &*found;
}

}  // namespace lumen::gamestream::rtsp
