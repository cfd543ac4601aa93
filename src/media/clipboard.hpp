// lumen/media: text of a clipboard on its way from one computer to another: in parts, of which few are under
// way at a time, so that a large text holds nothing up. Pure. Thread-safe: no.
//
//   sender ──part 0──part 1──▶ receiver        a part is answered with how much has come;
//          ◀──taken──taken───                  kWindow parts may be unanswered
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.hpp"

namespace lumen {

inline constexpr std::size_t kMaxClipboardBytes = std::size_t{1} << 20U, kMaxClipboardPart = 32U << 10U;

struct ClipboardPart {
  std::uint32_t transfer = 0;  // counts the texts of one sender
  std::uint32_t total = 0;     // bytes of the whole text, 1…kMaxClipboardBytes
  std::uint32_t offset = 0;    // of this part in it
  std::vector<std::byte> bytes;
  bool operator==(const ClipboardPart&) const = default;
};
struct ClipboardTaken {
  std::uint32_t transfer = 0;
  std::uint32_t received = 0;  // bytes of it, all from the first on
  bool operator==(const ClipboardTaken&) const = default;
};

// Inside its text, and neither empty nor too large.
bool is_valid(const ClipboardPart& part);
// UTF-8 without NUL, 1…kMaxClipboardBytes.
bool is_clipboard_text(std::string_view text);

class ClipboardSender {
 public:
  static constexpr std::size_t kWindow = 2;
  // Keeps a peer's allowance of messages (a hundred a second) free for others.
  static constexpr Duration kPartInterval = std::chrono::milliseconds{25};
  static constexpr Duration kPatience = std::chrono::seconds{5};  // for an answer; then the text is given up

  // To be sent next; it replaces one that still waits. What is no clipboard text, and what the other end has
  // already from here or sent itself, is left out.
  void offer(std::string text);
  // The other end sent this: it need not hear it back, nor any more of what is under way.
  void know(std::string text);
  // The next part, when it is time; call until nullopt.
  std::optional<ClipboardPart> next(Timestamp now);
  std::optional<Timestamp> next_deadline() const;  // when next() may have one
  void taken(const ClipboardTaken& taken, Timestamp now);
  // A text is under way. Of two that cross the host's wins: the host drops one that comes meanwhile.
  bool is_sending() const { return !text_.empty(); }
  // Nothing is under way any more, and nothing is known.
  void reset();

 private:
  void give_up();
  bool must_wait() const { return sent_ - received_ >= kWindow * kMaxClipboardPart; }

  std::optional<std::string> waiting_;
  std::string text_;  // that is under way
  std::string known_;
  std::uint32_t transfer_ = 0;
  std::size_t sent_ = 0, received_ = 0;  // bytes of text_
  Timestamp next_at_{}, heard_{};
};

class ClipboardReceiver {
 public:
  // How much has come, to be told the sender; nullopt: a part of nothing that is under way.
  std::optional<ClipboardTaken> take(const ClipboardPart& part);
  // A whole text, once; one that is no clipboard text is dropped.
  std::optional<std::string> take_text();
  void reset();

 private:
  std::uint32_t transfer_ = 0;
  std::size_t total_ = 0;  // 0: nothing is under way
  std::string text_;
};

}  // namespace lumen
