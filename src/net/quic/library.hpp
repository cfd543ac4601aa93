// lumen/net/quic, internal: ngtcp2 0.12 with owners and in Lumen's types. Whatever differs between 0.12
// and 1.x is here or in tls.cpp.
#pragma once

#include <ngtcp2/ngtcp2.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

#include "base/units.hpp"
#include "base/wire.hpp"
#include "net/quic/quic.hpp"

// 1.x has other names, other defaults (no handshake timeout, for one) and other meanings of "off".
static_assert(NGTCP2_VERSION_NUM >= 0x000c00 && NGTCP2_VERSION_NUM < 0x010000,
              "net/quic is written for ngtcp2 0.12, as Debian 12 has it");

namespace lumen::net::quic {

// Of our own connection IDs; what a short header is looked up by.
inline constexpr std::size_t kCidBytes = 8;
inline constexpr std::uint64_t kProtocolViolation = 0x0A;  // RFC 9000 20.1
inline constexpr std::uint64_t kCryptoErrors = 0x100;      // 0x100 to 0x1FF: TLS alerts

struct FreeConn {
  void operator()(ngtcp2_conn* conn) const { ngtcp2_conn_del(conn); }
};
using ConnPtr = std::unique_ptr<ngtcp2_conn, FreeConn>;

inline const std::uint8_t* raw(ByteView bytes) { return reinterpret_cast<const std::uint8_t*>(bytes.data()); }
inline std::uint8_t* raw(MutableBytes bytes) { return reinterpret_cast<std::uint8_t*>(bytes.data()); }
inline ByteView view(const std::uint8_t* bytes, std::size_t count) {
  return {reinterpret_cast<const std::byte*>(bytes), count};
}
inline ByteView view(const ngtcp2_cid& cid) { return view(cid.data, cid.datalen); }

inline ngtcp2_tstamp to_ngtcp2(Timestamp time) { return static_cast<ngtcp2_tstamp>(to_ns(time)); }
inline ngtcp2_duration to_ngtcp2(Duration duration) { return static_cast<ngtcp2_duration>(duration.count()); }

// Borrows both addresses. ngtcp2 copies what it keeps; it is not const-correct.
inline ngtcp2_path to_ngtcp2(const QuicPath& path) {
  const auto address = [](const Endpoint& endpoint) {
    return ngtcp2_addr{const_cast<sockaddr*>(endpoint.address()), endpoint.length()};
  };
  return {address(path.local), address(path.peer), nullptr};
}
inline QuicPath from_ngtcp2(const ngtcp2_path& path) {
  return {Endpoint::from_sockaddr(path.local.addr, path.local.addrlen),
          Endpoint::from_sockaddr(path.remote.addr, path.remote.addrlen)};
}

// What a connection is closed with. Borrows the text.
using CloseError = ngtcp2_connection_close_error;
inline CloseError application_error(std::uint64_t code, std::string_view text) {
  CloseError error;
  ngtcp2_connection_close_error_default(&error);
  ngtcp2_connection_close_error_set_application_error(
      &error, code, raw(ByteView{std::as_bytes(std::span{text})}), text.size());
  return error;
}
inline CloseError transport_error(std::uint64_t code) {
  CloseError error;
  ngtcp2_connection_close_error_default(&error);
  ngtcp2_connection_close_error_set_transport_error(&error, code, nullptr, 0);
  return error;
}
inline CloseError library_error(int result) {
  CloseError error;
  ngtcp2_connection_close_error_default(&error);
  ngtcp2_connection_close_error_set_transport_error_liberr(&error, result, nullptr, 0);
  return error;
}

}  // namespace lumen::net::quic
