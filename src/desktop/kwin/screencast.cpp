#include "desktop/kwin/screencast.hpp"

#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "zkde-screencast-unstable-v1-client-protocol.h"

namespace lumen::kwin {
namespace {

constexpr std::uint32_t kVersion = 2;    // stream_virtual_output
constexpr std::size_t kMaxReason = 200;  // of what KWin says, for people

}  // namespace

struct ScreencastStream::Listeners {
  static ScreencastStream& of(void* self) { return *static_cast<ScreencastStream*>(self); }
  static void closed(void* self, zkde_screencast_stream_unstable_v1*) {
    of(self).end("kwin.stream-closed", "KWin ended the stream of the display");
  }
  static void created(void* self, zkde_screencast_stream_unstable_v1*, std::uint32_t node) {
    auto& stream = of(self);
    if (!stream.ended_ && stream.events_.on_created) stream.events_.on_created(node);
  }
  static void failed(void* self, zkde_screencast_stream_unstable_v1*, const char* error) {
    const auto reason = std::string_view{error}.substr(0, kMaxReason);
    of(self).end("kwin.stream-refused", fmt::format("KWin gives no stream of the display: {}", reason));
  }
  static constexpr zkde_screencast_stream_unstable_v1_listener kStream{closed, created, failed};
};

ScreencastStream::ScreencastStream(wayland::WaylandConnection& connection, Proxy proxy, Events events)
    : connection_{connection}, proxy_{std::move(proxy)}, events_{std::move(events)} {
  zkde_screencast_stream_unstable_v1_add_listener(proxy_.get(), &Listeners::kStream, this);
  connection_.flush();
}

ScreencastStream::~ScreencastStream() {
  proxy_.reset();
  connection_.flush();
}

void ScreencastStream::end(std::string_view id, std::string what) {
  if (std::exchange(ended_, true)) return;
  if (!events_.on_ended) return;
  events_.on_ended(
      {ErrorCode::unavailable, id, std::move(what), "See what KWin logged (journalctl --user -b)"});
}

Result<Screencast> Screencast::create(wayland::WaylandConnection& connection) {
  const auto version = connection.offered(zkde_screencast_unstable_v1_interface.name);
  if (version == 0) {
    return fail(ErrorCode::denied, "kwin.permission", "KWin does not let this program see its displays",
                "Install lumen-session.desktop with the program's path in Exec (docs/desktops.md)");
  }
  auto proxy = connection.bind(zkde_screencast_unstable_v1_interface, zkde_screencast_unstable_v1_destroy,
                               kVersion, kVersion);
  if (!proxy) {
    return fail(ErrorCode::unsupported, "kwin.version", "this KWin makes no virtual displays",
                "Plasma 5.24 and later do");
  }
  return Screencast{connection, std::move(proxy)};
}

std::unique_ptr<ScreencastStream> Screencast::own(zkde_screencast_stream_unstable_v1* stream,
                                                  ScreencastStream::Events events) {
  return std::unique_ptr<ScreencastStream>{new ScreencastStream{
      *connection_, wayland::own(stream, zkde_screencast_stream_unstable_v1_close), std::move(events)}};
}

std::unique_ptr<ScreencastStream> Screencast::stream_virtual_output(const std::string& name,
                                                                    std::uint32_t width, std::uint32_t height,
                                                                    double scale,
                                                                    ScreencastStream::Events events) {
  const auto logical = [scale](std::uint32_t pixels) {
    return static_cast<int>(std::lround(pixels / scale));
  };
  return own(zkde_screencast_unstable_v1_stream_virtual_output(proxy_.get(), name.c_str(), logical(width),
                                                               logical(height), wl_fixed_from_double(scale),
                                                               ZKDE_SCREENCAST_UNSTABLE_V1_POINTER_METADATA),
             std::move(events));
}

std::unique_ptr<ScreencastStream> Screencast::stream_output(wl_output* output,
                                                            ScreencastStream::Events events) {
  return own(zkde_screencast_unstable_v1_stream_output(proxy_.get(), output,
                                                       ZKDE_SCREENCAST_UNSTABLE_V1_POINTER_METADATA),
             std::move(events));
}

}  // namespace lumen::kwin
