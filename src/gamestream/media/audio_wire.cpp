#include "gamestream/media/audio_wire.hpp"

namespace lumen::gamestream {
namespace {

constexpr std::uint8_t kVersion = 0x80, kDataType = 97, kParityType = 127;

void write_rtp(std::uint8_t type, std::uint16_t sequence, std::uint32_t time, ByteWriter& writer) {
  writer.big(kVersion);
  writer.big(type);
  writer.big(sequence);
  writer.big(time);
  writer.big(std::uint32_t{0});
}

// The version byte is not looked at, as by stock clients.
bool has_type(std::uint8_t type, ByteReader& reader) {
  reader.take(1);
  return reader.big<std::uint8_t>() == type;
}

}  // namespace

void write_audio_data_header(const AudioDataHeader& header, MutableBytes out) {
  ByteWriter writer{out.first(kAudioHeaderBytes)};
  write_rtp(kDataType, header.sequence, header.time_ms, writer);
}

void write_audio_parity_header(const AudioParityHeader& header, MutableBytes out) {
  ByteWriter writer{out.first(kAudioParityHeaderBytes)};
  const auto sequence = header.base_sequence + fec::kAudioDataShards + header.shard;
  write_rtp(kParityType, static_cast<std::uint16_t>(sequence), 0, writer);
  writer.big(header.shard);
  writer.big(kDataType);
  writer.big(header.base_sequence);
  writer.big(header.base_time_ms);
  writer.big(std::uint32_t{0});
}

std::optional<AudioDataHeader> parse_audio_data(ByteView datagram) {
  ByteReader reader{datagram};
  if (!has_type(kDataType, reader)) return std::nullopt;
  AudioDataHeader header;
  header.sequence = reader.big<std::uint16_t>();
  header.time_ms = reader.big<std::uint32_t>();
  reader.take(4);
  if (!reader.ok() || reader.remaining() == 0) return std::nullopt;
  return header;
}

std::optional<AudioParityHeader> parse_audio_parity(ByteView datagram) {
  ByteReader reader{datagram};
  if (!has_type(kParityType, reader)) return std::nullopt;
  reader.take(kAudioHeaderBytes - 2);
  AudioParityHeader header;
  header.shard = reader.big<std::uint8_t>();
  const auto protects = reader.big<std::uint8_t>();
  header.base_sequence = reader.big<std::uint16_t>();
  header.base_time_ms = reader.big<std::uint32_t>();
  reader.take(4);
  if (!reader.ok() || reader.remaining() == 0 || protects != kDataType) return std::nullopt;
  if (header.shard >= fec::kAudioParityShards || header.base_sequence % fec::kAudioDataShards != 0)
    return std::nullopt;
  return header;
}

crypto::Aes128Cbc::Iv audio_iv(std::uint32_t key_id, std::uint16_t sequence) {
  crypto::Aes128Cbc::Iv iv{};
  ByteWriter{iv}.big(key_id + sequence);
  return iv;
}

}  // namespace lumen::gamestream
