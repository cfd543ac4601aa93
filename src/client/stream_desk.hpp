// lumen/client: what is done with a stream's pictures, whichever protocol brings them: the newest one to the
// window at the display's pace, all of them to figures, to the checker and to a file; figures over the
// picture.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "client/picture_tap.hpp"
#include "client/recorder.hpp"
#include "client/shell/client_stream.hpp"
#include "client/shell/figures.hpp"
#include "client/shell/overlay.hpp"
#include "interface/client_window.hpp"

namespace lumen::client {

struct StreamDeskParams {
  bool headless = false;
  bool check = false;  // the test scene is streaming: verify every frame
  OverlayLevel statistics = OverlayLevel::off;
  std::string record_path;    // empty: nothing is recorded
  bool keep_seconds = false;  // the figures of each second, for a report; of an hour at most
};

// What a stream is asked once a second, and for its notice at each step.
struct StreamView {
  std::function<StreamCounters()> counters;
  std::function<StreamFacts()> facts;
  std::string notice;
};

class StreamDesk {
 public:
  // Fails as Recorder::create(). `log` outlives it.
  static Result<std::unique_ptr<StreamDesk>> create(const StreamDeskParams& params, Logger& log);

  // lm-dec
  void on_picture(const stream::DecodedPicture& decoded);

  // main thread
  void begin(const StreamView& stream);  // what came of an earlier stream is dropped
  // Waits up to a few milliseconds for a picture and presents it when it is time; fails as present() does.
  Status step(ClientWindow& window, const StreamView& stream);
  void end(ClientWindow& window);  // nothing over the picture any more
  void next_statistics() { level_ = next_level(level_); }
  OverlayLevel statistics() const { return level_; }
  FrameChecker& checker() { return tap_.checker(); }
  Status write_png(const std::string& path) { return tap_.write_png(path); }

  std::optional<StreamFigures> figures() const { return last_; }  // of the last whole second
  const std::vector<StreamFigures>& seconds() const { return seconds_; }
  StreamFigures totals(const StreamCounters& counters) { return meter_.totals(SteadyTime{}.now(), counters); }
  // The stream is gone: what it was is written.
  void finish_recording() {
    if (recorder_) recorder_->close();
  }
  std::optional<RecordFacts> recording() const {
    return recorder_ ? std::optional{recorder_->facts()} : std::nullopt;
  }

 private:
  StreamDesk(const StreamDeskParams& params, std::unique_ptr<Recorder> recorder);
  Status present(ClientWindow& window, const KeptPicture& picture);
  void show_figures(ClientWindow& window, const StreamView& stream);

  const StreamDeskParams params_;
  PictureTap tap_;
  FigureMeter meter_;
  std::unique_ptr<Recorder> recorder_;  // lm-dec adds
  OverlayLevel level_;
  std::optional<StreamFigures> last_;
  std::vector<StreamFigures> seconds_;
  OverlayLevel shown_level_ = OverlayLevel::off;
  std::string shown_notice_;
  bool new_figures_ = false;
};

}  // namespace lumen::client
