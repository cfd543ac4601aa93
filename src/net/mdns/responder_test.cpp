#include "net/mdns/responder.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace lumen::net::mdns {
namespace {

using namespace std::chrono_literals;

const DnsName kService = DnsName::of("_nvstream._tcp.local");
const DnsName kList = DnsName::of("_services._dns-sd._udp.local");
const DnsName kHost = DnsName::of("box.local");
const std::string kV4("\x0a\0\0\x01", 4),
    kOtherV4("\x0a\0\0\x09", 4), kV6 = "\xfd" + std::string(14, '\0') + "\x01";
constexpr unsigned kEth = 2, kWlan = 3;

DnsName instance(const std::string& label = "box") {
  DnsName name;
  name.append(label);
  return name.under(kService);
}
Endpoint peer(std::uint16_t port = 5353) { return Endpoint::parse("10.0.0.9", port).value(); }

// A responder with a clock, and what it said.
class ResponderTest : public testing::Test {
 protected:
  struct Said {
    Timestamp at;
    unsigned interface;
    std::optional<Endpoint> to;
    DnsMessage message;
  };

  void set_interfaces(std::vector<LocalInterface> multicast) {
    LocalInterfaces all{.multicast = std::move(multicast)};
    for (const auto& interface : all.multicast) {
      for (const auto& address : interface.addresses) all.own_addresses.push_back(address.bytes);
    }
    responder_.set_interfaces(std::move(all), now_);
  }
  void use_eth() { set_interfaces({{kEth, {{kV4, 24}, {kV6, 64}}}}); }

  // Lets `time` go by and gathers what is said in it.
  std::vector<Said> after(Duration time) {
    std::vector<Said> said;
    const auto end = now_ + time;
    for (;;) {
      responder_.advance(now_);
      for (auto& out : responder_.take_outgoing()) {
        said.push_back({now_, out.interface, out.to, decode_dns(out.bytes).value()});
      }
      const auto next = responder_.next_time();
      EXPECT_GT(next, now_) << "what is due has been done";
      if (next > end) break;
      now_ = next;
    }
    now_ = end;
    return said;
  }
  void establish() {
    use_eth();
    after(10s);
    ASSERT_TRUE(responder_.is_established());
  }
  void hear(const DnsMessage& message, const Endpoint& from = peer(), unsigned interface = kEth) {
    responder_.on_datagram(interface, from, encode_dns(message), now_);
  }
  std::vector<Said> ask(const DnsMessage& query, const Endpoint& from = peer()) {
    hear(query, from);
    return after(600ms);
  }

