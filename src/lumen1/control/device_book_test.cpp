#include "lumen1/control/device_book.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace lumen::lumen1::control {
namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

constexpr sys_seconds kToday{seconds{1'800'000'000}};

crypto::Fingerprint print(int number) {
  crypto::Fingerprint fingerprint{};
  fingerprint.fill(static_cast<std::byte>(number));
  return fingerprint;
}

DeviceBook two_devices() {
  DeviceBook book;
  EXPECT_TRUE(book.add(print(0xAB), "laptop", Permissions::all(), kToday));
  EXPECT_TRUE(book.add(print(0xCD), "Büro", Permissions{}.with(Permission::view), kToday + seconds{5}));
  return book;
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  const auto at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), by);
}

TEST(DeviceBook, knows_whom_it_was_given) {
  const auto book = two_devices();
  ASSERT_NE(book.find(print(0xAB)), nullptr);
  EXPECT_EQ(*book.find(print(0xAB)), (PairedDevice{.fingerprint = print(0xAB),
                                                   .name = "laptop",
                                                   .permissions = Permissions::all(),
                                                   .paired_at = kToday,
                                                   .last_seen = kToday}));
  EXPECT_EQ(book.find(print(0xEE)), nullptr);
}

TEST(DeviceBook, comes_back_from_its_text) {
  auto book = two_devices();
  ASSERT_TRUE(book.set_enabled(print(0xAB), false));
  const auto back = DeviceBook::from_json(book.to_json()).value();
  EXPECT_TRUE(std::ranges::equal(back.devices(), book.devices()));
  EXPECT_EQ(back.to_json(), book.to_json());
}

TEST(DeviceBook, has_this_text) {
  DeviceBook book;
  ASSERT_TRUE(book.add(print(0xCD), "Büro", Permissions{0x09}, kToday));
  EXPECT_EQ(book.to_json(), R"({
  "devices": [
    {
      "enabled": true,
      "id": "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
      "last_seen": 1800000000,
      "name": "Büro",
      "paired_at": 1800000000,
      "permissions": [
        "view",
        "sound"
      ]
    }
  ],
  "version": 2
}
)");
}

TEST(DeviceBook, changes_what_it_is_told_to_and_nothing_else) {
  auto book = two_devices();
  ASSERT_TRUE(book.rename(print(0xAB), "tablet"));
  ASSERT_TRUE(book.set_enabled(print(0xAB), false));
  ASSERT_TRUE(book.set_permissions(print(0xAB), Permissions{}.with(Permission::gamepad)));
  ASSERT_TRUE(book.seen(print(0xAB), kToday + seconds{9}));
  EXPECT_EQ(*book.find(print(0xAB)), (PairedDevice{.fingerprint = print(0xAB),
                                                   .name = "tablet",
                                                   .permissions = Permissions{0x04},
                                                   .enabled = false,
                                                   .paired_at = kToday,
                                                   .last_seen = kToday + seconds{9}}));
  EXPECT_EQ(*book.find(print(0xCD)), *two_devices().find(print(0xCD)));
  ASSERT_TRUE(book.remove(print(0xAB)));
  EXPECT_EQ(book.find(print(0xAB)), nullptr);
  EXPECT_EQ(book.devices().size(), 1U);
}

TEST(DeviceBook, says_when_there_is_no_such_device) {
  DeviceBook book;
  for (const auto& status :
       {book.rename(print(1), "x"), book.set_enabled(print(1), true), book.seen(print(1), kToday),
        book.set_permissions(print(1), {}), book.remove(print(1))}) {
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().id, "pairing.no-such-device");
    EXPECT_FALSE(status.error().remedy.empty());
  }
}

TEST(DeviceBook, finds_devices_by_what_people_type) {
  auto book = two_devices();
  EXPECT_EQ(book.named("laptop").value().fingerprint, print(0xAB));
  EXPECT_EQ(book.named("abab").value().fingerprint, print(0xAB));
  EXPECT_EQ(book.named("aba").error().id, "pairing.no-such-device");
  EXPECT_EQ(book.named("").error().id, "pairing.no-such-device");
  ASSERT_TRUE(book.rename(print(0xCD), "laptop"));
  EXPECT_EQ(book.named("laptop").error().id, "pairing.ambiguous-device");
}

TEST(DeviceBook, replaces_a_device_that_pairs_again) {
  auto book = two_devices();
  ASSERT_TRUE(book.set_enabled(print(0xAB), false));
  ASSERT_TRUE(book.add(print(0xAB), "phone", Permissions{1}, kToday + seconds{1}));
  EXPECT_EQ(book.devices().size(), 2U);
  EXPECT_EQ(book.find(print(0xAB))->name, "phone");
  EXPECT_TRUE(book.find(print(0xAB))->enabled);
}

