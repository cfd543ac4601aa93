#include "desktop/gamescope/gamescope_facts.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

namespace lumen::gamescope {
namespace {

using gpu::vulkan::DeviceFacts;
using ::testing::HasSubstr;

TEST(GamescopeFacts, one_gpu_with_a_render_node_and_dmabufs_will_do) {
  const std::vector<DeviceFacts> devices{{"llvmpipe", false, false}, {"a GPU", true, true}};
  EXPECT_TRUE(examine_devices(devices));
}

TEST(GamescopeFacts, what_is_missing_is_told) {
  const auto none = examine_devices(std::vector<DeviceFacts>{});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().id, "gamescope.no-vulkan");
  const auto no_loader = examine_devices(
      fail(ErrorCode::unsupported, "vulkan.absent", "there is no Vulkan here (libvulkan.so.1)", "x"));
  ASSERT_FALSE(no_loader);
  EXPECT_EQ(no_loader.error().id, "gamescope.no-vulkan");
  EXPECT_THAT(no_loader.error().what, HasSubstr("libvulkan"));
  const auto software =
      examine_devices(std::vector<DeviceFacts>{{"llvmpipe", false, true}, {"other", true, false}});
  ASSERT_FALSE(software);
  EXPECT_EQ(software.error().id, "gamescope.no-gpu");
  EXPECT_THAT(software.error().what, HasSubstr("llvmpipe, other"));
}

TEST(GamescopeFacts, the_program_is_found_on_the_path_and_where_debian_puts_it) {
  std::string folder = "/tmp/lumen-gamescope-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  std::ofstream{folder + "/gamescope"} << "#!/bin/sh\n";
  EXPECT_NE(find_gamescope("/nowhere:" + folder), folder + "/gamescope");  // nobody may run it
  chmod((folder + "/gamescope").c_str(), 0755);
  EXPECT_EQ(find_gamescope("/nowhere:" + folder), folder + "/gamescope");
  std::filesystem::remove_all(folder);
  EXPECT_EQ(find_gamescope(""), "/usr/games/gamescope");
}

}  // namespace
}  // namespace lumen::gamescope
