// lumen/audio: libpipewire's objects with owners. Private to lumen/audio.
#pragma once

#include <memory>

#include <pipewire/pipewire.h>

namespace lumen::audio {

struct PipeWireFree {
  void operator()(pw_loop* loop) const noexcept { pw_loop_destroy(loop); }
  void operator()(pw_context* context) const noexcept { pw_context_destroy(context); }
  void operator()(pw_core* core) const noexcept { pw_core_disconnect(core); }
  void operator()(pw_registry* registry) const noexcept {
    pw_proxy_destroy(reinterpret_cast<pw_proxy*>(registry));
  }
  void operator()(pw_stream* stream) const noexcept { pw_stream_destroy(stream); }
};
template <class T>
using PipeWireHandle = std::unique_ptr<T, PipeWireFree>;

// The library as a whole, counted.
class PipeWireLibrary {
 public:
  PipeWireLibrary() { pw_init(nullptr, nullptr); }
  ~PipeWireLibrary() { pw_deinit(); }
  PipeWireLibrary(const PipeWireLibrary&) = delete;
  PipeWireLibrary& operator=(const PipeWireLibrary&) = delete;
};

}  // namespace lumen::audio
