// host/lumen1: the lines of the local command socket that are about devices. Owner: lm-main.
//
//   device-code [phrase]      shows a new code: "CODE\tSECONDS\n"
//   device-code-end           how the last one ended: "shown", "used", "expired", "guessed at", "withdrawn"
//   device-code-withdraw
//   device-asking             who asks to be approved: "ID\tNAME\tADDRESS\tWORDS\n" each
//   device-approve ID | device-deny ID
//   devices                   "ID\tenabled or disabled\tPERMISSIONS\tNAME\n" each
//   device-rename ID NAME… | device-enable ID | device-disable ID | device-remove ID
//   device-permit ID view,input,gamepad,sound,microphone,clipboard
//
// ID of a device: its name, or the beginning of its id. An answer that begins with "error: " says what is
// wrong; none is empty.
#pragma once

#include <optional>
#include <string>

#include "host/lumen1/lumen_service.hpp"

namespace lumen::host {

// nullopt: not one of them.
std::optional<std::string> device_command(LumenService& service, const std::string& command);

}  // namespace lumen::host
