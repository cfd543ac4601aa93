#include "client/shell/flow.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

namespace lumen::client {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

class FakeStream final : public ClientStream {
 public:
  void send_input(const InputEvent&) override {}
  void send_pad(const PadEvent&) override {}
  std::optional<PadFeedback> take_feedback() override { return std::nullopt; }
  StreamCounters counters() const override { return {}; }
  StreamFacts facts() const override { return {}; }
  std::string notice() const override { return ""; }
  Status verdict() const override { return {}; }
};

class FakeBackend final : public Backend {
 public:
  Protocol protocol() const override { return Protocol::gamestream; }
  Result<HostEntry> host_at(std::string_view address) const override {
    if (address == "bad") return fail(ErrorCode::invalid_argument, "client.host-address", "not an address");
    return HostEntry{
        .id = "at " + std::string{address}, .name = std::string{address}, .address = std::string{address}};
  }
  void discover(RequestId request, std::vector<std::string> wanted) override {
    note("discover");
    search = request;
    addresses = std::move(wanted);
  }
  void list_apps(RequestId request, const std::string& host) override { ask(request, "apps " + host); }
  void pair(RequestId request, const std::string& host) override { ask(request, "pair " + host); }
  void answer(RequestId request, const std::string& pin) override { ask(request, "answer " + pin); }
  void start(RequestId request, const StreamRequest& wanted) override {
    ask(request, "start " + wanted.host_id + " " + wanted.app);
    started = wanted;
  }
  void end_app(RequestId request, const std::string& host) override { ask(request, "end " + host); }
  void forget(RequestId request, const std::string& host) override { ask(request, "forget " + host); }
  void cancel(RequestId request) override { cancelled.push_back(request); }
  std::optional<BackendEvent> poll() override {
    if (events.empty()) return std::nullopt;
    auto event = std::move(events.front());
    events.pop_front();
    return event;
  }

  std::vector<std::string> calls;
  std::vector<std::string> addresses;
  std::vector<RequestId> cancelled;
  RequestId search = 0, last = 0;
  StreamRequest started;
  std::deque<BackendEvent> events;

 private:
  void note(std::string call) { calls.push_back(std::move(call)); }
  void ask(RequestId request, std::string call) {
    last = request;
    note(std::move(call));
  }
};

const HostEntry kReady{
    .id = "ready", .name = "Ready", .address = "192.0.2.1", .reachable = true, .paired = true};
const HostEntry kNew{.id = "new", .name = "New", .address = "192.0.2.2", .reachable = true, .paired = false};

class FlowWithHosts : public testing::Test {
 protected:
  void SetUp() override {
    flow_.open_hosts();
    tell(HostsFound{backend_.search, {kReady, kNew}, true});
    backend_.calls.clear();
  }
  void tell(BackendEvent event) {
    backend_.events.push_back(std::move(event));
    flow_.poll();
  }
  void press(ScreenKey key) { flow_.handle(ScreenPress{key}); }
  void choose(ControlId id) {
    const auto page = flow_.page();
    const auto* control = find_control(page, id);
    ASSERT_NE(control, nullptr) << page.title;
    flow_.handle(
        ScreenPoint{control->box.center_x(), control->box.center_y() - scroll_of(page, flow_.focus()), true});
  }
  void type(std::u32string_view text) {
    for (const auto c : text) flow_.handle(ScreenText{c});
  }
  std::string title() { return flow_.page().title; }
  Error error(std::string_view id) { return {ErrorCode::unavailable, id, "it broke", "mend it"}; }

