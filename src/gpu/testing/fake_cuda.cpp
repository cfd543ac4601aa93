#include "gpu/testing/fake_cuda.hpp"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "media/packed_pixels.hpp"

namespace lumen::gpu::testing {
namespace {

constexpr auto kLost = static_cast<CUresult>(719);    // CUDA_ERROR_LAUNCH_FAILED
constexpr auto kInvalid = static_cast<CUresult>(1);   // CUDA_ERROR_INVALID_VALUE
constexpr auto kNoMemory = static_cast<CUresult>(2);  // CUDA_ERROR_OUT_OF_MEMORY
constexpr std::size_t kPitchAlignment = 512;

FakeCuda* the_fake = nullptr;  // of the test that runs

template <class T>
T handle(void* object) {
  return static_cast<T>(object);
}

const std::uint8_t* bytes_at(CUdeviceptr address) {
  return reinterpret_cast<const std::uint8_t*>(address);  // NOLINT(performance-no-int-to-ptr)
}
std::uint8_t* writable_at(CUdeviceptr address) {
  return reinterpret_cast<std::uint8_t*>(address);  // NOLINT(performance-no-int-to-ptr)
}

template <class T>
T argument(void** arguments, int index) {
  T value;
  std::memcpy(&value, arguments[index], sizeof value);
  return value;
}

struct Coefficients {
  std::int32_t y[3], cb[3], cr[3], y_bias, chroma_bias;
};

std::int32_t weigh(const std::int32_t* w, const std::int32_t* bgr) {
  return w[0] * bgr[0] + w[1] * bgr[1] + w[2] * bgr[2];
}

struct Nv12Call {
  CUdeviceptr from, y, uv;
  std::uint64_t pitch, y_pitch, uv_pitch;
  std::uint32_t width, height;
  Coefficients c;
};

void convert_block(const Nv12Call& call, std::uint32_t x, std::uint32_t y) {
  std::int32_t sum[3]{};
  for (std::uint32_t i = 0; i < 4; ++i) {
    const auto column = std::min(x + i % 2, call.width - 1), row = std::min(y + i / 2, call.height - 1);
    const auto* pixel = bytes_at(call.from) + row * call.pitch + std::uint64_t{4} * column;
    const std::int32_t bgr[3]{pixel[0], pixel[1], pixel[2]};
    writable_at(call.y)[(y + i / 2) * call.y_pitch + x + i % 2] =
        static_cast<std::uint8_t>((weigh(call.c.y, bgr) + call.c.y_bias) >> 15);
    for (int k = 0; k < 3; ++k) sum[k] += bgr[k];
  }
  auto* const uv = writable_at(call.uv) + y / 2 * call.uv_pitch + x;
  uv[0] = static_cast<std::uint8_t>(std::min((weigh(call.c.cb, sum) + call.c.chroma_bias) >> 16, 255));
  uv[1] = static_cast<std::uint8_t>(std::min((weigh(call.c.cr, sum) + call.c.chroma_bias) >> 16, 255));
}

void run_to_nv12(void** a) {
  const Nv12Call call{
      argument<CUdeviceptr>(a, 0),   argument<CUdeviceptr>(a, 4),   argument<CUdeviceptr>(a, 6),
      argument<std::uint64_t>(a, 1), argument<std::uint64_t>(a, 5), argument<std::uint64_t>(a, 7),
      argument<std::uint32_t>(a, 2), argument<std::uint32_t>(a, 3), argument<Coefficients>(a, 8)};
  for (std::uint32_t y = 0; y < call.height; y += 2) {
    for (std::uint32_t x = 0; x < call.width; x += 2) convert_block(call, x, y);
  }
}

void run_to_bgrx(void** a) {
  const auto* const from = bytes_at(argument<CUdeviceptr>(a, 0));
  auto* const to = writable_at(argument<CUdeviceptr>(a, 4));
  const auto from_pitch = argument<std::uint64_t>(a, 1), to_pitch = argument<std::uint64_t>(a, 5);
  const auto width = argument<std::uint32_t>(a, 2), height = argument<std::uint32_t>(a, 3);
  const auto layout = argument<PackedLayout>(a, 6);
  for (std::uint32_t y = 0; y < height; ++y) {
    for (std::uint32_t x = 0; x < width; ++x) {
      std::uint32_t pixel = 0;
      std::memcpy(&pixel, from + y * from_pitch + std::size_t{layout.bytes} * x, layout.bytes);
      const auto colour = [&](std::uint32_t at) {
        const std::uint32_t value = pixel >> at & ((1U << layout.bits) - 1);
        return static_cast<std::uint8_t>(layout.bits == 10 ? (value * 255 + 511) / 1023 : value);
      };
      const std::uint8_t out[4]{colour(layout.b), colour(layout.g), colour(layout.r), 255};
      std::memcpy(to + y * to_pitch + std::size_t{4} * x, out, 4);
    }
  }
}

}  // namespace

FakeCuda::FakeCuda(FaultPlan& faults) : faults_{faults} { the_fake = this; }
FakeCuda::~FakeCuda() { the_fake = nullptr; }

void* FakeCuda::make(std::string kind, std::size_t bytes) {
  ++creations_;
  auto object = std::make_unique<Object>(Object{std::move(kind), std::vector<std::uint8_t>(bytes)});
  void* const name = object.get();
  objects_.emplace(name, std::move(object));
  return name;
}

bool FakeCuda::drop(void* object, const std::string& kind) {
  const auto found = objects_.find(object);
  if (found == objects_.end() || found->second->kind != kind) {
    misuse("gives back a " + kind + " that was not taken");
    return false;
  }
  objects_.erase(found);
  return true;
}

std::size_t FakeCuda::alive() const { return objects_.size(); }

void FakeCuda::need_context(const char* call) {
  if (current_.empty()) misuse(std::string{call} + " without a context");
}

// Friend of FakeCuda: the functions of its table.
struct FakeCalls {
  static CUresult begin(const char* call, bool needs_context = true) {
    if (needs_context) the_fake->need_context(call);
    return the_fake->fails(call) ? kLost : CUDA_SUCCESS;
  }
  template <class T>
  static CUresult create(T* out, const char* call, const char* kind, std::size_t bytes = 0) {
    if (const auto result = begin(call); result != CUDA_SUCCESS) return result;
    *out = handle<T>(the_fake->make(kind, bytes));
    return CUDA_SUCCESS;
  }
  // Giving back works even where nothing else does.
  static CUresult destroy(void* object, const char* kind, bool needs_context = true) {
    if (needs_context) the_fake->need_context(kind);
    return the_fake->drop(object, kind) ? CUDA_SUCCESS : kInvalid;
  }

