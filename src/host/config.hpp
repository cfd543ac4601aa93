// lumen/host: ~/.config/lumen/host.toml, read once at start. Pure but for read_config().
//
//   name = "living-room"              # how clients show this machine; default: its host name
//   [lumen]
//   enabled = true
//   bind = "::"                       # IPv6 and IPv4; "0.0.0.0" for IPv4, an address for one network only
//   port = 47986                      # UDP
//   pads = "auto"                     # shown as "xbox", "dualsense", "dualshock4", "switch", or what suits
//   [gamestream]
//   enabled = true
//   bind = "0.0.0.0"                  # "::" for IPv6 as well, an address for one network only
//   port = 47989                      # HTTP; all other ports follow from it
//   encryption = "prefer"             # of picture and sound: "require", "prefer", or as "client"s ask
//   codecs = ["h264", "hevc"]         # offered whatever this machine's speed; default: what was measured
//   pads = "auto"                     # as above
//   [[app]]
//   title = "Steam"
//   command = "steam -bigpicture"     # as a shell splits it; nothing is expanded
//   working_dir = "/srv/games"
//   art = "/srv/art/steam.png"
//   before = ["notify-send 'a game begins'"]   # run one after the other before it starts, each 10 s at most
//   after = ["notify-send 'the game is over'"] # and when it has ended
//   environment = { MANGOHUD = "1" }
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "media/frames.hpp"
#include "media/pad.hpp"

namespace lumen::host {

struct AppEntry {
  std::uint32_t id = 0;  // 1…2147483647, the same as long as the title is
  std::string title;
  std::vector<std::string> command;
  std::string working_dir, art;
  std::vector<std::vector<std::string>> before, after;
  std::vector<std::pair<std::string, std::string>> environment;
  std::string desktop = "private";  // where it runs: one of kDesktopNames
  bool is_desktop = false;          // "Desktop": the command is for a private one only
};

enum class EncryptionPolicy : std::uint8_t {
  require,  // clients that cannot are refused
  prefer,   // wherever the client can
  client,   // as its user chose
};

struct LumenConfig {
  bool enabled = true;
  std::string bind = "::";
  std::uint16_t port = 47986;
  std::optional<PadModel> pads;  // what all pads are shown as; none: what suits each
};

struct GameStreamConfig {
  bool enabled = true;
  std::string bind = "0.0.0.0";
  std::uint16_t port = 47989;  // kMinBasePort…kMaxBasePort
  EncryptionPolicy encryption = EncryptionPolicy::prefer;
  std::optional<PadModel> pads;  // what all pads are shown as; none: what suits each
  std::vector<Codec> codecs;     // to offer; empty: as measured. H.264 always is, clients count on it
};
inline constexpr std::uint16_t kMinBasePort = 1029, kMaxBasePort = 65514;

// "auto": the person's own where one runs, else a private one. "gamescope": a private one with the
// application in gamescope. The rest are backends of lumen-session.
inline constexpr std::array<std::string_view, 7> kDesktopNames{"auto",   "private", "gamescope", "kwin",
                                                               "mutter", "wlroots", "portal"};
bool is_desktop_name(std::string_view name);
// Whether it is of the session's own, so that it has one display and nothing of a person's.
inline bool is_private_desktop(std::string_view name) { return name == "private" || name == "gamescope"; }

struct DesktopConfig {
  std::string use = "auto";  // what "Desktop" shows: one of kDesktopNames
  double scale = 1;          // of virtual displays on a person's desktop: 0.5…4
};

struct HostConfig {
  std::string name;  // empty: the host name
  DesktopConfig desktop;
  LumenConfig lumen;
  GameStreamConfig gamestream;
  std::vector<AppEntry> apps;  // without "Desktop", which is always there
};

// `config.syntax`, `config.unknown` (an unknown key: most likely a typing error), `config.value`,
// `config.app-twice`; each names the line. At most 256 applications.
Result<HostConfig> parse_config(std::string_view text);
// The defaults when there is no such file. `config.read` when it cannot be read.
Result<HostConfig> read_config(const std::string& path);

// What clients show: as configured, else the machine's.
std::string shown_name(const HostConfig& config);

// $XDG_CONFIG_HOME/lumen/host.toml and $XDG_STATE_HOME/lumen (or below ~/.config and ~/.local/state).
std::string config_path();
std::string state_dir();
// Where sessions write down what they change on a person's desktop.
std::string restore_dir(const std::string& state_dir);

// From the title; stable across restarts and machines.
std::uint32_t app_id(std::string_view title);

}  // namespace lumen::host
