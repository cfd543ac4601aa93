#include "core/client_receiver.hpp"

#include <algorithm>

namespace lumen::core {
namespace {

using namespace std::chrono_literals;

constexpr Duration kPingTimeout = 2s;
// Shards are asked for again while that is quicker than the picture that replaces them is missed.
constexpr Duration kPatience = 85ms, kLongestRoundTrip = 200ms, kAssumedRoundTrip = 20ms;
constexpr Duration kShortestInterval = 6ms, kLongestInterval = 15ms;  // about a frame: another burst

lumen1::Reassembler::Repeats repeats_for(Duration round_trip) {
  if (round_trip > kLongestRoundTrip) return {};
  const auto interval = std::clamp<Duration>(round_trip, kShortestInterval, kLongestInterval);
  return {interval, std::max<Duration>(2 * round_trip + 3 * interval, kPatience)};
}

std::uint32_t to_wire_us(Duration duration) {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  return static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(us, 0, lumen1::Feedback::kNoDelay - std::int64_t{1}));
}

}  // namespace

ClientReceiver::ClientReceiver(const ClientReceiverParams& params, const fec::Leopard& codec)
    : params_{params}, reassembler_{codec, params.reassembly} {}

ClientReceiver::~ClientReceiver() { crypto::wipe(params_.secret); }

ClientReceiver::Heard ClientReceiver::receive(MutableBytes datagram, Timestamp now) {
  const auto header = lumen1::decode_clear_header(datagram);
  const auto bytes = datagram.size();
  if (!header) {
    ++stats_.foreign;
    return Heard::foreign;
  }
  if (header->kind == lumen1::Kind::welcome) {
    return on_welcome(datagram, now) ? Heard::connected : Heard::refused;
  }
  if (!opener_) return Heard::refused;
  const auto opened = opener_->open(datagram);
  if (!opened) return Heard::refused;
  if (now - heard_ > kNothingHeard) {  // what was asked meanwhile nobody heard
    recovery_.hurry();
    loss_meter_.skip_outage(opened->header.packet_number);
  }
  heard_ = now;
  ++stats_.datagrams;
  stats_.bytes += bytes;
  ++connection_datagrams_;
  connection_bytes_ += static_cast<std::uint32_t>(bytes);
  newest_packet_ = std::max(newest_packet_, opened->header.packet_number);
  loss_meter_.received(opened->header.packet_number);
  if (opened->header.kind == lumen1::Kind::video) {
    on_video(opened->body, now);
    return Heard::video;
  }
  if (opened->header.kind != lumen1::Kind::host_message) return Heard::foreign;
  on_messages(opened->body, now);
  return Heard::message;
}

void ClientReceiver::on_video(ByteView body, Timestamp now) {
  if (const auto shard = reassembler_.push(body, now)) delay_meter_.received(shard->sent_us, now);
  video_heard_ = now;
  next_feedback_ = std::min(next_feedback_, now + kFeedbackInterval);
  note_loss();
}

bool ClientReceiver::on_welcome(ByteView datagram, Timestamp now) {
  if (!handshake_) return false;
  const auto keys = handshake_->on_welcome(datagram);
  if (!keys) return false;
  auto opener = lumen1::Opener::create(keys->host_to_client);
  if (!opener) return false;
  stats_.not_authentic += opener_ ? opener_->rejected() : 0;
  opener_ = std::move(*opener);
  send_keys_ = keys->client_to_host;
  sound_keys_ = keys->sound;
  microphone_keys_ = keys->microphone;
  handshake_.reset();
  begin(now);
  return true;
}

// The host counts datagrams from the beginning, and may count frames from anywhere.
void ClientReceiver::begin(Timestamp now) {
  reassembler_.reset();
  loss_meter_ = {};
  delay_meter_ = {};
  recovery_ = {};
  pad_words_ = {};
  reassembler_.set_repeats(repeats_for(kAssumedRoundTrip));
  connection_datagrams_ = connection_bytes_ = 0;
  newest_packet_ = 0;
  feedback_ = 0;
  next_feedback_ = now + kFeedbackInterval;
  stats_.queue = {};
  first_.reset();
  missing_.reset();
  ping_sent_.reset();
  pointer_.reset();
  host_left_ = false;
  heard_ = now;
  next_state_ = now;
}

