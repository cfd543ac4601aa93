// gamestream/media: what a stock client needs of an access unit to show it at all (GameStream part 2, section
// 12). Pure. A client that does not recognise a key frame waits for one for ever, so the host looks first.
#pragma once

#include <string_view>

#include "base/wire.hpp"
#include "gamestream/media/video_wire.hpp"

namespace lumen::gamestream {

enum class UnitFault : std::uint8_t {
  none,
  empty,
  no_start_code,         // H.264, HEVC: must begin with 00 00 01 or 00 00 00 01
  no_parameter_sets,     // an IDR must begin with the SPS (HEVC: the VPS), behind an AUD and SEI at most
  late_idr_slice,        // the header of an IDR's first slice must be in the frame's first packet
  stray_parameter_sets,  // before a picture that is no IDR: it would be taken for one
  stray_idr,             // an IDR slice in a picture that is marked as none
};
std::string_view to_string(UnitFault fault);

// Looks at no more than the first packet's part of `unit`. `packet_size`: as in FramePlanParams. AV1 is
// passed on unread: only emptiness is a fault.
UnitFault check_unit(VideoFormat format, ByteView unit, FrameType type, std::size_t packet_size);

// What a unit of H.264 or HEVC is by its first slice, which is what stock clients go by: `told` otherwise,
// and when there is no slice near its beginning.
FrameType seen_type(VideoFormat format, ByteView unit, FrameType told);

}  // namespace lumen::gamestream
