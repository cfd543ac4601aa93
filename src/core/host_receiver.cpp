#include "core/host_receiver.hpp"

#include <algorithm>
#include <utility>

namespace lumen::core {

HostReceiver::HostReceiver(std::uint8_t session, const lumen1::Secret& secret, lumen1::CipherOffer ciphers)
    : session_{session}, secret_{secret}, ciphers_{std::move(ciphers)} {
  scratch_.reserve(64U << 10U);
  retry_.reserve(64U << 10U);
}

HostReceiver::~HostReceiver() { crypto::wipe(secret_); }

HostReceiver::Heard HostReceiver::receive(MutableBytes datagram) {
  newest_ = false;
  const auto header = lumen1::decode_clear_header(datagram);
  if (!header || header->session != session_) return Heard::foreign;
  if (header->kind == lumen1::Kind::hello) return on_hello(datagram);
  if (header->kind == lumen1::Kind::microphone) return open_microphone(datagram);
  if (header->kind != lumen1::Kind::client_message) return Heard::foreign;
  // Opening destroys what does not authenticate, so a further try needs a copy.
  if (!pending_.empty()) scratch_.assign(datagram.begin(), datagram.end());
  if (current_ && open(*current_, datagram)) return Heard::message;
  for (auto pending = pending_.rbegin(); pending != pending_.rend(); ++pending) {
    retry_.assign(scratch_.begin(), scratch_.end());
    if (!open(pending->connection, retry_)) continue;
    current_ = std::move(pending->connection);
    if (used_.size() == kMostRemembered) used_.pop_front();
    used_.push_back(std::move(pending->hello));
    pending_.clear();
    newest_ = true;
    return Heard::connected;
  }
  return Heard::refused;
}

bool HostReceiver::was_used(ByteView hello) const {
  return std::ranges::any_of(used_, [hello](const auto& used) { return std::ranges::equal(used, hello); });
}

HostReceiver::Heard HostReceiver::on_hello(ByteView hello) {
  if (was_used(hello)) return Heard::refused;
  for (const auto& pending : pending_) {
    if (!std::ranges::equal(pending.hello, hello)) continue;
    answer_ = pending.welcome;  // ours was lost, or somebody replays it
    return Heard::hello;
  }
  lumen1::Random random{};
  if (!crypto::fill_random(random)) return Heard::refused;
  auto answer = lumen1::answer_hello(secret_, session_, random, hello, ciphers_);
  if (!answer) return Heard::refused;
  auto opener = lumen1::Opener::create(answer->keys.client_to_host);
  if (!opener) return Heard::refused;
  answer_ = answer->welcome;
  if (pending_.size() == kMostPending) pending_.pop_front();
  pending_.push_back(
      {{hello.begin(), hello.end()},
       std::move(answer->welcome),
       {std::move(*opener), answer->keys.host_to_client, answer->keys.sound, answer->keys.microphone}});
  return Heard::hello;
}

// A client says with a message that it is there; a microphone alone makes no connection.
HostReceiver::Heard HostReceiver::open_microphone(MutableBytes datagram) {
  if (!current_) return Heard::refused;
  auto& opener = current_->microphone;
  if (!opener) {
    auto made = lumen1::Opener::create(current_->microphone_keys);
    if (!made) return Heard::refused;
    opener = std::move(*made);
  }
  const auto opened = opener->open(datagram);
  if (!opened) return Heard::refused;
  microphone_ = opened->body;
  return Heard::microphone;
}

bool HostReceiver::open(Connection& connection, MutableBytes datagram) {
  const auto opened = connection.opener.open(datagram);
  if (!opened) return false;
  const auto number = opened->header.packet_number;
  newest_ = number >= connection.newest;
  connection.newest = std::max(connection.newest, number);
  messages_ = lumen1::decode_client_messages(opened->body);
  return true;
}

}  // namespace lumen::core
