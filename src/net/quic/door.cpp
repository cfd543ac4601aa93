#include "net/quic/door.hpp"

#include <gnutls/crypto.h>
#include <ngtcp2/ngtcp2_crypto.h>

#include <algorithm>
#include <array>

namespace lumen::net::quic {
namespace {

constexpr std::size_t kMinInitialBytes = 1200;   // RFC 9000 14.1
constexpr std::size_t kMinResettableBytes = 41;  // what answers it is shorter and still looks like a packet
constexpr std::size_t kMaxResetRandom = 48;
constexpr std::byte kLongHeader{0x80};
constexpr std::uint8_t kFixedBit = 0x40;
constexpr Duration kRetryValidity = std::chrono::seconds{10};

bool is_retry_token(const ngtcp2_vec& token) {
  return token.len > 0 && token.base[0] == NGTCP2_CRYPTO_TOKEN_MAGIC_RETRY;
}

}  // namespace

void Door::send(const QuicPath& path, const std::uint8_t* bytes, ngtcp2_ssize count) const {
  if (count > 0) shared_.params.send(path, view(bytes, static_cast<std::size_t>(count)));
}

std::optional<Arrival> Door::knock(const QuicPath& path, ByteView datagram, Load load, Timestamp now) {
  Arrival arrival{};
  auto& header = arrival.header;
  if (ngtcp2_accept(&header, raw(datagram), datagram.size()) != 0) {
    if ((datagram[0] & kLongHeader) == std::byte{0}) {
      reset(path, datagram, now);
    } else {
      ++shared_.counters.dropped;
    }
    return std::nullopt;
  }
  arrival.original = header.dcid;
  if (load.connections >= shared_.params.max_connections) {
    refuse(path, header, NGTCP2_CONNECTION_REFUSED, now);
    return std::nullopt;
  }
  if (is_retry_token(header.token)) {
    if (!check_token(path, arrival, now)) {
      refuse(path, header, NGTCP2_INVALID_TOKEN, now);
      return std::nullopt;
    }
  } else if (load.half_open > shared_.params.retry_above) {
    ask_to_retry(path, header, now);
    return std::nullopt;
  }
  if (load.half_open - load.stale >= shared_.params.max_half_open) {
    ++shared_.counters.refused;
    return std::nullopt;
  }
  return arrival;
}

bool Door::check_token(const QuicPath& path, Arrival& arrival, Timestamp now) const {
  const auto& header = arrival.header;
  const auto secret = shared_.params.secret.view();
  arrival.after_retry =
      ngtcp2_crypto_verify_retry_token(&arrival.original, header.token.base, header.token.len, raw(secret),
                                       secret.size(), header.version, path.peer.address(), path.peer.length(),
                                       &header.dcid, to_ngtcp2(kRetryValidity), to_ngtcp2(now)) == 0;
  return arrival.after_retry;
}

void Door::ask_to_retry(const QuicPath& path, const ngtcp2_pkt_hd& header, Timestamp now) {
  ngtcp2_cid scid{};
  scid.datalen = kCidBytes;
  gnutls_rnd(GNUTLS_RND_NONCE, scid.data, scid.datalen);
  const auto secret = shared_.params.secret.view();
  std::array<std::uint8_t, NGTCP2_CRYPTO_MAX_RETRY_TOKENLEN> token;
  const auto token_bytes = ngtcp2_crypto_generate_retry_token(
      token.data(), raw(secret), secret.size(), header.version, path.peer.address(), path.peer.length(),
      &scid, &header.dcid, to_ngtcp2(now));
  if (token_bytes < 0) return;
  std::array<std::uint8_t, 512> packet;
  ++shared_.counters.retries;
  send(path, packet.data(),
       ngtcp2_crypto_write_retry(packet.data(), packet.size(), header.version, &header.scid, &scid,
                                 &header.dcid, token.data(), static_cast<std::size_t>(token_bytes)));
}

void Door::refuse(const QuicPath& path, const ngtcp2_pkt_hd& header, std::uint64_t error, Timestamp now) {
  ++shared_.counters.refused;
  if (!refusals_.take(now)) return;
  std::array<std::uint8_t, 256> packet;
  send(path, packet.data(),
       ngtcp2_crypto_write_connection_close(packet.data(), packet.size(), header.version, &header.scid,
                                            &header.dcid, error, nullptr, 0));
}

void Door::negotiate_version(const QuicPath& path, ByteView datagram, const ngtcp2_version_cid& ids,
                             Timestamp now) {
  ++shared_.counters.dropped;
  if (datagram.size() < kMinInitialBytes || !refusals_.take(now)) return;
  // ngtcp2 0.12 sets the first byte's top bit alone; the fixed bit is ours to set.
  std::uint8_t random = 0;
  gnutls_rnd(GNUTLS_RND_NONCE, &random, sizeof random);
  constexpr std::array<std::uint32_t, 1> kVersions{NGTCP2_PROTO_VER_V1};
  std::array<std::uint8_t, 1024> packet;
  send(path, packet.data(),
       ngtcp2_pkt_write_version_negotiation(packet.data(), packet.size(), random | kFixedBit, ids.scid,
                                            ids.scidlen, ids.dcid, ids.dcidlen, kVersions.data(),
                                            kVersions.size()));
}

void Door::reset(const QuicPath& path, ByteView datagram, Timestamp now) {
  ++shared_.counters.dropped;
  if (datagram.size() < kMinResettableBytes || !resets_.take(now)) return;
  ngtcp2_cid dcid;
  ngtcp2_cid_init(&dcid, raw(datagram.subspan(1)), kCidBytes);
  const auto secret = shared_.params.secret.view();
  std::array<std::uint8_t, NGTCP2_STATELESS_RESET_TOKENLEN> token;
  std::array<std::uint8_t, kMaxResetRandom> random;
  if (ngtcp2_crypto_generate_stateless_reset_token(token.data(), raw(secret), secret.size(), &dcid) != 0 ||
      gnutls_rnd(GNUTLS_RND_NONCE, random.data(), random.size()) != 0) {
    return;
  }
  // Shorter than what it answers, or two who reset would never stop.
  const auto length = std::min(random.size(), datagram.size() - token.size() - 1);
  std::array<std::uint8_t, kMaxResetRandom + NGTCP2_STATELESS_RESET_TOKENLEN> packet;
  ++shared_.counters.resets;
  send(path, packet.data(),
       ngtcp2_pkt_write_stateless_reset(packet.data(), packet.size(), token.data(), random.data(), length));
}

}  // namespace lumen::net::quic
