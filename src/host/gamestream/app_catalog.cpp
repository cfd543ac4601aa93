#include "host/gamestream/app_catalog.hpp"

#include <algorithm>

#include "base/runtime_dir.hpp"
#include "host/app_run.hpp"

namespace lumen::host {
namespace {

constexpr std::size_t kMaxArtBytes = 4U << 20U;

constexpr std::uint8_t kDefaultArt[] = {
#include "default_art.inc"
};

Result<std::string> read_art(const std::string& path) {
  LUMEN_TRY(auto png, read_small_file(path, kMaxArtBytes));
  LUMEN_CHECK_OK(gamestream::check_box_art(as_view(png)));
  return png;
}

}  // namespace

Result<AppCatalog> AppCatalog::create(std::vector<std::string> desktop, const std::vector<AppEntry>& apps,
                                      std::string use) {
  auto entries = all_apps(std::move(desktop), std::move(use), apps);
  std::vector<gamestream::App> list;
  for (const auto& entry : entries) {
    list.push_back({.id = entry.id, .title = entry.title, .desktop = entry.title == "Desktop"});
  }
  LUMEN_TRY(auto checked, gamestream::AppList::create(std::move(list)));
  return AppCatalog{std::move(checked), std::move(entries)};
}

const AppEntry* AppCatalog::find(std::uint32_t id) const {
  const auto found = std::ranges::find(apps_, id, &AppEntry::id);
  return found == apps_.end() ? nullptr : &*found;
}

std::string AppCatalog::art(std::uint32_t id, Logger& log) const {
  const auto* app = find(id);
  if (app != nullptr && !app->art.empty()) {
    auto png = read_art(app->art);
    if (png) return std::move(*png);
    log.warn("the picture of {} cannot be used: {}", app->title, describe(png.error()));
  }
  return {reinterpret_cast<const char*>(kDefaultArt), sizeof kDefaultArt};
}

}  // namespace lumen::host
