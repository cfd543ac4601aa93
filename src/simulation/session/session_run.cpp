#include "simulation/session/session_run.hpp"

#include <algorithm>
#include <stdexcept>

namespace lumen::simulation {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kDownStream = 1, kUpStream = 2, kSizeStream = 3;
constexpr std::size_t kRing = 4;
constexpr Duration kObserveEvery = 10ms, kRateWindow = 100ms;
constexpr std::size_t kLeastPicture = 300, kMostPicture = 4U << 20U;
constexpr Mode kMode{1280, 720, 60'000};

lumen1::Secret secret() {
  lumen1::Secret secret{};
  for (std::size_t i = 0; i < secret.size(); ++i) secret[i] = static_cast<std::byte>(i * 3 + 1);
  return secret;
}

core::HostSessionParams host_params(const SessionParams& params) {
  core::HostSessionParams host{.secret = secret(), .sender = params.sender};
  host.sender.rate_control.cap_kbps = params.bitrate_kbps;
  return host;
}

core::ClientReceiverParams client_params() {
  core::ClientReceiverParams client;
  client.secret = secret();
  return client;
}

}  // namespace

SessionRun::SessionRun(const SessionParams& params, std::uint64_t seed)
    : params_{params},
      down_{params.down, Random{seed, kDownStream}.next()},
      up_{params.up, Random{seed, kUpStream}.next()},
      sizes_{seed, kSizeStream},
      host_{host_params(params), codec_},
      client_{client_params(), {kMode, true}, codec_},
      bitrate_kbps_{params.bitrate_kbps},
      content_(kMostPicture) {
  Random content{seed};
  for (auto& byte : content_) byte = static_cast<std::byte>(content.next());
  at(kBegin, What::client_wakes);
  at(kBegin, What::picture);
  at(kBegin, What::observe);
}

void SessionRun::set_links(const LinkParams& down, const LinkParams& up) {
  down_.set(down);
  up_.set(up);
}

void SessionRun::at(Timestamp when, What what, std::vector<std::byte> datagram) {
  events_.emplace(std::max(when, now_), Event{what, std::move(datagram)});
}

void SessionRun::run(Duration span) {
  const auto end = now_ + span;
  while (!events_.empty() && events_.begin()->first <= end) {
    now_ = events_.begin()->first;
    auto event = std::move(events_.begin()->second);
    events_.erase(events_.begin());
    handle(event);
  }
  now_ = end;
}

void SessionRun::handle(Event& event) {
  switch (event.what) {
    case What::picture:
      make_picture();
      break;
    case What::unit_ready:
      ring_.push_back(making_.front());
      making_.pop_front();
      pump_host();
      break;
    case What::host_wakes:
      send_train();
      pump_host();
      break;
    case What::to_host:
      if (!host_.receive(event.datagram, now_)) throw std::logic_error{"the host cannot receive"};
      pump_host();
      break;
    case What::to_client:
      if (!client_.receive(event.datagram, now_)) throw std::logic_error{"the client cannot receive"};
      pump_client();
      break;
    case What::client_wakes:
      if (now_ >= client_wake_) pump_client();
      break;
    case What::observe:
      observe();
      break;
  }
}

void SessionRun::make_picture() {
  at(now_ + params_.interval, What::picture);
  const bool moves = !params_.moves || params_.moves(since_begin());
  if (!host_.sender().is_connected()) return;
  if (!moves && !idr_wanted_ && now_ < last_picture_ + params_.keepalive) return;
  if (ring_.size() + making_.size() >= kRing) {
    idr_wanted_ = true;
    return;
  }
  const auto kind = idr_wanted_ ? PictureKind::idr : PictureKind::delta;
  auto bytes = bitrate_kbps_ * 125.0 * std::chrono::duration<double>(params_.interval).count();
  if (!moves && !idr_wanted_) bytes = 0;
  bytes *= 1 + params_.size_spread * (2 * sizes_.fraction() - 1);
  if (idr_wanted_) bytes *= params_.idr_size;
  idr_wanted_ = false;
  last_picture_ = now_;
  const auto size = std::clamp(static_cast<std::size_t>(bytes), kLeastPicture, kMostPicture);
  making_.push_back({now_ + params_.encode_time, kind, size});
  ++encoded_;
  at(now_ + params_.encode_time, What::unit_ready);
}

// One after the other: the sender takes the next unit when all of the one before has gone.
void SessionRun::push_units() {
  if (ring_.empty()) return;
  const auto unit = ring_.front();
  ring_.pop_front();
  const auto pushed = host_.push({.kind = unit.kind,
                                  .width = kMode.width,
                                  .height = kMode.height,
                                  .bytes = ByteView{content_}.first(unit.bytes),
                                  .times = {.presented = unit.encoded - params_.encode_time,
                                            .captured = unit.encoded - params_.encode_time,
                                            .encode_end = unit.encoded}},
                                 now_);
  if (pushed) encoded_at_[host_.sender().last_frame().value] = unit.encoded;
}

void SessionRun::pump_host() {
  for (;;) {
    while (!pending_) {
      const auto next = host_.next(now_);
      if (!next) break;
      pending_ = next->train;
      if (next->train.due > now_) {
        at(next->train.due, What::host_wakes);
        break;
      }
      send_train();
    }
    if (host_.take_idr_request()) idr_wanted_ = true;
    if (const auto rate = host_.sender().take_bitrate()) bitrate_kbps_ = rate->bitrate_kbps;
    if (pending_ || ring_.empty()) return;
    push_units();
  }
}

void SessionRun::send_train() {
  if (!pending_ || pending_->due > now_) return;
  const auto train = *std::exchange(pending_, std::nullopt);
  for (std::size_t i = 0; i < train.datagrams; ++i) {
    send_down(train.bytes.subspan(i * train.datagram_bytes, train.datagram_bytes));
  }
}

void SessionRun::send_down(ByteView datagram) {
  const auto& rate = down_.params().rate;
  const auto fate = down_.send(now_, Bytes{datagram.size()});
  if (rate.value != 0 && fate.outcome != Outcome::overflowed) {
    bottleneck_free_ = std::max(now_, bottleneck_free_) + transmit_time(Bytes{datagram.size()}, rate);
  }
  sent_bytes_.emplace_back(now_, datagram.size());
  if (fate.outcome != Outcome::arrived) return;
  std::vector<std::byte> copy{datagram.begin(), datagram.end()};
  if (fate.duplicate) at(*fate.duplicate, What::to_client, copy);
  at(fate.arrives, What::to_client, std::move(copy));
}

void SessionRun::pump_client() {
  AccessUnit unit;
  for (;;) {
    const auto bytes = client_.units().pop_view(unit, now_);
    if (const auto missing = client_.units().take_missing()) {
      const auto frames = missing->last.value - missing->first.value + 1;
      lost_ += frames;
      losses_.push_back({now_, frames});
    }
    if (!bytes) break;
    if (!std::ranges::equal(*bytes, ByteView{content_}.first(bytes->size()))) {
      throw std::logic_error{"a picture came out wrong"};
    }
    shown_.push_back({unit.id.value, encoded_at_[unit.id.value], now_});
  }
  for (;;) {
    const auto datagram = client_.next_datagram(now_);
    if (!datagram) throw std::logic_error{"the client cannot send"};
    if (!*datagram) break;
    const auto fate = up_.send(now_, Bytes{(*datagram)->size()});
    if (fate.outcome == Outcome::arrived)
      at(fate.arrives, What::to_host, {(*datagram)->begin(), (*datagram)->end()});
  }
  const auto deadline = std::max(client_.next_deadline(now_), now_ + 100us);
  if (client_wake_ <= now_ || deadline < client_wake_) {
    client_wake_ = deadline;
    at(deadline, What::client_wakes);
  }
}

void SessionRun::observe() {
  at(now_ + kObserveEvery, What::observe);
  while (!sent_bytes_.empty() && sent_bytes_.front().first < now_ - kRateWindow) sent_bytes_.pop_front();
  std::size_t bytes = 0;
  for (const auto& [when, size] : sent_bytes_) bytes += size;
  observations_.push_back({.at = now_,
                           .queue = std::max(Duration::zero(), bottleneck_free_ - now_),
                           .bitrate_kbps = bitrate_kbps_,
                           .reason = host_.sender().rate().reason,
                           .sent_kbps = static_cast<double>(bytes) * 8 / 1000 /
                                        std::chrono::duration<double>(kRateWindow).count()});
}

std::uint64_t SessionRun::lost_since(Timestamp begin) const {
  std::uint64_t frames = 0;
  for (const auto& loss : losses_) frames += loss.noticed >= begin ? loss.frames : 0;
  return frames;
}

Duration SessionRun::longest_freeze(Timestamp begin, Timestamp end) const {
  Duration longest{};
  std::optional<Timestamp> before;
  for (const auto& picture : shown_) {
    if (before && picture.shown >= begin && picture.shown < end)
      longest = std::max(longest, picture.shown - *before);
    before = picture.shown;
  }
  return longest;
}

LatencyHistogram SessionRun::latency() const {
  LatencyHistogram histogram;
  for (const auto& picture : shown_) histogram.add(picture.shown - picture.encoded);
  return histogram;
}

Duration SessionRun::most_queue(Timestamp begin, Timestamp end) const {
  Duration most{};
  for (const auto& seen : observations_) {
    if (seen.at >= begin && seen.at < end) most = std::max(most, seen.queue);
  }
  return most;
}

double SessionRun::mean_kbps(Timestamp begin, Timestamp end) const {
  double sum = 0;
  std::size_t count = 0;
  for (const auto& seen : observations_) {
    if (seen.at < begin || seen.at >= end) continue;
    sum += seen.bitrate_kbps;
    ++count;
  }
  return count == 0 ? 0 : sum / static_cast<double>(count);
}

}  // namespace lumen::simulation
