#include "gamestream/media/audio_packetizer.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace lumen::gamestream {

using fec::kAudioDataShards;
using fec::kAudioParityShards;

Result<AudioPacketizer> AudioPacketizer::create(const AudioPacketizerParams& params, ByteView key) {
  if (params.packet_ms == 0) {
    return fail(ErrorCode::invalid_argument, "audio.packet-ms", "an audio packet must hold some time",
                "Use 5 or 10 ms");
  }
  if (key.empty()) return AudioPacketizer{params, std::nullopt};
  LUMEN_TRY(auto cipher, crypto::Aes128Cbc::create(key));
  return AudioPacketizer{params, std::move(cipher)};
}

AudioPacketizer::AudioPacketizer(const AudioPacketizerParams& params, std::optional<crypto::Aes128Cbc> cipher)
    : params_{params},
      cipher_{std::move(cipher)},
      packet_{params.first_packet},
      time_ms_{params.first_time_ms.value_or(params.first_packet * params.packet_ms)} {}

bool AudioPacketizer::write_payload(ByteView opus, MutableBytes out) {
  if (cipher_) return cipher_->encrypt(audio_iv(params_.key_id, sequence()), opus, out);
  std::ranges::copy(opus, out.begin());
  return true;
}

Result<PackedAudio> AudioPacketizer::pack(ByteView opus) {
  const auto payload = cipher_ ? crypto::Aes128Cbc::sealed_bytes(opus.size()) : opus.size();
  if (opus.empty() || payload > kMaxAudioPayloadBytes) {
    return fail(ErrorCode::invalid_argument, "audio.size",
                fmt::format("an audio packet of {} bytes cannot be sent", opus.size()), "Lower the bit rate");
  }
  if (in_block_ > 0 && payload != payload_bytes_) {
    const auto rest = static_cast<std::uint32_t>(kAudioDataShards - place());
    packet_ += rest;
    time_ms_ += rest * params_.packet_ms;
    in_block_ = 0;
  }
  payload_bytes_ = payload;
  auto& datagram = memory_->datagrams[place()];
  const auto bytes = MutableBytes{datagram}.first(kAudioHeaderBytes + payload);
  write_audio_data_header({.sequence = sequence(), .time_ms = time_ms_}, bytes);
  if (!write_payload(opus, bytes.subspan(kAudioHeaderBytes)))
    return fail(ErrorCode::internal, "audio.encrypt", "an audio packet cannot be encrypted");
  memory_->views[0] = bytes;
  ++packet_;
  time_ms_ += params_.packet_ms;
  ++in_block_;
  std::size_t count = 1;
  if (place() == 0) {
    // A block that began in the middle has no parity: the client could not use it.
    if (std::exchange(in_block_, 0) == kAudioDataShards) {
      write_parity();
      count += kAudioParityShards;
    }
  }
  return PackedAudio{std::span{memory_->views}.first(count)};
}

void AudioPacketizer::write_parity() {
  std::array<const std::byte*, kAudioDataShards> data{};
  std::array<std::byte*, kAudioParityShards> parity{};
  for (std::size_t i = 0; i < kAudioDataShards; ++i)
    data[i] = memory_->datagrams[i].data() + kAudioHeaderBytes;
  for (std::size_t i = 0; i < kAudioParityShards; ++i) {
    auto& datagram = memory_->datagrams[kAudioDataShards + i];
    const AudioParityHeader header{
        .shard = static_cast<std::uint8_t>(i),
        .base_sequence = static_cast<std::uint16_t>(packet_ - kAudioDataShards),
        .base_time_ms = time_ms_ - static_cast<std::uint32_t>(kAudioDataShards) * params_.packet_ms};
    write_audio_parity_header(header, datagram);
    parity[i] = datagram.data() + kAudioParityHeaderBytes;
    memory_->views[1 + i] = ByteView{datagram}.first(kAudioParityHeaderBytes + payload_bytes_);
  }
  code_.encode(data, parity, payload_bytes_);
}

}  // namespace lumen::gamestream
