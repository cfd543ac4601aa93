#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "client/shell/pages.hpp"

namespace lumen::client {
namespace {

enum class Row : ControlId {
  resolution = kFirst,
  refresh,
  bitrate,
  codec,
  fullscreen,
  pacing,
  sound,
  pointer,
  keyboard,
  clipboard,
  statistics,
};

constexpr float kRowHeight = 53, kRowGap = 8;

struct Resolution {
  std::uint32_t width, height;
};
constexpr std::array<Resolution, 5> kResolutions{
    {{1280, 720}, {1920, 1080}, {2560, 1440}, {3440, 1440}, {3840, 2160}}};
constexpr std::array<std::uint32_t, 6> kRefreshMhz{30'000, 60'000, 90'000, 120'000, 144'000, 240'000};
constexpr std::array<std::uint32_t, 9> kBitratesKbps{0,      5'000,  10'000,  20'000, 30'000,
                                                     50'000, 80'000, 120'000, 200'000};
constexpr std::array<std::optional<Codec>, 4> kCodecs{std::nullopt, Codec::h264, Codec::hevc, Codec::av1};

// The value after (or before) the one that is; one that is not among them counts as the first.
template <class Values, class Equal>
std::size_t neighbour(const Values& values, bool forward, Equal is_it) {
  const auto found = std::ranges::find_if(values, is_it);
  const auto at = found == values.end() ? std::size_t{0} : static_cast<std::size_t>(found - values.begin());
  return forward ? (at + 1) % values.size() : (at + values.size() - 1) % values.size();
}

// "As this display" lies before the first resolution and behind the last one.
void change_resolution(Settings& settings, bool forward) {
  constexpr std::uint32_t kUsualMhz = 60'000;
  const auto refresh = settings.mode ? settings.mode->refresh_mhz : kUsualMhz;
  const auto is_it = [&](const Resolution& each) {
    return settings.mode && each.width == settings.mode->width && each.height == settings.mode->height;
  };
  const auto found = std::ranges::find_if(kResolutions, is_it);
  const auto end = kResolutions.end();
  if (settings.mode &&
      (forward ? found == end || found + 1 == end : found == end || found == kResolutions.begin())) {
    settings.mode.reset();
    return;
  }
  const auto& next = !settings.mode ? (forward ? kResolutions.front() : kResolutions.back())
                                    : (forward ? *(found + 1) : *(found - 1));
  settings.mode = Mode{next.width, next.height, refresh};
}

void change_refresh(Settings& settings, bool forward) {
  if (!settings.mode) return;
  const auto is_it = [&](std::uint32_t mhz) { return mhz == settings.mode->refresh_mhz; };
  settings.mode->refresh_mhz = kRefreshMhz.at(neighbour(kRefreshMhz, forward, is_it));
}

template <class Enum>
Enum turned(Enum value, bool forward, unsigned count) {
  const auto at = static_cast<unsigned>(value);
  return static_cast<Enum>((at + (forward ? 1 : count - 1)) % count);
}

std::string hertz(std::uint32_t refresh_mhz) { return fmt::format("{:g} Hz", refresh_mhz / 1000.0); }

std::string codec_text(const std::optional<Codec>& codec) {
  return codec ? std::string{to_string(*codec)} : "Automatic: the best that both know";
}

const char* on_off(bool on) { return on ? "On" : "Off"; }

const char* text_of(Pacing pacing) {
  switch (pacing) {
    case Pacing::automatic:
      return "Automatic";
    case Pacing::display:
      return "With the display: never torn";
    case Pacing::immediate:
      return "At once: least delay";
  }
  return "";
}

const char* text_of(OverlayLevel level) {
  switch (level) {
    case OverlayLevel::off:
      return "Off";
    case OverlayLevel::compact:
      return "One line";
    case OverlayLevel::full:
      return "All";
  }
  return "";
}

}  // namespace

Page settings_page(const Settings& settings, const Mode& display) {
  Page page{.title = "Settings",
            .subtitle = "Left and right change a value; it counts for the next stream",
            .hints = {{"←→", "Change"}, {"Esc", "Done"}}};
  float y = kBody.y - 12;
  const auto add = [&](Row row, const char* title, std::string value) {
    page.controls.push_back({.id = static_cast<ControlId>(row),
                             .look = Look::setting,
                             .box = {kBody.x, y, kBody.width, kRowHeight},
                             .title = title,
                             .value = std::move(value),
                             .tone = Tone::muted});
    y += kRowHeight + kRowGap;
  };
  const auto own =
      is_valid(display) ? fmt::format("{} × {}", display.width, display.height) : std::string{"unknown"};
  add(Row::resolution, "Resolution",
      settings.mode ? fmt::format("{} × {}", settings.mode->width, settings.mode->height)
                    : fmt::format("As this display ({})", own));
  add(Row::refresh, "Refresh rate",
      settings.mode ? hertz(settings.mode->refresh_mhz)
                    : fmt::format("As this display{}",
                                  is_valid(display) ? fmt::format(" ({})", hertz(display.refresh_mhz)) : ""));
  add(Row::bitrate, "Bitrate",
      settings.bitrate_kbps == 0 ? "Automatic" : fmt::format("{:g} Mbit/s", settings.bitrate_kbps / 1000.0));
  add(Row::codec, "Codec", codec_text(settings.codec));
  add(Row::fullscreen, "Full screen", on_off(settings.fullscreen));
  add(Row::pacing, "Pictures appear", text_of(settings.pacing));
  add(Row::sound, "Sound", on_off(settings.sound));
  add(Row::pointer, "Mouse pointer in the picture", on_off(settings.pointer_drawn));
  add(Row::keyboard, "All keys go to the computer in full screen", on_off(settings.grab_keyboard));
  add(Row::clipboard, "Clipboard shared with computers that share theirs", on_off(settings.clipboard));
  add(Row::statistics, "Figures over the picture", text_of(settings.statistics));
  page.controls.push_back(
      {.id = kBack, .look = Look::button, .box = {kBody.x, y + 10, 400, 68}, .title = "Done"});
  page.controls.push_back(
      {.id = kReset, .look = Look::button, .box = {kBody.x + 432, y + 10, 400, 68}, .title = "Defaults"});
  return page;
}

Settings change_setting(const Settings& settings, ControlId row, bool forward) {
  Settings changed = settings;
  switch (static_cast<Row>(row)) {
    case Row::resolution:
      change_resolution(changed, forward);
      break;
    case Row::refresh:
      change_refresh(changed, forward);
      break;
    case Row::bitrate:
      changed.bitrate_kbps = kBitratesKbps.at(neighbour(
          kBitratesKbps, forward, [&](std::uint32_t each) { return each == settings.bitrate_kbps; }));
      break;
    case Row::codec:
      changed.codec =
          kCodecs.at(neighbour(kCodecs, forward, [&](const auto& each) { return each == settings.codec; }));
      break;
    case Row::fullscreen:
      changed.fullscreen = !changed.fullscreen;
      break;
    case Row::pacing:
      changed.pacing = turned(changed.pacing, forward, 3);
      break;
    case Row::sound:
      changed.sound = !changed.sound;
      break;
    case Row::pointer:
      changed.pointer_drawn = !changed.pointer_drawn;
      break;
    case Row::keyboard:
      changed.grab_keyboard = !changed.grab_keyboard;
      break;
    case Row::clipboard:
      changed.clipboard = !changed.clipboard;
      break;
    case Row::statistics:
      changed.statistics = turned(changed.statistics, forward, 3);
      break;
  }
  return changed;
}

}  // namespace lumen::client
