#include "client/gamestream/game_stream_session.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/handoff.hpp"
#include "client/gamestream/rtsp_dialogue.hpp"
#include "gamestream/media/client_recovery.hpp"

namespace lumen::client {
namespace {

namespace rtsp = gamestream::rtsp;
namespace control = gamestream::control;

constexpr std::uint32_t kLocalPacketBytes = 1392, kRemotePacketBytes = 1024;

std::uint16_t channel_mask(std::uint32_t channels) {
  return channels == 6 ? 0x3F : channels == 8 ? 0x63F : 0x3;
}

Codec to_codec(rtsp::VideoCodec codec) {
  switch (codec) {
    case rtsp::VideoCodec::h264:
      break;
    case rtsp::VideoCodec::hevc:
      return Codec::hevc;
    case rtsp::VideoCodec::av1:
      return Codec::av1;
  }
  return Codec::h264;
}

Result<gamestream::LaunchRequest> launch_request(const GameConnection& connection,
                                                 const GameStreamParams& params) {
  const auto running = connection.info().current_app;
  if (running != 0 && running != params.app.id) {
    return fail(ErrorCode::unavailable, "client.other-app-runs",
                fmt::format("the host has another application running for this client (number {})", running),
                fmt::format("End it: lumen-client quit {}; or leave out the application's name to see it",
                            to_string(connection.address())));
  }
  const auto channels = static_cast<std::uint16_t>(params.audio_channels == 0 ? 2 : params.audio_channels);
  gamestream::LaunchRequest request{
      .verb = running == 0 ? gamestream::LaunchVerb::launch : gamestream::LaunchVerb::resume,
      .app_id = params.app.id,
      .mode = gamestream::DisplayMode{params.mode.width, params.mode.height / 2 * 2, params.mode.refresh_mhz},
      .may_change_display = true,
      .play_on_host = false,
      .surround = {.channel_mask = channel_mask(channels), .channels = channels},
      .encrypted_rtsp = true};
  LUMEN_CHECK_OK(crypto::fill_random(request.key.bytes()));
  std::array<std::byte, 4> id{};
  LUMEN_CHECK_OK(crypto::fill_random(id));
  request.key_id = ByteReader{id}.big<std::uint32_t>();
  return request;
}

rtsp::StreamWish wish_of(const GameConnection& connection, const GameStreamParams& params) {
  const bool remote = !is_local(connection.endpoint());
  const auto mhz = params.mode.refresh_mhz;
  return {.width = params.mode.width,
          .height = params.mode.height,
          .fps = std::max((mhz + 500) / 1000, 1U),
          .refresh_rate_x100 = mhz / 10,
          .bitrate_kbps = params.bitrate_kbps,
          .packet_size_bytes = remote ? kRemotePacketBytes : kLocalPacketBytes,
          .remote = remote,
          .codec_modes = params.codec_modes,
          .host_codec_modes = connection.info().codec_mode_support,
          .slices_per_frame = params.slices,
          .color_space = rtsp::VideoColorSpace::bt709,
          .encryption = params.encryption,
          .audio_channels = params.audio_channels == 0 ? 2 : params.audio_channels};
}

audio::OpusLayout to_layout(const rtsp::OpusLayout& layout) {
  audio::OpusLayout converted{
      .channels = layout.channels, .streams = layout.streams, .coupled = layout.coupled};
  std::ranges::copy(layout.mapping, converted.mapping.begin());
  return converted;
}

}  // namespace

// What is needed while a session starts, and not afterwards.
struct GameStreamSession::Start {
  GameConnection& connection;
  GameStreamParams& params;
  const std::stop_token& stop;
  Logger& log;
  GameStreamSession& session;
  gamestream::SessionKey key;
  std::uint32_t key_id = 0;
  // The control connection's fate. Shared: it may be told when nobody waits any more.
  std::shared_ptr<Mailbox<Status>> connected = std::make_shared<Mailbox<Status>>();

  Status run() {
    LUMEN_TRY(const auto request, launch_request(connection, params));
    key = request.key;
    key_id = request.key_id;
    session.resumed_ = request.verb == gamestream::LaunchVerb::resume;
    LUMEN_TRY(const auto grant, connection.launch(request, stop));
    LUMEN_CHECK_OK(converse(grant));
    LUMEN_CHECK_OK(connect());
    return open_video();
  }

  ByteView key_if(rtsp::EncryptionSet what) const {
    return (session.stream_.encryption & what) != 0 ? key.view() : ByteView{};
  }
  net::Endpoint at(std::uint16_t port) const { return with_port(connection.endpoint(), port); }

