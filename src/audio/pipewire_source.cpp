#include "audio/pipewire_source.hpp"

#include <poll.h>
#include <pthread.h>
#include <spa/param/audio/format-utils.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/fd.hpp"
#include "base/priority.hpp"
#include "libpipewire/handles.hpp"

namespace lumen::audio {
namespace {

using namespace std::chrono_literals;
using libpipewire::PipeWireHandle, libpipewire::PipeWireLibrary;

constexpr Duration kRetryInterval = 50ms;
constexpr Duration kSetUpWithin = 3s;  // by the session manager

Timestamp now() { return SteadyTime{}.now(); }

constexpr std::array<std::uint32_t, kMaxAudioChannels> kPositions{
    SPA_AUDIO_CHANNEL_FL, SPA_AUDIO_CHANNEL_FR, SPA_AUDIO_CHANNEL_FC, SPA_AUDIO_CHANNEL_LFE,
    SPA_AUDIO_CHANNEL_RL, SPA_AUDIO_CHANNEL_RR, SPA_AUDIO_CHANNEL_SL, SPA_AUDIO_CHANNEL_SR};

const char* positions_of(std::uint8_t channels) {
  if (channels == 8) return "[ FL FR FC LFE RL RR SL SR ]";
  return channels == 6 ? "[ FL FR FC LFE RL RR ]" : "[ FL FR ]";
}

const char* layout_name(std::uint8_t channels) {
  if (channels == 8) return "7.1";
  return channels == 6 ? "5.1" : "stereo";
}

std::string error_text(int os_errno) { return std::generic_category().message(os_errno); }

// On libpipewire's data thread, which wakes ours once per cycle of the graph.
// NOLINTNEXTLINE(readability-function-size): libpipewire's signature
int raise_data_thread(spa_loop*, bool, std::uint32_t, const void*, std::size_t, void*) {
  pthread_setname_np(pthread_self(), "lm-audio-wake");
  static_cast<void>(raise_priority(Urgency::realtime));  // ours says it in the log
  return 0;
}

class PipeWireSource;

// Where programs play to, with one layout.
struct Sink {
  explicit Sink(PipeWireSource& its_owner, std::uint8_t its_channels)
      : owner{its_owner}, channels{its_channels} {
    spa_zero(hook);
  }
  ~Sink() {
    if (stream) spa_hook_remove(&hook);
  }
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  PipeWireSource& owner;
  const std::uint8_t channels;
  PipeWireHandle<pw_stream> stream;
  spa_hook hook;
  bool set_up = false;  // by the session manager
};

class PipeWireSource final : public AudioSource {
 public:
  explicit PipeWireSource(PipeWireParams params)
      : params_{std::move(params)}, wake_{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
    spa_zero(core_hook_);
    spa_zero(registry_hook_);
  }
  ~PipeWireSource() override = default;
  PipeWireSource(const PipeWireSource&) = delete;
  PipeWireSource& operator=(const PipeWireSource&) = delete;

  void set_channels(std::uint8_t channels) override;
  void wait(Timestamp until, const OnSamples& on_samples) override;
  void close() override;
  void wake() noexcept override { eventfd_write(wake_.get(), 1); }
  const std::optional<std::string>& trouble() const override { return trouble_; }

 private:
  Status connect();
  void disconnect();
  Status make_sink();
  void remove_sinks();
  void keep_connected(Timestamp time);
  void fail_for_now(std::string why, Timestamp time);
  void poll_until(Timestamp until);
  void on_core_error(std::uint32_t id, int result, const char* message);
  void on_state(pw_stream_state state, const char* error);
  void on_global(std::string_view type, const spa_dict* properties);
  void on_process(const Sink& sink);

