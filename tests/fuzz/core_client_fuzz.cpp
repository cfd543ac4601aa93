// The C ABI's client, from whatever a host could send. The input is a script: units that are packed as a host
// packs them, of whose datagrams some are lost, doubled, held back or spoiled before they are sealed; bodies
// of the input's own, sealed too, so that they get past the cipher to every parser; raw datagrams; input, key
// updates, time. Units come out in order, whole ones as they were sent; frames are missing in order; memory
// stays bounded; what the client sends fits into datagrams.
#include <lumen_core.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "lumen1/handshake.hpp"
#include "lumen1/packetizer.hpp"

namespace {

using namespace lumen;
using Datagram = std::vector<std::byte>;

void require(bool condition) {
  if (!condition) std::abort();
}

constexpr std::uint64_t kBudget = 4U << 20U, kBookkeeping = 2U << 20U, kMending = 16U << 20U;
constexpr std::int64_t kMs = 1'000'000;

const lumen_fec* client_codec() {
  static lumen_fec* const codec = [] {
    lumen_fec* made = nullptr;
    require(lumen_fec_create(nullptr, &made) == LUMEN_OK);
    return made;
  }();
  return codec;
}
const fec::Leopard& host_codec() {
  static const fec::Leopard codec;
  return codec;
}

// What a host does, with every part of it in the fuzzer's hands.
class Host {
 public:
  // The welcome; from now on it seals for this connection.
  Datagram answer(ByteView hello) {
    lumen1::Random random{};
    random[0] = static_cast<std::byte>(++answers_);
    auto answer = lumen1::answer_hello(secret(), 0, random, hello);
    require(answer.has_value());
    sealer_.emplace(std::move(*lumen1::Sealer::create(answer->keys.host_to_client, 0)));
    return answer->welcome;
  }
  std::optional<Datagram> seal(lumen1::Kind kind, ByteView body) {
    if (!sealer_) return std::nullopt;
    Datagram datagram(lumen1::kClearHeaderBytes + body.size() + lumen1::kTagBytes);
    std::ranges::copy(body, datagram.begin() + lumen1::kClearHeaderBytes);
    require(sealer_->seal(kind, datagram).has_value());
    return datagram;
  }
  void update_key() {
    if (sealer_) sealer_->update_key();
  }
  // Queues the bodies of a unit's datagrams.
  void pack(std::size_t bytes, std::size_t parity, PictureKind kind) {
    auto& unit = units[++frame];
    for (std::size_t i = 0; i < bytes; ++i) unit.push_back(static_cast<std::byte>(i * 31 + frame * 7));
    const AccessUnitView view{.id = FrameId{frame}, .kind = kind, .width = 64, .height = 64, .bytes = unit};
    const auto packed = packetizer_.pack(view, parity);
    require(packed.has_value());
    for (std::size_t i = 0; i < packed->datagrams; ++i) {
      const auto datagram = packed->datagram(i);
      bodies.emplace_back(datagram.begin() + lumen1::kClearHeaderBytes, datagram.end() - lumen1::kTagBytes);
    }
  }

  static lumen1::Secret secret() {
    lumen1::Secret secret{};
    secret[0] = std::byte{1};
    return secret;
  }

  std::uint64_t frame = 0;
  std::map<std::uint64_t, std::vector<std::byte>> units;
  std::deque<Datagram> bodies;

 private:
  int answers_ = 0;
  std::optional<lumen1::Sealer> sealer_;
  lumen1::VideoPacketizer packetizer_{host_codec(), 128};
};

class Script {
 public:
  Script() {
    lumen_client_params params;
    require(lumen_client_params_init(&params, sizeof params) == LUMEN_OK);
    params.secret[0] = 1;
    params.memory_budget_bytes = kBudget;
    params.fec = client_codec();
    params.on_event = [](void* user, const lumen_client_event* event) {
      static_cast<Script*>(user)->on(*event);
    };
    params.user = this;
    require(lumen_client_create(&params, &client_) == LUMEN_OK);
    talk();
  }
  ~Script() { lumen_client_destroy(&client_); }
  Script(const Script&) = delete;
  Script& operator=(const Script&) = delete;

  void run(ByteReader& input) {
    while (input.remaining() > 0) {
      act(input.little<std::uint8_t>(), input);
      take_units();
      talk();
    }
    check_stats();
  }

 private:
  // NOLINTNEXTLINE(readability-function-size): one case for each thing that can happen
  void act(std::uint8_t action, ByteReader& input) {
    const unsigned count = action >> 4U;
    switch (action & 0x0FU) {
      case 0:
      case 1:
        host_.pack(input.little<std::uint16_t>() % 3000U + 1U, count,
                   (action & 1U) != 0 ? PictureKind::idr : PictureKind::delta);
        break;
      case 2:
      case 3:
        for (unsigned i = 0; i <= count * 2 && !host_.bodies.empty(); ++i) send(next_body());
        break;
      case 4:  // lost
        if (!host_.bodies.empty()) next_body();
        break;
      case 5:  // twice: a replay
        if (const auto sealed = seal_next()) {
          deliver(*sealed);
          deliver(*sealed);
        }
        break;
      case 6:  // overtaken
        if (auto sealed = seal_next()) held_.push_back(std::move(*sealed));
        break;
      case 7:
        for (; !held_.empty(); held_.pop_back()) deliver(held_.back());
        break;
      case 8:
        spoil(input, count);
        break;
      case 9:
      case 10:
        send_own(input, (action & 1U) != 0 ? lumen1::Kind::video : lumen1::Kind::host_message);
        break;
      case 11:
        send_raw(input);
        break;
      case 12:
        host_.update_key();
        lumen_client_update_keys(client_);
        break;
      case 13:
        press(input, count);
        break;
      case 14:
        lumen_client_not_decoded(client_, newest_ - count);
        break;
      default:
        now_ns_ += (count == 15 ? 6000 : count) * kMs;
    }
  }

