#include "gpu/vulkan/bridge.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "media/convert_coefficients.hpp"

namespace lumen::gpu::vulkan {
namespace {

constexpr std::uint64_t kLongestWaitNs = 1'000'000'000;
constexpr std::uint32_t kBlockWidth = 32, kBlockHeight = 8;  // as linear.comp has them
constexpr std::uint32_t kColumnsOfThread = 4, kRowsOfThread = 2;

constexpr auto kCode = std::to_array<std::uint32_t>({
#include "gpu/vulkan/linear.spv.inc"
});

// As linear.comp has them.
struct Parameters {
  std::uint32_t width, height, offset, stride, pitch, chroma_offset;
  PackedLayout layout;
  std::array<std::int32_t, 9> weights;  // of B, G, R for Y, Cb, Cr
  std::int32_t y_bias, chroma_bias;
  Rect pointer;
};
static_assert(sizeof(Parameters) == 104);  // every Vulkan takes 128

Parameters parameters_of(const LinearPipeline::Work& work) {
  const auto& picture = work.picture;
  const auto& out = work.out;
  const auto c = convert_coefficients(work.color);
  return {picture.width,
          picture.height,
          picture.offset_bytes,
          picture.stride_bytes,
          static_cast<std::uint32_t>(out.pitch_bytes()),
          static_cast<std::uint32_t>(out.chroma_offset_bytes()),
          picture.layout,
          {c.y.b, c.y.g, c.y.r, c.cb.b, c.cb.g, c.cb.r, c.cr.b, c.cr.g, c.cr.r},
          c.y_bias,
          c.chroma_bias,
          work.pointer_area};
}

std::uint32_t blocks(std::uint32_t threads, std::uint32_t block) { return (threads + block - 1) / block; }

// From the first pixel to the last one.
VkDeviceSize span_bytes(const LinearPicture& picture) {
  return VkDeviceSize{picture.stride_bytes} * (picture.height - 1) +
         VkDeviceSize{picture.layout.bytes} * picture.width;
}

// The shader reads whole words and counts in 32 bits.
Status check_claim(const LinearPicture& picture, VkDeviceSize memory_bytes) {
  const bool is_wide_enough =
      picture.width != 0 && picture.height != 0 &&
      VkDeviceSize{picture.stride_bytes} >= VkDeviceSize{picture.width} * picture.layout.bytes;
  const bool is_whole =
      picture.layout.bytes != 4 || (picture.offset_bytes % 4 == 0 && picture.stride_bytes % 4 == 0);
  const auto end = is_wide_enough ? picture.offset_bytes + span_bytes(picture) : 0;
  if (is_wide_enough && is_whole && end <= memory_bytes && end <= UINT32_MAX) return {};
  return fail(ErrorCode::malformed, "vulkan.import", "a picture lies outside of its dmabuf");
}

}  // namespace

Result<std::unique_ptr<LinearPipeline>> LinearPipeline::create(const Device& device) {
  std::unique_ptr<LinearPipeline> pipeline{new LinearPipeline{device}};
  LUMEN_CHECK_OK(pipeline->open());
  return pipeline;
}

Status LinearPipeline::open() {
  const auto& api = device_.api();
  constexpr std::string_view kId = "vulkan.pipeline", kWhat = "making a program";
  const VkDescriptorSetLayoutBinding binding{.binding = 0,
                                             .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
                                             .descriptorCount = 1,
                                             .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT};
  const VkDescriptorSetLayoutCreateInfo set{
      .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO, .bindingCount = 1, .pBindings = &binding};
  LUMEN_CHECK_OK(check(api.create_set_layout(device_.handle(), &set, nullptr, &set_layout_), kId, kWhat));
  const std::array sets{set_layout_, set_layout_, set_layout_};
  const VkPushConstantRange constants{.stageFlags = VK_SHADER_STAGE_COMPUTE_BIT, .size = sizeof(Parameters)};
  const VkPipelineLayoutCreateInfo layout{.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
                                          .setLayoutCount = sets.size(),
                                          .pSetLayouts = sets.data(),
                                          .pushConstantRangeCount = 1,
                                          .pPushConstantRanges = &constants};
  LUMEN_CHECK_OK(check(api.create_layout(device_.handle(), &layout, nullptr, &layout_), kId, kWhat));
  const VkDescriptorPoolSize size{VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, kMostSets};
  const VkDescriptorPoolCreateInfo pool{.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
                                        .flags = VK_DESCRIPTOR_POOL_CREATE_FREE_DESCRIPTOR_SET_BIT,
                                        .maxSets = kMostSets,
                                        .poolSizeCount = 1,
                                        .pPoolSizes = &size};
  LUMEN_CHECK_OK(check(api.create_set_pool(device_.handle(), &pool, nullptr, &sets_), kId, kWhat));
  const VkShaderModuleCreateInfo code{
      .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO, .codeSize = sizeof kCode, .pCode = kCode.data()};
  VkShaderModule shader = nullptr;
  LUMEN_CHECK_OK(check(api.create_shader(device_.handle(), &code, nullptr, &shader), kId, kWhat));
  auto made = make_pipeline(shader);
  api.destroy_shader(device_.handle(), shader, nullptr);
  return made;
}

Status LinearPipeline::make_pipeline(VkShaderModule code) {
  const VkComputePipelineCreateInfo info{
      .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
      .stage = {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                .module = code,
                .pName = "main"},
      .layout = layout_};
  return check(device_.api().create_pipelines(device_.handle(), nullptr, 1, &info, nullptr, &pipeline_),
               "vulkan.pipeline", "compiling a program");
}

LinearPipeline::~LinearPipeline() {
  const auto& api = device_.api();
  if (pipeline_ != nullptr) api.destroy_pipeline(device_.handle(), pipeline_, nullptr);
  if (sets_ != nullptr) api.destroy_set_pool(device_.handle(), sets_, nullptr);
  if (layout_ != nullptr) api.destroy_layout(device_.handle(), layout_, nullptr);
  if (set_layout_ != nullptr) api.destroy_set_layout(device_.handle(), set_layout_, nullptr);
}

Result<VkDescriptorSet> LinearPipeline::bind(VkBuffer buffer) const {
  const auto& api = device_.api();
  const VkDescriptorSetAllocateInfo info{.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
                                         .descriptorPool = sets_,
                                         .descriptorSetCount = 1,
                                         .pSetLayouts = &set_layout_};
  VkDescriptorSet set = nullptr;
  LUMEN_CHECK_OK(
      check(api.allocate_sets(device_.handle(), &info, &set), "vulkan.pipeline", "naming a buffer"));
  const VkDescriptorBufferInfo whole{.buffer = buffer, .offset = 0, .range = VK_WHOLE_SIZE};
  const VkWriteDescriptorSet write{.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
                                   .dstSet = set,
                                   .descriptorCount = 1,
                                   .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
                                   .pBufferInfo = &whole};
  api.update_sets(device_.handle(), 1, &write, 0, nullptr);
  return set;
}

void LinearPipeline::unbind(VkDescriptorSet set) const {
  device_.api().free_sets(device_.handle(), sets_, 1, &set);
}

void LinearPipeline::record(VkCommandBuffer commands, const Work& work) const {
  const auto& api = device_.api();
  // Whoever drew it did so outside of this device, and the pointer came right before.
  const VkMemoryBarrier acquire{.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                                .srcAccessMask = VK_ACCESS_MEMORY_WRITE_BIT,
                                .dstAccessMask = VK_ACCESS_SHADER_READ_BIT};
  api.barrier(commands, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT, 0, 1,
              &acquire, 0, nullptr, 0, nullptr);
  api.bind_pipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline_);
  const std::array sets{work.source, work.result, work.pointer};
  api.bind_sets(commands, VK_PIPELINE_BIND_POINT_COMPUTE, layout_, 0, sets.size(), sets.data(), 0, nullptr);
  const auto parameters = parameters_of(work);
  api.push_constants(commands, layout_, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof parameters, &parameters);
  api.dispatch(commands, blocks(blocks(work.picture.width, kColumnsOfThread), kBlockWidth),
               blocks(blocks(work.picture.height, kRowsOfThread), kBlockHeight), 1);
}

