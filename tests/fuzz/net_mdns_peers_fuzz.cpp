// Any bytes as datagrams of others on the network, for a responder and a browse: each is two bytes of length,
// one that says from where and how much later, and the datagram.
#include <cstdint>
#include <cstdlib>

#include "net/mdns/findings.hpp"
#include "net/mdns/responder.hpp"

namespace {

using namespace lumen;
using namespace lumen::net::mdns;

constexpr unsigned kInterface = 2;

LocalInterfaces interfaces() {
  const std::string v4("\x0a\0\0\x01", 4), v6 = "\xfd" + std::string(15, '\x01');
  return {.multicast = {{kInterface, {{v4, 24}, {v6, 64}}}}, .own_addresses = {v4, v6}};
}

net::Endpoint source(std::uint8_t from) {
  return net::Endpoint::parse("10.0.0." + std::to_string(2 + from % 4), (from & 4U) != 0 ? 40000 : 5353)
      .value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto service = DnsName::of("_nvstream._tcp.local");
  Responder responder{{.name = "box", .host = "box", .service = service, .port = 47989}};
  Findings findings{service};
  auto now = from_ns(1'000'000'000);
  responder.set_interfaces(interfaces(), now);
  ByteReader in{std::as_bytes(std::span{data, size})};
  while (in.remaining() > 3) {
    const std::size_t length = std::min<std::size_t>(in.big<std::uint16_t>(), in.remaining() - 1);
    const auto from = in.big<std::uint8_t>();
    const auto bytes = in.take(length);
    now += std::chrono::milliseconds{(from >> 3U) * 40};
    responder.advance(now);
    responder.on_datagram(kInterface, source(from), bytes, now);
    responder.advance(now);
    if (responder.next_time() <= now) std::abort();
    for (const auto& out : responder.take_outgoing()) {
      if (out.bytes.size() > kMaxMessageBytes && !out.to) std::abort();
      if (out.bytes.size() <= kMaxMessageBytes && !decode_dns(out.bytes)) std::abort();
    }
    if (const auto message = decode_dns(bytes)) findings.add(*message, kInterface);
    if (findings.hosts().size() > 128) std::abort();
    (void)findings.query();
    (void)findings.follow_up();
  }
  (void)responder.goodbye();
  return 0;
}
