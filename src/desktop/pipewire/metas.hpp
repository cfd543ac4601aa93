// lumen/desktop/pipewire: what lies beside a buffer's pixels. Private to lumen/desktop/pipewire.
#pragma once

#include <spa/buffer/buffer.h>
#include <spa/buffer/meta.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

namespace lumen::pipewire {

inline const spa_meta* find_meta(const spa_buffer& buffer, std::uint32_t type, std::size_t least_bytes) {
  for (const auto& meta : std::span{buffer.metas, buffer.n_metas}) {
    if (meta.type == type && meta.data != nullptr && meta.size >= least_bytes) return &meta;
  }
  return nullptr;
}

template <class T>
std::optional<T> read_meta(const spa_buffer& buffer, std::uint32_t type) {
  const auto* meta = find_meta(buffer, type, sizeof(T));
  if (meta == nullptr) return std::nullopt;
  T value;
  std::memcpy(&value, meta->data, sizeof value);  // once: the source may write meanwhile
  return value;
}

inline bool has_data(const spa_buffer& buffer) {
  return buffer.n_datas > 0 && buffer.datas[0].chunk != nullptr;
}

}  // namespace lumen::pipewire