  const PipeWireParams params_;
  UniqueFd wake_;
  std::uint8_t channels_ = 2;
  std::optional<std::string> trouble_;
  bool is_data_thread_raised_ = false;
  std::string failed_;  // by an event: acted upon when no event is being handled
  std::optional<Timestamp> retry_at_, set_up_by_;
  const OnSamples* on_samples_ = nullptr;  // of the wait() that runs
  PipeWireLibrary library_;
  PipeWireHandle<pw_loop> loop_;
  PipeWireHandle<pw_context> context_;
  PipeWireHandle<pw_core> core_;
  spa_hook core_hook_;
  PipeWireHandle<pw_registry> registry_;
  spa_hook registry_hook_;
  // The one before stays until its successor is set up: programs whose sink has gone would be moved to the
  // user's default, and stay there.
  std::unique_ptr<Sink> former_sink_, sink_;
};

void PipeWireSource::set_channels(std::uint8_t channels) {
  if (channels == channels_) return;
  channels_ = channels;
  if (!sink_) return;
  if (sink_->set_up) former_sink_ = std::move(sink_);
  if (const auto made = make_sink(); !made) fail_for_now(describe(made.error()), now());
}

void PipeWireSource::wait(Timestamp until, const OnSamples& on_samples) {
  keep_connected(now());
  if (retry_at_) until = std::min(until, *retry_at_);
  if (set_up_by_) until = std::min(until, *set_up_by_);
  poll_until(until);
  if (!loop_) return;
  on_samples_ = &on_samples;
  libpipewire::iterate(loop_.get());
  on_samples_ = nullptr;
  if (sink_ && sink_->set_up) former_sink_.reset();
  if (!failed_.empty()) fail_for_now(std::exchange(failed_, {}), now());
}

void PipeWireSource::close() {
  disconnect();
  context_.reset();
  if (loop_) libpipewire::leave(loop_.get());
  loop_.reset();
}

// Finer than the milliseconds that pw_loop_iterate() waits in.
void PipeWireSource::poll_until(Timestamp until) {
  const auto left = std::max(until - now(), Duration::zero());
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
  const timespec timeout{.tv_sec = seconds.count(), .tv_nsec = (left - seconds).count()};
  std::array<pollfd, 2> waiters{
      {{wake_.get(), POLLIN, 0}, {loop_ ? libpipewire::loop_fd(loop_.get()) : -1, POLLIN, 0}}};
  ppoll(waiters.data(), waiters.size(), &timeout, nullptr);
  eventfd_t ignored = 0;
  if ((waiters[0].revents & POLLIN) != 0) eventfd_read(wake_.get(), &ignored);
}

void PipeWireSource::keep_connected(Timestamp time) {
  if (!core_ && (!retry_at_ || time >= *retry_at_)) {
    retry_at_.reset();
    auto connected = connect();
    if (connected) connected = make_sink();
    if (!connected) fail_for_now(describe(connected.error()), time);
  }
  if (set_up_by_ && time >= *set_up_by_) {
    set_up_by_.reset();  // it may still come
    trouble_ =
        "no session manager has set up the sink. Start WirePlumber (systemctl --user start wireplumber)";
  }
}

void PipeWireSource::fail_for_now(std::string why, Timestamp time) {
  disconnect();
  trouble_ = std::move(why);
  retry_at_ = time + kRetryInterval;
}

Status PipeWireSource::connect() {
  const auto failed = [](const char* what) {
    return fail(ErrorCode::unavailable, "audio.pipewire", what, {}, errno);
  };
  if (!loop_) {
    loop_.reset(pw_loop_new(nullptr));
    if (!loop_) return failed("libpipewire makes no loop");
    libpipewire::enter(loop_.get());  // for good: a loop without a thread calls back on any
    context_.reset(pw_context_new(loop_.get(), nullptr, 0));
    if (!context_) {
      auto status = failed("libpipewire makes no context");
      close();
      return status;
    }
    is_data_thread_raised_ = false;
  }
  LUMEN_TRY(auto socket, libpipewire::connect_to(params_.socket));
  auto* const properties = pw_properties_new(PW_KEY_APP_NAME, "Lumen", nullptr);
  core_.reset(pw_context_connect_fd(context_.get(), socket.release(), properties, 0));
  if (!core_) return failed("PipeWire refuses the connection");
  static const pw_core_events kEvents{
      .version = PW_VERSION_CORE_EVENTS,
      .error = [](void* self, std::uint32_t id, int, int result, const char* message) {
        static_cast<PipeWireSource*>(self)->on_core_error(id, result, message);
      }};
  libpipewire::listen(core_.get(), &core_hook_, &kEvents, this);
  registry_.reset(libpipewire::registry_of(core_.get()));
  if (!registry_) return failed("PipeWire does not say what its graph holds");
  static const pw_registry_events kGlobals{
      .version = PW_VERSION_REGISTRY_EVENTS,
      .global = [](void* self, std::uint32_t, std::uint32_t, const char* type, std::uint32_t,
                   const spa_dict* about) { static_cast<PipeWireSource*>(self)->on_global(type, about); }};
  libpipewire::listen(registry_.get(), &registry_hook_, &kGlobals, this);
  return {};
}

void PipeWireSource::disconnect() {
  remove_sinks();
  if (registry_) spa_hook_remove(&registry_hook_);
  registry_.reset();
  if (core_) spa_hook_remove(&core_hook_);
  core_.reset();
}

Status PipeWireSource::make_sink() {
  const auto description = fmt::format("{} ({})", params_.description, layout_name(channels_));
  auto* const properties = pw_properties_new(
      PW_KEY_MEDIA_CLASS, "Audio/Sink", PW_KEY_NODE_NAME, params_.sink_name.c_str(), PW_KEY_NODE_DESCRIPTION,
      description.c_str(), PW_KEY_NODE_VIRTUAL, "true", PW_KEY_PRIORITY_SESSION, "1",
      // A packet's worth: the graph runs as often as packets go out, and the lower of two packets' lengths is
      // right for both.
      PW_KEY_NODE_LATENCY, "240/48000", "audio.position", positions_of(channels_), nullptr);
  auto sink = std::make_unique<Sink>(*this, channels_);
  sink->stream.reset(pw_stream_new(core_.get(), params_.description.c_str(), properties));
  if (!sink->stream) return fail(ErrorCode::unavailable, "audio.sink", "PipeWire makes no stream", {}, errno);
  static const pw_stream_events kEvents{
      .version = PW_VERSION_STREAM_EVENTS,
      .state_changed = [](void* self, pw_stream_state, pw_stream_state state,
                          const char* error) { static_cast<Sink*>(self)->owner.on_state(state, error); },
      .process =
          [](void* self) {
            const auto& each = *static_cast<Sink*>(self);
            each.owner.on_process(each);
          }};
  pw_stream_add_listener(sink->stream.get(), &sink->hook, &kEvents, sink.get());
  spa_audio_info_raw format{};
  format.format = SPA_AUDIO_FORMAT_F32;
  format.rate = kSampleRateHz;
  format.channels = channels_;
  std::ranges::copy(kPositions, std::begin(format.position));
  std::array<std::uint8_t, 1024> buffer{};
  spa_pod_builder builder{};
  spa_pod_builder_init(&builder, buffer.data(), buffer.size());
  const spa_pod* formats = spa_format_audio_raw_build(&builder, SPA_PARAM_EnumFormat, &format);
  const int result = pw_stream_connect(sink->stream.get(), PW_DIRECTION_INPUT, PW_ID_ANY,
                                       PW_STREAM_FLAG_MAP_BUFFERS, &formats, 1);
  if (result < 0) return fail(ErrorCode::unavailable, "audio.sink", "PipeWire makes no sink", {}, -result);
  sink_ = std::move(sink);
  set_up_by_ = now() + kSetUpWithin;
  return {};
}

void PipeWireSource::remove_sinks() {
  former_sink_.reset();
  sink_.reset();
  set_up_by_.reset();
}

// Errors of other objects than the core are told by those as well.
void PipeWireSource::on_core_error(std::uint32_t id, int result, const char* message) {
  if (id != PW_ID_CORE) return;
  failed_ = result == -EPIPE ? std::string{"PipeWire has ended"}
                             : fmt::format("PipeWire: {} ({})", message, error_text(-result));
}

void PipeWireSource::on_state(pw_stream_state state, const char* error) {
  if (state == PW_STREAM_STATE_ERROR) {
    failed_ = fmt::format("PipeWire refuses the sink: {}", error == nullptr ? "no reason given" : error);
  }
}

// A sink gets its ports from the session manager: from then on programs can play into it.
void PipeWireSource::on_global(std::string_view type, const spa_dict* properties) {
  if (type != PW_TYPE_INTERFACE_Port || properties == nullptr || !sink_) return;
  const char* const node = spa_dict_lookup(properties, PW_KEY_NODE_ID);
  if (node == nullptr || std::to_string(pw_stream_get_node_id(sink_->stream.get())) != node) return;
  sink_->set_up = true;
  set_up_by_.reset();
  trouble_ = std::string{};
}

void PipeWireSource::on_process(const Sink& sink) {
  const auto time = now();
  // Only now is it sure to run: before that the call would be made here, on the wrong thread.
  if (!std::exchange(is_data_thread_raised_, true)) {
    pw_data_loop_invoke(pw_context_get_data_loop(context_.get()), raise_data_thread, 0, nullptr, 0, false,
                        nullptr);
  }
  while (auto* const buffer = pw_stream_dequeue_buffer(sink.stream.get())) {
    const auto& data = buffer->buffer->datas[0];
    const auto offset = std::min(data.chunk->offset, data.maxsize);
    const auto bytes = std::min(data.chunk->size, data.maxsize - offset);
    const auto frames = bytes / (sizeof(float) * sink.channels);
    if (data.data != nullptr && offset % sizeof(float) == 0 && on_samples_ != nullptr) {
      const auto* samples = reinterpret_cast<const float*>(static_cast<const std::byte*>(data.data) + offset);
      (*on_samples_)({samples, frames * sink.channels}, sink.channels, time);
    }
    pw_stream_queue_buffer(sink.stream.get(), buffer);
  }
}

}  // namespace

std::unique_ptr<AudioSource> make_pipewire_source(PipeWireParams params) {
  return std::make_unique<PipeWireSource>(std::move(params));
}

}  // namespace lumen::audio
