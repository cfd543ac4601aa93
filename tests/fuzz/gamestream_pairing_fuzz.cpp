// A script of requests to /pair and /unpair from a few addresses, PINs, denials, hang-ups and time, and the
// input's own bytes as parameters, at HttpApi and PairingHost. Every request is answered once or hangs up,
// no certificate is proven, since the fuzzer has no client's key, nothing waits beyond its time, memory stays
// bounded. The rest of the input goes to a PairingClient as an answer.
#include <cstdint>
#include <cstdlib>
#include <set>

#include "gamestream/http/http_api.hpp"
#include "gamestream/http/pairing_client.hpp"
#include "gamestream/http/pairing_host.hpp"

namespace {

using namespace lumen;
using namespace lumen::gamestream;

void require(bool condition) {
  if (!condition) std::abort();
}

constexpr std::string_view kClient = R"(-----BEGIN CERTIFICATE-----
MIIBbjCCAROgAwIBAgIUDNi/lkPpKB/YWxkwIqcY5gkxu3EwCgYIKoZIzj0EAwIw
DDEKMAgGA1UEAwwBdDAeFw0yNjExMjcxOTM0MjNaFw00NjExMjIxOTM0MjNaMAwx
CjAIBgNVBAMMAXQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQa7Vca0w1fSbYh
0Sxw73wrPwrGvTGAt20WPXvLqe07qkelL8CDQE+UvlrDWBBiyErxPDk9nRUrUv/3
6A6xPq2Oo1MwUTAdBgNVHQ4EFgQU+rM03BRm6QsLd5494m9MyvTBOEYwHwYDVR0j
BBgwFoAU+rM03BRm6QsLd5494m9MyvTBOEYwDwYDVR0TAQH/BAUwAwEB/zAKBggq
hkjOPQQDAgNJADBGAiEAyKI7xe4X99gRuaBjc39BKELcBe/DJ/tkIFTXg9QGPW8C
IQDYx1QtWLBYGLzziMmaG5l/kFQaXDEv1XNlpq0HX5yOQQ==
-----END CERTIFICATE-----
)";
// The host's own, with a key that is good for nothing else.
constexpr std::string_view kHost = R"(-----BEGIN CERTIFICATE-----
MIIBbTCCAROgAwIBAgIUe7Fp1ARtZK+xTRh6l8PSoiWMP9MwCgYIKoZIzj0EAwIw
DDEKMAgGA1UEAwwBdDAeFw0yNjExMjcxOTUzMzJaFw00NjExMjIxOTUzMzJaMAwx
CjAIBgNVBAMMAXQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAT0qGleZPe3UTvw
9lN1Pkm5o6iDSTGN6u0PqBVxLarJlatfcZKI6XFjMc9McZHoQZrZvIqZMY7f7dUC
Q4M4HIfAo1MwUTAdBgNVHQ4EFgQUWs3346aPyeXnd6RooWtflc6B9/UwHwYDVR0j
BBgwFoAUWs3346aPyeXnd6RooWtflc6B9/UwDwYDVR0TAQH/BAUwAwEB/zAKBggq
hkjOPQQDAgNIADBFAiAEF5ORSnMx/+0lquq9BUAX6GqGNDPNJ2a8dtSyAG+CsAIh
AMsqA6xsDpizkDi0O7CqfDVKFFY94sH+NvocLON2loWO
-----END CERTIFICATE-----
)";
constexpr std::string_view kHostKey = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgl6KG8qg2qXzIL02c
RKHQRJN1APgLMEzqUNA2avcwT02hRANCAAT0qGleZPe3UTvw9lN1Pkm5o6iDSTGN
6u0PqBVxLarJlatfcZKI6XFjMc9McZHoQZrZvIqZMY7f7dUCQ4M4HIfA
-----END PRIVATE KEY-----
)";

const crypto::Identity& identity() {
  static const auto made = crypto::Identity::from_pem(kHost, kHostKey).value();
  return made;
}

class Script {
 public:
  explicit Script(ByteView input) : reader_{input} {}

