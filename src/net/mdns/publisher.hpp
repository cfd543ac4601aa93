// lumen/net/mdns: makes this host known on the local networks, as `_nvstream._tcp` (GameStream part 1, 2) or
// `_lumen._udp`, so that clients find it. Where the Avahi daemon runs it does the work (over D-Bus),
// otherwise a small responder of our own does (RFC 6762, 6763); it follows the daemon when that comes or
// goes. Create it once the port accepts connections.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/event_loop.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "net/mdns/network.hpp"

namespace lumen::net {

class MdnsPublisher {
 public:
  struct Params {
    std::string name;  // spaces become '-', whatever is not a letter, digit or '-' is left out
    std::string_view service = kGameStreamService;
    std::uint16_t port = 0;
    std::string host;  // for "HOST.local"; empty: the machine's name
    MdnsNetwork network;
  };
  // Begins to publish; that takes about a second. A name that is taken gets a number: "box #2". Lack of a
  // network or of its permissions is logged and tried again from time to time. Fails with `mdns.port` when
  // there is no port. Owner: the loop's thread; loop and logger outlive it.
  static Result<std::unique_ptr<MdnsPublisher>> create(const Params& params, EventLoop& loop, Logger& log);
  // Withdraws the record.
  ~MdnsPublisher();
  MdnsPublisher(const MdnsPublisher&) = delete;
  MdnsPublisher& operator=(const MdnsPublisher&) = delete;

  // The instance name in use, as "box" or "box #2"; empty until it is published.
  std::string published_name() const;
  bool uses_avahi() const;

 private:
  struct Parts;
  explicit MdnsPublisher(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace lumen::net
