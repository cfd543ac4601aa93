// Any bytes as a host's answer: bounded, and what was read reads the same once it is written again. The same
// bytes as text: what is written can be read.
#include <cstdint>
#include <cstdlib>

#include "gamestream/http/client_documents.hpp"
#include "gamestream/http/text.hpp"
#include "gamestream/http/xml.hpp"

namespace {

using namespace lumen::gamestream;

void require(bool condition) {
  if (!condition) std::abort();
}

std::size_t count(const XmlElement& element, std::size_t depth = 1) {
  require(depth <= kMaxXmlDepth);
  std::size_t elements = 1;
  for (const auto& child : element.children) elements += count(child, depth + 1);
  return elements;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input{reinterpret_cast<const char*>(data), size};
  if (const auto document = read_xml(input)) {
    require(document->root.name == "root" && count(document->root) <= kMaxXmlElements);
    for (const auto& child : document->root.children) require(document->root.child(child.name) != nullptr);
  }
  const auto info = read_server_info(input);
  require(!info || !info->unique_id.empty());
  if (const auto apps = read_app_list(input)) {
    for (const auto& app : *apps) require(app.id != 0 && app.id <= kMaxAppId && !app.title.empty());
  }
  const auto grant = read_launch_answer(LaunchVerb::launch, input);
  require(!grant || grant->rtsp_port != 0);
  if (size > kMaxXmlBytes / 8) return 0;
  XmlWriter xml{200, input};
  xml.text("a", input);
  const auto written = read_xml(std::move(xml).finish());
  const auto clean = clean_utf8(input);
  require(written.has_value() && written->status_message == clean);
  const bool visible = clean.find_first_not_of(' ') != std::string::npos;
  require(written->root.child_text("a") == (visible ? std::string_view{clean} : std::string_view{}));
  const auto name = display_name(input, 64);
  require(name.size() <= 64 && display_name(name, 64) == name);
  return 0;
}
