// lumen/worker: composition root of lumen-session: one desktop, at most one application, one picture
// pipeline and, if asked for, one of sound, told what to do over the link. Owner: the main thread of
// lumen-session, which runs the event loop.
#pragma once

#include <memory>
#include <string>

#include "audio/sound_pipeline.hpp"
#include "audio/voice_source.hpp"
#include "base/event_loop.hpp"
#include "base/log.hpp"
#include "gamepad/broker_client.hpp"
#include "link/audio_ring.hpp"
#include "link/messages.hpp"
#include "link/process.hpp"
#include "stream/picture/picture_pipeline.hpp"
#include "worker/clipboard_share.hpp"
#include "worker/desktop_keeper.hpp"
#include "worker/idle_inhibitor.hpp"
#include "worker/outbox.hpp"
#include "worker/output_tail.hpp"
#include "worker/pointer_teller.hpp"
#include "worker/sound_focus.hpp"
#include "worker/sound_server.hpp"
#include "worker/zero_copy.hpp"

namespace lumen::worker {

class SessionWorker {
 public:
  // `link` is the connected socket to the host; `log` and `loop` outlive the worker.
  SessionWorker(UniqueFd link, EventLoop& loop, Logger& log);
  ~SessionWorker();
  SessionWorker(const SessionWorker&) = delete;
  SessionWorker& operator=(const SessionWorker&) = delete;

  Status start();
  // SIGTERM: as if the host had said Stop.
  void stop() { end("session.stopped", "stopped"); }

 private:
  void on_link_ready();
  void on_message(link::Received<link::ToSession> received);
  void handle(const link::Configure& configure, std::vector<UniqueFd> descriptors);
  void handle_while_running(const link::ToSession& message);
  bool handle_clipboard(const link::ToSession& message);
  Status open_desktop(const link::Configure& configure);
  Status open_pipeline(const link::Configure& configure);
  Status open_sound(const link::Configure& configure, std::vector<UniqueFd> descriptors);
  void on_voice(const link::VoicePacket& voice);
  void on_sound();
  void report_sound();
  void update_sound_focus();
  void update_idle_inhibition();
  void launch_once_heard();
  Status launch_application(const link::Configure& configure);
  void on_encoder(const Mode& mode, std::uint32_t encoding_id, const EncoderDescription& description);
  void on_window_mapped();
  void on_pointer(const BorrowedPointer& pointer);
  void on_desktop_trouble(const std::string& reason);
  void tell_ready();
  void on_application_exit();
  void check_window_shown();
  void update_streaming();
  void report_stats();
  void send(const link::ToHost& message);
  PointerTeller::Calls pointer_calls();
  void end(std::string_view id, std::string reason);
  void end(const Error& error) { end(error.id, describe(error)); }
  void release_everything();

  UniqueFd link_;
  EventLoop& loop_;
  Logger& log_;
  Outbox outbox_;
  std::optional<link::SharedRing> ring_;
  std::unique_ptr<ZeroCopy> zero_copy_;  // the desktop and the pipeline use it to their end
  std::unique_ptr<DesktopKeeper> desktop_;
  PointerTeller pointer_;
  std::unique_ptr<stream::PicturePipeline> pipeline_;
  std::optional<link::AudioRing> audio_ring_;
  gamepad::BrokerClient pads_;
  ClipboardShare clipboard_;
  std::unique_ptr<SoundServer> sound_server_;
  std::unique_ptr<audio::SoundPipeline> sound_;
  std::unique_ptr<audio::VoiceSource> microphone_;  // while a client speaks
  Timestamp voice_heard_{};
  std::unique_ptr<SoundFocus> sound_focus_;
  std::unique_ptr<IdleInhibitor> idle_inhibitor_;
  std::optional<std::string> source_trouble_, told_trouble_;
  std::string sink_name_;
  std::optional<link::Configure> to_launch_;  // once it can be heard
  EventLoop::TimerId launch_anyway_ = 0;
  link::Child application_;
  std::unique_ptr<OutputTail> output_;  // what it last said
  std::string application_name_;
  Mode mode_;
  // Streaming begins once there is something to see: `wanted` by the host and a window shown.
  bool sound_works_ = false, sound_focus_failed_ = false, streaming_wanted_ = false, window_shown_ = false,
       ended_ = false;
  bool hides_clipboard_ = false;  // the application does: what is copied in it never gets to the desktop
  std::optional<EncoderDescription> encoder_;
  std::uint32_t bitrate_kbps_ = 0;  // asked for; 0: from the mode
};

}  // namespace lumen::worker