  Responder responder_{{.name = "box", .host = "box", .service = kService, .port = 47989}};
  Timestamp now_ = from_ns(1'000'000'000'000);
};

DnsMessage question(const DnsName& name, DnsType type, bool unicast = false) {
  return {.questions = {{name, type, unicast}}};
}
bool holds(const std::vector<DnsRecord>& records, const DnsName& name, DnsType type,
           const std::string& data) {
  return std::ranges::any_of(records, [&](const DnsRecord& record) {
    return record.name == name && record.type == type && record.data == data;
  });
}
DnsRecord srv_record(const std::string& label, const DnsName& host, std::uint16_t port) {
  return {instance(label), DnsType::srv, true, 120, make_srv_data({port, host})};
}

TEST_F(ResponderTest, probes_three_times_and_announces_twice) {
  use_eth();
  const auto said = after(10s);
  ASSERT_EQ(said.size(), 5U);
  for (std::size_t i = 0; i < 3; ++i) {
    const auto& probe = said[i].message;
    EXPECT_FALSE(probe.is_response);
    EXPECT_EQ(probe.questions, (std::vector<DnsQuestion>{{instance(), DnsType::any}, {kHost, DnsType::any}}));
    EXPECT_TRUE(holds(probe.authorities, instance(), DnsType::srv, make_srv_data({47989, kHost})));
    EXPECT_TRUE(holds(probe.authorities, kHost, DnsType::a, kV4));
  }
  EXPECT_EQ(said[1].at - said[0].at, 250ms);
  EXPECT_EQ(said[2].at - said[1].at, 250ms);
  EXPECT_EQ(said[3].at - said[2].at, 250ms);
  EXPECT_EQ(said[4].at - said[3].at, 1s);
  for (std::size_t i = 3; i < 5; ++i) {
    const auto& announcement = said[i].message;
    EXPECT_TRUE(announcement.is_response);
    EXPECT_FALSE(said[i].to);
    EXPECT_TRUE(holds(announcement.answers, kService, DnsType::ptr, instance().wire()));
    EXPECT_TRUE(holds(announcement.answers, instance(), DnsType::srv, make_srv_data({47989, kHost})));
    EXPECT_TRUE(holds(announcement.answers, instance(), DnsType::txt, std::string(1, '\0')));
    EXPECT_TRUE(holds(announcement.answers, kHost, DnsType::a, kV4));
    EXPECT_TRUE(holds(announcement.answers, kHost, DnsType::aaaa, kV6));
    for (const auto& record : announcement.answers) {
      EXPECT_EQ(record.flushes_cache, record.type != DnsType::ptr);
      EXPECT_EQ(record.ttl_s, record.type == DnsType::ptr || record.type == DnsType::txt ? 4500U : 120U);
    }
  }
}

TEST_F(ResponderTest, says_nothing_without_a_network) {
  EXPECT_TRUE(after(10s).empty());
  establish();
  set_interfaces({});
  EXPECT_FALSE(responder_.is_established());
  EXPECT_TRUE(ask(question(kService, DnsType::ptr)).empty());
  EXPECT_TRUE(responder_.goodbye().empty());
}

TEST_F(ResponderTest, answers_with_everything_that_is_asked_next) {
  establish();
  const auto begin = now_;
  const auto said = ask(question(kService, DnsType::ptr));
  ASSERT_EQ(said.size(), 1U);
  EXPECT_GE(said[0].at - begin, 20ms);
  EXPECT_LE(said[0].at - begin, 120ms);
  EXPECT_FALSE(said[0].to);
  const auto& answer = said[0].message;
  ASSERT_EQ(answer.answers.size(), 1U);
  EXPECT_TRUE(holds(answer.answers, kService, DnsType::ptr, instance().wire()));
  EXPECT_TRUE(holds(answer.additionals, instance(), DnsType::srv, make_srv_data({47989, kHost})));
  EXPECT_TRUE(holds(answer.additionals, instance(), DnsType::txt, std::string(1, '\0')));
  EXPECT_TRUE(holds(answer.additionals, kHost, DnsType::a, kV4));
  EXPECT_TRUE(holds(answer.additionals, kHost, DnsType::aaaa, kV6));
}

TEST_F(ResponderTest, answers_for_each_of_its_names_at_once_where_no_other_can) {
  establish();
  const auto answers = [&](const DnsName& name, DnsType type) {
    after(2s);
    const auto begin = now_;
    const auto said = ask(question(name, type));
    if (said.size() != 1) return std::vector<DnsRecord>{};
    EXPECT_EQ(said[0].at, begin);
    return said[0].message.answers;
  };
  EXPECT_TRUE(holds(answers(DnsName::of("BOX._NVSTREAM._tcp.LOCAL"), DnsType::srv), instance(), DnsType::srv,
                    make_srv_data({47989, kHost})));
  EXPECT_TRUE(holds(answers(instance(), DnsType::txt), instance(), DnsType::txt, std::string(1, '\0')));
  EXPECT_EQ(answers(instance(), DnsType::any).size(), 2U);
  EXPECT_TRUE(holds(answers(kHost, DnsType::a), kHost, DnsType::a, kV4));
  EXPECT_TRUE(holds(answers(kHost, DnsType::aaaa), kHost, DnsType::aaaa, kV6));
  EXPECT_TRUE(holds(answers(kHost, DnsType::txt), kHost, DnsType::nsec,
                    make_nsec_data(kHost, {DnsType::a, DnsType::aaaa})));
  EXPECT_TRUE(answers(DnsName::of("other.local"), DnsType::a).empty());
  EXPECT_TRUE(answers(kService, DnsType::txt).empty());
  const auto list = ask(question(kList, DnsType::ptr));
  ASSERT_EQ(list.size(), 1U);
  EXPECT_TRUE(holds(list[0].message.answers, kList, DnsType::ptr, kService.wire()));
}

TEST_F(ResponderTest, denies_the_address_that_it_has_not) {
  set_interfaces({{kEth, {{kV4, 24}}}});
  after(10s);
  const auto said = ask(question(kHost, DnsType::aaaa));
  ASSERT_EQ(said.size(), 1U);
  EXPECT_TRUE(holds(said[0].message.answers, kHost, DnsType::nsec, make_nsec_data(kHost, {DnsType::a})));
}

TEST_F(ResponderTest, leaves_out_what_the_querier_knows) {
  establish();
  auto query = question(kService, DnsType::ptr);
  query.answers.push_back({kService, DnsType::ptr, false, 2250, instance().wire()});
  EXPECT_TRUE(ask(query).empty());
  query.answers[0].ttl_s = 2249;
  EXPECT_EQ(ask(query).size(), 1U) << "it is about to forget";
  after(2s);
  query.answers[0] = {kService, DnsType::ptr, false, 4500, instance("other").wire()};
  EXPECT_EQ(ask(query).size(), 1U);
}

TEST_F(ResponderTest, waits_for_the_rest_of_what_the_querier_knows) {
  establish();
  auto query = question(kService, DnsType::ptr);
  query.is_truncated = true;
  hear(query);
  EXPECT_TRUE(after(300ms).empty());
  hear({.answers = {{kService, DnsType::ptr, false, 4500, instance().wire()}}});
  EXPECT_TRUE(after(1s).empty());
  const auto begin = now_;
  const auto said = ask(query);
  ASSERT_EQ(said.size(), 1U);
  EXPECT_GE(said[0].at - begin, 400ms);
}

TEST_F(ResponderTest, multicasts_a_record_once_a_second) {
  establish();
  EXPECT_EQ(ask(question(kHost, DnsType::a)).size(), 1U);
  EXPECT_TRUE(ask(question(kHost, DnsType::a)).empty());
  EXPECT_EQ(ask(question(kHost, DnsType::a)).size(), 1U);
}

TEST_F(ResponderTest, answers_one_alone_who_wishes_so) {
  establish();
  const auto said = ask(question(kService, DnsType::ptr, true));
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said[0].to, peer());
  EXPECT_TRUE(holds(said[0].message.answers, kService, DnsType::ptr, instance().wire()));
  after(40s);
  const auto later = ask(question(kHost, DnsType::a, true));
  ASSERT_EQ(later.size(), 1U);
  EXPECT_FALSE(later[0].to) << "the others are about to forget";
}

