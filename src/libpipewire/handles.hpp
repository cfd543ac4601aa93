// lumen/libpipewire: libpipewire's objects with owners, and a connection that only the caller steers.
// Thread-safety: as libpipewire's own: everything of one loop on one thread.
#pragma once

#include <memory>
#include <string>

#include <pipewire/pipewire.h>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace lumen::libpipewire {

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

// A socket that is connected to PipeWire's at `path`. The environment of this process has no say in where we
// connect: libpipewire would let it. Fails with `pipewire.socket` or `pipewire.absent`. Does not block.
Result<UniqueFd> connect_to(const std::string& path);

// What the library has as macros.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"
#pragma GCC diagnostic ignored "-Wpedantic"
inline void listen(pw_core* core, spa_hook* hook, const pw_core_events* events, void* data) {
  pw_core_add_listener(core, hook, events, data);
}
inline void listen(pw_registry* registry, spa_hook* hook, const pw_registry_events* events, void* data) {
  pw_registry_add_listener(registry, hook, events, data);
}
inline pw_registry* registry_of(pw_core* core) { return pw_core_get_registry(core, PW_VERSION_REGISTRY, 0); }
inline int loop_fd(pw_loop* loop) { return pw_loop_get_fd(loop); }
inline void enter(pw_loop* loop) { pw_loop_enter(loop); }
inline void leave(pw_loop* loop) { pw_loop_leave(loop); }
inline void iterate(pw_loop* loop) { pw_loop_iterate(loop, 0); }  // without waiting
// An event that any thread may signal() and that `call` answers on the loop's.
inline spa_source* add_event(pw_loop* loop, spa_source_event_func_t call, void* data) {
  return pw_loop_add_event(loop, call, data);
}
inline void signal(pw_loop* loop, spa_source* event) { pw_loop_signal_event(loop, event); }
inline void destroy(pw_loop* loop, spa_source* event) { pw_loop_destroy_source(loop, event); }
#pragma GCC diagnostic pop

}  // namespace lumen::libpipewire
