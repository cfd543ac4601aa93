// lumen/net/quic, internal: what ngtcp2 calls.
#pragma once

#include <ngtcp2/ngtcp2.h>

#include "net/quic/quic.hpp"

namespace lumen::net::quic {

class Connection;

struct Callbacks {
  static ngtcp2_callbacks for_role(QuicRole role);

 private:
  static Connection& self(void* user) { return *static_cast<Connection*>(user); }

  static int take_tls(ngtcp2_conn* conn, ngtcp2_crypto_level level, std::uint64_t offset,
                      const std::uint8_t* bytes, std::size_t count, void* user);
  static int handshake_completed(ngtcp2_conn* conn, void* user);
  static int handshake_confirmed(ngtcp2_conn* conn, void* user);
  static int stream_open(ngtcp2_conn* conn, std::int64_t stream, void* user);
  static int stream_data(ngtcp2_conn* conn, std::uint32_t flags, std::int64_t stream, std::uint64_t offset,
                         const std::uint8_t* bytes, std::size_t count, void* user, void* stream_user);
  static int stream_acknowledged(ngtcp2_conn* conn, std::int64_t stream, std::uint64_t offset,
                                 std::uint64_t count, void* user, void* stream_user);
  static int stream_reset(ngtcp2_conn* conn, std::int64_t stream, std::uint64_t size, std::uint64_t code,
                          void* user, void* stream_user);
  static int stream_stopped(ngtcp2_conn* conn, std::int64_t stream, std::uint64_t code, void* user,
                            void* stream_user);
  static int new_connection_id(ngtcp2_conn* conn, ngtcp2_cid* cid, std::uint8_t* token, std::size_t length,
                               void* user);
  static int connection_id_gone(ngtcp2_conn* conn, const ngtcp2_cid* cid, void* user);
  static int path_validated(ngtcp2_conn* conn, std::uint32_t flags, const ngtcp2_path* path,
                            ngtcp2_path_validation_result result, void* user);
  static int stateless_reset(ngtcp2_conn* conn, const ngtcp2_pkt_stateless_reset* reset, void* user);
};

}  // namespace lumen::net::quic
