#include <gtest/gtest.h>

#include "base/thread.hpp"
#include "host/app_run.hpp"
#include "host/application.hpp"
#include "host/client_port.hpp"
#include "host/control_socket.hpp"

#include <filesystem>
#include <fstream>
#include <future>

namespace lumen::host {
namespace {

using namespace std::chrono_literals;

TEST(Application, command_lines_are_split_like_a_shell_would) {
  EXPECT_EQ(split_command("foot --title 'a b'  \"c d\"e").value(),
            (std::vector<std::string>{"foot", "--title", "a b", "c de"}));
  EXPECT_EQ(split_command("x ''").value(), (std::vector<std::string>{"x", ""}));
  EXPECT_EQ(split_command("foot 'x").error().id, "app.quotes");
}

TEST(Application, a_missing_program_is_named_with_a_remedy) {
  const auto missing = resolve_application("no-such-program --x", "/nowhere");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().id, "app.not-found");
  EXPECT_NE(missing.error().what.find("no-such-program"), std::string::npos);
  EXPECT_FALSE(missing.error().remedy.empty());
  EXPECT_EQ(resolve_application("   ", "/nowhere").error().id, "app.empty");
  EXPECT_EQ(resolve_application("sh -c true", "/nowhere").value().command.size(), 3U);
}

// A folder of programs that do nothing, as the only one in PATH.
class DesktopInPath : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = std::filesystem::temp_directory_path() / "lumen-test-XXXXXX";
    dir_ = mkdtemp(pattern.data());
    path_ = std::getenv("PATH");
    setenv("PATH", dir_.c_str(), 1);
  }
  void TearDown() override {
    setenv("PATH", path_.c_str(), 1);
    std::filesystem::remove_all(dir_);
  }
  void install(const std::string& program) const {
    std::ofstream{dir_ + "/" + program} << "#!/bin/sh\n";
    std::filesystem::permissions(dir_ + "/" + program, std::filesystem::perms::owner_all);
  }
  std::string dir_, path_;
};

TEST_F(DesktopInPath, plasma_is_what_a_desktop_is_where_all_of_it_is_there) {
  install("weston");
  EXPECT_EQ(resolve_application("desktop", "/lumen").value().command.front(), "weston");
  EXPECT_EQ(resolve_application("plasma", "/lumen").error().id, "app.no-plasma");
  install("kwin_wayland");
  EXPECT_EQ(resolve_application("plasma", "/lumen").error().id, "app.no-plasma");
  install("dbus-daemon");
  EXPECT_EQ(resolve_application("plasma", "/lumen").value().command.front(), "/lumen/lumen-plasma");
  EXPECT_EQ(resolve_application("desktop", "/lumen").value().command.front(),
            "weston");  // KWin alone is bare
  install("startplasma-wayland");
  EXPECT_EQ(resolve_application("desktop", "/lumen").value().command.front(), "/lumen/lumen-plasma");
}

TEST(Places, gamescope_is_a_private_desktop_with_the_command_inside_it) {
  const auto place = resolve_place("gamescope", {"game", "--fast"}, "/lumen");
  EXPECT_EQ(place.use, "private");
  EXPECT_EQ(place.command, (std::vector<std::string>{"/lumen/lumen-gamescope", "game", "--fast"}));
  const auto other = resolve_place("kwin", {"game"}, "/lumen");
  EXPECT_EQ(other.use, "kwin");
  EXPECT_EQ(other.command, std::vector<std::string>{"game"});
}

TEST(Places, an_app_of_the_configuration_runs_in_gamescope_in_its_folder) {
  AppEntry app{.command = {"game"}, .working_dir = "/games"};
  app.desktop = "gamescope";
  const auto slot = app_slot(app, {}, "/run/lumen-test", {.session_program = "/lumen/lumen-session"});
  EXPECT_EQ(slot.desktop.use, "private");
  EXPECT_EQ(slot.command,
            (std::vector<std::string>{"/lumen/lumen-gamescope", "env", "-C", "/games", "game"}));
}

class ControlSocketTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = std::filesystem::temp_directory_path() / "lumen-test-XXXXXX";
    dir_ = mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(dir_); }
  std::string path() const { return dir_ + "/host.sock"; }
  std::string dir_;
  std::unique_ptr<EventLoop> loop_ = EventLoop::create().value();
};

TEST_F(ControlSocketTest, a_command_gets_its_answer) {
  const auto socket =
      ControlSocket::create(path(), *loop_, [](const std::string& command) { return "you said " + command; });
  ASSERT_TRUE(socket);
  std::string answer;
  OwnedThread asker{"asker", [&](const std::stop_token&) {
                      answer = ask_host(path(), "status").value_or("nothing");
                      loop_->stop();
                    }};
  loop_->run();
  EXPECT_EQ(answer, "you said status");
}

