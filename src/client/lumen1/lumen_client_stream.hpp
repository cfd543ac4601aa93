// client/lumen1: a lumen/1 session as the screens and figures see it.
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "base/log.hpp"
#include "client/lumen1/lumen_connection.hpp"
#include "client/lumen1/pointer_follower.hpp"
#include "client/shell/backend.hpp"
#include "client/shell/client_stream.hpp"
#include "stream/receive/stream_outputs.hpp"
#include "stream/receive/stream_receiver.hpp"

namespace lumen::client {

using stream::StreamOutputs;

// What only the command line asks for.
struct LumenExtras {
  double loss_percent = 0;  // injected
  std::uint64_t loss_seed = 1;
};

// The receiver's figures as the screens want them.
StreamCounters to_counters(const stream::ReceiveStats& stats);

class LumenClientStream final : public ClientStream {
 public:
  // Blocks until the host has opened the stream; the first picture is on its way then. Fails as
  // LumenConnection::open_stream(), or with `client.no-app`. `log` and `outputs` outlive the stream.
  static Result<std::unique_ptr<LumenClientStream>> start(std::unique_ptr<LumenConnection> connection,
                                                          const StreamRequest& wanted,
                                                          const LumenExtras& extras,
                                                          const StreamOutputs& outputs,
                                                          const std::stop_token& stop, Logger& log);
  ~LumenClientStream() override;
  LumenClientStream(const LumenClientStream&) = delete;
  LumenClientStream& operator=(const LumenClientStream&) = delete;

  void send_input(const InputEvent& event) override { receiver_->send_input(event); }
  void send_pad(const PadEvent& event) override { receiver_->send_pad(event); }
  std::optional<PadFeedback> take_feedback() override;
  bool shares_clipboard() const override {
    return clipboard_state().use == lumen1::control::ClipboardUse::works;
  }
  std::uint32_t clipboard_begun() const override { return connection_->clipboard_begun(session_); }
  std::string clipboard_notice() const override { return clipboard_state().reason; }
  void send_clipboard(std::string text) override { connection_->offer_clipboard(session_, std::move(text)); }
  std::optional<std::string> take_clipboard() override { return connection_->take_clipboard(session_); }
  std::optional<PointerView> take_pointer() override;
  StreamCounters counters() const override { return to_counters(receiver_->stats()); }
  StreamFacts facts() const override;
  std::string notice() const override;
  Status verdict() const override;

  // Into the picture from now on, or not: then it is told of, if that was agreed.
  void set_pointer_drawn(bool drawn) { receiver_->set_pointer_drawn(drawn || !pointer_apart_); }
  // Another display, agreed with the host. Blocks; not on the main thread of a window.
  Status change_mode(const Mode& mode, const std::stop_token& stop);
  stream::ReceiveStats stats() const { return receiver_->stats(); }
  lumen1::HostState host_state() const;
  lumen1::control::ClipboardState clipboard_state() const { return connection_->clipboard_state(session_); }

 private:
  class Told;
  LumenClientStream(StreamFacts facts, std::uint8_t session, std::shared_ptr<Told> told,
                    std::unique_ptr<LumenConnection> connection)
      : facts_{std::move(facts)},
        session_{session},
        told_{std::move(told)},
        connection_{std::move(connection)},
        begun_{SteadyTime{}.now()} {}

  const StreamFacts facts_;
  const std::uint8_t session_;
  std::shared_ptr<Told> told_;
  std::unique_ptr<LumenConnection> connection_;
  const Timestamp begun_;
  bool pointer_apart_ = false;  // as agreed
  PointerFollower pointer_;
  std::unique_ptr<stream::StreamReceiver> receiver_;
};

// Whether the client may draw the pointer.
bool is_pointer_apart(const lumen1::control::Stream& stream);

// What is asked of a host for it.
lumen1::control::StreamWish to_wish(const StreamRequest& wanted);

// The application that a person means: its number or its name; empty: what runs, else the desktop.
Result<lumen1::control::App> find_app(const std::vector<lumen1::control::App>& apps, std::string_view wanted);

}  // namespace lumen::client
