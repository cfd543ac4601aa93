#include "audio/voice_source.hpp"

#include <poll.h>
#include <spa/param/audio/format-utils.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/fd.hpp"
#include "base/priority.hpp"
#include "libpipewire/handles.hpp"

namespace lumen::audio {
namespace {

using namespace std::chrono_literals;
using libpipewire::PipeWireHandle, libpipewire::PipeWireLibrary;

constexpr Duration kRetryInterval = 200ms;
constexpr Duration kUnheardAfter = 200ms;  // nobody has asked for samples that long: nobody records
constexpr std::size_t kMostFrames = 8192;  // of one cycle of the graph

Timestamp now() { return SteadyTime{}.now(); }

Duration time_of(std::size_t frames) {
  return Duration{std::chrono::seconds{1}} * static_cast<std::int64_t>(frames) / kSampleRateHz;
}

}  // namespace

// The connection and the stream. Everything but wake() on lm-mic.
class VoiceSource::Graph {
 public:
  using Fill = std::function<void(std::span<float>)>;
  Graph(const VoiceSourceParams& params, Logger& log, Fill fill)
      : params_{params}, log_{log}, fill_{std::move(fill)}, wake_{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
    spa_zero(core_hook_);
    spa_zero(stream_hook_);
  }
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;
  ~Graph() = default;

  void wake() const { eventfd_write(wake_.get(), 1); }

  // One round: connects where there is no connection, then waits for events and handles them.
  void run_once() {
    if (!core_ && now() >= retry_at_) {
      auto made = connect();
      if (made) made = make_stream();
      if (!made) fail_for_now(describe(made.error()));
    }
    wait();
    if (loop_) libpipewire::iterate(loop_.get());
    if (!failed_.empty()) fail_for_now(std::exchange(failed_, {}));
  }
  void close() {
    disconnect();
    context_.reset();
    if (loop_) libpipewire::leave(loop_.get());
    loop_.reset();
  }

 private:
  void wait() const {
    std::array<pollfd, 2> waiters{
        {{wake_.get(), POLLIN, 0}, {loop_ ? libpipewire::loop_fd(loop_.get()) : -1, POLLIN, 0}}};
    const auto timeout = core_ ? -1 : static_cast<int>(kRetryInterval / 1ms);
    poll(waiters.data(), waiters.size(), timeout);
  }

  // Said once for each reason: it is tried again until it works.
  void fail_for_now(const std::string& why) {
    disconnect();
    retry_at_ = now() + kRetryInterval;
    if (why != told_) log_.warn("no microphone: {}", why);
    told_ = why;
  }

  Status connect() {
    const auto failed = [](const char* what) {
      return fail(ErrorCode::unavailable, "audio.pipewire", what, {}, errno);
    };
    if (!loop_) {
      loop_.reset(pw_loop_new(nullptr));
      if (!loop_) return failed("libpipewire makes no loop");
      libpipewire::enter(loop_.get());
      context_.reset(pw_context_new(loop_.get(), nullptr, 0));
      if (!context_) {
        auto status = failed("libpipewire makes no context");
        close();
        return status;
      }
    }
    LUMEN_TRY(auto socket, libpipewire::connect_to(params_.socket));
    core_.reset(pw_context_connect_fd(context_.get(), socket.release(),
                                      pw_properties_new(PW_KEY_APP_NAME, "Lumen", nullptr), 0));
    if (!core_) return failed("PipeWire refuses the connection");
    static const pw_core_events kEvents{
        .version = PW_VERSION_CORE_EVENTS,
        .error = [](void* self, std::uint32_t id, int, int, const char* message) {
          if (id == PW_ID_CORE) static_cast<Graph*>(self)->failed_ = message;
        }};
    libpipewire::listen(core_.get(), &core_hook_, &kEvents, this);
    return {};
  }

  Status make_stream() {
    auto* const properties =
        pw_properties_new(PW_KEY_MEDIA_CLASS, "Audio/Source", PW_KEY_NODE_NAME, params_.node_name.c_str(),
                          PW_KEY_NODE_DESCRIPTION, params_.description.c_str(), PW_KEY_NODE_VIRTUAL, "true",
                          PW_KEY_PRIORITY_SESSION, "1", PW_KEY_NODE_LATENCY, "480/48000", "audio.position",
                          "[ MONO ]", nullptr);
    stream_.reset(pw_stream_new(core_.get(), params_.description.c_str(), properties));
    if (!stream_) return fail(ErrorCode::unavailable, "audio.source", "PipeWire makes no stream", {}, errno);
    static const pw_stream_events kEvents{
        .version = PW_VERSION_STREAM_EVENTS,
        .state_changed = [](void* self, pw_stream_state, pw_stream_state state,
                            const char* error) { static_cast<Graph*>(self)->on_state(state, error); },
        .process = [](void* self) { static_cast<Graph*>(self)->on_process(); }};
    pw_stream_add_listener(stream_.get(), &stream_hook_, &kEvents, this);
    spa_audio_info_raw format{};
    format.format = SPA_AUDIO_FORMAT_F32;
    format.rate = kSampleRateHz;
    format.channels = 1;
    format.position[0] = SPA_AUDIO_CHANNEL_MONO;
    std::array<std::uint8_t, 1024> buffer{};
    spa_pod_builder builder{};
    spa_pod_builder_init(&builder, buffer.data(), buffer.size());
    const spa_pod* formats = spa_format_audio_raw_build(&builder, SPA_PARAM_EnumFormat, &format);
    const int result = pw_stream_connect(stream_.get(), PW_DIRECTION_OUTPUT, PW_ID_ANY,
                                         PW_STREAM_FLAG_MAP_BUFFERS, &formats, 1);
    if (result < 0)
      return fail(ErrorCode::unavailable, "audio.source", "PipeWire makes no source", {}, -result);
    return {};
  }