Result<std::unique_ptr<PointerBuffer>> PointerBuffer::create(const Device& device,
                                                             const LinearPipeline& pipeline) {
  constexpr auto kSide = VkDeviceSize{PointerPicture::kMaxSide};
  LUMEN_TRY(auto buffer, Buffer::create(device, 4 * kSide * kSide));
  LUMEN_TRY(auto* const set, pipeline.bind(buffer.handle()));
  return std::unique_ptr<PointerBuffer>{new PointerBuffer{device, std::move(buffer), set}};
}

Status PointerBuffer::record(VkCommandBuffer commands, const PointerPicture& pointer) {
  if (pointer.shape == shape_) return {};
  LUMEN_CHECK_OK(check_pointer(pointer, "vulkan.pointer"));
  constexpr std::size_t kMostAtOnce = 65'536;  // bytes, that the command takes
  for (auto rest = pointer.pixels; !rest.empty();) {
    const auto part = rest.first(std::min(rest.size(), kMostAtOnce));
    device_.api().update_buffer(commands, buffer_.handle(), pointer.pixels.size() - rest.size(), part.size(),
                                part.data());
    rest = rest.subspan(part.size());
  }
  shape_ = pointer.shape;
  return {};
}

Result<std::unique_ptr<LinearBridge>> LinearBridge::create(const Device& device) {
  std::unique_ptr<LinearBridge> bridge{new LinearBridge{device}};
  LUMEN_CHECK_OK(bridge->open());
  return bridge;
}

