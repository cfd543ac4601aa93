// lumen/desktop/kwin: KWin's streams of outputs, by zkde_screencast_unstable_v1.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "desktop/wayland/connection.hpp"

struct zkde_screencast_unstable_v1;
struct zkde_screencast_stream_unstable_v1;

namespace lumen::kwin {

// A stream, and with it the virtual output that was made for it: gone when this is destroyed.
// Owner: the thread of the connection; destroy it before that.
class ScreencastStream {
 public:
  struct Events {
    std::function<void(std::uint32_t node_id)> on_created;  // in PipeWire's graph
    std::function<void(const Error&)> on_ended;  // it was refused, or is over; nothing comes after it
  };
  ~ScreencastStream();
  ScreencastStream(const ScreencastStream&) = delete;
  ScreencastStream& operator=(const ScreencastStream&) = delete;

 private:
  friend class Screencast;
  struct Listeners;
  using Proxy = wayland::Proxy<zkde_screencast_stream_unstable_v1>;
  ScreencastStream(wayland::WaylandConnection& connection, Proxy proxy, Events events);
  void end(std::string_view id, std::string what);

  wayland::WaylandConnection& connection_;
  Proxy proxy_;
  Events events_;
  bool ended_ = false;
};

// Owner: the thread of the connection; destroy it before that. Ask for streams only of a KWin that draws with
// OpenGL: others die of it.
class Screencast {
 public:
  // Fails with `kwin.permission` where KWin does not offer it to this program, `kwin.version` where it is too
  // old.
  static Result<Screencast> create(wayland::WaylandConnection& connection);

  // A new output of this very size in pixels, with its stream. The pointer comes as metadata too.
  std::unique_ptr<ScreencastStream> stream_virtual_output(const std::string& name, std::uint32_t width,
                                                          std::uint32_t height, double scale,
                                                          ScreencastStream::Events events);
  std::unique_ptr<ScreencastStream> stream_output(wl_output* output, ScreencastStream::Events events);

 private:
  using Proxy = wayland::Proxy<zkde_screencast_unstable_v1>;
  Screencast(wayland::WaylandConnection& connection, Proxy proxy)
      : connection_{&connection}, proxy_{std::move(proxy)} {}
  std::unique_ptr<ScreencastStream> own(zkde_screencast_stream_unstable_v1* stream,
                                        ScreencastStream::Events events);

  wayland::WaylandConnection* connection_;
  Proxy proxy_;
};

}  // namespace lumen::kwin
