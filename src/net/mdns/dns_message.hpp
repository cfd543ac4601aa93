// lumen/net/mdns: DNS messages (RFC 1035, 4) as multicast DNS uses them (RFC 6762, 18). Values; no I/O.
// Decoding takes hostile bytes: lengths are checked, and a compression pointer only leads to before its own
// name, so that every name ends. Records keep their data uncompressed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/wire.hpp"

namespace lumen::net::mdns {

inline constexpr std::size_t kMaxMessageBytes = 9000;  // RFC 6762, 17
// Questions and records together: what honest hosts send in one message is far less, and each costs time.
inline constexpr std::size_t kMaxEntries = 256;

enum class DnsType : std::uint16_t { a = 1, ptr = 12, txt = 16, aaaa = 28, srv = 33, nsec = 47, any = 255 };

// Labels of 1 to 63 bytes, 255 bytes altogether as DNS counts. Equal whatever the case of its ASCII letters.
class DnsName {
 public:
  DnsName() = default;  // the root
  // Dots separate; for names of our own making. Labels that do not fit are cut, those beyond are left out.
  static DnsName of(std::string_view dotted);
  const std::vector<std::string>& labels() const { return labels_; }
  // False, and nothing changes, when the label or the name would not fit.
  bool append(std::string_view label);
  DnsName under(const DnsName& parent) const;
  DnsName parent() const;       // without the first label
  std::string wire() const;     // uncompressed
  std::string to_text() const;  // for people: "Living Room._nvstream._tcp.local"; not for parsing
  bool operator==(const DnsName& other) const;

 private:
  std::vector<std::string> labels_;
  std::size_t wire_bytes_ = 1;
};

struct DnsQuestion {
  DnsName name;
  DnsType type = DnsType::any;
  bool wants_unicast = false;  // the QU bit
  bool operator==(const DnsQuestion&) const = default;
};

// Of class IN. `data` is the RDATA with names uncompressed.
struct DnsRecord {
  DnsName name;
  DnsType type = DnsType::any;
  bool flushes_cache = false;
  std::uint32_t ttl_s = 0;
  std::string data;
  bool operator==(const DnsRecord&) const = default;
};

struct DnsMessage {
  std::uint16_t id = 0;
  bool is_response = false, is_truncated = false;
  std::vector<DnsQuestion> questions;
  std::vector<DnsRecord> answers, authorities, additionals;
  bool operator==(const DnsMessage&) const = default;
};

// nullopt: malformed, more than kMaxMessageBytes or kMaxEntries, or with an opcode or error code, which
// multicast DNS has to ignore. Questions and records of classes other than IN are left out.
std::optional<DnsMessage> decode_dns(ByteView bytes);
// Owner names are compressed; names within data are not, as legacy queriers need it (RFC 6762, 6.7).
std::vector<std::byte> encode_dns(const DnsMessage& message);

// What records hold. From a record of another type or with data of another shape: nullopt.
struct SrvData {
  std::uint16_t port = 0;
  DnsName target;
};
std::optional<DnsName> ptr_target(const DnsRecord& record);
std::optional<SrvData> srv_data(const DnsRecord& record);
std::string make_srv_data(const SrvData& srv);
// Says that `owner` has these types and no others (RFC 6762, 6.1); types above 255 are left out.
std::string make_nsec_data(const DnsName& owner, const std::vector<DnsType>& types);

}  // namespace lumen::net::mdns
