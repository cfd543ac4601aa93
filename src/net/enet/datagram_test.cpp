#include "net/enet/datagram.hpp"

#include <gtest/gtest.h>

#include <string>

#include "net/enet/test_hex.hpp"

namespace lumen::net::enet {
namespace {

using test::from_hex;
using test::kStockConnect;

DatagramKind kind(std::string_view hex) { return examine(from_hex(hex), 1024).kind; }

TEST(EnetDatagram, a_stock_connect_is_one) {
  const auto datagram = examine(from_hex(kStockConnect), 1024);
  EXPECT_EQ(datagram.kind, DatagramKind::connect);
  EXPECT_EQ(datagram.connect_data, 0xDEADBEEF);
}

TEST(EnetDatagram, what_stock_clients_send_afterwards_passes) {
  for (const auto* hex :
       {"80001bdc 01ff0001 00011bdc 85ff0002",
        "80001be3 86000001 001e 01001a000000000022302723537811166cb9bfead7dad4575cd629f5cafe",
        "80001fce 84ff0003 00000000", "0000 01ff0002 00021bdc", "0000 07050001 0001 0002 aabb",
        "0000 49000000 0001 0002 aabb", "80000000 8aff0001 00000000 00000000",
        "80000000 8bff0001 000000000000000000000000"}) {
    EXPECT_EQ(kind(hex), DatagramKind::for_peer) << hex;
  }
}

TEST(GameStream3, c6_fragments_and_packets_over_1024_bytes_never_reach_the_library) {
  EXPECT_EQ(kind("80000000 88000001 0001 0001 00000002 00000000 00000002 00000000 aa"), DatagramKind::bad);
  EXPECT_EQ(kind("80000000 0c000001 0001 0001 00000002 00000000 00000002 00000000 aa"), DatagramKind::bad);
  const auto reliable = [](std::size_t bytes, std::string_view length) {
    return kind("80000000 86000001 " + std::string{length} + std::string(2 * bytes, '0'));
  };
  EXPECT_EQ(reliable(1024, "0400"), DatagramKind::for_peer);
  EXPECT_EQ(reliable(1025, "0401"), DatagramKind::bad);
}

TEST(EnetDatagram, empty_messages_are_bad) {
  EXPECT_EQ(kind("80000000 86000001 0000"), DatagramKind::bad);
  EXPECT_EQ(kind("0000 07050001 0001 0000"), DatagramKind::bad);
}

TEST(EnetDatagram, lengths_past_the_end_are_bad) {
  EXPECT_EQ(kind("80000000 86000001 0003 aabb"), DatagramKind::bad);
  EXPECT_EQ(kind("80000000 85ff00"), DatagramKind::bad);
  EXPECT_EQ(kind("8000 00"), DatagramKind::bad);
  EXPECT_EQ(kind("00"), DatagramKind::bad);
  EXPECT_EQ(kind(""), DatagramKind::bad);
}

TEST(EnetDatagram, a_connect_must_be_alone_and_of_its_size) {
  const std::string connect{kStockConnect};
  EXPECT_EQ(kind(connect + "00"), DatagramKind::bad);
  EXPECT_EQ(kind(connect + "85ff0002"), DatagramKind::bad);
  EXPECT_EQ(kind(connect.substr(0, connect.size() - 2)), DatagramKind::bad);
  EXPECT_EQ(kind("0000 82ff0001" + connect.substr(18)), DatagramKind::bad);  // to a peer that is there
  EXPECT_EQ(kind("8fff1bdc 85ff0001"), DatagramKind::bad);                   // to none, and no connect
  EXPECT_EQ(kind("0fff 82ff0001" + connect.substr(18)), DatagramKind::bad);  // without a time
}

TEST(GameStream3, c3_compression_unknown_commands_and_floods_of_commands_are_bad) {
  EXPECT_EQ(kind("40001bdc 85ff0001"), DatagramKind::bad);
  EXPECT_EQ(kind("0000 00ff0001"), DatagramKind::bad);
  EXPECT_EQ(kind("0000 0dff0001"), DatagramKind::bad);
  EXPECT_EQ(kind("0000"), DatagramKind::bad);
  std::string pings = "0000";
  for (std::size_t i = 0; i < kMaxCommands; ++i) pings += "05ff0001";
  EXPECT_EQ(kind(pings), DatagramKind::for_peer);
  EXPECT_EQ(kind(pings + "05ff0001"), DatagramKind::bad);
}

}  // namespace
}  // namespace lumen::net::enet