  FakeBackend backend_;
  Flow flow_{{.backends = {&backend_}, .settings = {}, .display = {1920, 1080, 60'000}}};
};

TEST_F(FlowWithHosts, shows_the_hosts_that_are_found) {
  const auto page = flow_.page();
  ASSERT_NE(find_control(page, kFirst), nullptr);
  EXPECT_EQ(find_control(page, kFirst)->title, "Ready");
  EXPECT_EQ(find_control(page, kFirst + 1)->value, "Not paired yet");
  EXPECT_FALSE(page.busy);
}

TEST_F(FlowWithHosts, from_a_paired_host_to_its_stream_and_back) {
  press(ScreenKey::accept);
  EXPECT_THAT(backend_.calls, ElementsAre("apps ready"));
  tell(AppsFound{backend_.last, {{"1", "Desktop"}, {"2", "Chess", true}}});
  EXPECT_EQ(flow_.focus(), kFirst + 1);  // what runs
  press(ScreenKey::left);
  press(ScreenKey::accept);
  EXPECT_EQ(backend_.calls.back(), "start ready 1");
  EXPECT_EQ(backend_.started.mode, (Mode{1920, 1080, 60'000}));
  tell(Progress{backend_.last, "Starting Desktop"});
  tell(StreamStarted{backend_.last, std::make_unique<FakeStream>()});
  auto action = flow_.take_action();
  ASSERT_TRUE(action);
  ASSERT_NE(std::get_if<BeginStream>(&*action), nullptr);
  EXPECT_EQ(std::get<BeginStream>(*action).host, kReady);
  flow_.stream_over({});
  EXPECT_EQ(title(), "Ready");  // its applications again
  press(ScreenKey::back);
  EXPECT_EQ(title(), "Computers");
}

TEST_F(FlowWithHosts, a_host_that_is_not_paired_shows_the_pin_first_and_then_what_there_is) {
  choose(kFirst + 1);
  EXPECT_THAT(backend_.calls, ElementsAre("pair new"));
  tell(TypeAtHost{backend_.last, "4711"});
  const auto page = flow_.page();
  EXPECT_THAT(page.texts, Contains(testing::Field(&PageText::text, "4 7 1 1")));
  tell(Paired{backend_.last});
  EXPECT_EQ(backend_.calls.back(), "apps new");
}

TEST_F(FlowWithHosts, a_host_that_asks_for_its_pin_gets_what_is_typed_and_asks_again_when_it_was_wrong) {
  choose(kFirst + 1);
  tell(AskForPin{backend_.last});
  type(U"12x3");
  press(ScreenKey::erase);
  press(ScreenKey::accept);
  EXPECT_EQ(backend_.calls.back(), "answer 12x");
  tell(AskForPin{backend_.last, true});
  EXPECT_TRUE(flow_.page().takes_text);
  EXPECT_EQ(flow_.page().field, "");
  choose(kKeys + '7');
  choose(kKeyEnter);
  EXPECT_EQ(backend_.calls.back(), "answer 7");
}

TEST_F(FlowWithHosts, words_to_compare_are_shown) {
  choose(kFirst + 1);
  tell(CompareWords{backend_.last, "amber river"});
  EXPECT_THAT(flow_.page().texts, Contains(testing::Field(&PageText::text, "amber river")));
}

TEST_F(FlowWithHosts, a_start_that_needs_pairing_pairs_and_starts_again) {
  ASSERT_TRUE(flow_.open_host("tv.local", "Chess"));
  EXPECT_EQ(backend_.calls.back(), "start at tv.local Chess");
  tell(Failed{backend_.last, error(kNotPaired)});
  EXPECT_EQ(backend_.calls.back(), "pair at tv.local");
  tell(Paired{backend_.last});
  EXPECT_EQ(backend_.calls.back(), "start at tv.local Chess");
}

TEST_F(FlowWithHosts, what_fails_is_shown_and_can_be_tried_again) {
  press(ScreenKey::accept);
  tell(Failed{backend_.last, error("net.unreachable")});
  EXPECT_EQ(title(), "Ready cannot be reached");
  EXPECT_THAT(flow_.page().texts, Contains(testing::Field(&PageText::text, "It broke")));
  EXPECT_THAT(flow_.page().texts, Contains(testing::Field(&PageText::text, "mend it")));
  choose(kRetry);
  EXPECT_EQ(backend_.calls.back(), "apps ready");
  tell(Failed{backend_.last, error("net.unreachable")});
  choose(kBack);
  EXPECT_EQ(title(), "Computers");
}

TEST_F(FlowWithHosts, cancelling_a_start_tells_the_backend_and_what_comes_late_is_dropped) {
  ASSERT_TRUE(flow_.open_host("tv.local", ""));
  const auto request = backend_.last;
  press(ScreenKey::back);
  EXPECT_THAT(backend_.cancelled, Contains(request));
  EXPECT_EQ(title(), "Computers");
  tell(StreamStarted{request, std::make_unique<FakeStream>()});
  EXPECT_FALSE(flow_.take_action());
  tell(Failed{request, error("late")});
  EXPECT_EQ(title(), "Computers");
}

TEST_F(FlowWithHosts, a_stream_that_breaks_says_why) {
  flow_.stream_over(tl::unexpected{error("client.host-gone")});
  EXPECT_EQ(title(), "The stream ended");
  press(ScreenKey::back);
  EXPECT_EQ(title(), "Computers");
}

TEST_F(FlowWithHosts, an_address_is_added_by_keyboard_and_kept) {
  choose(kAddHost);
  type(U"bad");
  press(ScreenKey::accept);
  EXPECT_THAT(flow_.page().texts, Contains(testing::Field(&PageText::text, "not an address")));
  for (int i = 0; i < 3; ++i) press(ScreenKey::erase);
  type(U"192.0.2.7:47989 \"\\é");  // what no address has is not taken
  EXPECT_EQ(flow_.page().field, "192.0.2.7:47989");
  press(ScreenKey::accept);
  EXPECT_EQ(title(), "Computers");
  EXPECT_THAT(backend_.addresses, ElementsAre("192.0.2.7:47989"));
  auto action = flow_.take_action();
  ASSERT_TRUE(action);
  EXPECT_THAT(std::get<KeepSettings>(*action).settings.addresses, ElementsAre("192.0.2.7:47989"));
}

TEST_F(FlowWithHosts, an_address_is_added_by_pad_alone) {
  choose(kAddHost);
  for (const char c : std::string{"10.0.0.5"}) choose(kKeys + c);
  EXPECT_EQ(flow_.focus(), kKeys + '5');  // the focus stays on the keypad
  choose(kKeyErase);
  choose(kKeys + '6');
  choose(kKeyEnter);
  EXPECT_THAT(backend_.addresses, ElementsAre("10.0.0.6"));
}

TEST_F(FlowWithHosts, forgetting_asks_first) {
  press(ScreenKey::options);
  choose(kForget);
  press(ScreenKey::accept);  // "Cancel" has the focus
  EXPECT_THAT(backend_.calls, IsEmpty());
  choose(kForget);
  choose(kConfirm);
  EXPECT_THAT(backend_.calls, Contains("forget ready"));
  EXPECT_EQ(title(), "Computers");
}

TEST_F(FlowWithHosts, settings_are_changed_by_arrows_and_kept) {
  press(ScreenKey::menu);
  EXPECT_EQ(title(), "Settings");
  press(ScreenKey::right);
  auto action = flow_.take_action();
  ASSERT_TRUE(action);
  EXPECT_EQ(std::get<KeepSettings>(*action).settings.mode, (Mode{1280, 720, 60'000}));
  choose(kReset);
  EXPECT_EQ(std::get<KeepSettings>(*flow_.take_action()).settings, Settings{});
  press(ScreenKey::back);
  EXPECT_EQ(title(), "Computers");
}

TEST_F(FlowWithHosts, going_back_from_the_hosts_quits) {
  press(ScreenKey::back);
  ASSERT_TRUE(flow_.take_action().has_value());
  EXPECT_FALSE(flow_.take_action());
}

TEST_F(FlowWithHosts, the_focus_stays_with_its_host_when_better_ones_are_found) {
  press(ScreenKey::right);
  choose(kSearchAgain);
  press(ScreenKey::up);
  press(ScreenKey::right);
  const auto focused = find_control(flow_.page(), flow_.focus())->title;
  auto better = kReady;
  better.id = better.name = "Better";
  tell(HostsFound{backend_.search, {kNew, better, kReady}, true});
  EXPECT_EQ(find_control(flow_.page(), flow_.focus())->title, focused);
  EXPECT_EQ(find_control(flow_.page(), kFirst + 2)->title, "New");
}

TEST_F(FlowWithHosts, what_a_search_does_not_find_again_stays_until_its_end) {
  choose(kSearchAgain);
  EXPECT_TRUE(flow_.page().busy);
  tell(HostsFound{backend_.search, {kNew}, false});
  EXPECT_EQ(find_control(flow_.page(), kFirst)->title, "Ready");
  tell(HostsFound{backend_.search, {kNew}, true});
  EXPECT_EQ(find_control(flow_.page(), kFirst)->title, "New");
}

TEST_F(FlowWithHosts, the_pointer_focuses_and_clicks) {
  const auto page = flow_.page();
  const auto* second = find_control(page, kFirst + 1);
  flow_.handle(ScreenPoint{second->box.x + 5, second->box.y + 5});
  EXPECT_EQ(flow_.focus(), kFirst + 1);
  flow_.handle(ScreenPoint{5, 5, true});  // nothing there
  EXPECT_THAT(backend_.calls, IsEmpty());
}

TEST_F(FlowWithHosts, anything_a_person_may_press_anywhere_does_no_harm) {
  constexpr std::array kKeysToPress{ScreenKey::up,       ScreenKey::down,   ScreenKey::left,
                                    ScreenKey::right,    ScreenKey::accept, ScreenKey::menu,
                                    ScreenKey::options,  ScreenKey::erase,  ScreenKey::next,
                                    ScreenKey::previous, ScreenKey::back};
  std::uint32_t seed = 1;
  for (int i = 0; i < 20'000; ++i) {
    seed = seed * 1'664'525U + 1'013'904'223U;
    press(kKeysToPress.at((seed >> 16U) % kKeysToPress.size()));
    switch ((seed >> 8U) % 23) {
      case 0:
        tell(AppsFound{backend_.last, {{"1", "Desktop"}}});
        break;
      case 1:
        tell(Failed{backend_.last, error(kNotPaired)});
        break;
      case 2:
        tell(AskForPin{backend_.last, true});
        break;
      case 3:
        tell(Paired{backend_.last});
        break;
      case 4:
        tell(HostsFound{backend_.search, {kNew, kReady}, true});
        break;
      case 5:
        tell(StreamStarted{backend_.last, std::make_unique<FakeStream>()});
        break;
      case 6:
        tell(Done{backend_.last});
        break;
      case 7:
        flow_.stream_over({});
        break;
      default:
        break;
    }
    while (flow_.take_action()) {
    }
    ASSERT_NE(find_control(flow_.page(), flow_.focus()), nullptr) << title();
  }
}

}  // namespace
}  // namespace lumen::client
