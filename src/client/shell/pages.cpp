#include "client/shell/pages.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

namespace lumen::client {
namespace {

constexpr float kGap = 32;

const Hint kChoose{"Enter", "Choose"}, kGoBack{"Esc", "Back"};

Box cell(std::size_t index, std::size_t columns, float height) {
  const auto count = static_cast<float>(columns);
  const float width = (kBody.width - kGap * (count - 1)) / count;
  return {kBody.x + static_cast<float>(index % columns) * (width + kGap),
          kBody.y + static_cast<float>(index / columns) * (height + kGap), width, height};
}

// A row of buttons from (x, y) on.
void add_buttons(Page& page, float x, float y,
                 std::initializer_list<std::pair<ControlId, const char*>> buttons, float width = 400) {
  for (const auto& [id, title] : buttons) {
    page.controls.push_back({.id = id, .look = Look::button, .box = {x, y, width, 84}, .title = title});
    x += width + kGap;
  }
}

// Of `count` cards in a grid: where what comes below begins.
float below_cards(std::size_t count, std::size_t columns, float height) {
  const auto rows = static_cast<float>((count + columns - 1) / columns);
  return kBody.y + rows * (height + kGap) + 8;
}

std::pair<const char*, Tone> state_of(const HostEntry& host) {
  if (!host.reachable) return {host.paired ? "Paired, not found now" : "Does not answer", Tone::muted};
  return host.paired ? std::pair{"Ready", Tone::good} : std::pair{"Not paired yet", Tone::warning};
}

const char* name_of(Protocol protocol) { return protocol == Protocol::lumen1 ? "Lumen" : "GameStream"; }

// Returns where the text ends.
float add_lines(Page& page, const std::string& text, float x, float y, float size, Tone tone,
                std::size_t width, Align align = Align::left) {
  constexpr std::size_t kMaxLines = 4;
  for (const auto& line : wrap(text, width, kMaxLines)) {
    page.texts.push_back({.text = line, .x = x, .y = y, .size = size, .tone = tone, .align = align});
    y += size * 1.45F;
  }
  return y;
}

void add_keypad(Page& page, std::string_view keys, std::size_t columns, float key_width) {
  constexpr float kKeyHeight = 84, kKeyGap = 16, kTop = 392;
  const auto total = static_cast<float>(columns) * (key_width + kKeyGap) - kKeyGap;
  const float left = (kSceneWidth - total) / 2;
  std::size_t at = 0;
  const auto place = [&](std::size_t span) {
    const Box box{left + static_cast<float>(at % columns) * (key_width + kKeyGap),
                  kTop + static_cast<float>(at / columns) * (kKeyHeight + kKeyGap),
                  static_cast<float>(span) * (key_width + kKeyGap) - kKeyGap, kKeyHeight};
    at += span;
    return box;
  };
  for (const char key : keys) {
    page.controls.push_back({.id = kKeys + static_cast<unsigned char>(key),
                             .look = Look::key,
                             .box = place(1),
                             .title = std::string(1, key)});
  }
  const std::size_t left_in_row = columns - at % columns;
  const std::size_t span = std::max<std::size_t>(left_in_row / 2, 1);
  page.controls.push_back(
      {.id = kKeyErase, .look = Look::key, .box = place(span), .title = "⌫", .tone = Tone::warning});
  page.controls.push_back({.id = kKeyEnter,
                           .look = Look::key,
                           .box = place(std::max<std::size_t>(left_in_row - span, 1)),
                           .title = "OK",
                           .tone = Tone::good});
}

}  // namespace

std::vector<std::string> wrap(const std::string& text, std::size_t width, std::size_t lines) {
  std::vector<std::string> wrapped;
  std::string line;
  const auto put = [&] {
    if (wrapped.size() < lines && !line.empty()) wrapped.push_back(line);
    line.clear();
  };
  for (std::size_t at = 0; at < text.size();) {
    const auto space = std::min(text.find_first_of(" \n", at), text.size());
    const auto word = text.substr(at, space - at);
    if (!line.empty() && line.size() + 1 + word.size() > width) put();
    if (!word.empty()) line += line.empty() ? word : " " + word;
    if (space < text.size() && text[space] == '\n') put();
    at = space + 1;
  }
  put();
  return wrapped;
}

Page hosts_page(std::span<const HostEntry> hosts, bool searching) {
  constexpr std::size_t kColumns = 3;
  constexpr float kHeight = 208;
  Page page{.title = "Computers",
            .subtitle = searching ? "Looking for computers on this network"
                                  : "Choose one to see its desktop and games",
            .hints = {kChoose, {"Del", "Options"}, {"F1", "Settings"}, {"Esc", "Quit"}},
            .busy = searching};
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    const auto [state, tone] = state_of(hosts[i]);
    page.controls.push_back(
        {.id = kFirst + static_cast<ControlId>(i),
         .look = Look::card,
         .box = cell(i, kColumns, kHeight),
         .title = hosts[i].name,
         .detail = hosts[i].name == hosts[i].address
                       ? std::string{name_of(hosts[i].protocol)}
                       : fmt::format("{} · {}", hosts[i].address, name_of(hosts[i].protocol)),
         .value = state,
         .tone = tone});
  }
  float y = below_cards(hosts.size(), kColumns, kHeight);
  if (hosts.empty()) {
    page.texts.push_back({.text = searching ? "Nothing found yet" : "No computer was found",
                          .x = kBody.x,
                          .y = kBody.y + 60,
                          .size = 40,
                          .face = Face::bold});
    add_lines(
        page,
        "Start Lumen or another GameStream host on a computer of this network. If it is elsewhere, add it by "
        "its address.",
        kBody.x, kBody.y + 124, 30, Tone::muted, 90);
    y = kBody.y + 260;
  }
  add_buttons(page, kBody.x, y,
              {{kAddHost, "Add by address"},
               {kSearchAgain, "Search again"},
               {kOpenSettings, "Settings"},
               {kQuit, "Quit"}});
  return page;
}

