// The display of a session on a compositor of wlroots' kind: an output that nobody sees, at the mode asked
// for.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/log.hpp"
#include "base/result.hpp"
#include "interface/desktop.hpp"
#include "interface/restore_journal.hpp"

namespace lumen::wayland {
class WaylandConnection;
}

namespace lumen::wlroots {

inline constexpr std::string_view kBackend = "wlroots";

// The output runs faster than the stream: the compositor paints once per refresh, and what an application
// drew is seen that much sooner.
Mode running_mode(const Mode& asked);

// Owner: one thread.
class VirtualOutput {
 public:
  virtual ~VirtualOutput() = default;           // gives it back, as it was
  virtual const std::string& name() const = 0;  // wl_output's
  virtual bool removable() const = 0;
  virtual Status set_mode(const Mode& mode) = 0;  // as asked; returns within 100 ms
};

struct OutputParams {
  Mode mode;
  double scale = 1;
  DesktopPlace place;
  RestoreJournal* journal = nullptr;
};

// sway's: made, or one of ours that is free. Several sessions may do so at once.
Result<std::unique_ptr<VirtualOutput>> take_sway_output(const OutputParams& params, Logger& log);
// Another compositor's headless output, by wlr-output-management. `connection` outlives it.
Result<std::unique_ptr<VirtualOutput>> take_managed_output(const OutputParams& params,
                                                           wayland::WaylandConnection& connection,
                                                           Logger& log);
Status undo_sway_change(std::string_view change, const DesktopPlace& place, Logger& log);
Status undo_managed_change(std::string_view change, const DesktopPlace& place, Logger& log);

}  // namespace lumen::wlroots
