// A host with its desk and book, and clients that talk with it, for the tests of lumen1/control.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lumen1/control/client_dialogue.hpp"
#include "lumen1/control/host_dialogue.hpp"

namespace lumen::lumen1::control::test {

using Buffer = std::vector<std::byte>;
using std::chrono::minutes;
using std::chrono::seconds;

inline constexpr Timestamp kStart{seconds{1000}};
inline constexpr std::chrono::sys_seconds kToday{seconds{1'800'000'000}};

inline crypto::Fingerprint fingerprint(int number) {
  crypto::Fingerprint print{};
  print.fill(static_cast<std::byte>(number));
  return print;
}

// A TLS connection as pairing sees it: its two ends export the same, two connections never do.
inline Exporter connection(int number) {
  return [number](std::string_view label, MutableBytes out) {
    const auto hash = crypto::sha256({as_view(label), as_view(std::to_string(number))}).value();
    std::ranges::copy_n(hash.begin(), static_cast<std::ptrdiff_t>(out.size()), out.begin());
    return true;
  };
}

template <class Event, class Events>
const Event* find(const Events& events) {
  for (const auto& event : events) {
    if (const auto* found = std::get_if<Event>(&event)) return found;
  }
  return nullptr;
}

inline StreamWish some_wish() { return {.mode = {1920, 1080, 60'000}, .formats = {{}}}; }
inline Stream some_stream() { return {.mode = {1920, 1080, 60'000}}; }

struct Host {
  DeviceBook book;
  PairingDesk desk;
  bool can_store = true;
  crypto::Fingerprint own = fingerprint(0x51);

  CodeOffer show_code(Timestamp now, CodeKind kind = CodeKind::digits) {
    return desk.offer_code(kind, Permissions::all(), now).value();
  }
  // What an owner does with a device that has proven itself.
  void store(const StoreDevice& device) {
    if (!can_store) return;
    EXPECT_TRUE(book.add(device.fingerprint, device.name, device.permissions, kToday));
  }
};

struct TalkOptions {
  int client = 0xC1, connection_number = 1;
  std::string address = "192.0.2.7", device_name = "laptop";
  ClientDialogueParams client_params{};
  HostDialogueParams host_params{};
};

// One connection: a client's dialogue and the host's, and the bytes between them.
class Talk {
 public:
  explicit Talk(Host& of, const TalkOptions& options = {}) : host_{of}, address{options.address} {
    auto to_client = options.client_params;
    to_client.client = fingerprint(options.client);
    to_client.host = of.own;
    to_client.exporter = connection(options.connection_number);
    to_client.device_name = options.device_name;
    to_client.program = "lumen-client 1";
    client = std::make_unique<ClientDialogue>(std::move(to_client), now);
    auto to_host = options.host_params;
    to_host.client = fingerprint(options.client);
    to_host.host = of.own;
    to_host.address = options.address;
    to_host.exporter = connection(options.connection_number);
    to_host.host_name = "desk";
    to_host.program = "lumen-host 1";
    host = std::make_unique<HostDialogue>(std::move(to_host), of.book, of.desk, now);
  }

  // Carries bytes until both are silent; stores devices as an owner does; keeps the events.
  void run() {
    for (bool busy = true; busy;) {
      busy = carry_to_host(client->take_output());
      host->advance(now);
      collect_host_events();
      busy = carry_to_client(host->take_output()) || busy;
      client->advance(now);
      for (auto& event : client->take_events()) at_client.push_back(std::move(event));
    }
  }
  void advance(Duration by) {
    now += by;
    host_.desk.advance(now);
    run();
  }

  bool is_paired() const { return host->is_paired() && find<PairedNow>(at_client) != nullptr; }
  const PairingFailed* failure() const { return find<PairingFailed>(at_client); }
  // Both, and only for what this connection did.
  void forget_events() {
    at_client.clear();
    at_host.clear();
  }
  void pair_with(std::string_view code) {
    EXPECT_TRUE(client->pair_with_code(code, now));
    run();
  }

  Timestamp now = kStart;
  std::size_t chop = 0;  // bytes at a time; 0: all at once
  std::function<void(Buffer&)> meddle_to_host = [](Buffer&) {}, meddle_to_client = [](Buffer&) {};
  std::unique_ptr<ClientDialogue> client;
  std::unique_ptr<HostDialogue> host;
  std::vector<ClientEvent> at_client;
  std::vector<HostEvent> at_host;

 private:
  void collect_host_events() {
    for (auto& event : host->take_events()) {
      if (const auto* device = std::get_if<StoreDevice>(&event)) {
        host_.store(*device);
        host->stored(host_.can_store);
      }
      at_host.push_back(std::move(event));
    }
  }
  template <class End>
  bool carry(End& end, ByteView bytes) {
    const auto step = chop == 0 ? std::max<std::size_t>(bytes.size(), 1) : chop;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      end.receive(bytes.subspan(at, std::min(step, bytes.size() - at)), now);
    }
    return !bytes.empty();
  }
  bool carry_to_host(Buffer bytes) {
    if (!bytes.empty()) meddle_to_host(bytes);
    return carry(*host, bytes);
  }
  bool carry_to_client(Buffer bytes) {
    if (!bytes.empty()) meddle_to_client(bytes);
    return carry(*client, bytes);
  }

  Host& host_;
  std::string address;
};

// With a host of its own, and ways to come to where a test begins.
class Dialogue : public testing::Test {
 protected:
  void pair(Permissions permissions = Permissions::all()) {
    ASSERT_TRUE(host.book.add(test::fingerprint(0xC1), "laptop", permissions, test::kToday));
  }
  // A talk with a device that is paired already; its hellos are over.
  std::unique_ptr<Talk> paired_talk(const TalkOptions& options = {}) {
    pair();
    auto talk = std::make_unique<Talk>(host, options);
    talk->run();
    EXPECT_TRUE(talk->host->is_paired());
    talk->forget_events();
    return talk;
  }
  // Opened as session `session`.
  static void open(Talk& talk, SessionId session) {
    const auto request = talk.client->open(7, 0, some_wish(), talk.now).value();
    talk.run();
    ASSERT_TRUE(talk.host->opened(request, session, 5, some_stream()));
    talk.run();
    ASSERT_NE(find<Opened>(talk.at_client), nullptr);
    talk.forget_events();
  }
  Host host;
};

}  // namespace lumen::lumen1::control::test
