// Tests only: a buffer as a stream has it.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spa/buffer/buffer.h>
#include <spa/buffer/meta.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <span>
#include <vector>

#include <pipewire/stream.h>

#include "base/fd.hpp"

namespace lumen::pipewire {

struct TestBuffer {
  static constexpr std::uint32_t kWidth = 16, kHeight = 8;

  explicit TestBuffer(std::uint32_t pixel) : fd{memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING)} {
    const std::vector<std::uint32_t> pixels(std::size_t{kWidth} * kHeight, pixel);
    const auto bytes = std::as_bytes(std::span{pixels});
    EXPECT_EQ(write(fd.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    EXPECT_EQ(fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK), 0);
    chunk = {.offset = 0, .size = static_cast<std::uint32_t>(bytes.size()), .stride = kWidth * 4, .flags = 0};
    data.type = SPA_DATA_MemFd;
    data.fd = fd.get();
    data.maxsize = chunk.size;
    data.chunk = &chunk;
    metas[0] = {SPA_META_VideoDamage, sizeof damage, damage.data()};
    metas[1] = {SPA_META_Cursor, sizeof cursor, &cursor};
    metas[2] = {SPA_META_Header, sizeof header, &header};
    buffer = {.n_metas = 3, .n_datas = 1, .metas = metas.data(), .datas = &data};
    damage[0] = {{{1, 1}, {2, 2}}};
  }
  TestBuffer(const TestBuffer&) = delete;
  TestBuffer& operator=(const TestBuffer&) = delete;

  UniqueFd fd;
  spa_chunk chunk{};
  spa_data data{};
  std::array<spa_meta_region, 2> damage{};
  spa_meta_cursor cursor{};
  spa_meta_header header{};
  std::array<spa_meta, 3> metas{};
  spa_buffer buffer{};
  pw_buffer stream_buffer{.buffer = &buffer};
};

}  // namespace lumen::pipewire