TEST(DeviceBook, gives_names_that_can_be_shown) {
  DeviceBook book;
  ASSERT_TRUE(book.add(print(1), "", {}, kToday));
  EXPECT_EQ(book.find(print(1))->name, "Device");
  ASSERT_TRUE(book.add(print(1), "a\x1B[31m" + std::string(500, 'x'), {}, kToday));
  EXPECT_EQ(book.find(print(1))->name, "a?[31m" + std::string(58, 'x'));
  for (const auto* name : {"", "  ", "\n"}) {
    EXPECT_EQ(book.rename(print(1), name).error().id, "pairing.device-name");
  }
}

TEST(DeviceBook, is_full_some_day) {
  DeviceBook book;
  for (std::size_t i = 0; i < kMaxDevices; ++i) {
    auto fingerprint = print(0);
    fingerprint[0] = static_cast<std::byte>(i);
    fingerprint[1] = static_cast<std::byte>(i >> 8U);
    ASSERT_TRUE(book.add(fingerprint, "x", {}, kToday));
  }
  EXPECT_EQ(book.add(print(0xEE), "x", {}, kToday).error().id, "pairing.book-full");
  EXPECT_TRUE(DeviceBook::from_json(book.to_json()));
}

class BadFile : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(BadFile, is_refused_as_a_whole) {
  const auto text = replaced(two_devices().to_json(), GetParam().first, GetParam().second);
  const auto book = DeviceBook::from_json(text);
  ASSERT_FALSE(book) << text;
  EXPECT_EQ(book.error().id, "pairing.device-file");
  EXPECT_FALSE(book.error().remedy.empty());
}

INSTANTIATE_TEST_SUITE_P(
    All, BadFile,
    testing::Values(std::pair{"\"version\": 2", "\"version\": 3"},
                    std::pair{"\"version\": 2", "\"version\": 1.5"},
                    std::pair{"\"version\": 2", "\"version\": 2, \"version\": 1"},
                    std::pair{"\"version\": 2", "\"version\": 2, \"more\": 1"},
                    std::pair{"\"devices\"", "\"device\""}, std::pair{"\"enabled\": true", "\"enabled\": 1"},
                    std::pair{"\"enabled\": true", "\"enabled\": true, \"enabled\": false"},
                    std::pair{"\"enabled\": true,", ""}, std::pair{"abab", "ABAB"}, std::pair{"abab", "aba"},
                    std::pair{"abab", "abxy"}, std::pair{"laptop", ""}, std::pair{"laptop", "   "},
                    std::pair{"laptop", "a\\u001b"}, std::pair{"\"laptop\"", "7"},
                    std::pair{"\"view\"", "\"root\""}, std::pair{"\"view\"", "\"input\""},
                    std::pair{"\"view\"", "1"}, std::pair{"\"view\"", "[[[[]]]]"},
                    std::pair{"1800000000", "-1"}, std::pair{"1800000000", "253402300800"},
                    std::pair{"1800000000", "1e300"}, std::pair{"1800000000", "99999999999999999999"},
                    std::pair{"{", ""}, std::pair{"}", "},"}));

TEST(DeviceBook, of_before_the_clipboard_was_shared_grants_it_to_nobody) {
  const auto old = replaced(two_devices().to_json(), "\"version\": 2", "\"version\": 1");
  const auto book = DeviceBook::from_json(old).value();
  EXPECT_EQ(book.find(print(0xAB))->permissions, Permissions::all().without(Permission::clipboard));
  EXPECT_EQ(book.find(print(0xCD))->permissions, Permissions{}.with(Permission::view));
}

TEST(DeviceBook, says_which_device_is_wrong_and_why) {
  const auto text = replaced(two_devices().to_json(), "Büro", std::string(65, 'x'));
  EXPECT_NE(describe(DeviceBook::from_json(text).error()).find("device 2: \"name\""), std::string::npos);
}

TEST(DeviceBook, refuses_the_same_device_twice_and_what_is_too_large) {
  DeviceBook one;
  ASSERT_TRUE(one.add(print(1), "x", {}, kToday));
  const auto text = one.to_json();
  const auto begin = text.find("    {"), end = text.find("    }") + 5;
  EXPECT_FALSE(DeviceBook::from_json(std::string{text}.insert(end, "," + text.substr(begin, end - begin))));
  EXPECT_FALSE(DeviceBook::from_json(text + std::string(kMaxDeviceFileBytes, ' ')));
  EXPECT_FALSE(DeviceBook::from_json(std::string(100'000, '[')));
  EXPECT_FALSE(DeviceBook::from_json(""));
}

RC_GTEST_PROP(DeviceBookProperty, any_book_comes_back_from_its_text, ()) {
  DeviceBook book;
  const auto count = *rc::gen::inRange(0, 10);
  for (int i = 0; i < count; ++i) {
    const auto name = *rc::gen::arbitrary<std::string>();
    RC_ASSERT(
        book.add(print(i), name, Permissions{*rc::gen::arbitrary<std::uint32_t>()}, kToday).has_value());
    RC_ASSERT(book.set_enabled(print(i), *rc::gen::arbitrary<bool>()).has_value());
  }
  const auto back = DeviceBook::from_json(book.to_json());
  RC_ASSERT(back.has_value());
  RC_ASSERT(std::ranges::equal(back->devices(), book.devices()));
}

}  // namespace
}  // namespace lumen::lumen1::control
