// lumen1/control: how both ends name a stream's secret to the TLS exporter (RFC 8446, 7.5) of the connection
// that it was opened over. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/wire.hpp"
#include "lumen1/control/messages.hpp"

namespace lumen::lumen1::control {

inline constexpr std::string_view kMediaExporter = "EXPORTER-lumen-media";

// u8 session | u32 open_count, little endian: as in Opened.
inline std::array<std::byte, 5> media_context(SessionId session, std::uint32_t open_count) {
  std::array<std::byte, 5> context{};
  ByteWriter writer{context};
  writer.little(session);
  writer.little(open_count);
  return context;
}

}  // namespace lumen::lumen1::control
