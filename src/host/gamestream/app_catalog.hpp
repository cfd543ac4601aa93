// host/gamestream: what clients can start: "Desktop" and the applications of host.toml, with their pictures.
// Read only. Owner: lm-main.
#pragma once

#include <string>
#include <vector>

#include "base/log.hpp"
#include "gamestream/http/server_info.hpp"
#include "host/config.hpp"

namespace lumen::host {

class AppCatalog {
 public:
  // `desktop`: what runs as "Desktop" where it is a private one; `use`: which it is, one of kDesktopNames.
  static Result<AppCatalog> create(std::vector<std::string> desktop, const std::vector<AppEntry>& apps,
                                   std::string use = "private");

  const gamestream::AppList& list() const { return list_; }
  const AppEntry* find(std::uint32_t id) const;
  // A PNG: the application's own, or the picture for those without; a broken one is logged each time.
  std::string art(std::uint32_t id, Logger& log) const;

 private:
  AppCatalog(gamestream::AppList list, std::vector<AppEntry> apps)
      : list_{std::move(list)}, apps_{std::move(apps)} {}
  gamestream::AppList list_;
  std::vector<AppEntry> apps_;
};

}  // namespace lumen::host
