#include "gamestream/media/bitstream.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace lumen::gamestream {
namespace {

enum class Nal : std::uint8_t { delimiter, information, first_set, other_set, idr_slice, slice, other };

Nal classify_h264(std::byte header) {
  switch (std::to_integer<unsigned>(header) & 31U) {
    case 1:
    case 2:
      return Nal::slice;
    case 5:
      return Nal::idr_slice;
    case 6:
      return Nal::information;
    case 7:
      return Nal::first_set;
    case 8:
      return Nal::other_set;
    case 9:
      return Nal::delimiter;
    default:
      return Nal::other;
  }
}

Nal classify_hevc(std::byte header) {
  const auto type = std::to_integer<unsigned>(header) >> 1U & 63U;
  if (type < 16) return Nal::slice;
  if (type <= 21) return Nal::idr_slice;  // any random access point counts
  switch (type) {
    case 32:
      return Nal::first_set;
    case 33:
    case 34:
      return Nal::other_set;
    case 35:
      return Nal::delimiter;
    case 39:
    case 40:
      return Nal::information;
    default:
      return Nal::other;
  }
}

// Walks the NAL units whose header lies wholly in `bytes`.
class NalWalk {
 public:
  NalWalk(VideoFormat format, ByteView bytes) : hevc_{format == VideoFormat::hevc}, rest_{bytes} {}
  std::optional<Nal> next() {
    constexpr std::array kStartCode{std::byte{0}, std::byte{0}, std::byte{1}};
    const auto found = std::ranges::search(rest_, kStartCode);
    rest_ = ByteView{found.end(), rest_.end()};
    if (rest_.size() < (hevc_ ? 2U : 1U)) return std::nullopt;
    return hevc_ ? classify_hevc(rest_.front()) : classify_h264(rest_.front());
  }

 private:
  bool hevc_;
  ByteView rest_;
};

bool begins_with_start_code(ByteView unit) {
  ByteReader reader{unit};
  if (reader.big<std::uint16_t>() != 0) return false;
  const auto third = reader.big<std::uint8_t>();
  return third == 1 || (third == 0 && reader.big<std::uint8_t>() == 1);
}

UnitFault check_idr(NalWalk walk) {
  bool sets = false;
  while (const auto nal = walk.next()) {
    switch (*nal) {
      case Nal::first_set:
        sets = true;
        break;
      case Nal::delimiter:
      case Nal::information:
        break;
      case Nal::idr_slice:
        return sets ? UnitFault::none : UnitFault::no_parameter_sets;
      default:
        if (!sets) return UnitFault::no_parameter_sets;
    }
  }
  return sets ? UnitFault::late_idr_slice : UnitFault::no_parameter_sets;
}

UnitFault check_predicted(NalWalk walk) {
  while (const auto nal = walk.next()) {
    if (*nal == Nal::first_set) return UnitFault::stray_parameter_sets;
    if (*nal == Nal::idr_slice) return UnitFault::stray_idr;
    if (*nal == Nal::slice) break;
  }
  return UnitFault::none;
}

}  // namespace

std::string_view to_string(UnitFault fault) {
  switch (fault) {
    case UnitFault::none:
      return "none";
    case UnitFault::empty:
      return "it is empty";
    case UnitFault::no_start_code:
      return "it does not begin with a start code";
    case UnitFault::no_parameter_sets:
      return "a key frame does not begin with its parameter sets";
    case UnitFault::late_idr_slice:
      return "the first slice of a key frame begins behind the first packet";
    case UnitFault::stray_parameter_sets:
      return "there are parameter sets before a picture that is no key frame";
    case UnitFault::stray_idr:
      return "a key frame is not marked as one";
  }
  return "unknown";
}

UnitFault check_unit(VideoFormat format, ByteView unit, FrameType type, std::size_t packet_size) {
  if (unit.empty()) return UnitFault::empty;
  if (format == VideoFormat::av1) return UnitFault::none;
  if (!begins_with_start_code(unit)) return UnitFault::no_start_code;
  const auto first_packet = packet_size - kNvHeaderBytes - kFrameHeaderBytes;
  const NalWalk walk{format, unit.first(std::min(unit.size(), first_packet))};
  return type == FrameType::idr ? check_idr(walk) : check_predicted(walk);
}

FrameType seen_type(VideoFormat format, ByteView unit, FrameType told) {
  constexpr std::size_t kNearBytes = 16U << 10U;
  if (format == VideoFormat::av1) return told;
  NalWalk walk{format, unit.first(std::min(unit.size(), kNearBytes))};
  while (const auto nal = walk.next()) {
    if (*nal == Nal::idr_slice) return FrameType::idr;
    if (*nal == Nal::slice) return told == FrameType::idr ? FrameType::predicted : told;
  }
  return told;
}

}  // namespace lumen::gamestream
