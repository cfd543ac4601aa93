// Any bytes as a DNS message: what is understood comes back the same after being written and read again.
#include <cstdint>
#include <cstdlib>

#include "net/mdns/dns_message.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lumen::net::mdns;
  const auto message = decode_dns(std::as_bytes(std::span{data, size}));
  if (!message) return 0;
  for (const auto* records : {&message->answers, &message->authorities, &message->additionals}) {
    for (const auto& record : *records) {
      if (record.name.wire().size() > 255 || record.data.size() > kMaxMessageBytes) std::abort();
      if (const auto srv = srv_data(record); srv && make_srv_data(*srv).substr(4) != record.data.substr(4)) {
        std::abort();
      }
    }
  }
  const auto again = encode_dns(*message);
  // Names that were compressed within data are longer now.
  if (again.size() > kMaxMessageBytes) return 0;
  if (decode_dns(again) != message) std::abort();
  return 0;
}
