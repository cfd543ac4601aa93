#include "desktop/wlroots/screencopy.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "media/packed_pixels.hpp"

#include "wlr-screencopy-unstable-v1-client-protocol.h"

namespace lumen::wlroots {
namespace {

using namespace std::chrono_literals;

constexpr auto kChangeTime = 1s;  // in which an output follows a new mode
constexpr auto kRetryTime = 4ms;
constexpr auto kAsleepTime = 200ms;  // between looks at an output that gives no pictures
constexpr auto kCongestedTime = 50ms;
constexpr int kMaxQuickRetries = 250;
constexpr std::uint32_t kMinVersion = 2, kMaxVersion = 3;

Timestamp now() { return SteadyTime{}.now(); }

std::optional<PackedLayout> layout_of_shm(std::uint32_t format) {
  return layout_of(wayland::drm_fourcc_of(format));
}

}  // namespace

// What the compositor calls.
struct Screencopy::Listeners {
  static Screencopy& of(void* self) { return *static_cast<Screencopy*>(self); }

  static void buffer(void* self, zwlr_screencopy_frame_v1* frame, std::uint32_t format, std::uint32_t width,
                     std::uint32_t height, std::uint32_t stride) {
    if (!of(self).offered_ && layout_of_shm(format)) {
      of(self).offered_ = wayland::ShmFormat{width, height, stride, format};
    }
    if (zwlr_screencopy_frame_v1_get_version(frame) < ZWLR_SCREENCOPY_FRAME_V1_BUFFER_DONE_SINCE_VERSION) {
      of(self).copy();
    }
  }
  static void buffer_done(void* self, zwlr_screencopy_frame_v1*) { of(self).copy(); }
  static void flags(void* self, zwlr_screencopy_frame_v1*, std::uint32_t flags) {
    of(self).upside_down_ = (flags & ZWLR_SCREENCOPY_FRAME_V1_FLAGS_Y_INVERT) != 0;
  }
  static void damage(void* self, zwlr_screencopy_frame_v1*, std::uint32_t x, std::uint32_t y,
                     std::uint32_t width, std::uint32_t height) {
    of(self).note_damage(
        {static_cast<int>(x), static_cast<int>(y), static_cast<int>(width), static_cast<int>(height)});
  }
  static void ready(void* self, zwlr_screencopy_frame_v1*, std::uint32_t seconds_high,
                    std::uint32_t seconds_low, std::uint32_t nanoseconds) {
    const std::uint64_t seconds = (std::uint64_t{seconds_high & 0xFFU} << 32U) | seconds_low;
    of(self).deliver(
        from_ns(static_cast<std::int64_t>((seconds % 8'000'000'000U) * 1'000'000'000U + nanoseconds)));
  }
  static void failed(void* self, zwlr_screencopy_frame_v1*) { of(self).retry(); }
};

Screencopy::Screencopy(wayland::WaylandConnection& connection, EventLoop& loop, Params params)
    : connection_{connection}, loop_{loop}, params_{std::move(params)} {}

Result<std::unique_ptr<Screencopy>> Screencopy::create(wayland::WaylandConnection& connection,
                                                       EventLoop& loop, Params params) {
  std::unique_ptr<Screencopy> made{new Screencopy{connection, loop, std::move(params)}};
  made->shm_ = connection.bind(wl_shm_interface, wl_shm_destroy, 1, 1);
  made->manager_ = connection.bind(zwlr_screencopy_manager_v1_interface, zwlr_screencopy_manager_v1_destroy,
                                   kMinVersion, kMaxVersion);
  if (made->shm_ && made->manager_) return made;
  return fail(ErrorCode::unsupported, "wlroots.capture", "the compositor lets nobody copy its pictures",
              "It must offer wlr-screencopy-unstable-v1, version 2 or later");
}

Screencopy::~Screencopy() { cancel(); }

void Screencopy::cancel() {
  loop_.cancel(std::exchange(timer_, 0));
  frame_.reset();
}

void Screencopy::stop() {
  cancel();
  params_.output = nullptr;
}

void Screencopy::set_mode(const Mode& mode) {
  mode_ = mode;
  failures_ = 0;
  strict_until_ = now() + kChangeTime;
  repaint();
}

void Screencopy::set_pointer_drawn(bool drawn) {
  if (std::exchange(params_.pointer_drawn, drawn) != drawn) repaint();
}

void Screencopy::repaint() {
  if (params_.output == nullptr) return;
  if (connection_.is_congested()) {
    all_damaged_ = true;
    return ask_at(now() + kCongestedTime);
  }
  cancel();
  ask(true);
  connection_.flush();
}

void Screencopy::ask(bool whole) {
  static constexpr zwlr_screencopy_frame_v1_listener kFrame{
      Listeners::buffer, Listeners::flags, Listeners::ready,      Listeners::failed,
      Listeners::damage, wayland::ignore,  Listeners::buffer_done};
  if (params_.output == nullptr || connection_.is_lost()) return;
  whole_ = whole;
  offered_.reset();
  damage_count_ = 0;
  all_damaged_ = all_damaged_ || whole;
  frame_ = wayland::own(zwlr_screencopy_manager_v1_capture_output(
                            manager_.get(), params_.pointer_drawn ? 1 : 0, params_.output),
                        zwlr_screencopy_frame_v1_destroy);
  if (frame_) zwlr_screencopy_frame_v1_add_listener(frame_.get(), &kFrame, this);
}

void Screencopy::ask_at(Timestamp when) {
  loop_.cancel(std::exchange(timer_, 0));
  if (params_.output == nullptr) return;
  timer_ = loop_.call_at(when, [this] {
    timer_ = 0;
    if (all_damaged_) return repaint();
    ask(false);
    connection_.flush();
  });
}

// The picture's form is known: into memory of that form.
void Screencopy::copy() {
  if (!offered_) {
    return fail_for_good({ErrorCode::unsupported, "wlroots.format",
                          "the compositor's pictures are of a kind that is not known here",
                          "Report this with the compositor's name and version", 0});
  }
  if (!buffer_ || buffer_->format() != *offered_) {
    buffer_.reset();
    auto made = wayland::ShmBuffer::create(shm_.get(), *offered_);
    if (!made) return fail_for_good(made.error());
    buffer_ = *std::move(made);
    all_damaged_ = true;
  }
  if (whole_) {
    zwlr_screencopy_frame_v1_copy(frame_.get(), buffer_->buffer());
  } else {
    zwlr_screencopy_frame_v1_copy_with_damage(frame_.get(), buffer_->buffer());
  }
}

void Screencopy::note_damage(const Rect& rect) {
  if (!buffer_) return;  // it was not asked to copy
  const auto& format = buffer_->format();
  const auto width = static_cast<int>(format.width), height = static_cast<int>(format.height);
  const bool inside = rect.x >= 0 && rect.y >= 0 && rect.width > 0 && rect.height > 0 && rect.x < width &&
                      rect.y < height && rect.width <= width - rect.x && rect.height <= height - rect.y;
  if (!inside || damage_count_ == damage_.size()) {
    all_damaged_ = true;
  } else {
    damage_[damage_count_++] = rect;
  }
}

bool Screencopy::is_awaited() const {
  const auto& format = buffer_->format();
  return now() >= strict_until_ || (format.width == mode_.width && format.height == mode_.height);
}

// As everybody wants it: B, G, R, X, top row first.
BorrowedFrame Screencopy::picture() {
  const auto& format = buffer_->format();
  const std::size_t stride = format.stride_bytes;
  BorrowedFrame frame;
  frame.width = format.width;
  frame.height = format.height;
  const auto* const pixels = buffer_->bytes().data();
  const auto layout = *layout_of_shm(format.format);  // as it was offered
  if (layout == kBgrx && !upside_down_) {
    frame.stride_bytes = stride;
    frame.pixels = pixels;
    return frame;
  }
  frame.stride_bytes = std::size_t{4} * format.width;
  straight_.resize(frame.stride_bytes * format.height);
  frame.pixels = straight_.data();
  for (std::size_t y = 0; y < format.height; ++y) {
    const auto from = upside_down_ ? format.height - 1 - y : y;
    expand_packed(pixels + from * stride, layout, format.width, straight_.data() + y * frame.stride_bytes);
  }
  return frame;
}

void Screencopy::deliver(Timestamp presented) {
  if (!buffer_) return retry();  // it was not asked to copy
  const auto at = now();
  const bool hurries = at - std::exchange(last_, at) < mode_.period() / 2;
  failures_ = 0;
  frame_.reset();
  if (!is_awaited()) {
    all_damaged_ = true;
    return ask_at(at + kRetryTime);
  }
  auto frame = picture();
  const auto damage = damage_;
  if (!std::exchange(all_damaged_, false)) frame.damage = std::span{damage}.first(damage_count_);
  frame.sequence = ++sequence_;
  frame.presented = std::clamp(presented, at - std::chrono::seconds{1}, at);
  // At once, before the picture is used: while nobody waits for a copy, sway shows a full-screen window's own
  // buffer at every refresh, and each time all of it counts as drawn. An application that is faster than the
  // stream waits. Nothing comes into the buffer before copy(), which the compositor's answer calls.
  if (hurries) {
    ask_at(at + mode_.period() / 2);
  } else {
    ask(false);
    connection_.flush();
  }
  if (params_.on_frame) params_.on_frame(frame);
}

// The output changed while it was copied, or is being set up. When it goes on for long the output is switched
// off, by swayidle for one: input wakes it, so it is no loss as long as there is a wl_output.
void Screencopy::retry() {
  frame_.reset();
  all_damaged_ = true;
  if (failures_ >= kMaxQuickRetries) return ask_at(now() + kAsleepTime);
  ++failures_;
  ask_at(now() + kRetryTime);
}

void Screencopy::fail_for_good(Error why) {
  cancel();
  if (const auto tell = std::exchange(params_.on_failure, nullptr)) tell(why);
}

}  // namespace lumen::wlroots
