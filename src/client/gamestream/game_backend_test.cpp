// The backend against real HTTP is an end-to-end test's; here what needs no host.
#include "client/gamestream/game_backend.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <thread>

#include "client/gamestream/host_search.hpp"
#include "client/gamestream/test_folder.hpp"

namespace lumen::client {
namespace {

using namespace std::chrono_literals;

class GameBackendAlone : public testing::Test {
 protected:
  void SetUp() override {
    auto book = HostBook::open(folder_.path() + "/book");
    ASSERT_TRUE(book) << describe(book.error());
    net::MdnsBrowse browse;
    browse.timeout = 50ms;
    auto made = create_game_backend({.book = std::move(*book), .outputs = {}, .browse = browse}, *log_);
    ASSERT_TRUE(made) << describe(made.error());
    backend_ = std::move(*made);
  }
  // The next event, or one that holds nothing.
  BackendEvent next() {
    const auto deadline = SteadyTime{}.now() + 20s;
    while (SteadyTime{}.now() < deadline) {
      if (auto event = backend_->poll()) return std::move(*event);
      std::this_thread::yield();
    }
    ADD_FAILURE() << "no event came";
    return Done{};
  }
  std::vector<HostEntry> search(RequestId request, std::vector<std::string> addresses) {
    backend_->discover(request, std::move(addresses));
    for (;;) {
      auto event = next();
      auto* found = std::get_if<HostsFound>(&event);
      if (found == nullptr) return {};
      if (found->complete) return found->hosts;
    }
  }

  test::Folder folder_;
  std::shared_ptr<Logger> log_ = make_null_logger();
  std::unique_ptr<Backend> backend_;
};

constexpr const char* kNobody = "127.0.0.1:9";  // the discard port: refused at once

TEST_F(GameBackendAlone, an_address_that_a_person_named_is_listed_though_it_does_not_answer) {
  const auto hosts = search(1, {kNobody, "not an address"});
  const auto found = std::ranges::find(hosts, kNobody, &HostEntry::address);
  ASSERT_NE(found, hosts.end());
  EXPECT_FALSE(found->reachable);
  EXPECT_FALSE(found->paired);
}

TEST_F(GameBackendAlone, what_cannot_be_reached_fails_with_a_reason) {
  const auto host = backend_->host_at(kNobody);
  ASSERT_TRUE(host);
  const std::vector<std::function<void(RequestId)>> all{
      [&](RequestId request) { backend_->list_apps(request, host->id); },
      [&](RequestId request) { backend_->pair(request, host->id); },
      [&](RequestId request) {
        backend_->start(request, {.host_id = host->id, .mode = {1280, 720, 60'000}});
      },
      [&](RequestId request) { backend_->end_app(request, host->id); }};
  RequestId request = 10;
  for (const auto& ask : all) {
    ask(++request);
    const auto event = next();
    const auto* failed = std::get_if<Failed>(&event);
    ASSERT_NE(failed, nullptr);
    EXPECT_EQ(failed->request, request);
    EXPECT_FALSE(failed->error.what.empty());
  }
}

TEST_F(GameBackendAlone, forgetting_a_host_that_is_not_known_is_done_at_once) {
  backend_->forget(3, backend_->host_at(kNobody)->id);
  const auto event = next();
  EXPECT_NE(std::get_if<Done>(&event), nullptr);
}

TEST_F(GameBackendAlone, a_search_makes_way_for_other_work) {
  backend_->discover(1, {});
  backend_->list_apps(2, backend_->host_at(kNobody)->id);
  bool search_over = false;
  for (;;) {
    const auto event = next();
    if (const auto* found = std::get_if<HostsFound>(&event)) search_over = found->complete;
    if (std::get_if<Failed>(&event) != nullptr) break;
  }
  EXPECT_TRUE(search_over);
}

TEST_F(GameBackendAlone, addresses_are_checked_without_asking_anybody) {
  EXPECT_FALSE(backend_->host_at("two words"));
  EXPECT_EQ(backend_->host_at("tv.local")->address, "tv.local");
  EXPECT_EQ(to_string(*address_of_game_host(backend_->host_at("[2001:db8::1]:48989")->id)),
            "[2001:db8::1]:48989");
}

TEST_F(GameBackendAlone, it_ends_while_it_works) {
  backend_->discover(1, {"192.0.2.1"});
  backend_->list_apps(2, backend_->host_at("192.0.2.1")->id);
  backend_.reset();
}

}  // namespace
}  // namespace lumen::client
