#include "link/messages.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "base/thread.hpp"
#include "link/text.hpp"

namespace lumen::link {
namespace {

const Mode kMode{.width = 2341, .height = 1081, .refresh_mhz = 59'940};

Configure full_configure() {
  return {.mode = kMode,
          .command = {"foot", "--title", "Grüße", ""},
          .runtime_dir = "/run/user/1000/lumen/session-1",
          .preset = "ultrafast",
          .bitrate_kbps = 20'000,
          .pointer_drawn = true,
          .audio = AudioFormat{6, AudioQuality::high, 10},
          .desktop = {"auto", 1.5F, true, "/home/me/.local/state/lumen/restore"}};
}

std::vector<ToSession> every_message_to_the_session() {
  return {full_configure(),
          SetMode{kMode},
          SetPointer{true},
          SetPointer{false, true},
          PointerTaken{0x01020304},
          RequestIdr{},
          SetStreaming{true},
          SetEncoding{{Codec::h264, {ColorMatrix::bt601, ColorRange::full}, 20'000, 4, 1, 9}},
          SetAudio{{8, AudioQuality::high, 10}},
          LimitBitrate{kMaxBitrateKbps},
          SetEncoding{{Codec::hevc, {ColorMatrix::bt709, ColorRange::limited}, 0, 0, 0, 10}},
          SetEncoding{{Codec::av1, {ColorMatrix::bt709, ColorRange::limited}, 0, 0, 0, 11}},
          VoicePacket{~0ULL, 3, 20, true, 2, {std::byte{0xA1}, std::byte{0xA2}}},
          Stop{},
          InputEvent{PointerMoveTo{1, 65'535}},
          InputEvent{PointerMoveBy{-1.5F, 1e6F}},
          InputEvent{PointerButton{0x110, true}},
          InputEvent{Scroll{-120, 32'767}},
          InputEvent{Key{30, true}},
          InputEvent{ReleaseAll{}},
          InputEvent{Touch{TouchPhase::cancel, 0xFFFF'FFFF, 1, 65'535, 0.5F}},
          InputEvent{Pen{PenPlace::touching, PenTool::eraser, kPenTertiary, 7, 8, 1.0F, 0, 360, 90}},
          InputEvent{Pen{}},
          InputEvent{Character{U'é'}},
          InputEvent{Character{0x10FFFF}},
          InputEvent{Character{U'\n'}},
          PadEvent{PadArrival{15, PadModel::switch_pro, pad_capability::kAll, ~0ULL}},
          PadEvent{PadState{0, pad_button::kAll, 255, 1, -32'768, 32'767, -1, 1}},
          PadEvent{PadTouch{1, 1, true, 0, 65'535}},
          PadEvent{PadMotion{2, PadSensor::gyroscope, -2000.0F, 0, 9.81F}},
          PadEvent{PadBattery{3, PadPower::full, 100}},
          PadEvent{PadBattery{}},
          PadEvent{PadGone{4}},
          WatchClipboard{true},
          ClipboardPart{1, 5, 3, {std::byte{0xA1}, std::byte{0xA2}}},
          ClipboardTaken{1, 5}};
}

std::vector<ToHost> every_message_to_the_host() {
  return {Ready{"libx264", "no GPU", "embedded", "in process", false, true, false},
          ModeChanged{kMode, 9, "libx264", "asked for", 8'800},
          Responding{false},
          Ended{"process.not-found", "Program x was not found"},
          SessionStats{1, 2, 3, 4, 5, 6, 7, 8, ~0ULL},
          SoundState{"no PipeWire"},
          DesktopState{"KWin is gone"},
          PointerState{PointerPlace::apart, 7, 8191, 1},
          PointerPiece{7,
                       31,
                       {256, 256, 255, 0},
                       256 * 256 * 4 - kMaxPointerPiece,
                       std::vector<std::byte>(kMaxPointerPiece, std::byte{5})},
          PadFeedback{PadRumble{15, 65'535, 1}},
          PadFeedback{PadTriggerRumble{0, 1, 65'535}},
          PadFeedback{PadLight{1, 255, 128, 0}},
          PadFeedback{PadMotionRequest{2, PadSensor::gyroscope, 1000}},
          PadFeedback{PadAdaptiveTriggers{3, true, false, {0x21, {1, 2, 3}}, {0x26, {9}}}},
          ClipboardState{false, "none"},
          ClipboardPart{1, 5, 3, {std::byte{0xA1}, std::byte{0xA2}}},
          ClipboardTaken{1, 5}};
}

template <class Message>
std::string hex(const Message& message) {
  std::string text;
  for (const auto byte : encode(message)) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    text += kDigits[std::to_integer<std::size_t>(byte >> 4)];
    text += kDigits[std::to_integer<std::size_t>(byte & std::byte{15})];
  }
  return text;
}

TEST(LinkMessages, come_back_as_they_were_encoded) {
  for (const auto& message : every_message_to_the_session()) {
    const auto bytes = encode(message);
    ASSERT_FALSE(bytes.empty()) << message.index();
    const auto decoded = decode_to_session(bytes);
    ASSERT_TRUE(decoded) << message.index();
    EXPECT_EQ(decoded->index(), message.index());
    EXPECT_EQ(encode(*decoded), bytes);
  }
  for (const auto& message : every_message_to_the_host()) {
    const auto bytes = encode(message);
    const auto decoded = decode_to_host(bytes);
    ASSERT_TRUE(decoded) << message.index();
    EXPECT_EQ(decoded->index(), message.index());
    EXPECT_EQ(encode(*decoded), bytes);
  }
}

TEST(LinkMessages, keep_every_field) {
  const auto decoded = decode_to_session(encode(ToSession{full_configure()})).value();
  const auto& configure = std::get<Configure>(decoded);
  const auto expected = full_configure();
  EXPECT_EQ(configure.mode, expected.mode);
  EXPECT_EQ(configure.command, expected.command);
  EXPECT_EQ(configure.runtime_dir, expected.runtime_dir);
  EXPECT_EQ(configure.preset, expected.preset);
  EXPECT_EQ(configure.bitrate_kbps, expected.bitrate_kbps);
  EXPECT_EQ(configure.pointer_drawn, expected.pointer_drawn);
  EXPECT_EQ(configure.audio, expected.audio);
  EXPECT_EQ(configure.desktop.use, expected.desktop.use);
  EXPECT_EQ(configure.desktop.scale, expected.desktop.scale);
  EXPECT_EQ(configure.desktop.command_is_desktop, expected.desktop.command_is_desktop);
  EXPECT_EQ(configure.desktop.restore_dir, expected.desktop.restore_dir);
  const auto input = decode_to_session(encode(ToSession{InputEvent{Scroll{-120, 240}}})).value();
  EXPECT_EQ(std::get<InputEvent>(input), (InputEvent{Scroll{-120, 240}}));
}

TEST(LinkMessages, have_these_bytes) {
  EXPECT_EQ(hex(ToSession{SetMode{kMode}}), "0102250900003904000024ea0000");
  EXPECT_EQ(hex(ToSession{Stop{}}), "0106");
  EXPECT_EQ(hex(ToSession{VoicePacket{5, 3, 10, true, 2, {std::byte{0xA1}, std::byte{0xA2}}}}),
            "0109"
            "0500000000000000"
            "03"
            "0a"
            "01"
            "0200a1a2");
  EXPECT_EQ(hex(ToSession{InputEvent{PointerMoveBy{1.0F, -2.0F}}}), "01110000803f000000c0");
  EXPECT_EQ(hex(ToSession{InputEvent{Key{30, true}}}), "01141e0001");
  EXPECT_EQ(hex(ToSession{InputEvent{Scroll{-120, 1}}}), "011388ff0100");
  EXPECT_EQ(hex(ToSession{InputEvent{Touch{TouchPhase::move, 0x01020304, 5, 6, 1.0F}}}),
            "0116"
            "01"
            "04030201"
            "05000600"
            "0000803f");
  EXPECT_EQ(hex(ToSession{InputEvent{Pen{PenPlace::hovering, PenTool::eraser, 2, 5, 6, 0, 1.0F, 270, 45}}}),
            "0117"
            "010102"
            "05000600"
            "00000000"
            "0000803f"
            "0e01"
            "2d");
  EXPECT_EQ(hex(ToSession{Configure{.mode = kMode, .command = {"a", ""}, .runtime_dir = "/r"}}),
            "0101"
            "250900003904000024ea0000"
            "02"
            "010061"
            "0000"
            "02002f72"
            "0000"
            "00000000"
            "00"
            "00"
            "070070726976617465"
            "0000803f"
            "00"
            "0000");
  EXPECT_EQ(hex(ToSession{SetAudio{{6, AudioQuality::high, 10}}}), "010806010a");
  EXPECT_EQ(hex(ToSession{LimitBitrate{4'660}}), "010a34120000");
  EXPECT_EQ(hex(ToSession{SetPointer{false, true}}), "01030001");
  EXPECT_EQ(hex(ToSession{PointerTaken{4'660}}), "010b34120000");
  EXPECT_EQ(hex(ToHost{PointerState{PointerPlace::hidden, 3, 4, 5}}), "0147020300000004000500");
  EXPECT_EQ(hex(ToHost{PointerPiece{3, 1, {2, 1, 1, 0}, 4, {std::byte{0xA1}, std::byte{0xA2}}}}),
            "0148030000000102000100010000000400000002"
            "00a1a2");
  EXPECT_EQ(hex(ToHost{SoundState{"why"}}), "01450300776879");
  EXPECT_EQ(hex(ToHost{Ended{"i", "re"}}),
            "0143"
            "010069"
            "02007265");
  EXPECT_EQ(hex(ToHost{Responding{true}}), "014201");
}

// All of them: each byte missing, one byte more, and messages of the other direction.
TEST(LinkMessages, cut_or_extended_are_malformed) {
  const auto is_malformed = [](const auto& result) {
    return !result && result.error().id == "link.malformed";
  };
  const auto both_ways = [](const auto& message) {
    return std::holds_alternative<ClipboardPart>(message) || std::holds_alternative<ClipboardTaken>(message);
  };
  for (const auto& message : every_message_to_the_session()) {
    auto bytes = encode(message);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_TRUE(is_malformed(decode_to_session(ByteView{bytes}.first(size))))
          << message.index() << ' ' << size;
    }
    EXPECT_EQ(is_malformed(decode_to_host(bytes)), !both_ways(message));
    bytes.push_back(std::byte{0});
    EXPECT_TRUE(is_malformed(decode_to_session(bytes)));
  }
  for (const auto& message : every_message_to_the_host()) {
    auto bytes = encode(message);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_TRUE(is_malformed(decode_to_host(ByteView{bytes}.first(size))))
          << message.index() << ' ' << size;
    }
    EXPECT_EQ(is_malformed(decode_to_session(bytes)), !both_ways(message));
    bytes.push_back(std::byte{0});
    EXPECT_TRUE(is_malformed(decode_to_host(bytes)));
  }
}

TEST(LinkMessages, of_another_version_or_type_are_malformed) {
  auto bytes = encode(ToSession{Stop{}});
  bytes[0] = std::byte{2};
  EXPECT_FALSE(decode_to_session(bytes));
  bytes[0] = std::byte{1};
  bytes[1] = std::byte{0};
  EXPECT_FALSE(decode_to_session(bytes));
}

void expect_refused(const ToSession& message, const char* why) {
  EXPECT_TRUE(encode(message).empty()) << why;
}

TEST(LinkMessages, beyond_the_limits_encode_to_nothing) {
  const auto with = [](auto change) {
    auto configure = full_configure();
    change(configure);
    return ToSession{configure};
  };
  using C = Configure;
  expect_refused(with([](C& c) { c.mode.width = 0; }), "mode");
  expect_refused(with([](C& c) { c.command.assign(65, "x"); }), "65 arguments");
  expect_refused(with([](C& c) { c.command.assign(1, std::string(4097, 'x')); }), "long argument");
  expect_refused(with([](C& c) { c.command.assign(20, std::string(4000, 'x')); }), "too much altogether");
  expect_refused(with([](C& c) { c.command.assign(1, std::string("a\0b", 3)); }), "NUL in an argument");
  expect_refused(with([](C& c) { c.runtime_dir = "relative"; }), "relative directory");
  expect_refused(with([](C& c) { c.runtime_dir.clear(); }), "no directory");
  expect_refused(with([](C& c) { c.runtime_dir = "/" + std::string(4096, 'x'); }), "long directory");
  expect_refused(with([](C& c) { c.desktop.scale = 0.4F; }), "too small a scale");
  expect_refused(with([](C& c) { c.desktop.scale = std::nanf(""); }), "no scale");
  expect_refused(with([](C& c) { c.desktop.restore_dir = "relative"; }), "relative directory");
  expect_refused(with([](C& c) { c.desktop.use = std::string("a\0b", 3); }), "NUL in a name");
  expect_refused(InputEvent{PointerMoveBy{std::nanf(""), 0}}, "not a number");
  expect_refused(InputEvent{PointerMoveBy{0, std::numeric_limits<float>::infinity()}}, "infinity");
  expect_refused(InputEvent{Key{0x300, true}}, "no such key");
  expect_refused(InputEvent{Touch{.phase = static_cast<TouchPhase>(4)}}, "no such phase");
  expect_refused(InputEvent{Touch{.pressure = std::nanf("")}}, "a pressure that is no number");
  expect_refused(InputEvent{Touch{.pressure = 1.01F}}, "too much pressure");
  expect_refused(InputEvent{Pen{.place = static_cast<PenPlace>(3)}}, "no such place");
  expect_refused(InputEvent{Pen{.tool = static_cast<PenTool>(2)}}, "no such tool");
  expect_refused(InputEvent{Pen{.buttons = 8}}, "a fourth button");
  expect_refused(InputEvent{Pen{.pressure = -0.1F}}, "less than no pressure");
  expect_refused(InputEvent{Pen{.distance = std::numeric_limits<float>::infinity()}}, "infinitely far");
  expect_refused(InputEvent{Pen{.rotation_degrees = 361}}, "more than once around");
  expect_refused(InputEvent{Pen{.tilt_degrees = 91}}, "below the surface");
  expect_refused(InputEvent{Character{0xD800}}, "half of a character");
  expect_refused(InputEvent{Character{0x110000}}, "no such character");
  expect_refused(InputEvent{Character{0x1B}}, "a control character");
  expect_refused(InputEvent{Character{}}, "no character");
  expect_refused(with([](C& c) { c.audio->channels = 3; }), "three channels");
  expect_refused(PadEvent{PadGone{.slot = 16}}, "a seventeenth pad");
  expect_refused(PadEvent{PadArrival{.model = static_cast<PadModel>(4)}}, "no such model");
  expect_refused(PadEvent{PadArrival{.capabilities = 0x200}}, "no such capability");
  expect_refused(PadEvent{PadState{.buttons = 0x800}}, "no such button");
  expect_refused(PadEvent{PadTouch{.finger = 2}}, "a third finger");
  expect_refused(PadEvent{PadMotion{.sensor = static_cast<PadSensor>(0)}}, "no such sensor");
  expect_refused(PadEvent{PadMotion{.z = std::nanf("")}}, "motion that is no number");
  expect_refused(PadEvent{PadBattery{.percent = 101}}, "more than full");
  expect_refused(PadEvent{PadBattery{.power = static_cast<PadPower>(6)}}, "no such power");
  expect_refused(SetAudio{{2, AudioQuality::normal, 20}}, "20 ms");
  expect_refused(ClipboardPart{1, 1, 0, std::vector<std::byte>(2)}, "more than the whole text");
  EXPECT_FALSE(encode(with([](C& c) { c.command.assign(64, "x"); })).empty());
  EXPECT_FALSE(encode(with([](C& c) { c.command.assign(1, std::string(4096, 'x')); })).empty());
}

// The same limits again, with bytes that our encoder would not make.
TEST(LinkMessages, beyond_the_limits_are_malformed) {
  const auto patched = [](const ToSession& message, std::size_t offset, std::initializer_list<int> values) {
    auto bytes = encode(message);
    for (const int value : values) bytes.at(offset++) = static_cast<std::byte>(value);
    return decode_to_session(bytes);
  };
  EXPECT_TRUE(patched(SetMode{kMode}, 2, {0x25}));
  EXPECT_FALSE(patched(SetMode{kMode}, 2, {0, 0, 0, 0}));
  EXPECT_FALSE(patched(SetPointer{true}, 2, {2}));
  EXPECT_FALSE(patched(SetPointer{true}, 3, {1})) << "in the picture and beside it";
  EXPECT_FALSE(patched(InputEvent{PointerMoveBy{}}, 2, {0, 0, 0x80, 0x7F})) << "infinity";
  EXPECT_FALSE(patched(InputEvent{PointerMoveBy{}}, 6, {0, 0, 0xC0, 0x7F})) << "not a number";
  EXPECT_FALSE(patched(SetEncoding{}, 2, {0})) << "no codec";
  EXPECT_FALSE(patched(SetEncoding{}, 2, {4})) << "unknown codec";
  EXPECT_FALSE(patched(InputEvent{Key{}}, 2, {0, 3}));
  EXPECT_FALSE(patched(InputEvent{PointerButton{}}, 2, {0xFF, 0xFF}));
  EXPECT_TRUE(patched(InputEvent{Touch{}}, 2, {3}));
  EXPECT_FALSE(patched(InputEvent{Touch{}}, 2, {4})) << "no such phase";
  EXPECT_FALSE(patched(InputEvent{Touch{}}, 11, {0, 0, 0xC0, 0x7F})) << "not a number";
  EXPECT_FALSE(patched(InputEvent{Touch{}}, 11, {1, 0, 0x80, 0x3F})) << "more than 1";
  EXPECT_FALSE(patched(InputEvent{Pen{}}, 2, {3})) << "no such place";
  EXPECT_FALSE(patched(InputEvent{Pen{}}, 3, {2})) << "no such tool";
  EXPECT_FALSE(patched(InputEvent{Pen{}}, 4, {8})) << "a fourth button";
  EXPECT_FALSE(patched(InputEvent{Pen{}}, 9, {0, 0, 0x80, 0xBF})) << "negative pressure";
  EXPECT_FALSE(patched(InputEvent{Pen{}}, 13, {0, 0, 0x80, 0x7F})) << "infinitely far";
  EXPECT_TRUE(patched(InputEvent{Pen{}}, 17, {0x68, 1, 90}));
  EXPECT_FALSE(patched(InputEvent{Pen{}}, 17, {0x69, 1})) << "361 degrees";
  EXPECT_FALSE(patched(InputEvent{Pen{}}, 19, {91})) << "91 degrees";
  EXPECT_FALSE(patched(LimitBitrate{}, 2, {0, 0, 0, 0x7F})) << "more than any encoder makes";
  EXPECT_TRUE(patched(SetAudio{}, 2, {8, 1, 10}));
  EXPECT_FALSE(patched(SetAudio{}, 2, {7, 1, 10})) << "seven channels";
  EXPECT_FALSE(patched(SetAudio{}, 2, {8, 2, 10})) << "no such quality";
  EXPECT_FALSE(patched(SetAudio{}, 2, {8, 1, 0})) << "empty packets";
  EXPECT_TRUE(patched(PadEvent{PadGone{}}, 2, {15}));
  EXPECT_FALSE(patched(PadEvent{PadGone{}}, 2, {16})) << "a seventeenth pad";
  EXPECT_FALSE(patched(PadEvent{PadArrival{}}, 3, {4})) << "no such model";
  EXPECT_FALSE(patched(PadEvent{PadArrival{}}, 4, {0, 2})) << "no such capability";
  EXPECT_FALSE(patched(PadEvent{PadState{}}, 3, {0, 8})) << "no such button";
  EXPECT_FALSE(patched(PadEvent{PadTouch{}}, 3, {2})) << "a third finger";
  EXPECT_FALSE(patched(PadEvent{PadMotion{}}, 3, {3})) << "no such sensor";
  EXPECT_FALSE(patched(PadEvent{PadMotion{}}, 4, {0, 0, 0x80, 0x7F})) << "infinity";
  EXPECT_FALSE(patched(PadEvent{PadBattery{}}, 4, {101})) << "more than full";
  const Configure configure{.mode = kMode, .command = {"ab"}, .runtime_dir = "/r"};
  EXPECT_FALSE(patched(configure, 14, {65})) << "65 arguments";
  EXPECT_FALSE(patched(configure, 15, {0xFF, 0xFF})) << "argument beyond the message";
  EXPECT_FALSE(patched(configure, 17, {0})) << "NUL in an argument";
  EXPECT_FALSE(patched(configure, 21, {'x'})) << "relative directory";
}

TEST(LinkMessages, for_people_are_clipped_and_arrive_printable) {
  const ToHost ended = Ended{"id", std::string(5000, 'x') + "end"};
  const auto clipped = decode_to_host(encode(ended)).value();
  EXPECT_EQ(std::get<Ended>(clipped).reason, std::string(4096, 'x'));
  const ToHost escape = Ended{"id", "\x1b[2J\nGrüße\xff"};
  const auto printed = decode_to_host(encode(escape)).value();
  EXPECT_EQ(std::get<Ended>(printed).reason, "?[2J?Grüße?");
}

TEST(LinkText, what_is_not_printable_utf8_becomes_a_question_mark) {
  EXPECT_EQ(printable("plain, Ä, €, 🎮"), "plain, Ä, €, 🎮");
  EXPECT_EQ(printable("\t\x7f"), "??");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "?31m")
      << "C1 control";
  EXPECT_EQ(printable("\xc0\xaf"), "??") << "overlong";
  EXPECT_EQ(printable("\xe0\x80\xaf"), "???") << "overlong";
  EXPECT_EQ(printable("\xed\xa0\x80"), "???") << "surrogate";
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "????") << "beyond Unicode";
  EXPECT_EQ(printable("a\xe2\x82"), "a??") << "cut";
  EXPECT_EQ(printable("\xe2\x80\xae"
                      "gpj.exe"),
            "?gpj.exe")
      << "right to left";
}

TEST(LinkMessages, random_bytes_never_decode_to_what_cannot_be_encoded) {
  std::mt19937 random{1};  // NOLINT: the same every time
  std::size_t decoded = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::vector<std::byte> bytes(random() % 40);
    for (auto& byte : bytes) byte = static_cast<std::byte>(random() % 8 == 0 ? random() : random() % 24);
    if (!bytes.empty()) bytes[0] = std::byte{1};
    if (const auto message = decode_to_session(bytes)) {
      ++decoded;
      EXPECT_EQ(encode(*message), bytes);
    }
    const auto to_host = decode_to_host(bytes);
    EXPECT_TRUE(!to_host || !encode(*to_host).empty());
  }
  EXPECT_GT(decoded, 100U);
}

class LinkSocket : public testing::Test {
 protected:
  void send_raw(std::span<const std::byte> bytes, std::span<const int> descriptors) const {
    iovec data{.iov_base = const_cast<std::byte*>(bytes.data()), .iov_len = bytes.size()};
    alignas(cmsghdr) std::array<char, 256> control{};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    auto* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
    ASSERT_GT(sendmsg(pair_.host.get(), &message, 0), 0);
  }

  SocketPair pair_ = make_socket_pair().value();
};

std::size_t open_descriptors() {
  std::size_t count = 0;
  for (int fd = 0; fd < 256; ++fd) count += fcntl(fd, F_GETFD) >= 0 ? 1U : 0U;
  return count;
}

TEST_F(LinkSocket, messages_arrive_in_order_and_then_nothing_is_there) {
  ASSERT_TRUE(send(pair_.host.get(), ToSession{Stop{}}));
  ASSERT_TRUE(send(pair_.host.get(), ToSession{InputEvent{Key{30, true}}}));
  EXPECT_TRUE(std::holds_alternative<Stop>(receive_to_session(pair_.session.get()).value()->message));
  EXPECT_TRUE(std::holds_alternative<InputEvent>(receive_to_session(pair_.session.get()).value()->message));
  const auto nothing = receive_to_session(pair_.session.get());
  ASSERT_TRUE(nothing);
  EXPECT_FALSE(nothing->has_value());
  ASSERT_TRUE(send(pair_.session.get(), ToHost{Responding{}}));
  EXPECT_TRUE(receive_to_host(pair_.host.get()).value());
}

TEST_F(LinkSocket, descriptors_travel_along_and_close_on_exec) {
  std::array<int, 2> pipe_ends{};
  ASSERT_EQ(pipe(pipe_ends.data()), 0);
  const UniqueFd reader{pipe_ends[0]};
  UniqueFd writer{pipe_ends[1]};
  ASSERT_TRUE(send(pair_.host.get(), ToSession{full_configure()}, std::array{writer.get()}));
  writer.reset();
  const auto received = receive_to_session(pair_.session.get()).value();
  ASSERT_EQ(received->descriptors.size(), 1U);
  EXPECT_EQ(fcntl(received->descriptors[0].get(), F_GETFD), FD_CLOEXEC);
  ASSERT_EQ(write(received->descriptors[0].get(), "x", 1), 1);
  char got = 0;
  EXPECT_EQ(read(reader.get(), &got, 1), 1);
}

TEST_F(LinkSocket, as_many_descriptors_as_allowed_come_and_more_are_refused_by_the_sender) {
  const std::vector<int> four(kMaxDescriptors, pair_.host.get());
  ASSERT_TRUE(send(pair_.host.get(), ToSession{Stop{}}, four));
  EXPECT_EQ(receive_to_session(pair_.session.get()).value()->descriptors.size(), kMaxDescriptors);
  const std::vector<int> five(kMaxDescriptors + 1, pair_.host.get());
  EXPECT_FALSE(send(pair_.host.get(), ToSession{Stop{}}, five));
}

TEST_F(LinkSocket, surplus_descriptors_are_malformed_and_none_stays_open) {
  const auto bytes = encode(ToSession{Stop{}});
  for (const std::size_t count : {kMaxDescriptors + 1, kMaxDescriptors + 2, std::size_t{40}}) {
    const std::vector<int> descriptors(count, pair_.host.get());
    const auto before = open_descriptors();
    send_raw(bytes, descriptors);
    const auto received = receive_to_session(pair_.session.get());
    ASSERT_FALSE(received) << count;
    EXPECT_EQ(received.error().id, "link.malformed");
    EXPECT_EQ(open_descriptors(), before) << count;
  }
}

TEST_F(LinkSocket, descriptors_of_a_malformed_message_are_closed) {
  const auto before = open_descriptors();
  send_raw(as_view("nonsense"), std::array{pair_.host.get()});
  EXPECT_FALSE(receive_to_session(pair_.session.get()));
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(LinkSocket, the_host_takes_no_descriptors) {
  const auto before = open_descriptors();
  send_raw(encode(ToHost{Responding{}}), std::array{pair_.host.get()});
  const auto received = receive_to_host(pair_.session.get());
  ASSERT_FALSE(received);
  EXPECT_EQ(received.error().id, "link.malformed");
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(LinkSocket, a_message_larger_than_allowed_is_malformed) {
  const std::vector<std::byte> large(kMaxMessageBytes + 1);
  ASSERT_GT(::send(pair_.host.get(), large.data(), large.size(), 0), 0);
  const auto received = receive_to_session(pair_.session.get());
  ASSERT_FALSE(received);
  EXPECT_EQ(received.error().id, "link.malformed");
}

TEST_F(LinkSocket, an_ended_process_is_link_closed) {
  ASSERT_TRUE(send(pair_.host.get(), ToSession{Stop{}}));
  pair_.host.reset();
  EXPECT_TRUE(receive_to_session(pair_.session.get()).value()) << "what it had sent still comes";
  EXPECT_EQ(receive_to_session(pair_.session.get()).error().id, "link.closed");
  EXPECT_EQ(send(pair_.session.get(), ToHost{Responding{}}).error().id, "link.closed");
}

TEST_F(LinkSocket, a_reader_that_does_not_read_is_link_full_and_never_blocks) {
  Status status;
  int sent = 0;
  while (status && sent < 1'000'000) {
    status = send(pair_.host.get(), ToSession{RequestIdr{}});
    ++sent;
  }
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().id, "link.full");
  EXPECT_GT(sent, 100);
}

TEST_F(LinkSocket, what_cannot_be_encoded_is_an_error_with_a_remedy) {
  const auto status = send(pair_.host.get(), ToSession{Configure{}});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().id, "link.too-large");
}

}  // namespace
}  // namespace lumen::link
