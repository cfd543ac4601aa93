// lumen/1 from pairing to pictures: the real lumen-host, and a client's own code against it.
#include <csignal>

#include <atomic>

#include <gtest/gtest.h>

#include "client/lumen1/lumen_backend.hpp"
#include "client/lumen1/lumen_book.hpp"
#include "client/lumen1/lumen_client_stream.hpp"
#include "codec/software.hpp"
#include "host/control_socket.hpp"
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
                                                          std::optional<Codec> codec = std::nullopt) {
    LUMEN_TRY(auto connection, connect(book));
    return client::LumenClientStream::start(std::move(connection),
                                            {.host_id = {}, .app = {}, .mode = mode, .codec = codec}, {},
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
  for (const auto codec : {Codec::hevc, Codec::av1}) {
    Screen screen;
    Result<std::unique_ptr<client::LumenClientStream>> stream = nullptr;
    // Once the host has measured its encoders.
    ASSERT_TRUE(eventually(
        [&] {
          stream = open(own, screen, {320, 180, 20'000}, codec);
          return stream.has_value();
        },
        30s))
        << describe(stream.error());
    EXPECT_EQ((*stream)->facts().codec, to_string(codec));
    EXPECT_TRUE(eventually([&] { return screen.pictures() > 10; })) << to_string(codec);
    EXPECT_EQ(screen.codec(), codec);
  }
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

}  // namespace
}  // namespace lumen