Page apps_page(const HostEntry& host, std::span<const AppEntry> apps, bool loading) {
  constexpr std::size_t kColumns = 4;
  constexpr float kHeight = 176;
  Page page{.title = host.name,
            .subtitle = loading ? "Asking what there is" : "What do you want to see?",
            .hints = {kChoose, kGoBack},
            .busy = loading};
  for (std::size_t i = 0; i < apps.size(); ++i) {
    page.controls.push_back({.id = kFirst + static_cast<ControlId>(i),
                             .look = Look::card,
                             .box = cell(i, kColumns, kHeight),
                             .title = apps[i].title,
                             .value = apps[i].running ? "Running" : "",
                             .tone = Tone::good});
  }
  const float y = below_cards(apps.size(), kColumns, kHeight);
  if (std::ranges::any_of(apps, &AppEntry::running)) {
    add_buttons(page, kBody.x, y, {{kEndApp, "End what runs"}, {kBack, "Back"}});
  } else {
    add_buttons(page, kBody.x, y, {{kBack, "Back"}});
  }
  return page;
}

Page host_menu_page(const HostEntry& host, bool app_runs) {
  Page page{.title = host.name, .subtitle = host.address, .hints = {kChoose, kGoBack}};
  float y = kBody.y;
  const auto add = [&](ControlId id, const char* title, Tone tone = Tone::plain) {
    page.controls.push_back(
        {.id = id, .look = Look::button, .box = {kBody.x, y, 640, 84}, .title = title, .tone = tone});
    y += 84 + 24;
  };
  add(kStartDesktop, "Show its desktop");
  add(kShowApps, "Choose an application");
  if (app_runs) add(kEndApp, "End what runs there");
  add(kForget, host.paired ? "Forget this computer" : "Remove from the list", Tone::bad);
  add(kBack, "Back");
  return page;
}

Page address_page(const std::string& text, const std::string& problem) {
  Page page{.title = "Add a computer",
            .subtitle = "Its name or address, and a port if it is not the usual one",
            .hints = {{"Enter", "Add"}, kGoBack},
            .takes_text = true,
            .field = text};
  add_keypad(page, "1234567890.:abcdefghijklmnopqrstuvwxyz-", 12, 104);
  if (!problem.empty()) {
    page.texts.push_back({.text = problem,
                          .x = kSceneWidth / 2,
                          .y = 362,
                          .size = 28,
                          .tone = Tone::bad,
                          .align = Align::center,
                          .max_width = kBody.width});
  }
  return page;
}

Page enter_pin_page(const HostEntry& host, const std::string& digits, bool was_wrong) {
  Page page{.title = fmt::format("Pair with {}", host.name),
            .subtitle = "Type the PIN or the phrase that the computer shows",
            .hints = {{"Enter", "Pair"}, kGoBack},
            .takes_text = true,
            .field = digits};
  add_keypad(page, "1234567890", 4, 200);
  if (was_wrong) {
    page.texts.push_back({.text = "That was not it. The computer shows a new one.",
                          .x = kSceneWidth / 2,
                          .y = 362,
                          .size = 28,
                          .tone = Tone::bad,
                          .align = Align::center});
  }
  return page;
}

