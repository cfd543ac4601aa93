// lumen/net/mdns: a responder of multicast DNS for one service: it probes for its names, takes others where
// they are in use, announces itself and answers (RFC 6762, 6 to 10, and RFC 6763). No I/O and no clock: the
// owner hands in datagrams and the time and sends what comes out. Owner: one thread.
//
// Records: PTR of the service to the instance, PTR of the list of services to the service, SRV and empty TXT
// of the instance, A and AAAA of the host for each interface its own, NSEC for what the two do not have.
//
// Timing: three probes 250 ms apart, the first after up to 250 ms; two announcements, a second apart. Answers
// with a shared record wait 20 to 120 ms, a query that goes on in another datagram 400 to 500 ms. A record is
// multicast once a second at most, four times a second against probes.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/units.hpp"
#include "net/mdns/dns_message.hpp"
#include "net/mdns/interfaces.hpp"

namespace lumen::net::mdns {

class Responder {
 public:
  struct Params {
    std::string name, host;  // one label each
    DnsName service;         // "_nvstream._tcp.local"
    std::uint16_t port = 0;
    std::uint16_t mdns_port = 5353;
    std::uint32_t seed = 1;  // of the delays, that hosts may not speak all at once
  };
  struct Outgoing {
    unsigned interface = 0;
    std::optional<Endpoint> to;  // nullopt: the multicast groups
    std::vector<std::byte> bytes;
  };
  explicit Responder(Params params);

  // Begins, or begins anew, to probe when they are not those of before.
  void set_interfaces(LocalInterfaces interfaces, Timestamp now);
  void on_datagram(unsigned interface, const Endpoint& from, ByteView bytes, Timestamp now);
  // Does what is due. To be called at next_time(), and whenever it likes.
  void advance(Timestamp now);
  Timestamp next_time() const;  // Timestamp::max(): nothing will ever be due
  std::vector<Outgoing> take_outgoing() { return std::exchange(outgoing_, {}); }
  // Takes everything back; the last thing to send.
  std::vector<Outgoing> goodbye();

  // The names are ours: probed for without a conflict.
  bool is_established() const { return phase_ == Phase::announcing || phase_ == Phase::running; }
  const DnsName& instance() const { return instance_; }
  const DnsName& host() const { return host_; }

 private:
  enum class Phase : std::uint8_t { idle, probing, announcing, running };
  // A set of kinds of records, a bit each.
  using Kinds = unsigned;
  static constexpr Kinds kPointer = 1U << 0U, kListing = 1U << 1U, kSrv = 1U << 2U, kTxt = 1U << 3U,
                         kA = 1U << 4U, kAaaa = 1U << 5U, kInstanceNsec = 1U << 6U, kHostNsec = 1U << 7U;
  static constexpr std::size_t kKindCount = 8;

  // An answer that waits for its time.
  struct Pending {
    unsigned interface = 0;
    Endpoint from;
    Timestamp due{};
    Kinds kinds = 0;
    Duration gap{};  // since the same record was multicast last
  };

  void name_records();
  void begin_probing(Timestamp at);
  void step(Timestamp now);
  void probe();
  void on_response(const DnsMessage& message, Timestamp now);
  void on_query(unsigned interface, const Endpoint& from, const DnsMessage& query, Timestamp now);
  void give_way(bool instance, bool host, Timestamp now);
  bool conflicts(const DnsRecord& record) const;
  bool loses_against(const LocalInterface& interface, const std::vector<DnsRecord>& claimed,
                     const DnsName& name) const;

  Kinds available(const LocalInterface& interface) const;
  Kinds asked(const LocalInterface& interface, const DnsQuestion& question) const;
  Kinds known(const LocalInterface& interface, const std::vector<DnsRecord>& answers) const;
  Kinds along_with(const LocalInterface& interface, Kinds answers) const;
  void append(std::vector<DnsRecord>& out, const LocalInterface& interface, Kinds kinds) const;
  void multicast(const LocalInterface& interface, Kinds kinds, Duration gap, Timestamp now);
  void answer_legacy(const LocalInterface& interface, const Endpoint& to, const DnsMessage& query,
                     Kinds kinds);
  void answer_unicast(const LocalInterface& interface, const Endpoint& to, Kinds kinds);
  Kinds multicast_lately(unsigned interface, Kinds kinds, Timestamp now) const;
  void defer(const Pending& pending);
  Duration random_between(std::chrono::milliseconds low, std::chrono::milliseconds high);

  Params params_;
  LocalInterfaces interfaces_;
  unsigned instance_number_ = 1, host_number_ = 1, conflicts_ = 0;
  DnsName instance_, host_;
  Phase phase_ = Phase::idle;
  int steps_ = 0;  // probes or announcements sent
  Timestamp next_step_ = Timestamp::max();
  std::vector<Pending> pending_;
  std::map<unsigned, std::array<std::optional<Timestamp>, kKindCount>> multicast_at_;  // by interface
  std::vector<Outgoing> outgoing_;
  std::minstd_rand random_;
};

}  // namespace lumen::net::mdns
