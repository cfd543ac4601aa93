// Tests only: desktops that are not there.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "worker/desktop_choice.hpp"

namespace lumen::worker {

// What the fake desktops were asked, and how they answer.
struct FakeWorld {
  bool usable = true, can_be_made = true;
  int made = 0, gone = 0;
  std::vector<Mode> modes;
  std::vector<InputEvent> inputs;
  std::vector<std::string> undone;
  bool can_undo = true;
  DesktopEvents events;  // of the newest
};

class FakeDesktop final : public Desktop {
 public:
  FakeDesktop(FakeWorld& world, std::string name, Mode mode)
      : world_{world}, name_{std::move(name)}, mode_{mode} {
    ++world_.made;
    world_.modes.push_back(mode);
  }
  ~FakeDesktop() override { ++world_.gone; }
  FakeDesktop(const FakeDesktop&) = delete;
  FakeDesktop& operator=(const FakeDesktop&) = delete;
  std::string display_name() const override { return name_; }
  std::string capture_name() const override { return "by magic"; }
  DesktopAbilities abilities() const override { return {}; }
  Mode mode() const override { return mode_; }
  std::vector<std::string> environment() const override { return {}; }
  Status set_mode(const Mode& mode) override {
    mode_ = mode;
    world_.modes.push_back(mode);
    return {};
  }
  void set_pointer_drawn(bool /*drawn*/) override {}
  void repaint() override {}
  void inject(const InputEvent& event) override { world_.inputs.push_back(event); }

 private:
  FakeWorld& world_;
  std::string name_;
  Mode mode_;
};

inline DesktopBackend fake_backend(const std::string& name, FakeWorld& world) {
  return {.name = name,
          .probe =
              [name, &world](const DesktopPlace&) {
                DesktopProbe probe{.backend = name, .name = name + " 1.0", .refusal = {}, .abilities = {}};
                if (!world.usable)
                  probe.refusal =
                      Error{ErrorCode::unavailable, "test.absent", name + " does not run", "Run it"};
                return probe;
              },
          .create = [name, &world](const DesktopParams& params, const DesktopEvents& events, EventLoop&,
                                   Logger&) -> Result<std::unique_ptr<Desktop>> {
            if (!world.can_be_made) return fail(ErrorCode::unavailable, "test.broken", name + " is broken");
            world.events = events;
            return std::make_unique<FakeDesktop>(world, name + " 1.0", params.mode);
          },
          .undo = [&world](std::string_view change, const DesktopPlace&, Logger&) -> Status {
            if (!world.can_undo) return fail(ErrorCode::unavailable, "test.later", "not now");
            world.undone.emplace_back(change);
            return {};
          }};
}

}  // namespace lumen::worker
