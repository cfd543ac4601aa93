#include "client/recorder.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include <fmt/format.h>

namespace lumen::client {

Result<std::unique_ptr<Recorder>> Recorder::create(const std::string& path, Logger& log) {
  constexpr mode_t kMode = 0644;
  UniqueFd file{open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kMode)};
  if (file.get() < 0) {
    return fail(ErrorCode::unavailable, "record.open", fmt::format("cannot write {}", path),
                "Name a file in a folder that you may write to", errno);
  }
  return std::unique_ptr<Recorder>{new Recorder{path, std::move(file), log}};
}

Recorder::Recorder(std::string path, UniqueFd file, Logger& log)
    : path_{std::move(path)},
      file_{std::move(file)},
      log_{log},
      thread_{std::in_place, "lm-record", [this](const std::stop_token& stop) { loop(stop); }} {}

void Recorder::close() {
  if (!thread_) return;
  thread_->request_stop();
  wake_.release();
  thread_.reset();
}

void Recorder::add(const AccessUnit& unit) {
  if (failed_.load(std::memory_order_relaxed)) return;
  if (needs_key_frame_ && unit.kind != PictureKind::idr) {
    if (left_out_.load(std::memory_order_relaxed) > 0) left_out_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  auto copy = empty_.try_pop().value_or(AccessUnit{});
  copy.codec = unit.codec;
  copy.kind = unit.kind;
  copy.bytes.assign(unit.bytes.begin(), unit.bytes.end());
  const auto bytes = copy.bytes.size();
  const bool fits = waiting_bytes_.load(std::memory_order_relaxed) + bytes <= kMaxWaitingBytes;
  if (!fits || !filled_.try_push(copy)) {
    left_out_.fetch_add(1, std::memory_order_relaxed);
    needs_key_frame_ = true;
    return;
  }
  needs_key_frame_ = false;
  waiting_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  wake_.release();
}

RecordFacts Recorder::facts() const {
  MutexLock lock{mutex_};
  auto facts = facts_;
  facts.left_out = left_out_.load(std::memory_order_relaxed);
  return facts;
}

void Recorder::loop(const std::stop_token& stop) {
  for (bool last = false; !last;) {
    wake_.acquire();
    last = stop.stop_requested();
    while (auto unit = filled_.try_pop()) {
      const auto bytes = unit->bytes.size();
      if (!failed_.load(std::memory_order_relaxed) && write(*unit)) {
        MutexLock lock{mutex_};
        ++facts_.units;
        facts_.bytes += bytes;
      }
      waiting_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
      static_cast<void>(empty_.try_push(*unit));
    }
  }
}

bool Recorder::write(const AccessUnit& unit) {
  if (codec_.value_or(unit.codec) != unit.codec) {
    fail_with({ErrorCode::unsupported, "record.codec-changed",
               fmt::format("{} holds {} and the stream is {} now", path_, to_string(*codec_),
                           to_string(unit.codec)),
               "Record again, to another file"});
    return false;
  }
  codec_ = unit.codec;
  for (std::size_t done = 0; done < unit.bytes.size();) {
    const auto written = ::write(file_.get(), unit.bytes.data() + done, unit.bytes.size() - done);
    if (written >= 0) {
      done += static_cast<std::size_t>(written);
      continue;
    }
    if (errno == EINTR) continue;
    const bool full = errno == ENOSPC || errno == EDQUOT;
    fail_with({ErrorCode::resource_exhausted, full ? std::string_view{"record.disk-full"} : "record.write",
               fmt::format("the recording {} ends here", path_), "Make room; the stream goes on", errno});
    return false;
  }
  return true;
}

void Recorder::fail_with(const Error& error) {
  failed_.store(true, std::memory_order_relaxed);
  log_.warn("{}", describe(error));
  MutexLock lock{mutex_};
  facts_.failure = error;
}

}  // namespace lumen::client
