// lumen/gamestream/control: a session's control stream at the host (spec part 3). Sans-I/O: packets of the
// ENet connection in; events, input and sealed packets out.
//
// The order of things: create() when the session is launched; connected() at the ENet connection; receive()
// for each packet; after every batch next_outgoing() until it has none, drain_input(), and tick() no later
// than next_deadline(). After terminate() keep all that up until the client disconnects or CloseNow comes:
// an ENet disconnect right behind a termination loses it.
//
// Owner: one thread. Thread-safe: no.
#pragma once

#include <variant>
#include <vector>

#include "gamestream/control/input_host.hpp"
#include "gamestream/control/sealed_packet.hpp"

namespace lumen::gamestream::control {

struct ClientSilent {  // kSilence without an authentic packet: input was released; the client may return
  bool operator==(const ClientSilent&) const = default;
};
struct ClientLost {  // kLost without one, or without a connection: end the session
  bool operator==(const ClientLost&) const = default;
};
struct TooManyForgeries {  // kForgeries packets within a second that were not the client's: end the session
  bool operator==(const TooManyForgeries&) const = default;
};
struct CloseNow {  // the client did not disconnect within kCloseAfter of the termination
  bool operator==(const CloseNow&) const = default;
};

using HostEvent = std::variant<RequestIdr, InvalidateReferenceFrames, LongTermReferenceAck, FrameFecStatus,
                               LossStats, StartB, EnableHaptics, UnsupportedInput, ClientSilent, ClientLost,
                               TooManyForgeries, CloseNow>;

struct ControlCounters {
  std::uint64_t accepted = 0;
  std::uint64_t forged = 0;  // clear text, wrong lengths, wrong tags: nobody with the key sent them
  std::uint64_t replayed = 0;
  std::uint64_t malformed = 0;  // authentic, and not understood
  std::uint64_t unknown = 0;    // authentic, of a type this host does not know
};

class ControlHost {
 public:
  static constexpr Duration kSilence = std::chrono::seconds{1};
  static constexpr Duration kLost = std::chrono::seconds{10};
  static constexpr Duration kCloseAfter = std::chrono::seconds{2};
  static constexpr Duration kRumbleRefresh = std::chrono::seconds{25};  // a client plays one for 30 s at most
  static constexpr int kForgeries = 16;

  // `key` is the launch's rikey: kKeyBytes bytes, `gamestream.control-key` otherwise.
  static Result<ControlHost> create(ByteView key, const InputParams& input, Timestamp now);

  // The client is told the display's HDR mode first: off, unless send() said otherwise before.
  void connected(Timestamp now);
  // The ENet connection ended: input is released, nothing is sent any more.
  void disconnected();
  // One packet of the ENet connection, on whichever channel; decrypts in place. Appends to `out`.
  void receive(MutableBytes packet, Timestamp now, std::vector<HostEvent>& out);
  void tick(Timestamp now, std::vector<HostEvent>& out);
  Timestamp next_deadline() const;

  // For the client. What it was told last is not told again; of what was not sent yet, the newest of each
  // kind and pad is. False: a pad above 15, or the session is being terminated.
  bool send(const HostMessage& message);
  // The last message, whatever waits. `code`: TerminationCode, or any that the client shall show.
  void terminate(std::uint32_t code, Timestamp now);
  // What is to be sent now, if anything. None before connected().
  std::optional<SealedPacket> next_outgoing(Timestamp now);

  void drain_input(std::vector<InputEvent>& out) { input_.drain(out); }
  void drain_pads(std::vector<PadEvent>& out) { input_.drain_pads(out); }
  void repeat_pads() { input_.repeat_pads(); }
  InputHost& input() { return input_; }
  const ControlCounters& counters() const { return counters_; }

 private:
  struct Told {
    HostMessage message;
    bool waiting = true;
    Timestamp sent;
  };
  ControlHost(Sealer sealer, Opener opener, const InputParams& input, Timestamp now);
  void refused(Refusal refusal, Timestamp now, std::vector<HostEvent>& out);
  void handle(const ClientMessage& message, Timestamp now, std::vector<HostEvent>& out);
  bool refreshes(const Told& told) const;

  Sealer sealer_;
  Opener opener_;
  InputHost input_;
  std::vector<Told> told_;  // newest of each kind and pad: bounded by both
  std::optional<Termination> termination_;
  std::optional<Timestamp> close_at_;
  bool connected_ = false, silent_ = false, lost_ = false, close_told_ = false;
  Timestamp heard_;
  Timestamp forgeries_since_;
  int forgeries_ = 0;
  ControlCounters counters_;
};

}  // namespace lumen::gamestream::control
