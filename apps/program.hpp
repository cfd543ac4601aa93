// lumen/apps: what the three main()s share.
#pragma once

#include <signal.h>
#include <sys/signalfd.h>

#include <cstdio>
#include <initializer_list>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace lumen::apps {

// Blocks these signals for all threads started later and returns a descriptor to read them from.
inline UniqueFd take_signals(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : signals) sigaddset(&set, number);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return UniqueFd{signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)};
}

// "NAME: WHAT. REMEDY [id]" to standard error; returns the exit status for it.
inline int complain(const char* program, const Error& error) {
  std::fprintf(stderr, "%s: %s\n", program, describe(error).c_str());
  return error.code == ErrorCode::invalid_argument ? 2 : 1;
}

}  // namespace lumen::apps