void ClientReceiver::on_messages(ByteView body, Timestamp now) {
  for (const auto& message : lumen1::decode_host_messages(body).messages) {
    if (const auto* state = std::get_if<lumen1::HostState>(&message)) {
      on_state(*state, now);
    } else if (const auto* mark = std::get_if<lumen1::VideoMark>(&message)) {
      on_mark(*mark, now);
    } else if (const auto* word = std::get_if<lumen1::PadWord>(&message)) {
      pad_words_.take(*word);
    } else if (const auto* pointer = std::get_if<lumen1::HostPointer>(&message)) {
      on_pointer(*pointer);
    } else if (std::holds_alternative<lumen1::Goodbye>(message)) {
      host_left_ = true;
    }
  }
}

void ClientReceiver::on_pointer(const lumen1::HostPointer& pointer) {
  if (pointer_ && static_cast<std::int32_t>(pointer.serial - *pointer_) <= 0) return;
  pointer_ = pointer.serial;
  new_pointer_ = pointer;
}

void ClientReceiver::on_mark(const lumen1::VideoMark& mark, Timestamp now) {
  const auto ago = feedback_ - mark.feedback;
  auto& sent = feedback_sent_[mark.feedback % feedback_sent_.size()];
  if (ago < feedback_sent_.size() && sent != Timestamp{}) {
    measured_round_trip(now - sent);
    sent = {};
  }
  if (mark.newest_frame == 0) return;
  reassembler_.mark(mark.newest_frame, now);
}

void ClientReceiver::measured_round_trip(Duration sample) {
  auto& round_trip = stats_.round_trip;
  round_trip = round_trip == Duration::zero() ? sample : (round_trip * 7 + sample) / 8;
  recovery_.set_interval(std::clamp<Duration>(round_trip / 2, 5ms, 20ms));  // the host merges them
  reassembler_.set_repeats(repeats_for(round_trip));
}

void ClientReceiver::on_state(const lumen1::HostState& state, Timestamp now) {
  if (ping_sent_ && state.pong == ping_) {
    measured_round_trip(now - *ping_sent_);
    pong_ = ping_;
    ping_sent_.reset();
  }
  state_changed_ = state_changed_ || !host_state_ || host_state_->state != state.state ||
                   host_state_->mode != state.mode || host_state_->reason != state.reason ||
                   host_state_->encoder != state.encoder ||
                   host_state_->encoder_reason != state.encoder_reason ||
                   host_state_->display != state.display || host_state_->capture != state.capture;
  host_state_ = state;
}

void ClientReceiver::note_missing(lumen1::FrameLoss loss) {
  missing_ = missing_ ? lumen1::FrameLoss{missing_->first, loss.last} : loss;
}

void ClientReceiver::note_loss() {
  const auto loss = reassembler_.take_loss();
  if (!loss) return;
  recovery_.broken_at(loss->last);
  reassembler_.set_broken(recovery_.is_broken());
  note_missing(*loss);
}

bool ClientReceiver::is_decodable(const AccessUnit& unit) {
  const bool idr = unit.kind == PictureKind::idr;
  if (!first_ && !idr) {  // joined in the middle
    recovery_.broken_at(unit.id);
    reassembler_.set_broken(recovery_.is_broken());
  }
  if (recovery_.is_broken() && !idr) {
    ++stats_.skipped_broken;
    note_missing({unit.id, unit.id});
    return false;
  }
  if (!first_) first_ = unit.id;
  last_ = unit.id;
  if (idr) {
    ++stats_.idr;
    recovery_.idr_decoded(unit.id);
    reassembler_.set_broken(recovery_.is_broken());
  }
  return true;
}

// Losses are noticed in order: everything up to the popped unit that is lost is known by then.
template <class Pop>
bool ClientReceiver::pop_decodable(AccessUnit& unit, Pop pop) {
  for (;;) {
    const auto repaired = reassembler_.stats().frames_repaired;
    const bool popped = pop();
    note_loss();
    if (!popped) return false;
    repaired_ = reassembler_.stats().frames_repaired != repaired;
    if (is_decodable(unit)) return true;
  }
}

