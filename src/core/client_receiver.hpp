// lumen/core: the client's receiving half: handshake, authentication, reassembly, loss measurement, and the
// decision what to tell the host and when. Access units come out in order, each of them decodable: what a
// loss made useless is left out until an IDR comes. Sans-I/O. Owner: one thread (lm-recv). Thread-safe: no.
//
// Memory is bounded by Reassembler::Params::memory_budget, whatever the peer sends.
#pragma once

#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "flow/delay_meter.hpp"
#include "flow/loss_meter.hpp"
#include "flow/recovery.hpp"
#include "lumen1/handshake.hpp"
#include "lumen1/messages.hpp"
#include "lumen1/pad_words.hpp"
#include "lumen1/reassembler.hpp"

namespace lumen::core {

struct ClientReceiverParams {
  std::uint8_t session = 0;
  lumen1::Secret secret{};
  lumen1::CipherOffer ciphers = lumen1::preferred_ciphers();  // offered, the best one first
  lumen1::Reassembler::Params reassembly;
};

// What the client asks the host for.
struct ClientWish {
  Mode mode;
  bool pointer_drawn = true;  // the pointer is part of the picture
  bool operator==(const ClientWish&) const = default;
};

struct ClientReceiverStats {
  lumen1::ReassemblyStats reassembly;
  std::uint64_t datagrams = 0, bytes = 0, foreign = 0, not_authentic = 0;
  std::uint64_t idr = 0, skipped_broken = 0, recovery_asked = 0;
  Duration round_trip{};
  Duration queue{};             // how much longer than at best datagrams were under way lately
  std::uint64_t key_epoch = 0;  // key updates of the host, on this connection
};

class ClientReceiver {
 public:
  enum class Heard : std::uint8_t {
    foreign,    // not lumen/1, or nothing that a host sends
    refused,    // not authentic, replayed, or no connection yet
    connected,  // welcome: take_send_keys() has new ones, and frame numbers may begin anywhere
    video,      // pop() may have something
    message,    // host_state() may be new, take_pad_feedback() may have something, or the host left
  };

  // `codec` outlives this.
  ClientReceiver(const ClientReceiverParams& params, const fec::Leopard& codec);
  ClientReceiver(const ClientReceiver&) = delete;
  ClientReceiver& operator=(const ClientReceiver&) = delete;
  ~ClientReceiver();  // wipes the secret

  // One datagram from the host's address; it is decrypted in place. Call pop() until false after each.
  Heard receive(MutableBytes datagram, Timestamp now);
  bool is_connected() const { return opener_.has_value(); }
  // Once, after `connected`: nothing of them is kept.
  lumen1::DirectionKeys take_send_keys() { return std::exchange(send_keys_, {}); }
  // The same of sound, whose datagrams are not for receive(), and of the microphone.
  lumen1::DirectionKeys take_sound_keys() { return std::exchange(sound_keys_, {}); }
  lumen1::DirectionKeys take_microphone_keys() { return std::exchange(microphone_keys_, {}); }
  // The newest ping sent on this connection and the newest one answered; 0: none.
  std::uint32_t last_ping() const { return ping_; }
  std::uint32_t last_pong() const { return pong_; }

  // The next access unit that can be decoded; call until false after receive() and at next_deadline().
  // `unit.bytes` is replaced, its capacity reused.
  bool pop(AccessUnit& unit, Timestamp now);
  // The same without a copy: the bytes are valid until the next receive(), pop() or pop_view().
  std::optional<ByteView> pop_view(AccessUnit& unit, Timestamp now);
  // Whether parity had to mend the unit popped last.
  bool is_repaired() const { return repaired_; }
  // The frames, lost or useless without a lost one, that will never be popped, since the last call. Asked
  // after each receive() and pop(), it names exactly those before the unit just popped.
  std::optional<lumen1::FrameLoss> take_missing() { return std::exchange(missing_, std::nullopt); }
  // A popped unit that nobody could decode, or had room for. One of a connection before this is ignored: its
  // numbers mean nothing any more.
  void not_decoded(FrameId frame) {
    if (!first_ || frame < *first_ || last_ < frame) return;
    recovery_.not_decoded(frame);
    reassembler_.set_broken(recovery_.is_broken());
  }

