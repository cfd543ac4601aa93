// client/shell: what a person has chosen for good, kept as client.toml. A value; the file may be written by
// anybody's hand.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "interface/client_window.hpp"
#include "media/frames.hpp"
#include "media/mode.hpp"

namespace lumen::client {

enum class OverlayLevel : std::uint8_t { off, compact, full };
inline OverlayLevel next_level(OverlayLevel level) {
  return level == OverlayLevel::full ? OverlayLevel::off
                                     : static_cast<OverlayLevel>(static_cast<std::uint8_t>(level) + 1);
}

inline constexpr std::uint32_t kMinBitrateSetting = 500, kMaxBitrateSetting = 2'000'000;  // kbit/s
inline constexpr std::size_t kMaxAddresses = 64;

struct Settings {
  std::optional<Mode> mode;        // none: as the display that shows it
  std::uint32_t bitrate_kbps = 0;  // 0: from the mode
  std::optional<Codec> codec;      // none: the best that both ends know
  bool fullscreen = true;
  Pacing pacing = Pacing::automatic;
  bool sound = true;
  bool pointer_drawn = false;  // by the host, as part of the picture, also where it could be drawn here
  bool grab_keyboard = true;   // in full screen
  float pointer_speed = 1;     // of a captured pointer, 0.1…10
  bool clipboard = false;      // shared with computers that share theirs
  OverlayLevel statistics = OverlayLevel::off;
  std::vector<std::string> addresses;  // of hosts that a person has named
  bool operator==(const Settings&) const = default;
};

// `settings.syntax`, `settings.unknown`, `settings.value`, with the line and what it should be.
Result<Settings> parse_settings(std::string_view text);
// What parse_settings() reads back, with a comment for whoever looks into it.
std::string to_toml(const Settings& settings);

// $XDG_CONFIG_HOME/lumen/client.toml, or below ~/.config.
std::string settings_path();
// The defaults where there is no file.
Result<Settings> load_settings(const std::string& path);
// All or nothing. Fails as write_state_file().
Status save_settings(const std::string& path, const Settings& settings);

// "auto", "h264", …; and back: none for "auto". False: it is none of them.
std::string_view codec_setting(const std::optional<Codec>& codec);
bool parse_codec_setting(std::string_view text, std::optional<Codec>& codec);

}  // namespace lumen::client
