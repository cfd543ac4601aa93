// lumen/link: the private directories of sessions, and the removal of dead ones. Private to lumen/link.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "link/proc_table.hpp"

namespace lumen::link {

// A host as markers and owner files name it: "PID:START".
std::string to_text(const ProcessKey& host);
std::optional<ProcessKey> parse_host(std::string_view text);

// Removes what clean_up_orphans() promises. `named` are directories that the markers of dead hosts' processes
// name. Follows no symbolic link and enters no mount: a desktop puts the user's network shares into its
// runtime directory.
void remove_dead_runtime_dirs(const std::string& runtime_root, const std::set<std::string>& named);

}  // namespace lumen::link
