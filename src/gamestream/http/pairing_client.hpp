// gamestream/http: the client's end of pairing (GameStream part 1, 7.4 and 20). Asks for one request after
// the other and judges the answers; the caller does the HTTP.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/units.hpp"
#include "crypto/identity.hpp"
#include "gamestream/http/http_api.hpp"
#include "gamestream/http/pair_request.hpp"

namespace lumen::gamestream {

struct ClientRequest {
  Scheme scheme = Scheme::http;     // https: pin host_certificate(), send the identity's
  std::string target;               // to GET
  std::optional<Duration> timeout;  // nullopt: as long as the person at the host needs
};

// Owner: one thread.
class PairingClient {
 public:
  // `identity` outlives this; `unique_id` and `device_name` are what the host shows, not who the client is.
  // `pin`: empty for a random one; `gamestream.pin` unless it is four digits then.
  static Result<PairingClient> create(const crypto::Identity& identity, std::string_view unique_id,
                                      std::string_view device_name, std::string_view pin = {});

  // To be shown until the answer to the first request is there.
  std::string_view pin() const {
    return {reinterpret_cast<const char*>(pin_.view().data()), pin_.view().size()};
  }
  // The next request; nullopt when there is none any more.
  std::optional<ClientRequest> next() const;
  // The body of the answer to next(). After a failure next() is /unpair, whose answer does not matter.
  //   gamestream.pairing-refused       the host says no; its own words, if it has any
  //   gamestream.pairing-busy          the host is pairing already
  //   gamestream.pairing-intercepted   the host's signature is wrong: someone may be in between
  //   gamestream.wrong-pin             what was typed at the host is not pin()
  //   gamestream.pairing-answer        the answer is malformed (or gamestream.xml, crypto.certificate)
  Status on_answer(std::string_view body);
  // There was no answer to next(): goes on to /unpair.
  void abandon();

  bool is_done() const { return step_ == Step::done; }
  // Provisional after phase 1, to be stored once is_done(); nullopt before.
  const std::optional<crypto::Certificate>& host_certificate() const { return host_; }

 private:
  enum class Step : std::uint8_t { certificate, challenge, hash, secret, proof, unpair, done, given_up };
  PairingClient(const crypto::Identity& identity, std::string_view unique_id, std::string_view device_name);
  Status take(const XmlDocument& document);
  Status take_certificate(const XmlElement& root);
  Status take_challenge_response(const XmlElement& root);
  Status take_host_secret(const XmlElement& root);
  std::string target(std::string_view parameter, std::string_view value) const;

  const crypto::Identity* identity_;
  std::string unique_id_, device_name_;
  PairingPin pin_;
  Step step_ = Step::certificate;
  PairingBlock salt_{};
  PairingKey key_;
  crypto::SecretBytes<kPairingBlockBytes> challenge_, secret_;  // Cc and Sc
  crypto::Sha256 host_hash_{};
  std::string parameter_;  // what the next request carries, in hexadecimal
  std::optional<crypto::Certificate> host_;
};

}  // namespace lumen::gamestream
