#include "host/stream_session.hpp"

#include <utility>

namespace lumen::host {
namespace {

lumen1::StreamState to_stream_state(SlotState state) {
  switch (state) {
    case SlotState::starting:
      return lumen1::StreamState::starting;
    case SlotState::streaming:
      return lumen1::StreamState::streaming;
    case SlotState::interrupted:
      return lumen1::StreamState::interrupted;
    case SlotState::ended:
      break;
  }
  return lumen1::StreamState::ended;
}

}  // namespace

StreamSession::StreamSession(StreamSessionParams params, StreamSessionEvents events, MediaTable& table,
                             const fec::Leopard& codec, net::UdpSocket& socket, EventLoop& loop, Logger& log)
    : id_{params.id}, events_{std::move(events)}, table_{table}, log_{log} {
  // Called on lm-net: what they ask for happens on lm-main, unless the session is gone by then.
  const auto post = [&loop, alive = std::weak_ptr{alive_}](std::function<void()> call) {
    loop.post([alive, call = std::move(call)] {
      if (!alive.expired()) call();
    });
  };
  end_ = std::make_shared<MediaEnd>(
      id_,
      ClientEvents{.on_wish =
                       [this, post](const lumen1::ClientState& wish, std::uint64_t admission) {
                         post([this, admission, mode = wish.mode, drawn = wish.pointer_drawn] {
                           if (admission == admission_) on_wish(mode, drawn);
                         });
                       },
                   .on_goodbye =
                       [this, post](std::uint64_t admission) {
                         post([this, admission] {
                           if (admission == admission_) on_gone();
                         });
                       }},
      codec, socket, log);
  slot_ = std::make_unique<SessionSlot>(std::move(params.slot), slot_events(), loop, end_->link, log);
  table_.put(id_, end_);
}

StreamSession::~StreamSession() {
  table_.put(id_, nullptr);
  alive_.reset();
  slot_.reset();
}

void StreamSession::on_wish(const Mode& mode, bool pointer_drawn) {
  wish_ = {mode, pointer_drawn};
  if (!paused_) want();
}

void StreamSession::want() {
  if (!wish_) return;
  const bool apart = gives_pointer();
  // The client must hear of it, whatever became of the session's own words: else it may draw a second one.
  if (pointer_apart_ && !apart) tell_pointer({});
  if (!pointer_apart_) end_->board.set_pointer(std::nullopt);
  slot_->client_wants(wish_->mode, {.drawn = wish_->pointer_drawn, .apart = apart});
  end_->port.repeat_pads();  // it may have let go of them
}

void StreamSession::allow_pointer_apart(bool allowed) {
  if (pointer_apart_ == allowed) return;
  pointer_apart_ = allowed;
  if (!paused_ && slot_->has_client()) want();
}

bool StreamSession::gives_pointer() const {
  return pointer_apart_ && !paused_ && wish_ && !wish_->pointer_drawn;
}

// What comes late of an earlier wish is nothing any more.
void StreamSession::on_pointer(const PointerState& pointer) {
  if (gives_pointer()) tell_pointer(pointer);
}

void StreamSession::tell_pointer(const PointerState& pointer) {
  const lumen1::HostPointer told{.serial = ++pointer_serial_, .state = pointer};
  end_->board.set_pointer(told);
  end_->sender.send_pointer(told);
}

// Nothing stays held, of pads neither.
void StreamSession::let_go() {
  end_->board.set_pointer(std::nullopt);
  end_->port.release_pads();
  slot_->client_gone();
}

void StreamSession::on_gone() {
  wish_.reset();
  let_go();
}

void StreamSession::pause() {
  paused_ = true;
  let_go();
}

void StreamSession::resume() {
  if (std::exchange(paused_, false)) want();
}

void StreamSession::set_permissions(lumen1::control::Permissions permissions) {
  end_->port.set_permissions(permissions);
  end_->sound.allow(permissions.has(lumen1::control::Permission::sound));
  share_clipboard(permissions.has(lumen1::control::Permission::clipboard));
}

void StreamSession::share_clipboard(bool on) {
  shares_clipboard_ = on && events_.on_clipboard_part;
  slot_->watch_clipboard(shares_clipboard_);
}

void StreamSession::admit(const lumen1::Secret& secret, lumen1::control::Permissions permissions) {
  paused_ = false;
  wish_.reset();
  share_clipboard(false);                 // nothing of the client before
  end_->board.set_pointer(std::nullopt);  // what was told of looks another client has
  slot_->forget_pointer();
  set_permissions(permissions);
  admission_ = end_->port.admit(secret);
}

void StreamSession::shut_out() {
  admission_ = end_->port.admit(std::nullopt);
  share_clipboard(false);
  on_gone();
}

void StreamSession::say_goodbye() {
  std::vector<std::byte> goodbye;
  lumen1::append(goodbye, lumen1::HostMessage{lumen1::Goodbye{}}, lumen1::kMaxDatagramBytes);
  end_->sender.send_message(std::move(goodbye));
}

void StreamSession::catch_up(Timestamp now) {
  slot_->catch_up();
  end_->port.tidy_pads(now);
}

void StreamSession::give_up_silent(Timestamp since) {
  const auto heard = from_ns(end_->port.counters().last_heard_ns.load(std::memory_order_relaxed));
  if (!slot_->has_client() || heard >= since) return;
  log_.warn("the client of session {} has said nothing for a while", id_);
  end_->port.mark_silent();
  on_gone();
}

void StreamSession::tell(const std::function<void(lumen1::HostState&)>& change) {
  end_->board.update(change);
  end_->sender.send_message(end_->board.compose());
}

// What is not seen is worse than what is not heard.
std::string StreamSession::reason() const {
  return still_.empty() && !silent_.empty() ? "no sound: " + silent_ : still_;
}

// What the slot says goes to the sender and, by the board, to the client.
SlotEvents StreamSession::slot_events() {
  return {
      .on_ring = [this](std::shared_ptr<link::SharedRing> ring) { end_->sender.set_ring(std::move(ring)); },
      .on_audio_ring =
          [this](std::shared_ptr<link::AudioRing> ring) { end_->sound.set_ring(std::move(ring)); },
      .on_state =
          [this](SlotState state, const std::string& why) {
            still_ = why;
            tell([&](lumen1::HostState& board) {
              board.state = to_stream_state(state);
              board.reason = reason();
              if (state == SlotState::starting) board.mode = slot_->mode();
            });
            if (events_.on_state) events_.on_state(state, why);
          },
      .on_ready =
          [this](const link::Ready& ready) {
            end_->board.update([&](lumen1::HostState& board) {
              board.display = ready.display;
              board.capture = ready.capture;
            });
            if (slot_->has_client()) end_->port.repeat_pads();
          },
      .on_mode =
          [this](const link::ModeChanged& mode) {
            end_->sender.set_bitrate_cap(mode.bitrate_kbps);
            tell([&](lumen1::HostState& board) {
              board.mode = mode.mode;
              board.encoder = mode.encoder;
              board.encoder_reason = mode.encoder_reason;
            });
            if (events_.on_mode) events_.on_mode(mode);
          },
      .on_sound =
          [this](const link::SoundState& sound) {
            silent_ = sound.reason;
            tell([&](lumen1::HostState& board) { board.reason = reason(); });
          },
      .on_pad_feedback = [this](const PadFeedback& feedback) { end_->port.feed_back(feedback); },
      .on_clipboard_state = events_.on_clipboard_state,
      .on_clipboard_part = events_.on_clipboard_part,
      .on_clipboard_taken = events_.on_clipboard_taken,
      .on_pointer = [this](const PointerState& pointer) { on_pointer(pointer); },
      .on_pointer_piece =
          [this](const PointerPiece& piece) {
            if (gives_pointer() && events_.on_pointer_piece) events_.on_pointer_piece(piece);
          }};
}

}  // namespace lumen::host
