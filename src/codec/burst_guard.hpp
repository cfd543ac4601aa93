// lumen/codec, private: keeps single pictures near their share of the bitrate where the library's own rate
// control only sees to the mean, as libaom's does. A picture that little can be predicted of (a key frame, a
// scene cut) and the one behind it would cost four to five shares. So such a picture gets a quantizer at
// which the last of its kind had cost one share, and the pictures behind it become finer by steps.
#pragma once

#include <cstdint>
#include <vector>

#include "media/picture.hpp"

namespace lumen::codec {

// Tells a picture that has little in common with the one before it by the means of its blocks,
// which panning changes little.
class CutDetector {
 public:
  // Of the next picture; all are of one size. False for the first two. Allocates for the first.
  bool is_cut(const Picture& picture);

 private:
  std::vector<float> means_;
  std::uint64_t seen_ = 0;       // pictures
  double usual_difference_ = 0;  // of a block, 0…255
};

// Pure. Quantizers are the library's external ones: larger is coarser, 0…63.
class BurstGuard {
 public:
  static constexpr int kFinest = 2, kCoarsest = 63;

  explicit BurstGuard(double bits_per_pixel);
  // What the next picture may not be finer than. `fresh`: a key frame or a cut.
  int least_quantizer(bool fresh);
  // What it then had, and its size in shares.
  void encoded(int quantizer, double shares);

 private:
  double fresh_quantizer_;  // makes a fresh picture cost about one share
  int least_ = kFinest;
  bool fresh_ = true;
};

}  // namespace lumen::codec
