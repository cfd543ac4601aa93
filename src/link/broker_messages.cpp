#include "link/broker_messages.hpp"

#include <array>

#include "base/fd.hpp"
#include "link/packet.hpp"
#include "link/pad_fields.hpp"

namespace lumen::link {

template <>
inline constexpr std::uint8_t kType<PadsNeutral> = 38;
template <>
inline constexpr std::uint8_t kType<PadRefused> = 101;

// NOLINTNEXTLINE(misc-use-anonymous-namespace): found by its arguments, which looks into none
static void fields(auto& io, Is<PadRefused> auto& m) {
  slot(io, m);
  io.prose(m.reason);
}

namespace {

constexpr std::size_t kMaxReason = 400;
using Buffer = std::array<std::byte, kMaxBrokerMessageBytes>;

ByteView write_clipped(Buffer& buffer, const ToBroker& message) { return write_message(buffer, message); }

ByteView write_clipped(Buffer& buffer, const FromBroker& message) {
  const auto* refused = std::get_if<PadRefused>(&message);
  if (refused == nullptr || refused->reason.size() <= kMaxReason) return write_message(buffer, message);
  return write_message(buffer, FromBroker{PadRefused{refused->slot, refused->reason.substr(0, kMaxReason)}});
}

template <class Any>
std::vector<std::byte> encode_copy(const Any& message) {
  Buffer buffer;
  const auto bytes = write_clipped(buffer, message);
  return {bytes.begin(), bytes.end()};
}

template <class Any>
Result<Any> decode(ByteView bytes) {
  if (bytes.size() <= kMaxBrokerMessageBytes) {
    if (auto message = read_message<Any>(bytes)) return std::move(*message);
  }
  return malformed_packet("a message about a pad makes no sense");
}

template <class Any>
Status send_any(int socket, const Any& message) {
  Buffer buffer;
  return send_packet(socket, write_clipped(buffer, message), {});
}

template <class Any>
Result<std::optional<Any>> receive(int socket) {
  Buffer buffer;
  std::vector<UniqueFd> descriptors;
  LUMEN_TRY(const auto bytes, receive_packet(socket, buffer, descriptors));
  if (!bytes) return std::nullopt;
  if (!descriptors.empty()) return malformed_packet("a message about a pad brought descriptors");
  LUMEN_TRY(auto message, decode<Any>(*bytes));
  return message;
}

}  // namespace

std::vector<std::byte> encode(const ToBroker& message) { return encode_copy(message); }
std::vector<std::byte> encode(const FromBroker& message) { return encode_copy(message); }
Result<ToBroker> decode_to_broker(ByteView bytes) { return decode<ToBroker>(bytes); }
Result<FromBroker> decode_from_broker(ByteView bytes) { return decode<FromBroker>(bytes); }
Status send(int socket, const ToBroker& message) { return send_any(socket, message); }
Status send(int socket, const FromBroker& message) { return send_any(socket, message); }
Result<std::optional<ToBroker>> receive_to_broker(int socket) { return receive<ToBroker>(socket); }
Result<std::optional<FromBroker>> receive_from_broker(int socket) { return receive<FromBroker>(socket); }

}  // namespace lumen::link
