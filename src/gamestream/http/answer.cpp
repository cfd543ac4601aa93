#include "gamestream/http/answer.hpp"

#include <utility>

namespace lumen::gamestream {
namespace {

constexpr std::int32_t kOk = 200;

Answer with_number(XmlWriter xml, std::string_view name, std::int64_t value) {
  xml.number(name, value);
  return xml_answer(std::move(xml));
}

}  // namespace

Answer xml_answer(XmlWriter xml, int http_status) {
  return {http_status, "text/xml; charset=utf-8", std::move(xml).finish()};
}

Answer error_answer(std::int32_t status_code, std::string_view message) {
  return xml_answer(XmlWriter{status_code, message});
}

Answer pair_refusal(std::int32_t status_code, std::string_view message) {
  return with_number(XmlWriter{status_code, message}, "paired", 0);
}
Answer pair_success() { return with_number(XmlWriter{kOk}, "paired", 1); }
Answer pair_busy() { return pair_success(); }
Answer unpair_answer() { return xml_answer(XmlWriter{kOk}); }
Answer cancel_answer(bool cancelled) { return with_number(XmlWriter{kOk}, "cancel", cancelled ? 1 : 0); }
Answer image_answer(std::string png) { return {200, "image/png", std::move(png)}; }

}  // namespace lumen::gamestream
