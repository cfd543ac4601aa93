// lumen1/control: why something was refused or ended, as a number for programs and a text and a remedy for
// people. The host sends all three, so that an older client can show a reason that it does not know: a number
// that has no enumerator here is valid on the wire.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lumen::lumen1::control {

// Why a request was refused. The numbers are on the wire for ever.
enum class RefusalReason : std::uint16_t {
  not_paired = 1,
  device_disabled = 2,  // the host's owner switched it off
  not_permitted = 3,    // a permission of the device is missing
  busy = 4,             // as many sessions as there may be, or the desktop is somebody else's
  no_such_app = 5,
  mode_out_of_range = 6,
  no_common_codec = 7,
  host_stopping = 8,
  no_such_session = 9,
  too_many_requests = 10,
  cannot_start = 11,  // the host tried and failed; its text says at what
  unsupported = 12,   // the host cannot do that, whoever asks
  timed_out = 13,     // no answer; also made by the client itself
  no_such_display = 14,
};

// Why pairing failed. A wrong code, a changed certificate and a relayed connection are all `failed`.
enum class PairingRefusal : std::uint16_t {
  no_code = 1,         // none is shown, it has expired, or it was guessed at too often
  slow_down = 2,       // too many attempts; `retry_after_s` says how long to wait
  failed = 3,          // the two ends do not know the same
  denied = 4,          // the host's owner said no
  expired = 5,         // nobody said yes or no in time
  too_many = 6,        // as many devices wait for approval as may
  already_paired = 7,  // nothing to do
  not_stored = 8,      // the host could not write its list of devices
  code_malformed = 9,  // made by the client itself: neither six digits nor three words
  timed_out = 10,      // made by either end: the other one fell silent
  approval_off = 11,   // the host takes new devices by code alone
};

// Why a session is over.
enum class EndReason : std::uint16_t {
  application_exited = 1,
  desktop_died = 2,
  replaced = 3,          // the same device, or one that may, took the session over
  stopped_by_owner = 4,  // by the host's owner
  permission_withdrawn = 5,
  host_stopping = 6,
  client_silent = 7,  // no media from the client for too long
  failed = 8,         // its text says what
};

// Why the whole connection is over.
enum class ByeReason : std::uint16_t {
  done = 1,             // as wanted
  version_too_old = 2,  // the client's newest version is older than the host's oldest
  version_too_new = 3,  // the other way round
  device_disabled = 4,
  unpaired = 5,  // the device was removed from the host's list
  protocol_error = 6,
  flood = 7,      // more messages than may be
  timed_out = 8,  // no hello, or no pairing, in time
  host_stopping = 9,
  replaced = 10,       // the same device connected anew
  host_unproven = 11,  // made by the client itself: the host did not show that it knows the code
};

// One sentence without a full stop; never empty, whatever the number.
std::string_view text_of(RefusalReason reason);
std::string_view text_of(PairingRefusal reason);
std::string_view text_of(EndReason reason);
std::string_view text_of(ByeReason reason);
// What the user of the client can do; empty when that is nothing.
std::string_view remedy_of(RefusalReason reason);
std::string_view remedy_of(PairingRefusal reason);
std::string_view remedy_of(ByeReason reason);

}  // namespace lumen::lumen1::control
