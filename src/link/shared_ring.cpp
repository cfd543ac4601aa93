#include "link/shared_ring.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "media/mode.hpp"

namespace lumen::link {
namespace {

// Times above this (146 years) are nonsense; below it their differences cannot overflow.
constexpr std::uint64_t kMaxTimeNs = 1ULL << 62U;

enum Word : std::size_t { id, size, picture, presented, captured, encode_begin, encode_end };
constexpr std::size_t kWords = encode_end + 1;

constexpr RingShape kShape{
    .magic = 0x676E'724C,  // "Lrng"
    .version = 1,
    .slots = kSlots,
    .slot_bytes = kSlotBytes,
    .words = kWords,
};
static_assert(kWords <= kMaxRingWords);

// codec (8) | kind (8) | height (24) | width (24)
constexpr std::uint64_t pack_picture(const AccessUnitView& unit) {
  return static_cast<std::uint64_t>(unit.codec) | static_cast<std::uint64_t>(unit.kind) << 8U |
         static_cast<std::uint64_t>(unit.height & 0xFF'FFFFU) << 16U |
         static_cast<std::uint64_t>(unit.width & 0xFF'FFFFU) << 40U;
}

std::array<std::uint64_t, kWords> words_of(const AccessUnitView& unit) {
  std::array<std::uint64_t, kWords> words{};
  words[id] = unit.id.value;
  words[size] = unit.bytes.size();
  words[picture] = pack_picture(unit);
  words[presented] = static_cast<std::uint64_t>(to_ns(unit.times.presented));
  words[captured] = static_cast<std::uint64_t>(to_ns(unit.times.captured));
  words[encode_begin] = static_cast<std::uint64_t>(to_ns(unit.times.encode_begin));
  words[encode_end] = static_cast<std::uint64_t>(to_ns(unit.times.encode_end));
  return words;
}

// nullopt when any word makes no sense.
std::optional<AccessUnitView> load(const RingSlot& slot) {
  const auto words = std::span{slot.words}.first(kWords);
  const auto codec = words[picture] & 0xFFU;
  const auto kind = words[picture] >> 8U & 0xFFU;
  const auto height = static_cast<std::uint32_t>(words[picture] >> 16U & 0xFF'FFFFU);
  const auto width = static_cast<std::uint32_t>(words[picture] >> 40U);
  const auto is_side = [](std::uint32_t pixels) { return pixels > 0 && pixels <= kMaxModeSize; };
  if (words[size] == 0 || words[size] > kSlotBytes || !is_side(width) || !is_side(height)) {
    return std::nullopt;
  }
  if (codec < static_cast<std::uint64_t>(Codec::h264) || codec > static_cast<std::uint64_t>(Codec::av1)) {
    return std::nullopt;
  }
  if (kind > static_cast<std::uint64_t>(PictureKind::idr)) return std::nullopt;
  const bool sane_times =
      std::ranges::all_of(words.subspan(presented), [](std::uint64_t ns) { return ns <= kMaxTimeNs; });
  if (!sane_times) return std::nullopt;
  const auto time = [words](Word word) { return from_ns(static_cast<std::int64_t>(words[word])); };
  return AccessUnitView{
      .id = {words[id]},
      .codec = static_cast<Codec>(codec),
      .kind = static_cast<PictureKind>(kind),
      .width = width,
      .height = height,
      .bytes = {slot.bytes, words[size]},
      .times = {.presented = time(presented),
                .captured = time(captured),
                .encode_begin = time(encode_begin),
                .encode_end = time(encode_end)},
  };
}

}  // namespace

Result<SharedRing> SharedRing::create() {
  LUMEN_TRY(auto slots, SlotRing::create(kShape));
  return SharedRing{std::move(slots)};
}

Result<SharedRing> SharedRing::attach(UniqueFd memory, UniqueFd doorbell) {
  LUMEN_TRY(auto slots, SlotRing::attach(kShape, std::move(memory), std::move(doorbell)));
  return SharedRing{std::move(slots)};
}

bool SharedRing::try_push(const AccessUnitView& unit) { return slots_.try_push(unit.bytes, words_of(unit)); }

std::optional<AccessUnitView> SharedRing::peek() { return slots_.peek(load); }

}  // namespace lumen::link
