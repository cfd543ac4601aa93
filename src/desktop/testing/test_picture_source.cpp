#include "desktop/testing/test_picture_source.hpp"

#include <fcntl.h>
#include <spa/buffer/meta.h>
#include <spa/param/buffers.h>
#include <spa/param/video/format-utils.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>

#include "base/fd.hpp"
#include "desktop/testing/test_client.hpp"
#include "libpipewire/handles.hpp"

// SPA's macros are C.
#pragma GCC diagnostic ignored "-Wold-style-cast"
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wsign-conversion"

namespace lumen::desktop_test {
namespace {

using libpipewire::PipeWireHandle, libpipewire::PipeWireLibrary;

constexpr int kBuffers = 4;
constexpr std::size_t kDamage = 8;
constexpr std::uint32_t kPointerSide = 64;
constexpr std::size_t kPointerBytes =
    sizeof(spa_meta_cursor) + sizeof(spa_meta_bitmap) + std::size_t{kPointerSide} * kPointerSide * 4;

struct Memory {
  UniqueFd fd;
  std::byte* pixels = nullptr;
  std::size_t bytes = 0;
};

class StreamSource final : public PictureSource {
 public:
  StreamSource(SourceParams params, EventLoop& loop) : params_{std::move(params)}, event_loop_{loop} {}
  ~StreamSource() override {
    if (fd_ >= 0) event_loop_.unwatch(fd_);
    stream_.reset();
    core_.reset();
    context_.reset();
    if (loop_) libpipewire::leave(loop_.get());
  }
  bool start();

  std::optional<std::uint32_t> node_id() const override {
    const auto id = pw_stream_get_node_id(stream_.get());
    return id == SPA_ID_INVALID || !is_up_ ? std::nullopt : std::optional{id};
  }
  bool streams() const override { return streams_; }
  int starts() const override { return starts_; }
  bool push(const SourcePush& what) override;
  void change_size(std::uint32_t width, std::uint32_t height) override;
  void shrink_memory() override {
    for (const auto& [buffer, memory] : memory_) static_cast<void>(::ftruncate(memory.fd.get(), 4096));
  }
  std::uint32_t width() const override { return params_.width; }
  std::uint32_t height() const override { return params_.height; }
  bool gave_dmabufs() const override { return chosen_dmabuf_; }

 private:
  std::size_t stride() const { return std::size_t{params_.width} * 4 + 64; }  // wider than need be
  std::vector<const spa_pod*> formats(std::span<std::byte> memory) const;
  const spa_pod* format(spa_pod_builder& builder, bool dmabuf) const;
  void on_param(std::uint32_t id, const spa_pod* param);
  void on_add(pw_buffer* buffer);
  void on_remove(pw_buffer* buffer);
  void fill(spa_buffer& buffer, const SourcePush& what);
  static void fill_pointer(spa_meta& meta, const SourcePush& what);