TEST_F(ResponderTest, answers_plain_dns_clients_in_their_way) {
  establish();
  auto query = question(kService, DnsType::ptr, true);
  query.id = 4711;
  const auto begin = now_;
  const auto said = ask(query, peer(40000));
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said[0].at, begin);
  EXPECT_EQ(said[0].to, peer(40000));
  EXPECT_EQ(said[0].message.id, 4711);
  EXPECT_EQ(said[0].message.questions, question(kService, DnsType::ptr).questions);
  for (const auto* records : {&said[0].message.answers, &said[0].message.additionals}) {
    for (const auto& record : *records) {
      EXPECT_FALSE(record.flushes_cache);
      EXPECT_LE(record.ttl_s, 10U);
    }
  }
}

TEST_F(ResponderTest, takes_another_name_when_its_own_is_taken) {
  use_eth();
  after(300ms);
  hear({.is_response = true, .answers = {srv_record("box", DnsName::of("other.local"), 47989)}});
  auto said = after(10s);
  EXPECT_EQ(responder_.instance(), instance("box #2"));
  EXPECT_EQ(responder_.host(), kHost) << "only what is taken";
  EXPECT_TRUE(holds(said.back().message.answers, kService, DnsType::ptr, instance("box #2").wire()));
  EXPECT_EQ(std::ranges::count_if(said, [](const Said& one) { return !one.message.is_response; }), 3);
}

TEST_F(ResponderTest, takes_another_host_name_when_its_own_is_taken) {
  use_eth();
  after(300ms);
  hear({.is_response = true, .answers = {{kHost, DnsType::a, true, 120, kOtherV4}}});
  const auto said = after(10s);
  EXPECT_EQ(responder_.host(), DnsName::of("box-2.local"));
  EXPECT_TRUE(holds(said.back().message.answers, instance(), DnsType::srv,
                    make_srv_data({47989, DnsName::of("box-2.local")})));
}

TEST_F(ResponderTest, probes_again_when_somebody_else_claims_its_name_and_yields_to_who_answers) {
  establish();
  const DnsMessage claim{.is_response = true, .answers = {srv_record("box", DnsName::of("other.local"), 1)}};
  hear(claim);
  EXPECT_FALSE(responder_.is_established());
  after(10s);
  EXPECT_EQ(responder_.instance(), instance()) << "nobody defended it";
  hear(claim);
  after(300ms);
  hear(claim);
  after(10s);
  EXPECT_EQ(responder_.instance(), instance("box #2"));
}

TEST_F(ResponderTest, is_not_troubled_by_itself_and_by_other_programs_of_this_machine) {
  const std::string wlan_v4("\x0a\0\0\x02", 4);
  set_interfaces({{kEth, {{kV4, 24}}}, {kWlan, {{wlan_v4, 24}}}});
  // Both interfaces are on one network: each hears what is said on the other.
  for (int i = 0; i < 20; ++i) {
    for (const auto& said : after(250ms)) hear(said.message, peer(), said.interface == kEth ? kWlan : kEth);
  }
  EXPECT_TRUE(responder_.is_established());
  EXPECT_EQ(responder_.instance(), instance());
  EXPECT_EQ(responder_.host(), kHost);
}

