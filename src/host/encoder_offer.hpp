// lumen/host: which codecs to offer to clients, judged from what lumen-session --probe measured. Pure.
//
// A codec is offered when encoding a picture of the least mode takes no more than a share of the time between
// two pictures: what remains is for busier pictures than the measured ones and for the desktop. Clients that
// leave the choice to us prefer AV1 to HEVC to H.264 whatever mode they want: to offer what cannot keep up
// would cost them the frame rate. H.264 is always offered, as every client needs it.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "media/encoder_measurement.hpp"
#include "media/mode.hpp"

namespace lumen::host {

struct OfferPolicy {
  Mode least{1920, 1080, 60'000};
  double busy_share = 0.7;    // of the time between two pictures
  std::vector<Codec> always;  // offered wherever there is an encoder: the user knows what the clients ask for
};

struct CodecVerdict {
  Codec codec = Codec::h264;
  bool offered = false;
  std::uint64_t pixels_per_s = 0;  // sustained within the busy share; 0: not measured, or no encoder
  std::string reason;              // for people: up to which mode, or why not
};

class EncoderOffer {
 public:
  // Before anything was measured: H.264 alone.
  EncoderOffer() : EncoderOffer{{}, {}} {}
  // The last measurement of a codec counts.
  EncoderOffer(std::span<const EncoderMeasurement> measurements, const OfferPolicy& policy);

  bool offers(Codec codec) const { return verdict(codec).offered; }
  // Whether this machine keeps up with the mode. True for a codec that was not measured.
  bool sustains(Codec codec, const Mode& mode) const;
  const CodecVerdict& verdict(Codec codec) const;
  std::span<const CodecVerdict> verdicts() const { return verdicts_; }

 private:
  std::array<CodecVerdict, 3> verdicts_;
};

}  // namespace lumen::host