bool ClientReceiver::pop(AccessUnit& unit, Timestamp now) {
  return pop_decodable(unit, [&] { return reassembler_.pop(unit, now); });
}

std::optional<ByteView> ClientReceiver::pop_view(AccessUnit& unit, Timestamp now) {
  std::optional<ByteView> bytes;
  const bool popped = pop_decodable(unit, [&] {
    bytes = reassembler_.pop_view(unit, now);
    return bytes.has_value();
  });
  return popped ? bytes : std::nullopt;
}

void ClientReceiver::set_wish(const ClientWish& wish) {
  if (wish == wish_) return;
  wish_ = wish;
  next_state_ = {};
}

Result<std::optional<ByteView>> ClientReceiver::next_hello(Timestamp now) {
  if (!must_greet(now) || now < next_hello_) return std::optional<ByteView>{};
  next_hello_ = now + kHelloInterval;
  if (!handshake_) {
    lumen1::Random random{};
    LUMEN_CHECK_OK(crypto::fill_random(random));
    LUMEN_TRY(handshake_,
              lumen1::ClientHandshake::create(params_.secret, params_.session, random, params_.ciphers));
  }
  return std::optional<ByteView>{handshake_->hello()};
}

std::optional<lumen1::ClientMessage> ClientReceiver::next_message(Timestamp now) {
  if (must_greet(now)) return std::nullopt;
  if (const auto broken = recovery_.due(now)) {
    ++stats_.recovery_asked;
    return lumen1::AskRecovery{static_cast<std::uint32_t>(broken->value)};
  }
  if (const auto ask = reassembler_.next_ask(now)) return *ask;
  if (const auto answer = pad_words_.take_answer()) return *answer;
  if (now >= next_feedback_) return compose_feedback(now);
  if (now < next_state_) return std::nullopt;
  next_state_ = now + kStateInterval;
  return compose_state(now);
}

lumen1::ClientState ClientReceiver::compose_state(Timestamp now) {
  // One ping at a time, given up after a while: an answer may take longer than the interval of these
  // messages.
  if (!ping_sent_ || now - *ping_sent_ > kPingTimeout) {
    ++ping_;
    ping_sent_ = now;
  }
  lumen1::ClientState state;
  state.mode = wish_.mode;
  state.pointer_drawn = wish_.pointer_drawn;
  state.ping = ping_;
  state.round_trip_us = static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(stats_.round_trip).count());
  return state;
}

lumen1::Feedback ClientReceiver::compose_feedback(Timestamp now) {
  next_feedback_ = now + (now - video_heard_ < kVideoFlows ? kFeedbackInterval : kStateInterval);
  ++feedback_;
  feedback_sent_[feedback_ % feedback_sent_.size()] = now;
  lumen1::Feedback feedback{.sequence = feedback_,
                            .clock_us = lumen1::wire_clock_us(now),
                            .datagrams = connection_datagrams_,
                            .bytes = connection_bytes_,
                            .newest_frame = reassembler_.newest(),
                            .newest_packet = newest_packet_,
                            .loss = loss_meter_.take()};
  if (const auto queue = delay_meter_.take()) {
    stats_.queue = queue->least;
    feedback.queue_last_us = to_wire_us(queue->last);
    feedback.queue_least_us = to_wire_us(queue->least);
    feedback.queue_most_us = to_wire_us(queue->most);
  }
  return feedback;
}

Timestamp ClientReceiver::next_deadline(Timestamp now) const {
  auto deadline = next_hello_;
  if (!must_greet(now)) {
    deadline = std::min({heard_ + kSilence, next_state_, next_feedback_});
    if (const auto asks = recovery_.next_ask()) deadline = std::min(deadline, *asks);
  }
  if (const auto frame = reassembler_.next_deadline()) deadline = std::min(deadline, *frame);
  return deadline;
}

ClientReceiverStats ClientReceiver::stats() const {
  auto stats = stats_;
  stats.reassembly = reassembler_.stats();
  stats.not_authentic += opener_ ? opener_->rejected() : 0;
  stats.key_epoch = opener_ ? opener_->epoch() : 0;
  return stats;
}

}  // namespace lumen::core
