// What holds for streams of any frames over any network that loses, repeats and reorders datagrams.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

#include "gamestream/media/audio_packetizer.hpp"
#include "gamestream/media/audio_reassembler.hpp"
#include "gamestream/media/test_media.hpp"
#include "gamestream/media/video_reassembler.hpp"

namespace lumen::gamestream {
namespace {

using test::Buffer;
using test::noise;

Timestamp at_ms(std::int64_t ms) { return Timestamp{std::chrono::milliseconds{ms}}; }

struct Network {
  unsigned loss_percent = 0, copy_percent = 0, reach = 0;  // reach: places that a datagram is moved at most
  std::mt19937 random;

  static Network any() {
    return {.loss_percent = *rc::gen::element(0U, 2U, 10U, 40U),
            .copy_percent = *rc::gen::element(0U, 10U),
            .reach = *rc::gen::element(0U, 2U, 30U),
            .random = std::mt19937{*rc::gen::arbitrary<std::uint32_t>()}};
  }
  bool chance(unsigned percent) { return random() % 100 < percent; }
  std::vector<Buffer> pass(const std::vector<Buffer>& sent) {
    std::vector<std::pair<std::size_t, const Buffer*>> arriving;
    for (std::size_t i = 0; i < sent.size(); ++i) {
      if (chance(loss_percent)) continue;
      for (int copies = chance(copy_percent) ? 2 : 1; copies > 0; --copies)
        arriving.emplace_back(i + (reach > 0 ? random() % (reach + 1) : 0), &sent[i]);
    }
    std::ranges::stable_sort(arriving, {}, &std::pair<std::size_t, const Buffer*>::first);
    std::vector<Buffer> out;
    for (const auto& [place, datagram] : arriving) out.push_back(*datagram);
    return out;
  }
};

RC_GTEST_PROP(Properties, m42_every_frame_is_delivered_intact_or_lost_and_in_order, ()) {
  const FramePlanParams plan{.packet_size = *rc::gen::element<std::size_t>(64, 80, 256),
                             .percent = *rc::gen::element<std::size_t>(0, 20, 100, 255),
                             .min_parity = *rc::gen::inRange<std::size_t>(0, 4),
                             .reduce_parity = *rc::gen::arbitrary<bool>()};
  const auto key = *rc::gen::arbitrary<bool>() ? test::key() : Buffer{};
  const auto format = *rc::gen::element(VideoFormat::h264, VideoFormat::av1);
  auto host = VideoPacketizer::create({.plan = plan, .first_nonce = std::nullopt}, key).value();
  auto client = VideoReassembler::create({.format = format, .packet_size = plan.packet_size}, key).value();
  VideoPacketizerProbe::skip_to(host, *rc::gen::arbitrary<std::uint16_t>());
  auto network = Network::any();

  std::map<std::uint64_t, Buffer> sent;
  std::vector<Buffer> datagrams;
  const auto frames = *rc::gen::inRange<std::uint32_t>(1, 12);
  for (std::uint32_t i = 1; i <= frames; ++i) {
    const auto most = *rc::gen::element<std::size_t>(60, 2'000, 20'000);
    auto unit = noise(*rc::gen::inRange<std::size_t>(1, most), i);
    unit.back() |= std::byte{1};  // zeros at the end do not survive in Annex B
    RC_ASSERT(host.pack(test::unit_of(unit), {.time = RtpTicks{i}}).has_value());
    sent[i] = std::move(unit);
    for (auto& datagram : test::take_all(host)) datagrams.push_back(std::move(datagram));
  }

  std::set<std::uint64_t> delivered, lost;
  std::uint64_t next = 1;
  const auto collect = [&](Timestamp now) {
    ReceivedFrame frame;
    for (bool more = true; more;) {
      more = client.pop(frame, now);
      if (const auto loss = client.take_loss()) {
        for (auto id = loss->first.value; id <= loss->last.value; ++id) {
          if (!delivered.contains(id)) lost.insert(id);
        }
      }
      if (!more) break;
      RC_ASSERT(frame.frame.value >= next);
      next = frame.frame.value + 1;
      RC_ASSERT(frame.bytes == sent.at(frame.frame.value));
      RC_ASSERT(frame.time == RtpTicks{static_cast<std::uint32_t>(frame.frame.value)});
      delivered.insert(frame.frame.value);
    }
  };
  std::int64_t ms = 0;
  for (auto& datagram : network.pass(datagrams)) {
    client.push(datagram, at_ms(ms));
    collect(at_ms(ms));
    ms += network.chance(5) ? 1 : 0;
  }
  collect(at_ms(ms + 10));
  if (network.loss_percent == 0 && network.reach <= 2) {
    RC_ASSERT(delivered.size() == frames);
  }
  for (const auto id : lost) RC_ASSERT(!delivered.contains(id));
  for (std::uint64_t id = 1; id < next; ++id) RC_ASSERT(delivered.contains(id) || lost.contains(id));
}

RC_GTEST_PROP(Properties, m42_a_frame_survives_any_loss_that_parity_makes_up_for, ()) {
  const FramePlanParams plan{.packet_size = 64,
                             .percent = *rc::gen::inRange<std::size_t>(1, 256),
                             .min_parity = *rc::gen::inRange<std::size_t>(0, 6)};
  auto host = VideoPacketizer::create({.plan = plan, .first_nonce = std::nullopt}, {}).value();
  auto client = VideoReassembler::create({.packet_size = plan.packet_size}, {}).value();
  auto unit = noise(*rc::gen::inRange<std::size_t>(1, 30'000), 1);
  unit.back() |= std::byte{1};
  const auto frame_plan = plan_frame(plan, unit.size()).value();
  RC_ASSERT(host.pack(test::unit_of(unit), {.time = RtpTicks{1}}).has_value());
  auto datagrams = test::take_all(host);
  std::mt19937 random{*rc::gen::arbitrary<std::uint32_t>()};
  auto begin = datagrams.begin();
  for (const auto& block : frame_plan.blocks()) {
    const auto end = begin + static_cast<std::ptrdiff_t>(block.shards());
    std::shuffle(begin, end, random);
    for (auto at = begin; at != begin + static_cast<std::ptrdiff_t>(block.data); ++at)
      client.push(*at, at_ms(1));
    begin = end;
  }
  ReceivedFrame frame;
  RC_ASSERT(client.pop(frame, at_ms(1)));
  RC_ASSERT(frame.bytes == unit);
}

RC_GTEST_PROP(Properties, m48_every_audio_packet_is_heard_intact_or_missed_and_in_order, ()) {
  const auto key = *rc::gen::arbitrary<bool>() ? test::key() : Buffer{};
  const auto first = *rc::gen::arbitrary<std::uint16_t>();
  auto host = AudioPacketizer::create({.packet_ms = 5, .key_id = 7, .first_packet = first}, key).value();
  auto client = AudioReassembler::create({.key_id = 7}, key).value();
  auto network = Network::any();
  const auto bytes = *rc::gen::inRange<std::size_t>(1, 1300);
  std::vector<Buffer> sent, datagrams;
  for (std::uint32_t i = 0; i < 60; ++i) {
    sent.push_back(noise(bytes, i));
    const auto packed = host.pack(sent.back()).value();
    for (const auto datagram : packed.all()) datagrams.emplace_back(datagram.begin(), datagram.end());
  }
  std::optional<std::uint64_t> next;
  const auto collect = [&](Timestamp now) {
    while (const auto audio = client.pop(now)) {
      RC_ASSERT(!next || audio->packet == *next);
      next = audio->packet + std::max<std::uint64_t>(audio->missing, 1);
      RC_ASSERT(audio->opus.empty() == (audio->missing > 0));
      const auto index = static_cast<std::uint16_t>(audio->packet - first);
      if (!audio->opus.empty()) RC_ASSERT(std::ranges::equal(audio->opus, sent.at(index)));
    }
  };
  std::int64_t ms = 0;
  for (const auto& datagram : network.pass(datagrams)) {
    client.push(datagram, at_ms(ms));
    collect(at_ms(ms));
    ms += network.chance(50) ? 5 : 0;
  }
  collect(at_ms(ms + 10));
  if (network.loss_percent == 0 && network.reach == 0) {
    RC_ASSERT(client.stats().packets == sent.size());
  }
}

// Whatever comes, nothing breaks and memory stays within bounds.
RC_GTEST_PROP(Properties, damaged_datagrams_do_no_harm, ()) {
  auto host =
      VideoPacketizer::create({.plan = {.packet_size = 64, .percent = 50}, .first_nonce = {}}, {}).value();
  auto client = VideoReassembler::create({.packet_size = 64, .memory_budget = 1U << 20U}, {}).value();
  std::mt19937 random{*rc::gen::arbitrary<std::uint32_t>()};
  ReceivedFrame frame;
  for (int i = 0; i < 20; ++i) {
    RC_ASSERT(host.pack(test::unit_of(noise(1 + random() % 2000, 1)), {.time = RtpTicks{1}}).has_value());
    for (auto& datagram : test::take_all(host)) {
      if (random() % 4 == 0) datagram[random() % datagram.size()] = static_cast<std::byte>(random());
      if (random() % 16 == 0) datagram.resize(random() % 100);
      client.push(datagram, at_ms(i));
      while (client.pop(frame, at_ms(i))) RC_ASSERT(frame.bytes.size() <= 4092U * 48);
      RC_ASSERT(client.memory_bytes() <= 1U << 20U);
    }
  }
}

}  // namespace
}  // namespace lumen::gamestream
