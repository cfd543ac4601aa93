// lumen/interface: a desktop's clipboard, as far as it is text. Depends on base and media only.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "media/clipboard.hpp"

namespace lumen {

// Contract:
//  - Owner: the thread of its desktop. Lives as long as that.
//  - Nothing is read before watch(), and after watch({}); what was copied before it is not told.
//  - What set_text() put there is not told back. What applications mark as a secret is not read.
//  - Texts are at most kMaxClipboardBytes, their bytes as they came, not validated; longer ones are not told.
//  - No call blocks longer than 100 ms. on_text is called from the event loop, never from inside a call.
class Clipboard {
 public:
  virtual ~Clipboard() = default;
  // From now on `on_text` hears what applications copy; empty: nobody does.
  virtual void watch(std::function<void(std::string text)> on_text) = 0;
  // Applications can paste this from now on.
  virtual Status set_text(std::string_view utf8) = 0;
};

// What applications offer beside a text that no other program is to keep.
inline constexpr const char* kSecretMimeType = "x-kde-passwordManagerHint";

}  // namespace lumen
