#include "worker/sound_focus.hpp"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "audio/default_sink.hpp"
#include "desktop/testing/test_session.hpp"

namespace lumen::worker {
namespace {

using namespace std::chrono_literals;
using desktop_test::eventually;

class Journal final : public RestoreJournal {
 public:
  Result<EntryId> write(std::string_view backend, std::string_view change) override {
    if (full) return fail(ErrorCode::unavailable, "restore.write", "the disk is full");
    EXPECT_EQ(backend, kSoundFocusName);
    entries[++last] = change;
    return last;
  }
  void erase(EntryId id) override { entries.erase(id); }
  std::vector<std::string> changes_of_others(std::string_view /*backend*/) const override {
    std::vector<std::string> all;
    for (const auto& [id, change] : others->entries) all.push_back(change);
    return all;
  }
  const Journal* others = this;
  bool full = false;
  EntryId last = 0;
  std::map<EntryId, std::string> entries;
};

class FocusOfSound : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(eventually([&] { return audio::configured_sink(socket_, 5s).has_value(); }));
    ASSERT_TRUE(audio::set_configured_sink(socket_, "speakers", 5s));
    ASSERT_TRUE(eventually([&] { return chosen() == "speakers"; }));
  }
  std::optional<std::string> chosen() { return audio::configured_sink(socket_, 5s).value(); }
  Result<std::unique_ptr<SoundFocus>> take() { return SoundFocus::take(socket_, "lumen-7", journal_, *log_); }

  desktop_test::PrivateSession session_;
  std::string socket_ = session_.pipewire_socket();
  Journal journal_;
  std::shared_ptr<Logger> log_ = make_null_logger();
};

TEST_F(FocusOfSound, is_the_sessions_while_it_lasts_and_the_persons_afterwards) {
  auto focus = take();
  ASSERT_TRUE(focus) << describe(focus.error());
  EXPECT_TRUE(eventually([&] { return chosen() == "lumen-7"; }));
  EXPECT_EQ(journal_.entries.size(), 1U);
  focus->reset();
  EXPECT_TRUE(eventually([&] { return chosen() == "speakers"; }));
  EXPECT_TRUE(journal_.entries.empty());
}

// One session ends while another goes on, in either order.
TEST_F(FocusOfSound, of_two_sessions_ends_with_what_the_person_chose) {
  for (const bool first_ends_first : {true, false}) {
    Journal first_journal, second_journal;
    first_journal.others = &second_journal;
    second_journal.others = &first_journal;
    auto first = SoundFocus::take(socket_, "lumen-1", first_journal, *log_).value();
    ASSERT_TRUE(eventually([&] { return chosen() == "lumen-1"; }));
    auto second = SoundFocus::take(socket_, "lumen-2", second_journal, *log_).value();
    ASSERT_TRUE(eventually([&] { return chosen() == "lumen-2"; }));
    (first_ends_first ? first : second).reset();
    if (!first_ends_first) {
      EXPECT_TRUE(eventually([&] { return chosen() == "lumen-1"; })) << "the other goes on";
    }
    first.reset();
    second.reset();
    EXPECT_TRUE(eventually([&] { return chosen() == "speakers"; })) << first_ends_first;
  }
}

TEST_F(FocusOfSound, what_a_crash_left_is_undone_from_the_journal) {
  auto focus = take();
  ASSERT_TRUE(focus);
  ASSERT_TRUE(eventually([&] { return chosen() == "lumen-7"; }));
  EXPECT_TRUE(undo_sound_focus(journal_.entries.begin()->second, {}, *log_));
  EXPECT_TRUE(eventually([&] { return chosen() == "speakers"; }));
}

TEST_F(FocusOfSound, nothing_is_changed_that_cannot_be_written_down) {
  journal_.full = true;
  EXPECT_FALSE(take());
  EXPECT_EQ(chosen(), "speakers");
}

TEST_F(FocusOfSound, the_entry_stays_when_pipewire_has_gone) {
  auto focus = take();
  ASSERT_TRUE(focus);
  session_.kill_pipewire();
  focus->reset();
  EXPECT_EQ(journal_.entries.size(), 1U);
  EXPECT_FALSE(undo_sound_focus(journal_.entries.begin()->second, {}, *log_));
}

TEST_F(FocusOfSound, nonsense_in_the_journal_undoes_nothing) {
  for (const char* text : {"", "[]", "{}", R"({"socket":1,"ours":"x"})"}) {
    EXPECT_TRUE(undo_sound_focus(text, {}, *log_)) << text;
  }
  EXPECT_EQ(chosen(), "speakers");
}

}  // namespace
}  // namespace lumen::worker
