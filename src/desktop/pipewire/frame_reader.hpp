// lumen/desktop/pipewire: from a source's buffers to frames. Knows nothing of streams and threads; the
// buffers are of whoever owns the stream, and each is given back through the return value of take().
// Thread-safe: no.
#pragma once

#include <spa/buffer/buffer.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/log.hpp"
#include "desktop/pipewire/claims.hpp"
#include "desktop/pipewire/cursor.hpp"
#include "desktop/pipewire/formats.hpp"
#include "desktop/pipewire/memory.hpp"
#include "desktop/pipewire/pipewire_capture.hpp"

namespace lumen::pipewire {

class FrameReader {
 public:
  // `importer` may be nullptr: then dmabufs are mapped. Called during take(), show_again() and nothing else.
  using OnFrame = std::function<void(const BorrowedFrame&)>;
  FrameReader(DmabufImporter* importer, OnFrame on_frame, Logger& log)
      : importer_{importer}, on_frame_{std::move(on_frame)}, log_{log} {}

  void set_format(const ChosenFormat& format);
  void add(const spa_buffer& buffer);
  void remove(const spa_buffer& buffer);

  // Tells the picture in it. `damage_is_lost`: its damage is not all that changed. Returns the buffer that is
  // of no more use: this, the one kept before, or none.
  const spa_buffer* take(const spa_buffer& buffer, bool damage_is_lost);
  // The pointer has moved, and no picture came: drawn anew where it is drawn at all. A picture on the GPU is
  // imported anew for it.
  void show_pointer_alone();
  // A change was missed: the next picture is all new.
  void forget_damage() { damage_is_lost_ = true; }
  void show_again();
  void set_pointer_drawn(bool drawn);

  Cursor& cursor() { return cursor_; }
  std::uint64_t frames() const { return sequence_; }
  std::uint64_t refused() const { return refused_; }
  // So many pictures in a row could not be read.
  std::uint64_t refused_in_row() const { return refused_in_row_; }
  // Why the importer could not read a picture; then dmabufs are to be asked for no more.
  const std::optional<Error>& import_failure() const { return import_failure_; }

 private:
  struct PoolBuffer {
    const spa_buffer* buffer = nullptr;
    std::optional<BufferMemory> memory;  // none: the importer reads it, or it is unusable
  };
  struct Kept {
    PoolBuffer* home = nullptr;
    PictureLayout layout;
  };
  struct Damage {
    std::array<Rect, kMaxDamage + 2> rects;  // room for the pointer, before and after
    std::size_t count = 0;                   // zero: everything
    std::span<const Rect> view() const { return std::span{rects}.first(count); }
    void add(const Rect& rect) {
      if (rect.width > 0) rects[count++] = rect;
    }
  };

  PoolBuffer* home_of(const spa_buffer& buffer);
  std::optional<PictureLayout> check(const PoolBuffer& home) const;
  Damage damage_of(const spa_buffer& buffer) const;
  void refuse(const char* why);
  void show(Damage damage, Timestamp presented);
  void show_pointer(Timestamp presented);
  void show_pointer_on_gpu(Timestamp presented);
  PointerPicture pointer() const;
  void show_picture(const PictureView& picture, Damage damage, Timestamp presented);
  std::optional<PictureView> settle(const Kept& kept);
  std::optional<PictureView> import(const Kept& kept);
  std::optional<PictureView> keep_on_gpu(DeviceLease picture, const PictureLayout& layout);
  std::nullopt_t fail_import(Error why);
  void tell(const PictureView& picture, const Damage& damage, Timestamp presented);

  DmabufImporter* const importer_;
  const OnFrame on_frame_;
  Logger& log_;
  ChosenFormat format_;
  std::vector<std::unique_ptr<PoolBuffer>> pool_;
  std::optional<Kept> kept_;    // the newest picture
  bool damage_is_lost_ = true;  // some change was not shown: the next picture is all new
  bool pointer_drawn_ = false;
  Cursor cursor_;
  PointerCanvas canvas_;
  std::uint64_t sequence_ = 0, refused_ = 0, refused_in_row_ = 0;
  std::optional<Error> import_failure_;
  DeviceLease device_;             // the picture that is being shown, where it stays on the GPU
  bool is_on_gpu_ = false;         // the newest one was
  Rect gpu_pointer_, gpu_hidden_;  // where the pointer is on it, and was on the one before
};

}  // namespace lumen::pipewire
