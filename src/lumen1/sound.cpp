#include "lumen1/sound.hpp"

#include <algorithm>
#include <limits>

namespace lumen::lumen1 {
namespace {

// Packet numbers on the wire are unwrapped to the one nearest to the newest; they begin here, so that an
// older one is no underflow.
constexpr std::uint64_t kFirstEra = std::uint64_t{1} << 32U;

std::uint32_t age_us(Timestamp captured, Timestamp now) {
  if (captured == Timestamp{} || now <= captured) return 0;
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(now - captured).count();
  return static_cast<std::uint32_t>(std::min<std::int64_t>(us, std::numeric_limits<std::uint32_t>::max()));
}

std::optional<SoundBody> decode_header(Kind kind, ByteReader& reader) {
  SoundBody sound;
  sound.packet = reader.little<std::uint32_t>();
  sound.stream = reader.little<std::uint8_t>();
  sound.format.channels = reader.little<std::uint8_t>();
  sound.format.quality = static_cast<AudioQuality>(reader.little<std::uint8_t>());
  sound.format.packet_ms = reader.little<std::uint8_t>();
  sound.age_us = reader.little<std::uint32_t>();
  sound.count = reader.little<std::uint8_t>();
  const auto zero_13 = reader.little<std::uint8_t>();
  if (!reader.ok() || zero_13 != 0 || !is_valid_for(kind, sound.format)) return std::nullopt;
  if (sound.count < 1 || sound.count > kMaxSoundPackets) return std::nullopt;
  return sound;
}

bool has_valid_packets(const SoundBody& sound) {
  return sound.count >= 1 && sound.count <= kMaxSoundPackets &&
         std::ranges::all_of(sound.all(), [](ByteView packet) {
           return !packet.empty() && packet.size() <= kMaxSoundPacketBytes;
         });
}

}  // namespace

bool is_valid_for(Kind kind, const AudioFormat& format) {
  return kind == Kind::microphone ? is_valid_voice(format) : is_valid(format);
}

std::optional<SoundBody> decode_sound(Kind kind, ByteView body) {
  if (body.size() > kMaxSoundBodyBytes) return std::nullopt;
  ByteReader reader{body};
  auto sound = decode_header(kind, reader);
  if (!sound) return std::nullopt;
  std::array<std::uint16_t, kMaxSoundPackets> sizes{};
  for (auto& size : std::span{sizes}.first(sound->count)) size = reader.little<std::uint16_t>();
  for (std::size_t i = 0; i < sound->count; ++i) sound->packets[i] = reader.take(sizes[i]);
  if (!reader.ok() || reader.remaining() != 0 || !has_valid_packets(*sound)) return std::nullopt;
  return sound;
}

bool encode(const SoundBody& sound, MutableBytes out, std::size_t& bytes) {
  if (!has_valid_packets(sound)) return false;
  ByteWriter writer{out};
  writer.little(sound.packet);
  writer.little(sound.stream);
  writer.little(sound.format.channels);
  writer.little(static_cast<std::uint8_t>(sound.format.quality));
  writer.little(sound.format.packet_ms);
  writer.little(sound.age_us);
  writer.little(sound.count);
  writer.little(std::uint8_t{0});
  for (const auto packet : sound.all()) writer.little(static_cast<std::uint16_t>(packet.size()));
  for (const auto packet : sound.all()) writer.put(packet);
  bytes = writer.size();
  return writer.ok();
}

ByteView SoundPacketizer::kept(std::uint32_t number) const {
  const auto& place = history_[number % kMaxSoundPackets];
  return ByteView{place.bytes}.first(place.size);
}

void SoundPacketizer::keep(ByteView packet) {
  auto& place = history_[number_ % kMaxSoundPackets];
  std::ranges::copy(packet, place.bytes.begin());
  place.size = packet.size();
}

std::optional<MutableBytes> SoundPacketizer::pack(const AudioPacketView& packet, Timestamp now) {
  if (packet.bytes.empty() || packet.bytes.size() > kMaxSoundPacketBytes ||
      !is_valid_for(kind_, packet.format)) {
    return std::nullopt;
  }
  ++number_;
  if (restart_ || (format_ && *format_ != packet.format)) {
    ++stream_;
    first_ = number_;
  }
  restart_ = false;
  format_ = packet.format;
  keep(packet.bytes);
  SoundBody sound{.packet = number_,
                  .stream = stream_,
                  .format = packet.format,
                  .age_us = age_us(packet.captured, now),
                  .count = 0,
                  .packets = {}};
  std::size_t used = kSoundHeaderBytes;
  const auto wanted = std::min<std::size_t>(copies_, number_ - first_);
  for (std::uint32_t i = 0; i <= wanted; ++i) {
    const auto next = kept(number_ - i);
    used += 2 + next.size();
    if (used > kMaxSoundBodyBytes) break;
    sound.packets[sound.count++] = next;
  }
  std::size_t bytes = 0;
  const auto whole = MutableBytes{datagram_};
  if (!encode(sound, whole.subspan(kClearHeaderBytes, kMaxSoundBodyBytes), bytes)) return std::nullopt;
  return whole.first(kClearHeaderBytes + bytes + kTagBytes);
}

std::optional<SoundReader::Datagram> SoundReader::read(ByteView body) {
  const auto sound = decode_sound(kind_, body);
  if (!sound) {
    ++malformed_;
    return std::nullopt;
  }
  Datagram datagram{.begins_stream = !stream_, .newest = kFirstEra + sound->packet, .body = *sound};
  if (stream_) {
    const auto ahead = static_cast<std::int8_t>(static_cast<std::uint8_t>(sound->stream - *stream_));
    if (ahead < 0) return std::nullopt;  // was overtaken
    if (ahead == 0 && sound->format != format_) {
      ++malformed_;
      return std::nullopt;
    }
    datagram.begins_stream = ahead > 0;
    const auto step = static_cast<std::int32_t>(sound->packet - static_cast<std::uint32_t>(newest_));
    datagram.newest = newest_ + static_cast<std::uint64_t>(std::int64_t{step});
  }
  stream_ = sound->stream;
  format_ = sound->format;
  newest_ = std::max(newest_, datagram.newest);
  return datagram;
}

}  // namespace lumen::lumen1
