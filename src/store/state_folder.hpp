// lumen/store: a private folder with the small files that must survive restarts: an identity, identifiers,
// lists. What is there but cannot be used is an error that names the file, and stays as it is: a new identity
// would make every peer pair again. Owner: one thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "crypto/identity.hpp"

namespace lumen::store {

class StateFolder {
 public:
  // `failure_id`: of all errors here; `remedy`: for those that have none of their own. Literals.
  StateFolder(std::string path, std::string_view failure_id, std::string_view remedy)
      : path_{std::move(path)}, failure_id_{failure_id}, remedy_{remedy} {}

  std::string path_of(std::string_view name) const { return path_ + "/" + std::string{name}; }
  bool has(std::string_view name) const;
  // Only a file that nobody else can read or write, of at most `limit` bytes.
  Result<std::string> read(std::string_view name, std::size_t limit) const;
  // On the disk when it returns; creates the folder where it is missing.
  Status write(std::string_view name, std::string_view text) const;

  // NAME.crt and NAME.key; `make` makes them at the first start.
  using MakeIdentity = std::function<Result<crypto::Identity>()>;
  Result<crypto::Identity> open_identity(const std::string& name, const MakeIdentity& make) const;
  // The text of a file without its last line ends; `make` makes it at the first start. `is_good` checks it.
  Result<std::string> open_text(const std::string& name, const std::function<Result<std::string>()>& make,
                                const std::function<bool(std::string_view)>& is_good) const;
  // The same error, with the file's name and this folder's id.
  Error in_file(Error error, std::string_view name) const;

 private:
  Result<crypto::Identity> create_identity(const std::string& name, const MakeIdentity& make) const;

  std::string path_;
  std::string_view failure_id_, remedy_;
};

}  // namespace lumen::store
