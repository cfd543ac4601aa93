// gamestream/http: the XML of GameStream's answers (part 1, 3.3). The writer makes one line without white
// space between elements, because there are clients that trip over it; the reader takes what hosts send, and
// bounds it: no DTD, no entities but the predefined and numeric ones.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace lumen::gamestream {

class XmlWriter {
 public:
  // <root status_code="…"> with status_message unless that is empty.
  explicit XmlWriter(std::int32_t status_code, std::string_view status_message = {});

  // <name>value</name>, escaped and cleaned (clean_utf8). Nothing at all when no visible character remains:
  // empty elements mislead clients.
  void text(std::string_view name, std::string_view value);
  void number(std::string_view name, std::int64_t value);
  void open(std::string_view name);
  void close(std::string_view name);
  // The whole document.
  std::string finish() &&;

 private:
  std::string out_;
};

inline constexpr std::size_t kMaxXmlBytes = 1 << 20, kMaxXmlElements = 8192, kMaxXmlDepth = 4;

struct XmlElement {
  std::string name;
  std::string text;  // what stands in it directly, decoded
  std::vector<XmlElement> children;

  // The first child of that name; nullptr when there is none.
  const XmlElement* child(std::string_view wanted) const;
  // Its text; "" when there is none.
  std::string_view child_text(std::string_view wanted) const;
};

struct XmlDocument {
  std::int64_t status_code = 0;
  std::string status_message;
  XmlElement root;
};

// Hostile bytes from a host; `gamestream.xml` when they are no such document or exceed the limits.
Result<XmlDocument> read_xml(std::string_view text);

}  // namespace lumen::gamestream
