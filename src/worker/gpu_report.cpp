#include "worker/gpu_report.hpp"

#include <array>
#include <cstdio>
#include <cstring>
#include <functional>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codec/convert.hpp"
#include "codec/hardware.hpp"
#include "codec/software.hpp"
#include "gpu/cuda/converter.hpp"
#include "gpu/import/importer.hpp"

namespace lumen::worker {
namespace {

constexpr std::uint32_t kWidth = 641, kHeight = 363;  // odd, as the worst case
constexpr std::uint32_t kXrgb = fourcc('X', 'R', '2', '4');
constexpr ColorSpace kColor{ColorMatrix::bt709, ColorRange::limited};
constexpr std::array kCodecs{Codec::h264, Codec::hevc, Codec::av1};

class Report {
 public:
  explicit Report(bool json) : json_{json} {}

  // What `value` says is told by `found`.
  template <class T>
  bool add(std::string link, const Result<T>& value, const std::string& found) {
    ProbeLine line{.link = std::move(link), .what = value ? found : std::string{}, .wrong = {}};
    if (!value) line.wrong = value.error();
    std::puts((json_ ? to_json(line) : to_text(line)).c_str());
    std::fflush(stdout);  // before the next link can crash
    return value.has_value();
  }

 private:
  const bool json_;
};

const char* short_name(Codec codec) {
  switch (codec) {
    case Codec::h264:
      return "h264";
    case Codec::hevc:
      return "hevc";
    case Codec::av1:
      return "av1";
  }
  return "";
}

std::vector<std::uint8_t> pattern() {
  std::vector<std::uint8_t> bgrx(std::size_t{4} * kWidth * kHeight);
  std::uint32_t state = 1;
  for (auto& byte : bgrx) {
    state = state * 1'103'515'245U + 12'345U;
    byte = static_cast<std::uint8_t>(state >> 16U);
  }
  return bgrx;
}

// Whether `got` is what the CPU makes of the pattern.
Status compare(gpu::cuda::PooledPicture& got, const std::vector<std::uint8_t>& bgrx) {
  LUMEN_TRY(const auto pool,
            PicturePool::create({.color = kColor, .width = kWidth, .height = kHeight, .count = 2}));
  const auto wanted = pool->try_acquire(), copied = pool->try_acquire();
  LUMEN_CHECK_OK(got.download(copied->picture()));
  const BorrowedFrame frame{.width = kWidth,
                            .height = kHeight,
                            .stride_bytes = std::size_t{4} * kWidth,
                            .pixels = reinterpret_cast<const std::byte*>(bgrx.data())};
  LUMEN_CHECK_OK(codec::make_converter()->convert(frame, wanted->picture(), 0, kHeight));
  for (std::size_t plane = 0; plane < 2; ++plane) {
    const auto &one = wanted->picture().planes[plane], &two = copied->picture().planes[plane];
    for (std::size_t y = 0; y < wanted->picture().coded_height() / (plane + 1); ++y) {
      if (std::memcmp(one.pixels + y * one.stride_bytes, two.pixels + y * two.stride_bytes,
                      wanted->picture().coded_width()) != 0)
        return fail(ErrorCode::internal, "probe.pixels", "the GPU makes other pixels than the processor",
                    "LUMEN_ZEROCOPY=off streams without; report this with the driver's version");
    }
  }
  return {};
}

Status try_kernel(const std::shared_ptr<gpu::cuda::Context>& cuda) {
  const auto bgrx = pattern();
  LUMEN_TRY(const auto converter, gpu::cuda::Converter::create(cuda));
  LUMEN_TRY(const auto source, gpu::cuda::PackedBuffer::create(cuda, kWidth, kHeight));
  LUMEN_TRY(const auto pool, gpu::cuda::BufferPool::create(cuda, {kWidth, kHeight, 1}));
  const auto out = pool->try_acquire();
  LUMEN_CHECK_OK(gpu::cuda::upload(*cuda, bgrx.data(), source->view()));
  LUMEN_CHECK_OK(converter->to_nv12(source->view(), *out, kColor));
  return compare(*out, bgrx);
}

// Both ways, from memory and a texture of our own that stand for the desktop's.
struct Ways {
  std::shared_ptr<gpu::cuda::Context> cuda;
  std::unique_ptr<gpu::vulkan::Device> device;
  std::unique_ptr<gpu::egl::Display> display;

