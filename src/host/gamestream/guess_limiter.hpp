// host/gamestream: slows down whoever guesses. Five wrong guesses of an address are free; after that each one
// shuts it out, for a second at first and twice as long each time, ten minutes at most. Pure.
// Owner: one thread.
#pragma once

#include <algorithm>
#include <map>
#include <string>

#include "base/units.hpp"

namespace lumen::host {

class GuessLimiter {
 public:
  static constexpr int kFree = 5;
  static constexpr std::size_t kMaxAddresses = 1024;  // all further ones count as one
  static constexpr Duration kFirst = std::chrono::seconds{1}, kLongest = std::chrono::minutes{10},
                            kForgotten = std::chrono::hours{1};

  bool is_shut_out(const std::string& address, Timestamp now) const {
    const auto found = guesses_.find(key(address));
    return found != guesses_.end() && now < found->second.until;
  }
  void wrong(const std::string& address, Timestamp now) {
    std::erase_if(guesses_, [now](const auto& entry) { return now > entry.second.last + kForgotten; });
    auto& guess = guesses_[key(address)];
    guess.last = now;
    if (++guess.count <= kFree) return;
    guess.until = now + std::min<Duration>(kLongest, kFirst * (1LL << std::min(guess.count - kFree - 1, 20)));
  }
  void right(const std::string& address) { guesses_.erase(key(address)); }

 private:
  struct Guesses {
    int count = 0;
    Timestamp last{}, until{};
  };
  std::string key(const std::string& address) const {
    return guesses_.size() < kMaxAddresses || guesses_.contains(address) ? address : std::string{};
  }
  std::map<std::string, Guesses> guesses_;
};

}  // namespace lumen::host
