#include "media/clipboard.hpp"

#include <algorithm>
#include <span>
#include <utility>

namespace lumen {
namespace {

// Bytes of the well-formed character that `text` begins with (RFC 3629); 0: it begins with none.
std::size_t character_bytes(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto follows = [&](std::size_t i, unsigned least = 0x80, unsigned most = 0xBF) {
    return least <= byte(i) && byte(i) <= most;
  };
  const auto first = byte(0);
  if (first < 0x80) return first == 0 ? 0 : 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool good = follows(1, first == 0xE0 ? 0xA0 : 0x80, first == 0xED ? 0x9F : 0xBF) && follows(2);
    return good ? 3 : 0;
  }
  if (first < 0xF0 || first > 0xF4) return 0;
  const bool good =
      follows(1, first == 0xF0 ? 0x90 : 0x80, first == 0xF4 ? 0x8F : 0xBF) && follows(2) && follows(3);
  return good ? 4 : 0;
}

}  // namespace

bool is_valid(const ClipboardPart& part) {
  return part.total >= 1 && part.total <= kMaxClipboardBytes && !part.bytes.empty() &&
         part.bytes.size() <= kMaxClipboardPart && part.offset < part.total &&
         part.bytes.size() <= part.total - part.offset;
}

bool is_clipboard_text(std::string_view text) {
  if (text.empty() || text.size() > kMaxClipboardBytes) return false;
  while (!text.empty()) {
    const auto bytes = character_bytes(text);
    if (bytes == 0) return false;
    text.remove_prefix(bytes);
  }
  return true;
}

void ClipboardSender::offer(std::string text) {
  if (!is_clipboard_text(text) || text == known_) return;
  known_ = text;
  waiting_ = std::move(text);
}

void ClipboardSender::know(std::string text) {
  known_ = std::move(text);
  waiting_.reset();  // theirs is newer
  text_.clear();
}

std::optional<ClipboardPart> ClipboardSender::next(Timestamp now) {
  if (!text_.empty() && now - heard_ >= kPatience) give_up();
  if (now < next_at_) return std::nullopt;
  if (text_.empty()) {
    if (!waiting_) return std::nullopt;
    text_ = *std::exchange(waiting_, std::nullopt);
    ++transfer_;
    sent_ = received_ = 0;
    heard_ = now;
  }
  if (sent_ == text_.size() || must_wait()) return std::nullopt;
  const auto bytes = std::as_bytes(std::span{text_}).subspan(sent_);
  const auto part = bytes.first(std::min(bytes.size(), kMaxClipboardPart));
  ClipboardPart next{.transfer = transfer_,
                     .total = static_cast<std::uint32_t>(text_.size()),
                     .offset = static_cast<std::uint32_t>(sent_),
                     .bytes = {part.begin(), part.end()}};
  sent_ += part.size();
  next_at_ = now + kPartInterval;
  return next;
}

// Who offers it again means it: the other end has it not.
void ClipboardSender::give_up() {
  if (known_ == text_) known_.clear();
  text_.clear();
}

std::optional<Timestamp> ClipboardSender::next_deadline() const {
  if (text_.empty()) return waiting_ ? std::optional{next_at_} : std::nullopt;
  return sent_ == text_.size() || must_wait() ? heard_ + kPatience : next_at_;
}

void ClipboardSender::taken(const ClipboardTaken& taken, Timestamp now) {
  if (text_.empty() || taken.transfer != transfer_ || taken.received <= received_ || taken.received > sent_)
    return;
  received_ = taken.received;
  heard_ = now;
  if (received_ == text_.size()) text_.clear();
}

void ClipboardSender::reset() {
  waiting_.reset();
  text_.clear();
  known_.clear();
}

std::optional<ClipboardTaken> ClipboardReceiver::take(const ClipboardPart& part) {
  if (!is_valid(part)) return std::nullopt;
  if (part.offset == 0) {
    transfer_ = part.transfer;
    total_ = part.total;
    text_.clear();
  }
  if (total_ == 0 || part.transfer != transfer_ || part.total != total_ || part.offset != text_.size())
    return std::nullopt;
  text_.append(reinterpret_cast<const char*>(part.bytes.data()), part.bytes.size());
  return ClipboardTaken{transfer_, static_cast<std::uint32_t>(text_.size())};
}

std::optional<std::string> ClipboardReceiver::take_text() {
  if (total_ == 0 || text_.size() != total_) return std::nullopt;
  total_ = 0;
  auto text = std::exchange(text_, {});
  return is_clipboard_text(text) ? std::optional{std::move(text)} : std::nullopt;
}

void ClipboardReceiver::reset() {
  total_ = 0;
  text_.clear();
}

}  // namespace lumen
