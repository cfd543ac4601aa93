// Two hostile access units, then a good IDR, which must decode whatever came before.
// Input: two bytes say where the first unit ends and whether the units start as the good one does.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "codec/software.hpp"
#include "contract/test_pictures.hpp"

namespace {

using namespace lumen;

std::vector<std::byte> good_idr() {
  const Mode mode{64, 64, 60'000};
  const auto pool = *PicturePool::create({.width = 64, .height = 64, .count = 1});
  auto lease = *pool->try_acquire();
  contract::draw(lease.picture(), {});
  const CapturedFrame frame{.picture = std::move(lease), .sequence = 1, .times = {}};
  const auto encoder = *codec::create_x264_encoder({.mode = mode, .bitrate = {1'000'000}, .threads = 1});
  const auto bytes = encoder->encode(frame, FrameId{1}, true).value().bytes;
  return {bytes.begin(), bytes.end()};
}

AccessUnit unit_of(std::vector<std::byte> bytes) {
  return {.id = FrameId{1}, .width = 64, .height = 64, .bytes = std::move(bytes)};
}

// `over` replaces the good unit's bytes from the offset that its first byte tells; that gets past the
// headers.
std::vector<std::byte> damaged(std::vector<std::byte> good, ByteView over) {
  if (over.empty()) return good;
  const std::size_t at = std::to_integer<std::size_t>(over[0]) * 4 % good.size();
  const std::size_t count = std::min(over.size() - 1, good.size() - at);
  std::copy_n(over.begin() + 1, count, good.begin() + static_cast<std::ptrdiff_t>(at));
  return good;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<std::byte> good = good_idr();
  static const auto decoder = *codec::create_decoder(Codec::h264);
  if (size < 2) return 0;
  const ByteView input = std::as_bytes(std::span{data, size}).subspan(2);
  const std::size_t split = std::min<std::size_t>(data[0] * 16U, input.size());
  for (const ByteView part : {input.first(split), input.subspan(split)}) {
    const bool raw = (data[1] & 1U) != 0;
    const auto unit = unit_of(raw ? std::vector<std::byte>{part.begin(), part.end()} : damaged(good, part));
    (void)decoder->decode(unit).has_value();
  }
  if (auto r = decoder->decode(unit_of(good)); !r) {
    std::fputs(describe(r.error()).c_str(), stderr);
    std::abort();
  }
  return 0;
}