Page pairing_page(const HostEntry& host, const std::string& pin, const std::string& words, bool confirmed) {
  Page page{.title = fmt::format("Pair with {}", host.name),
            .subtitle = "This is needed once. After that, nothing is asked.",
            .hints = {{"Esc", "Cancel"}},
            .busy = true};
  constexpr float kMiddle = kSceneWidth / 2;
  const auto line = [&](const std::string& text, float y, float size, Tone tone, Face face) {
    page.texts.push_back({.text = text,
                          .x = kMiddle,
                          .y = y,
                          .size = size,
                          .tone = tone,
                          .face = face,
                          .align = Align::center,
                          .max_width = kBody.width});
  };
  if (!pin.empty()) {
    std::string spaced;
    for (const char c : pin) spaced += spaced.empty() ? std::string(1, c) : std::string{" "} + c;
    line("Type this PIN at that computer", 360, 40, Tone::plain, Face::regular);
    line(spaced, 530, 190, Tone::accent, Face::mono);
    line("A Lumen host asks for it with: lumen-host pair", 690, 30, Tone::muted, Face::regular);
    line("Others show a window or a page of their settings.", 738, 30, Tone::muted, Face::regular);
  } else if (!words.empty()) {
    line("Does that computer show these words?", 360, 40, Tone::plain, Face::regular);
    line(words, 520, 110, Tone::accent, Face::bold);
    line("If it does, say so here, and allow this device there. If not, cancel: somebody is in between.", 680,
         30, Tone::muted, Face::regular);
  } else {
    line("Waiting for the computer", 480, 44, Tone::plain, Face::regular);
  }
  const bool asks = !words.empty() && !confirmed;
  page.controls.push_back({.id = kCancel,
                           .look = Look::button,
                           .box = {asks ? kMiddle - 420 : kMiddle - 200, 830, 400, 84},
                           .title = "Cancel"});
  if (asks) {
    page.controls.push_back({.id = kConfirm,
                             .look = Look::button,
                             .box = {kMiddle + 20, 830, 400, 84},
                             .title = "They are the same"});
  }
  return page;
}

Page connecting_page(const HostEntry& host, const std::string& what) {
  Page page{.title = host.name, .subtitle = host.address, .hints = {{"Esc", "Cancel"}}, .busy = true};
  page.texts.push_back({.text = what.empty() ? "Connecting" : what,
                        .x = kSceneWidth / 2,
                        .y = 480,
                        .size = 52,
                        .face = Face::bold,
                        .align = Align::center,
                        .max_width = kBody.width});
  page.texts.push_back({.text = "The computer may take a moment to start its desktop",
                        .x = kSceneWidth / 2,
                        .y = 556,
                        .size = 30,
                        .tone = Tone::muted,
                        .align = Align::center});
  page.controls.push_back(
      {.id = kCancel, .look = Look::button, .box = {kSceneWidth / 2 - 200, 680, 400, 84}, .title = "Cancel"});
  return page;
}

Page error_page(const std::string& what_failed, const Error& error, bool can_retry) {
  Page page{.title = what_failed, .hints = {kChoose, kGoBack}};
  std::string happened = error.what;
  if (!happened.empty())
    happened[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(happened[0])));
  page.texts.push_back({.text = "What happened",
                        .x = kBody.x,
                        .y = kBody.y + 30,
                        .size = 28,
                        .tone = Tone::bad,
                        .face = Face::bold});
  const float below = add_lines(page, happened, kBody.x, kBody.y + 88, 36, Tone::plain, 86) + 44;
  if (!error.remedy.empty()) {
    page.texts.push_back({.text = "What to do",
                          .x = kBody.x,
                          .y = below,
                          .size = 28,
                          .tone = Tone::accent,
                          .face = Face::bold});
    add_lines(page, error.remedy, kBody.x, below + 58, 36, Tone::plain, 86);
  }
  page.texts.push_back({.text = std::string{error.id},
                        .x = kBody.x + kBody.width,
                        .y = kBody.y + 690,
                        .size = 24,
                        .tone = Tone::muted,
                        .face = Face::mono,
                        .align = Align::right});
  if (can_retry) {
    add_buttons(page, kBody.x, kBody.y + 648, {{kRetry, "Try again"}, {kBack, "Back"}});
  } else {
    add_buttons(page, kBody.x, kBody.y + 648, {{kBack, "Back"}});
  }
  return page;
}

Page confirm_page(const std::string& question, const std::string& consequence, const std::string& yes) {
  Page page{.title = question, .subtitle = consequence, .hints = {kChoose, kGoBack}};
  add_buttons(page, kBody.x, kBody.y + 40, {{kBack, "Cancel"}}, 480);
  page.controls.push_back({.id = kConfirm,
                           .look = Look::button,
                           .box = {kBody.x + 480 + kGap, kBody.y + 40, 480, 84},
                           .title = yes,
                           .tone = Tone::bad});
  return page;
}

}  // namespace lumen::client
