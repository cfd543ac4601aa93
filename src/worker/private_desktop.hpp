// lumen/worker: the embedded compositor as a desktop that an event loop drives.
#pragma once

#include <memory>
#include <string>

#include "base/event_loop.hpp"
#include "base/log.hpp"
#include "interface/desktop.hpp"

namespace lumen::worker {

// `runtime_dir`, `loop` and `log` outlive it. Fails as embedded::create_embedded_desktop() does.
Result<std::unique_ptr<Desktop>> make_private_desktop(const DesktopParams& params,
                                                      const std::string& runtime_dir,
                                                      const DesktopEvents& events, EventLoop& loop,
                                                      Logger& log);

}  // namespace lumen::worker