  Status try_vulkan() const {
    const auto bgrx = pattern();
    LUMEN_TRY(const auto source, gpu::vulkan::SharedBuffer::create(*device, cuda, bgrx.size()));
    const gpu::cuda::PackedView whole{source->address(), std::size_t{4} * kWidth, kWidth, kHeight};
    LUMEN_CHECK_OK(gpu::cuda::upload(*cuda, bgrx.data(), whole));
    LUMEN_TRY(const auto bridge, gpu::vulkan::LinearBridge::create(*device));
    LUMEN_TRY(const auto pool, gpu::vulkan::SharedPool::create(*device, cuda, {kWidth, kHeight, 1}));
    const auto out = pool->try_acquire();
    const gpu::vulkan::LinearPicture picture{kWidth, kHeight, 0, 4 * kWidth, kBgrx};
    LUMEN_CHECK_OK(bridge->copy(source->buffer(), 1, picture, *pool, *out, kColor));
    return compare(*out, bgrx);
  }

  Status try_gl() const {
    const auto bgrx = pattern();
    LUMEN_TRY(const auto source, gpu::egl::Texture::create(*display, GL_RGBA8, kWidth, kHeight));
    display->api().texture_upload(GL_TEXTURE_2D, 0, 0, 0, kWidth, kHeight, GL_BGRA,
                                  GL_UNSIGNED_INT_8_8_8_8_REV, bgrx.data());
    LUMEN_TRY(const auto pass, gpu::egl::Pass::create(*display, gpu::egl::PassKind::nv12));
    LUMEN_TRY(const auto pool, gpu::vulkan::SharedPool::create(*device, cuda, {kWidth, kHeight, 1}));
    const auto out = pool->try_acquire();
    const auto& memory = pool->buffer_of(*out);
    LUMEN_TRY(auto fd, memory.export_fd());
    LUMEN_TRY(const auto buffer,
              gpu::egl::MemoryBuffer::create(*display, std::move(fd), memory.memory_bytes(), memory.bytes()));
    out->set_color(kColor);
    LUMEN_CHECK_OK(pass->run_to_nv12(source.name(),
                                     {buffer->name(), out->pitch_bytes(), out->chroma_offset_bytes(), kColor},
                                     kWidth, kHeight));
    LUMEN_CHECK_OK(pass->wait());
    return compare(*out, bgrx);
  }
};

// One picture, which must come out as an IDR.
Status try_encoder(const Result<std::unique_ptr<VideoEncoder>>& made) {
  if (!made) return tl::unexpected<Error>{made.error()};
  LUMEN_TRY(const auto pool, PicturePool::create({.width = kWidth, .height = kHeight, .count = 1}));
  const CapturedFrame frame{.picture = *pool->try_acquire(), .device = {}, .sequence = 1, .times = {}};
  LUMEN_TRY(const auto unit, (*made)->encode(frame, FrameId{1}, true));
  if (unit.kind == PictureKind::idr && !unit.bytes.empty()) return {};
  return fail(ErrorCode::internal, "probe.encoder", "its first picture is no IDR", "Update the driver");
}

EncoderConfig config_for(Codec codec) {
  return {.codec = codec, .mode = {kWidth, kHeight, 60'000}, .color = kColor, .bitrate = {4'000'000}};
}

Result<std::shared_ptr<gpu::cuda::Context>> open_cuda() {
  LUMEN_TRY(const auto driver, gpu::cuda::load_driver());
  return gpu::cuda::Context::create(driver);
}

// Whether dmabufs of some kind are taken.
bool report_dmabufs(Report& report, const Ways& ways) {
  bool any = false;
  if (ways.display) {
    const auto listed = ways.display->modifiers(kXrgb);
    const auto usable = ways.display->importable(kXrgb);
    const Result<int> tiled =
        usable.empty()
            ? Result<int>{fail(ErrorCode::unsupported, "egl.import",
                               fmt::format("of {} kinds of dmabufs, OpenGL samples none", listed.size()),
                               "Install the GPU's own driver")}
            : Result<int>{1};
    any |= report.add("egl-dmabufs", tiled,
                      fmt::format("{} of {} modifiers can be sampled; untried, as only a desktop gives one",
                                  usable.size(), listed.size()));
  }
  if (ways.device) {
    const Result<int> linear =
        ways.device->imports_dmabufs()
            ? Result<int>{1}
            : Result<int>{fail(ErrorCode::unsupported, "vulkan.import", "this Vulkan imports no dmabufs",
                               "Install the GPU's own driver")};
    any |=
        report.add("vulkan-dmabufs", linear, "linear ones are taken; untried, as only a desktop gives one");
  }
  return any;
}

bool report_nvenc(Report& report, const std::shared_ptr<gpu::cuda::Context>& cuda) {
  bool any = false;
  for (const auto codec : kCodecs) {
    const auto worked = try_encoder(codec::create_nvenc_encoder(config_for(codec), cuda));
    any |= report.add(fmt::format("nvenc-{}", short_name(codec)), worked, "encodes");
  }
  return any;
}

bool report_ways(Report& report, Ways& ways) {
  bool any = false;
  auto loader = gpu::vulkan::load_loader();
  auto device = loader ? gpu::vulkan::Device::create(*loader, ways.cuda->uuid())
                       : Result<std::unique_ptr<gpu::vulkan::Device>>{tl::unexpected<Error>{loader.error()}};
  if (report.add("vulkan", device, device ? (*device)->name() : "")) {
    ways.device = std::move(*device);
    any |= report.add("vulkan-pass", ways.try_vulkan(), "linear pixels to NV12, exact");
  }
  auto egl = gpu::egl::load_api();
  auto display = egl ? gpu::egl::Display::create(*egl, {.uuid = ways.cuda->uuid(), .cuda_ordinal = 0})
                     : Result<std::unique_ptr<gpu::egl::Display>>{tl::unexpected<Error>{egl.error()}};
  if (report.add("egl", display, display ? (*display)->renderer() : "")) {
    ways.display = std::move(*display);
    if (ways.device) any |= report.add("egl-pass", ways.try_gl(), "a texture to NV12, exact");
  }
  return any;
}

}  // namespace

std::string to_text(const ProbeLine& line) {
  return fmt::format("{:4} {}: {}", line.wrong ? "no" : "ok", line.link,
                     line.wrong ? describe(*line.wrong) : line.what);
}

std::string to_json(const ProbeLine& line) {
  nlohmann::json object{{"link", line.link}, {"ok", !line.wrong}};
  if (line.wrong) {
    object["id"] = line.wrong->id;
    object["what"] = line.wrong->what;
    object["remedy"] = line.wrong->remedy;
  } else {
    object["what"] = line.what;
  }
  return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

int probe_zero_copy(bool json) {
  Report report{json};
  const auto cuda = open_cuda();
  if (!report.add("cuda", cuda, cuda ? (*cuda)->name() : "")) return 1;
  report.add("cuda-kernels", try_kernel(*cuda), "BGRx to NV12, exact");
  Ways ways{.cuda = *cuda, .device = {}, .display = {}};
  const bool passes = report_ways(report, ways);
  const bool dmabufs = report_dmabufs(report, ways);
  report.add("ffmpeg-cuda", codec::check_cuda_frames(*cuda), "takes this GPU's context and memory");
  const bool encodes = report_nvenc(report, *cuda);
  return passes && dmabufs && encodes ? 0 : 1;
}

int probe_encoders(bool json) {
  Report report{json};
  bool by_gpu = false, at_all = false;
  const auto cuda = open_cuda();
  for (const auto codec : kCodecs) {
    const bool counts = codec == Codec::h264;
    const auto nvenc = cuda ? try_encoder(codec::create_nvenc_encoder(config_for(codec), *cuda))
                            : Status{tl::unexpected<Error>{cuda.error()}};
    by_gpu |= report.add(fmt::format("nvenc-{}", short_name(codec)), nvenc, "encodes") && counts;
    const auto vaapi = try_encoder(codec::create_vaapi_encoder(config_for(codec), codec::kRenderNode));
    by_gpu |= report.add(fmt::format("vaapi-{}", short_name(codec)), vaapi, "encodes") && counts;
    const auto software = codec::create_encoder(config_for(codec));
    at_all |= report.add(fmt::format("software-{}", short_name(codec)), try_encoder(software),
                         software ? (*software)->description().name : "") &&
              counts;
  }
  report.add("vulkan-video",
             Result<int>{fail(ErrorCode::unsupported, "encoder.unavailable",
                              "this FFmpeg encodes by no Vulkan Video",
                              "FFmpeg 7.1 is the first that does; nothing here uses it yet")},
             "");
  if (by_gpu) return 0;
  return at_all ? 1 : 2;
}

}  // namespace lumen::worker
