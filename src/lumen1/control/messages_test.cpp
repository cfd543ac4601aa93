#include "lumen1/control/messages.hpp"

#include <gtest/gtest.h>

#include <random>

#include "crypto/digest.hpp"

namespace lumen::lumen1::control {
namespace {

using Buffer = std::vector<std::byte>;

// Blanks are skipped, "N.." stands for N bytes 00 01 02 …
Buffer from_hex(std::string_view text) {
  Buffer bytes;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == ' ') {
      ++at;
    } else if (text.substr(at).size() > 3 && text.substr(at + 2, 2) == "..") {
      const auto count = std::stoi(std::string{text.substr(at, 2)});
      for (int i = 0; i < count; ++i) bytes.push_back(static_cast<std::byte>(i));
      at += 4;
    } else {
      const auto byte = crypto::from_hex(text.substr(at, 2)).value();
      bytes.insert(bytes.end(), byte.begin(), byte.end());
      at += 2;
    }
  }
  return bytes;
}

template <std::size_t N>
std::array<std::byte, N> counting() {
  std::array<std::byte, N> bytes{};
  for (std::size_t i = 0; i < N; ++i) bytes[i] = static_cast<std::byte>(i);
  return bytes;
}

constexpr VideoFormat kHevc10{Codec::hevc, 10, Chroma::yuv420};

