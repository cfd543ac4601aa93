#include "desktop/pipewire/pipewire_capture.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/priority.hpp"
#include "desktop/pipewire/formats.hpp"
#include "desktop/pipewire/frame_reader.hpp"
#include "desktop/pipewire/intake.hpp"
#include "libpipewire/handles.hpp"

namespace lumen::pipewire {
namespace {

using namespace std::chrono_literals;
using libpipewire::PipeWireHandle, libpipewire::PipeWireLibrary;

constexpr Duration kFormatWithin = 5s, kModeRetry = 250ms, kPointerRests = 50ms, kPictureRetry = 150ms;
constexpr int kModeTries = 8, kPictureTries = 4;
constexpr std::uint64_t kMostRefused = 120;  // in a row: then it will never give anything
constexpr auto kNothingCame = "the desktop did not begin to share its picture";
constexpr auto kSeeSessionManager =
    "See that PipeWire's session manager runs: systemctl --user start wireplumber";

Timestamp now() { return SteadyTime{}.now(); }

class StreamCapture final : public PipeWireCapture {
 public:
  StreamCapture(CaptureParams params, CaptureEvents events, EventLoop& loop, Logger& log)
      : params_{std::move(params)},
        events_{std::move(events)},
        event_loop_{loop},
        log_{log},
        reader_{params_.importer,
                [this](const BorrowedFrame& frame) {
                  if (events_.on_frame) events_.on_frame(frame);
                },
                log} {
    reader_.set_pointer_drawn(params_.pointer_drawn);
    spa_zero(core_hook_);
    spa_zero(registry_hook_);
    spa_zero(stream_hook_);
  }
  ~StreamCapture() override { close(); }
  StreamCapture(const StreamCapture&) = delete;
  StreamCapture& operator=(const StreamCapture&) = delete;

  Status start();
  Status wait_for_format(Timestamp deadline) override;
  std::optional<Mode> mode() const override;
  Status request_mode(const Mode& mode) override;
  void set_pointer_drawn(bool drawn) override;
  void repaint() override;
  void tell_cursor_again() override;
  CaptureCounts counts() const override;

 private:
  Status connect_core();
  Status connect_stream();
  FormatOffer offer() const;
  void listen_to_stream();
  void close();
  void run_library();
  void schedule();
  void run_scheduled();
  void tell_cursor();
  void lose();
  void fail_with(Error why);
  Status ask_for_mode();
  Status renegotiate();
  void read_buffers();
  void expect_lost_picture(const Intake::Haul& haul);
  void ask_for_picture_at(Timestamp time, int tries);

  // PipeWire's events.
  void on_core_error(std::uint32_t id, int result, const char* message);
  void on_global(std::uint32_t id, std::string_view type, const spa_dict* properties);
  void on_global_gone(std::uint32_t id);
  void on_state(pw_stream_state state, const char* error);
  void on_param(std::uint32_t id, const spa_pod* param);
  void on_add(pw_buffer* buffer);
  void on_remove(pw_buffer* buffer);
  void on_process();

  pw_buffer* find(const spa_buffer& buffer) const;

