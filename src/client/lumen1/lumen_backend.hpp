// client/lumen1: what the screens ask, of lumen/1 hosts.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "client/lumen1/lumen_book.hpp"
#include "client/lumen1/lumen_client_stream.hpp"
#include "client/shell/backend.hpp"
#include "net/mdns/browser.hpp"

namespace lumen::client {

// Where lumen-client keeps its identity and its paired hosts: "lumen1" in the client's state folder.
std::string lumen_book_folder(const std::string& client_folder);

inline net::MdnsBrowse announced_hosts() { return {.service = net::kLumenService, .network = {}}; }

struct LumenBackendParams {
  LumenBook book;
  StreamOutputs outputs;
  std::string device_name;  // what hosts are told; empty: this machine's name
  net::MdnsBrowse browse = announced_hosts();
};

// `log` outlives it.
std::unique_ptr<Backend> create_lumen_backend(LumenBackendParams params, Logger& log);

// Ends what this device runs there.
Status end_all(LumenConnection& connection, const std::stop_token& stop);

// One piece at a time, for the command line. All block.
class LumenHosts {
 public:
  // `book` and `log` outlive it; one thread.
  LumenHosts(LumenBook& book, std::string device_name, Logger& log);

  // Fails as resolve() and LumenConnection::open(), and with `client.other-host` where a host is known by its
  // id or address and this one has another certificate.
  Result<std::unique_ptr<LumenConnection>> connect(const LumenAddress& address, Duration patience,
                                                   const std::stop_token& stop) const;
  // Whether both ends say so.
  bool is_paired(const LumenConnection& connection) const;
  // Hosts that are paired, announced, or answer at one of `addresses`, one entry each. `tell` hears from
  // other threads what is known meanwhile.
  std::vector<HostEntry> search(const std::vector<std::string>& addresses, const net::MdnsBrowse& browse,
                                const std::function<void(std::vector<HostEntry>)>& tell,
                                const std::stop_token& stop) const;
  // After pairing: written to the disk.
  Status keep(const LumenConnection& connection, const LumenAddress& address);

 private:
  LumenBook& book_;
  std::string device_name_;
  Logger& log_;
};

}  // namespace lumen::client
