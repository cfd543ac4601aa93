// lumen/gpu/testing: a CUDA driver of which every call can fail. Its memory is the CPU's, its kernels are
// C++.
//
// Checks its callers as the real one would: a context is current, what is freed was taken, what is mapped was
// registered. `misuses()` says what was wrong; `alive()` what was taken and never given back.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gpu/cuda/driver.hpp"
#include "gpu/testing/fault_plan.hpp"

namespace lumen::gpu::testing {

// One at a time: the table holds plain functions. Thread-safe: no.
class FakeCuda {
 public:
  explicit FakeCuda(FaultPlan& faults);
  ~FakeCuda();
  FakeCuda(const FakeCuda&) = delete;
  FakeCuda& operator=(const FakeCuda&) = delete;

  cuda::Driver driver() const;
  std::size_t alive() const;  // objects of all kinds
  const std::vector<std::string>& misuses() const { return misuses_; }
  // How often a call that takes or registers something was made; none may be per picture.
  std::size_t creations() const { return creations_; }

  // Pixels that GL drew into a texture: what a registered image of that name maps to.
  struct Texture {
    std::uint32_t width = 0, height = 0;
    std::vector<std::uint8_t> rgba;
  };
  std::map<unsigned, Texture>& textures() { return textures_; }
  // Asked when a texture is mapped, for a test with a real OpenGL.
  std::function<Texture(unsigned name)> read_texture;
  // Memory that another API exported under a file descriptor.
  std::map<int, std::vector<std::uint8_t>*>& exported() { return exported_; }

 private:
  friend struct FakeCalls;
  bool fails(const char* name) { return faults_.fails(name); }
  void* make(std::string kind, std::size_t bytes = 0);
  bool drop(void* object, const std::string& kind);
  void misuse(std::string what) { misuses_.push_back(std::move(what)); }
  void need_context(const char* call);

  struct Object {
    std::string kind;
    std::vector<std::uint8_t> bytes;
  };
  FaultPlan& faults_;
  std::map<void*, std::unique_ptr<Object>> objects_;
  std::map<CUdeviceptr, void*> memory_;   // address to object
  std::map<void*, unsigned> registered_;  // resource to texture
  std::map<void*, bool> mapped_;
  std::map<void*, int> external_;                          // imported memory to descriptor
  std::map<CUdeviceptr, std::shared_ptr<void>> mappings_;  // of memory that a real API exported
  std::vector<void*> current_;
  std::vector<std::string> misuses_;
  std::map<unsigned, Texture> textures_;
  std::map<int, std::vector<std::uint8_t>*> exported_;
  std::size_t creations_ = 0;
};

}  // namespace lumen::gpu::testing
