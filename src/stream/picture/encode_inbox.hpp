// lumen/stream/picture: everything the encode thread waits for, in one place with one condition variable:
// the newest picture (newest wins), a merged IDR request, how to encode, streaming on/off.
// Producers: the desktop thread. Consumer: lm-enc. Thread-safe.
#pragma once

#include <condition_variable>
#include <optional>
#include <stop_token>
#include <utility>

#include "base/mutex.hpp"
#include "media/encoding.hpp"
#include "media/frames.hpp"
#include "media/mode.hpp"

namespace lumen::stream {

class EncodeInbox {
 public:
  struct Taken {
    std::optional<CapturedFrame> frame;
    bool idr = false;
    bool streaming = false;
    std::uint32_t refresh_mhz = 0;
    std::optional<Encoding> encoding;  // to be used from now on, `frame` included
    std::uint32_t limit_kbps = 0;      // of the bitrate; 0: none
  };

  explicit EncodeInbox(std::uint32_t refresh_mhz) : refresh_mhz_{refresh_mhz} {}

  void put(CapturedFrame frame) LUMEN_EXCLUDES(mutex_) {
    std::optional<CapturedFrame> replaced;  // its picture goes back to the pool outside the lock
    {
      MutexLock lock{mutex_};
      replaced = std::exchange(frame_, std::move(frame));
      if (replaced) ++overwritten_;
    }
    changed_.notify_one();
  }
  void request_idr() LUMEN_EXCLUDES(mutex_) {
    {
      MutexLock lock{mutex_};
      idr_ = true;
    }
    changed_.notify_one();
  }
  void set_streaming(bool on) LUMEN_EXCLUDES(mutex_) {
    {
      MutexLock lock{mutex_};
      streaming_ = on;
      if (!on) frame_.reset();
    }
    changed_.notify_one();
  }
  // What waits was converted for the encoding before and goes.
  void set_encoding(const Encoding& encoding) LUMEN_EXCLUDES(mutex_) {
    std::optional<CapturedFrame> old;
    {
      MutexLock lock{mutex_};
      old = std::exchange(frame_, std::nullopt);
      encoding_ = encoding;
    }
    changed_.notify_one();
  }
  // Wakes nobody: it holds for the next picture.
  void limit_bitrate(std::uint32_t kbps) LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    limit_kbps_ = kbps;
  }
  void set_refresh(std::uint32_t refresh_mhz) LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    refresh_mhz_ = refresh_mhz;
  }

  // Waits for a picture, an IDR request or an encoding, until `deadline` (nullopt: for ever) or stop. With
  // streaming off it waits for it to come on.
  Taken take(const std::stop_token& stop, std::optional<Timestamp> deadline) LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    const auto due = [this]()
                         LUMEN_REQUIRES(mutex_) { return encoding_ || (streaming_ && (frame_ || idr_)); };
    if (deadline && streaming_) {
      changed_.wait_until(mutex_, stop, *deadline, due);
    } else {
      changed_.wait(mutex_, stop, due);
    }
    return {std::exchange(frame_, std::nullopt),
            std::exchange(idr_, false),
            streaming_,
            refresh_mhz_,
            std::exchange(encoding_, std::nullopt),
            limit_kbps_};
  }
  // A newer picture than the one in hand, if there is one.
  std::optional<CapturedFrame> try_take_frame() LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    return std::exchange(frame_, std::nullopt);
  }

  std::uint64_t overwritten() const LUMEN_EXCLUDES(mutex_) {
    MutexLock lock{mutex_};
    return overwritten_;
  }

 private:
  mutable Mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<CapturedFrame> frame_ LUMEN_GUARDED_BY(mutex_);
  bool idr_ LUMEN_GUARDED_BY(mutex_) = false;
  bool streaming_ LUMEN_GUARDED_BY(mutex_) = false;
  std::uint32_t refresh_mhz_ LUMEN_GUARDED_BY(mutex_);
  std::optional<Encoding> encoding_ LUMEN_GUARDED_BY(mutex_);
  std::uint32_t limit_kbps_ LUMEN_GUARDED_BY(mutex_) = 0;
  std::uint64_t overwritten_ LUMEN_GUARDED_BY(mutex_) = 0;
};

}  // namespace lumen::stream