  CaptureParams params_;
  const CaptureEvents events_;
  EventLoop& event_loop_;
  Logger& log_;
  Intake intake_;
  std::vector<pw_buffer*> back_;   // libpipewire's thread's own
  bool is_thread_raised_ = false;  // the same
  FrameReader reader_;
  std::optional<Error> failed_;  // acted upon when no event is being handled
  bool lost_ = false, in_library_ = false, waiting_ = false;
  std::optional<ChosenFormat> format_;
  bool format_is_new_ = false, show_again_ = false, tell_again_ = false, frames_wait_ = false,
       import_is_off_ = false;
  EventLoop::TimerId scheduled_ = 0, format_timer_ = 0, mode_timer_ = 0, lost_picture_timer_ = 0;
  int mode_tries_left_ = 0;
  int watched_fd_ = -1;
  std::optional<std::uint32_t> node_;
  std::vector<pw_buffer*> pool_;
  PipeWireLibrary library_;
  PipeWireHandle<pw_loop> loop_;
  spa_source* arrival_ = nullptr;  // libpipewire's thread has left something; loop_'s
  PipeWireHandle<pw_context> context_;
  PipeWireHandle<pw_core> core_;
  spa_hook core_hook_;
  PipeWireHandle<pw_registry> registry_;
  spa_hook registry_hook_;
  PipeWireHandle<pw_stream> stream_;
  spa_hook stream_hook_;
};

// ---- the connection.

Status StreamCapture::start() {
  LUMEN_CHECK_OK(connect_core());
  LUMEN_CHECK_OK(connect_stream());
  const int fd = libpipewire::loop_fd(loop_.get());
  LUMEN_CHECK_OK(event_loop_.watch(fd, EPOLLIN, [this](std::uint32_t) { run_library(); }));
  watched_fd_ = fd;
  format_timer_ = event_loop_.call_at(now() + kFormatWithin, [this] {
    fail_with({ErrorCode::timed_out, "capture.no-format", kNothingCame, kSeeSessionManager, 0});
  });
  return {};
}

Status StreamCapture::connect_core() {
  const auto failed = [](const char* what) {
    return fail(ErrorCode::unavailable, "capture.pipewire", what, {}, errno);
  };
  loop_.reset(pw_loop_new(nullptr));
  if (!loop_) return failed("libpipewire makes no loop");
  libpipewire::enter(loop_.get());  // for good: a loop without a thread calls back on any
  arrival_ = libpipewire::add_event(
      loop_.get(), [](void* self, std::uint64_t) { static_cast<StreamCapture*>(self)->read_buffers(); },
      this);
  context_.reset(pw_context_new(loop_.get(), nullptr, 0));
  if (!context_) return failed("libpipewire makes no context");
  if (!params_.remote) {
    LUMEN_TRY(params_.remote, libpipewire::connect_to(params_.socket));
  }
  auto* const properties = pw_properties_new(PW_KEY_APP_NAME, "Lumen", nullptr);
  core_.reset(pw_context_connect_fd(context_.get(), params_.remote.release(), properties, 0));
  if (!core_) return failed("PipeWire refuses the connection");
  static const pw_core_events kEvents{
      .version = PW_VERSION_CORE_EVENTS,
      .error = [](void* self, std::uint32_t id, int, int result, const char* message) {
        static_cast<StreamCapture*>(self)->on_core_error(id, result, message);
      }};
  libpipewire::listen(core_.get(), &core_hook_, &kEvents, this);
  registry_.reset(libpipewire::registry_of(core_.get()));
  if (!registry_) return failed("PipeWire does not say what its graph holds");
  static const pw_registry_events kGlobals{
      .version = PW_VERSION_REGISTRY_EVENTS,
      .global = [](void* self, std::uint32_t id, std::uint32_t, const char* type, std::uint32_t,
                   const spa_dict* about) { static_cast<StreamCapture*>(self)->on_global(id, type, about); },
      .global_remove = [](void* self,
                          std::uint32_t id) { static_cast<StreamCapture*>(self)->on_global_gone(id); }};
  libpipewire::listen(registry_.get(), &registry_hook_, &kGlobals, this);
  node_ = params_.node_id;
  return {};
}

Status StreamCapture::connect_stream() {
  auto* const properties = pw_properties_new(PW_KEY_MEDIA_TYPE, "Video", PW_KEY_MEDIA_CATEGORY, "Capture",
                                             PW_KEY_MEDIA_ROLE, "Screen", nullptr);
  if (!params_.target_object.empty()) {
    pw_properties_set(properties, PW_KEY_TARGET_OBJECT, params_.target_object.c_str());
  }
  stream_.reset(pw_stream_new(core_.get(), "Lumen", properties));
  if (!stream_) return fail(ErrorCode::unavailable, "capture.stream", "PipeWire makes no stream", {}, errno);
  listen_to_stream();
  Parameters parameters;
  parameters.add_formats(offer());
  const auto pods = parameters.view();
  // Without DONT_RECONNECT a session manager that does not find the source takes another: a camera, perhaps.
  const auto flags = static_cast<pw_stream_flags>(PW_STREAM_FLAG_AUTOCONNECT | PW_STREAM_FLAG_DONT_RECONNECT |
                                                  PW_STREAM_FLAG_RT_PROCESS);
  const int result = pw_stream_connect(stream_.get(), PW_DIRECTION_INPUT, params_.node_id.value_or(PW_ID_ANY),
                                       flags, pods.data(), static_cast<std::uint32_t>(pods.size()));
  if (result >= 0) return {};
  return fail(ErrorCode::unavailable, "capture.stream", "PipeWire refuses the stream", {}, -result);
}

void StreamCapture::listen_to_stream() {
  static const pw_stream_events kEvents{
      .version = PW_VERSION_STREAM_EVENTS,
      .state_changed = [](void* self, pw_stream_state, pw_stream_state state,
                          const char* error) { static_cast<StreamCapture*>(self)->on_state(state, error); },
      .param_changed = [](void* self, std::uint32_t id,
                          const spa_pod* param) { static_cast<StreamCapture*>(self)->on_param(id, param); },
      .add_buffer = [](void* self, pw_buffer* buffer) { static_cast<StreamCapture*>(self)->on_add(buffer); },
      .remove_buffer = [](void* self,
                          pw_buffer* buffer) { static_cast<StreamCapture*>(self)->on_remove(buffer); },
      .process = [](void* self) { static_cast<StreamCapture*>(self)->on_process(); }};
  pw_stream_add_listener(stream_.get(), &stream_hook_, &kEvents, this);
}

FormatOffer StreamCapture::offer() const {
  FormatOffer offer{params_.mode, params_.mappable_modifiers};
  if (params_.importer != nullptr) offer.modifiers = params_.importer->modifiers();
  if (reader_.import_failure()) offer.modifiers.clear();
  return offer;
}

void StreamCapture::close() {
  lost_ = true;
  if (watched_fd_ >= 0) event_loop_.unwatch(std::exchange(watched_fd_, -1));
  event_loop_.cancel(std::exchange(scheduled_, 0));
  event_loop_.cancel(std::exchange(format_timer_, 0));
  event_loop_.cancel(std::exchange(mode_timer_, 0));
  event_loop_.cancel(std::exchange(lost_picture_timer_, 0));
  // Until libpipewire's thread has left; the buffers are taken away, which is heard.
  if (stream_) pw_stream_disconnect(stream_.get());
  stream_.reset();
  if (arrival_ != nullptr) libpipewire::destroy(loop_.get(), std::exchange(arrival_, nullptr));
  if (registry_) spa_hook_remove(&registry_hook_);
  registry_.reset();
  if (core_) spa_hook_remove(&core_hook_);
  core_.reset();
  context_.reset();
  if (loop_) libpipewire::leave(loop_.get());
  loop_.reset();
}

void StreamCapture::run_library() {
  in_library_ = true;
  libpipewire::iterate(loop_.get());
  in_library_ = false;
  run_scheduled();
}

// What the owner is to hear once neither a call of his nor one of PipeWire's is under way.
void StreamCapture::schedule() {
  if (in_library_ || scheduled_ != 0 || lost_) return;
  scheduled_ = event_loop_.call_at(now(), [this] { run_scheduled(); });
}

void StreamCapture::run_scheduled() {
  event_loop_.cancel(std::exchange(scheduled_, 0));
  if (lost_) return;
  if (failed_) return lose();
  if (std::exchange(format_is_new_, false) && events_.on_format) events_.on_format();
  if (frames_wait_) read_buffers();
  if (std::exchange(show_again_, false)) reader_.show_again();
  if (std::exchange(tell_again_, false)) tell_cursor();
}

void StreamCapture::tell_cursor() {
  if (!events_.on_cursor) return;
  const auto& cursor = reader_.cursor();
  events_.on_cursor({.visible = cursor.visible(),
                     .x = cursor.x(),
                     .y = cursor.y(),
                     .hotspot_x = cursor.hotspot_x(),
                     .hotspot_y = cursor.hotspot_y(),
                     .width = static_cast<std::uint32_t>(cursor.width()),
                     .height = static_cast<std::uint32_t>(cursor.height()),
                     .pixels = cursor.pixels()});
}

void StreamCapture::lose() {
  const auto why = *std::exchange(failed_, {});
  close();
  log_.warn("the desktop's picture ended: {}", describe(why));
  if (events_.on_lost) events_.on_lost(why);
}

// ---- what the owner asks for.

Status StreamCapture::wait_for_format(Timestamp deadline) {
  in_library_ = true;
  waiting_ = true;
  while (!format_ && !failed_) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - now());
    if (left <= left.zero()) {
      fail_with({ErrorCode::timed_out, "capture.no-format", kNothingCame, kSeeSessionManager, 0});
      break;
    }
    pollfd waiter{libpipewire::loop_fd(loop_.get()), POLLIN, 0};
    poll(&waiter, 1, static_cast<int>(left.count()));
    libpipewire::iterate(loop_.get());
  }
  in_library_ = waiting_ = false;
  if (failed_) {
    close();
    return tl::unexpected{*std::exchange(failed_, {})};
  }
  format_is_new_ = false;
  schedule();
  return {};
}

