#include "lumen1/control/pairing_exchange.hpp"

#include "lumen1/control/words.hpp"

namespace lumen::lumen1::control {
namespace {

constexpr std::string_view kCodeContext = "lumen/1 pair", kCommitmentContext = "lumen/1 approve: commitment",
                           kWordsContext = "lumen/1 approve: words";

std::vector<std::byte> own_data(crypto::CpaceRole role, const PairingBinding& binding) {
  const auto& name = role == crypto::CpaceRole::initiator ? binding.client_name : binding.host_name;
  return crypto::lv_cat({as_view(name), as_view(std::to_string(binding.version))});
}

std::vector<std::byte> parties(std::string_view context, const PairingBinding& binding) {
  return crypto::lv_cat({as_view(context), as_view("client"), binding.client, as_view("host"), binding.host});
}

// Of everything that both ends must see the same, and what else is given.
Result<crypto::Sha256> digest(std::string_view context, const PairingBinding& binding,
                              std::initializer_list<ByteView> rest) {
  const auto names = crypto::lv_cat({as_view(binding.client_name), as_view(binding.host_name),
                                     as_view(std::to_string(binding.version)), binding.exporter.view()});
  return crypto::sha256({parties(context, binding), names, crypto::lv_cat(rest)});
}

}  // namespace

Result<crypto::Cpace> start_cpace(crypto::CpaceRole role, std::string_view code,
                                  const PairingBinding& binding) {
  const auto channel = parties(kCodeContext, binding);
  const auto data = own_data(role, binding);
  return crypto::Cpace::create({.role = role,
                                .password = as_view(code),
                                .channel = channel,
                                .session = binding.exporter.view(),
                                .data = data});
}

bool receive_share(crypto::Cpace& run, crypto::CpaceRole own_role, const crypto::CpaceShare& share,
                   const PairingBinding& binding) {
  const auto peer =
      own_role == crypto::CpaceRole::initiator ? crypto::CpaceRole::responder : crypto::CpaceRole::initiator;
  return run.receive(share, own_data(peer, binding));
}

Result<Commitment> commitment_of(const Nonce& host_nonce, const PairingBinding& binding) {
  return digest(kCommitmentContext, binding, {host_nonce});
}

Result<std::string> words_of(const Nonce& host_nonce, const Nonce& client_nonce,
                             const PairingBinding& binding) {
  LUMEN_TRY(const auto hash, digest(kWordsContext, binding, {host_nonce, client_nonce}));
  const auto word = [&](std::size_t i) { return std::string{kWords[std::to_integer<std::size_t>(hash[i])]}; };
  return word(0) + "-" + word(1);
}

}  // namespace lumen::lumen1::control