  void run() {
    while (reader_.remaining() != 0) step();
    now_ += std::chrono::minutes{4};
    host_.advance(now_);
    settle();
    require(waiting_.empty() && host_.prompts().empty() && !host_.next_deadline());
  }

 private:
  void step() {
    const auto what = reader_.big<std::uint8_t>(), which = reader_.big<std::uint8_t>();
    switch (what % 12) {
      case 0:
        get("phrase=getservercert&salt=00112233445566778899aabbccddeeff&clientcert=" +
                crypto::to_hex(as_view(kClient)),
            which);
        break;
      case 1:
        get("clientchallenge=" + hex(16), which);
        break;
      case 2:
        get("serverchallengeresp=" + hex(32), which);
        break;
      case 3:
        get("clientpairingsecret=" + hex(16U + which), which);
        break;
      case 4:
        get("phrase=getservercert&salt=00112233445566778899aabbccddeeff&clientcert=" + hex(which), which);
        break;
      case 5: {
        const auto bytes = reader_.take(std::min<std::size_t>(which, reader_.remaining()));
        get({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, which);
        break;
      }
      case 6:
        enter_pin(which);
        break;
      case 7:
        if (const auto prompts = host_.prompts(); !prompts.empty()) {
          require(host_.deny(prompts[which % prompts.size()].id, now_).has_value());
        }
        break;
      case 8:
        host_.on_unpair(address(which), "1", now_);
        break;
      case 9:
        if (!waiting_.empty()) hang_up(*std::next(waiting_.begin(), which % waiting_.size()));
        break;
      default:
        now_ += std::chrono::seconds{which};
        host_.advance(now_);
    }
    settle();
  }

  std::string hex(std::size_t count) {
    const auto bytes = reader_.take(std::min(count, reader_.remaining()));
    return crypto::to_hex(bytes) + std::string(2 * (count - bytes.size()), '0');
  }
  static IpAddress address(std::uint8_t which) { return IpAddress::v4({192, 0, 2, std::uint8_t(which % 6)}); }

  void get(const std::string& query, std::uint8_t which) {
    const auto target = "/pair?uniqueid=" + std::to_string(which % 2) + "&" + query;
    auto routed = HttpApi{nobody_}.route({Scheme::http, "GET", target, std::nullopt, {}, address(which)});
    auto* request = std::get_if<PairRequest>(&routed);
    if (request == nullptr) return require(std::holds_alternative<Answer>(routed));
    waiting_.insert(++last_reply_);
    host_.on_request(std::move(*request), ReplyId{last_reply_}, now_);
  }
  void enter_pin(std::uint8_t which) {
    const auto prompts = host_.prompts();
    if (prompts.empty()) return;
    const auto id = prompts[which % prompts.size()].id;
    const bool four = which % 4 != 0;
    require(host_.enter_pin(id, four ? "1234" : "12345", "TV", now_).has_value() == four);
  }
  void hang_up(std::uint64_t reply) {
    host_.on_closed(ReplyId{reply}, now_);
    waiting_.erase(reply);
  }

  void settle() {
    for (const auto& event : host_.take_events()) {
      require(!std::holds_alternative<ClientProven>(event));
      if (const auto* answer = std::get_if<PairingAnswer>(&event)) {
        require(waiting_.erase(static_cast<std::uint64_t>(answer->reply)) == 1);
        require(read_xml(answer->answer.body)->root.child("paired") != nullptr);
      }
    }
    const auto prompts = host_.prompts();
    require(prompts.size() == waiting_.size() && prompts.size() <= PairingLimits{}.max_attempts);
    for (const auto& prompt : prompts) require(prompt.expires > now_);
  }

  ByteReader reader_;
  PairedClients nobody_;
  PairingHost host_{identity()};
  Timestamp now_{};
  std::uint64_t last_reply_ = 0;
  std::set<std::uint64_t> waiting_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = std::as_bytes(std::span{data, size});
  Script{input}.run();
  auto client = PairingClient::create(identity(), "1", "TV").value();
  for (int i = 0; i < 4 && client.next(); ++i) {
    (void)client.on_answer({reinterpret_cast<const char*>(data), size}).has_value();
  }
  require(!client.is_done());
  return 0;
}
