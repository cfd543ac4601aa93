// client/shell: this computer's clipboard and the stream's are one, while the host shares its own and the
// person here wants that. Without either nothing is read or written, and nothing while the window has not the
// keyboard. The log holds nothing of a text. Owner: the window's thread.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/log.hpp"
#include "client/shell/client_stream.hpp"
#include "interface/client_window.hpp"
#include "media/clipboard.hpp"

namespace lumen::client {

class ClipboardKeeper {
 public:
  // `wanted`: by the person here. For one stream.
  explicit ClipboardKeeper(bool wanted = false) : wanted_{wanted} {}

  // Between two polls of the window. `stream` is the one that the keeper was made for.
  void step(ClientStream& stream, ClientWindow& window, Logger& log) {
    tell_why_not(stream, log);
    if (!wanted_ || !stream.shares_clipboard()) return;
    const auto begun = stream.clipboard_begun();
    must_read_ = std::exchange(begun_, begun) != begun || must_read_;
    if (!window.has_focus()) return;
    if (auto text = stream.take_clipboard()) window.set_clipboard(*text);
    must_read_ = window.take_clipboard_news() || must_read_;
    if (std::exchange(must_read_, false)) send(stream, window, log);
  }

 private:
  void tell_why_not(const ClientStream& stream, Logger& log) {
    const bool off = !wanted_ && stream.shares_clipboard();
    auto why = off ? "the setting \"clipboard\" is off" : stream.clipboard_notice();
    if (why == told_) return;
    told_ = std::move(why);
    if (!told_.empty()) log.info("the clipboard is not shared: {}", told_);
  }
  static void send(ClientStream& stream, ClientWindow& window, Logger& log) {
    auto text = window.clipboard();
    if (text.size() > kMaxClipboardBytes) {
      log.info("what was copied stays here: it is longer than {} KiB", kMaxClipboardBytes >> 10U);
    } else if (!text.empty()) {
      stream.send_clipboard(std::move(text));
    }
  }

  bool wanted_, must_read_ = false;
  std::uint32_t begun_ = 0;  // of the stream's clipboard
  std::string told_;
};

}  // namespace lumen::client
