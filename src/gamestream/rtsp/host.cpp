#include "gamestream/rtsp/host.hpp"

#include <algorithm>
#include <array>

#include "crypto/aead.hpp"
#include "gamestream/rtsp/sdp.hpp"
#include "gamestream/rtsp/text.hpp"

namespace lumen::gamestream::rtsp {
namespace {

RtspHost::Answered refuse(const Request& request, RtspStatus status, std::string why) {
  return {bare_response(request.sequence(), status), std::move(why)};
}

void put_hex(std::span<const std::byte> bytes, std::span<char> text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto value = std::to_integer<unsigned>(bytes[i]);
    text[2 * i] = kDigits[value >> 4U];
    text[2 * i + 1] = kDigits[value & 15U];
  }
}

// "streamid=audio/0/0": the text between the first '=' and the next '/'.
std::string_view stream_of(std::string_view target) {
  const auto equals = target.find('=');
  if (equals == std::string_view::npos) return {};
  const auto name = target.substr(equals + 1);
  return name.substr(0, name.find('/'));
}

std::string text_of(const PingPayload& payload) { return {payload.begin(), payload.end()}; }

}  // namespace

Response bare_response(const std::string& sequence, RtspStatus status) {
  return {.status = status, .headers = {{"CSeq", sequence}}, .body = {}};
}

Result<LaunchIds> draw_launch_ids() {
  std::array<std::byte, 28> random{};
  LUMEN_CHECK_OK(crypto::fill_random(random));
  const std::span bytes{random};
  LaunchIds ids{.session = std::string(16, '0')};
  put_hex(bytes.subspan(0, 8), ids.session);
  put_hex(bytes.subspan(8, 8), ids.audio_ping);
  put_hex(bytes.subspan(16, 8), ids.video_ping);
  // Zero is what clients connect with that were given none.
  ids.connect_data = std::max(ByteReader{bytes.subspan(24)}.big<std::uint32_t>(), 1U);
  return ids;
}

bool RtspHost::is_session(const Request& request) const {
  const auto* const header = find_header(request.headers, "Session");
  return header != nullptr &&
         trimmed(std::string_view{*header}.substr(0, header->find(';'))) == params_.ids.session;
}

RtspHost::Outcome RtspHost::handle(const Request& request) {
  if (request.sequence() == "0") return refuse(request, RtspStatus::bad_request, "a request without CSeq");
  if (request.method == "OPTIONS") return Answered{bare_response(request.sequence(), RtspStatus::ok), {}};
  if (request.method == "DESCRIBE") {
    auto response = bare_response(request.sequence(), RtspStatus::ok);
    response.body = write_describe(params_.offer);
    return Answered{std::move(response), {}};
  }
  if (request.method == "SETUP") return setup(request);
  if (request.method == "ANNOUNCE") return announce(request);
  if (request.method == "PLAY") return play(request);
  return refuse(request, RtspStatus::not_found, "an unknown method");
}

RtspHost::Outcome RtspHost::setup(const Request& request) {
  const auto stream = stream_of(request.target);
  const auto& [ids, ports, offer] = params_;
  auto response = bare_response(request.sequence(), RtspStatus::ok);
  const auto add = [&](std::uint16_t port, Header id) {
    response.headers.push_back({"Session", ids.session + ";timeout = 90"});
    response.headers.push_back({"Transport", "server_port=" + std::to_string(port)});
    response.headers.push_back(std::move(id));
  };
  if (stream == "audio") {
    add(ports.audio, {"X-SS-Ping-Payload", text_of(ids.audio_ping)});
    audio_set_up_ = true;
  } else if (stream == "video") {
    add(ports.video, {"X-SS-Ping-Payload", text_of(ids.video_ping)});
  } else if (stream == "control") {
    add(ports.control, {"X-SS-Connect-Data", std::to_string(ids.connect_data)});
  } else {
    return refuse(request, RtspStatus::not_found, "SETUP of an unknown stream");
  }
  return Answered{std::move(response), {}};
}

RtspHost::Outcome RtspHost::announce(const Request& request) {
  if (stream_of(request.target) != "control") {
    return refuse(request, RtspStatus::not_found, "ANNOUNCE of an unknown stream");
  }
  if (!is_session(request)) {
    return refuse(request, RtspStatus::session_not_found, "ANNOUNCE of another session");
  }
  if (state_ != State::setting_up) return refuse(request, RtspStatus::bad_request, "a second ANNOUNCE");
  const auto stream = parse_announce(request.body);
  if (!stream) return refuse(request, stream.error().status, stream.error().why);
  const auto* const host_header = find_header(request.headers, "Host");
  auto agreement =
      negotiate(params_.offer, *stream, host_header == nullptr ? std::string_view{} : *host_header);
  if (!agreement) return refuse(request, agreement.error().status, agreement.error().why);
  state_ = State::announce_pending;
  announce_sequence_ = request.sequence();
  return AnnouncePending{*std::move(agreement)};
}

std::optional<Response> RtspHost::finish_announce(RtspStatus status) {
  if (state_ != State::announce_pending) return std::nullopt;
  state_ = status == RtspStatus::ok ? State::ready : State::setting_up;
  return bare_response(announce_sequence_, status);
}

RtspHost::Outcome RtspHost::play(const Request& request) {
  if (!is_session(request)) return refuse(request, RtspStatus::session_not_found, "PLAY of another session");
  if (state_ != State::ready && state_ != State::playing) {
    return refuse(request, RtspStatus::bad_request, "PLAY before a successful ANNOUNCE");
  }
  auto response = bare_response(request.sequence(), RtspStatus::ok);
  if (state_ == State::playing) return Answered{std::move(response), {}};
  state_ = State::playing;
  return Playing{std::move(response)};
}

}  // namespace lumen::gamestream::rtsp
