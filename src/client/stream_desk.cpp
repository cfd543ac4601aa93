#include "client/stream_desk.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "client/picture_copy.hpp"

namespace lumen::client {
namespace {

using namespace std::chrono_literals;

constexpr Duration kWindowPoll = 2ms, kHeadlessPoll = 50ms;
constexpr std::size_t kMaxSeconds = 3600;

Timestamp now() { return SteadyTime{}.now(); }

}  // namespace

Result<std::unique_ptr<StreamDesk>> StreamDesk::create(const StreamDeskParams& params, Logger& log) {
  std::unique_ptr<Recorder> recorder;
  if (!params.record_path.empty()) {
    LUMEN_TRY(recorder, Recorder::create(params.record_path, log));
  }
  return std::unique_ptr<StreamDesk>{new StreamDesk{params, std::move(recorder)}};
}

StreamDesk::StreamDesk(const StreamDeskParams& params, std::unique_ptr<Recorder> recorder)
    : params_{params},
      tap_{!params.headless, params.check},
      meter_{!params.headless},
      recorder_{std::move(recorder)},
      level_{params.statistics} {
  if (params.keep_seconds) seconds_.reserve(kMaxSeconds);
}

void StreamDesk::on_picture(const stream::DecodedPicture& decoded) {
  meter_.decoded(times_of(decoded));
  if (recorder_) recorder_->add(decoded.unit);
  tap_.on_picture(decoded);
}

void StreamDesk::begin(const StreamView& stream) {
  if (!params_.headless) static_cast<void>(tap_.take_until(now()));
  last_.reset();
  meter_.begin(now(), stream.counters());
  shown_level_ = OverlayLevel::off;
  shown_notice_.clear();
}

Status StreamDesk::step(ClientWindow& window, const StreamView& stream) {
  const auto at = now();
  const auto present_at = window.next_present(at);
  const auto until = at + (params_.headless ? kHeadlessPoll : kWindowPoll);
  if (present_at > until) {
    std::this_thread::sleep_for(until - at);  // the display's pace; input is polled in between
  } else if (auto picture = tap_.take_until(until)) {
    if (const auto early = present_at - now(); early > Duration::zero()) {
      std::this_thread::sleep_for(early);
      if (auto newer = tap_.take_until(now())) picture = std::move(newer);
    }
    LUMEN_CHECK_OK(present(window, *picture));
  }
  show_figures(window, stream);
  return {};
}

Status StreamDesk::present(ClientWindow& window, const KeptPicture& picture) {
  LUMEN_CHECK_OK(window.present(view_of(picture.lease.picture(), picture.color)));
  meter_.presented(picture.times, window.present_figures().presented_at);
  return {};
}

void StreamDesk::show_figures(ClientWindow& window, const StreamView& stream) {
  if (meter_.is_due(now())) {
    last_ = meter_.update(now(), stream.counters());
    if (last_ && params_.keep_seconds && seconds_.size() < kMaxSeconds) seconds_.push_back(*last_);
    new_figures_ = true;
  }
  const bool shows_figures = level_ != OverlayLevel::off && new_figures_;
  if (level_ == shown_level_ && stream.notice == shown_notice_ && !shows_figures) return;
  new_figures_ = false;
  shown_level_ = level_;
  shown_notice_ = stream.notice;
  auto scene = overlay_scene(last_ ? level_ : OverlayLevel::off, last_.value_or(StreamFigures{}),
                             stream.facts(), stream.notice);
  window.set_scene(scene.items.empty() ? nullptr : std::make_shared<const Scene>(std::move(scene)));
}

void StreamDesk::end(ClientWindow& window) { window.set_scene(nullptr); }

}  // namespace lumen::client
