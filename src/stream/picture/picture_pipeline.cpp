#include "stream/picture/picture_pipeline.hpp"

#include <time.h>

#include <algorithm>
#include <utility>

#include "base/priority.hpp"

namespace lumen::stream {
namespace {

constexpr PixelFormat kPixelFormat = PixelFormat::nv12;
constexpr std::size_t kPictures =
    3;  // being filled, waiting, being encoded (kept to encode a still desktop again)

Timestamp now() { return SteadyTime{}.now(); }

Duration thread_cpu() {
  timespec spent{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return std::chrono::seconds{spent.tv_sec} + Duration{spent.tv_nsec};
}

std::uint64_t to_us(Duration duration) {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(duration).count());
}

}  // namespace

PicturePipeline::PicturePipeline(PictureParams params, link::SharedRing& ring, Logger& log)
    : params_{std::move(params)},
      ring_{ring},
      log_{log},
      inbox_{params_.mode.refresh_mhz},
      color_{params_.encoding.color},
      first_mode_{params_.mode},
      encoding_{params_.encoding},
      cadence_{Cadence::Params{.period = params_.mode.period()}},
      thread_{"lm-enc", [this](const std::stop_token& stop) { encode_loop(stop); }} {}

PicturePipeline::~PicturePipeline() = default;

void PicturePipeline::set_mode(const Mode& mode) {
  params_.mode = mode;
  inbox_.set_refresh(mode.refresh_mhz);
}

void PicturePipeline::set_streaming(bool on) {
  if (streaming_ == on) return;
  streaming_ = on;
  inbox_.set_streaming(on);
  if (on) inbox_.request_idr();
}

void PicturePipeline::set_encoding(const Encoding& encoding) {
  if (color_ != encoding.color) pool_.reset();  // pictures of the other colours are converted anew
  color_ = encoding.color;
  inbox_.set_encoding(encoding);
}

Status PicturePipeline::fit_pool(const BorrowedFrame& frame) {
  if (pool_) {
    const auto probe = pool_->picture_size();
    if (probe.width == frame.width && probe.height == frame.height) return {};
  }
  LUMEN_TRY(pool_, PicturePool::create({.format = kPixelFormat,
                                        .color = color_,
                                        .width = frame.width,
                                        .height = frame.height,
                                        .count = kPictures}));
  stale_.assign(kPictures, RowRange{0, frame.height});
  return {};
}

void PicturePipeline::mark_stale(const BorrowedFrame& frame) {
  RowRange rows{0, frame.height};
  if (!frame.damage.empty()) {
    rows = {frame.height, 0};
    for (const auto& rect : frame.damage) {
      const auto top = static_cast<std::uint32_t>(std::clamp(rect.y, 0, static_cast<int>(frame.height)));
      const auto below = std::clamp<std::int64_t>(std::int64_t{rect.y} + rect.height, top, frame.height);
      rows.first = std::min(rows.first, top);
      rows.end = std::max(rows.end, static_cast<std::uint32_t>(below));
    }
  }
  if (rows.first >= rows.end) return;
  for (auto& stale : stale_) {
    if (stale.first >= stale.end) {
      stale = rows;
    } else {
      stale = {std::min(stale.first, rows.first), std::max(stale.end, rows.end)};
    }
  }
}

void PicturePipeline::on_frame(const BorrowedFrame& frame) {
  if (const auto fits = fit_pool(frame); !fits) {
    log_.error("frame dropped: {}", describe(fits.error()));
    return;
  }
  mark_stale(frame);
  if (!streaming_) return;
  stats_.captured.fetch_add(1, std::memory_order_relaxed);
  auto lease = pool_->try_acquire();
  if (!lease) {
    stats_.no_picture.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  if (frame.device != nullptr) {
    put_device_picture(frame, std::move(*lease));
  } else {
    convert_and_put(frame, std::move(*lease));
  }
}

// The CPU's picture comes along empty: an encoder of the CPU's that has to take over copies this one there.
void PicturePipeline::put_device_picture(const BorrowedFrame& frame, PictureLease lease) {
  for (auto& stale : stale_) stale = {0, frame.height};
  if ((*frame.device)->color() != color_) return;  // of the encoding before; the repaint is on its way
  inbox_.put({.picture = std::move(lease),
              .device = std::move(*frame.device),
              .sequence = frame.sequence,
              .times = {.presented = frame.presented, .captured = now()}});
}

void PicturePipeline::convert_and_put(const BorrowedFrame& frame, PictureLease lease) {
  auto& stale = stale_[lease.slot()];
  const auto before = thread_cpu();
  // Chroma rows stand for two: widen to even borders.
  const auto first = stale.first & ~1U;
  const auto end = std::min((stale.end + 1U) & ~1U, frame.height);
  if (first < end) {
    if (const auto done = params_.converter->convert(frame, lease.picture(), first, end); !done) {
      log_.error("frame dropped: {}", describe(done.error()));
      return;
    }
  }
  stale = {};
  stats_.convert_cpu_us.fetch_add(to_us(thread_cpu() - before), std::memory_order_relaxed);
  inbox_.put({.picture = std::move(lease),
              .sequence = frame.sequence,
              .times = {.presented = frame.presented, .captured = now()}});
}

void PicturePipeline::encode_loop(const std::stop_token& stop) {
  if (const auto raised = raise_priority(Urgency::urgent); !raised) log_.info("{}", describe(raised.error()));
  // Before the first picture: opening takes longer than a frame, and what waits meanwhile is overwritten.
  if (const auto opened = open_encoder(first_mode_); !opened) {
    params_.events.on_failed(opened.error());
    return;
  }
  while (!stop.stop_requested() && !failed_) {
    auto taken = inbox_.take(stop, last_ ? std::optional{cadence_.repeat_due()} : std::nullopt);
    if (stop.stop_requested()) return;
    limit_kbps_ = taken.limit_kbps;
    if (taken.encoding) change_encoding(*taken.encoding, taken.refresh_mhz);
    if (failed_) return;
    if (!taken.streaming) {
      last_.reset();
      continue;
    }
    encode_one(stop, std::move(taken));
  }
}

void PicturePipeline::encode_one(const std::stop_token& stop, EncodeInbox::Taken taken) {
  need_idr_ = need_idr_ || taken.idr;
  const bool fresh = taken.frame.has_value();
  if (fresh) {
    last_ = std::move(*taken.frame);
    if (cadence_.earliest() > now()) {  // too early: wait, and take a newer one if it comes
      timespec until{};
      const auto ns = to_ns(cadence_.earliest());
      until.tv_sec = ns / 1'000'000'000;
      until.tv_nsec = ns % 1'000'000'000;
      clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
      if (auto newer = inbox_.try_take_frame()) last_ = std::move(*newer);
    }
  } else if (!last_ || stop.stop_requested()) {
    return;  // an IDR request before the first picture: it will be one anyway
  } else {
    last_->times.presented = last_->times.captured = now();
  }
  if (last_->picture.picture().color != encoding_.color) {  // converted for an encoding that comes next
    last_.reset();
    return;
  }
  auto fits = fit_encoder(*last_, taken.refresh_mhz);
  if (!fits) {
    failed_ = true;
    params_.events.on_failed(fits.error());
    return;
  }
  fit_bitrate();
  const auto before = thread_cpu();
  last_->times.encode_begin = now();
  auto unit = encoder_->encode(*last_, next_id_, need_idr_);
  if (!unit) {
    log_.error("encoder failed, opening it again: {}", describe(unit.error()));
    encoder_.reset();
    failed_ = unit.error().code != ErrorCode::unavailable;
    if (failed_) params_.events.on_failed(unit.error());
    return;
  }
  unit->times = last_->times;
  unit->times.encode_end = now();
  tell_encoder_if_new();
  cadence_.encoded(last_->times.encode_begin, fresh);
  publish(*unit, thread_cpu() - before);
}

void PicturePipeline::change_encoding(const Encoding& encoding, std::uint32_t refresh_mhz) {
  const bool same = encoder_ && encoding.is_same_but_for_id(encoding_);
  encoding_ = encoding;
  if (same) {
    params_.events.on_encoder(encoder_mode_, encoding_.id, encoder_->description());
    return;
  }
  encoder_.reset();
  last_.reset();
  const auto& size = encoder_mode_.width != 0 ? encoder_mode_ : first_mode_;
  if (const auto opened = open_encoder({size.width, size.height, refresh_mhz}); !opened) {
    failed_ = true;
    params_.events.on_failed(opened.error());
  }
}

Status PicturePipeline::fit_encoder(const CapturedFrame& frame, std::uint32_t refresh_mhz) {
  const auto& picture = frame.picture.picture();
  return open_encoder({picture.width, picture.height, refresh_mhz});
}

BitsPerSecond PicturePipeline::bitrate_for(const Mode& mode) const {
  const auto bitrate = encoding_.bitrate_kbps != 0 ? BitsPerSecond{encoding_.bitrate_kbps * 1000ULL}
                                                   : params_.default_bitrate(mode);
  return limit_kbps_ == 0 ? bitrate : std::min(bitrate, BitsPerSecond{limit_kbps_ * 1000ULL});
}

void PicturePipeline::fit_bitrate() {
  const auto bitrate = bitrate_for(encoder_mode_);
  if (bitrate == bitrate_) return;
  bitrate_ = bitrate;  // what an encoder cannot do is not asked of it for each picture again
  if (const auto set = encoder_->set_bitrate(bitrate); !set) log_.warn("{}", describe(set.error()));
}

Status PicturePipeline::open_encoder(const Mode& mode) {
  if (encoder_ && mode == encoder_mode_) return {};
  const auto bitrate = bitrate_for(mode);
  encoder_.reset();
  LUMEN_TRY(encoder_, params_.make_encoder({.codec = encoding_.codec,
                                            .mode = mode,
                                            .color = encoding_.color,
                                            .format = kPixelFormat,
                                            .bitrate = bitrate,
                                            .preset = params_.preset,
                                            .slices = encoding_.slices,
                                            .max_references = encoding_.max_references}));
  encoder_mode_ = mode;
  bitrate_ = bitrate;
  cadence_.set_period(mode.period());
  told_ = nullptr;
  tell_encoder_if_new();
  return {};
}

// An encoder may put another in its place when it fails.
void PicturePipeline::tell_encoder_if_new() {
  if (std::exchange(told_, &encoder_->description()) == &encoder_->description()) return;
  params_.events.on_encoder(encoder_mode_, encoding_.id, encoder_->description());
}

void PicturePipeline::publish(const AccessUnitView& unit, Duration cpu) {
  stats_.encoded.fetch_add(1, std::memory_order_relaxed);
  stats_.encode_cpu_us.fetch_add(to_us(cpu), std::memory_order_relaxed);
  if (unit.kind == PictureKind::idr) {
    need_idr_ = false;
    stats_.idr.fetch_add(1, std::memory_order_relaxed);
  }
  next_id_.value += 1;
  if (!ring_.try_push(unit)) {
    stats_.dropped_full.fetch_add(1, std::memory_order_relaxed);
    need_idr_ = true;  // the client cannot decode past a unit that never left
  }
}

}  // namespace lumen::stream
