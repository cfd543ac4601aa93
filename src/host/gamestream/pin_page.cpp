#include "host/gamestream/pin_page.hpp"

#include <array>
#include <charconv>

#include <fmt/format.h>

#include "crypto/aead.hpp"
#include "crypto/digest.hpp"
#include "gamestream/http/query.hpp"

namespace lumen::host {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else if (c == '\'') {
      out += "&#39;";
    } else {
      out += c;
    }
  }
  return out;
}

// A form's fields are a query whose blanks are pluses.
Result<gamestream::Query> parse_form(std::string_view body) {
  std::string text{body};
  for (char& c : text) {
    if (c == '+') c = ' ';
  }
  return gamestream::Query::parse(text);
}

constexpr std::string_view kStyle = R"(
body{font:18px/1.5 system-ui,sans-serif;background:#14161a;color:#e8eaee;display:grid;place-items:center;
min-height:100vh;margin:0}
main{width:min(26rem,90vw)}h1{font-size:1.4rem;margin:0 0 1rem}label{display:block;margin:.8rem 0 .2rem}
input,button,select{font:inherit;width:100%;box-sizing:border-box;padding:.6rem;border-radius:.5rem;
border:1px solid #3a3f4a;background:#1e2128;color:inherit}
#pin{font-size:1.8rem;letter-spacing:.5em;text-align:center}
button{background:#3d6df2;border:0;margin-top:1.2rem;cursor:pointer}
p.good{color:#7bd88f}p.bad{color:#ff8a80})";

// The link that the host prints carries the token behind the '#', which browsers do not send.
constexpr std::string_view kScript = R"(
var t=document.getElementById('token');
if(!t.value&&location.hash.length>1){t.value=decodeURIComponent(location.hash.slice(1));
document.getElementById('pin').focus();}
history.replaceState(null,'',location.pathname);)";

}  // namespace

Result<std::string> make_token() {
  constexpr std::string_view kLetters = "abcdefghijkmnpqrstuvwxyz23456789";  // 32, without l, o, 0 and 1
  std::array<std::byte, 26> random{};
  LUMEN_CHECK_OK(crypto::fill_random(random));
  std::string token;
  for (const auto byte : random) token += kLetters[std::to_integer<std::size_t>(byte) % kLetters.size()];
  return token;
}

std::string_view PinPage::content_security_policy() {
  return "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; form-action 'self'; "
         "frame-ancestors 'none'; base-uri 'none'";
}

PageAnswer PinPage::handle(const PageRequest& request, Timestamp now) {
  const auto path = request.target.substr(0, request.target.find('?'));
  if (path != "/") return {404, form("There is nothing here.", false, {}, false)};
  if (request.method == "GET" || request.method == "HEAD") return {200, form({}, true, {}, false)};
  if (request.method != "POST") return {405, form("The page takes a form only.", false, {}, false)};
  return on_form(request, now);
}

PageAnswer PinPage::on_form(const PageRequest& request, Timestamp now) {
  if (request.body.size() > kMaxFormBytes) return {413, form("That is too much.", false, {}, false)};
  if (limiter_.is_shut_out(request.remote, now))
    return {429, form("The token was wrong too often. Wait a while.", false, {}, false)};
  const auto fields = parse_form(request.body);
  const auto field = [&](std::string_view name) {
    return fields ? fields->find(name).value_or(std::string_view{}) : std::string_view{};
  };
  const auto token = field("token");
  if (!crypto::equal_in_constant_time(as_view(token), as_view(token_))) {
    limiter_.wrong(request.remote, now);
    return {401, form("The token is wrong. lumen-host prints it: lumen-host pair --page", false, {}, false)};
  }
  limiter_.right(request.remote);
  std::uint64_t prompt = 0;
  const auto number = field("prompt");
  std::from_chars(number.data(), number.data() + number.size(), prompt);
  const auto entered = desk_.enter_pin(prompt, field("pin"), field("name"));
  if (!entered) return {200, form(describe(entered.error()), false, token, true)};
  return {200, form("The PIN is with the client now; it says whether it was right.", true, token, true)};
}

std::string PinPage::form(std::string_view message, bool is_good, std::string_view token,
                          bool show_prompts) const {
  std::string choice;
  const auto prompts = show_prompts ? desk_.prompts() : std::vector<gamestream::PairingPrompt>{};
  if (!prompts.empty()) choice = "<label for=prompt>Which client</label><select id=prompt name=prompt>";
  for (const auto& prompt : prompts) {
    choice += fmt::format("<option value={}>{} at {}, certificate …{:02x}{:02x}</option>",
                          static_cast<std::uint64_t>(prompt.id),
                          escaped(prompt.device_name.empty() ? "a client" : prompt.device_name),
                          escaped(prompt.remote.text()), std::to_integer<unsigned>(prompt.client[30]),
                          std::to_integer<unsigned>(prompt.client[31]));
  }
  if (!prompts.empty()) choice += "</select>";
  const auto said = message.empty() ? std::string{}
                                    : fmt::format("<p role=status class={}>{}</p>", is_good ? "good" : "bad",
                                                  escaped(message));
  return fmt::format(
      "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport "
      "content='width=device-width'><title>Pair with {0}</title><style>{1}</style><main><h1>Pair a client "
      "with {0}</h1>{2}<form method=post action='/' autocomplete=off>{3}"
      "<label for=pin>PIN that the client shows</label>"
      "<input id=pin name=pin inputmode=numeric pattern='[0-9]{{4}}' maxlength=4 required>"
      "<label for=name>Name for it</label><input id=name name=name maxlength=64 placeholder='Living room TV'>"
      "<label for=token>Token of this host</label><input id=token name=token type=password value=\"{4}\" "
      "required><button>Pair</button></form></main><script>{5}</script></html>",
      escaped(host_name_), kStyle, said, choice, escaped(token), kScript);
}

}  // namespace lumen::host