  SourceParams params_;
  EventLoop& event_loop_;
  int fd_ = -1;
  bool is_up_ = false, streams_ = false, chosen_dmabuf_ = false;
  int starts_ = 0;
  std::map<pw_buffer*, Memory> memory_;
  PipeWireLibrary library_;
  PipeWireHandle<pw_loop> loop_;
  PipeWireHandle<pw_context> context_;
  PipeWireHandle<pw_core> core_;
  PipeWireHandle<pw_stream> stream_;
  spa_hook hook_{};
};

bool StreamSource::start() {
  loop_.reset(pw_loop_new(nullptr));
  libpipewire::enter(loop_.get());
  context_.reset(pw_context_new(loop_.get(), nullptr, 0));
  auto socket = libpipewire::connect_to(params_.socket);
  if (!socket) return false;
  core_.reset(pw_context_connect_fd(context_.get(), socket->release(), nullptr, 0));
  if (!core_) return false;
  stream_.reset(pw_stream_new(
      core_.get(), "test-desktop",
      pw_properties_new(PW_KEY_MEDIA_CLASS, "Video/Source", PW_KEY_NODE_NAME, "test-desktop", nullptr)));
  static const pw_stream_events kEvents{
      .version = PW_VERSION_STREAM_EVENTS,
      .state_changed =
          [](void* self, pw_stream_state, pw_stream_state state, const char*) {
            auto& source = *static_cast<StreamSource*>(self);
            source.is_up_ = state >= PW_STREAM_STATE_PAUSED;
            source.streams_ = state == PW_STREAM_STATE_STREAMING;
            source.starts_ += source.streams_ ? 1 : 0;
          },
      .param_changed = [](void* self, std::uint32_t id,
                          const spa_pod* param) { static_cast<StreamSource*>(self)->on_param(id, param); },
      .add_buffer = [](void* self, pw_buffer* buffer) { static_cast<StreamSource*>(self)->on_add(buffer); },
      .remove_buffer = [](void* self,
                          pw_buffer* buffer) { static_cast<StreamSource*>(self)->on_remove(buffer); }};
  pw_stream_add_listener(stream_.get(), &hook_, &kEvents, this);
  std::array<std::byte, 2048> memory;
  auto pods = formats(memory);
  if (pw_stream_connect(stream_.get(), PW_DIRECTION_OUTPUT, PW_ID_ANY,
                        static_cast<pw_stream_flags>(PW_STREAM_FLAG_DRIVER | PW_STREAM_FLAG_ALLOC_BUFFERS),
                        pods.data(), static_cast<std::uint32_t>(pods.size())) < 0) {
    return false;
  }
  fd_ = libpipewire::loop_fd(loop_.get());
  return event_loop_.watch(fd_, EPOLLIN, [this](std::uint32_t) { libpipewire::iterate(loop_.get()); })
      .has_value();
}

std::vector<const spa_pod*> StreamSource::formats(std::span<std::byte> memory) const {
  spa_pod_builder builder{};
  spa_pod_builder_init(&builder, memory.data(), static_cast<std::uint32_t>(memory.size()));
  std::vector<const spa_pod*> all;
  if (params_.dmabuf) all.push_back(format(builder, true));
  all.push_back(format(builder, false));
  return all;
}

const spa_pod* StreamSource::format(spa_pod_builder& builder, bool dmabuf) const {
  spa_pod_frame object{};
  spa_pod_builder_push_object(&builder, &object, SPA_TYPE_OBJECT_Format, SPA_PARAM_EnumFormat);
  spa_pod_builder_add(&builder, SPA_FORMAT_mediaType, SPA_POD_Id(SPA_MEDIA_TYPE_video),
                      SPA_FORMAT_mediaSubtype, SPA_POD_Id(SPA_MEDIA_SUBTYPE_raw), SPA_FORMAT_VIDEO_format,
                      SPA_POD_Id(SPA_VIDEO_FORMAT_BGRx), 0);
  if (dmabuf) {
    spa_pod_builder_prop(&builder, SPA_FORMAT_VIDEO_modifier, SPA_POD_PROP_FLAG_MANDATORY);
    spa_pod_builder_long(&builder, 0);
  }
  const spa_rectangle size{params_.width, params_.height}, least{1, 1}, most{8192, 8192};
  if (params_.any_size) {
    spa_pod_builder_add(&builder, SPA_FORMAT_VIDEO_size, SPA_POD_CHOICE_RANGE_Rectangle(&size, &least, &most),
                        0);
  } else {
    spa_pod_builder_add(&builder, SPA_FORMAT_VIDEO_size, SPA_POD_Rectangle(&size), 0);
  }
  const spa_fraction none{0, 1}, slowest{1, 1}, fastest{params_.max_refresh_hz, 1};
  spa_pod_builder_add(&builder, SPA_FORMAT_VIDEO_framerate, SPA_POD_Fraction(&none),
                      SPA_FORMAT_VIDEO_maxFramerate,
                      SPA_POD_CHOICE_RANGE_Fraction(&fastest, &slowest, &fastest), 0);
  return static_cast<const spa_pod*>(spa_pod_builder_pop(&builder, &object));
}

void StreamSource::on_param(std::uint32_t id, const spa_pod* param) {
  if (id != SPA_PARAM_Format || param == nullptr) return;
  spa_video_info_raw info{};
  spa_format_video_raw_parse(param, &info);
  params_.width = info.size.width;
  params_.height = info.size.height;
  chosen_dmabuf_ = spa_pod_find_prop(param, nullptr, SPA_FORMAT_VIDEO_modifier) != nullptr;
  std::array<std::byte, 2048> memory;
  spa_pod_builder builder{};
  spa_pod_builder_init(&builder, memory.data(), memory.size());
  std::vector<const spa_pod*> pods;
  const int type = 1 << (chosen_dmabuf_ ? SPA_DATA_DmaBuf : SPA_DATA_MemFd);
  pods.push_back(static_cast<const spa_pod*>(spa_pod_builder_add_object(
      &builder, SPA_TYPE_OBJECT_ParamBuffers, SPA_PARAM_Buffers, SPA_PARAM_BUFFERS_buffers,
      SPA_POD_CHOICE_RANGE_Int(kBuffers, 2, 16), SPA_PARAM_BUFFERS_blocks, SPA_POD_Int(1),
      SPA_PARAM_BUFFERS_size, SPA_POD_Int(static_cast<int>(stride() * params_.height)),
      SPA_PARAM_BUFFERS_stride, SPA_POD_Int(static_cast<int>(stride())), SPA_PARAM_BUFFERS_dataType,
      SPA_POD_CHOICE_FLAGS_Int(type))));
  const std::map<std::uint32_t, std::size_t> metas{{SPA_META_Header, sizeof(spa_meta_header)},
                                                   {SPA_META_VideoDamage, sizeof(spa_meta_region) * kDamage},
                                                   {SPA_META_VideoCrop, sizeof(spa_meta_region)},
                                                   {SPA_META_Cursor, kPointerBytes}};
  for (const auto& [meta, size] : metas) {
    pods.push_back(static_cast<const spa_pod*>(spa_pod_builder_add_object(
        &builder, SPA_TYPE_OBJECT_ParamMeta, SPA_PARAM_Meta, SPA_PARAM_META_type, SPA_POD_Id(meta),
        SPA_PARAM_META_size, SPA_POD_Int(static_cast<int>(size)))));
  }
  pw_stream_update_params(stream_.get(), pods.data(), static_cast<std::uint32_t>(pods.size()));
}

void StreamSource::on_add(pw_buffer* buffer) {
  auto& memory = memory_[buffer];
  memory.bytes = stride() * params_.height;
  memory.fd.reset(::memfd_create("picture", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  static_cast<void>(::ftruncate(memory.fd.get(), static_cast<off_t>(memory.bytes)));
  if (params_.sealed) ::fcntl(memory.fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
  memory.pixels = static_cast<std::byte*>(
      ::mmap(nullptr, memory.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory.fd.get(), 0));
  auto& data = buffer->buffer->datas[0];
  data.type = chosen_dmabuf_ ? SPA_DATA_DmaBuf : SPA_DATA_MemFd;
  data.flags = SPA_DATA_FLAG_READWRITE;
  data.fd = memory.fd.get();
  data.mapoffset = 0;
  data.maxsize = static_cast<std::uint32_t>(memory.bytes);
  data.data = memory.pixels;
}

void StreamSource::on_remove(pw_buffer* buffer) {
  const auto found = memory_.find(buffer);
  if (found == memory_.end()) return;
  ::munmap(found->second.pixels, found->second.bytes);
  memory_.erase(found);
}

bool StreamSource::push(const SourcePush& what) {
  auto* const buffer = pw_stream_dequeue_buffer(stream_.get());
  if (buffer == nullptr) return false;
  auto* const words = memory_[buffer].pixels;
  for (std::uint32_t y = 0; y < params_.height; ++y) {
    auto* row = reinterpret_cast<std::uint32_t*>(words + stride() * y);
    for (std::uint32_t x = 0; x < params_.width; ++x) row[x] = test_pixel(what.seed, x, y);
  }
  fill(*buffer->buffer, what);
  pw_stream_queue_buffer(stream_.get(), buffer);
  return true;
}

void StreamSource::fill(spa_buffer& buffer, const SourcePush& what) {
  auto& chunk = *buffer.datas[0].chunk;
  chunk.offset = what.offset_bytes.value_or(0);
  chunk.stride = what.stride_bytes.value_or(static_cast<std::int32_t>(stride()));
  chunk.size = what.size_bytes.value_or(static_cast<std::uint32_t>(stride() * params_.height));
  chunk.flags = what.corrupted ? SPA_CHUNK_FLAG_CORRUPTED : SPA_CHUNK_FLAG_NONE;
  const auto to_region = [](const Rect& rect) {
    return spa_meta_region{
        {{rect.x, rect.y},
         {static_cast<std::uint32_t>(rect.width), static_cast<std::uint32_t>(rect.height)}}};
  };
  for (auto& meta : std::span{buffer.metas, buffer.n_metas}) {
    if (meta.type == SPA_META_Header) {
      auto& header = *static_cast<spa_meta_header*>(meta.data);
      header.pts = what.pts_ns.value_or(to_ns(SteadyTime{}.now()));
      header.flags = what.corrupted_header ? SPA_META_HEADER_FLAG_CORRUPTED : 0;
    } else if (meta.type == SPA_META_VideoDamage) {
      auto* out = static_cast<spa_meta_region*>(meta.data);
      std::memset(out, 0, meta.size);
      for (const auto& rect : what.damage) *out++ = to_region(rect);
    } else if (meta.type == SPA_META_VideoCrop) {
      *static_cast<spa_meta_region*>(meta.data) = to_region(what.crop.value_or(Rect{}));
    } else if (meta.type == SPA_META_Cursor) {
      fill_pointer(meta, what);
    }
  }
}

void StreamSource::fill_pointer(spa_meta& meta, const SourcePush& what) {
  auto& cursor = *static_cast<spa_meta_cursor*>(meta.data);
  cursor = {};
  if (!what.pointer) return;
  const auto& pointer = *what.pointer;
  cursor.id = 1;
  cursor.position = {pointer.x, pointer.y};
  if (!pointer.new_picture) return;
  cursor.hotspot = {pointer.hotspot_x, pointer.hotspot_y};
  cursor.bitmap_offset = sizeof(spa_meta_cursor);
  auto& bitmap = *reinterpret_cast<spa_meta_bitmap*>(static_cast<std::byte*>(meta.data) + sizeof cursor);
  bitmap.format = SPA_VIDEO_FORMAT_BGRA;
  bitmap.size = {pointer.width, pointer.height};
  bitmap.stride = static_cast<std::int32_t>(pointer.width * 4);
  bitmap.offset = sizeof bitmap;
  auto* pixels = reinterpret_cast<std::uint32_t*>(reinterpret_cast<std::byte*>(&bitmap) + sizeof bitmap);
  std::fill_n(pixels, std::min(pointer.width * pointer.height, kPointerSide * kPointerSide), pointer.argb);
}

void StreamSource::change_size(std::uint32_t width, std::uint32_t height) {
  params_.width = width;
  params_.height = height;
  std::array<std::byte, 2048> memory;
  auto pods = formats(memory);
  pw_stream_update_params(stream_.get(), pods.data(), static_cast<std::uint32_t>(pods.size()));
}

}  // namespace

std::unique_ptr<PictureSource> PictureSource::create(SourceParams params, EventLoop& loop) {
  auto source = std::make_unique<StreamSource>(std::move(params), loop);
  if (!source->start()) return nullptr;
  return source;
}

}  // namespace lumen::desktop_test
