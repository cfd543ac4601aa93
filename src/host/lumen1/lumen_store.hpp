// host/lumen1: what must survive restarts: who this host is, and which devices it trusts. One private folder.
// Owner: lm-main.
#pragma once

#include <string>

#include "crypto/identity.hpp"
#include "lumen1/control/device_book.hpp"
#include "lumen1/control/messages.hpp"
#include "store/state_folder.hpp"

namespace lumen::host {

class LumenStore {
 public:
  // Creates what is missing at the very first start. What is there but unreadable is an error that names the
  // file (`lumen1.state`) and stays as it is.
  static Result<LumenStore> open(std::string folder);

  const crypto::Identity& identity() const { return identity_; }
  const lumen1::control::HostId& host_id() const { return host_id_; }
  const crypto::SecretBytes<32>& quic_secret() const { return quic_secret_; }
  // The same object for as long as the store lives.
  const lumen1::control::DeviceBook& devices() const { return *devices_; }
  // Applies `change` to a copy, writes it to the disk, and only then makes it count. What `change` or the
  // disk refuses changes nothing.
  template <class Change>
  Status change_devices(Change change) {
    auto changed = *devices_;
    LUMEN_CHECK_OK(change(changed));
    LUMEN_CHECK_OK(save(changed));
    *devices_ = std::move(changed);
    return {};
  }

 private:
  LumenStore(store::StateFolder folder, crypto::Identity identity)
      : folder_{std::move(folder)}, identity_{std::move(identity)} {}
  Status save(const lumen1::control::DeviceBook& devices) const;

  store::StateFolder folder_;
  crypto::Identity identity_;
  lumen1::control::HostId host_id_{};
  crypto::SecretBytes<32> quic_secret_;
  std::unique_ptr<lumen1::control::DeviceBook> devices_ = std::make_unique<lumen1::control::DeviceBook>();
};

}  // namespace lumen::host
