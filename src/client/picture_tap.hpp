// lumen/client: what lm-dec hands to the main thread: every picture when there is a window, one when it is
// wanted; and each of them is checked when the test scene is streaming.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "base/handoff.hpp"
#include "client/frame_checker.hpp"
#include "client/shell/figures.hpp"
#include "media/picture.hpp"
#include "stream/receive/decode_stage.hpp"

namespace lumen::client {

struct KeptPicture {
  PictureLease lease;
  ColorSpace color;
  PictureTimes times;
};

PictureTimes times_of(const stream::DecodedPicture& decoded);

class PictureTap {
 public:
  // `keep_all`: there is a window.
  PictureTap(bool keep_all, bool check) : keep_all_{keep_all}, check_{check} {}

  // lm-dec
  void on_picture(const stream::DecodedPicture& decoded);

  // main thread
  std::optional<KeptPicture> take_until(Timestamp deadline) { return pictures_.take_until({}, deadline); }
  FrameChecker& checker() { return checker_; }
  // The next picture that comes; `png.no-picture` when none does within three seconds.
  Status write_png(const std::string& path);

 private:
  std::optional<KeptPicture> keep(const PictureView& picture);
  bool fits(const PictureView& picture) const;

  const bool keep_all_, check_;
  FrameChecker checker_;
  std::shared_ptr<PicturePool> pool_;  // lm-dec
  Mailbox<KeptPicture> pictures_;
  std::atomic<bool> wanted_{false};  // one picture although there is no window; set by main, taken by lm-dec
};

}  // namespace lumen::client
