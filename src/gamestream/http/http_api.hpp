// gamestream/http: from an HTTP request to what it asks for: the table of endpoints and who may use them
// (GameStream part 1, 3.4). Pure: the server reads a whole request, asks route(), and either sends the Answer
// or does what the value says and answers then, at once or later. Targets hold keys: do not log them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "crypto/certificate.hpp"
#include "gamestream/http/address.hpp"
#include "gamestream/http/answer.hpp"
#include "gamestream/http/launch_request.hpp"
#include "gamestream/http/pair_request.hpp"
#include "gamestream/http/paired_clients.hpp"

namespace lumen::gamestream {

enum class Scheme : std::uint8_t { http, https };

struct HttpRequest {
  Scheme scheme = Scheme::http;
  std::string_view method, target;            // as in the request line
  std::optional<crypto::Fingerprint> client;  // of the TLS peer's leaf; nullopt: none was sent
  IpAddress local, remote;
};

// Answer with server_info_answer(); `client` is there when it is authorised.
struct ServerInfoRequest {
  std::optional<crypto::Fingerprint> client;
  IpAddress local;
};
// PairRequest goes to PairingHost::on_request(); UnpairRequest to PairingHost::on_unpair() and is answered
// with unpair_answer(), whatever comes of it.
struct UnpairRequest {
  IpAddress remote;
  std::string unique_id;
};
// The rest comes from authorised clients only.
struct AppListRequest {  // app_list_answer()
  crypto::Fingerprint client{};
};
struct AppAssetRequest {  // image_answer(); a default picture when there is no such application
  crypto::Fingerprint client{};
  std::uint32_t app_id = 0;
};
// LaunchRequest: LaunchBook::admit(), then launch_success() or launch_refusal().
struct CancelRequest {  // LaunchBook::end(), end what it names, then cancel_answer()
  crypto::Fingerprint client{};
};
using Routed = std::variant<Answer, ServerInfoRequest, PairRequest, UnpairRequest, AppListRequest,
                            AppAssetRequest, LaunchRequest, CancelRequest>;

class HttpApi {
 public:
  // `paired` outlives this and is owned by the same thread.
  explicit HttpApi(const PairedClients& paired) : paired_{paired} {}
  // Any bytes as method and target.
  Routed route(const HttpRequest& request) const;

 private:
  const PairedClients& paired_;
};

}  // namespace lumen::gamestream
