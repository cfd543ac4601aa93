// For tests: identities that are made once, for making a key takes long; a host and a client that pair.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "crypto/identity.hpp"
#include "gamestream/http/http_api.hpp"
#include "gamestream/http/pairing_client.hpp"
#include "gamestream/http/pairing_host.hpp"

namespace lumen::gamestream {

inline const crypto::Identity& test_identity(std::size_t number) {
  static const auto identities = [] {
    std::vector<crypto::Identity> made;
    const std::chrono::system_clock::time_point now{std::chrono::seconds{1'800'000'000}};
    for (int i = 0; i < 3; ++i) made.push_back(crypto::Identity::create("test", now).value());
    return made;
  }();
  return identities.at(number);
}
inline const crypto::Identity& host_identity() { return test_identity(0); }
inline const crypto::Identity& client_identity() { return test_identity(1); }

inline IpAddress address(std::string_view text) { return IpAddress::parse(text).value(); }

// The text of the first element `name`, or "(absent)".
inline std::string element(const Answer& answer, std::string_view name) {
  const auto document = read_xml(answer.body).value();
  const auto* child = document.root.child(name);
  return child != nullptr ? child->text : "(absent)";
}
inline std::int64_t status(const Answer& answer) { return read_xml(answer.body).value().status_code; }

// A server around HttpApi, PairingHost and PairedClients that does what their comments demand.
struct TestHost {
  explicit TestHost(PairingLimits limits = {}) : pairing{host_identity(), limits} {}

  PairedClients paired;
  HttpApi api{paired};
  PairingHost pairing;
  Timestamp now{};
  std::uint64_t last_reply = 0;
  std::map<std::uint64_t, Answer> answers;
  std::vector<AttemptEnd> ends;
  std::vector<PairingPrompt> opened;
  bool can_store = true;

  // Hands the request in; its number, with which its answer will stand in `answers`.
  std::uint64_t get(Scheme scheme, std::string_view target, std::string_view remote = "192.0.2.7",
                    std::optional<crypto::Fingerprint> client = std::nullopt) {
    const auto reply = ++last_reply;
    auto routed = api.route({scheme, "GET", target, client, address("192.0.2.1"), address(remote)});
    if (auto* answer = std::get_if<Answer>(&routed)) {
      answers[reply] = *answer;
    } else if (auto* pair = std::get_if<PairRequest>(&routed)) {
      pairing.on_request(std::move(*pair), ReplyId{reply}, now);
    } else if (auto* unpair = std::get_if<UnpairRequest>(&routed)) {
      pairing.on_unpair(unpair->remote, unpair->unique_id, now);
      answers[reply] = unpair_answer();
    }
    settle();
    return reply;
  }
  bool is_answered(std::uint64_t reply) const { return answers.contains(reply); }
  Status enter_pin(std::string_view pin, std::size_t prompt = 0) {
    const auto status = pairing.enter_pin(pairing.prompts().at(prompt).id, pin, "Bedroom TV", now);
    settle();
    return status;
  }
  void pass(Duration time) {
    now += time;
    pairing.advance(now);
    settle();
  }
  void settle() {
    for (auto& event : pairing.take_events()) {
      if (auto* answer = std::get_if<PairingAnswer>(&event)) {
        const bool first = answers.emplace(static_cast<std::uint64_t>(answer->reply), answer->answer).second;
        EXPECT_TRUE(first) << "answered twice";
      } else if (auto* proven = std::get_if<ClientProven>(&event)) {
        const bool stored = can_store && paired.add(proven->certificate, proven->name, {}).has_value();
        answers[static_cast<std::uint64_t>(proven->reply)] = stored ? pair_success() : pair_refusal(500);
      } else if (auto* ended = std::get_if<AttemptEnded>(&event)) {
        ends.push_back(ended->end);
      } else {
        opened.push_back(std::get<PromptOpened>(event).prompt);
      }
    }
  }
};

// A stock client at `remote`, driven request by request.
struct TestClient {
  explicit TestClient(TestHost& at, const crypto::Identity& identity = client_identity(),
                      std::string remote_text = "192.0.2.7", std::string_view unique_id = "0123456789ABCDEF")
      : host{at},
        own{identity},
        remote{std::move(remote_text)},
        machine{PairingClient::create(identity, unique_id, "roth").value()} {}

  TestHost& host;
  const crypto::Identity& own;
  std::string remote;
  PairingClient machine;
  std::uint64_t reply = 0;

  void send() {
    const auto request = machine.next().value();
    reply = host.get(
        request.scheme, request.target, remote,
        request.scheme == Scheme::https ? std::optional{own.certificate().fingerprint()} : std::nullopt);
  }
  Status receive() { return machine.on_answer(host.answers.at(reply).body); }
  // Sends and receives one request after the other until nothing is left or something fails.
  Status finish() {
    while (machine.next()) {
      send();
      LUMEN_CHECK_OK(receive());
    }
    return {};
  }
  // All of it, with the PIN that the person types.
  Status pair(std::string_view pin) {
    send();
    EXPECT_TRUE(host.enter_pin(pin).has_value());
    LUMEN_CHECK_OK(receive());
    return finish();
  }
};

}  // namespace lumen::gamestream
