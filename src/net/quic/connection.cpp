#include "net/quic/connection.hpp"

#include <gnutls/crypto.h>
#include <ngtcp2/ngtcp2_crypto.h>

#include <algorithm>
#include <bit>
#include <utility>

#include <fmt/format.h>

#include "net/quic/callbacks.hpp"

namespace lumen::net::quic {
namespace {

constexpr std::size_t kFirstDcidBytes = 16;  // a client's guess of the host's ID; 8 at least
constexpr std::size_t kMaxReasonBytes = 256;
constexpr std::uint64_t kNoApplicationProtocol = kCryptoErrors + 120;  // RFC 7301

tl::unexpected<Error> broken(int result) {
  return fail(ErrorCode::internal, "quic.internal",
              fmt::format("no QUIC connection could be made: {}", ngtcp2_strerror(result)),
              "Check that ngtcp2 0.12 is installed completely");
}

ngtcp2_cid random_cid(std::size_t length) {
  ngtcp2_cid cid{};
  cid.datalen = length;
  gnutls_rnd(GNUTLS_RND_NONCE, cid.data, length);
  return cid;
}

ngtcp2_settings settings_for(const QuicParams& params, Timestamp now) {
  ngtcp2_settings settings;
  ngtcp2_settings_default(&settings);
  settings.initial_ts = to_ngtcp2(now);
  // With the default of a third of a second 0.12 holds the client's Finished back for 22 ms, and the first
  // lost packet costs a second.
  settings.initial_rtt = to_ngtcp2(params.initial_rtt);
  settings.handshake_timeout = to_ngtcp2(params.handshake_timeout);
  settings.max_tx_udp_payload_size = kQuicMaxDatagramBytes;
  return settings;
}

ngtcp2_transport_params parameters_for(const QuicParams& params) {
  ngtcp2_transport_params ours;
  ngtcp2_transport_params_default(&ours);
  ours.max_idle_timeout = to_ngtcp2(params.idle_timeout);
  ours.initial_max_data = kQuicReceiveBufferBytes;
  const bool host = params.role == QuicRole::host;
  ours.initial_max_streams_bidi = host ? 1 : 0;  // the control stream, and no other
  ours.initial_max_streams_uni = 0;
  ours.initial_max_stream_data_bidi_remote = host ? kQuicReceiveBufferBytes : 0;
  ours.initial_max_stream_data_bidi_local = host ? 0 : kQuicReceiveBufferBytes;
  ours.max_datagram_frame_size = 0;
  ours.active_connection_id_limit = 4;
  return ours;
}

// What a peer says may be shown and logged.
std::string printable(const std::uint8_t* text, std::size_t count) {
  std::string out;
  if (text == nullptr) return out;
  for (const auto byte : std::span{text, std::min(count, kMaxReasonBytes)}) {
    out += byte >= 0x20 && byte < 0x7F ? static_cast<char>(byte) : '?';
  }
  return out;
}

}  // namespace

Connection::~Connection() { shared_.cids.remove_all(id_); }

Result<std::unique_ptr<Connection>> Connection::accept(Shared& shared, QuicId id, const Arrival& arrival,
                                                       const QuicPath& path, Timestamp now) {
  std::unique_ptr<Connection> self{new Connection{shared, id, path, now}};
  const auto& header = arrival.header;
  auto settings = settings_for(shared.params, now);
  auto parameters = parameters_for(shared.params);
  parameters.original_dcid = arrival.original;
  if (arrival.after_retry) {
    parameters.retry_scid = header.dcid;
    parameters.retry_scid_present = 1;
    settings.token = header.token;
  }
  const auto scid = random_cid(kCidBytes);
  const auto secret = shared.params.secret.view();
  parameters.stateless_reset_token_present = 1;
  if (ngtcp2_crypto_generate_stateless_reset_token(parameters.stateless_reset_token, raw(secret),
                                                   secret.size(), &scid) != 0) {
    return broken(NGTCP2_ERR_CALLBACK_FAILURE);
  }
  const auto native = to_ngtcp2(path);
  const auto callbacks = Callbacks::for_role(QuicRole::host);
  ngtcp2_conn* conn = nullptr;
  const int result = ngtcp2_conn_server_new(&conn, &header.scid, &scid, &native, header.version, &callbacks,
                                            &settings, &parameters, nullptr, self.get());
  if (result != 0) return broken(result);
  self->conn_.reset(conn);
  LUMEN_CHECK_OK(self->start_tls(std::nullopt));
  shared.cids.add(view(scid), id);
  shared.cids.add(view(header.dcid), id);
  return self;
}

Result<std::unique_ptr<Connection>> Connection::connect(Shared& shared, QuicId id, const QuicPath& path,
                                                        std::optional<crypto::Fingerprint> pin,
                                                        Timestamp now) {
  std::unique_ptr<Connection> self{new Connection{shared, id, path, now}};
  const auto settings = settings_for(shared.params, now);
  const auto parameters = parameters_for(shared.params);
  const auto dcid = random_cid(kFirstDcidBytes), scid = random_cid(kCidBytes);
  const auto native = to_ngtcp2(path);
  const auto callbacks = Callbacks::for_role(QuicRole::client);
  ngtcp2_conn* conn = nullptr;
  const int result = ngtcp2_conn_client_new(&conn, &dcid, &scid, &native, NGTCP2_PROTO_VER_V1, &callbacks,
                                            &settings, &parameters, nullptr, self.get());
  if (result != 0) return broken(result);
  self->conn_.reset(conn);
  LUMEN_CHECK_OK(self->start_tls(pin));
  shared.cids.add(view(scid), id);
  return self;
}

Status Connection::start_tls(std::optional<crypto::Fingerprint> pin) {
  LUMEN_TRY(tls_, TlsSession::create({.role = shared_.params.role,
                                      .identity = *shared_.params.identity,
                                      .alpn = shared_.params.alpn,
                                      .pin = pin,
                                      .conn = conn_.get()}));
  ngtcp2_conn_set_keep_alive_timeout(conn_.get(), to_ngtcp2(shared_.params.keep_alive));
  return {};
}

Timestamp Connection::deadline() const {
  if (!is_alive()) return forget_at_;
  const auto expiry = ngtcp2_conn_get_expiry(conn_.get());
  return std::in_range<std::int64_t>(expiry) ? from_ns(static_cast<std::int64_t>(expiry)) : Timestamp::max();
}

void Connection::receive(const QuicPath& path, ByteView datagram, Timestamp now) {
  if (!is_alive()) return answer_from_the_grave();
  const auto native = to_ngtcp2(path);
  const ngtcp2_pkt_info info{};
  after_call(
      ngtcp2_conn_read_pkt(conn_.get(), &native, &info, raw(datagram), datagram.size(), to_ngtcp2(now)), now);
}

void Connection::expire(Timestamp now) {
  if (is_alive()) after_call(ngtcp2_conn_handle_expiry(conn_.get(), to_ngtcp2(now)), now);
}

void Connection::after_call(int result, Timestamp now) {
  if (result != 0) return fail_with(result, now);
  if (stream_ended_) {  // by end of data, reset or "stop sending": the control stream lives as the connection
    tell({.id = id_, .end = QuicEnd::protocol, .code = kProtocolViolation, .text = {}});
    return end_with(transport_error(kProtocolViolation), now);
  }
  follow_validated_path();
  pump(now);
}

void Connection::follow_validated_path() {
  if (!validated_) return;
  const auto validated = *std::exchange(validated_, std::nullopt);
  // Validated may also be a path that was probed and left again.
  const auto current = from_ngtcp2(*ngtcp2_conn_get_path(conn_.get()));
  if (!(validated.peer == current.peer) || !(validated.local == current.local)) return;
  const bool moved = !(path_.peer == validated.peer);
  path_ = validated;
  if (moved && announced_) shared_.events.emplace_back(QuicMoved{id_, path_.peer});
}

void Connection::pump(Timestamp now) {
  std::array<std::uint8_t, kQuicMaxDatagramBytes> datagram;
  // Ends: the congestion window and the pacer close, or nothing is left.
  while (is_alive()) {
    ngtcp2_path_storage path;
    ngtcp2_path_storage_zero(&path);
    const auto count = write(datagram, path, now);
    if (count < 0) return fail_with(static_cast<int>(count), now);
    if (count == 0) break;
    shared_.params.send(from_ngtcp2(path.path), view(datagram.data(), static_cast<std::size_t>(count)));
  }
  if (is_alive()) ngtcp2_conn_update_pkt_tx_time(conn_.get(), to_ngtcp2(now));
}

ngtcp2_ssize Connection::write(std::span<std::uint8_t> datagram, ngtcp2_path_storage& path, Timestamp now) {
  if (handshake_done_ && stream_ < 0 && !is_host()) {
    const int result = ngtcp2_conn_open_bidi_stream(conn_.get(), &stream_, nullptr);
    if (result != 0 && result != NGTCP2_ERR_STREAM_ID_BLOCKED) return result;
  }
  if (stream_ >= 0 && unacknowledged_.has_unsent()) {
    const auto count = write_stream(datagram, path, now);
    // Blocked by flow control: what else there is may still leave.
    if (count != NGTCP2_ERR_STREAM_DATA_BLOCKED && count != NGTCP2_ERR_STREAM_SHUT_WR) return count;
  }
  ngtcp2_pkt_info info;
  return ngtcp2_conn_writev_stream(conn_.get(), &path.path, &info, datagram.data(), datagram.size(), nullptr,
                                   NGTCP2_WRITE_STREAM_FLAG_NONE, -1, nullptr, 0, to_ngtcp2(now));
}

ngtcp2_ssize Connection::write_stream(std::span<std::uint8_t> datagram, ngtcp2_path_storage& path,
                                      Timestamp now) {
  std::array<ngtcp2_vec, 2> pieces{};
  std::size_t used = 0;
  for (const auto piece : unacknowledged_.unsent()) {
    if (!piece.empty()) pieces[used++] = {const_cast<std::uint8_t*>(raw(piece)), piece.size()};
  }
  ngtcp2_pkt_info info;
  ngtcp2_ssize taken = -1;
  const auto count =
      ngtcp2_conn_writev_stream(conn_.get(), &path.path, &info, datagram.data(), datagram.size(), &taken,
                                NGTCP2_WRITE_STREAM_FLAG_NONE, stream_, pieces.data(), used, to_ngtcp2(now));
  if (taken > 0) unacknowledged_.mark_sent(static_cast<std::size_t>(taken));
  return count;
}

Status Connection::send(ByteView bytes, Timestamp now) {
  if (!unacknowledged_.append(bytes)) {
    return fail(ErrorCode::resource_exhausted, "quic.send-buffer-full",
                fmt::format("{} bytes do not fit beside {} that are not acknowledged", bytes.size(),
                            unacknowledged_.size()),
                "Send less, or close the connection: the other side takes nothing");
  }
  pump(now);
  return {};
}

std::vector<std::byte> Connection::take_received(Timestamp now) {
  auto bytes = std::exchange(received_, {});
  if (is_alive() && stream_ >= 0) {
    ngtcp2_conn_extend_max_stream_offset(conn_.get(), stream_, bytes.size());
    ngtcp2_conn_extend_max_offset(conn_.get(), bytes.size());
    pump(now);
  }
  return bytes;
}

void Connection::close(std::uint64_t code, std::string_view text, Timestamp now) {
  if (is_alive()) end_with(application_error(code, text.substr(0, kMaxReasonBytes)), now);
}

Status Connection::export_secret(std::string_view label, ByteView context, MutableBytes out) const {
  return tls_->export_secret(label, context, out);
}

Status Connection::migrate(const Endpoint& local, Timestamp now) {
  const QuicPath path{local, path_.peer};
  const auto native = to_ngtcp2(path);
  const int result = ngtcp2_conn_initiate_immediate_migration(conn_.get(), &native, to_ngtcp2(now));
  if (result != 0) {
    return fail(ErrorCode::unavailable, "quic.migration",
                fmt::format("the connection cannot change its socket now: {}", ngtcp2_strerror(result)),
                "Try again in a second, or connect anew");
  }
  pump(now);
  return {};
}

QuicStatus Connection::status() const {
  ngtcp2_conn_stat numbers;
  ngtcp2_conn_get_conn_stat(conn_.get(), &numbers);
  return {.address = path_.peer,
          .round_trip = Duration{static_cast<Duration::rep>(numbers.smoothed_rtt)},
          .path_bytes = ngtcp2_conn_get_path_max_tx_udp_payload_size(conn_.get()),
          .unacknowledged_bytes = unacknowledged_.size(),
          .connected = announced_};
}

void Connection::announce() {
  if (announced_ || !tls_->peer()) return;
  announced_ = true;
  ++shared_.counters.handshakes;
  shared_.events.emplace_back(QuicConnected{id_, *tls_->peer(), path_.peer});
}

void Connection::tell(QuicClosed closed) {
  if (!is_host() || announced_) {
    shared_.events.emplace_back(std::move(closed));
  } else {
    ++shared_.counters.failed_handshakes;
  }
}

void Connection::fail_with(int result, Timestamp now) {
  tell(why(result));
  switch (result) {
    case NGTCP2_ERR_DRAINING:  // the other side has closed: silence is the answer
      return end(now + linger());
    case NGTCP2_ERR_IDLE_CLOSE:
    case NGTCP2_ERR_HANDSHAKE_TIMEOUT:
    case NGTCP2_ERR_DROP_CONN:
    case NGTCP2_ERR_RETRY:
    case NGTCP2_ERR_RECV_VERSION_NEGOTIATION:
      return end(now);
    case NGTCP2_ERR_CRYPTO:
      return end_with(transport_error(kCryptoErrors + ngtcp2_conn_get_tls_alert(conn_.get())), now);
    default:
      return end_with(library_error(result), now);
  }
}

QuicClosed Connection::why(int result) const {
  const auto because = [this](QuicEnd end, std::uint64_t code = 0) {
    return QuicClosed{.id = id_, .end = end, .code = code, .text = {}};
  };
  switch (result) {
    case NGTCP2_ERR_DRAINING:
      return reset_ ? because(QuicEnd::host_restarted) : why_peer_closed();
    case NGTCP2_ERR_IDLE_CLOSE:
    case NGTCP2_ERR_HANDSHAKE_TIMEOUT:
      return because(announced_ ? QuicEnd::silent : QuicEnd::no_answer);
    case NGTCP2_ERR_RECV_VERSION_NEGOTIATION:
      return because(QuicEnd::incompatible);
    case NGTCP2_ERR_CRYPTO: {
      if (tls_->is_wrong_host()) return because(QuicEnd::wrong_host);
      const auto alert = ngtcp2_conn_get_tls_alert(conn_.get());
      return because(kCryptoErrors + alert == kNoApplicationProtocol ? QuicEnd::incompatible : QuicEnd::tls,
                     alert);
    }
    case NGTCP2_ERR_CALLBACK_FAILURE:
    case NGTCP2_ERR_NOMEM:
    case NGTCP2_ERR_INTERNAL:
      return because(QuicEnd::internal);
    default:
      return because(QuicEnd::protocol, library_error(result).error_code);
  }
}

QuicClosed Connection::why_peer_closed() const {
  CloseError error;
  ngtcp2_conn_get_connection_close_error(conn_.get(), &error);
  QuicClosed closed{.id = id_, .end = QuicEnd::protocol, .code = error.error_code, .text = {}};
  if (error.type == NGTCP2_CONNECTION_CLOSE_ERROR_CODE_TYPE_APPLICATION) {
    closed.end = QuicEnd::peer_closed;
    closed.text = printable(error.reason, error.reasonlen);
  } else if (error.error_code == NGTCP2_CONNECTION_REFUSED || error.error_code == NGTCP2_APPLICATION_ERROR) {
    closed = {.id = id_, .end = QuicEnd::refused, .code = 0, .text = {}};
  } else if (error.error_code == kNoApplicationProtocol) {
    closed = {.id = id_, .end = QuicEnd::incompatible, .code = 0, .text = {}};
  } else if (error.error_code >= kCryptoErrors && error.error_code < kCryptoErrors + 0x100) {
    closed.end = QuicEnd::tls;
    closed.code = error.error_code - kCryptoErrors;
  }
  return closed;
}

void Connection::end_with(const CloseError& error, Timestamp now) {
  farewell_.resize(kQuicMaxDatagramBytes);
  ngtcp2_path_storage path;
  ngtcp2_path_storage_zero(&path);
  ngtcp2_pkt_info info;
  const auto count = ngtcp2_conn_write_connection_close(conn_.get(), &path.path, &info, farewell_.data(),
                                                        farewell_.size(), &error, to_ngtcp2(now));
  farewell_.resize(static_cast<std::size_t>(std::max<ngtcp2_ssize>(count, 0)));
  if (!farewell_.empty()) {
    path_ = from_ngtcp2(path.path);
    shared_.params.send(path_, view(farewell_.data(), farewell_.size()));
  }
  end(now + linger());
}

// RFC 9000 10.2: long enough for what is still on its way to come.
Duration Connection::linger() const {
  return 3 * Duration{static_cast<Duration::rep>(ngtcp2_conn_get_pto(conn_.get()))};
}

void Connection::end(Timestamp forget_at) {
  forget_at_ = forget_at;
  tls_.reset();
  conn_.reset();
}

// To the first, second, fourth… datagram, so that two closing ends do not keep each other busy.
void Connection::answer_from_the_grave() {
  if (!farewell_.empty() && std::has_single_bit(++late_datagrams_)) {
    shared_.params.send(path_, view(farewell_.data(), farewell_.size()));
  }
}

}  // namespace lumen::net::quic