  void disconnect() {
    if (stream_) spa_hook_remove(&stream_hook_);
    stream_.reset();
    if (core_) spa_hook_remove(&core_hook_);
    core_.reset();
  }

  void on_state(pw_stream_state state, const char* error) {
    if (state == PW_STREAM_STATE_ERROR) failed_ = error == nullptr ? "PipeWire refuses the source" : error;
    if (state != PW_STREAM_STATE_PAUSED) return;
    if (!told_.empty()) log_.info("the microphone is there again");
    told_.clear();
  }

  void on_process() {
    auto* const buffer = pw_stream_dequeue_buffer(stream_.get());
    if (buffer == nullptr) return;
    auto& data = buffer->buffer->datas[0];
    if (data.data != nullptr) {
      const auto room = std::min<std::size_t>(data.maxsize / sizeof(float), kMostFrames);
      const auto frames = buffer->requested == 0 ? room : std::min<std::size_t>(buffer->requested, room);
      fill_({static_cast<float*>(data.data), frames});
      data.chunk->offset = 0;
      data.chunk->stride = sizeof(float);
      data.chunk->size = static_cast<std::uint32_t>(frames * sizeof(float));
    }
    pw_stream_queue_buffer(stream_.get(), buffer);
  }

  const VoiceSourceParams& params_;
  Logger& log_;
  const Fill fill_;
  UniqueFd wake_;
  std::string failed_, told_;
  Timestamp retry_at_{};
  PipeWireLibrary library_;
  PipeWireHandle<pw_loop> loop_;
  PipeWireHandle<pw_context> context_;
  PipeWireHandle<pw_core> core_;
  spa_hook core_hook_;
  PipeWireHandle<pw_stream> stream_;
  spa_hook stream_hook_;
};

VoiceSource::VoiceSource(VoiceSourceParams params, Logger& log)
    : params_{std::move(params)},
      log_{log},
      graph_{std::make_unique<Graph>(params_, log_, [this](std::span<float> mono) { fill(mono, now()); })},
      thread_{"lm-mic", [this](const std::stop_token& stop) { loop(stop); }} {}

VoiceSource::~VoiceSource() {
  thread_.request_stop();
  graph_->wake();
}

void VoiceSource::loop(const std::stop_token& stop) {
  if (const auto raised = raise_priority(Urgency::urgent); !raised) log_.info("{}", describe(raised.error()));
  while (!stop.stop_requested()) graph_->run_once();
  graph_->close();
}

void VoiceSource::push(const VoicePacketView& packet) {
  const auto time = now();
  MutexLock lock{mutex_};
  if (time - voice_.asked > kUnheardAfter) return;
  const AudioFormat format{.channels = 1, .packet_ms = packet.packet_ms};
  if (!voice_.player || voice_.stream != packet.stream || voice_.player->format() != format) {
    voice_.player.reset();
    auto player = PacketPlayer::create(format, kMaxVoicePacketBytes);
    if (!player) return;
    voice_.player.emplace(std::move(*player));
    voice_.stream = packet.stream;
  }
  const auto ready = time_of(voice_.rest.size() - voice_.taken);
  const auto until_needed = voice_.asked + voice_.step - time + ready;
  voice_.player->playout().push(packet.number, packet.bytes, packet.is_copy, until_needed, time);
}

void VoiceSource::fill(std::span<float> mono, Timestamp time) {
  MutexLock lock{mutex_};
  auto& [player, stream, rest, taken, asked, step] = voice_;
  if (player && time - asked > kUnheardAfter) player->playout().restart();
  asked = time;
  step = time_of(mono.size());
  while (!mono.empty()) {
    if (taken == rest.size()) {
      if (!player) break;
      const auto samples = player->next();
      rest.assign(samples.begin(), samples.end());
      taken = 0;
    }
    const auto count = std::min(mono.size(), rest.size() - taken);
    std::copy_n(rest.begin() + static_cast<std::ptrdiff_t>(taken), count, mono.begin());
    taken += count;
    mono = mono.subspan(count);
  }
  std::ranges::fill(mono, 0.0F);
}

}  // namespace lumen::audio