CaptureCounts StreamCapture::counts() const {
  const auto taken = intake_.counts();
  return {reader_.frames(), taken.overtaken, taken.corrupted, reader_.refused()};
}

std::optional<Mode> StreamCapture::mode() const {
  if (!format_) return std::nullopt;
  return Mode{format_->width, format_->height, format_->refresh_mhz};
}

Status StreamCapture::request_mode(const Mode& mode) {
  params_.mode = mode;
  mode_tries_left_ = kModeTries;
  return ask_for_mode();
}

// PipeWire forgets what is asked for while it sets up the graph for the format before.
Status StreamCapture::ask_for_mode() {
  event_loop_.cancel(std::exchange(mode_timer_, 0));
  if (mode_tries_left_-- > 0) {
    mode_timer_ = event_loop_.call_at(now() + kModeRetry, [this] {
      mode_timer_ = 0;
      if (auto asked = ask_for_mode(); !asked) fail_with(asked.error());
    });
  }
  return renegotiate();
}

Status StreamCapture::renegotiate() {
  if (lost_) return fail(ErrorCode::unavailable, "capture.lost", "the desktop's picture has ended");
  Parameters parameters;
  parameters.add_formats(offer());
  const auto pods = parameters.view();
  const int result =
      pw_stream_update_params(stream_.get(), pods.data(), static_cast<std::uint32_t>(pods.size()));
  if (result >= 0) return {};
  return fail(ErrorCode::unavailable, "capture.mode",
              "PipeWire does not pass on what is asked of the display", {}, -result);
}

