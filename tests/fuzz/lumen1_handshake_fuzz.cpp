// Any bytes as hello and as welcome, and true ones with a change: neither end takes what it should not.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "lumen1/handshake.hpp"

namespace {

using namespace lumen;
using namespace lumen::lumen1;

void require(bool condition) {
  if (!condition) std::abort();
}

// `message` with the input XORed over it, from its start; longer or shorter by the input's first byte.
std::vector<std::byte> spoilt(std::vector<std::byte> message, ByteView input) {
  if (input.empty()) return message;
  const auto change = static_cast<std::int8_t>(std::to_integer<std::uint8_t>(input[0]));
  if (change % 4 == 0) message.resize(message.size() + static_cast<std::size_t>(change / 4 + 32) - 32U);
  for (std::size_t i = 1; i < input.size() && i <= message.size(); ++i) message[i - 1] ^= input[i];
  return message;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = std::as_bytes(std::span{data, size});
  const Secret secret{};
  const Random client_random{std::byte{1}}, host_random{std::byte{2}};
  const auto client = ClientHandshake::create(secret, 0, client_random).value();
  const auto answer = answer_hello(secret, 0, host_random, client.hello()).value();
  require(client.on_welcome(answer.welcome).has_value());

  require(!answer_hello(secret, 0, host_random, input) || std::ranges::equal(input, client.hello()));
  require(!client.on_welcome(input) || std::ranges::equal(input, answer.welcome));
  const auto hello = spoilt(client.hello(), input), welcome = spoilt(answer.welcome, input);
  require(answer_hello(secret, 0, host_random, hello).has_value() == (hello == client.hello()));
  require(client.on_welcome(welcome).has_value() == (welcome == answer.welcome));
  return 0;
}
