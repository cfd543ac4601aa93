#include "host/lumen1/device_session.hpp"

#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace lumen::host {

namespace control = lumen1::control;

Result<std::unique_ptr<DeviceSession>> DeviceSession::create(Params params, Host& host, EventLoop& loop,
                                                             Logger& log) {
  std::unique_ptr<DeviceSession> session{new DeviceSession{std::move(params), loop, log}};
  auto* self = session.get();
  const auto on_state = [self](SlotState state, const std::string& reason) {
    if (state == SlotState::ended) self->over(reason);
  };
  LUMEN_TRY(
      self->stream_,
      host.make_session(
          app_slot(self->params_.app, self->environment(), self->params_.runtime_dir, self->params_.settings),
          {.on_state = on_state,
           .on_mode = {},
           .on_clipboard_state = self->params_.on_clipboard_state,
           .on_clipboard_part = self->params_.on_clipboard_part,
           .on_clipboard_taken = self->params_.on_clipboard_taken,
           .on_pointer_piece = [self](const PointerPiece& piece) { self->pointer_.push(piece); }}));
  self->stream_->set_pad_owner(self->params_.pads);
  return session;
}

DeviceSession::DeviceSession(Params params, EventLoop& loop, Logger& log)
    : params_{std::move(params)},
      loop_{loop},
      log_{log},
      pointer_{{.send = [this](const PointerPiece& piece) { return send_pointer(piece); },
                .taken = [this](std::uint32_t image) { return stream_->pointer_taken(image); }},
               loop} {}

bool DeviceSession::send_pointer(const PointerPiece& piece) const {
  return !viewer_ || params_.send_pointer(viewer_->connection, id(), piece);  // of nobody it is rid at once
}

DeviceSession::~DeviceSession() {
  stream_.reset();  // all that it started is gone then
  std::error_code ignored;
  std::filesystem::remove_all(params_.runtime_dir, ignored);
}

std::vector<std::string> DeviceSession::environment() const {
  return app_environment(params_.app, params_.device_name, params_.mode);
}

ChainParams DeviceSession::after() const {
  return {
      .commands = params_.app.after, .environment = environment(), .working_dir = params_.app.working_dir};
}

void DeviceSession::over(const std::string& reason) {
  if (std::exchange(over_, true)) return;
  reason_ = reason;
  params_.on_ended(reason);
}

void DeviceSession::ready() {
  prepared_ = true;
  stream_->slot().prepare(params_.mode);
}

void DeviceSession::prepare(Done done) {
  if (prepared_ || params_.app.before.empty()) {
    ready();
    return done({});
  }
  waiting_.push_back(std::move(done));
  if (before_) return;
  before_ = std::make_unique<CommandChain>(
      ChainParams{.commands = params_.app.before,
                  .environment = environment(),
                  .working_dir = params_.app.working_dir},
      loop_, log_, [this](bool good) {
        Status status;
        if (good) {
          ready();
        } else {
          status = fail(ErrorCode::unavailable, "app.before",
                        fmt::format("what is to run before {} failed", params_.app.title), "See the log");
          over(status.error().what);
        }
        for (const auto& tell : std::exchange(waiting_, {})) tell(status);
      });
}

void DeviceSession::encode_as(const control::Stream& stream) {
  const Encoding encoding{.codec = stream.format.codec,
                          .color = stream.color,
                          .bitrate_kbps = std::min(stream.max_bitrate_kbps, kMaxBitrateKbps),
                          .id = ++encoding_id_};
  if (!encoding_ || !encoding_->is_same_but_for_id(encoding)) {
    encoding_ = encoding;
    stream_->slot().set_encoding(encoding);
  }
  if (stream.audio) stream_->slot().set_audio(*stream.audio);
}

void DeviceSession::expect(const control::Stream& stream) {
  if (!viewer_) encode_as(stream);
}

void DeviceSession::admit(Viewer viewer, const lumen1::Secret& secret, control::Permissions permissions) {
  encode_as(viewer.stream);
  pointer_.clear();
  stream_->admit(secret, permissions);
  stream_->allow_pointer_apart((viewer.stream.features & control::kPointerApart) != 0);
  viewer_ = std::move(viewer);
}

void DeviceSession::change(const control::Stream& stream) {
  if (!viewer_) return;
  encode_as(stream);
  viewer_->stream = stream;
}

void DeviceSession::set_permissions(control::Permissions permissions) {
  stream_->set_permissions(permissions);
}

void DeviceSession::pause() {
  pointer_.clear();
  stream_->pause();
}

void DeviceSession::resume() { stream_->resume(); }

void DeviceSession::leave() {
  viewer_.reset();
  pointer_.clear();
  stream_->shut_out();
}

}  // namespace lumen::host
