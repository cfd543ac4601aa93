#include "client/gamestream/rtsp_dialogue.hpp"

#include <condition_variable>
#include <mutex>

#include "client/gamestream/host_address.hpp"
#include "net/tcp/byte_exchange.hpp"

namespace lumen::client {
namespace {

using namespace std::chrono_literals;

constexpr Duration kBetweenAttempts = 500ms;

Timestamp now() { return SteadyTime{}.now(); }

// A refused connection has carried nothing, so the same bytes may go again.
Result<std::vector<std::byte>> ask(const RtspDialogue& dialogue, ByteView request,
                                   const std::stop_token& stop) {
  const auto give_up = now() + dialogue.refused_for;
  for (;;) {
    auto reply = net::exchange(
        {.to = with_port(dialogue.host, dialogue.client.port()),
         .request = request,
         .timeout = dialogue.timeout,
         .max_answer_bytes = gamestream::rtsp::kMaxResponseBytes + gamestream::rtsp::kFrameHeaderBytes},
        stop);
    if (reply || reply.error().id != "tcp.refused" || now() + kBetweenAttempts > give_up) return reply;
    if (!pause(kBetweenAttempts, stop)) return fail(ErrorCode::cancelled, "tcp.stopped", "stopped");
  }
}

}  // namespace

bool pause(Duration time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock{mutex};
  never.wait_for(lock, stop, time, [] { return false; });
  return !stop.stop_requested();
}

Status speak(const RtspDialogue& dialogue, const std::stop_token& stop) {
  auto& client = dialogue.client;
  bool audio_known = false;
  while (!client.done()) {
    LUMEN_TRY(const auto request, client.next_request());
    LUMEN_TRY(const auto reply, ask(dialogue, request, stop));
    if (reply.empty()) {
      return fail(ErrorCode::unavailable, "client.rtsp-no-answer", "the host hung up instead of answering",
                  "Try again; see the host's log if that does not help");
    }
    LUMEN_CHECK_OK(client.take_reply(reply));
    if (!audio_known && client.stream().audio) {
      audio_known = true;
      LUMEN_CHECK_OK(dialogue.on_audio(*client.stream().audio));
    }
  }
  return {};
}

}  // namespace lumen::client
