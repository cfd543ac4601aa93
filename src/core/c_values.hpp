// lumen/core: values of the C ABI ↔ ours. Every number from outside is checked here.
#pragma once

#include <optional>

#include "core/abi.hpp"
#include "lumen1/handshake.hpp"
#include "lumen1/messages.hpp"

LUMEN_FIRST_VERSION(lumen_host_state, capture);
LUMEN_FIRST_VERSION(lumen_input, dy);
LUMEN_FIRST_VERSION(lumen_access_unit, encoded_ns);
LUMEN_FIRST_VERSION(lumen_train, due_ns);
LUMEN_FIRST_VERSION(lumen_unit, complete_ns);
LUMEN_FIRST_VERSION(lumen_datagram, size_bytes);

namespace lumen::core::abi {

// nullopt: a value that the header does not allow.
std::optional<InputEvent> to_input(const lumen_input& input);
lumen_input to_c(const InputEvent& event);
std::optional<lumen1::HostState> to_host_state(const lumen_host_state& state);
lumen_host_state to_c(const lumen1::HostState& state);  // borrows the texts
std::optional<lumen1::Secret> to_secret(const std::uint8_t (&secret)[LUMEN_SECRET_BYTES]);
std::optional<lumen1::CipherOffer> to_ciphers(std::uint32_t cipher);
std::optional<AccessUnitView> to_unit(const lumen_access_unit& unit);

}  // namespace lumen::core::abi
