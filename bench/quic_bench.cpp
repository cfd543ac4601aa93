// CPU time of QUIC at both ends together, without a network between: handshakes by kind of key, and bytes.
#include <benchmark/benchmark.h>

#include <array>
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "net/quic/quic.hpp"

namespace {

using namespace lumen;
using namespace lumen::net;

std::shared_ptr<const QuicIdentity> identity(crypto::KeyKind kind) {
  const std::chrono::system_clock::time_point now{std::chrono::seconds{1'800'000'000}};
  return std::make_shared<QuicIdentity>(
      QuicIdentity::create(crypto::Identity::create("bench", now, kind).value()).value());
}

// Host and client with datagrams that are carried by hand; time goes by a microsecond a datagram.
class Pair {
 public:
  explicit Pair(const std::shared_ptr<const QuicIdentity>& tls)
      : host{make(QuicRole::host, tls)}, client{make(QuicRole::client, tls)} {
    id_ = client.connect({.address = host_address_, .local = client_address_}, now).value();
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  bool is_connected() const { return connected_ == 2; }
  std::size_t received() const { return received_; }
  void send(ByteView bytes) { benchmark::DoNotOptimize(client.send(id_, bytes, now)); }
  // One round of everything.
  void exchange() {
    carry(to_host_, host, {host_address_, client_address_});
    carry(to_client_, client, {client_address_, host_address_});
  }

  Timestamp now{std::chrono::seconds{1000}};

 private:
  using Datagrams = std::deque<std::vector<std::byte>>;
  QuicEndpoint make(QuicRole role, const std::shared_ptr<const QuicIdentity>& tls) {
    QuicParams params;
    params.role = role;
    params.identity = tls;
    auto& queue = role == QuicRole::host ? to_client_ : to_host_;
    params.send = [&queue](const QuicPath&, ByteView datagram) {
      queue.emplace_back(datagram.begin(), datagram.end());
    };
    return QuicEndpoint::create(std::move(params)).value();
  }
  void carry(Datagrams& queue, QuicEndpoint& to, const QuicPath& path) {
    while (!queue.empty()) {
      const auto datagram = std::move(queue.front());
      queue.pop_front();
      to.receive(path, datagram, now += std::chrono::microseconds{1});
    }
    if (const auto due = to.next_deadline()) to.on_timer(now = std::max(now, std::min(*due, now + kStep)));
    while (const auto event = to.poll(now)) {
      connected_ += std::holds_alternative<QuicConnected>(*event) ? 1 : 0;
      if (const auto* bytes = std::get_if<QuicBytes>(&*event)) received_ += bytes->bytes.size();
    }
  }

  static constexpr Duration kStep = std::chrono::milliseconds{1};
  const Endpoint host_address_ = *Endpoint::parse("192.0.2.1", 1);
  const Endpoint client_address_ = *Endpoint::parse("192.0.2.2", 2);
  Datagrams to_host_, to_client_;
  QuicEndpoint host, client;
  QuicId id_{};
  int connected_ = 0;
  std::size_t received_ = 0;
};

void handshake(benchmark::State& state, crypto::KeyKind kind) {
  const auto tls = identity(kind);
  for (auto _ : state) {
    Pair pair{tls};
    for (int i = 0; i < 100 && !pair.is_connected(); ++i) pair.exchange();
    if (!pair.is_connected()) state.SkipWithError("no connection");
  }
}
BENCHMARK_CAPTURE(handshake, p256, crypto::KeyKind::ecdsa_p256)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(handshake, rsa, crypto::KeyKind::rsa_2048)->Unit(benchmark::kMicrosecond);

void bytes(benchmark::State& state) {
  Pair pair{identity(crypto::KeyKind::ecdsa_p256)};
  while (!pair.is_connected()) pair.exchange();
  const std::vector<std::byte> piece(16 * 1024);
  std::size_t wanted = pair.received();
  for (auto _ : state) {
    pair.send(piece);
    wanted += piece.size();
    for (int i = 0; i < 1000 && pair.received() < wanted; ++i) pair.exchange();
    if (pair.received() != wanted) state.SkipWithError("bytes are missing");
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(piece.size()));
}
BENCHMARK(bytes)->Unit(benchmark::kMicrosecond);

}  // namespace
