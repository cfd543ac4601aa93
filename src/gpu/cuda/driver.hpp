// lumen/gpu/cuda: NVIDIA's driver, found at run time: a table of what this module calls. Depends on base.
//
// Nothing links libcuda: a host without an NVIDIA GPU runs the same program. The table is a value, so that a
// test can put a driver of its own in its place, and have any call of it fail.
#pragma once

#include <ffnvcodec/dynlink_cuda.h>

#include <string_view>

#include "base/result.hpp"

namespace lumen::gpu::cuda {

// What FFmpeg's declarations lack.
using CreateStream = CUresult(CUstream*, unsigned flags);
using EventElapsedTime = CUresult(float* ms, CUevent from, CUevent to);
using DriverGetVersion = CUresult(int* version);

// X(member, type, symbol). Members are called as the functions are, without "cu" and versions.
#define LUMEN_CUDA_CALLS(X)                                                                      \
  X(init, tcuInit, "cuInit")                                                                     \
  X(driver_version, DriverGetVersion, "cuDriverGetVersion")                                      \
  X(get_error_name, tcuGetErrorName, "cuGetErrorName")                                           \
  X(device_count, tcuDeviceGetCount, "cuDeviceGetCount")                                         \
  X(device_get, tcuDeviceGet, "cuDeviceGet")                                                     \
  X(device_name, tcuDeviceGetName, "cuDeviceGetName")                                            \
  X(device_uuid, tcuDeviceGetUuid, "cuDeviceGetUuid")                                            \
  X(context_create, tcuCtxCreate_v2, "cuCtxCreate_v2")                                           \
  X(context_destroy, tcuCtxDestroy_v2, "cuCtxDestroy_v2")                                        \
  X(context_push, tcuCtxPushCurrent_v2, "cuCtxPushCurrent_v2")                                   \
  X(context_pop, tcuCtxPopCurrent_v2, "cuCtxPopCurrent_v2")                                      \
  X(stream_create, CreateStream, "cuStreamCreate")                                               \
  X(stream_destroy, tcuStreamDestroy_v2, "cuStreamDestroy_v2")                                   \
  X(stream_synchronize, tcuStreamSynchronize, "cuStreamSynchronize")                             \
  X(event_create, tcuEventCreate, "cuEventCreate")                                               \
  X(event_destroy, tcuEventDestroy_v2, "cuEventDestroy_v2")                                      \
  X(event_record, tcuEventRecord, "cuEventRecord")                                               \
  X(event_synchronize, tcuEventSynchronize, "cuEventSynchronize")                                \
  X(event_elapsed, EventElapsedTime, "cuEventElapsedTime")                                       \
  X(memory_alloc_pitch, tcuMemAllocPitch_v2, "cuMemAllocPitch_v2")                               \
  X(memory_free, tcuMemFree_v2, "cuMemFree_v2")                                                  \
  X(copy_2d, tcuMemcpy2DAsync_v2, "cuMemcpy2DAsync_v2")                                          \
  X(module_load, tcuModuleLoadData, "cuModuleLoadData")                                          \
  X(module_unload, tcuModuleUnload, "cuModuleUnload")                                            \
  X(module_function, tcuModuleGetFunction, "cuModuleGetFunction")                                \
  X(launch, tcuLaunchKernel, "cuLaunchKernel")                                                   \
  X(gl_register_image, tcuGraphicsGLRegisterImage, "cuGraphicsGLRegisterImage")                  \
  X(graphics_unregister, tcuGraphicsUnregisterResource, "cuGraphicsUnregisterResource")          \
  X(graphics_map, tcuGraphicsMapResources, "cuGraphicsMapResources")                             \
  X(graphics_unmap, tcuGraphicsUnmapResources, "cuGraphicsUnmapResources")                       \
  X(graphics_array, tcuGraphicsSubResourceGetMappedArray, "cuGraphicsSubResourceGetMappedArray") \
  X(import_memory, tcuImportExternalMemory, "cuImportExternalMemory")                            \
  X(destroy_memory, tcuDestroyExternalMemory, "cuDestroyExternalMemory")                         \
  X(memory_buffer, tcuExternalMemoryGetMappedBuffer, "cuExternalMemoryGetMappedBuffer")

struct Driver {
#define LUMEN_CUDA_MEMBER(member, type, symbol) type* member = nullptr;
  LUMEN_CUDA_CALLS(LUMEN_CUDA_MEMBER)
#undef LUMEN_CUDA_MEMBER
};

// The driver of this machine; it stays loaded. `cuda.absent` without one, `cuda.driver-old` where it lacks a
// call. Nothing of the GPU is touched: Context::create() does that.
Result<Driver> load_driver();

// Ok, or an Error with `id` that says what was tried and what CUDA called the failure ("no memory" is
// resource_exhausted, all else internal).
Status check(const Driver& driver, CUresult result, std::string_view id, std::string_view what);

}  // namespace lumen::gpu::cuda
