#include "simulation/stream.hpp"

#include <algorithm>
#include <cmath>

namespace lumen::simulation {
namespace {

constexpr std::uint64_t kSizeStream = 1, kWayBackStream = 2, kLinkStream = 3;

Playback::Params playback_params(const StreamParams& params, const LinkParams& link) {
  Playback::Params playback{.interval = params.interval};
  if (params.recovery != Recovery::none) playback.ask_again = 2 * link.delay + link.jitter;
  return playback;
}

bool has_lost_data(const FrameLayout& layout, std::span<const Fate> fates) {
  std::size_t first = 0;
  for (std::size_t b = 0; b < layout.blocks; ++b) {
    const auto& block = layout.block[b];
    const auto data = fates.subspan(first, block.data);
    if (std::any_of(data.begin(), data.end(), [](const Fate& f) { return f.outcome != Outcome::arrived; }))
      return true;
    first += block.data + block.parity;
  }
  return false;
}

}  // namespace

Stream::Stream(const StreamParams& params, const LinkParams& link, std::uint64_t seed)
    : params_{params},
      seed_{seed},
      link_{link, Random{seed, kLinkStream}.next()},
      client_{playback_params(params, link)},
      control_{params.parity},
      way_back_{seed, kWayBackStream} {}

void Stream::set_link(const LinkParams& link) { link_.set(link); }

void Stream::send_frame() {
  const auto id = stats_.frames;
  const auto now = at(id);
  listen(now);
  const bool entry = becomes_entry();
  const auto layout = plan(size_of(id, entry));
  transmit(layout, now);
  const auto complete = completion(layout);
  if (observer_ != nullptr) observer_->sent({FrameId{id}, now, entry, layout, fates_, complete});
  if (complete) client_.arrives({FrameId{id}, entry, *complete});
  account(layout, entry, complete);
  measure(layout);
}

void Stream::finish() {
  listen(now() + std::chrono::seconds{1});
  client_.end_at(FrameId{stats_.frames}, now());
}

void Stream::listen(Timestamp now) {
  client_.advance(now);
  stats_.most_queued = std::max(stats_.most_queued, client_.queued() + reports_.size() + asks_.size());
  while (const auto ask = client_.take_ask()) {
    const bool lost = way_back_.chance(link_.params().loss.loss);
    if (!lost) asks_.push_back({ask->at + link_.params().delay, ask->broken});
  }
  hear_client(now);
}

void Stream::hear_client(Timestamp now) {
  for (; !reports_.empty() && reports_.front().arrives <= now; reports_.pop_front()) {
    control_.report(reports_.front().arrives, reports_.front().loss);
  }
  for (; !asks_.empty() && asks_.front().at <= now; asks_.pop_front()) {
    const auto& ask = asks_.front();
    recovery_wanted_ = merger_.request(ask.broken, ask.at, round_trip()) || recovery_wanted_;
  }
}

bool Stream::becomes_entry() {
  const auto id = stats_.frames;
  const bool periodic = params_.idr_every > 0 && id % params_.idr_every == 0;
  if (id != 0 && !periodic && !recovery_wanted_) return false;
  recovery_wanted_ = false;
  merger_.idr_made(FrameId{id}, at(id));
  ++stats_.entries;
  return true;
}

std::size_t Stream::size_of(std::uint64_t frame, bool entry) const {
  const auto spread = params_.size_spread * (2 * Random{mix(seed_) + kSizeStream, frame}.fraction() - 1);
  auto size = static_cast<double>(params_.data_shards) * (1 + spread);
  const bool periodic = params_.idr_every > 0 && frame % params_.idr_every == 0;
  if (entry && (params_.recovery == Recovery::idr || frame == 0 || periodic)) size *= params_.idr_size;
  return static_cast<std::size_t>(std::max(size, 1.0));
}

FrameLayout Stream::plan(std::size_t data_shards) const {
  if (params_.fixed_percent) return lay_out(params_.code, data_shards, *params_.fixed_percent);
  return lay_out_with(params_.code, data_shards, control_.parity_for(data_shards));
}

void Stream::transmit(const FrameLayout& layout, Timestamp now) {
  const auto datagrams = layout.data() + layout.parity();
  const auto spacing = std::chrono::duration_cast<Duration>(params_.interval * params_.pace) / datagrams;
  link_.restart(stats_.frames);
  fates_.clear();
  for (std::size_t i = 0; i < datagrams; ++i) {
    fates_.push_back(link_.send(now + i * spacing, params_.datagram));
  }
}

// When the last of the blocks has as many datagrams as it has data.
std::optional<Timestamp> Stream::completion(const FrameLayout& layout) {
  Timestamp last{};
  std::size_t first = 0;
  for (std::size_t b = 0; b < layout.blocks; ++b) {
    const auto whole = block_completion(first, layout.block[b]);
    if (!whole) return std::nullopt;
    last = std::max(last, *whole);
    first += layout.block[b].data + layout.block[b].parity;
  }
  return last;
}

std::optional<Timestamp> Stream::block_completion(std::size_t first, const Block& block) {
  arrivals_.clear();
  for (std::size_t i = first; i < first + block.data + block.parity; ++i) {
    if (fates_[i].outcome == Outcome::arrived) arrivals_.push_back(fates_[i].arrives);
  }
  if (arrivals_.size() < block.data) return std::nullopt;
  const auto last = arrivals_.begin() + static_cast<std::ptrdiff_t>(block.data) - 1;
  std::nth_element(arrivals_.begin(), last, arrivals_.end());
  return *last;
}

// The client counts what it received, and reports.
void Stream::measure(const FrameLayout& layout) {
  Timestamp newest{};
  for (std::size_t i = 0; i < layout.data() + layout.parity(); ++i, ++next_datagram_) {
    if (fates_[i].outcome != Outcome::arrived) continue;
    meter_.received(next_datagram_);
    newest = std::max(newest, fates_[i].arrives);
  }
  if (newest < next_report_ || newest == Timestamp{}) return;
  next_report_ = newest + params_.report_every;
  reports_.push_back({newest + link_.params().delay, meter_.take()});
}

void Stream::account(const FrameLayout& layout, bool entry, std::optional<Timestamp> complete) {
  const auto data = layout.data(), parity = layout.parity();
  ++stats_.frames;
  stats_.data_sent += data;
  stats_.parity_sent += parity;
  if (entry) {
    stats_.data_asked += data - std::min(data, size_of(stats_.frames - 1, false));
  } else {
    stats_.most_parity_percent =
        std::max(stats_.most_parity_percent, 100 * static_cast<double>(parity) / static_cast<double>(data));
  }
  if (!complete) ++stats_.frames_beyond_repair;
  if (complete && has_lost_data(layout, fates_)) ++stats_.frames_mended;
  digest_ = mix(digest_ + parity + static_cast<std::uint64_t>(to_ns(complete.value_or(Timestamp{}))));
}

}  // namespace lumen::simulation
