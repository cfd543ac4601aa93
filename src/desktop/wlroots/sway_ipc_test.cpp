#include "desktop/wlroots/sway_ipc.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

#include <gmock/gmock.h>

#include "desktop/testing/test_sway.hpp"

namespace lumen::wlroots {
namespace {

using namespace std::chrono_literals;

std::string message(std::uint32_t type, std::string_view payload, std::string_view magic = "i3-ipc") {
  const auto length = static_cast<std::uint32_t>(payload.size());
  std::string bytes{magic};
  bytes.append(reinterpret_cast<const char*>(&length), sizeof length);
  bytes.append(reinterpret_cast<const char*>(&type), sizeof type);
  return bytes.append(payload);
}

TEST(IpcReader, cuts_a_stream_into_messages_wherever_it_was_cut_before) {
  const auto stream = message(3, "[1]") + message(0x8000'0003U, "") + message(7, "{}");
  IpcReader reader;
  std::vector<std::string> seen;
  for (const char byte : stream) {
    reader.add({&byte, 1});
    const auto taken = reader.take();
    ASSERT_TRUE(taken);
    if (*taken) seen.push_back(std::to_string((*taken)->type) + " " + (*taken)->payload);
  }
  EXPECT_THAT(seen, ::testing::ElementsAre("3 [1]", "2147483651 ", "7 {}"));
}

TEST(IpcReader, gives_up_on_a_stream_that_is_another) {
  IpcReader reader;
  reader.add(message(3, "[]", "i4-ipc"));
  EXPECT_EQ(reader.take().error().id, "ipc.malformed");
}

TEST(IpcReader, does_not_wait_for_a_message_that_is_too_long) {
  auto header = message(3, "");
  const std::uint32_t length = IpcReader::kMaxPayloadBytes + 1;
  std::memcpy(header.data() + 6, &length, sizeof length);
  IpcReader reader;
  reader.add(header);
  EXPECT_EQ(reader.take().error().id, "ipc.malformed");
}

TEST(SwayAnswers, become_values_whatever_is_missing_in_them) {
  const auto outputs = parse_outputs(
      R"([{"name":"HEADLESS-2","active":true,"focused":false,"scale":1.5,"rect":{"x":10,"y":-20},
           "current_mode":{"width":1280,"height":720,"refresh":240000}},
          {"name":7,"active":"yes","scale":-1,"rect":[],"current_mode":{"width":1e300}}, {}])");
  ASSERT_TRUE(outputs);
  ASSERT_EQ(outputs->size(), 3U);
  const auto& first = outputs->front();
  EXPECT_EQ(first.name, "HEADLESS-2");
  EXPECT_TRUE(first.active);
  EXPECT_EQ(first.x, 10);
  EXPECT_EQ(first.y, -20);
  EXPECT_EQ(first.width, 1280);
  EXPECT_EQ(first.refresh_mhz, 240'000);
  EXPECT_EQ(first.scale, 1.5);
  const auto& second = (*outputs)[1];
  EXPECT_EQ(second.name, "");
  EXPECT_FALSE(second.active);
  EXPECT_EQ(second.width, 0);
  EXPECT_EQ(second.scale, 1);
}

TEST(SwayAnswers, that_are_none_are_refused) {
  for (const char* text : {"", "7", "{", "[1]", "[[]]", "\xFF"}) {
    EXPECT_FALSE(parse_outputs(text)) << text;
    EXPECT_FALSE(parse_version(text)) << text;
    EXPECT_FALSE(parse_windows(text, "X")) << text;
    EXPECT_FALSE(parse_verdict(text, "nop")) << text;
    EXPECT_FALSE(is_new_window(text)) << text;
  }
  std::string many{"["};
  for (int i = 0; i < 65; ++i) many += "{},";
  EXPECT_FALSE(parse_outputs(many + "{}]"));
}

TEST(SwayAnswers, name_the_windows_of_one_output_alone) {
  constexpr std::string_view kTree = R"({"nodes":[
    {"id":1,"name":"A","nodes":[{"id":2,"nodes":[{"id":3,"pid":9},{"id":4,"nodes":[{"id":5,"pid":9}]}],
                                 "floating_nodes":[{"id":6,"pid":9}]}]},
    {"id":7,"name":"B","nodes":[{"id":8,"pid":9}]}]})";
  EXPECT_THAT(*parse_windows(kTree, "A"), ::testing::ElementsAre(3, 5, 6));
  EXPECT_THAT(*parse_windows(kTree, "C"), ::testing::IsEmpty());
}

TEST(SwayAnswers, of_any_depth_end) {
  std::string deep{R"({"nodes":[{"name":"A","nodes":)"};
  for (int i = 0; i < 10'000; ++i) deep += R"([{"id":1,"pid":1,"nodes":)";
  deep += "[]";
  for (int i = 0; i < 10'000; ++i) deep += "}]";
  const auto windows = parse_windows(deep + "}]}", "A");
  ASSERT_TRUE(windows);
  EXPECT_LE(windows->size(), 64U);
}

TEST(SwayIpc, gives_up_on_a_sway_that_does_not_answer) {
  const desktop_test::TempDir dir;
  const auto path = dir.path() + "/socket";
  const UniqueFd silent{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(silent.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(silent.get(), 1), 0);
  auto ipc = SwayIpc::connect(path);
  ASSERT_TRUE(ipc);
  const auto begin = Clock::now();
  EXPECT_EQ(ipc->outputs(50ms).error().id, "ipc.timeout");
  EXPECT_LT(Clock::now() - begin, 1s);
}

TEST(SwayIpc, fails_where_nobody_listens) {
  EXPECT_EQ(SwayIpc::connect("/nowhere/sway.sock").error().id, "ipc.connect");
  EXPECT_EQ(SwayIpc::connect("").error().id, "ipc.connect");
}

TEST(SwayIpc, asks_and_is_answered) {
  const auto sway = desktop_test::SwayProcess::start();
  ASSERT_NE(sway, nullptr);
  auto ipc = SwayIpc::connect(sway->place().ipc_socket);
  ASSERT_TRUE(ipc);
  EXPECT_GE(ipc->version(1s)->major, 1);
  EXPECT_EQ(ipc->outputs(1s)->front().name, "HEADLESS-1");
  EXPECT_TRUE(ipc->command("nop lumen", 1s));
  const auto refused = ipc->command("lumen-nonsense", 1s);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, "ipc.refused");
  EXPECT_THAT(ipc->peer(), ::testing::StartsWith(std::to_string(sway->process().pid()) + " "));
}

}  // namespace
}  // namespace lumen::wlroots
