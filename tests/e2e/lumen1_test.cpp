// lumen/1 from pairing to pictures: the real lumen-host, and a client's own code against it.
#include <csignal>

#include <sys/socket.h>

#include <atomic>
#include <cstdlib>

#include <gtest/gtest.h>

#include "client/lumen1/lumen_backend.hpp"
#include "client/lumen1/lumen_book.hpp"
#include "client/lumen1/lumen_client_stream.hpp"
#include "codec/software.hpp"
#include "desktop/testing/test_client.hpp"
#include "gamepad/broker.hpp"
#include "host/control_socket.hpp"
#include "link/broker_messages.hpp"
#include "tests/e2e/programs.hpp"

namespace lumen {
namespace {

using namespace std::chrono_literals;
using client::LumenConnection;
using e2e::eventually;
using e2e::host_status;

// Counts pictures.
class Screen {
 public:
  client::StreamOutputs outputs() {
    return {.make_decoder = codec::create_decoder,
            .on_picture =
                [this](const stream::DecodedPicture& decoded) {
                  width_.store(decoded.unit.width);
                  codec_.store(decoded.unit.codec);
                  pictures_.fetch_add(1);
                },
            .on_sound = {},
            .make_sound_output = {},
            .default_bitrate = {}};
  }
  std::uint64_t pictures() const { return pictures_.load(); }
  std::uint32_t width() const { return width_.load(); }
  Codec codec() const { return codec_.load(); }

