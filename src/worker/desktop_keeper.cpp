#include "worker/desktop_keeper.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace lumen::worker {
namespace {

using namespace std::chrono_literals;

constexpr Duration kFirstDelay = 200ms, kLongestDelay = 5s;
constexpr Duration kGoodLife = 10s;  // a desktop that lived so long is worth a quick new try

}  // namespace

DesktopKeeper::DesktopKeeper(KeeperParams params, KeeperEvents events, EventLoop& loop, Logger& log)
    : params_{std::move(params)}, events_{std::move(events)}, loop_{loop}, log_{log} {
  if (!params_.wish.restore_dir.empty()) journal_.emplace(params_.wish.restore_dir);
}

DesktopKeeper::~DesktopKeeper() {
  ++generation_;  // nothing is heard any more
  loop_.cancel(retry_);
}

Status DesktopKeeper::open() {
  if (journal_) restore_left_behind(params_.wish.restore_dir, params_.undoers, log_);
  return make();
}

std::string DesktopKeeper::description() const {
  if (!desktop_) return {};
  return refusals_.empty() ? desktop_->display_name()
                           : fmt::format("{}; {}", desktop_->display_name(), refusals_);
}

Status DesktopKeeper::make() {
  refusals_.clear();
  std::vector<DesktopCandidate> found;
  if (params_.wish.use != "private") found = find_desktops(params_.backends, params_.find_places());
  LUMEN_TRY(const auto chosen, choose_desktops(std::move(found), params_.backends, params_.wish.use));
  std::optional<Error> last;
  for (const auto& candidate : chosen) {
    if (excluded_.contains(candidate.backend->name)) continue;
    const auto made = make_foreign(candidate);
    if (made) return {};
    log_.log(waiting_ ? spdlog::level::debug : spdlog::level::warn, "{}: {}", candidate.probe.name,
             describe(made.error()));
    refusals_ += fmt::format("{}not {}: {}", refusals_.empty() ? "" : "; ", candidate.backend->name,
                             made.error().what);
    ++generation_;  // what it may have said meanwhile is not heard
    last = made.error();
  }
  if (last && params_.wish.use != "auto") return tl::unexpected<Error>{*last};
  // Where a person's desktop was shown, another one would be a surprise: it comes back.
  if (waiting_) {
    return fail(ErrorCode::unavailable, "desktop.waiting", "no desktop is there yet");
  }
  ++generation_;
  LUMEN_TRY(desktop_, params_.make_private({.mode = params_.mode,
                                            .scale = double{params_.wish.scale},
                                            .pointer_drawn = params_.pointer_drawn},
                                           events_of(generation_)));
  is_private_ = true;
  return {};
}

Status DesktopKeeper::make_foreign(const DesktopCandidate& candidate) {
  if (journal_) journal_->set_place(candidate.place);
  DesktopParams params{.mode = params_.mode,
                       .scale = double{params_.wish.scale},
                       .pointer_drawn = params_.pointer_drawn,
                       .place = candidate.place};
  params.importer = params_.importer;
  params.journal = journal();
  ++generation_;
  LUMEN_TRY(desktop_, candidate.backend->create(params, events_of(generation_), loop_, log_));
  place_ = candidate.place;
  backend_ = candidate.backend->name;
  made_at_ = SteadyTime{}.now();
  is_private_ = false;
  return {};
}

DesktopEvents DesktopKeeper::events_of(std::uint64_t generation) {
  DesktopEvents events;
  events.on_frame = [this](const BorrowedFrame& frame) {
    has_shown_ = has_ever_shown_ = true;
    events_.on_frame(frame);
  };
  events.on_pointer = [this](const BorrowedPointer& pointer) {
    if (desktop_ && events_.on_pointer) events_.on_pointer(pointer);
  };
  events.on_window_mapped = [this, generation] {
    if (desktop_) return events_.on_window_mapped();
    loop_.post([this, generation] {  // it is being made
      if (generation == generation_) events_.on_window_mapped();
    });
  };
  events.on_responding = [this](bool responding) { events_.on_responding(responding); };
  events.on_lost = [this, generation](const Error& why) {
    loop_.post([this, generation, why] {
      if (generation == generation_) on_lost(why);
    });
  };
  return events;
}

void DesktopKeeper::on_lost(const Error& why) {
  const auto name = desktop_ ? desktop_->display_name() : std::string{"the desktop"};
  desktop_.reset();
  ++generation_;
  const bool gave_nothing = !std::exchange(has_shown_, false);
  // One that never gave a picture is none: the next best takes its place.
  if (!has_ever_shown_ && params_.wish.use == "auto" && !is_private_) {
    log_.warn("{} gives no picture: {}", name, describe(why));
    excluded_.insert(backend_);
    if (const auto made = make(); made) {
      events_.on_trouble({});
      return;
    }
  }
  const auto reason = fmt::format("{} is gone: {}; waiting for it to come back", name, why.what);
  waiting_ = true;
  log_.warn("{}", reason);
  events_.on_trouble(reason);
  const bool lived = SteadyTime{}.now() - made_at_ >= kGoodLife;
  delay_ = gave_nothing || !lived ? std::clamp(2 * delay_, kFirstDelay, kLongestDelay) : kFirstDelay;
  try_again();
}

void DesktopKeeper::try_again() {
  loop_.cancel(retry_);
  retry_ = loop_.call_at(SteadyTime{}.now() + delay_, [this] {
    retry_ = 0;
    if (const auto made = make(); !made) {
      log_.debug("not yet: {}", describe(made.error()));
      delay_ = std::min(2 * delay_, kLongestDelay);
      try_again();
      return;
    }
    waiting_ = false;
    log_.info("{} is there again", desktop_->display_name());
    events_.on_trouble({});
  });
}

Status DesktopKeeper::set_mode(const Mode& mode) {
  if (desktop_) {
    LUMEN_CHECK_OK(desktop_->set_mode(mode));
  }
  params_.mode = mode;
  return {};
}

void DesktopKeeper::set_pointer_drawn(bool drawn) {
  params_.pointer_drawn = drawn;
  if (desktop_) desktop_->set_pointer_drawn(drawn);
}

void DesktopKeeper::repaint() {
  if (desktop_) desktop_->repaint();
}

void DesktopKeeper::tell_pointer() {
  if (desktop_) desktop_->tell_pointer();
}

void DesktopKeeper::inject(const InputEvent& event) {
  if (desktop_) desktop_->inject(event);
}

}  // namespace lumen::worker
