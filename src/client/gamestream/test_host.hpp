// For tests: the HTTP side of a host, made of the host ends of gamestream/http, without a network.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "client/gamestream/game_connection.hpp"
#include "gamestream/http/launch_book.hpp"
#include "gamestream/http/test_identity.hpp"

namespace lumen::client::test {

class FakeHttpHost {
 public:
  gamestream::HostInfo info{.hostname = "Living room",
                            .unique_id = "11111111-2222-4333-8444-555555555555",
                            .ports = gamestream::ports_from(gamestream::kDefaultHttpPort).value()};
  gamestream::AppList apps =
      gamestream::AppList::create({{.id = 7, .title = "Chess & more"}, {.id = 9, .title = "Desktop"}})
          .value();
  gamestream::PairedClients paired;
  gamestream::LaunchBook book;
  std::string typed_pin;  // by the person at the host, as soon as asked
  bool says_cancelled_but_runs = false;
  std::size_t identity = 0;        // number of the test identity that TLS shows
  std::vector<std::string> asked;  // scheme and path of every request
  // Called with each launch that was admitted; the RTSP port for the answer.
  std::function<std::uint16_t(const gamestream::LaunchRequest&)> on_launch = [](const auto&) {
    return std::uint16_t{48010};
  };

  // What the host answers; nullopt while a person is to act.
  HostFetch fetch(const crypto::Identity& client) {
    return [this, &client](const HostGet& get, const std::stop_token& stop) -> Result<std::string> {
      const bool tls = get.scheme == gamestream::Scheme::https;
      asked.push_back((tls ? "https " : "http ") + std::string{get.target.substr(0, get.target.find('?'))});
      if (stop.stop_requested()) return fail(ErrorCode::cancelled, "http.stopped", "stopped");
      EXPECT_EQ(get.to.port(), tls ? info.ports.https : info.ports.http);
      if (tls && (get.pinned == nullptr || *get.pinned != gamestream::test_identity(identity).certificate()))
        return fail(ErrorCode::denied, "http.certificate-changed", "another certificate");
      return answer(get.scheme, get.target,
                    tls ? std::optional{client.certificate().fingerprint()} : std::nullopt);
    };
  }

 private:
  std::string answer(gamestream::Scheme scheme, std::string_view target,
                     std::optional<crypto::Fingerprint> client) {
    const auto local = gamestream::address("127.0.0.1");
    auto routed = api_.route({scheme, "GET", target, client, local, local});
    return std::visit([this](auto& request) { return handle(request); }, routed).body;
  }
  gamestream::Answer handle(gamestream::Answer& answer) { return answer; }
  gamestream::Answer handle(const gamestream::ServerInfoRequest& request) {
    return server_info_answer(info, {.paired = request.client.has_value(),
                                     .local = request.local,
                                     .current_app = request.client ? book.current_app(*request.client) : 0});
  }
  gamestream::Answer handle(gamestream::PairRequest& request) {
    const auto id = gamestream::ReplyId{++last_reply_};
    pairing_.on_request(std::move(request), id, {});
    settle();
    if (!answers_.contains(last_reply_)) {
      EXPECT_TRUE(pairing_.enter_pin(pairing_.prompts().at(0).id, typed_pin, "", {}));
      settle();
    }
    return answers_.at(last_reply_);
  }
  gamestream::Answer handle(const gamestream::UnpairRequest& request) {
    pairing_.on_unpair(request.remote, request.unique_id, {});
    return gamestream::unpair_answer();
  }
  gamestream::Answer handle(const gamestream::AppListRequest&) { return app_list_answer(apps); }
  gamestream::Answer handle(const gamestream::AppAssetRequest&) {
    return gamestream::error_answer(404, "no picture");
  }
  gamestream::Answer handle(const gamestream::LaunchRequest& request) {
    const auto admitted = book.admit(request, apps, {});
    if (const auto* refused = std::get_if<gamestream::Refused>(&admitted)) return refused->answer;
    const auto port = on_launch(request);
    book.start(std::get<gamestream::Admitted>(admitted).id);
    return launch_success(request.verb, session_url(request.local, port, request.encrypted_rtsp));
  }
  gamestream::Answer handle(const gamestream::CancelRequest& request) {
    if (!says_cancelled_but_runs) book.end(request.client);
    return gamestream::cancel_answer(true);
  }
  void settle() {
    for (auto& event : pairing_.take_events()) {
      if (auto* answer = std::get_if<gamestream::PairingAnswer>(&event)) {
        answers_[static_cast<std::uint64_t>(answer->reply)] = answer->answer;
      } else if (auto* proven = std::get_if<gamestream::ClientProven>(&event)) {
        EXPECT_TRUE(paired.add(proven->certificate, proven->name, {}));
        answers_[static_cast<std::uint64_t>(proven->reply)] = gamestream::pair_success();
      }
    }
  }

  gamestream::HttpApi api_{paired};
  gamestream::PairingHost pairing_{gamestream::host_identity()};
  std::uint64_t last_reply_ = 0;
  std::map<std::uint64_t, gamestream::Answer> answers_;
};

}  // namespace lumen::client::test
