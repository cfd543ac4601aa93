#include "client/gamestream/game_stream_session.hpp"
#include "client/gamestream/host_fetch.hpp"
#include "codec/software.hpp"
#include "tools/latency-probe/subject.hpp"

namespace lumen::probe {
namespace {

// What the encoder gets from our own host for this mode, and a quarter more for parity and sound, which hosts
// take off again.
std::uint32_t bitrate_kbps(const Mode& mode) {
  return static_cast<std::uint32_t>(codec::default_bitrate(mode).value / 1000 * 5 / 4);
}

class GameStreamOfHost final : public Stream {
 public:
  Status start(client::GameConnection& connection, const gamestream::App& app, const Mode& mode,
               Subject::PictureFn on_picture, Logger& log) {
    LUMEN_TRY(session_, client::GameStreamSession::start(
                            connection,
                            {.app = app,
                             .mode = mode,
                             .bitrate_kbps = bitrate_kbps(mode),
                             .codec_modes = gamestream::rtsp::kH264,
                             .audio_channels = 0,
                             .make_decoder = codec::create_decoder,
                             .on_picture = std::move(on_picture),
                             .on_sound = {},
                             .on_failed = [this](const Error& error) { on_failed(error); }},
                            stop_.get_token(), log));
    host_ = connection.info().hostname;
    refresh_mhz_ = mode.refresh_mhz;
    return {};
  }

  void send_input(const InputEvent& event) override { session_->send_input(event); }
  Status verdict() override {
    {
      MutexLock lock{mutex_};
      if (failure_) return tl::unexpected{*failure_};
    }
    return session_->video_verdict();
  }
  void describe(ProbeRun& run) override {
    const auto& agreed = session_->stream().request;
    run.host = host_;
    run.encoder = "H.264";
    run.mode = to_string(Mode{agreed.width, agreed.height, refresh_mhz_});
  }

 private:
  void on_failed(const Error& error) {
    MutexLock lock{mutex_};
    if (!failure_) failure_ = error;
  }

  std::stop_source stop_;
  std::string host_;
  std::uint32_t refresh_mhz_ = 0;
  Mutex mutex_;
  std::optional<Error> failure_ LUMEN_GUARDED_BY(mutex_);
  std::unique_ptr<client::GameStreamSession> session_;  // last: its threads call back into the rest
};

class GameSubject final : public Subject {
 public:
  GameSubject(client::HostAddress host, std::string app, client::HostBook& book)
      : host_{std::move(host)}, app_{std::move(app)}, book_{book} {}
  std::string name() const override { return "GameStream"; }
  Result<std::unique_ptr<Stream>> open(const Mode& mode, PictureFn on_picture, Logger& log) override {
    const std::stop_source stop;
    LUMEN_TRY(auto fetch, client::create_host_fetch(book_.identity()));
    LUMEN_TRY(auto connection,
              client::GameConnection::open({.address = host_, .book = &book_, .fetch = std::move(fetch)},
                                           stop.get_token()));
    LUMEN_TRY(const auto app, connection.find_app(app_, stop.get_token()));
    auto stream = std::make_unique<GameStreamOfHost>();
    LUMEN_CHECK_OK(stream->start(connection, app, mode, std::move(on_picture), log));
    return std::unique_ptr<Stream>{std::move(stream)};
  }

 private:
  client::HostAddress host_;
  std::string app_;
  client::HostBook& book_;
};

}  // namespace

std::unique_ptr<Subject> create_game_subject(client::HostAddress host, std::string app,
                                             client::HostBook& book) {
  return std::make_unique<GameSubject>(std::move(host), std::move(app), book);
}

}  // namespace lumen::probe