 private:
  std::atomic<std::uint64_t> pictures_{0};
  std::atomic<std::uint32_t> width_{0};
  std::atomic<Codec> codec_{};
};

class LumenDevice : public testing::Test {
 protected:
  void start_host(const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments{"serve",  "--app",     "test-scene",      "--port",      "0",
                                       "--bind", "127.0.0.1", "--no-gamestream", "--no-publish"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    host_ = std::make_unique<e2e::Program>(place_, "lumen-host", arguments);
    ASSERT_TRUE(eventually([this] { return !host_status(place_).is_null(); })) << host_->output();
    port_ = host_status(place_)["port"];
  }
  client::LumenBook book(const std::string& name = "client") const {
    return client::LumenBook::open(place_.path() + "/" + name).value();
  }
  client::LumenAddress address() const { return {"127.0.0.1", port_}; }
  // What `lumen-host ARGUMENTS` prints.
  std::string host_says(const std::vector<std::string>& arguments) {
    e2e::Program program{place_, "lumen-host", arguments};
    EXPECT_TRUE(program.wait(10s));
    return program.output();
  }
  // To a line of the host's local command socket.
  std::string answer_to(const std::string& command) const {
    return host::ask_host(place_.runtime_root() + "/host.sock", command).value_or("nobody answers");
  }
  // Pairs `book` by a code that the host shows.
  void pair(client::LumenBook& book, const std::string& name = "tv") {
    client::LumenHosts hosts{book, name, *log_};
    const auto connection = hosts.connect(address(), 5s, never_.get_token());
    ASSERT_TRUE(connection) << describe(connection.error());
    e2e::Program shown{place_, "lumen-host", {"pair", "--code"}};
    ASSERT_TRUE(eventually([&] { return shown.output().find("minutes:  ") != std::string::npos; }))
        << shown.output();
    const auto output = shown.output();
    const auto code = output.substr(output.find("minutes:  ") + 10, 6);
    const auto paired = (*connection)->pair_with_code(code, never_.get_token());
    ASSERT_TRUE(paired) << describe(paired.error());
    ASSERT_TRUE(hosts.keep(**connection, address()));
    EXPECT_EQ(shown.wait(10s), "exited with status 0") << shown.output();
    EXPECT_TRUE(hosts.is_paired(**connection));
  }
  Result<std::unique_ptr<LumenConnection>> connect(client::LumenBook& book) {
    return client::LumenHosts{book, "tv", *log_}.connect(address(), 5s, never_.get_token());
  }
  Result<std::unique_ptr<client::LumenClientStream>> open(client::LumenBook& book, Screen& screen,
                                                          const Mode& mode = {1280, 720, 60'000},
                                                          std::optional<Codec> codec = std::nullopt,
                                                          const client::LumenExtras& extras = {}) {
    LUMEN_TRY(auto connection, connect(book));
    return client::LumenClientStream::start(std::move(connection),
                                            {.host_id = {}, .app = {}, .mode = mode, .codec = codec}, extras,
                                            outputs_ = screen.outputs(), never_.get_token(), *log_);
  }
  std::string device_id() {
    const auto list = host_says({"clients"});
    return list.substr(0, list.find(' '));
  }

  e2e::Place place_;
  std::unique_ptr<e2e::Program> host_;
  std::uint16_t port_ = 0;
  std::shared_ptr<Logger> log_ = make_null_logger();
  std::stop_source never_;
  client::StreamOutputs outputs_;
};

TEST_F(LumenDevice, pairs_by_code_and_gets_pictures_of_its_mode) {
  start_host();
  auto own = book();
  pair(own);
  Screen screen;
  const auto begun = SteadyTime{}.now();
  const auto stream = open(own, screen, {1024, 600, 60'000});
  ASSERT_TRUE(stream) << describe(stream.error());
  ASSERT_TRUE(eventually([&] { return screen.pictures() > 0; })) << host_->output();
  RecordProperty("connect_to_picture_ms", static_cast<int>(to_ms(SteadyTime{}.now() - begun)));
  ASSERT_TRUE(eventually([&] { return screen.pictures() > 60; }));
  EXPECT_EQ(screen.width(), 1024U);
  EXPECT_TRUE((*stream)->verdict());
  EXPECT_EQ((*stream)->facts().app, "Desktop");
  EXPECT_EQ((*stream)->counters().frames_lost, 0U);
  const auto session = host_status(place_)["lumen"]["sessions"][0];
  EXPECT_EQ(session["device"], "tv");
  EXPECT_EQ(session["watched"], true);
  EXPECT_EQ(session["mode"], "1024x600@60");
}

TEST_F(LumenDevice, that_is_not_paired_gets_nothing_but_pairing) {
  start_host();
  auto own = book();
  const auto connection = connect(own);
  ASSERT_TRUE(connection) << describe(connection.error());
  EXPECT_FALSE((*connection)->is_paired());
  const auto apps = (*connection)->apps(never_.get_token());
  ASSERT_FALSE(apps);
  EXPECT_EQ(apps.error().id, client::kNotPaired);
  const auto wrong = (*connection)->pair_with_code("123456", never_.get_token());
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().id, "pairing.no-code");
  EXPECT_TRUE(host_status(place_)["lumen"]["sessions"].empty());
}

TEST_F(LumenDevice, that_guesses_a_code_is_not_paired_and_the_code_is_void_after_three) {
  start_host();
  auto own = book();
  e2e::Program shown{place_, "lumen-host", {"pair", "--code"}};
  ASSERT_TRUE(eventually([&] { return shown.output().find("minutes:  ") != std::string::npos; }));
  const auto output = shown.output();
  const auto code = output.substr(output.find("minutes:  ") + 10, 6);
  const std::string guess = code == "000000" ? "000001" : "000000";
  const auto connection = connect(own);
  ASSERT_TRUE(connection);
  for (int i = 0; i < 3; ++i) {
    const auto paired = (*connection)->pair_with_code(guess, never_.get_token());
    ASSERT_FALSE(paired);
    EXPECT_EQ(paired.error().id, "pairing.wrong-code");
  }
  const auto late = (*connection)->pair_with_code(code, never_.get_token());
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().id, "pairing.no-code");
  EXPECT_EQ(shown.wait(10s), "exited with status 1");
  EXPECT_NE(shown.output().find("guessed at"), std::string::npos) << shown.output();
}

TEST_F(LumenDevice, is_let_in_by_whoever_compares_the_words) {
  start_host();
  auto own = book();
  const auto connection = connect(own);
  ASSERT_TRUE(connection);
  std::string words;
  const auto paired =
      (*connection)
          ->pair_by_approval(
              [&](const std::string& shown) {
                words = shown;
                const auto asking = answer_to("device-asking");
                EXPECT_NE(asking.find("\t" + shown), std::string::npos) << asking;
                EXPECT_EQ(host_says({"approve", asking.substr(0, asking.find('\t'))}), "approved\n");
              },
              never_.get_token());
  ASSERT_TRUE(paired) << describe(paired.error());
  EXPECT_FALSE(words.empty());
  EXPECT_TRUE((*connection)->apps(never_.get_token()));
}

TEST_F(LumenDevice, that_is_disabled_is_cut_off_and_may_come_back) {
  start_host();
  auto own = book();
  pair(own);
  Screen screen;
  const auto stream = open(own, screen);
  ASSERT_TRUE(stream) << describe(stream.error());
  ASSERT_TRUE(eventually([&] { return screen.pictures() > 0; })) << host_->output();
  EXPECT_EQ(host_says({"clients", "disable", device_id()}), "disabled\n");
  ASSERT_TRUE(eventually([&] { return !(*stream)->verdict().has_value(); }));
  EXPECT_EQ((*stream)->verdict().error().id, "client.host-says");
  EXPECT_TRUE(host_status(place_)["lumen"]["sessions"].empty());  // what it had running is over
  const auto seen = screen.pictures();
  const auto refused = open(own, screen);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, "client.host-says");
  EXPECT_EQ(screen.pictures(), seen);
  EXPECT_EQ(host_says({"clients", "enable", device_id()}), "enabled\n");
  Screen again;
  const auto second = open(own, again);
  ASSERT_TRUE(second) << describe(second.error());
  EXPECT_TRUE(eventually([&] { return again.pictures() > 0; }));
}

TEST_F(LumenDevice, that_may_only_look_types_nothing) {
  start_host();
  auto own = book();
  pair(own);
  EXPECT_EQ(host_says({"clients", "permit", device_id(), "view"}), "changed\n");
  Screen screen;
  const auto stream = open(own, screen);
  ASSERT_TRUE(stream) << describe(stream.error());
  ASSERT_TRUE(eventually([&] { return screen.pictures() > 0; }));
  (*stream)->send_input(Key{30, true});
  (*stream)->send_input(Key{30, false});
  const auto counted = [&](const char* what) {
    return host_status(place_)["lumen"]["sessions"][0]["client"][what].get<int>();
  };
  ASSERT_TRUE(eventually([&] { return counted("not_permitted") == 2; }));
  EXPECT_EQ(host_says({"clients", "permit", device_id(), "view,input"}), "changed\n");
  (*stream)->send_input(Key{30, true});
  (*stream)->send_input(Key{30, false});
  EXPECT_TRUE(eventually([&] { return counted("input_events") == 2; }));
}

TEST_F(LumenDevice, finds_its_desktop_again_and_takes_it_over) {
  start_host();
  auto own = book();
  pair(own);
  Screen first_screen, second_screen;
  auto first = open(own, first_screen);
  ASSERT_TRUE(first) << describe(first.error());
  ASSERT_TRUE(eventually([&] { return first_screen.pictures() > 0; }));
  const auto pid = host_status(place_)["lumen"]["sessions"][0]["pid"];
  const auto second = open(own, second_screen);
  ASSERT_TRUE(second) << describe(second.error());
  ASSERT_TRUE(eventually([&] { return second_screen.pictures() > 0; })) << host_->output();
  ASSERT_TRUE(eventually([&] { return !(*first)->verdict().has_value(); }));
  const auto seen = first_screen.pictures();
  const auto since = second_screen.pictures();
  ASSERT_TRUE(eventually([&] { return second_screen.pictures() > since + 30; }));
  EXPECT_LE(first_screen.pictures(), seen + 2);  // what was on its way
  EXPECT_EQ(host_status(place_)["lumen"]["sessions"][0]["pid"], pid);
  EXPECT_TRUE((*second)->verdict());
}

TEST_F(LumenDevice, changes_its_mode_without_a_new_session) {
  start_host();
  auto own = book();
  pair(own);
  Screen screen;
  const auto stream = open(own, screen);
  ASSERT_TRUE(stream) << describe(stream.error());
  ASSERT_TRUE(eventually([&] { return screen.width() == 1280; }));
  ASSERT_TRUE((*stream)->change_mode({800, 600, 60'000}, never_.get_token()));
  ASSERT_TRUE(eventually([&] { return screen.width() == 800; }));
  EXPECT_EQ((*stream)->counters().frames_lost, 0U);
  EXPECT_EQ(host_status(place_)["lumen"]["sessions"].size(), 1U);
}

TEST_F(LumenDevice, gets_the_codec_that_it_asks_for) {
  start_host();
  auto own = book();
  pair(own);
  // It measures its encoders, which no work of ours should disturb.
  ASSERT_TRUE(eventually([&] { return host_->output().find(" AV1: ") != std::string::npos; }, 60s))
      << host_->output();
  for (const auto codec : {Codec::hevc, Codec::av1}) {
    Screen screen;
    const auto stream = open(own, screen, {320, 180, 20'000}, codec);
    ASSERT_TRUE(stream) << describe(stream.error()) << host_->output();
    EXPECT_EQ((*stream)->facts().codec, to_string(codec));
    EXPECT_TRUE(eventually([&] { return screen.pictures() > 10; })) << to_string(codec);
    EXPECT_EQ(screen.codec(), codec);
  }
}

TEST_F(LumenDevice, ends_what_it_runs_without_watching_it) {
  start_host();
  auto own = book();
  pair(own);
  Screen screen;
  const auto stream = open(own, screen);
  ASSERT_TRUE(stream) << describe(stream.error());
  ASSERT_TRUE(eventually([&] { return screen.pictures() > 0; }));
  const auto other = connect(own);
  ASSERT_TRUE(other) << describe(other.error());
  ASSERT_TRUE(client::end_all(**other, never_.get_token()));
  EXPECT_TRUE(eventually([&] { return host_status(place_)["lumen"]["sessions"].empty(); }));
  EXPECT_TRUE(eventually([&] { return !(*stream)->verdict(); }));
  EXPECT_TRUE(client::end_all(**other, never_.get_token()));  // nothing
}

TEST_F(LumenDevice, hears_why_when_the_host_stops) {
  start_host();
  auto own = book();
  pair(own);
  Screen screen;
  const auto stream = open(own, screen);
  ASSERT_TRUE(stream) << describe(stream.error());
  ASSERT_TRUE(eventually([&] { return screen.pictures() > 0; }));
  host_->signal(SIGTERM);
  ASSERT_TRUE(eventually([&] { return !(*stream)->verdict().has_value(); }));
  EXPECT_NE((*stream)->verdict().error().what.find("stop"), std::string::npos)
      << describe((*stream)->verdict().error());
  EXPECT_EQ(host_->wait(10s), "exited with status 0") << host_->output();
  EXPECT_TRUE(e2e::processes_of(place_).empty());
}

TEST_F(LumenDevice, that_was_removed_has_nothing_running_and_may_pair_again) {
  start_host();
  auto own = book();
  pair(own);
  Screen screen;
  const auto stream = open(own, screen);
  ASSERT_TRUE(stream) << describe(stream.error());
  ASSERT_TRUE(eventually([&] { return screen.pictures() > 0; }));
  EXPECT_EQ(host_says({"clients", "remove", device_id()}), "removed\n");
  ASSERT_TRUE(eventually([&] { return !(*stream)->verdict().has_value(); }));
  EXPECT_TRUE(host_status(place_)["lumen"]["sessions"].empty());
  pair(own);
  EXPECT_TRUE(open(own, screen));
}

TEST_F(LumenDevice, that_has_forgotten_the_host_may_prove_itself_again) {
  start_host();
  auto own = book();
  pair(own);
  EXPECT_EQ(host_says({"clients", "permit", device_id(), "view"}), "changed\n");
  ASSERT_TRUE(own.forget(std::string{own.hosts().front().id}));
  pair(own);
  EXPECT_NE(host_says({"clients"}).find("(view)"), std::string::npos);  // it may no more than before
}

TEST_F(LumenDevice, meets_another_certificate_and_says_nothing_to_it) {
  start_host();
  auto own = book();
  pair(own);
  auto spoiled = own.hosts().front();
  spoiled.fingerprint.front() ^= std::byte{1};
  ASSERT_TRUE(own.keep(spoiled));
  const auto connection = connect(own);
  ASSERT_FALSE(connection);
  EXPECT_EQ(connection.error().id, "client.other-host");
}

TEST_F(LumenDevice, stays_paired_when_the_host_was_killed) {
  start_host();
  auto own = book();
  pair(own);
  host_->signal(SIGKILL);
  ASSERT_TRUE(host_->wait(10s));
  start_host();
  Screen screen;
  const auto stream = open(own, screen);
  ASSERT_TRUE(stream) << describe(stream.error());
  EXPECT_TRUE(eventually([&] { return screen.pictures() > 0; }));
}

// A device with game pads, and the broker that its session's pads come to.
class LumenDevicePads : public LumenDevice {
 protected:
  LumenDevicePads() {
    const auto path = place_.path() + "/inputd.sock";
    setenv("LUMEN_INPUTD_SOCKET", path.c_str(), 1);
    listener_ = gamepad::listen_at(path).value();
  }
  ~LumenDevicePads() override { unsetenv("LUMEN_INPUTD_SOCKET"); }
  // Takes what the broker hears until `is_it` is among it.
  template <class IsIt>
  bool broker_hears_one(IsIt is_it) {
    return eventually([&] {
      if (!session_) session_.reset(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      while (session_) {
        const auto message = link::receive_to_broker(session_.get());
        if (!message || !*message) return false;
        const auto* event = std::get_if<PadEvent>(&**message);
        if (event != nullptr && is_it(*event)) return true;
      }
      return false;
    });
  }
  bool broker_hears(const PadEvent& wanted) {
    return broker_hears_one([&](const PadEvent& event) { return event == wanted; });
  }
  bool broker_hears_arrival(PadModel model) {
    return broker_hears_one([&](const PadEvent& event) {
      const auto* arrival = std::get_if<PadArrival>(&event);
      return arrival != nullptr && arrival->slot == 1 && arrival->model == model && arrival->identity != 7;
    });
  }
  void broker_says(const PadFeedback& feedback) {
    ASSERT_TRUE(link::send(session_.get(), link::FromBroker{feedback}));
  }
  static bool client_hears(client::LumenClientStream& stream, const PadFeedback& wanted) {
    return eventually([&] {
      const auto feedback = stream.take_feedback();
      return feedback && *feedback == wanted;
    });
  }
  const PadArrival pad_{.slot = 1, .model = PadModel::dualsense, .capabilities = 0xFF, .identity = 7};
  UniqueFd listener_, session_;
};

TEST_F(LumenDevicePads, reach_applications_and_feel_what_these_do) {
  start_host();
  auto own = book();
  pair(own);
  Screen screen;
  const auto stream = open(own, screen);
  ASSERT_TRUE(stream) << describe(stream.error());
  (*stream)->send_pad(pad_);  // as the window does: before there is a connection
  const PadEvent pressed = PadState{.slot = 1, .buttons = pad_button::kA, .left_trigger = 9};
  (*stream)->send_pad(pressed);
  ASSERT_TRUE(broker_hears_arrival(PadModel::dualsense)) << host_->output();
  ASSERT_TRUE(broker_hears(pressed));
  const PadEvent moved = PadState{.slot = 1, .buttons = pad_button::kA, .left_x = -300};
  (*stream)->send_pad(moved);
  EXPECT_TRUE(broker_hears(moved));
  for (const PadEvent& event :
       {PadEvent{PadTouch{.slot = 1, .finger = 1, .touching = true, .x = 3, .y = 4}},
        PadEvent{PadMotion{.slot = 1, .sensor = PadSensor::gyroscope, .x = 1, .y = -2, .z = 3}},
        PadEvent{PadBattery{.slot = 1, .power = PadPower::discharging, .percent = 40}}}) {
    (*stream)->send_pad(event);
    EXPECT_TRUE(broker_hears(event));
  }
  for (const PadFeedback& feedback :
       {PadFeedback{PadRumble{1, 500, 600}}, PadFeedback{PadTriggerRumble{1, 7, 8}},
        PadFeedback{PadLight{1, 1, 2, 3}}, PadFeedback{PadMotionRequest{1, PadSensor::gyroscope, 100}},
        PadFeedback{PadAdaptiveTriggers{1, true, false, {0x21, {1, 2}}, {}}},
        PadFeedback{PadRumble{.slot = 1}}}) {
    broker_says(feedback);
    EXPECT_TRUE(client_hears(**stream, feedback));
  }
  (*stream)->send_pad(PadGone{1});
  EXPECT_TRUE(broker_hears(PadGone{1}));
}

TEST_F(LumenDevicePads, lose_no_press_and_no_last_place_on_a_bad_network) {
  start_host();
  auto own = book();
  pair(own);
  Screen screen;
  const auto stream = open(own, screen, {1280, 720, 60'000}, std::nullopt, {.loss_percent = 30});
  ASSERT_TRUE(stream) << describe(stream.error());
  (*stream)->send_pad(pad_);
  ASSERT_TRUE(broker_hears_arrival(PadModel::dualsense)) << host_->output();
  for (std::uint16_t i = 1; i <= 50; ++i) {
    const PadEvent state = PadState{.slot = 1, .left_x = static_cast<std::int16_t>(i)};
    (*stream)->send_pad(state);
    ASSERT_TRUE(broker_hears(state));
    broker_says(PadRumble{1, i, i});
    ASSERT_TRUE(client_hears(**stream, PadRumble{1, i, i}));
  }
}

TEST_F(LumenDevicePads, are_there_only_while_that_is_permitted) {
  start_host();
  auto own = book();
  pair(own);
  Screen screen;
  const auto stream = open(own, screen);
  ASSERT_TRUE(stream) << describe(stream.error());
  (*stream)->send_pad(pad_);
  ASSERT_TRUE(broker_hears_arrival(PadModel::dualsense)) << host_->output();
  broker_says(PadRumble{1, 500, 600});
  ASSERT_TRUE(client_hears(**stream, PadRumble{1, 500, 600}));
  EXPECT_EQ(host_says({"clients", "permit", device_id(), "view,input"}), "changed\n");
  EXPECT_TRUE(broker_hears(PadGone{1}));
  EXPECT_TRUE(client_hears(**stream, PadRumble{.slot = 1})) << "it must not shake on";
  const PadEvent pressed = PadState{.slot = 1, .buttons = pad_button::kB};
  (*stream)->send_pad(pressed);
  ASSERT_TRUE(eventually(
      [&] { return host_status(place_)["lumen"]["sessions"][0]["client"]["not_permitted"].get<int>() > 0; }));
  EXPECT_EQ(host_says({"clients", "permit", device_id(), "view,input,gamepad"}), "changed\n");
  EXPECT_TRUE(broker_hears_arrival(PadModel::dualsense));
  EXPECT_TRUE(broker_hears(pressed));
}

TEST_F(LumenDevicePads, go_with_the_client) {
  start_host();
  auto own = book();
  pair(own);
  Screen screen;
  auto stream = open(own, screen);
  ASSERT_TRUE(stream) << describe(stream.error());
  (*stream)->send_pad(pad_);
  ASSERT_TRUE(broker_hears_arrival(PadModel::dualsense)) << host_->output();
  stream->reset();
  EXPECT_TRUE(broker_hears(PadGone{1}));
}

// A device, and an application on the desktop that it sees.
class LumenDeviceClipboard : public LumenDevice {
 protected:
  void open_application() {
    app_ = desktop_test::TestClient::connect(place_.runtime_root() + "/session-l0/wayland-0", [] {});
    ASSERT_TRUE(app_);
    app_->open_window({});
    ASSERT_TRUE(comes_true([this] { return app_->activated; }));
  }
  void permit(const std::string& permissions) {
    EXPECT_EQ(host_says({"clients", "permit", device_id(), permissions}), "changed\n");
  }
  template <class Condition>
  bool comes_true(Condition condition) {
    return eventually([&] {
      app_->pump();
      return condition();
    });
  }
  // A key first: applications may copy only then.
  void copy(client::LumenClientStream& stream, const std::string& text) {
    app_->events.clear();
    stream.send_input(Key{30, true});
    stream.send_input(Key{30, false});
    ASSERT_TRUE(comes_true([this] { return !app_->events.empty() && app_->events.back() == "key 30 0"; }));
    app_->offer_text(text);
  }
  bool pastes(const std::string& text) {
    return comes_true([&] {
      if (app_->paste_done && app_->pasted == text) return true;
      if (app_->paste_done || !asked_) {
        app_->paste_done = false;
        app_->pasted.clear();
        app_->request_paste();
        asked_ = true;
      }
      return false;
    });
  }
  std::unique_ptr<desktop_test::TestClient> app_;
  bool asked_ = false;
};

TEST_F(LumenDeviceClipboard, is_one_with_the_desktops_once_that_is_permitted_and_no_longer) {
  start_host({"--log-level", "debug"});
  auto own = book();
  pair(own);
  Screen screen;
  const auto opened = open(own, screen);
  ASSERT_TRUE(opened) << describe(opened.error());
  auto& stream = **opened;
  ASSERT_TRUE(eventually([&] { return screen.pictures() > 0; })) << host_->output();
  EXPECT_FALSE(stream.shares_clipboard()) << "nobody granted it";
  ASSERT_NO_FATAL_FAILURE(open_application());
  ASSERT_NO_FATAL_FAILURE(copy(stream, "SECRET-0"));
  permit("view,input,clipboard");
  ASSERT_TRUE(comes_true([&] { return stream.shares_clipboard(); })) << host_->output();

  const auto large = "SECRET-1 Grüße " + std::string(700'000, 'x');
  ASSERT_NO_FATAL_FAILURE(copy(stream, large));
  std::optional<std::string> came;
  ASSERT_TRUE(comes_true([&] { return (came = stream.take_clipboard()).has_value(); })) << host_->output();
  EXPECT_EQ(*came, large) << "and not what was copied before";
  const auto ours = "SECRET-2 " + std::string(kMaxClipboardBytes - 9, 'y');
  stream.send_clipboard(ours);
  EXPECT_TRUE(pastes(ours)) << app_->pasted.size();
  ASSERT_NO_FATAL_FAILURE(copy(stream, "SECRET-marker"));
  ASSERT_TRUE(comes_true([&] { return (came = stream.take_clipboard()).has_value(); })) << host_->output();
  EXPECT_EQ(*came, "SECRET-marker") << "an echo would come before it";

  permit("view,input");
  ASSERT_TRUE(comes_true([&] { return !stream.shares_clipboard(); }));
  stream.send_clipboard("SECRET-3");
  ASSERT_NO_FATAL_FAILURE(copy(stream, "SECRET-4"));
  permit("view,input,clipboard");
  ASSERT_TRUE(comes_true([&] { return stream.shares_clipboard(); }));
  ASSERT_NO_FATAL_FAILURE(copy(stream, "SECRET-5"));
  ASSERT_TRUE(comes_true([&] { return (came = stream.take_clipboard()).has_value(); }));
  EXPECT_EQ(*came, "SECRET-5");
  EXPECT_EQ(host_->output().find("SECRET-"), std::string::npos) << "texts do not belong into a log";
}

}  // namespace
}  // namespace lumen
