// lumen/store: a list of things in a JSON file of a state folder, {"KEY": [...]}. Whole or not at all: an
// entry that makes no sense makes the file a damaged one, which stays as it is.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "store/state_folder.hpp"

namespace lumen::store {

struct ListName {
  std::string_view file, key;
};
struct ListLimits {
  std::size_t file_bytes, entries;
};

// Empty without the file. `from` gives nullopt for what `to` of write_list() does not write.
template <class Entry>
Result<std::vector<Entry>> read_list(const StateFolder& folder, const ListName& name,
                                     const ListLimits& limits,
                                     std::optional<Entry> (*from)(const nlohmann::json&)) {
  std::vector<Entry> list;
  if (!folder.has(name.file)) return list;
  LUMEN_TRY(const auto text, folder.read(name.file, limits.file_bytes));
  const auto document = nlohmann::json::parse(text, nullptr, false);
  const auto damaged = [&] {
    return tl::unexpected{folder.in_file({ErrorCode::malformed, {}, "it is damaged", {}}, name.file)};
  };
  if (!document.is_object()) return damaged();
  const auto entries = document.find(name.key);
  if (entries == document.end() || !entries->is_array() || entries->size() > limits.entries) return damaged();
  for (const auto& value : *entries) {
    auto entry = from(value);
    if (!entry) return damaged();
    list.push_back(*std::move(entry));
  }
  return list;
}

template <class Entry>
Status write_list(const StateFolder& folder, const ListName& name, const std::vector<Entry>& list,
                  nlohmann::json (*to)(const Entry&)) {
  auto entries = nlohmann::json::array();
  for (const auto& entry : list) entries.push_back(to(entry));
  const nlohmann::json document{{std::string{name.key}, std::move(entries)}};
  return folder.write(name.file,
                      document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

}  // namespace lumen::store
