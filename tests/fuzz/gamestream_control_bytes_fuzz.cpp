// Any bytes as a packet, as a decrypted message of either side, as an input packet, as text. What parses is
// written and parses to the same again; nothing that is not sealed with the key opens.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "gamestream/control/envelope.hpp"
#include "gamestream/control/input_host.hpp"
#include "gamestream/control/messages.hpp"

namespace {

using namespace lumen;
using namespace lumen::gamestream::control;

void require(bool condition) {
  if (!condition) std::abort();
}

template <class Message, class Parse>
void require_again(const Message& message, Parse parse) {
  std::array<std::byte, kMaxMessageBytes> payload{};
  ByteWriter writer{payload};
  write_payload(message, writer);
  require(writer.ok());
  if (std::holds_alternative<UnknownMessage>(message)) return;
  const auto again = parse(type_of(message), writer.written());
  require(again && *again == message);
}

void open_as_packet(ByteView bytes) {
  static const std::array<std::byte, kKeyBytes> key{};
  auto opener = Opener::create(key, Side::client);
  std::vector<std::byte> packet{bytes.begin(), bytes.end()};
  require(!opener->open(packet));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span{data, size});
  open_as_packet(bytes);
  ByteReader reader{bytes};
  const auto type = reader.little<std::uint16_t>();
  const auto payload = reader.take(reader.remaining());
  if (const auto message = parse_client_message(type, payload)) require_again(*message, parse_client_message);
  if (const auto message = parse_host_message(type, payload)) require_again(*message, parse_host_message);
  if (const auto input = parse_input(bytes)) {
    InputHost host{{}};
    host.take(*input, Timestamp{});
    host.release_all();
    std::vector<InputEvent> events;
    host.drain(events);
    require(events.size() <= 12);
  }
  TextAssembler text;
  std::vector<char32_t> code_points(size);
  const auto count = text.add({reinterpret_cast<const char*>(data), size}, code_points);
  for (std::size_t i = 0; i < count; ++i) {
    require(code_points[i] <= 0x10'FFFF && (code_points[i] < 0xD800 || code_points[i] > 0xDFFF));
  }
  return 0;
}
