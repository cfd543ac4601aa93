// Any bytes from sway's control socket, and any text as an answer: messages come out as they were put in,
// values stay inside their bounds.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "desktop/wlroots/sway_ipc.hpp"

namespace {

using namespace lumen::wlroots;

void require(bool condition) {
  if (!condition) std::abort();
}

// The same messages, however the stream was cut.
std::size_t messages_in(std::string_view bytes, std::size_t part) {
  IpcReader reader;
  std::size_t count = 0;
  while (!bytes.empty()) {
    reader.add(bytes.substr(0, part));
    bytes.remove_prefix(std::min(part, bytes.size()));
    for (;;) {
      const auto message = reader.take();
      if (!message) return count;
      if (!*message) break;
      require((*message)->payload.size() <= IpcReader::kMaxPayloadBytes);
      ++count;
    }
  }
  return count;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input{reinterpret_cast<const char*>(data), size};
  require(messages_in(input, 1) == messages_in(input, input.size()));
  if (const auto outputs = parse_outputs(input)) {
    require(outputs->size() <= 64);
    for (const auto& output : *outputs) require(output.scale > 0);
  }
  if (const auto windows = parse_windows(input, "HEADLESS-2")) require(windows->size() <= 256);
  if (const auto version = parse_version(input)) require(version->text.size() <= 60);
  static_cast<void>(parse_verdict(input, "nop"));
  static_cast<void>(is_new_window(input));
  return 0;
}