  Datagram next_body() {
    auto body = std::move(host_.bodies.front());
    host_.bodies.pop_front();
    return body;
  }
  std::optional<Datagram> seal_next() {
    if (host_.bodies.empty()) return std::nullopt;
    return host_.seal(lumen1::Kind::video, next_body());
  }
  void send(const Datagram& body) {
    if (const auto sealed = host_.seal(lumen1::Kind::video, body)) deliver(*sealed);
  }
  void spoil(ByteReader& input, unsigned bit) {
    if (host_.bodies.empty()) return;
    auto body = next_body();
    const auto offset = input.little<std::uint8_t>() % body.size();
    body[offset] ^= static_cast<std::byte>(1U << (bit & 7U));
    if ((bit & 8U) != 0) body.resize(offset);
    tampered_ = true;
    send(body);
  }
  void send_own(ByteReader& input, lumen1::Kind kind) {
    const auto body = input.take(std::min<std::size_t>(input.little<std::uint8_t>(), input.remaining()));
    tampered_ = tampered_ || kind == lumen1::Kind::video;
    if (const auto sealed = host_.seal(kind, body)) deliver(*sealed);
  }
  void send_raw(ByteReader& input) {
    const auto bytes = input.take(std::min<std::size_t>(input.little<std::uint8_t>(), input.remaining()));
    deliver({bytes.begin(), bytes.end()});
  }
  void press(ByteReader& input, unsigned type) {
    lumen_input event{};
    event.struct_size = sizeof event;
    event.type = type;
    event.evdev_code = input.little<std::uint16_t>();
    event.x = static_cast<std::int32_t>(input.little<std::uint32_t>());
    lumen_datagram datagram{};
    datagram.struct_size = sizeof datagram;
    if (lumen_client_seal_input(client_, &event, &datagram) == LUMEN_OK) check_sent(datagram);
  }

  // It is decrypted in place, so a copy is given.
  void deliver(Datagram datagram) {
    require(lumen_client_receive(client_, datagram.data() == nullptr ? &nothing_ : datagram.data(),
                                 datagram.size(), now_ns_) >= 0);
    take_units();
  }
  void take_units() {
    lumen_unit unit{};
    unit.struct_size = sizeof unit;
    lumen_result result = LUMEN_OK;
    while ((result = lumen_client_next_unit(client_, &unit, now_ns_)) == LUMEN_OK) {
      require(!next_ || unit.frame == *next_);
      require(next_ || unit.kind == LUMEN_PICTURE_IDR);
      next_ = unit.frame + 1;
      newest_ = unit.frame;
      if (!tampered_) {
        const auto& sent = host_.units.at(unit.frame);
        require(unit.size_bytes == sent.size() && std::memcmp(unit.bytes, sent.data(), sent.size()) == 0);
      }
    }
    require(result == LUMEN_NOTHING);
  }
  void on(const lumen_client_event& event) {
    if (event.type == LUMEN_CLIENT_EVENT_CONNECTED) next_.reset();
    if (event.type != LUMEN_CLIENT_EVENT_MISSING) return;
    require(event.first_frame <= event.last_frame);
    require(!next_ || event.first_frame == *next_);
    if (next_) next_ = event.last_frame + 1;
  }

  // What the client has to say; its hello is answered.
  void talk() {
    lumen_datagram datagram{};
    datagram.struct_size = sizeof datagram;
    lumen_result result = LUMEN_OK;
    std::optional<Datagram> welcome;
    for (int i = 0; (result = lumen_client_next_datagram(client_, &datagram, now_ns_)) == LUMEN_OK; ++i) {
      require(i < 16);
      check_sent(datagram);
      const ByteView bytes{static_cast<const std::byte*>(datagram.bytes), datagram.size_bytes};
      if (lumen1::decode_clear_header(bytes)->kind == lumen1::Kind::hello) welcome = host_.answer(bytes);
    }
    require(result == LUMEN_NOTHING);
    if (welcome) deliver(*welcome);
  }
  static void check_sent(const lumen_datagram& datagram) {
    require(datagram.size_bytes > 0 && datagram.size_bytes <= LUMEN_MAX_DATAGRAM_BYTES);
  }
  void check_stats() {
    lumen_client_stats stats{};
    stats.struct_size = sizeof stats;
    require(lumen_client_get_stats(client_, &stats) == LUMEN_OK);
    require(stats.memory_bytes <= kBudget + kBookkeeping + kMending);
    std::int64_t deadline = 0;
    require(lumen_client_next_deadline(client_, now_ns_, &deadline) == LUMEN_OK);
  }

  Host host_;
  lumen_client* client_ = nullptr;
  std::int64_t now_ns_ = kMs;
  std::vector<Datagram> held_;
  std::optional<std::uint64_t> next_;  // frame about which nothing was said yet
  std::uint64_t newest_ = 0;
  bool tampered_ = false;
  std::byte nothing_{};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader input{std::as_bytes(std::span{data, size})};
  Script{}.run(input);
  return 0;
}
