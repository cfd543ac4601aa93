#include "audio/sound_pipeline.hpp"

#include <utility>

#include "base/priority.hpp"

namespace lumen::audio {
namespace {

using namespace std::chrono_literals;

constexpr Duration kIdleWait = 1s;  // a limit for every wait; wake() ends it

Timestamp now() { return SteadyTime{}.now(); }

}  // namespace

SoundPipeline::SoundPipeline(const AudioFormat& format, std::unique_ptr<AudioSource> source,
                             SoundEvents events, Logger& log)
    : source_{std::move(source)},
      events_{std::move(events)},
      log_{log},
      wish_{.format = format},
      format_{format},
      thread_{"lm-audio", [this](const std::stop_token& stop) { loop(stop); }} {}

SoundPipeline::~SoundPipeline() {
  thread_.request_stop();
  source_->wake();
}

template <class Change>
void SoundPipeline::tell(Change change) {
  {
    MutexLock lock{mutex_};
    change(wish_);
  }
  source_->wake();
}

void SoundPipeline::set_format(const AudioFormat& format) {
  if (!is_valid(format)) return;
  tell([&format](Wish& wish) { wish.format = format; });
}

void SoundPipeline::set_streaming(bool on) {
  tell([on](Wish& wish) { wish.streaming = on; });
}

void SoundPipeline::loop(const std::stop_token& stop) {
  if (const auto raised = raise_priority(Urgency::realtime); !raised)
    log_.info("{}", describe(raised.error()));
  const OnSamples on_samples = [this](std::span<const float> samples, std::uint8_t channels,
                                      Timestamp captured) {
    // After a change of the layout, what was on its way is of the old one.
    if (stream_ && channels == format_.channels) stream_->pacer.push(samples, captured);
  };
  source_->set_channels(format_.channels);
  while (!stop.stop_requested()) {
    Wish wish;
    {
      MutexLock lock{mutex_};
      wish = wish_;
    }
    apply(wish);
    report_trouble();
    send_due_blocks();
    const auto latest = now() + kIdleWait;
    source_->wait(stream_ ? std::min(stream_->pacer.due(), latest) : latest, on_samples);
  }
  source_->close();
}

void SoundPipeline::apply(const Wish& wish) {
  if (wish.format.channels != format_.channels) source_->set_channels(wish.format.channels);
  const bool same = wish.format == format_;
  format_ = wish.format;
  if (!wish.streaming) stream_.reset();
  if (!wish.streaming || (stream_ && same)) return;
  stream_.reset();
  auto encoder = OpusEncoder::create(format_);
  if (encoder) {
    stream_.emplace(Stream{std::move(*encoder), BlockPacer{format_, now()}});
  } else if (!trouble_ || trouble_->empty()) {
    trouble_ = describe(encoder.error());
    events_.on_sound(*trouble_);
  }
}

void SoundPipeline::report_trouble() {
  const auto& trouble = source_->trouble();
  if (!trouble || trouble == trouble_) return;
  trouble_ = trouble;
  events_.on_sound(*trouble_);
}

void SoundPipeline::send_due_blocks() {
  if (!stream_) return;
  while (const auto block = stream_->pacer.take(now())) publish(*block);
  stats_.dropped_frames.store(stream_->pacer.dropped_frames(), std::memory_order_relaxed);
}

void SoundPipeline::publish(const BlockPacer::Block& block) {
  const auto packet = stream_->encoder.encode(block.samples);
  if (!packet) {
    log_.error("{}", describe(packet.error()));
    stats_.refused.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  const bool taken = events_.on_packet({.format = format_, .bytes = *packet, .captured = block.captured});
  auto& counter = taken ? stats_.packets : stats_.refused;
  counter.fetch_add(1, std::memory_order_relaxed);
  if (block.silent) stats_.silent.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace lumen::audio
