#include "net/quic/callbacks.hpp"

#include <gnutls/crypto.h>
#include <ngtcp2/ngtcp2_crypto.h>

#include "net/quic/connection.hpp"

namespace lumen::net::quic {
namespace {

constexpr std::uint8_t kUnexpectedMessage = 10;  // RFC 8446 6

void random_bytes(std::uint8_t* bytes, std::size_t count, const ngtcp2_rand_ctx*) {
  gnutls_rnd(GNUTLS_RND_NONCE, bytes, count);
}

}  // namespace

ngtcp2_callbacks Callbacks::for_role(QuicRole role) {
  ngtcp2_callbacks all{};
  if (role == QuicRole::host) {
    all.recv_client_initial = ngtcp2_crypto_recv_client_initial_cb;
  } else {
    all.client_initial = ngtcp2_crypto_client_initial_cb;
    all.recv_retry = ngtcp2_crypto_recv_retry_cb;
  }
  all.encrypt = ngtcp2_crypto_encrypt_cb;
  all.decrypt = ngtcp2_crypto_decrypt_cb;
  all.hp_mask = ngtcp2_crypto_hp_mask_cb;
  all.update_key = ngtcp2_crypto_update_key_cb;
  all.delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb;
  all.delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb;
  all.get_path_challenge_data = ngtcp2_crypto_get_path_challenge_data_cb;
  all.version_negotiation = ngtcp2_crypto_version_negotiation_cb;
  all.rand = random_bytes;

  all.recv_crypto_data = take_tls;
  all.handshake_completed = handshake_completed;
  all.handshake_confirmed = handshake_confirmed;
  all.stream_open = stream_open;
  all.recv_stream_data = stream_data;
  all.acked_stream_data_offset = stream_acknowledged;
  all.stream_reset = stream_reset;
  all.stream_stop_sending = stream_stopped;
  all.get_new_connection_id = new_connection_id;
  all.remove_connection_id = connection_id_gone;
  all.path_validation = path_validated;
  all.recv_stateless_reset = stateless_reset;
  return all;
}

// NOLINTBEGIN(readability-function-size): ngtcp2 decides how many arguments there are

// After the handshake TLS has nothing to say: there are no tickets, and QUIC updates its keys by itself.
// GnuTLS would take a KeyUpdate and install keys a second time, at which ngtcp2 aborts.
int Callbacks::take_tls(ngtcp2_conn* conn, ngtcp2_crypto_level level, std::uint64_t offset,
                        const std::uint8_t* bytes, std::size_t count, void* user) {
  if (ngtcp2_conn_get_handshake_completed(conn) != 0) {
    ngtcp2_conn_set_tls_alert(conn, kUnexpectedMessage);
    return NGTCP2_ERR_CRYPTO;
  }
  return ngtcp2_crypto_recv_crypto_data_cb(conn, level, offset, bytes, count, user);
}

int Callbacks::handshake_completed(ngtcp2_conn*, void* user) {
  auto& connection = self(user);
  connection.handshake_done_ = true;
  // A client is not sure yet: the host may find its certificate, or the lack of one, wanting.
  if (connection.is_host()) connection.announce();
  return 0;
}

// HANDSHAKE_DONE, which hosts send. ngtcp2 0.12 calls this at clients alone.
int Callbacks::handshake_confirmed(ngtcp2_conn*, void* user) {
  self(user).announce();
  return 0;
}

int Callbacks::stream_open(ngtcp2_conn*, std::int64_t stream, void* user) {
  self(user).stream_ = stream;
  return 0;
}

int Callbacks::stream_data(ngtcp2_conn*, std::uint32_t flags, std::int64_t, std::uint64_t,
                           const std::uint8_t* bytes, std::size_t count, void* user, void*) {
  auto& connection = self(user);
  connection.announce();
  if ((flags & NGTCP2_STREAM_DATA_FLAG_FIN) != 0) connection.stream_ended_ = true;
  if (count == 0) return 0;
  const auto received = view(bytes, count);
  if (connection.received_.empty()) connection.shared_.events.emplace_back(QuicBytes{connection.id_, {}});
  connection.received_.insert(connection.received_.end(), received.begin(), received.end());
  return 0;
}

int Callbacks::stream_acknowledged(ngtcp2_conn*, std::int64_t, std::uint64_t offset, std::uint64_t count,
                                   void* user, void*) {
  self(user).unacknowledged_.acknowledge(offset + count);
  return 0;
}

int Callbacks::stream_reset(ngtcp2_conn*, std::int64_t, std::uint64_t, std::uint64_t, void* user, void*) {
  self(user).stream_ended_ = true;
  return 0;
}

int Callbacks::stream_stopped(ngtcp2_conn*, std::int64_t, std::uint64_t, void* user, void*) {
  self(user).stream_ended_ = true;
  return 0;
}

int Callbacks::new_connection_id(ngtcp2_conn*, ngtcp2_cid* cid, std::uint8_t* token, std::size_t length,
                                 void* user) {
  auto& connection = self(user);
  cid->datalen = length;
  const auto secret = connection.shared_.params.secret.view();
  if (gnutls_rnd(GNUTLS_RND_NONCE, cid->data, length) != 0 ||
      ngtcp2_crypto_generate_stateless_reset_token(token, raw(secret), secret.size(), cid) != 0) {
    return NGTCP2_ERR_CALLBACK_FAILURE;
  }
  connection.shared_.cids.add(view(*cid), connection.id_);
  return 0;
}

int Callbacks::connection_id_gone(ngtcp2_conn*, const ngtcp2_cid* cid, void* user) {
  self(user).shared_.cids.remove(view(*cid));
  return 0;
}

int Callbacks::path_validated(ngtcp2_conn*, std::uint32_t, const ngtcp2_path* path,
                              ngtcp2_path_validation_result result, void* user) {
  if (result == NGTCP2_PATH_VALIDATION_RESULT_SUCCESS) self(user).validated_ = from_ngtcp2(*path);
  return 0;
}

int Callbacks::stateless_reset(ngtcp2_conn*, const ngtcp2_pkt_stateless_reset*, void* user) {
  self(user).reset_ = true;
  return 0;
}

// NOLINTEND(readability-function-size)

}  // namespace lumen::net::quic