  Status converse(const gamestream::LaunchGrant& grant) {
    const auto address = address_text(connection.endpoint());
    const auto v6 = is_ipv6(connection.endpoint());
    rtsp::RtspClientParams rtsp_params{
        .session_url = fmt::format(fmt::runtime(v6 ? "{}://[{}]:{}" : "{}://{}:{}"),
                                   grant.encrypted_rtsp ? "rtspenc" : "rtsp", address, grant.rtsp_port),
        .host_address = address,
        .host_address_is_v6 = v6,
        .key = rtsp::SessionKey{},
        .wish = wish_of(connection, params)};
    std::ranges::copy(key.view(), rtsp_params.key->begin());
    LUMEN_TRY(auto client, rtsp::RtspClient::create(std::move(rtsp_params)));
    LUMEN_CHECK_OK(speak({.client = client,
                          .host = connection.endpoint(),
                          .on_audio =
                              [&](const rtsp::MediaPath& path) {
                                session.stream_ = client.stream();
                                return open_audio(path);
                              }},
                         stop));
    session.stream_ = client.stream();
    return {};
  }

  Status open_audio(const rtsp::MediaPath& path) {
    LUMEN_TRY(auto socket, stream::MediaSocket::open(at(path.port), path.ping));
    const auto& agreed = session.stream_;
    LUMEN_TRY(session.audio_, stream::GameAudioReceiver::create(
                                  {.socket = std::move(socket),
                                   .layout = to_layout(agreed.opus),
                                   .packet_ms = static_cast<std::uint8_t>(agreed.request.audio_packet_ms),
                                   .key = crypto::SecretBytes<16>{key},
                                   .is_encrypted = (agreed.encryption & rtsp::kEncryptAudio) != 0,
                                   .key_id = key_id,
                                   .loss_percent = params.loss_percent,
                                   .loss_seed = params.loss_seed,
                                   .on_sound = params.audio_channels == 0 ? nullptr : params.on_sound},
                                  log));
    return {};
  }

  Status connect() {
    const auto& agreed = session.stream_;
    LUMEN_TRY(
        session.control_,
        GameControl::start({.host = at(agreed.control_port), .key = key, .connect_data = agreed.connect_data},
                           {.on_connected = [fate = connected] { fate->put(Status{}); },
                            .on_message =
                                [on_feedback = params.on_pad_feedback](const control::HostMessage& message) {
                                  const auto feedback = control::to_feedback(message);
                                  if (feedback && on_feedback) on_feedback(*feedback);
                                },
                            .on_ended =
                                [fate = connected, on_failed = params.on_failed](const Error& error) {
                                  fate->put(Status{tl::unexpected{error}});
                                  on_failed(error);
                                }},
                           log));
    const auto fate = connected->take(stop);
    if (!fate) return fail(ErrorCode::cancelled, "tcp.stopped", "stopped while connecting");
    return *fate;
  }

  Status open_video() {
    const auto& agreed = session.stream_;
    LUMEN_TRY(auto socket, stream::MediaSocket::open(at(agreed.video.port), agreed.video.ping));
    LUMEN_TRY(session.video_,
              stream::GameVideoReceiver::create(
                  {.socket = std::move(socket),
                   .codec = to_codec(agreed.request.codec),
                   .width = agreed.request.width,
                   .height = agreed.request.height,
                   .packet_size_bytes = agreed.request.packet_size_bytes,
                   .key = key,
                   .is_encrypted = (agreed.encryption & rtsp::kEncryptVideo) != 0,
                   .reference_invalidation = agreed.reference_invalidation,
                   .loss_percent = params.loss_percent,
                   .loss_seed = params.loss_seed + 1,
                   .make_decoder = params.make_decoder,
                   .on_picture = params.on_picture,
                   .on_report = [control = session.control_.get()](
                                    const auto& report) { return control->send_report(report); },
                   .on_failed = params.on_failed},
                  log));
    return {};
  }
};

Result<std::unique_ptr<GameStreamSession>> GameStreamSession::start(GameConnection& connection,
                                                                    GameStreamParams params,
                                                                    const std::stop_token& stop,
                                                                    Logger& log) {
  std::unique_ptr<GameStreamSession> session{new GameStreamSession};
  Start start{connection, params, stop, log, *session};
  LUMEN_CHECK_OK(start.run());
  return session;
}

GameStreamStats GameStreamSession::stats() const {
  return {video_->stats(), audio_->stats(), control_->round_trip()};
}

Status GameStreamSession::video_verdict() const {
  using Verdict = gamestream::StreamWatch::Verdict;
  switch (video_->stats().verdict) {
    case Verdict::good:
      break;
    case Verdict::no_video:
      return fail(ErrorCode::timed_out, "client.no-video", "the host sends no picture",
                  "Check that a firewall lets UDP through, both ways");
    case Verdict::no_key_frame:
      return fail(ErrorCode::timed_out, "client.no-key-frame",
                  "no picture to begin with arrives from the host",
                  "The network loses too much: ask for less with --bitrate-kbps");
  }
  return {};
}

}  // namespace lumen::client
