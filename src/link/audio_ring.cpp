#include "link/audio_ring.hpp"

#include <array>
#include <utility>

namespace lumen::link {
namespace {

// Times above this (146 years) are nonsense; below it their differences cannot overflow.
constexpr std::uint64_t kMaxTimeNs = 1ULL << 62U;

enum Word : std::size_t { size, format, captured };
constexpr std::size_t kWords = captured + 1;

constexpr RingShape kShape{
    .magic = 0x6475'614C,  // "Laud"
    .version = 1,
    .slots = kAudioSlots,
    .slot_bytes = kAudioSlotBytes,
    .words = kWords,
};
static_assert(kWords <= kMaxRingWords);

// channels (8) | quality (8) | milliseconds (8)
constexpr std::uint64_t pack(const AudioFormat& value) {
  return value.channels | static_cast<std::uint64_t>(value.quality) << 8U |
         static_cast<std::uint64_t>(value.packet_ms) << 16U;
}

constexpr AudioFormat unpack(std::uint64_t word) {
  return {.channels = static_cast<std::uint8_t>(word),
          .quality = static_cast<AudioQuality>(static_cast<std::uint8_t>(word >> 8U)),
          .packet_ms = static_cast<std::uint8_t>(word >> 16U)};
}

// nullopt when any word makes no sense.
std::optional<AudioPacketView> load(const RingSlot& slot) {
  const auto& words = slot.words;
  if (words[size] == 0 || words[size] > kAudioSlotBytes || words[captured] > kMaxTimeNs) return std::nullopt;
  const auto unpacked = unpack(words[format]);
  if (!is_valid(unpacked) || pack(unpacked) != words[format]) return std::nullopt;
  return AudioPacketView{.format = unpacked,
                         .bytes = {slot.bytes, words[size]},
                         .captured = from_ns(static_cast<std::int64_t>(words[captured]))};
}

}  // namespace

Result<AudioRing> AudioRing::create() {
  LUMEN_TRY(auto slots, SlotRing::create(kShape));
  return AudioRing{std::move(slots)};
}

Result<AudioRing> AudioRing::attach(UniqueFd memory, UniqueFd doorbell) {
  LUMEN_TRY(auto slots, SlotRing::attach(kShape, std::move(memory), std::move(doorbell)));
  return AudioRing{std::move(slots)};
}

bool AudioRing::try_push(const AudioPacketView& packet) {
  const std::array<std::uint64_t, kWords> words{packet.bytes.size(), pack(packet.format),
                                                static_cast<std::uint64_t>(to_ns(packet.captured))};
  return slots_.try_push(packet.bytes, words);
}

std::optional<AudioPacketView> AudioRing::peek() { return slots_.peek(load); }

}  // namespace lumen::link