void StreamCapture::set_pointer_drawn(bool drawn) {
  if (drawn == params_.pointer_drawn) return;
  params_.pointer_drawn = drawn;
  reader_.set_pointer_drawn(drawn);
  repaint();
}

void StreamCapture::repaint() {
  show_again_ = true;
  schedule();
}

void StreamCapture::tell_cursor_again() {
  tell_again_ = true;
  schedule();
}

// ---- PipeWire's events.

void StreamCapture::fail_with(Error why) {
  if (lost_ || failed_) return;
  failed_ = std::move(why);
  schedule();
}

// Errors of other objects than the core are told by those as well.
void StreamCapture::on_core_error(std::uint32_t id, int result, const char* message) {
  if (id != PW_ID_CORE) return;
  fail_with({ErrorCode::unavailable,
             "capture.pipewire",
             result == -EPIPE ? std::string{"PipeWire has ended"} : fmt::format("PipeWire: {}", message),
             {},
             result == -EPIPE ? 0 : -result});
}

void StreamCapture::on_global(std::uint32_t id, std::string_view type, const spa_dict* properties) {
  if (node_ || type != PW_TYPE_INTERFACE_Node || properties == nullptr) return;
  for (const auto* key : {PW_KEY_NODE_NAME, PW_KEY_OBJECT_SERIAL}) {
    const char* const value = spa_dict_lookup(properties, key);
    if (value != nullptr && params_.target_object == value) node_ = id;
  }
}

void StreamCapture::on_global_gone(std::uint32_t id) {
  if (node_ != id) return;
  fail_with({ErrorCode::unavailable, "capture.source-gone", "the desktop shares its picture no more", {}, 0});
}

void StreamCapture::on_state(pw_stream_state state, const char* error) {
  if (state == PW_STREAM_STATE_ERROR) {
    fail_with({ErrorCode::unavailable,
               "capture.stream",
               fmt::format("PipeWire ended the stream: {}", error == nullptr ? "no reason given" : error),
               {},
               0});
  } else if (state == PW_STREAM_STATE_UNCONNECTED) {
    fail_with({ErrorCode::unavailable, "capture.stream", "PipeWire ended the stream", {}, 0});
  }
}

