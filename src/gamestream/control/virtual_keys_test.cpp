#include "gamestream/control/virtual_keys.hpp"

#include <gtest/gtest.h>
#include <linux/input-event-codes.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

namespace lumen::gamestream::control {
namespace {

TEST(GameStream3, c27_the_table_is_the_vectors) {
  std::ifstream file{LUMEN_TEST_VECTORS "/gamestream-vk-to-evdev.json"};
  std::map<int, int> table;
  const auto document = nlohmann::json::parse(file);
  for (const auto& row : document) {
    table[row.at("vk").get<int>()] = row.at("code").is_null() ? 0 : row.at("code").get<int>();
  }
  ASSERT_GT(table.size(), 150U);
  for (int key = 0; key < 256; ++key) {
    // What the table does not name is no key.
    EXPECT_EQ(evdev_key(static_cast<std::uint8_t>(key)), table[key]) << key;
  }
}

TEST(GameStream3, c27_print_screen_of_android_is_print_screen) { EXPECT_EQ(evdev_key(0x9A), KEY_SYSRQ); }

TEST(VirtualKeys, yen_and_ro_need_the_flag) {
  EXPECT_EQ(evdev_key(0xDC), KEY_BACKSLASH);
  EXPECT_EQ(evdev_key(0xDC, true), KEY_YEN);
  EXPECT_EQ(evdev_key(0xE2), KEY_102ND);
  EXPECT_EQ(evdev_key(0xE2, true), KEY_RO);
  EXPECT_EQ(evdev_key(0x41, true), KEY_A);
}

TEST(VirtualKeys, every_evdev_key_goes_there_and_back) {
  int known = 0;
  for (std::uint16_t code = 1; code < 768; ++code) {
    const auto key = virtual_key(code);
    if (key == 0) continue;
    ++known;
    const bool japanese = code == KEY_YEN || code == KEY_RO;
    EXPECT_EQ(evdev_key(key, japanese), code == KEY_KPENTER ? KEY_ENTER : code) << code;
  }
  EXPECT_GT(known, 130);
  EXPECT_EQ(virtual_key(0), 0);
  EXPECT_EQ(virtual_key(KEY_LEFTSHIFT), 0xA0);
}

}  // namespace
}  // namespace lumen::gamestream::control