TEST_F(ResponderTest, only_believes_answers_from_the_port_of_multicast_dns) {
  establish();
  hear({.is_response = true, .answers = {srv_record("box", DnsName::of("other.local"), 1)}}, peer(40000));
  EXPECT_TRUE(responder_.is_established());
}

TEST_F(ResponderTest, the_greater_of_two_that_probe_at_once_wins) {
  const auto rival_probe = [](std::uint16_t port) {
    return DnsMessage{.questions = {{instance(), DnsType::any}},
                      .authorities = {srv_record("box", kHost, port),
                                      {instance(), DnsType::txt, false, 4500, std::string(1, '\0')}}};
  };
  use_eth();
  after(300ms);
  hear(rival_probe(1));
  EXPECT_LE(responder_.next_time() - now_, 250ms) << "ours is greater";
  hear(rival_probe(60000));
  EXPECT_EQ(responder_.next_time() - now_, 1s);
  after(10s);
  EXPECT_EQ(responder_.instance(), instance()) << "the rival has gone";
}

TEST_F(ResponderTest, defends_its_name_against_probes) {
  establish();
  const DnsMessage probe{.questions = {{instance(), DnsType::any, true}},
                         .authorities = {srv_record("box", DnsName::of("other.local"), 60000)}};
  for (int i = 0; i < 3; ++i) {
    hear(probe);
    const auto said = after(250ms);
    ASSERT_EQ(said.size(), 1U);
    EXPECT_FALSE(said[0].to);
    EXPECT_TRUE(holds(said[0].message.answers, instance(), DnsType::srv, make_srv_data({47989, kHost})));
  }
}

TEST_F(ResponderTest, slows_down_when_every_name_is_taken) {
  use_eth();
  for (int i = 0; i < 40; ++i) {
    hear({.is_response = true,
          .answers = {srv_record(std::string{responder_.instance().labels().front()}, kService, 1)}});
  }
  EXPECT_EQ(responder_.next_time() - now_, 5s);
  after(20s);
  EXPECT_EQ(responder_.instance(), instance("box #41"));
  EXPECT_TRUE(responder_.is_established());
}

TEST_F(ResponderTest, announces_new_addresses) {
  establish();
  set_interfaces({{kEth, {{kOtherV4, 24}}}});
  const auto said = after(10s);
  ASSERT_FALSE(said.empty());
  EXPECT_TRUE(holds(said.back().message.answers, kHost, DnsType::a, kOtherV4));
  EXPECT_FALSE(holds(said.back().message.answers, kHost, DnsType::a, kV4));
}

TEST_F(ResponderTest, each_network_hears_of_its_own_addresses) {
  set_interfaces({{kEth, {{kV4, 24}}}, {kWlan, {{kOtherV4, 24}}}});
  for (const auto& said : after(10s)) {
    const auto& records = said.message.is_response ? said.message.answers : said.message.authorities;
    EXPECT_EQ(holds(records, kHost, DnsType::a, kV4), said.interface == kEth);
    EXPECT_EQ(holds(records, kHost, DnsType::a, kOtherV4), said.interface == kWlan);
  }
}

TEST_F(ResponderTest, takes_its_service_back_at_the_end) {
  establish();
  const auto out = responder_.goodbye();
  ASSERT_EQ(out.size(), 1U);
  const auto message = decode_dns(out[0].bytes).value();
  EXPECT_TRUE(holds(message.answers, kService, DnsType::ptr, instance().wire()));
  for (const auto& record : message.answers) EXPECT_EQ(record.ttl_s, 0U);
  EXPECT_EQ(responder_.next_time(), Timestamp::max());
  EXPECT_TRUE(ask(question(kService, DnsType::ptr)).empty());
}

TEST_F(ResponderTest, keeps_its_patience_under_a_flood) {
  establish();
  std::size_t said = 0;
  for (std::uint16_t i = 0; i < 500; ++i) {
    hear(question(kService, DnsType::ptr),
         Endpoint::parse("10.0.0." + std::to_string(i % 250 + 2), 5353).value());
    hear({.questions = std::vector<DnsQuestion>(200, {kService, DnsType::ptr, true})}, peer(40000));
    said += after(1ms).size();
  }
  EXPECT_LE(said, 4U);
}

}  // namespace
}  // namespace lumen::net::mdns
