// Tests only: what libraries forget by design is not counted.
#pragma once

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LUMEN_TEST_LEAKS 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define LUMEN_TEST_LEAKS 1
#endif
#ifdef LUMEN_TEST_LEAKS
#include <sanitizer/lsan_interface.h>
#endif

namespace lumen::embedded {

// wlroots before 0.18 never frees its X window manager; what is allocated meanwhile is not counted as leaked.
struct LeaksExcused {
#ifdef LUMEN_TEST_LEAKS
  LeaksExcused() { __lsan_disable(); }
  ~LeaksExcused() { __lsan_enable(); }
  LeaksExcused(const LeaksExcused&) = delete;
  LeaksExcused& operator=(const LeaksExcused&) = delete;
#endif
};

}  // namespace lumen::embedded
