// lumen/client: the stream as it came, in a file that players read: H.264 and HEVC as Annex B, AV1 as OBUs.
// A thread, lm-record, writes; whoever adds never waits for the disk.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <semaphore>
#include <string>

#include "base/fd.hpp"
#include "base/handoff.hpp"
#include "base/log.hpp"
#include "base/mutex.hpp"
#include "base/thread.hpp"
#include "media/frames.hpp"

namespace lumen::client {

struct RecordFacts {
  std::uint64_t units = 0, bytes = 0;  // written
  std::uint64_t left_out = 0;          // units for which the disk was too slow, up to the next key frame
  std::optional<Error> failure;        // nothing more is written
};

class Recorder {
 public:
  // Replaces what is there. Fails with `record.open`. `log` outlives it.
  static Result<std::unique_ptr<Recorder>> create(const std::string& path, Logger& log);
  ~Recorder() { close(); }
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // One thread (lm-dec). Begins at the first key frame. Copies; never blocks.
  void add(const AccessUnit& unit);
  // Writes what waits. Nothing may be added any more.
  void close();
  // Any thread. A failure is
  //   record.disk-full        no room; what was written stays
  //   record.write            another error of the file system
  //   record.codec-changed    the stream has another codec now, which the file cannot hold
  RecordFacts facts() const LUMEN_EXCLUDES(mutex_);

  static constexpr std::size_t kMaxWaitingBytes = std::size_t{64} << 20U;

 private:
  Recorder(std::string path, UniqueFd file, Logger& log);
  void loop(const std::stop_token& stop);
  bool write(const AccessUnit& unit);
  void fail_with(const Error& error) LUMEN_EXCLUDES(mutex_);

  std::string path_;
  UniqueFd file_;
  Logger& log_;
  SpscRing<AccessUnit, 256> filled_;
  SpscRing<AccessUnit, 512> empty_;            // holds every unit there is
  std::atomic<std::size_t> waiting_bytes_{0};  // both threads; a bound, orders nothing
  std::atomic<bool> failed_{false};            // set by lm-record; orders nothing
  bool needs_key_frame_ = true;                // whoever adds, as the next
  std::atomic<std::uint64_t> left_out_{0};
  std::optional<Codec> codec_;  // lm-record
  mutable Mutex mutex_;
  RecordFacts facts_ LUMEN_GUARDED_BY(mutex_);
  std::counting_semaphore<> wake_{0};
  std::optional<OwnedThread> thread_;  // last
};

}  // namespace lumen::client