  static CUresult init(unsigned) { return begin("init", false); }
  static CUresult driver_version(int* version) {
    *version = 12'000;
    return CUDA_SUCCESS;
  }
  static CUresult get_error_name(CUresult, const char** name) {
    *name = "CUDA_ERROR_OF_A_TEST";
    return CUDA_SUCCESS;
  }
  static CUresult device_count(int* count) {
    *count = 1;
    return begin("device_count", false);
  }
  static CUresult device_get(CUdevice* device, int) {
    *device = 0;
    return begin("device_get", false);
  }
  static CUresult device_name(char* name, int bytes, CUdevice) {
    std::strncpy(name, "Fake GPU", static_cast<std::size_t>(bytes));
    return begin("device_name", false);
  }
  static CUresult device_uuid(CUuuid* uuid, CUdevice) {
    std::memset(uuid, 7, sizeof *uuid);
    return begin("device_uuid", false);
  }
  static CUresult context_create(CUcontext* context, unsigned, CUdevice) {
    if (const auto result = begin("context_create", false); result != CUDA_SUCCESS) return kNoMemory;
    *context = handle<CUcontext>(the_fake->make("context"));
    the_fake->current_.push_back(*context);
    return CUDA_SUCCESS;
  }
  // A real one takes all that is in it along; of that only the stream is its owner's and not its user's.
  static CUresult context_destroy(CUcontext context) {
    std::erase_if(the_fake->objects_, [](const auto& entry) { return entry.second->kind == "stream"; });
    return destroy(context, "context", false);
  }
  static CUresult context_push(CUcontext context) {
    if (const auto result = begin("context_push", false); result != CUDA_SUCCESS) return result;
    the_fake->current_.push_back(context);
    return CUDA_SUCCESS;
  }
  static CUresult context_pop(CUcontext* context) {
    if (the_fake->current_.empty()) {
      the_fake->misuse("takes away a context that is not there");
      return kInvalid;
    }
    *context = handle<CUcontext>(the_fake->current_.back());
    the_fake->current_.pop_back();
    return CUDA_SUCCESS;
  }
  static CUresult stream_create(CUstream* stream, unsigned) {
    return create(stream, "stream_create", "stream");
  }
  static CUresult stream_destroy(CUstream stream) { return destroy(stream, "stream"); }
  static CUresult stream_synchronize(CUstream) { return begin("stream_synchronize"); }
  static CUresult event_create(CUevent* event, unsigned) { return create(event, "event_create", "event"); }
  static CUresult event_destroy(CUevent event) { return destroy(event, "event"); }
  static CUresult event_record(CUevent, CUstream) { return begin("event_record"); }
  static CUresult event_synchronize(CUevent) { return begin("event_synchronize"); }
  static CUresult event_elapsed(float* ms, CUevent, CUevent) {
    *ms = 1;
    return begin("event_elapsed");
  }
  static CUresult memory_alloc_pitch(CUdeviceptr* address, std::size_t* pitch, std::size_t width,
                                     std::size_t height, unsigned) {
    if (begin("memory_alloc_pitch") != CUDA_SUCCESS) return kNoMemory;
    *pitch = (width + kPitchAlignment - 1) / kPitchAlignment * kPitchAlignment;
    void* const object = the_fake->make("memory", *pitch * height + 16);
    auto& bytes = the_fake->objects_.at(object)->bytes;
    const auto raw = reinterpret_cast<CUdeviceptr>(bytes.data());
    *address = (raw + 15) / 16 * 16;
    the_fake->memory_[*address] = object;
    return CUDA_SUCCESS;
  }
  static CUresult memory_free(CUdeviceptr address) {
    the_fake->need_context("memory_free");
    const auto found = the_fake->memory_.find(address);
    if (found == the_fake->memory_.end()) {
      the_fake->misuse("gives back memory that was not taken");
      return kInvalid;
    }
    the_fake->drop(found->second, "memory");
    the_fake->memory_.erase(found);
    the_fake->mappings_.erase(address);
    return CUDA_SUCCESS;
  }
  static CUresult copy_2d(const CUDA_MEMCPY2D* copy, CUstream) {
    if (const auto result = begin("copy_2d"); result != CUDA_SUCCESS) return result;
    const std::uint8_t* from = bytes_at(copy->srcDevice);
    std::size_t from_pitch = copy->srcPitch;
    if (copy->srcMemoryType == CU_MEMORYTYPE_ARRAY) {
      const auto& texture = the_fake->textures_.at(the_fake->registered_.at(copy->srcArray));
      from = texture.rgba.data();
      from_pitch = std::size_t{4} * texture.width;
    } else if (copy->srcMemoryType == CU_MEMORYTYPE_HOST) {
      from = static_cast<const std::uint8_t*>(copy->srcHost);
    }
    auto* to = copy->dstMemoryType == CU_MEMORYTYPE_HOST ? static_cast<std::uint8_t*>(copy->dstHost)
                                                         : writable_at(copy->dstDevice);
    for (std::size_t row = 0; row < copy->Height; ++row) {
      std::memcpy(to + row * copy->dstPitch, from + row * from_pitch, copy->WidthInBytes);
    }
    return CUDA_SUCCESS;
  }
  static CUresult module_load(CUmodule* module, const void* ptx) {
    if (std::strstr(static_cast<const char*>(ptx), ".entry to_nv12") == nullptr)
      the_fake->misuse("loads a module that is none");
    return create(module, "module_load", "module");
  }
  static CUresult module_unload(CUmodule module) { return destroy(module, "module"); }
  static CUresult module_function(CUfunction* function, CUmodule, const char* name) {
    static const std::uintptr_t kNv12 = 1, kBgrx = 2;
    const auto which = std::strcmp(name, "to_nv12") == 0 ? kNv12 : kBgrx;
    *function = reinterpret_cast<CUfunction>(which);  // NOLINT(performance-no-int-to-ptr)
    return begin("module_function");
  }
  static CUresult launch(CUfunction kernel, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,
                         unsigned, CUstream, void** arguments, void**) {
    if (const auto result = begin("launch"); result != CUDA_SUCCESS) return result;
    reinterpret_cast<std::uintptr_t>(kernel) == 1 ? run_to_nv12(arguments) : run_to_bgrx(arguments);
    return CUDA_SUCCESS;
  }
  static CUresult gl_register_image(CUgraphicsResource* resource, unsigned texture, unsigned, unsigned) {
    const auto result = create(resource, "gl_register_image", "resource");
    if (result == CUDA_SUCCESS) the_fake->registered_[*resource] = texture;
    return result;
  }
  static CUresult graphics_unregister(CUgraphicsResource resource) {
    if (the_fake->mapped_[resource]) the_fake->misuse("unregisters what is mapped");
    return destroy(resource, "resource");
  }
  static CUresult graphics_map(unsigned count, CUgraphicsResource* resources, CUstream) {
    if (const auto result = begin("graphics_map"); result != CUDA_SUCCESS) return result;
    for (unsigned i = 0; i < count; ++i) {
      if (std::exchange(the_fake->mapped_[resources[i]], true)) the_fake->misuse("maps twice");
      const auto name = the_fake->registered_.at(resources[i]);
      if (the_fake->read_texture) the_fake->textures_[name] = the_fake->read_texture(name);
    }
    return CUDA_SUCCESS;
  }
  static CUresult graphics_unmap(unsigned count, CUgraphicsResource* resources, CUstream) {
    for (unsigned i = 0; i < count; ++i) {
      if (!std::exchange(the_fake->mapped_[resources[i]], false))
        the_fake->misuse("unmaps what is not mapped");
    }
    return begin("graphics_unmap");
  }
  static CUresult graphics_array(CUarray* array, CUgraphicsResource resource, unsigned, unsigned) {
    if (const auto result = begin("graphics_array"); result != CUDA_SUCCESS) return result;
    if (!the_fake->mapped_[resource]) the_fake->misuse("asks for the array of what is not mapped");
    *array = reinterpret_cast<CUarray>(resource);
    return CUDA_SUCCESS;
  }
  // What Mesa's Vulkan in software exports is a file that begins with its size and where its memory begins.
  struct MesaMemory {
    std::shared_ptr<void> whole;
    std::uint8_t* bytes = nullptr;
  };
  static MesaMemory map_mesa_memory(int fd, std::size_t wanted) {
    struct stat file{};
    std::array<std::size_t, 2> head{};
    if (fstat(fd, &file) != 0 || pread(fd, head.data(), sizeof head, 0) != sizeof head) return {};
    const auto size = static_cast<std::size_t>(file.st_size);
    if (head[1] > size || size - head[1] < wanted) return {};
    void* const whole = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (whole == MAP_FAILED) return {};
    return {{whole, [size](void* memory) { munmap(memory, size); }},
            static_cast<std::uint8_t*>(whole) + head[1]};
  }
  static CUresult import_memory(CUexternalMemory* memory, const CUDA_EXTERNAL_MEMORY_HANDLE_DESC* what) {
    const auto result = create(memory, "import_memory", "external memory");
    if (result == CUDA_SUCCESS) the_fake->external_[*memory] = what->handle.fd;
    return result;
  }
  static CUresult destroy_memory(CUexternalMemory memory) {
    close(the_fake->external_.at(memory));  // its own since it was imported
    return destroy(memory, "external memory");
  }
  static CUresult memory_buffer(CUdeviceptr* address, CUexternalMemory memory,
                                const CUDA_EXTERNAL_MEMORY_BUFFER_DESC* what) {
    if (const auto result = begin("memory_buffer"); result != CUDA_SUCCESS) return result;
    const int fd = the_fake->external_.at(memory);
    const auto exported = the_fake->exported_.find(fd);
    if (exported != the_fake->exported_.end()) {
      *address = reinterpret_cast<CUdeviceptr>(exported->second->data());
    } else {
      auto mapping = map_mesa_memory(fd, what->size);
      if (mapping.bytes == nullptr) return kInvalid;
      *address = reinterpret_cast<CUdeviceptr>(mapping.bytes);
      the_fake->mappings_.emplace(*address, std::move(mapping.whole));
    }
    the_fake->memory_[*address] = the_fake->make("memory");
    return CUDA_SUCCESS;
  }
};

cuda::Driver FakeCuda::driver() const {
  cuda::Driver driver;
#define LUMEN_FAKE(member, type, symbol) driver.member = FakeCalls::member;
  LUMEN_CUDA_CALLS(LUMEN_FAKE)
#undef LUMEN_FAKE
  return driver;
}

}  // namespace lumen::gpu::testing
