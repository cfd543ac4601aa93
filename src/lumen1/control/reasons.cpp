#include "lumen1/control/reasons.hpp"

namespace lumen::lumen1::control {

// Numbers of a later version fall through to the end.

std::string_view text_of(RefusalReason reason) {
  switch (reason) {
    using enum RefusalReason;
    case not_paired:
      return "this device is not paired with the host";
    case device_disabled:
      return "the host's owner has switched this device off";
    case not_permitted:
      return "the host's owner does not let this device do that";
    case busy:
      return "the host is in use";
    case no_such_app:
      return "the host has no such application";
    case mode_out_of_range:
      return "the host cannot show a picture of that size or rate";
    case no_common_codec:
      return "the host makes no video that this client can decode";
    case host_stopping:
      return "the host is being stopped";
    case no_such_session:
      return "there is no such session";
    case too_many_requests:
      return "too many requests are waiting for an answer";
    case cannot_start:
      return "the host could not start it";
    case unsupported:
      return "the host cannot do that";
    case timed_out:
      return "the host did not answer in time";
    case no_such_display:
      return "the host has no such display";
  }
  return "the host refused, for a reason that this version does not know";
}

std::string_view remedy_of(RefusalReason reason) {
  switch (reason) {
    using enum RefusalReason;
    case not_paired:
      return "Pair this device: let the host show a code and type it here";
    case device_disabled:
      return "Ask the host's owner to enable this device";
    case not_permitted:
      return "Ask the host's owner for that permission";
    case busy:
      return "Try again when it is free, or end the session that runs there";
    case no_such_app:
      return "Choose one of the host's list";
    case mode_out_of_range:
      return "Choose a smaller picture or a lower rate";
    case no_common_codec:
      return "Allow more codecs in this client's settings, H.264 above all";
    case host_stopping:
      return "Try again when it has been started anew";
    case no_such_session:
    case unsupported:
      return {};
    case too_many_requests:
    case timed_out:
      return "Try again";
    case cannot_start:
      return "Look at the host's log";
    case no_such_display:
      return "Open a display with a lower number";
  }
  return "Use a newer version of this client";
}

std::string_view text_of(PairingRefusal reason) {
  switch (reason) {
    using enum PairingRefusal;
    case no_code:
      return "the host shows no code, or it is no longer valid";
    case slow_down:
      return "there were too many attempts";
    case failed:
      return "the code is wrong, or somebody is between this device and the host";
    case denied:
      return "the host's owner said no";
    case expired:
      return "nobody approved this device in time";
    case too_many:
      return "too many devices wait to be approved";
    case already_paired:
      return "this device is paired already";
    case not_stored:
      return "the host could not write its list of devices";
    case code_malformed:
      return "a code is six digits or three words";
    case timed_out:
      return "the other end fell silent while pairing";
    case approval_off:
      return "the host takes new devices by code alone";
  }
  return "the host refused to pair, for a reason that this version does not know";
}

std::string_view remedy_of(PairingRefusal reason) {
  switch (reason) {
    using enum PairingRefusal;
    case no_code:
    case approval_off:
      return "Let the host show a new code and type that";
    case slow_down:
    case too_many:
      return "Wait a little and try again";
    case failed:
      return "Compare the code with the one on the host's screen and type it again";
    case denied:
    case already_paired:
      return {};
    case expired:
    case timed_out:
      return "Try again";
    case not_stored:
      return "Look at the host's log";
    case code_malformed:
      return "Type what the host shows";
  }
  return "Use a newer version of this client";
}

std::string_view text_of(EndReason reason) {
  switch (reason) {
    using enum EndReason;
    case application_exited:
      return "the application has ended";
    case desktop_died:
      return "the desktop died";
    case replaced:
      return "another client took the session over";
    case stopped_by_owner:
      return "the host's owner stopped the session";
    case permission_withdrawn:
      return "the host's owner took the permission to watch away";
    case host_stopping:
      return "the host is being stopped";
    case client_silent:
      return "the host heard nothing from this client any more";
    case failed:
      return "the session failed";
  }
  return "the session ended, for a reason that this version does not know";
}

std::string_view text_of(ByeReason reason) {
  switch (reason) {
    using enum ByeReason;
    case done:
      return "done";
    case version_too_old:
      return "this client is too old for the host";
    case version_too_new:
      return "the host is too old for this client";
    case device_disabled:
      return "the host's owner has switched this device off";
    case unpaired:
      return "the host's owner has removed this device";
    case protocol_error:
      return "the other end does not keep to the protocol";
    case flood:
      return "too many messages came at once";
    case timed_out:
      return "the other end fell silent";
    case host_stopping:
      return "the host is being stopped";
    case replaced:
      return "this device has connected anew";
    case host_unproven:
      return "the host does not know the code: it is another one than it seems to be";
  }
  return "the connection ended, for a reason that this version does not know";
}

std::string_view remedy_of(ByeReason reason) {
  switch (reason) {
    using enum ByeReason;
    case version_too_old:
      return "Install a newer version of this client";
    case version_too_new:
      return "Install a newer version on the host";
    case device_disabled:
      return "Ask the host's owner to enable this device";
    case unpaired:
      return "Pair it again";
    case protocol_error:
    case flood:
      return "Install the newest version at both ends";
    case timed_out:
      return "Check the network and try again";
    case host_stopping:
      return "Try again when it has been started anew";
    case host_unproven:
      return "Make sure that you are in the right network before you type a code again";
    case done:
    case replaced:
      return {};
  }
  return {};
}

}  // namespace lumen::lumen1::control