Status LinearBridge::open() {
  const auto& api = device_.api();
  LUMEN_TRY(pipeline_, LinearPipeline::create(device_));
  const VkCommandBufferAllocateInfo info{.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
                                         .commandPool = device_.pool(),
                                         .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
                                         .commandBufferCount = 1};
  LUMEN_CHECK_OK(check(api.allocate_commands(device_.handle(), &info, &commands_), "vulkan.commands",
                       "making commands"));
  const VkFenceCreateInfo fence{.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
  return check(api.create_fence(device_.handle(), &fence, nullptr, &fence_), "vulkan.fence",
               "making a fence");
}

LinearBridge::~LinearBridge() {
  const auto& api = device_.api();
  api.device_wait_idle(device_.handle());
  sources_.clear();  // their sets go with the pipeline's
  pointer_.reset();
  if (fence_ != nullptr) api.destroy_fence(device_.handle(), fence_, nullptr);
  if (commands_ != nullptr) api.free_commands(device_.handle(), device_.pool(), 1, &commands_);
}

void LinearBridge::forget_results() {
  for (const auto& target : targets_) pipeline_->unbind(target.set);
  targets_.clear();
}

LinearBridge::Source* LinearBridge::find(std::uint64_t id) {
  for (const auto& source : sources_) {
    if (source->id == id) return source.get();
  }
  return nullptr;
}

Result<LinearBridge::Source*> LinearBridge::add(Source source, VkBuffer buffer) {
  if (sources_.size() == kMostBuffers) {
    const auto oldest = std::ranges::min_element(sources_, {}, [](const auto& one) { return one->used; });
    pipeline_->unbind((*oldest)->set);
    sources_.erase(oldest);
  }
  LUMEN_TRY(source.set, pipeline_->bind(buffer));
  sources_.push_back(std::make_unique<Source>(std::move(source)));
  return sources_.back().get();
}

Result<VkDescriptorSet> LinearBridge::target_of(VkBuffer buffer) {
  for (const auto& target : targets_) {
    if (target.buffer == buffer) return target.set;
  }
  LUMEN_TRY(auto* const set, pipeline_->bind(buffer));
  targets_.push_back({buffer, set});
  return set;
}

Status LinearBridge::copy(const DmabufPicture& picture, const SharedPool& pool, cuda::PooledPicture& out,
                          ColorSpace color, const PointerPicture& pointer) {
  struct stat file{};
  const auto layout = layout_of(picture.fourcc);
  if (!layout || picture.plane_count != 1 || fstat(picture.planes[0].fd, &file) != 0) {
    return fail(ErrorCode::unsupported, "vulkan.import", "a picture of a kind that is not read this way");
  }
  const LinearPicture linear{picture.width, picture.height, picture.planes[0].offset_bytes,
                             picture.planes[0].stride_bytes, *layout};
  auto* source = find(file.st_ino);
  if (source == nullptr) {
    const auto bytes =
        static_cast<VkDeviceSize>(std::max<off_t>(lseek(picture.planes[0].fd, 0, SEEK_END), 0));
    LUMEN_CHECK_OK(check_claim(linear, bytes));
    LUMEN_TRY(auto imported, Buffer::import_dmabuf(device_, picture.planes[0].fd, bytes));
    auto* const buffer = imported.handle();
    LUMEN_TRY(source, add({.id = file.st_ino, .imported = std::move(imported), .bytes = bytes}, buffer));
  }
  return run(*source, linear, pool, out, color, pointer);
}

Status LinearBridge::copy(const Buffer& source, std::uint64_t id, const LinearPicture& picture,
                          const SharedPool& pool, cuda::PooledPicture& out, ColorSpace color,
                          const PointerPicture& pointer) {
  auto* known = find(id);
  if (known == nullptr) {
    LUMEN_TRY(known, add({.id = id, .imported = {}, .bytes = source.bytes()}, source.handle()));
  }
  return run(*known, picture, pool, out, color, pointer);
}

Status LinearBridge::run(Source& source, const LinearPicture& picture, const SharedPool& pool,
                         cuda::PooledPicture& out, ColorSpace color, const PointerPicture& pointer) {
  source.used = ++uses_;
  LUMEN_CHECK_OK(check_claim(picture, source.bytes));
  LUMEN_TRY(auto* const target, target_of(pool.buffer_of(out).handle()));
  const auto& api = device_.api();
  constexpr std::string_view kId = "vulkan.commands", kWhat = "making commands";
  const VkCommandBufferBeginInfo begin{.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
                                       .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT};
  LUMEN_CHECK_OK(check(api.begin_commands(commands_, &begin), kId, kWhat));
  const bool has_pointer = pointer.visible();
  if (has_pointer) {
    LUMEN_CHECK_OK(record_pointer(pointer));
  }
  // Without a pointer, any buffer stands in for its own.
  pipeline_->record(commands_, {source.set, target, has_pointer ? pointer_->set() : source.set, picture, out,
                                color, has_pointer ? pointer.area : Rect{}});
  out.set_color(color);
  LUMEN_CHECK_OK(check(api.end_commands(commands_), kId, kWhat));
  return submit();
}

Status LinearBridge::record_pointer(const PointerPicture& pointer) {
  if (!pointer_) {
    LUMEN_TRY(pointer_, PointerBuffer::create(device_, *pipeline_));
  }
  return pointer_->record(commands_, pointer);
}

Status LinearBridge::submit() {
  const auto& api = device_.api();
  const VkSubmitInfo info{
      .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO, .commandBufferCount = 1, .pCommandBuffers = &commands_};
  LUMEN_CHECK_OK(check(api.submit(device_.queue(), 1, &info, fence_), "vulkan.submit", "a copy"));
  LUMEN_CHECK_OK(check(api.wait_fences(device_.handle(), 1, &fence_, VK_TRUE, kLongestWaitNs),
                       "vulkan.timeout", "waiting for a copy"));
  return check(api.reset_fences(device_.handle(), 1, &fence_), "vulkan.fence", "a fence");
}

}  // namespace lumen::gpu::vulkan
