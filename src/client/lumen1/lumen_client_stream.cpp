#include "client/lumen1/lumen_client_stream.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include <fmt/format.h>

#include "base/mutex.hpp"
#include "media/pad_feedback.hpp"

namespace lumen::client {
namespace {

namespace control = lumen1::control;
using namespace std::chrono_literals;

constexpr Duration kFirstWordWithin = 10s, kHostSilence = 12s, kQuiet = 1s;
constexpr std::string_view kDesktop = "Desktop";

bool is_same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

}  // namespace

control::StreamWish to_wish(const StreamRequest& wanted) {
  control::StreamWish wish{
      .mode = wanted.mode, .formats = {}, .audio = std::nullopt, .microphone = wanted.microphone};
  if (wanted.codec) {
    wish.formats = {{.codec = *wanted.codec}};
  } else {
    // What is made and shown the quickest first: a processor takes many times as long for the others.
    wish.formats = {{.codec = Codec::h264}, {.codec = Codec::hevc}, {.codec = Codec::av1}};
  }
  if (wanted.sound) wish.audio = AudioFormat{};
  wish.max_bitrate_kbps = wanted.bitrate_kbps;
  wish.features = control::kPointerApart;
  return wish;
}

bool is_pointer_apart(const control::Stream& stream) {
  return (stream.features & control::kPointerApart) != 0;
}

// What the receiver's threads leave for the main thread.
class LumenClientStream::Told {
 public:
  void failed(const Error& error) LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    if (!failure_) failure_ = error;
  }
  void says(const lumen1::HostState& state) LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    state_ = state;
  }
  void wants(const PadFeedback& feedback) LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    feedback_.put(feedback);
  }
  std::optional<PadFeedback> take_feedback() LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    return feedback_.take();
  }
  std::optional<Error> failure() const LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    return failure_;
  }
  std::optional<lumen1::HostState> state() const LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    return state_;
  }

 private:
  mutable Mutex mutex_;
  std::optional<Error> failure_ LUMEN_GUARDED_BY(mutex_);
  std::optional<lumen1::HostState> state_ LUMEN_GUARDED_BY(mutex_);
  PadFeedbackBox feedback_ LUMEN_GUARDED_BY(mutex_);
};

StreamCounters to_counters(const stream::ReceiveStats& stats) {
  const auto& assembly = stats.reassembly;
  return {.datagrams = stats.datagrams,
          .bytes = stats.bytes,
          .datagrams_lost = assembly.shards_repaired,
          .frames = assembly.frames_complete,
          .frames_lost = assembly.frames_lost,
          .frames_repaired = assembly.frames_repaired,
          .shards_repaired = assembly.shards_repaired,
          .recovery_asked = stats.recovery_asked,
          .key_frames = stats.idr,
          .round_trip = stats.round_trip};
}

Result<control::App> find_app(const std::vector<control::App>& apps, std::string_view wanted) {
  const auto first = [&](auto matches) -> const control::App* {
    const auto found = std::ranges::find_if(apps, matches);
    return found == apps.end() ? nullptr : &*found;
  };
  const control::App* app = nullptr;
  if (wanted.empty()) {
    app = first([](const auto& each) { return each.running; });
    if (app == nullptr) app = first([](const auto& each) { return each.name == kDesktop; });
  } else {
    app = first([&](const auto& each) { return std::to_string(each.id) == wanted || each.name == wanted; });
    if (app == nullptr) app = first([&](const auto& each) { return is_same_name(each.name, wanted); });
  }
  if (app != nullptr) return *app;
  std::string names;
  for (const auto& each : apps) names += (names.empty() ? "" : ", ") + each.name;
  return fail(ErrorCode::invalid_argument, "client.no-app",
              fmt::format("the host has no {}", wanted.empty() ? kDesktop : wanted),
              fmt::format("Choose one of: {}", names));
}