TEST_F(ControlSocketTest, a_second_host_is_refused_and_a_dead_ones_socket_replaced) {
  {
    const auto first = ControlSocket::create(path(), *loop_, [](const std::string&) { return "x"; });
    ASSERT_TRUE(first);
    const auto second = ControlSocket::create(path(), *loop_, [](const std::string&) { return "x"; });
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().id, "host.already-running");
  }
  EXPECT_EQ(ask_host(path(), "status").error().id, "host.not-running");
  EXPECT_TRUE(ControlSocket::create(path(), *loop_, [](const std::string&) { return "x"; }));
}

// A client port with a real socket pair of UDP and a client's protocol end beside it.
class ClientPortTest : public testing::Test {
 protected:
  ClientPortTest() {
    EXPECT_TRUE(crypto::fill_random(secret_));
    port_ = std::make_unique<ClientPort>(
        std::uint8_t{0}, host_socket_, sender_, link_, board_,
        ClientEvents{[this](const lumen1::ClientState& state, std::uint64_t) { wishes_.push_back(state); },
                     [this](std::uint64_t) { ++goodbyes_; }},
        *log_);
    port_->admit(secret_);
    sockets_ = link::make_socket_pair().value();
    link_.set(sockets_.host.get());
  }
  static net::UdpSocket any_socket() {
    return net::UdpSocket::bind({.local = net::Endpoint::parse("127.0.0.1", 0).value()}).value();
  }

  void deliver(std::vector<std::byte> datagram) { port_->on_datagram(from_, datagram, Timestamp{1s}); }
  lumen1::ConnectionKeys handshake() {
    lumen1::Random random{};
    EXPECT_TRUE(crypto::fill_random(random));
    const auto client = lumen1::ClientHandshake::create(secret_, 0, random).value();
    deliver(client.hello());
    std::optional<lumen1::ConnectionKeys> keys;
    client_socket_.receive(
        1s, [&](const net::Endpoint&, MutableBytes datagram) { keys = client.on_welcome(datagram); });
    return keys.value();
  }
  static std::vector<std::byte> sealed(lumen1::Sealer& sealer, const lumen1::ClientMessage& message) {
    std::vector<std::byte> body;
    EXPECT_TRUE(lumen1::append(body, message, 1000));
    std::vector<std::byte> datagram(lumen1::kClearHeaderBytes + body.size() + lumen1::kTagBytes);
    std::ranges::copy(body, datagram.begin() + lumen1::kClearHeaderBytes);
    EXPECT_TRUE(sealer.seal(lumen1::Kind::client_message, datagram));
    return datagram;
  }
  std::vector<InputEvent> injected() {
    std::vector<InputEvent> events;
    for (;;) {
      auto got = link::receive_to_session(sockets_.session.get());
      if (!got || !*got) return events;
      if (const auto* input = std::get_if<InputEvent>(&(*got)->message)) events.push_back(*input);
    }
  }

  std::vector<PadEvent> pads() {
    std::vector<PadEvent> pads;
    while (const auto received = link::receive_to_session(sockets_.session.get()).value_or(std::nullopt)) {
      if (const auto* pad = std::get_if<PadEvent>(&received->message)) pads.push_back(*pad);
    }
    return pads;
  }

  lumen1::Secret secret_{};
  std::shared_ptr<Logger> log_ = make_null_logger();
  net::UdpSocket host_socket_ = any_socket(), client_socket_ = any_socket();
  net::Endpoint from_ = client_socket_.local().value();
  StateBoard board_;
  SessionPort link_;
  link::SocketPair sockets_;
  fec::Leopard codec_;
  stream::VideoSender sender_{stream::SenderParams{.on_idr_needed = [] {}}, codec_, host_socket_, *log_};
  std::vector<lumen1::ClientState> wishes_;
  int goodbyes_ = 0;
  std::unique_ptr<ClientPort> port_;
};

