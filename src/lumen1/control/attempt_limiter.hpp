// lumen1/control: slows down whoever tries too often, and everybody once all together do. Some attempts are
// free; after that each one shuts its address out, for a while at first and twice as long each time. An IPv6
// address counts with all of its /64, which one machine may have for itself. Pure. Owner: one thread.
#pragma once

#include <map>
#include <string>

#include "base/units.hpp"

namespace lumen::lumen1::control {

class AttemptLimiter {
 public:
  static constexpr std::size_t kMaxAddresses = 1024;  // all further ones count as one
  struct Steps {
    int free = 5;
    Duration first = std::chrono::seconds{1}, longest = std::chrono::minutes{10},
             forgotten = std::chrono::hours{1};  // after the last attempt
  };
  AttemptLimiter(const Steps& per_address, const Steps& together)
      : per_address_{per_address}, together_{together} {}

  // How long `address` has to wait for its next attempt; zero: not at all.
  Duration wait(const std::string& address, Timestamp now) const;
  void attempt(const std::string& address, Timestamp now);
  // The last attempt of `address` was a right one: its earlier ones are forgotten, and it was none.
  void succeeded(const std::string& address);

 private:
  struct Tries {
    int count = 0;
    Timestamp last{}, until{};
    void add(const Steps& steps, Timestamp now);
  };
  std::string key(const std::string& address) const;
  Steps per_address_, together_;
  std::map<std::string, Tries> tries_;
  Tries all_;
};

}  // namespace lumen::lumen1::control
