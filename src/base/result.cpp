#include "base/result.hpp"

#include <system_error>

#include <fmt/format.h>

namespace lumen {

std::string_view to_string(ErrorCode code) noexcept {
  switch (code) {
    using enum ErrorCode;
    case invalid_argument:
      return "invalid_argument";
    case malformed:
      return "malformed";
    case unsupported:
      return "unsupported";
    case unavailable:
      return "unavailable";
    case denied:
      return "denied";
    case timed_out:
      return "timed_out";
    case cancelled:
      return "cancelled";
    case resource_exhausted:
      return "resource_exhausted";
    case internal:
      return "internal";
  }
  return "unknown";
}

std::string describe(const Error& error) {
  std::string text = error.what;
  if (error.os_errno != 0) {
    text += fmt::format(": {}", std::generic_category().message(error.os_errno));
  }
  if (!error.remedy.empty()) text += fmt::format(". {}", error.remedy);
  return text + fmt::format(" [{}]", error.id);
}

}  // namespace lumen
