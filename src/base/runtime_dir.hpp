// lumen/base: where running programs of one person keep sockets and keys.
#pragma once

#include <string>

#include "base/result.hpp"
#include "base/wire.hpp"

namespace lumen {

// $XDG_RUNTIME_DIR/lumen, or /tmp/lumen-UID where there is no runtime directory. Not created.
std::string runtime_root();

// Creates `path` with mode 0700, or checks that what is there is a directory of ours that nobody else can
// enter. `runtime.unsafe` or `runtime.create` with a remedy.
Status ensure_private_dir(const std::string& path);

// Writes `text` to `path` with mode 0600, all or nothing (a temporary file beside it, then rename).
Status write_private_file(const std::string& path, std::string_view text);

// The same, and on the disk when it returns: survives a power cut. Creates the folder, 0700, and those above
// it where they are missing.
Status write_state_file(const std::string& path, std::string_view text);

// Fails with `file.not-private` unless the file belongs to this user and nobody else can read or write it.
Status check_private_file(const std::string& path);

// At most `limit` bytes; `file.read` or `file.too-large`.
Result<std::string> read_small_file(const std::string& path, std::size_t limit);

}  // namespace lumen