StreamWish wish() {
  return {.mode = {1920, 1080, 59'940},
          .formats = {kHevc10, {}},
          .audio = AudioFormat{2, AudioQuality::high, 5},
          .parity = {1, 50},
          .max_bitrate_kbps = 20'000,
          .microphone = true};
}
Stream stream() {
  return {.mode = {1920, 1080, 59'940},
          .format = kHevc10,
          .audio = AudioFormat{2, AudioQuality::high, 5},
          .fec_fields = kFecGf8 | kFecGf16,
          .parity = {1, 50},
          .max_bitrate_kbps = 20'000,
          .microphone = true};
}
Stream silent_stream() {
  auto silent = stream();
  silent.audio.reset();
  return silent;
}
Change change() {
  return {.request = 8,
          .session = 3,
          .mode = Mode{1280, 720, 60'000},
          .max_bitrate_kbps = 10'000,
          .audio = Change::Sound{}};
}

template <class Message>
struct Golden {
  Message message;
  const char* bytes;
};

constexpr const char* kOpenBytes =
    "37000000 2100 06000000 07000000 01 80070000 38040000 24ea0000 0200 020a00 010800 0100 01020105 03 0132 "
    "a005 204e0000 01 0000000000000000";
constexpr const char* kClientHelloBytes =
    "26000000 0100 0100 0100 0807060504030201 0600 6c6170746f70 0e00 6c756d656e2d636c69656e742031";
constexpr const char* kChangeBytes =
    "1e000000 2200 08000000 03 01 00050000 d0020000 60ea0000 00 00 01 10270000 01 00 00";

std::vector<Golden<ClientMessage>> client_golden() {
  return {{ClientHello{.features = 0x0102030405060708, .device_name = "laptop", .program = "lumen-client 1"},
           kClientHelloBytes},
          {Ping{0x0102030405060708}, "0a000000 0200 0807060504030201"},
          {ClientBye{ByeReason::done}, "04000000 0300 0100"},
          {PairWithCode{counting<32>()}, "22000000 1000 32.."},
          {PairConfirm{counting<64>()}, "42000000 1100 64.."},
          {AskApproval{}, "02000000 1200"},
          {ApprovalNonce{counting<32>()}, "22000000 1300 32.."},
          {ListApps{5}, "06000000 2000 05000000"},
          {Open{6, 7, 1, wish()}, kOpenBytes},
          {change(), kChangeBytes},
          {Pause{9, 3}, "07000000 2300 09000000 03"},
          {Resume{10, 3}, "07000000 2400 0a000000 03"},
          {Close{11, 3, true}, "08000000 2500 0b000000 03 01"},
          {EndApplication{12, 7}, "0a000000 2600 0c000000 07000000"},
          {SessionClipboardPart{3, {7, 5, 2, {std::byte{'l'}, std::byte{'l'}}}},
           "13000000 3000 03 07000000 05000000 02000000 0200 6c6c"},
          {SessionClipboardTaken{3, {7, 4}}, "0b000000 3100 03 07000000 04000000"}};
}

constexpr const char* kAppsBytes =
    "1f000000 a000 05000000 0200 07000000 0700 4465736b746f70 01 08000000 0200 c3a4 00";
constexpr const char* kOpenedBytes =
    "32000000 a100 06000000 03 02000000 80070000 38040000 24ea0000 020a00 0100 01020105 03 0132 a005 "
    "204e0000 "
    "01 0000000000000000";

std::vector<Golden<HostMessage>> host_golden() {
  return {{HostHello{.version = 1,
                     .features = 1,
                     .name = "desk",
                     .program = "lumen-host 1",
                     .id = counting<16>(),
                     .paired = true,
                     .permissions = Permissions{0x0B},
                     .clock_ns = 0x0102030405060708},
           "3f000000 8100 0100 0100000000000000 0400 6465736b 0c00 6c756d656e2d686f73742031 16.. 01 0b000000 "
           "00 01 0807060504030201"},
          {Pong{1, 2, 3}, "1a000000 8200 0100000000000000 0200000000000000 0300000000000000"},
          {HostBye{ByeReason::device_disabled, "no", "ask"}, "0d000000 8300 0400 0200 6e6f 0300 61736b"},
          {PairShare{counting<32>()}, "22000000 9000 32.."},
          {PairDone{counting<64>(), Permissions::all()}, "46000000 9100 64.. 3f000000"},
          {ApprovalCommitment{counting<32>()}, "22000000 9200 32.."},
          {ApprovalPending{counting<32>(), 120}, "26000000 9300 32.. 78000000"},
          {Approved{Permissions::all()}, "06000000 9400 3f000000"},
          {PairingRefused{PairingRefusal::slow_down, 30, "no", "ask"},
           "11000000 9500 0200 1e000000 0200 6e6f 0300 61736b"},
          {Apps{5, {{7, "Desktop", true}, {8, "ä", false}}}, kAppsBytes},
          {Opened{6, 3, 2, stream()}, kOpenedBytes},
          {Changed{8, 3, silent_stream()},
           "2b000000 a200 08000000 03 80070000 38040000 24ea0000 020a00 0100 00 03 0132 a005 204e0000 01 "
           "0000000000000000"},
          {Done{9}, "06000000 a300 09000000"},
          {Refused{6, RefusalReason::mode_out_of_range, "no", "ask"},
           "11000000 a400 06000000 0600 0200 6e6f 0300 61736b"},
          {SessionEnded{3, EndReason::application_exited, "no"}, "09000000 a500 03 0100 0200 6e6f"},
          {PointerLook{3, {7, 31, {2, 1, 1, 0}, 4, {std::byte{0xA1}, std::byte{0xA2}}}},
           "18000000 b000 03 07000000 1f 0200 0100 0100 0000 04000000 0200 a1a2"},
          {PermissionsChanged{Permissions{1}}, "06000000 a600 01000000"},
          {SessionClipboardPart{3, {7, 5, 2, {std::byte{'l'}, std::byte{'l'}}}},
           "13000000 3000 03 07000000 05000000 02000000 0200 6c6c"},
          {SessionClipboardTaken{3, {7, 4}}, "0b000000 3100 03 07000000 04000000"},
          {ClipboardState{3, ClipboardUse::not_there, "no"}, "08000000 a700 03 03 0200 6e6f"}};
}

template <class Message>
Buffer encoded(const Message& message) {
  Buffer bytes;
  EXPECT_TRUE(append(bytes, message));
  return bytes;
}

FrameView frame_of(ByteView bytes) {
  ByteReader in{bytes};
  in.little<std::uint32_t>();
  const auto type = in.little<std::uint16_t>();
  return {type, in.take(in.remaining())};
}
Decoded<ClientMessage> decode_client(ByteView bytes) { return decode_client_message(frame_of(bytes)); }
Decoded<HostMessage> decode_host(ByteView bytes) { return decode_host_message(frame_of(bytes)); }

// Messages have no comparison of their own; their bytes have.
template <class Message>
bool is_unreadable(const Decoded<Message>& decoded, Unreadable how) {
  const auto* why = std::get_if<Unreadable>(&decoded);
  return why != nullptr && *why == how;
}

TEST(ControlMessages, of_a_client_have_these_bytes) {
  ASSERT_EQ(client_golden().size(), std::variant_size_v<ClientMessage>);
  for (const auto& [message, bytes] : client_golden()) EXPECT_EQ(encoded(message), from_hex(bytes)) << bytes;
}

TEST(ControlMessages, of_a_host_have_these_bytes) {
  ASSERT_EQ(host_golden().size(), std::variant_size_v<HostMessage>);
  for (const auto& [message, bytes] : host_golden()) EXPECT_EQ(encoded(message), from_hex(bytes)) << bytes;
}

template <class Message, class Decode>
void expect_round_trips(const std::vector<Golden<Message>>& golden, Decode decode) {
  for (const auto& [message, bytes] : golden) {
    const auto decoded = decode(from_hex(bytes));
    ASSERT_TRUE(std::holds_alternative<Message>(decoded)) << bytes;
    EXPECT_EQ(std::get<Message>(decoded).index(), message.index());
    EXPECT_EQ(encoded(std::get<Message>(decoded)), from_hex(bytes));
  }
}

TEST(ControlMessages, come_back_as_they_were) {
  expect_round_trips(client_golden(), decode_client);
  expect_round_trips(host_golden(), decode_host);
}

template <class Message, class Decode>
void expect_exact_lengths(const std::vector<Golden<Message>>& golden, Decode decode) {
  for (const auto& [message, text] : golden) {
    auto bytes = from_hex(text);
    for (std::size_t size = kLengthBytes + kTypeBytes; size < bytes.size(); ++size) {
      EXPECT_TRUE(is_unreadable(decode(ByteView{bytes}.first(size)), Unreadable::malformed)) << text << size;
    }
    bytes.push_back({});
    EXPECT_TRUE(is_unreadable(decode(bytes), Unreadable::malformed)) << text << " and one byte more";
  }
}

TEST(ControlMessages, have_exactly_their_length) {
  expect_exact_lengths(client_golden(), decode_client);
  expect_exact_lengths(host_golden(), decode_host);
}

TEST(ControlMessages, of_unknown_type_are_told_from_malformed_ones) {
  EXPECT_TRUE(is_unreadable(decode_client(from_hex("04000000 ff00 0102")), Unreadable::unknown_type));
  EXPECT_TRUE(is_unreadable(decode_host(from_hex("04000000 ff00 0102")), Unreadable::unknown_type));
  for (const auto& [message, bytes] : client_golden()) {
    const bool both_ways = std::holds_alternative<SessionClipboardPart>(message) ||
                           std::holds_alternative<SessionClipboardTaken>(message);
    EXPECT_EQ(is_unreadable(decode_host(from_hex(bytes)), Unreadable::unknown_type), !both_ways)
        << "sent back";
  }
}

TEST(ControlMessages, reasons_of_a_later_version_are_read) {
  const auto refused = decode_host(from_hex("11000000 a400 06000000 f0ff 0200 6e6f 0300 61736b"));
  const auto& message = std::get<Refused>(std::get<HostMessage>(refused));
  EXPECT_EQ(message.reason, static_cast<RefusalReason>(0xFFF0));
  EXPECT_EQ(message.text, "no");
  EXPECT_FALSE(text_of(message.reason).empty());
}

TEST(ControlMessages, permissions_of_a_later_version_are_dropped) {
  const auto changed = decode_host(from_hex("06000000 a600 ffffffff"));
  EXPECT_EQ(std::get<PermissionsChanged>(std::get<HostMessage>(changed)).permissions, Permissions::all());
}

// A byte of a good message, and what it must not be.
struct BadByte {
  const char* message;
  std::size_t at;
  int value;
};
class BadValue : public testing::TestWithParam<BadByte> {};

TEST_P(BadValue, is_malformed) {
  auto bytes = from_hex(GetParam().message);
  ASSERT_LT(GetParam().at, bytes.size());
  bytes[GetParam().at] = static_cast<std::byte>(GetParam().value);
  const bool from_client = std::to_integer<int>(bytes[4]) < 0x80;
  EXPECT_TRUE(from_client ? is_unreadable(decode_client(bytes), Unreadable::malformed)
                          : is_unreadable(decode_host(bytes), Unreadable::malformed));
}

INSTANTIATE_TEST_SUITE_P(Hello, BadValue,
                         testing::Values(BadByte{kClientHelloBytes, 6, 2},  // oldest version above the newest
                                         BadByte{kClientHelloBytes, 18, 5},  // lengths
                                         BadByte{kClientHelloBytes, 19, 1},
                                         BadByte{kClientHelloBytes, 20, 0x1B},  // an escape
                                         BadByte{kClientHelloBytes, 20, 0xFF}));
INSTANTIATE_TEST_SUITE_P(
    Open, BadValue,
    testing::Values(BadByte{kOpenBytes, 14, 16},                                // display
                    BadByte{kOpenBytes, 17, 1}, BadByte{kOpenBytes, 21, 0xFF},  // sides
                    BadByte{kOpenBytes, 25, 8},                                 // refresh
                    BadByte{kOpenBytes, 27, 0}, BadByte{kOpenBytes, 27, 13},    // formats
                    BadByte{kOpenBytes, 29, 0}, BadByte{kOpenBytes, 29, 4},     // codec
                    BadByte{kOpenBytes, 30, 9}, BadByte{kOpenBytes, 31, 2},     // depth, chroma
                    BadByte{kOpenBytes, 35, 2}, BadByte{kOpenBytes, 36, 2},     // colour
                    BadByte{kOpenBytes, 37, 2}, BadByte{kOpenBytes, 38, 3},     // flag, channels
                    BadByte{kOpenBytes, 39, 2}, BadByte{kOpenBytes, 40, 6},     // quality, packet
                    BadByte{kOpenBytes, 41, 0}, BadByte{kOpenBytes, 41, 4},     // fields
                    BadByte{kOpenBytes, 42, 51}, BadByte{kOpenBytes, 43, 201},  // parity
                    BadByte{kOpenBytes, 45, 1}, BadByte{kOpenBytes, 45, 36},    // datagram
                    BadByte{kOpenBytes, 49, 1}, BadByte{kOpenBytes, 50, 2}));   // bitrate, microphone
INSTANTIATE_TEST_SUITE_P(Others, BadValue,
                         testing::Values(BadByte{kChangeBytes, 11, 2}, BadByte{kChangeBytes, 24, 1},
                                         BadByte{kAppsBytes, 11, 3}, BadByte{kAppsBytes, 25, 2},
                                         BadByte{kOpenedBytes, 27, 0}));

TEST(ControlMessages, the_same_format_twice_is_malformed) {
  auto twice = wish();
  twice.formats = {kHevc10, kHevc10};
  Buffer bytes;
  EXPECT_FALSE(append(bytes, ClientMessage{Open{.wish = twice}}));
}

TEST(ControlMessages, that_may_not_travel_leave_the_buffer_alone) {
  const Buffer before(5, std::byte{1});
  auto bytes = before;
  EXPECT_FALSE(append(bytes, ClientMessage{Open{.wish = {}}}));
  EXPECT_FALSE(append(bytes, ClientMessage{Open{.display = kMaxDisplays, .wish = wish()}}));
  EXPECT_FALSE(append(bytes, ClientMessage{ClientHello{.device_name = ""}}));
  EXPECT_FALSE(append(bytes, HostMessage{Opened{}}));
  EXPECT_EQ(bytes, before);
}

TEST(ControlMessages, our_own_texts_and_lists_are_made_to_fit) {
  Apps apps{.apps = std::vector<App>(kMaxApps + 10, App{1, std::string(1000, 'x'), false})};
  const auto decoded = decode_host(encoded(HostMessage{apps}));
  const auto& back = std::get<Apps>(std::get<HostMessage>(decoded));
  EXPECT_EQ(back.apps.size(), kMaxApps);
  EXPECT_EQ(back.apps[0].name.size(), kMaxNameBytes);
  const auto bye =
      decode_host(encoded(HostMessage{HostBye{ByeReason::done, "a\nb" + std::string(1000, 'x'), ""}}));
  EXPECT_EQ(std::get<HostBye>(std::get<HostMessage>(bye)).text.substr(0, 3), "a?b");
}

TEST(ControlMessages, mutations_decode_to_messages_that_encode_again) {
  std::mt19937 random{7};
  for (int round = 0; round < 60'000; ++round) {
    const auto golden = client_golden();
    auto bytes = from_hex(golden[random() % golden.size()].bytes);
    for (int flips = 0; flips < 2; ++flips) {
      bytes[6 + random() % std::max<std::size_t>(bytes.size() - 6, 1) - (bytes.size() == 6)] =
          static_cast<std::byte>(random());
    }
    const auto decoded = decode_client(bytes);
    if (const auto* message = std::get_if<ClientMessage>(&decoded)) {
      const auto again = encoded(*message);
      ASSERT_EQ(Buffer(again.begin() + 4, again.end()), Buffer(bytes.begin() + 4, bytes.end()));
    }
  }
}

}  // namespace
}  // namespace lumen::lumen1::control
