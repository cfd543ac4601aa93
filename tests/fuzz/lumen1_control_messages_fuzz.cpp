// Any bytes as the stream of either direction, cut anywhere: the same frames come out as from one piece, and
// a message that decodes has exactly the bytes that it came from.
#include <cstdint>
#include <cstdlib>

#include "lumen1/control/messages.hpp"

namespace {

using namespace lumen;
using namespace lumen::lumen1::control;

void require(bool condition) {
  if (!condition) std::abort();
}

template <class Message>
void check(const Decoded<Message>& decoded, const FrameView& frame) {
  const auto* message = std::get_if<Message>(&decoded);
  if (message == nullptr) return;
  std::vector<std::byte> again;
  require(append(again, *message));
  ByteView rest{again};
  FrameReader reader;
  const auto back = reader.next(rest);
  require(back && rest.empty() && back->type == frame.type);
  // Permissions that this version does not know are dropped; nothing else changes, and no length does.
  require(back->body.size() == frame.body.size());
}

std::size_t read_all(ByteView bytes, std::size_t step) {
  FrameReader reader;
  std::size_t frames = 0;
  while (!bytes.empty()) {
    auto part = bytes.first(std::min(step, bytes.size()));
    bytes = bytes.subspan(part.size());
    while (const auto frame = reader.next(part)) {
      ++frames;
      check(decode_client_message(*frame), *frame);
      check(decode_host_message(*frame), *frame);
    }
    require(part.empty() || reader.is_broken());
  }
  return frames;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto bytes = std::as_bytes(std::span{data, size}).subspan(1);
  require(read_all(bytes, size) == read_all(bytes, 1U + data[0]));
  return 0;
}
