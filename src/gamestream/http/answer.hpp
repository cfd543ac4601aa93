// gamestream/http: what goes back to an HTTP client. The status of the protocol stands in the XML, so that
// HTTP's own is 200 even for errors (GameStream part 1, 3.1 and 3.5). The server adds Content-Length and
// "Connection: close".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gamestream/http/xml.hpp"

namespace lumen::gamestream {

struct Answer {
  int http_status = 200;
  std::string content_type;
  std::string body;
};

Answer xml_answer(XmlWriter xml, int http_status = 200);
// An error without any element.
Answer error_answer(std::int32_t status_code, std::string_view message);
// /pair's: `paired` 0 with `status_code`, or 1 with 200.
Answer pair_refusal(std::int32_t status_code, std::string_view message = {});
Answer pair_success();
// /pair's "another pairing is in progress": 200, `paired` 1 and no certificate (7.1).
Answer pair_busy();
// /unpair's, whatever it did: 200 and nothing else (7.10).
Answer unpair_answer();
// 1: the caller's streams and its application have ended, or there were none; 0: refused (9.4).
Answer cancel_answer(bool cancelled);
// /appasset's.
Answer image_answer(std::string png);

}  // namespace lumen::gamestream
