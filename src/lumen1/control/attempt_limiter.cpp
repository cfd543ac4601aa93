#include "lumen1/control/attempt_limiter.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "crypto/digest.hpp"

namespace lumen::lumen1::control {
namespace {

// An IPv6 address by its /64, but for an IPv4 one in its clothes; anything else as it is.
std::string network_of(const std::string& address) {
  std::array<std::byte, 16> bytes{};
  if (inet_pton(AF_INET6, address.c_str(), bytes.data()) != 1) return address;
  const bool is_mapped =
      std::ranges::all_of(ByteView{bytes}.first(10), [](auto b) { return b == std::byte{0}; });
  return crypto::to_hex(is_mapped ? ByteView{bytes} : ByteView{bytes}.first(8));
}

}  // namespace

void AttemptLimiter::Tries::add(const Steps& steps, Timestamp now) {
  if (now > last + steps.forgotten) count = 0;
  last = now;
  if (++count <= steps.free) return;
  until =
      now + std::min<Duration>(steps.longest, steps.first * (1LL << std::min(count - steps.free - 1, 20)));
}

std::string AttemptLimiter::key(const std::string& address) const {
  const auto network = network_of(address);
  return tries_.size() < kMaxAddresses || tries_.contains(network) ? network : std::string{};
}

Duration AttemptLimiter::wait(const std::string& address, Timestamp now) const {
  const auto found = tries_.find(key(address));
  const auto until = std::max(all_.until, found == tries_.end() ? Timestamp{} : found->second.until);
  return std::max(until - now, Duration::zero());
}

void AttemptLimiter::attempt(const std::string& address, Timestamp now) {
  std::erase_if(tries_, [&](const auto& entry) { return now > entry.second.last + per_address_.forgotten; });
  tries_[key(address)].add(per_address_, now);
  all_.add(together_, now);
}

void AttemptLimiter::succeeded(const std::string& address) {
  tries_.erase(key(address));
  all_.count = std::max(all_.count - 1, 0);
}

}  // namespace lumen::lumen1::control
