#include <array>
#include <utility>

#include "lumen_core.h"

namespace {

// The preprocessor joins texts, not numbers.
static_assert(LUMEN_ABI_VERSION == 2);
constexpr const char* kVersion = LUMEN_VERSION " (abi 1)";

constexpr std::array<std::pair<lumen_result, const char*>, 13> kResults{{
    {LUMEN_OK, "ok"},
    {LUMEN_NOTHING, "there is nothing now"},
    {LUMEN_FOLLOW, "ok, and the peer's address is where this came from"},
    {LUMEN_IGNORED, "the datagram is of nobody here, not authentic, or a repetition"},
    {LUMEN_ERR_INVALID_ARGUMENT, "an argument is against the rules"},
    {LUMEN_ERR_MALFORMED, "the bytes do not parse"},
    {LUMEN_ERR_UNSUPPORTED, "this library or this machine cannot do that"},
    {LUMEN_ERR_UNAVAILABLE, "not possible now"},
    {LUMEN_ERR_DENIED, "not permitted"},
    {LUMEN_ERR_TIMED_OUT, "timed out"},
    {LUMEN_ERR_CANCELLED, "cancelled"},
    {LUMEN_ERR_RESOURCE_EXHAUSTED, "out of memory, packet numbers or room"},
    {LUMEN_ERR_INTERNAL, "a bug in the library"},
}};

}  // namespace

uint32_t lumen_abi_version(void) { return LUMEN_ABI_VERSION; }

const char* lumen_core_version_string(void) { return kVersion; }

const char* lumen_strerror(lumen_result result) {
  for (const auto& [known, text] : kResults) {
    if (known == result) return text;
  }
  return "no such result";
}
