#include "desktop/pipewire/intake.hpp"

#include <utility>

#include "desktop/pipewire/claims.hpp"
#include "desktop/pipewire/metas.hpp"

namespace lumen::pipewire {
namespace {

bool is_corrupted(const spa_buffer& buffer, const spa_chunk& chunk) {
  const auto header = read_meta<spa_meta_header>(buffer, SPA_META_Header);
  return (static_cast<std::uint32_t>(chunk.flags) & SPA_CHUNK_FLAG_CORRUPTED) != 0 ||
         (header && (header->flags & SPA_META_HEADER_FLAG_CORRUPTED) != 0);
}

}  // namespace

void Intake::accept(pw_buffer& buffer, std::vector<pw_buffer*>& back) {
  const MutexLock lock{mutex_};
  back.swap(done_);
  done_.clear();
  read_cursor_of(*buffer.buffer);
  ends_without_picture_ = !holds_picture(*buffer.buffer);
  if (ends_without_picture_) return back.push_back(&buffer);
  if (auto* const overtaken = std::exchange(newest_, &buffer)) {
    ++counts_.overtaken;
    damage_is_lost_ = true;
    back.push_back(overtaken);
  }
}

bool Intake::holds_picture(const spa_buffer& buffer) {
  if (!has_data(buffer)) return false;
  const auto chunk = *buffer.datas[0].chunk;
  if (is_corrupted(buffer, chunk)) {
    ++counts_.corrupted;
    if (chunk.size != 0) damage_is_lost_ = true;
    return false;
  }
  return chunk.size != 0 ||
         buffer.datas[0].type == SPA_DATA_DmaBuf;  // otherwise it is about the pointer only
}

void Intake::read_cursor_of(const spa_buffer& buffer) {
  const auto* meta = find_meta(buffer, SPA_META_Cursor, sizeof(spa_meta_cursor));
  if (meta == nullptr) return;
  const auto claim = read_cursor({static_cast<const std::byte*>(meta->data), meta->size});
  if (claim && cursor_.apply(*claim)) cursor_changed_ = true;
}

Intake::Haul Intake::take(Cursor& cursor) {
  const MutexLock lock{mutex_};
  if (cursor_changed_) cursor = cursor_;
  return {std::exchange(newest_, nullptr), std::exchange(damage_is_lost_, false),
          std::exchange(cursor_changed_, false), std::exchange(ends_without_picture_, false)};
}

void Intake::give_back(pw_buffer& buffer) {
  const MutexLock lock{mutex_};
  done_.push_back(&buffer);
}

void Intake::forget(const pw_buffer& buffer) {
  const MutexLock lock{mutex_};
  if (newest_ == &buffer) {
    newest_ = nullptr;
    damage_is_lost_ = true;
  }
  std::erase(done_, &buffer);
}

Intake::Counts Intake::counts() const {
  const MutexLock lock{mutex_};
  return counts_;
}

}  // namespace lumen::pipewire