const Mode kMode{1280, 720, 60'000};

TEST_F(ClientPortTest, a_wish_is_told_once_until_it_changes) {
  auto sealer = lumen1::Sealer::create(handshake().client_to_host, 0).value();
  lumen1::ClientState state{.mode = kMode, .pointer_drawn = true};
  for (int i = 0; i < 3; ++i) deliver(sealed(sealer, state));
  state.mode.width = 1920;
  deliver(sealed(sealer, state));
  ASSERT_EQ(wishes_.size(), 2U);
  EXPECT_EQ(wishes_[1].mode.width, 1920U);
}

TEST_F(ClientPortTest, edges_are_injected_once_and_acknowledged) {
  auto sealer = lumen1::Sealer::create(handshake().client_to_host, 0).value();
  const lumen1::ClientInput press{1, Key{30, true}};
  deliver(sealed(sealer, press));
  deliver(sealed(sealer, press));  // repeated by the client: another datagram, the same edge
  deliver(sealed(sealer, lumen1::ClientInput{3, Key{31, true}}));
  const auto events = injected();
  ASSERT_EQ(events.size(), 2U);  // ReleaseAll of the new connection, and the press
  EXPECT_EQ(events[1], InputEvent{(Key{30, true})});
  EXPECT_EQ(board_.snapshot().input_acknowledged, 1U);
}

TEST_F(ClientPortTest, what_is_not_permitted_is_acknowledged_and_left_undone) {
  auto sealer = lumen1::Sealer::create(handshake().client_to_host, 0).value();
  deliver(sealed(sealer, lumen1::ClientInput{1, Key{30, true}}));
  port_->set_permissions(lumen1::control::Permissions::all().without(lumen1::control::Permission::input));
  deliver(sealed(sealer, lumen1::ClientInput{2, Key{30, false}}));
  deliver(sealed(sealer, lumen1::ClientInput{3, ReleaseAll{}}));
  const auto events = injected();
  ASSERT_EQ(events.size(), 3U);  // one ReleaseAll of the new connection
  EXPECT_EQ(events[1], InputEvent{(Key{30, true})});
  EXPECT_TRUE(std::holds_alternative<ReleaseAll>(events[2]));
  EXPECT_EQ(board_.snapshot().input_acknowledged, 3U);
  EXPECT_EQ(port_->counters().not_permitted, 1U);
}

TEST_F(ClientPortTest, pads_and_keys_are_one_row_of_edges_and_motion_follows_those_before_it) {
  auto sealer = lumen1::Sealer::create(handshake().client_to_host, 0).value();
  const PadEvent pressed = PadState{.slot = 1, .buttons = pad_button::kA};
  const PadEvent moved = PadState{.slot = 1, .buttons = pad_button::kA, .left_x = 5};
  deliver(sealed(sealer, lumen1::ClientPad{3, 1, moved}));  // two edges too early
  deliver(sealed(sealer, lumen1::ClientPad{1, 0, PadArrival{.slot = 1}}));
  deliver(sealed(sealer, lumen1::ClientInput{2, Key{30, true}}));
  deliver(sealed(sealer, lumen1::ClientPad{3, 0, pressed}));
  deliver(sealed(sealer, lumen1::ClientPad{3, 2, moved}));
  deliver(sealed(sealer, lumen1::ClientPad{3, 1, PadState{.slot = 1}}));  // overtaken
  port_->set_permissions(lumen1::control::Permissions::all().without(lumen1::control::Permission::gamepad));
  deliver(sealed(sealer, lumen1::ClientPad{4, 0, PadState{.slot = 1}}));
  const auto heard = pads();
  ASSERT_EQ(heard.size(), 5U);  // the arrival brings its state
  EXPECT_EQ(std::get<PadArrival>(heard[0]).slot, 1);
  EXPECT_EQ(heard[1], PadEvent{PadState{.slot = 1}});
  EXPECT_EQ(heard[2], pressed);
  EXPECT_EQ(heard[3], moved);
  EXPECT_EQ(heard[4], PadEvent{PadGone{1}});
  EXPECT_EQ(board_.snapshot().input_acknowledged, 4U);
  EXPECT_EQ(port_->counters().not_permitted, 1U);
}

TEST_F(ClientPortTest, who_was_shut_out_is_not_heard_and_another_secret_lets_in_again) {
  auto sealer = lumen1::Sealer::create(handshake().client_to_host, 0).value();
  deliver(sealed(sealer, lumen1::ClientInput{1, Key{30, true}}));
  port_->admit(std::nullopt);
  deliver(sealed(sealer, lumen1::ClientInput{2, Key{31, true}}));
  EXPECT_EQ(injected().size(), 2U);
  secret_[0] ^= std::byte{1};
  port_->admit(secret_);
  auto again = lumen1::Sealer::create(handshake().client_to_host, 0).value();
  deliver(sealed(again, lumen1::ClientInput{1, Key{31, true}}));
  EXPECT_EQ(injected().size(), 2U);  // ReleaseAll and the key
}

TEST_F(ClientPortTest, pads_of_who_said_goodbye_are_gone_until_it_says_what_it_wants) {
  auto sealer = lumen1::Sealer::create(handshake().client_to_host, 0).value();
  const lumen1::ClientPad again{2, 0, PadArrival{.slot = 1}};
  deliver(sealed(sealer, lumen1::ClientPad{1, 0, PadArrival{.slot = 1}}));
  EXPECT_EQ(pads().size(), 2U);
  deliver(sealed(sealer, lumen1::Goodbye{}));
  EXPECT_EQ(pads(), std::vector<PadEvent>{PadGone{1}});
  deliver(sealed(sealer, again));
  EXPECT_TRUE(pads().empty());
  deliver(sealed(sealer, lumen1::ClientState{.mode = {1280, 720, 60'000}}));
  deliver(sealed(sealer, again));
  EXPECT_EQ(pads().size(), 2U);
}

TEST_F(ClientPortTest, pads_of_who_was_shut_out_go_also_when_nothing_comes_any_more) {
  auto sealer = lumen1::Sealer::create(handshake().client_to_host, 0).value();
  deliver(sealed(sealer, lumen1::ClientPad{1, 0, PadArrival{.slot = 1}}));
  EXPECT_EQ(pads().size(), 2U);
  link_.set(-1);  // no room just then
  port_->admit(std::nullopt);
  link_.set(sockets_.host.get());
  port_->tidy_pads(Timestamp{2s});
  EXPECT_EQ(pads(), std::vector<PadEvent>{PadGone{1}});
}

TEST_F(ClientPortTest, a_replayed_datagram_is_refused) {
  auto sealer = lumen1::Sealer::create(handshake().client_to_host, 0).value();
  const auto datagram = sealed(sealer, lumen1::ClientInput{1, Key{30, true}});
  deliver(datagram);
  const auto before = port_->counters().not_authentic.load();
  deliver(datagram);
  EXPECT_EQ(port_->counters().not_authentic, before + 1);
}

TEST_F(ClientPortTest, a_replayed_hello_does_not_disturb_the_client) {
  lumen1::Random random{};
  EXPECT_TRUE(crypto::fill_random(random));
  const auto client = lumen1::ClientHandshake::create(secret_, 0, random).value();
  deliver(client.hello());
  std::optional<lumen1::ConnectionKeys> keys;
  client_socket_.receive(
      1s, [&](const net::Endpoint&, MutableBytes datagram) { keys = client.on_welcome(datagram); });
  auto sealer = lumen1::Sealer::create(keys.value().client_to_host, 0).value();
  deliver(sealed(sealer, lumen1::ClientState{.mode = kMode}));
  deliver(client.hello());
  deliver(sealed(sealer, lumen1::ClientInput{1, Key{30, true}}));
  EXPECT_EQ(injected().size(), 2U);
  EXPECT_EQ(port_->counters().connections, 1U);
}

TEST_F(ClientPortTest, a_hello_with_another_secret_gets_no_answer) {
  lumen1::Secret wrong{};
  lumen1::Random random{};
  deliver(lumen1::ClientHandshake::create(wrong, 0, random)->hello());
  int answers = 0;
  client_socket_.receive(50ms, [&](const net::Endpoint&, MutableBytes) { ++answers; });
  EXPECT_EQ(answers, 0);
  EXPECT_EQ(port_->counters().not_authentic, 1U);
}

TEST_F(ClientPortTest, a_new_connection_replaces_the_old_one_and_releases_its_keys) {
  auto first = lumen1::Sealer::create(handshake().client_to_host, 0).value();
  deliver(sealed(first, lumen1::ClientInput{1, Key{30, true}}));
  auto second = lumen1::Sealer::create(handshake().client_to_host, 0).value();
  deliver(sealed(second, lumen1::ClientState{.mode = kMode}));
  deliver(sealed(first, lumen1::ClientInput{2, Key{31, true}}));
  const auto events = injected();
  ASSERT_EQ(events.size(), 3U);
  EXPECT_TRUE(std::holds_alternative<ReleaseAll>(events[2]));
}

TEST_F(ClientPortTest, goodbye_is_told_once) {
  auto sealer = lumen1::Sealer::create(handshake().client_to_host, 0).value();
  deliver(sealed(sealer, lumen1::ClientState{.mode = kMode}));
  for (int i = 0; i < 3; ++i) deliver(sealed(sealer, lumen1::Goodbye{}));
  EXPECT_EQ(goodbyes_, 1);
}

TEST_F(ClientPortTest, a_million_random_datagrams_change_nothing) {
  auto sealer = lumen1::Sealer::create(handshake().client_to_host, 0).value();
  deliver(sealed(sealer, lumen1::ClientState{.mode = kMode}));
  std::uint64_t state = 1;
  std::vector<std::byte> datagram;
  for (int i = 0; i < 1'000'000; ++i) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    datagram.resize(8 + (state >> 33U) % 64);
    for (std::size_t b = 0; b < datagram.size(); ++b)
      datagram[b] = static_cast<std::byte>(state >> (b % 8 * 8));
    datagram[0] = static_cast<std::byte>(4 + i % 5);  // every kind, so that it gets as far as it can
    datagram[1] = std::byte{0};
    deliver(datagram);
  }
  deliver(sealed(sealer, lumen1::ClientInput{1, Key{30, true}}));
  EXPECT_EQ(injected().size(), 2U);
  EXPECT_EQ(wishes_.size(), 1U);
}

}  // namespace
}  // namespace lumen::host
