#include "gamestream/http/xml.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "gamestream/http/address.hpp"
#include "gamestream/http/text.hpp"

namespace lumen::gamestream {
namespace {

std::string address_text(std::string_view literal) { return IpAddress::parse(literal).value().text(); }

TEST(Xml, a_document_is_one_line_with_a_root_and_its_status) {
  XmlWriter xml{200};
  xml.text("key", "value");
  xml.number("number", -1);
  EXPECT_EQ(std::move(xml).finish(),
            R"(<?xml version="1.0" encoding="utf-8"?><root status_code="200"><key>value</key>)"
            "<number>-1</number></root>");
  EXPECT_EQ(XmlWriter(-1, "a \"b\"").finish(),
            R"(<?xml version="1.0" encoding="utf-8"?><root status_code="-1" )"
            R"(status_message="a &quot;b&quot;"></root>)");
}

TEST(GameStream1, s8_all_text_is_escaped_and_nothing_empty_is_written) {
  XmlWriter xml{200};
  xml.text("a", R"(A & B <"'>)");
  xml.text("empty", "");
  xml.text("blank", "  ");
  xml.text("control", "\n\t\x01");
  xml.text("b", "x\ny\xFFz");
  const auto text = std::move(xml).finish();
  EXPECT_EQ(text, R"(<?xml version="1.0" encoding="utf-8"?><root status_code="200">)"
                  "<a>A &amp; B &lt;&quot;&apos;&gt;</a><b>xy\xEF\xBF\xBDz</b></root>");
  EXPECT_EQ(read_xml(text)->root.child_text("a"), R"(A & B <"'>)");
}

RC_GTEST_PROP(Xml, what_is_written_is_read, (const std::string& text, std::int32_t code)) {
  XmlWriter xml{code, text};
  xml.text("a", "x" + text);
  const auto document = read_xml(std::move(xml).finish()).value();
  RC_ASSERT(document.status_code == code);
  RC_ASSERT(document.status_message == clean_utf8(text));
  RC_ASSERT(document.root.child_text("a") == "x" + clean_utf8(text));
}

TEST(Xml, what_other_hosts_write_is_read) {
  const auto document = read_xml(
      "\xEF\xBB\xBF<?xml version='1.0' encoding=\"UTF-16\"?>\r\n<!-- - -->\n<root protocol_version=\"0.1\" "
      "query='x' status_code = \"4294967295\" status_message=\"&#73;&#x6E;valid\" >\n "
      "<App>\n<ID>1</ID><T/></App>"
      "<a>1<!-- <b> -->2</a ></root>\n");
  ASSERT_TRUE(document.has_value());
  EXPECT_EQ(document->status_code, 4'294'967'295);
  EXPECT_EQ(document->status_message, "Invalid");
  EXPECT_EQ(document->root.child("App")->child_text("ID"), "1");
  EXPECT_EQ(document->root.child("App")->child_text("T"), "");
  EXPECT_EQ(document->root.child_text("a"), "12");
}

TEST(Xml, other_things_are_refused) {
  for (const auto* bad : {"",
                          "x",
                          "<root/>",
                          "<root status_code=\"\"/>",
                          "<root status_code=\"0x1\"/>",
                          "<Root status_code=\"1\"/>",
                          "<root status_code=\"1\"/><root/>",
                          "<root status_code=\"1\">",
                          "<root status_code=\"1\"><a></b></root>",
                          "<root status_code=\"1\">&nbsp;</root>",
                          "<root status_code=\"1\">&#0;</root>",
                          "<root status_code=\"1\">&#xD800;</root>",
                          "<root status_code=\"1\">&amp</root>",
                          "<root status_code=1/>",
                          "<root status_code=\"1>",
                          "<!DOCTYPE a [<!ENTITY b \"c\">]><root status_code=\"1\"/>",
                          "<?xml",
                          "<!-- ",
                          "<root status_code=\"1\"><![CDATA[x]]></root>",
                          "<root status_code=\"1\" a=\"1\"b/>",
                          "<root status_code=\"1\"><a><b><c><d/></c></b></a></root>"}) {
    const auto document = read_xml(bad);
    ASSERT_FALSE(document.has_value()) << bad;
    EXPECT_EQ(document.error().id, "gamestream.xml");
  }
}

TEST(Xml, size_depth_and_number_are_bounded) {
  const std::string open = "<root status_code=\"1\">", close = "</root>";
  std::string many = open;
  for (std::size_t i = 1; i < kMaxXmlElements; ++i) many += "<a/>";
  EXPECT_TRUE(read_xml(many + close).has_value());
  EXPECT_FALSE(read_xml(many + "<a/>" + close).has_value());
  EXPECT_FALSE(read_xml(open + std::string(kMaxXmlBytes, 'x') + close).has_value());
  EXPECT_FALSE(read_xml(open + std::string(100'000, '<')).has_value());
}

TEST(Text, names_for_people_are_visible_and_short) {
  EXPECT_EQ(display_name("  a\x1B[31mb\r\n ", 64), "a[31mb");
  EXPECT_EQ(display_name("\xC3\xA4\xC3\xA4", 3), "\xC3\xA4");
  EXPECT_EQ(display_name("\xC2\x85", 64), "");
  EXPECT_EQ(display_name(std::string(1'000'000, 'x'), 64), std::string(64, 'x'));
  EXPECT_EQ(clean_utf8("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(IpAddress, mapped_addresses_are_ipv4_and_literals_round_trip) {
  EXPECT_EQ(address_text("::ffff:192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(address_text("2001:DB8::1"), "2001:db8::1");
  EXPECT_EQ(IpAddress::parse("2001:db8::1")->in_brackets(), "[2001:db8::1]");
  EXPECT_EQ(IpAddress::v4({192, 0, 2, 1}), IpAddress::parse("192.0.2.1"));
  for (const auto* bad : {"", "host", "1.2.3", "[::1]", "fe80::1%eth0", "1.2.3.4:80"}) {
    EXPECT_FALSE(IpAddress::parse(bad)) << bad;
  }
}

}  // namespace
}  // namespace lumen::gamestream
