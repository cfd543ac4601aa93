// lumen/lumen1: bodies of sound and microphone datagrams: the newest Opus packet and copies of those before
// it, so that a lost datagram costs nothing but the wait for the next one. Sans-I/O.
//
//   0 u32 packet   number of the newest one (low 32 bits); they count from 1
//   4 u8  stream   goes on by one (modulo 256) where a decoder must begin anew
//   5 u8  channels | 6 u8 quality (0 normal, 1 high) | 7 u8 packet_ms
//   8 u32 age_us   the newest packet's last sample captured → sealed
//  12 u8  count    1…4 packets follow, the newest first | 13 u8 zero
//  14 u16 bytes of each, 1…1396; then the packets
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "lumen1/wire.hpp"
#include "media/audio.hpp"

namespace lumen::lumen1 {

inline constexpr std::size_t kMaxSoundCopies = 3, kMaxSoundPackets = 1 + kMaxSoundCopies;
inline constexpr std::size_t kSoundHeaderBytes = 14;
inline constexpr std::size_t kMaxSoundBodyBytes = kMaxDatagramBytes - kClearHeaderBytes - kTagBytes;
inline constexpr std::size_t kMaxSoundPacketBytes = kMaxSoundBodyBytes - kSoundHeaderBytes - 2;  // 1396

// What sound of that kind may be: is_valid() for sound, is_valid_voice() for a microphone.
bool is_valid_for(Kind kind, const AudioFormat& format);

struct SoundBody {
  std::uint32_t packet = 0;
  std::uint8_t stream = 0;
  AudioFormat format;
  std::uint32_t age_us = 0;
  std::uint8_t count = 0;
  std::array<ByteView, kMaxSoundPackets> packets;  // [i] has the number packet − i

  std::span<const ByteView> all() const { return std::span{packets}.first(count); }
};
// `kind` is sound or microphone. nullopt: incomplete, inconsistent, or longer than it says. The packets are
// views of `body`; what is in them is the decoder's business.
std::optional<SoundBody> decode_sound(Kind kind, ByteView body);
// False: no valid body, or no room in `out`; else the first `bytes` of it are the body.
bool encode(const SoundBody& sound, MutableBytes out, std::size_t& bytes);

// Packets to datagrams. Owner: one thread. Never allocates.
class SoundPacketizer {
 public:
  explicit SoundPacketizer(Kind kind) : kind_{kind} {}

  // The next packet comes from another encoder. A change of the format says so by itself.
  void restart() { restart_ = true; }
  // How many earlier packets ride along, at most kMaxSoundCopies; fewer where there is no room.
  void set_copies(std::size_t copies) { copies_ = std::min(copies, kMaxSoundCopies); }
  std::size_t copies() const { return copies_; }

  // A whole datagram, valid until the next call, for Sealer::seal(kind, …). nullopt: an empty or too large
  // packet, or no format of this kind; then nothing was said of it.
  std::optional<MutableBytes> pack(const AudioPacketView& packet, Timestamp now);

 private:
  struct Kept {
    std::array<std::byte, kMaxSoundPacketBytes> bytes;
    std::size_t size = 0;
  };
  ByteView kept(std::uint32_t number) const;
  void keep(ByteView packet);

  Kind kind_;
  std::size_t copies_ = 1;
  bool restart_ = false;
  std::optional<AudioFormat> format_;
  std::uint8_t stream_ = 0;
  std::uint32_t number_ = 0;                      // of the newest
  std::uint32_t first_ = 1;                       // of this stream
  std::array<Kept, kMaxSoundPackets> history_{};  // a packet's place: its number modulo their count
  std::array<std::byte, kMaxDatagramBytes> datagram_{};
};

// Opened bodies to numbered packets. Owner: one thread. Never allocates.
class SoundReader {
 public:
  explicit SoundReader(Kind kind) : kind_{kind} {}

  struct Datagram {
    bool begins_stream = false;  // decode afresh: nothing that came before goes on
    std::uint64_t newest = 0;    // packets[i] has the number newest − i
    SoundBody body;
  };
  // nullopt: malformed (counted), or of a stream that has been replaced.
  std::optional<Datagram> read(ByteView body);
  std::uint64_t malformed() const { return malformed_; }

 private:
  Kind kind_;
  std::optional<std::uint8_t> stream_;
  AudioFormat format_;
  std::uint64_t newest_ = 0;
  std::uint64_t malformed_ = 0;
};

// Tells packets that come for the first time from those that came before, among the last 64. Owner: one
// thread.
class SoundFilter {
 public:
  // Of each number, true once. One that is too old counts as known.
  bool is_new(std::uint64_t number) {
    if (number > newest_) {
      const auto step = number - newest_;
      seen_ = step < kKept ? seen_ << step : 0;
      newest_ = number;
    }
    const auto age = newest_ - number;
    if (age >= kKept || (seen_ >> age & 1U) != 0) return false;
    seen_ |= std::uint64_t{1} << age;
    return true;
  }

 private:
  static constexpr std::uint64_t kKept = 64;
  std::uint64_t newest_ = 0, seen_ = 0;  // bit i: newest_ − i came
};

}  // namespace lumen::lumen1
