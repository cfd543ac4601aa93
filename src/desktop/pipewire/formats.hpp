// lumen/desktop/pipewire: what we offer a source of pictures, as PipeWire's parameters, and what it chose.
#pragma once

#include <spa/pod/pod.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "media/mode.hpp"

namespace lumen::pipewire {

struct FormatOffer {
  std::optional<Mode> mode;  // exactly this size and at most this rate; none: as the source has it
  std::vector<std::uint64_t> modifiers;  // of dmabufs that can be read, best first; empty: none can
};

struct ChosenFormat {
  std::uint32_t width = 0, height = 0;
  std::uint32_t fourcc = 0;               // DRM_FORMAT_XRGB8888 or DRM_FORMAT_ARGB8888
  std::uint32_t refresh_mhz = 0;          // at most; 0: not told
  std::optional<std::uint64_t> modifier;  // none: shared memory
};

// Parameters for pw_stream_connect() and pw_stream_update_params(). They live as long as this does.
class Parameters {
 public:
  // dmabufs first, where there are any, then shared memory, so that negotiation finds something.
  void add_formats(const FormatOffer& offer);
  // How the buffers of a format are to be, and what is to come with each.
  void add_buffers(const ChosenFormat& format);

  std::span<const spa_pod*> view() { return std::span{pods_}.first(count_); }

 private:
  void add_format(const FormatOffer& offer, bool dmabuf);
  void add_meta(std::uint32_t type, std::size_t size, std::size_t least);
  void keep(const spa_pod* pod);

  std::array<std::byte, 4096> memory_;
  std::size_t used_ = 0;
  std::array<const spa_pod*, 8> pods_{};
  std::size_t count_ = 0;
};

// None: it is none that we offered.
std::optional<ChosenFormat> read_format(const spa_pod& format);

}  // namespace lumen::pipewire