void StreamCapture::on_param(std::uint32_t id, const spa_pod* param) {
  if (id != SPA_PARAM_Format || param == nullptr || lost_) return;
  const auto chosen = read_format(*param);
  if (!chosen) {
    return fail_with({ErrorCode::malformed,
                      "capture.format",
                      "the desktop shares pictures of a kind not asked for",
                      {},
                      0});
  }
  event_loop_.cancel(std::exchange(format_timer_, 0));
  format_is_new_ = true;
  format_ = chosen;
  reader_.set_format(*chosen);
  if (params_.mode && chosen->width == params_.mode->width && chosen->height == params_.mode->height) {
    event_loop_.cancel(std::exchange(mode_timer_, 0));
  }
  log_.debug("capture: {}x{}, at most {} mHz, {}", chosen->width, chosen->height, chosen->refresh_mhz,
             chosen->modifier ? fmt::format("dmabuf 0x{:x}", *chosen->modifier) : "shared memory");
  Parameters parameters;
  parameters.add_buffers(*chosen);
  const auto pods = parameters.view();
  pw_stream_update_params(stream_.get(), pods.data(), static_cast<std::uint32_t>(pods.size()));
}

void StreamCapture::on_add(pw_buffer* buffer) {
  pool_.push_back(buffer);
  reader_.add(*buffer->buffer);
}

void StreamCapture::on_remove(pw_buffer* buffer) {
  intake_.forget(*buffer);
  reader_.remove(*buffer->buffer);
  std::erase(pool_, buffer);
}

// On libpipewire's thread. The later it comes, the likelier that the source's next buffer replaces this one.
void StreamCapture::on_process() {
  if (!std::exchange(is_thread_raised_, true)) static_cast<void>(raise_priority(Urgency::realtime));
  auto* const stream = stream_.get();
  while (auto* const buffer = pw_stream_dequeue_buffer(stream)) {
    intake_.accept(*buffer, back_);
    for (auto* const each : back_) pw_stream_queue_buffer(stream, each);
  }
  libpipewire::signal(loop_.get(), arrival_);
}

void StreamCapture::read_buffers() {
  frames_wait_ = waiting_;
  if (waiting_) return;  // until nobody is inside a call
  const auto haul = intake_.take(reader_.cursor());
  if (haul.picture != nullptr) {
    if (const auto* done = reader_.take(*haul.picture->buffer, haul.damage_is_lost)) {
      if (auto* const back = find(*done)) intake_.give_back(*back);
    }
  } else {
    if (haul.damage_is_lost) reader_.forget_damage();
    if (haul.cursor_changed) reader_.show_pointer_alone();
  }
  if (haul.cursor_changed) tell_cursor();
  if (params_.pictures_get_lost) expect_lost_picture(haul);
  if (reader_.refused_in_row() > kMostRefused) {
    fail_with({ErrorCode::malformed,
               "capture.unreadable",
               "the desktop shares pictures that cannot be read",
               {},
               0});
  }
  if (reader_.import_failure() && !std::exchange(import_is_off_, true)) {
    log_.warn("pictures come through shared memory from now on: {}", describe(*reader_.import_failure()));
    if (auto asked = renegotiate(); !asked) fail_with(asked.error());
  }
}

void StreamCapture::expect_lost_picture(const Intake::Haul& haul) {
  if (haul.picture == nullptr && !haul.ends_without_picture) return;
  event_loop_.cancel(std::exchange(lost_picture_timer_, 0));
  if (haul.ends_without_picture) ask_for_picture_at(now() + kPointerRests, kPictureTries);
}

// A source begins with a whole picture, which may get lost in turn.
void StreamCapture::ask_for_picture_at(Timestamp time, int tries) {
  if (tries == 0) return;
  lost_picture_timer_ = event_loop_.call_at(time, [this, tries] {
    pw_stream_set_active(stream_.get(), false);
    pw_stream_set_active(stream_.get(), true);
    ask_for_picture_at(now() + kPictureRetry, tries - 1);
  });
}

pw_buffer* StreamCapture::find(const spa_buffer& buffer) const {
  const auto found = std::ranges::find_if(pool_, [&](const auto* each) { return each->buffer == &buffer; });
  return found == pool_.end() ? nullptr : *found;
}

}  // namespace

Result<std::unique_ptr<PipeWireCapture>> PipeWireCapture::create(CaptureParams params, CaptureEvents events,
                                                                 EventLoop& loop, Logger& log) {
  auto capture = std::make_unique<StreamCapture>(std::move(params), std::move(events), loop, log);
  LUMEN_CHECK_OK(capture->start());
  return std::unique_ptr<PipeWireCapture>{std::move(capture)};
}

}  // namespace lumen::pipewire
