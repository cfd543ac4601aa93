// Tests only: what an access unit of any codec looks like from outside.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "contract/av1_headers.hpp"
#include "contract/h264_headers.hpp"
#include "contract/hevc_headers.hpp"
#include "media/frames.hpp"

namespace lumen::contract {

enum class Shape {
  idr,    // parameter sets, then one picture that needs no other
  delta,  // one picture, nothing before it
  other,
};

// `order` without repetitions next to each other: several slices count as one.
inline std::vector<unsigned> without_repeats(std::vector<unsigned> order) {
  order.erase(std::ranges::unique(order).begin(), order.end());
  return order;
}

// SEI units may be anywhere, as the client removes them.
inline Shape h264_shape(const std::vector<Nal>& nals) {
  std::vector<unsigned> order;
  for (const Nal& nal : nals) {
    if (nal.type == kSlice || nal.type == kIdrSlice || nal.type == kSps || nal.type == kPps)
      order.push_back(nal.type);
  }
  order = without_repeats(std::move(order));
  if (order == std::vector{kSps, kPps, kIdrSlice}) return Shape::idr;
  return order == std::vector{kSlice} ? Shape::delta : Shape::other;
}

inline Shape hevc_shape(const std::vector<Nal>& nals) {
  std::vector<unsigned> order;
  for (const Nal& nal : nals) order.push_back(nal.type);
  order = without_repeats(std::move(order));
  const bool one_picture = !order.empty() && order.back() < kHevcFirstNonVcl;
  if (order == std::vector{kHevcVps, kHevcSps, kHevcPps, kHevcIdr} ||
      order == std::vector{kHevcVps, kHevcSps, kHevcPps, kHevcIdrWithRadl}) {
    return Shape::idr;
  }
  return one_picture && order.size() == 1 && order.front() < 16 ? Shape::delta : Shape::other;
}

inline Shape av1_shape(const std::vector<Nal>& obus) {
  std::vector<unsigned> order;
  for (const Nal& obu : obus) order.push_back(obu.type);
  if (order.empty() || order.back() != kAv1Frame) return Shape::other;
  const Av1Frame frame = parse_av1_frame(obus.back());
  if (!frame.shown || frame.shows_existing) return Shape::other;
  if (order == std::vector{kAv1Delimiter, kAv1Sequence, kAv1Frame} && frame.type == kAv1Key)
    return Shape::idr;
  return order == std::vector{kAv1Delimiter, kAv1Frame} && frame.type == kAv1Inter ? Shape::delta
                                                                                   : Shape::other;
}

struct UnitLook {
  Shape shape = Shape::other;
  std::vector<Nal> parts;         // NAL units, or OBUs
  std::optional<SpsFacts> facts;  // when there is a parameter set
  unsigned ticks_per_picture = 1;
};

inline UnitLook look_at(Codec codec, ByteView bytes) {
  UnitLook look;
  const auto facts_of = [&look](unsigned type, auto parse) {
    for (const Nal& part : look.parts) {
      if (part.type == type && !look.facts) look.facts = parse(part);
    }
  };
  switch (codec) {
    case Codec::h264:
      look.parts = parse_nals(bytes);
      look.shape = h264_shape(look.parts);
      look.ticks_per_picture = 2;  // ticks count fields
      facts_of(kSps, parse_sps);
      break;
    case Codec::hevc:
      look.parts = parse_hevc_nals(bytes);
      look.shape = hevc_shape(look.parts);
      facts_of(kHevcSps, parse_hevc_sps);
      break;
    case Codec::av1:
      look.parts = parse_obus(bytes);
      look.shape = av1_shape(look.parts);
      facts_of(kAv1Sequence, parse_av1_sequence);
      break;
  }
  return look;
}

}  // namespace lumen::contract
