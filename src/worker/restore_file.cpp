#include "worker/restore_file.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/runtime_dir.hpp"
#include "link/process.hpp"

namespace lumen::worker {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxChange = 4096, kMaxFile = 64U << 10U, kMaxEntries = 256;
constexpr const char* kSuffix = ".restore";

json to_json(const DesktopPlace& place) {
  return {{"runtime_dir", place.runtime_dir},         {"wayland_socket", place.wayland_socket},
          {"ipc_socket", place.ipc_socket},           {"session_bus", place.session_bus},
          {"pipewire_socket", place.pipewire_socket}, {"current_desktop", place.current_desktop}};
}

DesktopPlace to_place(const json& object) {
  const auto text = [&](const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
  };
  return {.runtime_dir = text("runtime_dir"),
          .wayland_socket = text("wayland_socket"),
          .ipc_socket = text("ipc_socket"),
          .session_bus = text("session_bus"),
          .pipewire_socket = text("pipewire_socket"),
          .current_desktop = text("current_desktop")};
}

struct Entry {
  std::string path, backend, change, owner;
  DesktopPlace place;
  std::uint64_t id = 0;
};

std::optional<Entry> parse_entry(const std::string& path, const std::string& text) {
  const auto parsed = json::parse(text, nullptr, false);
  if (!parsed.is_object() || !parsed.contains("place") || !parsed["place"].is_object()) return std::nullopt;
  for (const char* name : {"backend", "change", "owner"}) {
    if (!parsed.contains(name) || !parsed[name].is_string()) return std::nullopt;
  }
  const auto id = parsed.find("id");
  return Entry{.path = path,
               .backend = parsed["backend"].get<std::string>(),
               .change = parsed["change"].get<std::string>(),
               .owner = parsed["owner"].get<std::string>(),
               .place = to_place(parsed["place"]),
               .id = id != parsed.end() && id->is_number_unsigned() ? id->get<std::uint64_t>() : 0};
}

// Every entry of the folder; what cannot be read now stays, what says nothing is removed.
std::vector<Entry> read_entries(const std::string& folder, Logger* log) {
  std::vector<Entry> entries;
  std::error_code error;
  for (std::filesystem::directory_iterator file{folder, error}, end; !error && file != end;
       file.increment(error)) {
    const auto path = file->path().string();
    if (!path.ends_with(kSuffix) || entries.size() == kMaxEntries) continue;
    const auto text = read_small_file(path, kMaxFile);
    if (!text) continue;
    if (auto entry = parse_entry(path, *text)) {
      entries.push_back(std::move(*entry));
    } else if (log != nullptr) {
      log->warn("removing {}: it says nothing that could be undone", path);
      unlink(path.c_str());
    }
  }
  return entries;
}

Status undo(const Entry& entry, const std::vector<DesktopBackend>& backends, Logger& log) {
  const auto backend = std::ranges::find(backends, entry.backend, &DesktopBackend::name);
  if (backend == backends.end() || !backend->undo) {
    return fail(ErrorCode::unsupported, "restore.unknown",
                fmt::format("this build cannot undo what {} changed", entry.backend),
                fmt::format("Undo it by hand and remove {}", entry.path));
  }
  return backend->undo(entry.change, entry.place, log);
}

}  // namespace

std::string RestoreFile::path_of(EntryId id) const {
  auto owner = link::own_process_key();  // another process may have had our id
  std::ranges::replace(owner, ':', '-');
  return fmt::format("{}/{}-{}{}", folder_, owner, id, kSuffix);
}

Result<RestoreJournal::EntryId> RestoreFile::write(std::string_view backend, std::string_view change) {
  if (folder_.empty() || change.size() > kMaxChange) {
    return fail(ErrorCode::invalid_argument, "restore.write", "there is no place to write changes down");
  }
  const auto id = next_++;
  const json entry{{"backend", std::string{backend}},
                   {"change", std::string{change}},
                   {"owner", link::own_process_key()},
                   {"place", to_json(place_)},
                   {"id", id}};
  const auto text = entry.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  if (const auto written = write_state_file(path_of(id), text); !written) {
    return fail(ErrorCode::unavailable, "restore.write",
                fmt::format("cannot write down what is to be restored: {}", describe(written.error())),
                "Free disk space or make the folder writable: until then nothing of the desktop is changed");
  }
  return id;
}

void RestoreFile::erase(EntryId id) { unlink(path_of(id).c_str()); }

std::vector<std::string> RestoreFile::changes_of_others(std::string_view backend) const {
  std::vector<std::string> changes;
  for (const auto& entry : read_entries(folder_, nullptr)) {
    if (entry.backend == backend && entry.owner != link::own_process_key() &&
        link::is_process_running(entry.owner))
      changes.push_back(entry.change);
  }
  return changes;
}

RestoreReport restore_left_behind(const std::string& folder, const std::vector<DesktopBackend>& backends,
                                  Logger& log) {
  auto entries = read_entries(folder, &log);
  std::erase_if(entries, [](const Entry& entry) { return link::is_process_running(entry.owner); });
  std::ranges::sort(entries, std::greater{}, &Entry::id);
  RestoreReport report;
  for (const auto& entry : entries) {
    if (const auto undone = undo(entry, backends, log); !undone) {
      log.warn("a change of {} could not be undone: {}", entry.backend, describe(undone.error()));
      ++report.left;
      continue;
    }
    log.info("undone what a session that crashed had changed: {} {}", entry.backend, entry.change);
    unlink(entry.path.c_str());
    ++report.undone;
  }
  return report;
}

}  // namespace lumen::worker