  // What the host last said of itself, and whether that changed since the last call.
  const std::optional<lumen1::HostState>& host_state() const { return host_state_; }
  bool take_state_change() { return std::exchange(state_changed_, false); }
  bool host_left() const { return host_left_; }
  // What pads are to do, in order.
  std::optional<PadFeedback> take_pad_feedback() { return pad_words_.take_feedback(); }
  // Where the host's pointer is, if that is news.
  std::optional<lumen1::HostPointer> take_pointer() { return std::exchange(new_pointer_, std::nullopt); }
  Timestamp last_heard() const { return heard_; }

  void set_wish(const ClientWish& wish);
  // The hello to be sent, when it is time: until there is a connection, when the host has been silent for
  // kSilence, and when so much was forged that its keys are used up.
  Result<std::optional<ByteView>> next_hello(Timestamp now);
  // The message to be sent, when it is time: a request for recovery or for shards, what was measured, or the
  // state. Call until nullopt.
  std::optional<lumen1::ClientMessage> next_message(Timestamp now);
  // When any of the above may have something to say without a new datagram.
  Timestamp next_deadline(Timestamp now) const;

  ClientReceiverStats stats() const;
  std::size_t memory_bytes() const { return reassembler_.memory_bytes(); }

  static constexpr Duration kSilence = std::chrono::seconds{5};
  static constexpr Duration kHelloInterval = std::chrono::milliseconds{200};
  static constexpr Duration kStateInterval = std::chrono::milliseconds{100};
  static constexpr Duration kFeedbackInterval = std::chrono::milliseconds{25};  // while video flows
  static constexpr Duration kVideoFlows = std::chrono::milliseconds{300};       // so long after the last
  static constexpr Duration kNothingHeard = std::chrono::milliseconds{60};  // the link was gone, or is still

 private:
  bool on_welcome(ByteView datagram, Timestamp now);
  void on_messages(ByteView body, Timestamp now);
  void on_state(const lumen1::HostState& state, Timestamp now);
  void on_pointer(const lumen1::HostPointer& pointer);
  void begin(Timestamp now);
  template <class Pop>
  bool pop_decodable(AccessUnit& unit, Pop pop);
  bool is_decodable(const AccessUnit& unit);
  void note_loss();
  void note_missing(lumen1::FrameLoss loss);
  bool must_greet(Timestamp now) const {
    return !opener_ || opener_->exhausted() || now - heard_ >= kSilence;
  }
  lumen1::ClientState compose_state(Timestamp now);
  lumen1::Feedback compose_feedback(Timestamp now);
  void on_video(ByteView body, Timestamp now);
  void on_mark(const lumen1::VideoMark& mark, Timestamp now);
  void measured_round_trip(Duration sample);

  ClientReceiverParams params_;
  std::optional<lumen1::ClientHandshake> handshake_;
  std::optional<lumen1::Opener> opener_;
  lumen1::DirectionKeys send_keys_, sound_keys_, microphone_keys_;
  lumen1::Reassembler reassembler_;
  LossMeter loss_meter_;
  DelayMeter delay_meter_;
  RecoveryAsker recovery_;
  std::optional<lumen1::FrameLoss> missing_;
  bool repaired_ = false;
  std::optional<FrameId> first_;  // popped
  FrameId last_{};
  std::optional<lumen1::HostState> host_state_;
  bool state_changed_ = false, host_left_ = false;
  lumen1::PadWordReceiver pad_words_;
  std::optional<std::uint32_t> pointer_;  // serial of the newest
  std::optional<lumen1::HostPointer> new_pointer_;
  ClientWish wish_;
  Timestamp next_hello_{}, next_state_{}, heard_{};
  std::uint32_t ping_ = 0, pong_ = 0;
  std::optional<Timestamp> ping_sent_;
  Timestamp next_feedback_{}, video_heard_{};
  std::uint32_t feedback_ = 0;                 // sequence of the last one
  std::array<Timestamp, 32> feedback_sent_{};  // i in i % 32
  std::uint32_t connection_datagrams_ = 0, connection_bytes_ = 0;
  std::uint64_t newest_packet_ = 0;
  ClientReceiverStats stats_;
};

}  // namespace lumen::core
