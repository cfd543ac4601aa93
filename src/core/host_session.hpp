// lumen/core: one session's host end, whole: datagrams of clients and access units in; datagrams to send,
// wishes, input and requests for recovery out. Both halves in one object, for programs that give a session
// to one thread; the host itself runs the halves on threads of their own. Sans-I/O. Thread-safe: no.
#pragma once

#include <span>

#include "core/host_receiver.hpp"
#include "core/host_sender.hpp"
#include "lumen1/edge_input.hpp"

namespace lumen::core {

struct HostSessionParams {
  lumen1::Secret secret{};
  lumen1::CipherOffer ciphers = lumen1::preferred_ciphers();  // that clients may use
  HostSenderParams sender;                                    // its session is that of both halves
};

struct HostSessionStats {
  HostSenderStats sender;
  std::uint64_t connections = 0, foreign = 0, refused = 0, malformed = 0, input_events = 0;
  std::uint64_t reported_expected = 0, reported_lost = 0;  // datagrams, by the client
  Duration round_trip{};                                   // the client's estimate, zero: none yet
};

class HostSession {
 public:
  enum class Accepted : std::uint8_t {
    no,
    yes,
    newest,  // and what is sent from now on goes to where it came from
  };
  struct Outgoing {
    Train train;
    bool is_reply = false;  // an answer to the datagram received last: to where that came from
  };

  // `codec` outlives this.
  HostSession(const HostSessionParams& params, const fec::Leopard& codec);

  // It is decrypted in place.
  Result<Accepted> receive(MutableBytes datagram, Timestamp now);
  Status push(const AccessUnitView& unit, Timestamp now) { return sender_.push(unit, now); }
  // What is to be sent, in order; call until nullopt after receive(), push() and say(). Valid until the next
  // call of any of them.
  std::optional<Outgoing> next(Timestamp now);

  // What the client is told: at once, and with each answer to its state.
  void say(const lumen1::HostState& state);
  void say_goodbye() { goodbye_due_ = true; }

  // What the last receive() brought.
  std::span<const InputEvent> inputs() const { return inputs_; }
  bool has_connected() const { return connected_; }
  bool has_left() const { return left_; }
  std::optional<lumen1::ClientState> wish() const { return wish_changed_ ? wish_ : std::nullopt; }

  std::optional<FrameId> take_idr_request() { return sender_.take_idr_request(); }
  HostSender& sender() { return sender_; }
  HostSessionStats stats() const;

 private:
  Status on_connected(Timestamp now);
  void handle(const lumen1::ClientState& state, Timestamp now);
  void handle(const lumen1::Feedback& feedback, Timestamp now);
  void handle(const lumen1::AskShards& ask, Timestamp now);
  void handle(const lumen1::AskRecovery& ask, Timestamp now);
  void handle(const lumen1::ClientInput& input, Timestamp now);
  void handle(const lumen1::ClientPad& pad, Timestamp now);
  void handle(const lumen1::PadWordHeard& heard, Timestamp now);
  void handle(const lumen1::Goodbye& goodbye, Timestamp now);
  std::optional<Train> seal(const lumen1::HostMessage& message, Timestamp now);

  HostReceiver receiver_;
  HostSender sender_;
  lumen1::EdgeReceiver edges_;
  lumen1::HostState state_;
  bool mark_due_ = false, reply_due_ = false, state_due_ = false, goodbye_due_ = false;
  bool connected_ = false, left_ = false, wish_changed_ = false;
  std::optional<lumen1::ClientState> wish_;
  std::vector<InputEvent> inputs_;
  std::vector<std::byte> body_;
  HostSessionStats stats_;
};

}  // namespace lumen::core
