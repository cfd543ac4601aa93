#include "gpu/cuda/driver.hpp"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include "gpu/testing/fake_cuda.hpp"

namespace lumen::gpu::cuda {
namespace {

TEST(CudaDriver, is_found_whole_or_its_absence_is_told_with_a_remedy) {
  void* const library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  const auto driver = load_driver();
  if (library != nullptr) {
    ASSERT_TRUE(driver) << describe(driver.error());
    int version = 0;
    EXPECT_EQ(driver->driver_version(&version), CUDA_SUCCESS);
  } else {
    ASSERT_FALSE(driver);
    EXPECT_EQ(driver.error().id, "cuda.absent");
    EXPECT_EQ(driver.error().code, ErrorCode::unsupported);
    EXPECT_NE(driver.error().what.find("libcuda.so.1"), std::string::npos);
    EXPECT_NE(driver.error().remedy.find("nvidia-driver"), std::string::npos);
  }
}

TEST(CudaDriver, names_what_failed_and_what_cuda_called_it) {
  testing::FaultPlan faults;
  const testing::FakeCuda fake{faults};
  EXPECT_TRUE(check(fake.driver(), CUDA_SUCCESS, "cuda.copy", "a copy"));
  const auto failed = check(fake.driver(), static_cast<CUresult>(719), "cuda.copy", "a copy");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().id, "cuda.copy");
  EXPECT_EQ(failed.error().code, ErrorCode::internal);
  EXPECT_NE(failed.error().what.find("CUDA_ERROR_OF_A_TEST (719)"), std::string::npos);
  const auto full = check(fake.driver(), static_cast<CUresult>(2), "cuda.memory", "a copy");
  EXPECT_EQ(full.error().code, ErrorCode::resource_exhausted);
}

}  // namespace
}  // namespace lumen::gpu::cuda
