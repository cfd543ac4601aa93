#include "codec/software.hpp"
#include "stream/receive/stream_receiver.hpp"
#include "tools/latency-probe/subject.hpp"

namespace lumen::probe {
namespace {

class LumenStream final : public Stream {
 public:
  LumenStream() = default;
  Status start(const lumen1::ConnectInfo& connect, const Mode& mode, Subject::PictureFn on_picture,
               Logger& log) {
    LUMEN_TRY(receiver_, stream::StreamReceiver::create(
                             {.connect = connect,
                              .mode = mode,
                              .pointer_drawn = false,
                              .make_decoder = codec::create_decoder,
                              .on_picture = std::move(on_picture),
                              .on_host_state = [this](const lumen1::HostState& state) { on_state(state); },
                              .on_failed = [this](const Error& error) { on_failed(error); }},
                             log));
    return {};
  }

  void send_input(const InputEvent& event) override { receiver_->send_input(event); }
  Status verdict() override {
    MutexLock lock{mutex_};
    if (failure_) return tl::unexpected{*failure_};
    if (state_ && state_->state == lumen1::StreamState::ended) {
      return fail(ErrorCode::unavailable, "probe.ended", "the host ended the stream: " + state_->reason);
    }
    return {};
  }
  void describe(ProbeRun& run) override {
    run.round_trip = receiver_->stats().round_trip;
    MutexLock lock{mutex_};
    if (!state_) return;
    run.encoder = state_->encoder;
    run.host = state_->display;
    run.mode = is_valid(state_->mode) ? to_string(state_->mode) : "";
  }

 private:
  void on_state(const lumen1::HostState& state) {
    MutexLock lock{mutex_};
    state_ = state;
  }
  void on_failed(const Error& error) {
    MutexLock lock{mutex_};
    failure_ = error;
  }

  Mutex mutex_;
  std::optional<lumen1::HostState> state_ LUMEN_GUARDED_BY(mutex_);
  std::optional<Error> failure_ LUMEN_GUARDED_BY(mutex_);
  std::unique_ptr<stream::StreamReceiver> receiver_;  // last: its threads call back into the rest
};

class LumenSubject final : public Subject {
 public:
  explicit LumenSubject(lumen1::ConnectInfo connect) : connect_{std::move(connect)} {}
  std::string name() const override { return "lumen/1"; }
  Result<std::unique_ptr<Stream>> open(const Mode& mode, PictureFn on_picture, Logger& log) override {
    auto stream = std::make_unique<LumenStream>();
    LUMEN_CHECK_OK(stream->start(connect_, mode, std::move(on_picture), log));
    return std::unique_ptr<Stream>{std::move(stream)};
  }

 private:
  lumen1::ConnectInfo connect_;
};

}  // namespace

std::unique_ptr<Subject> create_lumen_subject(lumen1::ConnectInfo connect) {
  return std::make_unique<LumenSubject>(std::move(connect));
}

}  // namespace lumen::probe
