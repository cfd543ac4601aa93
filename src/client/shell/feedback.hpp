// client/shell: what the host wants of the pads goes to them. Owner: the window's thread.
#pragma once

#include "client/shell/client_stream.hpp"
#include "interface/client_window.hpp"
#include "media/pad_feedback.hpp"

namespace lumen::client {

// What waits; no more than can wait at one time, for a host may go on and on.
inline void pass_feedback(ClientStream& stream, ClientWindow& window) {
  for (std::size_t i = 0; i < PadFeedbackBox::kMost; ++i) {
    const auto feedback = stream.take_feedback();
    if (!feedback) return;
    window.feed_back(*feedback);
  }
}

}  // namespace lumen::client
