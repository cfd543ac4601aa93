// lumen/host: what a client may do in a session, applied to single events. Pure.
#pragma once

#include "lumen1/control/permissions.hpp"
#include "media/input.hpp"

namespace lumen::host {

// Letting go is always allowed: nothing stays held when a permission is taken away.
inline bool may_send(lumen1::control::Permissions permissions, const InputEvent& event) {
  return permissions.has(lumen1::control::Permission::input) || std::holds_alternative<ReleaseAll>(event);
}

}  // namespace lumen::host
