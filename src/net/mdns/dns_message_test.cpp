#include "net/mdns/dns_message.hpp"

#include <gtest/gtest.h>

namespace lumen::net::mdns {
namespace {

const DnsName kService = DnsName::of("_nvstream._tcp.local");

std::string text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
std::optional<DnsMessage> decoded(const std::string& text) { return decode_dns(as_view(text)); }
std::string header(char questions, char answers) {
  return std::string("\0\0\x84\0\0", 5) + questions + '\0' + answers + std::string(4, '\0');
}

TEST(DnsMessage, query_has_the_bytes_of_the_standard) {
  const DnsMessage query{.questions = {{kService, DnsType::ptr, true}}};
  EXPECT_EQ(text_of(encode_dns(query)),
            std::string("\0\0\0\0\0\1\0\0\0\0\0\0\x09_nvstream\x04_tcp\x05local\0\0\x0c\x80\x01", 38));
}

TEST(DnsMessage, comes_back_as_it_went) {
  DnsName instance;
  ASSERT_TRUE(instance.append("Living. Room"));
  instance = instance.under(kService);
  const auto host = DnsName::of("box.local");
  const DnsMessage message{.id = 77,
                           .is_response = true,
                           .is_truncated = true,
                           .questions = {{kService, DnsType::ptr, false}, {instance, DnsType::any, true}},
                           .answers = {{kService, DnsType::ptr, false, 4500, instance.wire()}},
                           .authorities = {{instance, DnsType::srv, true, 120, make_srv_data({47989, host})}},
                           .additionals = {{host, DnsType::a, true, 120, "\x7f\x01\x02\x03"},
                                           {instance, DnsType::txt, true, 4500, std::string(1, '\0')}}};
  const auto bytes = encode_dns(message);
  EXPECT_EQ(decode_dns(bytes), message);
  EXPECT_LT(bytes.size(), 200U) << "owner names are compressed";
}

TEST(DnsMessage, names_follow_pointers_backwards_only) {
  const std::string tail("\0\x0c\0\x01\0\0\0\x78\0\x02", 10);
  const std::string question = std::string(
      "\x01"
      "a\0\0\x0c\0\x01",
      7);
  // Record's owner: pointer to the question at 12; its data: a pointer to the same.
  EXPECT_TRUE(decoded(header(1, 1) + question + "\xc0\x0c" + tail + "\xc0\x0c"));
  const auto with_owner = [&](const std::string& owner) {
    return decoded(header(1, 1) + question + owner + tail + "\xc0\x0c").has_value();
  };
  EXPECT_FALSE(with_owner("\xc0\x13")) << "itself";
  EXPECT_FALSE(with_owner("\xc0\x15")) << "forwards";
  EXPECT_FALSE(with_owner("\xc0\x04")) << "the header";
  EXPECT_FALSE(
      with_owner("\x01"
                 "b\xc0\x13"))
      << "a loop";
  EXPECT_FALSE(with_owner("\x40")) << "an unknown kind of label";
  EXPECT_TRUE(
      with_owner("\x01"
                 "b\xc0\x0c"));
}

TEST(DnsMessage, refuses_what_is_cut_off_anywhere) {
  const DnsMessage message{.is_response = true,
                           .answers = {{kService, DnsType::ptr, false, 4500, kService.wire()},
                                       {kService, DnsType::srv, true, 120, make_srv_data({1, kService})}}};
  const auto bytes = encode_dns(message);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_dns(ByteView{bytes}.first(size))) << size;
  }
}

TEST(DnsMessage, refuses_names_that_are_too_long) {
  std::string name;
  for (int i = 0; i < 4; ++i) name += '\x3f' + std::string(63, 'a');
  const std::string tail("\0\0\x0c\0\x01", 5);
  EXPECT_FALSE(decoded(header(1, 0) + name + tail));
  EXPECT_TRUE(decoded(header(1, 0) + name.substr(0, 3 * 64) + "\x3d" + std::string(61, 'a') + tail));
  DnsName full;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(full.append(std::string(63, 'a')));
  EXPECT_FALSE(full.append(std::string(62, 'a')));
  EXPECT_FALSE(full.append(""));
  EXPECT_TRUE(full.append(std::string(61, 'a')));
}

TEST(DnsMessage, ignores_other_classes_and_refuses_errors) {
  const std::string opt("\0\0\x29\x05\xa0\0\0\0\0\0\0", 11);
  const auto with_opt = decoded(std::string("\0\0\0\0\0\0\0\0\0\0\0\1", 12) + opt);
  ASSERT_TRUE(with_opt);
  EXPECT_TRUE(with_opt->additionals.empty());
  EXPECT_FALSE(decoded(std::string("\0\0\x84\x03\0\0\0\0\0\0\0\0", 12)));
  EXPECT_FALSE(decoded(std::string("\0\0\x28\0\0\0\0\0\0\0\0\0", 12)));
  EXPECT_FALSE(decoded(std::string(9001, '\0')));
}

TEST(DnsMessage, many_records_cost_nothing) {
  DnsMessage message{.questions = std::vector<DnsQuestion>(256, {kService, DnsType::ptr})};
  EXPECT_TRUE(decode_dns(encode_dns(message)));
  message.answers.push_back({kService, DnsType::ptr, false, 1, kService.wire()});
  EXPECT_FALSE(decode_dns(encode_dns(message)));
  EXPECT_FALSE(decoded(std::string("\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff", 12)));
}

TEST(DnsName, compares_whatever_the_case) {
  EXPECT_EQ(DnsName::of("BOX.Local"), DnsName::of("box.local"));
  EXPECT_FALSE(DnsName::of("box.local") == DnsName::of("box.local.local"));
  EXPECT_FALSE(DnsName::of("[.local") == DnsName::of("{.local"));
}

TEST(DnsRecordData, has_the_shape_of_its_type) {
  const DnsRecord srv{.type = DnsType::srv, .data = make_srv_data({47989, DnsName::of("a.local")})};
  ASSERT_TRUE(srv_data(srv));
  EXPECT_EQ(srv_data(srv)->port, 47989);
  EXPECT_EQ(srv_data(srv)->target, DnsName::of("a.local"));
  EXPECT_FALSE(ptr_target(srv));
  EXPECT_FALSE(srv_data({.type = DnsType::srv, .data = "abc"}));
  EXPECT_FALSE(ptr_target({.type = DnsType::ptr,
                           .data = std::string("\x01"
                                               "a\0b",
                                               4)}));
  // A at bit 1, AAAA at bit 28.
  EXPECT_EQ(make_nsec_data(DnsName::of("a"), {DnsType::a, DnsType::aaaa}),
            std::string("\x01"
                        "a\0\0\x04\x40\0\0\x08",
                        9));
}

}  // namespace
}  // namespace lumen::net::mdns
