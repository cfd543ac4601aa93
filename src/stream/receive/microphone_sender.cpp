#include "stream/receive/microphone_sender.hpp"

#include <poll.h>
#include <sys/eventfd.h>

#include <utility>

#include "base/priority.hpp"

namespace lumen::stream {
namespace {

constexpr AudioFormat kVoice{.channels = 1, .quality = AudioQuality::normal, .packet_ms = 10};
constexpr std::size_t kCopies = 2;                      // a packet is 60 bytes
constexpr int kPollMs = 3;                              // between two looks at the microphone
constexpr std::uint8_t kVoiceTrafficClass = 48U << 2U;  // CS6, as sound

Timestamp now() { return SteadyTime{}.now(); }

}  // namespace

MicrophoneSender::MicrophoneSender(OpenSoundInput open, net::UdpSocket& socket, const net::Endpoint& host,
                                   Logger& log)
    : open_{std::move(open)},
      socket_{socket},
      host_{host},
      log_{log},
      wake_{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)},
      thread_{"lm-mic", [this](const std::stop_token& stop) { loop(stop); }} {}

MicrophoneSender::~MicrophoneSender() {
  thread_.request_stop();
  eventfd_write(wake_.get(), 1);
}

void MicrophoneSender::connect(const lumen1::DirectionKeys& keys, std::uint8_t session) {
  {
    MutexLock lock{mutex_};
    next_ = Connection{keys, session};
  }
  eventfd_write(wake_.get(), 1);
}

void MicrophoneSender::wait() const {
  pollfd waiter{wake_.get(), POLLIN, 0};
  if (poll(&waiter, 1, input_ ? kPollMs : -1) != 1) return;
  eventfd_t ignored = 0;
  eventfd_read(wake_.get(), &ignored);
}

void MicrophoneSender::loop(const std::stop_token& stop) {
  if (!open_) return;
  if (const auto raised = raise_priority(Urgency::urgent); !raised) log_.info("{}", describe(raised.error()));
  packetizer_.set_copies(kCopies);
  while (!stop.stop_requested()) {
    take_connection();
    if (sealer_ && !input_ && !failed_) failed_ = !open();
    if (input_) send_samples();
    wait();
  }
  input_.reset();  // by the thread that opened it
}

void MicrophoneSender::take_connection() {
  std::optional<Connection> connection;
  {
    MutexLock lock{mutex_};
    connection = std::exchange(next_, std::nullopt);
  }
  if (!connection) return;
  auto sealer = lumen1::Sealer::create(connection->keys, connection->session);
  if (sealer) {
    sealer_ = std::move(*sealer);
  } else {
    log_.error("the microphone cannot be protected: {}", describe(sealer.error()));
    sealer_.reset();
  }
}

bool MicrophoneSender::open() {
  auto encoder = audio::OpusEncoder::create(kVoice);
  auto input = encoder ? open_() : tl::unexpected{encoder.error()};
  if (!input) {
    log_.warn("{}", describe(input.error()));  // a stream without one is better than none
    return false;
  }
  encoder_.emplace(std::move(*encoder));
  input_ = std::move(*input);
  return true;
}

void MicrophoneSender::send_samples() {
  for (;;) {
    const auto count = input_->take(std::span{samples_}.subspan(filled_));
    if (count == 0) return;
    filled_ += count;
    if (filled_ < samples_.size()) continue;
    filled_ = 0;
    send_packet();
  }
}

void MicrophoneSender::send_packet() {
  const auto packet = encoder_->encode(samples_);
  if (!packet || !sealer_) return;
  const auto time = now();
  const auto datagram = packetizer_.pack({.format = kVoice, .bytes = *packet, .captured = time}, time);
  if (!datagram || !sealer_->seal(lumen1::Kind::microphone, *datagram)) return;
  if (socket_.send_one(host_, *datagram, {.traffic_class = kVoiceTrafficClass})) {
    packets_.fetch_add(1, std::memory_order_relaxed);
  }
}

}  // namespace lumen::stream
