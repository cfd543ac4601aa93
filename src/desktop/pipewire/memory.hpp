// lumen/desktop/pipewire: the memory behind a buffer, in such a way that its owner cannot hurt us: it may
// shrink a file that we have mapped, and reading then ends the process. Thread-safe: no.
#pragma once

#include <spa/buffer/buffer.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace lumen::pipewire {

// munmap() at the end.
struct Unmap {
  std::size_t bytes = 0;
  void operator()(std::byte* address) const noexcept;
};

class BufferMemory {
 public:
  // The fd in `data` stays its owner's; a copy is kept. Takes SPA_DATA_MemFd and SPA_DATA_DmaBuf. Fails with
  // `capture.memory`. A real dmabuf and a file sealed against shrinking are mapped, any other file is read.
  static Result<BufferMemory> create(const spa_data& data);

  std::size_t size_bytes() const { return size_; }
  // The bytes there, valid until the next call or end(); empty: they are gone. `offset` + `bytes` must be
  // within size_bytes(). A dmabuf's bytes are settled by begin() and until end().
  std::span<const std::byte> view(std::size_t offset, std::size_t bytes);
  void begin() const;
  void end() const;

 private:
  BufferMemory() = default;
  Status map();

  UniqueFd fd_;
  bool is_dmabuf_ = false;
  std::size_t start_ = 0, size_ = 0;  // in the file; start_ is any number
  std::unique_ptr<std::byte, Unmap> mapped_;
  const std::byte* first_ = nullptr;  // of mapped_
  std::vector<std::byte> copy_;       // where it is not mapped
};

}  // namespace lumen::pipewire
