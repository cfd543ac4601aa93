// net/http, internal: Boost.Asio and Beast as this module uses them, and TLS settings of both ends.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "net/udp.hpp"

namespace lumen::net {

namespace asio = boost::asio;
namespace beast_http = boost::beast::http;
using asio::ip::tcp;
using boost::beast::flat_buffer;
using boost::system::error_code;
using TlsStream = asio::ssl::stream<tcp::socket&>;

// TLS 1.2 or newer, no resumption, no renegotiation, any peer certificate accepted and none built into a
// chain: `peer_certificate()` is what counts. Presents the PEM certificate and key; none when both are empty.
// Fails with `http.certificate`.
Result<asio::ssl::context> make_tls_context(asio::ssl::context::method method,
                                            const std::string& certificate_pem, const std::string& key_pem);

// The DER of the certificate that the peer presented; empty: none.
std::vector<std::byte> peer_certificate(TlsStream& stream);

// For assigning sockets to Asio: its own are inherited by child processes.
tcp protocol_of(const Endpoint& endpoint);

}  // namespace lumen::net
