// lumen/core: the client's sending half: messages and input as sealed datagrams; input edges again until they
// are acknowledged. Sans-I/O. Owner: whoever guards it; lm-recv and the window's thread share one under a
// mutex. Thread-safe: no.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "lumen1/edge_input.hpp"
#include "lumen1/pad_teller.hpp"
#include "lumen1/protection.hpp"

namespace lumen::core {

// A datagram that a function returns is valid until the next call of any; nullopt: there is nothing to send,
// or no connection.
class ClientSender {
 public:
  static constexpr Duration kEdgeInterval = std::chrono::milliseconds{20};

  // A new connection. Edges that still wait belonged to the old one and are dropped; of pads it hears anew.
  Status connect(const lumen1::DirectionKeys& keys, std::uint8_t session);
  bool is_connected() const { return sealer_.has_value(); }

  // New keys from the next datagram on. False: no connection, or the present ones are too young.
  bool update_keys() { return sealer_ && sealer_->update_key(); }

  // As many of them as one datagram holds, and the edges that wait.
  std::optional<ByteView> seal(std::span<const lumen1::ClientMessage> messages);
  // To be sent at once; nothing for input that is not is_carried(). Edges come again in repeat_edges().
  std::optional<ByteView> seal_input(const InputEvent& event);
  // The same of pads. Without a connection it is remembered for the next one.
  std::optional<ByteView> seal_pad(const PadEvent& event, Timestamp now);
  // Waiting edges again, when it is time; and what of pads has come to rest.
  std::optional<ByteView> repeat_edges(Timestamp now);
  // When repeat_edges() has something; nullopt: nothing waits.
  std::optional<Timestamp> next_repeat() const;
  void edges_acknowledged(std::uint32_t sequence) { edges_.acknowledged(sequence); }

 private:
  std::optional<ByteView> seal_body();
  void append_edges();
  void add_pad_edge(const PadEvent& event);
  void catch_up_pads(Timestamp now);

  std::optional<lumen1::Sealer> sealer_;
  lumen1::EdgeSender edges_;
  lumen1::PadTeller pads_;
  std::uint32_t pad_motion_ = 0;
  bool pads_missed_ = false;  // the host has not heard all: too many edges waited
  std::vector<PadEvent> pad_events_;
  Timestamp next_repeat_{};
  std::vector<std::byte> body_, datagram_;
};

}  // namespace lumen::core
