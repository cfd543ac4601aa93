// Bodies of sound one after the other, each behind its length: what decodes encodes back to the same bytes,
// and the reader never gives a packet of a stream that was replaced.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

#include "lumen1/sound.hpp"

namespace {

using namespace lumen;
using namespace lumen::lumen1;

void require_same(Kind kind, ByteView body) {
  const auto sound = decode_sound(kind, body);
  if (!sound) return;
  std::array<std::byte, kMaxSoundBodyBytes> again{};
  std::size_t bytes = 0;
  if (!encode(*sound, again, bytes) || !std::ranges::equal(ByteView{again}.first(bytes), body)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader reader{std::as_bytes(std::span{data, size})};
  SoundReader sound{Kind::sound}, microphone{Kind::microphone};
  while (reader.remaining() > 2) {
    const auto length = std::min<std::size_t>(reader.little<std::uint16_t>(), reader.remaining());
    const auto body = reader.take(length);
    require_same(Kind::sound, body);
    require_same(Kind::microphone, body);
    for (auto* each : {&sound, &microphone}) {
      const auto datagram = each->read(body);
      if (datagram && datagram->newest < datagram->body.count) std::abort();
    }
  }
  return 0;
}
