// client/shell: the client's screens, each made of what is known. Pure functions.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "client/shell/backend.hpp"
#include "client/shell/page.hpp"
#include "client/shell/settings.hpp"

namespace lumen::client {

// Hosts, applications and choices are numbered from kFirst on, in their order; the rest has names.
inline constexpr ControlId kFirst = 1, kActions = 10'000, kAddHost = kActions, kOpenSettings = kActions + 1,
                           kSearchAgain = kActions + 2, kQuit = kActions + 3, kRetry = kActions + 4,
                           kBack = kActions + 5, kCancel = kActions + 6, kConfirm = kActions + 7,
                           kEndApp = kActions + 8, kForget = kActions + 9, kShowApps = kActions + 10,
                           kStartDesktop = kActions + 11, kKeyErase = kActions + 12,
                           kKeyEnter = kActions + 13, kReset = kActions + 14;
// A keypad's keys have the number of their character, from here on.
inline constexpr ControlId kKeys = 20'000;

Page hosts_page(std::span<const HostEntry> hosts, bool searching);
Page apps_page(const HostEntry& host, std::span<const AppEntry> apps, bool loading);
Page host_menu_page(const HostEntry& host, bool app_runs);
// A text by keypad or keyboard: an address, or the PIN that a host shows. `problem`: of the last try.
Page address_page(const std::string& text, const std::string& problem);
Page enter_pin_page(const HostEntry& host, const std::string& digits, bool was_wrong);
// The PIN to type at the host, or the words to compare; neither yet: empty texts.
// `confirmed`: the person has said that the words are the same.
Page pairing_page(const HostEntry& host, const std::string& pin, const std::string& words,
                  bool confirmed = false);
Page connecting_page(const HostEntry& host, const std::string& what);
Page error_page(const std::string& what_failed, const Error& error, bool can_retry);
Page confirm_page(const std::string& question, const std::string& consequence, const std::string& yes);
Page settings_page(const Settings& settings, const Mode& display);

// The settings with the choice of that row changed: to the next value, or the one before.
Settings change_setting(const Settings& settings, ControlId row, bool forward);

// Text broken into lines of about `width` characters, at spaces; at most `lines` of them.
std::vector<std::string> wrap(const std::string& text, std::size_t width, std::size_t lines);

}  // namespace lumen::client