Result<std::unique_ptr<LumenClientStream>> LumenClientStream::start(
    std::unique_ptr<LumenConnection> connection, const StreamRequest& wanted, const LumenExtras& extras,
    const StreamOutputs& outputs, const std::stop_token& stop, Logger& log) {
  LUMEN_TRY(const auto apps, connection->apps(stop));
  LUMEN_TRY(const auto app, find_app(apps, wanted.app));
  LUMEN_TRY(const auto opened, connection->open_stream(app.id, 0, to_wish(wanted), stop));
  const auto told = std::make_shared<Told>();
  std::unique_ptr<LumenClientStream> stream{
      new LumenClientStream{{.protocol = "lumen/1",
                             .host = connection->hello().name,
                             .app = app.name,
                             .codec = std::string{to_string(opened.stream.format.codec)},
                             .decoder = {},
                             .encoder = {},
                             .display = {},
                             .capture = {},
                             .mode = opened.stream.mode,
                             .bitrate_kbps = opened.stream.max_bitrate_kbps},
                            opened.connect.session,
                            told,
                            std::move(connection)}};
  stream->pointer_apart_ = is_pointer_apart(opened.stream);
  LUMEN_TRY(
      stream->receiver_,
      stream::StreamReceiver::create(
          {.connect = opened.connect,
           .mode = opened.stream.mode,
           .pointer_drawn = wanted.pointer_drawn || !stream->pointer_apart_,
           .loss_percent = extras.loss_percent,
           .loss_seed = extras.loss_seed,
           .make_decoder = outputs.make_decoder,
           .on_picture = outputs.on_picture,
           .on_host_state = [told](const lumen1::HostState& state) { told->says(state); },
           .on_pad_feedback = [told](const PadFeedback& feedback) { told->wants(feedback); },
           .on_pointer = [pointer = &stream->pointer_](const PointerState& state) { pointer->moved(state); },
           .on_failed = [told](const Error& error) { told->failed(error); },
           .sound = {.make_output = wanted.sound ? outputs.make_sound_output : MakeSoundOutput{},
                     .on_sound = {}},
           .open_microphone = {}},
          log));
  return stream;
}

LumenClientStream::~LumenClientStream() = default;

std::optional<PadFeedback> LumenClientStream::take_feedback() { return told_->take_feedback(); }

std::optional<PointerView> LumenClientStream::take_pointer() {
  return pointer_.take([this](std::uint32_t image) { return connection_->pointer_look(session_, image); });
}

StreamFacts LumenClientStream::facts() const {
  auto facts = facts_;
  if (const auto state = told_->state()) {
    facts.encoder = state->encoder;
    facts.display = state->display;
    facts.capture = state->capture;
    if (is_valid(state->mode)) facts.mode = state->mode;
  }
  return facts;
}

lumen1::HostState LumenClientStream::host_state() const {
  return told_->state().value_or(lumen1::HostState{});
}

std::string LumenClientStream::notice() const {
  const auto state = told_->state();
  if (!state) return "waiting for the first picture";
  if (receiver_->silence() > kQuiet) return "no answer from the host";
  return state->reason;
}

Status LumenClientStream::verdict() const {
  if (const auto failure = told_->failure()) return tl::unexpected{*failure};
  LUMEN_CHECK_OK(connection_->verdict(session_));
  if (receiver_->host_left()) {
    return fail(ErrorCode::unavailable, "client.host-stopped", "the host was stopped", "Start it again");
  }
  const auto state = told_->state();
  if (state && state->state == lumen1::StreamState::ended) {
    return fail(ErrorCode::unavailable, "client.stream-ended",
                fmt::format("the host ended the stream: {}", state->reason));
  }
  const auto quiet = state ? receiver_->silence() : SteadyTime{}.now() - begun_;
  if (quiet > (state ? kHostSilence : kFirstWordWithin)) {
    return fail(ErrorCode::unavailable, "client.no-media", "the host answers, but no picture arrives",
                "Check that no firewall stops UDP between the two computers");
  }
  return {};
}

Status LumenClientStream::change_mode(const Mode& mode, const std::stop_token& stop) {
  LUMEN_TRY(const auto changed, connection_->change({.session = session_, .mode = mode}, stop));
  receiver_->set_mode(changed.mode);
  return {};
}

}  // namespace lumen::client
