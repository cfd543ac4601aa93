// lumen/lumen1: game pads inside messages: what a client's pads do, and what a host wants of them. Part of
// messages.hpp. Sans-I/O.
#pragma once

#include <optional>
#include <vector>

#include "base/wire.hpp"
#include "media/pad.hpp"

namespace lumen::lumen1 {

// Edges (a pad comes or goes, buttons, fingers down and up, the battery, a stick that came to rest) are
// numbered in one row with those of ClientInput and repeated like them. Motion is sent once; the newest of
// each kind wins, and none is delivered before the edges that went before it.
struct ClientPad {
  std::uint32_t edge = 0;    // of an edge: its number; of motion: the number of the last edge before it
  std::uint32_t motion = 0;  // 0: an edge; else counts up on a connection
  PadEvent event;            // of an arrival the identity is not carried: the host gives it one
};
// All that the client has not been heard to know, the newest of each kind: so the newest word is enough.
struct PadWord {
  std::uint32_t sequence = 0;  // 1, 2, 3 … on a connection
  std::vector<PadFeedback> feedback;
};
struct PadWordHeard {
  std::uint32_t sequence = 0;  // of the newest word that was taken
};

inline constexpr float kMaxPadMotion = 1e5F;  // own motion is clamped, a peer's beyond it refused
// Of each pad: rumble, trigger rumble, light, adaptive triggers, and motion of two sensors.
inline constexpr std::size_t kMaxPadFeedback = std::size_t{kMaxPads} * 6;

// Whether it may be sent as motion, or as an edge.
bool may_be_motion(const PadEvent& event);
bool may_be_edge(const PadEvent& event);

// The fields of a message; used by messages.cpp.
void put(ByteWriter& out, const ClientPad& pad);
void put(ByteWriter& out, const PadWord& word);
std::optional<ClientPad> read_client_pad(ByteReader& in);
std::optional<PadWord> read_pad_word(ByteReader& in);

}  // namespace lumen::lumen1
