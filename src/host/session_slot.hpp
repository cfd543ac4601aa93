// lumen/host: supervises one session: starts lumen-session when a client asks, restarts it when it dies or
// hangs, says why when it cannot go on. It knows no protocol: whoever serves the client listens to
// SlotEvents. Owner: lm-main.
//
//   idle ──client──▶ starting ──Ready──▶ streaming ──died/hangs──▶ interrupted ──restart──▶ starting
//     ▲                 │ Ended / keeps dying ▼                                     a new client starts again
//     └────────────── stop ──────────────── ended
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/event_loop.hpp"
#include "base/log.hpp"
#include "host/command_chain.hpp"
#include "host/session_port.hpp"
#include "link/audio_ring.hpp"
#include "link/process.hpp"
#include "link/shared_ring.hpp"

namespace lumen::host {

struct SlotParams {
  std::string program;                   // path of lumen-session
  std::vector<std::string> command;      // the application
  std::string runtime_dir;               // of this slot, below the runtime root
  std::string marker;                    // "LUMEN_MARKER=…"
  std::vector<std::string> environment;  // "NAME=value", for the application
  std::optional<AudioFormat> audio;      // how sound begins; none: this slot has no sound, now or later
  std::string preset, log_level;
  std::uint32_t bitrate_kbps = 0;
  link::DesktopWish desktop;
};

enum class SlotState : std::uint8_t { starting, streaming, interrupted, ended };

// Called on lm-main. None may destroy the slot.
struct SlotEvents {
  // The access units of the session process that runs now; nullptr: none runs.
  std::function<void(std::shared_ptr<link::SharedRing>)> on_ring;
  // The Opus packets of the same; never called by a slot without sound.
  std::function<void(std::shared_ptr<link::AudioRing>)> on_audio_ring;
  // `reason`: what the client is to be told, empty when all is well.
  std::function<void(SlotState state, const std::string& reason)> on_state;
  std::function<void(const link::Ready& ready)> on_ready;
  std::function<void(const link::ModeChanged& mode)> on_mode;
  // Whether sound works, at the begin of each session process and when it changes; never called by a slot
  // without sound.
  std::function<void(const link::SoundState& sound)> on_sound;
  // What an application makes a pad do. May be empty: there are no pads then.
  std::function<void(const PadFeedback& feedback)> on_pad_feedback;
  // Of the desktop's clipboard, while it is watched. May be empty.
  std::function<void(const link::ClipboardState&)> on_clipboard_state;
  std::function<void(const ClipboardPart&)> on_clipboard_part;
  std::function<void(const ClipboardTaken&)> on_clipboard_taken;
  // Of the pointer, while it is wanted apart. May be empty.
  std::function<void(const PointerState& pointer)> on_pointer;
  std::function<void(const PointerPiece& piece)> on_pointer_piece;
};

class SessionSlot {
 public:
  // All references outlive the slot.
  SessionSlot(SlotParams params, SlotEvents events, EventLoop& loop, SessionPort& port, Logger& log);
  ~SessionSlot();
  SessionSlot(const SessionSlot&) = delete;
  SessionSlot& operator=(const SessionSlot&) = delete;

  // Starts the session ahead of the client, when there is none; nothing is encoded until it comes.
  void prepare(const Mode& mode);
  // The client is there and wants this; starts the session when there is none.
  void client_wants(const Mode& mode, const link::SetPointer& pointer);
  // How to encode from now on, also after a restart; SlotEvents::on_mode answers once a session runs.
  void set_encoding(const Encoding& encoding);
  // How sound is encoded from now on, also after a restart. Packets say of which format they are. Ignored by
  // a slot without sound.
  void set_audio(const AudioFormat& format);
  // Whether the client shares the desktop's clipboard, from now on, also after a restart.
  void watch_clipboard(bool on);
  // Says again what the session process had no room for. To be called now and then.
  void catch_up();
  // It is gone: the desktop stays, nothing is encoded, nothing stays held.
  void client_gone();
  // What the session knows of the pointer's client is nothing any more: another one may come.
  void forget_pointer();
  bool has_client() const { return has_client_; }
  bool ended() const { return ended_; }

  SlotState state() const { return state_; }
  bool runs() const { return child_.pid > 0; }
  const Mode& mode() const { return mode_; }

  const std::optional<link::SessionStats>& stats() const { return stats_; }
  pid_t pid() const { return child_.pid; }
  std::uint64_t restarts() const { return restarts_; }

 private:
  void start();
  void tell_pointer();
  Status spawn();
  Status configure(const link::SharedRing& ring, const link::AudioRing* audio_ring) const;
  void on_link_ready();
  void on_message(const link::ToHost& message);
  bool on_clipboard(const link::ToHost& message);
  void on_sound(const link::SoundState& sound);
  void on_exit();
  void died(const std::string& why);
  void watchdog();
  void wait_for_restoring() const;
  void restore_desktop();
  void tear_down();
  void set_state(SlotState state, const std::string& reason);

  SlotParams params_;
  SlotEvents events_;
  EventLoop& loop_;
  SessionPort& port_;
  Logger& log_;
  SlotState state_ = SlotState::starting;
  link::Child child_;
  UniqueFd link_;
  std::optional<link::SessionStats> stats_;
  std::optional<std::string> end_reason_;  // the session's own last word
  std::string told_encoder_;               // what the log says last
  Mode mode_;
  std::optional<Encoding> encoding_;
  link::SetPointer pointer_{.drawn = true};       // where it cannot change later
  std::optional<link::SetPointer> told_pointer_;  // to the session process that runs
  bool has_client_ = false, ended_ = false, ready_ = false;
  struct Watch {
    bool wanted = false;
    bool told = false;  // to the session process: it is on
    bool ends = false;  // it must be told of an end first
  };
  Watch clipboard_;
  Timestamp heard_{};
  std::deque<Timestamp> deaths_;
  std::uint64_t restarts_ = 0;
  std::unique_ptr<CommandChain> restore_;
  EventLoop::TimerId watchdog_ = 0, restart_ = 0;
};

}  // namespace lumen::host
