#include "net/quic/event.hpp"

#include <fmt/format.h>

namespace lumen::net {
namespace {

struct Explanation {
  QuicEnd end;
  ErrorCode code;
  std::string_view name, id, what, remedy;
};

constexpr Explanation kExplanations[] = {
    {QuicEnd::peer_closed, ErrorCode::cancelled, "peer closed", "quic.peer-closed",
     "the other side has ended the connection", "Connect again if that was not intended"},
    {QuicEnd::wrong_host, ErrorCode::denied, "wrong host", "quic.wrong-host",
     "another machine answers in the host's place: its certificate is not the one that was paired",
     "If the host was installed anew, remove it here and pair again; otherwise do not trust this network"},
    {QuicEnd::no_answer, ErrorCode::timed_out, "no answer", "quic.no-answer", "the host does not answer",
     "Check that the host runs, its address, and that no firewall stops UDP between here and there"},
    {QuicEnd::silent, ErrorCode::timed_out, "silent", "quic.silent",
     "nothing has been heard from the other side for a while", "Check the network and connect again"},
    {QuicEnd::host_restarted, ErrorCode::unavailable, "host restarted", "quic.host-restarted",
     "the host has been restarted", "Connect again"},
    {QuicEnd::refused, ErrorCode::unavailable, "refused", "quic.refused",
     "the host takes no further connections now", "Try again later, or disconnect other clients"},
    {QuicEnd::incompatible, ErrorCode::unsupported, "incompatible", "quic.incompatible",
     "host and client speak no common version of the protocol", "Update Lumen at both ends"},
    {QuicEnd::tls, ErrorCode::denied, "TLS failure", "quic.tls", "TLS has failed",
     "Check that both sides have a certificate of RSA-2048 or P-256; remove the identity files to get new "
     "ones"},
    {QuicEnd::protocol, ErrorCode::malformed, "protocol error", "quic.protocol",
     "the connection was ended over a violation of QUIC", "Connect again; report this if it comes back"},
    {QuicEnd::internal, ErrorCode::internal, "internal failure", "quic.internal",
     "QUIC has failed on this side", "Connect again; report this if it comes back"},
};

const Explanation& explain(QuicEnd end) { return kExplanations[static_cast<std::size_t>(end)]; }

}  // namespace

std::string_view to_string(QuicEnd end) noexcept { return explain(end).name; }

Error to_error(const QuicClosed& closed) {
  const auto& known = explain(closed.end);
  std::string what{known.what};
  if (!closed.text.empty()) what += fmt::format(": {}", closed.text);
  if (closed.code != 0) what += fmt::format(" (code {:#x})", closed.code);
  return {.code = known.code, .id = known.id, .what = std::move(what), .remedy = std::string{known.remedy}};
}

}  // namespace lumen::net
