// Wayland objects have owners. Destroy them before their connection.
#pragma once

#include <memory>

#include <wayland-client.h>

namespace lumen::wayland {

// Owns a client's side of an object. `destroy` is the protocol's own destructor (wl_buffer_destroy, …), so
// that the compositor is told.
template <class T>
struct ProxyDeleter {
  void (*destroy)(T*) = nullptr;
  void operator()(T* proxy) const noexcept { destroy(proxy); }
};
template <class T>
using Proxy = std::unique_ptr<T, ProxyDeleter<T>>;

template <class T>
Proxy<T> own(T* proxy, void (*destroy)(T*)) {
  return {proxy, ProxyDeleter<T>{destroy}};
}

// For listeners that do not care.
template <class... Args>
void ignore(void* /*self*/, Args... /*args*/) {}

}  // namespace lumen::wayland
