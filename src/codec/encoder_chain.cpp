#include "codec/encoder_chain.hpp"

#include <utility>

namespace lumen::codec {

// What create() gives: the link that works, and when it does not, the one after it.
class ChainEncoder final : public VideoEncoder {
 public:
  ChainEncoder(EncoderChain& chain, EncoderConfig config, EncoderChain::Opened opened)
      : chain_{chain}, config_{std::move(config)}, opened_{std::move(opened)} {}

  const EncoderDescription& description() const override { return opened_.encoder->description(); }

  Result<AccessUnitView> encode(const CapturedFrame& frame, FrameId id, bool force_idr) override {
    for (;;) {
      auto unit = try_encode(frame, id, force_idr);
      // What the caller did wrong would be wrong for the next one too.
      if (unit || unit.error().code == ErrorCode::invalid_argument || chain_.is_floor(opened_.link))
        return unit;
      chain_.switch_off(opened_.link, unit.error());
      opened_.encoder.reset();  // its GPU may not be asked for two
      auto next = chain_.open(config_);
      if (!next) {
        opened_.encoder = std::make_unique<NoEncoder>();
        return tl::unexpected{std::move(next).error()};
      }
      opened_ = std::move(*next);
      force_idr = true;
    }
  }

  Status set_bitrate(BitsPerSecond bitrate) override {
    LUMEN_CHECK_OK(opened_.encoder->set_bitrate(bitrate));
    config_.bitrate = bitrate;  // for the next one
    return {};
  }

 private:
  // None of them opened any more.
  class NoEncoder final : public VideoEncoder {
   public:
    const EncoderDescription& description() const override { return description_; }
    Result<AccessUnitView> encode(const CapturedFrame&, FrameId, bool) override {
      return fail(ErrorCode::unavailable, "encoder.failed", "no encoder works any more");
    }
    Status set_bitrate(BitsPerSecond) override { return {}; }

   private:
    const EncoderDescription description_{"none", "every encoder failed"};
  };

  Result<AccessUnitView> try_encode(const CapturedFrame& frame, FrameId id, bool force_idr) {
    if (frame.device != nullptr && !chain_.links_[opened_.link].takes_device_pictures) {
      auto copied = frame.device->download(frame.picture.picture());
      if (!copied) {  // the GPU is gone, and this picture with it
        copied.error().code = ErrorCode::unavailable;
        return tl::unexpected{std::move(copied).error()};
      }
    }
    return opened_.encoder->encode(frame, id, force_idr);
  }

  EncoderChain& chain_;
  EncoderConfig config_;
  EncoderChain::Opened opened_;
};

EncoderChain::EncoderChain(std::vector<Link> links, Logger& log)
    : links_{std::move(links)}, log_{log}, off_(links_.size(), false) {}

Result<std::unique_ptr<VideoEncoder>> EncoderChain::create(const EncoderConfig& config) {
  LUMEN_TRY(auto opened, open(config));
  return std::make_unique<ChainEncoder>(*this, config, std::move(opened));
}

Result<EncoderChain::Opened> EncoderChain::open(const EncoderConfig& config) {
  for (std::size_t link = 0; !is_floor(link); ++link) {
    if (is_off(link)) continue;
    auto encoder = links_[link].create(config);
    if (encoder) return Opened{std::move(*encoder), link};
    // What no encoder takes is no fault of this one.
    if (encoder.error().code == ErrorCode::invalid_argument)
      return tl::unexpected{std::move(encoder).error()};
    switch_off(link, encoder.error());
  }
  LUMEN_TRY(auto floor, links_.back().create(config));
  return Opened{std::move(floor), links_.size() - 1};
}

void EncoderChain::switch_off(std::size_t link, const Error& why) {
  {
    MutexLock lock{mutex_};
    off_[link] = true;
  }
  // What was never there is no news.
  const auto level = why.code == ErrorCode::unsupported ? spdlog::level::info : spdlog::level::warn;
  log_.log(level, "{} is off for this session: {}", links_[link].name, describe(why));
}

bool EncoderChain::is_off(std::size_t link) const {
  MutexLock lock{mutex_};
  return off_[link];
}

bool EncoderChain::may_take_device_pictures() const {
  MutexLock lock{mutex_};
  for (std::size_t link = 0; link < links_.size(); ++link) {
    if (links_[link].takes_device_pictures && !off_[link]) return true;
  }
  return false;
}

}  // namespace lumen::codec
