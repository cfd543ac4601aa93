#include "store/state_folder.hpp"

#include <unistd.h>

#include <utility>

#include <fmt/format.h>

#include "base/runtime_dir.hpp"
#include "crypto/aead.hpp"

namespace lumen::store {
namespace {

constexpr std::size_t kMaxText = 256;

void wipe(std::string& text) {
  crypto::wipe(MutableBytes{reinterpret_cast<std::byte*>(text.data()), text.size()});
}

}  // namespace

bool StateFolder::has(std::string_view name) const { return access(path_of(name).c_str(), F_OK) == 0; }

Error StateFolder::in_file(Error error, std::string_view name) const {
  error.what = fmt::format("{}: {}", path_of(name), error.what);
  error.id = failure_id_;
  if (error.remedy.empty()) error.remedy = remedy_;
  return error;
}

Result<std::string> StateFolder::read(std::string_view name, std::size_t limit) const {
  const auto path = path_of(name);
  auto checked = check_private_file(path);
  if (!checked) return tl::unexpected{in_file(std::move(checked.error()), name)};
  auto text = read_small_file(path, limit);
  if (!text) return tl::unexpected{in_file(std::move(text.error()), name)};
  return text;
}

Status StateFolder::write(std::string_view name, std::string_view text) const {
  return write_state_file(path_of(name), text);
}

Result<crypto::Identity> StateFolder::create_identity(const std::string& name,
                                                      const MakeIdentity& make) const {
  LUMEN_TRY(auto identity, make());
  LUMEN_TRY(auto pem, identity.private_key_pem());
  const auto written = write(name + ".key", pem);
  wipe(pem);
  LUMEN_CHECK_OK(written);
  // Last: with it the identity is complete. A start that was cut off before begins anew.
  LUMEN_CHECK_OK(write(name + ".crt", identity.certificate().pem()));
  return identity;
}

Result<crypto::Identity> StateFolder::open_identity(const std::string& name, const MakeIdentity& make) const {
  const auto certificate = name + ".crt", key = name + ".key";
  if (!has(certificate)) return create_identity(name, make);
  LUMEN_TRY(const auto certificate_pem, read(certificate, crypto::kMaxPemBytes));
  LUMEN_TRY(auto key_pem, read(key, crypto::kMaxPemBytes));
  auto identity = crypto::Identity::from_pem(certificate_pem, key_pem);
  wipe(key_pem);
  if (!identity) return tl::unexpected{in_file(std::move(identity.error()), key)};
  return identity;
}

Result<std::string> StateFolder::open_text(const std::string& name,
                                           const std::function<Result<std::string>()>& make,
                                           const std::function<bool(std::string_view)>& is_good) const {
  if (!has(name)) {
    LUMEN_TRY(auto made, make());
    LUMEN_CHECK_OK(write(name, made + "\n"));
    return made;
  }
  LUMEN_TRY(auto text, read(name, kMaxText));
  while (text.ends_with('\n')) text.pop_back();
  if (is_good(text)) return text;
  return tl::unexpected{in_file({ErrorCode::malformed, {}, "not what belongs there", {}}, name)};
}

}  // namespace lumen::store
