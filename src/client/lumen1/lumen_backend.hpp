// client/lumen1: what the screens ask, of lumen/1 hosts.
#pragma once

#include <memory>
#include <string>

#include "base/log.hpp"
#include "client/lumen1/lumen_book.hpp"
#include "client/lumen1/lumen_client_stream.hpp"
#include "client/shell/backend.hpp"
#include "net/mdns/browser.hpp"

namespace lumen::client {

// Where lumen-client keeps its identity and its paired hosts: "lumen1" in the client's state folder.
std::string lumen_book_folder(const std::string& client_folder);

struct LumenBackendParams {
  LumenBook book;
  StreamOutputs outputs;
  std::string device_name;  // what hosts are told; empty: this machine's name
  net::MdnsBrowse browse{.service = net::kLumenService, .network = {}};
};

// `log` outlives it.
std::unique_ptr<Backend> create_lumen_backend(LumenBackendParams params, Logger& log);

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
  // After pairing: written to the disk.
  Status keep(const LumenConnection& connection, const LumenAddress& address);

 private:
  Status check_identity(const LumenConnection& connection, const LumenAddress& address) const;

  LumenBook& book_;
  std::string device_name_;
  Logger& log_;
};

}  // namespace lumen::client
