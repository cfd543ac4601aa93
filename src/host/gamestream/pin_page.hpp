// host/gamestream: the page on which a person types the PIN of a client that wants to pair, for hosts without
// a keyboard. Who has the token of this host may; it is made at the first start and printed there. The page
// keeps nothing: each form brings the token along, so there is no session and nothing to forge a request
// with. Owner: lm-main.
#pragma once

#include <string>
#include <string_view>

#include "host/gamestream/guess_limiter.hpp"
#include "host/gamestream/pairing_desk.hpp"

namespace lumen::host {

struct PageRequest {
  std::string_view method, target;
  std::string_view body;  // a form, application/x-www-form-urlencoded
  std::string remote;     // address without port
};
struct PageAnswer {
  int http_status = 200;
  std::string body;  // HTML
};

class PinPage {
 public:
  static constexpr std::size_t kMaxFormBytes = 4096;

  // `token`: not empty. `desk` outlives the page.
  PinPage(std::string host_name, std::string token, PairingDesk& desk)
      : host_name_{std::move(host_name)}, token_{std::move(token)}, desk_{desk} {}

  // 200, 401 (wrong token), 404, 405, 413, 429 (wrong too often).
  PageAnswer handle(const PageRequest& request, Timestamp now);

  // What the answers need besides: no script or style but the page's own, nothing cached, no frame.
  static std::string_view content_security_policy();

 private:
  PageAnswer on_form(const PageRequest& request, Timestamp now);
  std::string form(std::string_view message, bool is_good, std::string_view token, bool show_prompts) const;

  std::string host_name_, token_;
  PairingDesk& desk_;
  GuessLimiter limiter_;
};

// A new token: 128 random bits as 26 letters and digits that are not mistaken for one another.
Result<std::string> make_token();

}  // namespace lumen::host
