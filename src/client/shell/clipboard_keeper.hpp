// client/shell: this computer's clipboard and the stream's are one, while the host shares its own. Nothing is
// read otherwise, and the log holds nothing of a text. Owner: the window's thread.
#pragma once

#include <string>

#include "base/log.hpp"
#include "client/shell/client_stream.hpp"
#include "interface/client_window.hpp"
#include "media/clipboard.hpp"

namespace lumen::client {

class ClipboardKeeper {
 public:
  // Between two polls of the window. `stream` is the one that the keeper was made for.
  void step(ClientStream& stream, ClientWindow& window, Logger& log) {
    if (auto why = stream.clipboard_notice(); why != told_) {
      told_ = std::move(why);
      if (!told_.empty()) log.info("the clipboard is not shared: {}", told_);
    }
    if (!stream.shares_clipboard()) return;
    if (auto text = stream.take_clipboard()) window.set_clipboard(*text);
    if (!window.take_clipboard_news()) return;
    auto text = window.clipboard();
    if (text.size() > kMaxClipboardBytes) {
      log.info("what was copied stays here: it is longer than {} KiB", kMaxClipboardBytes >> 10U);
    } else if (!text.empty()) {
      stream.send_clipboard(std::move(text));
    }
  }

 private:
  std::string told_;
};

}  // namespace lumen::client
