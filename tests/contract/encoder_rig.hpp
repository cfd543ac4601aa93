// Tests only: an encoder with pictures to give it and eyes for what it makes of them.
#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "contract/access_units.hpp"
#include "contract/test_pictures.hpp"
#include "interface/video_encoder.hpp"

namespace lumen::contract {

struct EncoderCase {
  std::string name;
  EncoderFactory create;
  PixelFormat format = PixelFormat::nv12;
  Codec codec = Codec::h264;
};

inline std::string case_name(const testing::TestParamInfo<EncoderCase>& info) { return info.param.name; }
inline std::ostream& operator<<(std::ostream& out, const EncoderCase& c) { return out << c.name; }

// An encoder with a pool of pictures that fit it, and the access units' bytes kept for looking at.
class EncoderRig {
 public:
  struct Unit {
    FrameId id;
    PictureKind kind;
    std::uint32_t width, height;
    StageTimes times;
    UnitLook look;
    std::size_t bytes;
  };

  EncoderRig(const EncoderCase& which, EncoderConfig config)
      : config_{std::move(config)}, pool_{make_pool(config_, which.format)} {
    config_.format = which.format;
    config_.codec = which.codec;
    auto created = which.create(config_);
    if (!created) throw std::runtime_error{describe(created.error())};
    encoder_ = std::move(*created);
  }

  VideoEncoder& encoder() { return *encoder_; }

  CapturedFrame captured(const Scene& scene) {
    auto lease = pool_->try_acquire();
    draw(lease->picture(), scene);
    const Timestamp time{std::chrono::milliseconds{sequence_ + 1}};
    return {.picture = std::move(*lease),
            .sequence = ++sequence_,
            .times = {.presented = time, .captured = time}};
  }

  Unit encode(const Scene& scene, bool force_idr = false) {
    const CapturedFrame frame = captured(scene);
    const FrameId id{100 + frame.sequence};
    const auto unit = encoder_->encode(frame, id, force_idr);
    if (!unit) throw std::runtime_error{describe(unit.error())};
    EXPECT_EQ(unit->codec, config_.codec);
    return {unit->id,          unit->kind,  unit->width,
            unit->height,      unit->times, look_at(unit->codec, unit->bytes),
            unit->bytes.size()};
  }

 private:
  static std::shared_ptr<PicturePool> make_pool(const EncoderConfig& config, PixelFormat format) {
    return *PicturePool::create({.format = format,
                                 .color = config.color,
                                 .width = config.mode.width,
                                 .height = config.mode.height,
                                 .count = 2});
  }

  EncoderConfig config_;
  std::shared_ptr<PicturePool> pool_;
  std::unique_ptr<VideoEncoder> encoder_;
  std::uint64_t sequence_ = 0;
};

inline std::vector<unsigned> types(const EncoderRig::Unit& unit) {
  std::vector<unsigned> found;
  for (const Nal& part : unit.look.parts) found.push_back(part.type);
  return found;
}

inline bool is_idr_with_parameter_sets(const EncoderRig::Unit& unit) {
  return unit.kind == PictureKind::idr && unit.look.shape == Shape::idr;
}

inline bool is_plain_delta(const EncoderRig::Unit& unit) {
  return unit.kind == PictureKind::delta && unit.look.shape == Shape::delta;
}

inline std::optional<SpsFacts> sps_of(const EncoderRig::Unit& unit) { return unit.look.facts; }

}  // namespace lumen::contract
