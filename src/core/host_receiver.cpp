#include "core/host_receiver.hpp"

#include <algorithm>
#include <utility>

namespace lumen::core {

HostReceiver::HostReceiver(std::uint8_t session, const lumen1::Secret& secret, lumen1::CipherOffer ciphers)
    : session_{session}, secret_{secret}, ciphers_{std::move(ciphers)} {
  scratch_.reserve(64U << 10U);
}

HostReceiver::~HostReceiver() { crypto::wipe(secret_); }

HostReceiver::Heard HostReceiver::receive(MutableBytes datagram) {
  newest_ = false;
  const auto header = lumen1::decode_clear_header(datagram);
  if (!header || header->session != session_) return Heard::foreign;
  if (header->kind == lumen1::Kind::hello) return on_hello(datagram);
  if (header->kind != lumen1::Kind::client_message) return Heard::foreign;
  // Opening destroys what does not authenticate, so a second try needs a copy.
  if (pending_) scratch_.assign(datagram.begin(), datagram.end());
  if (current_ && open(*current_, datagram)) return Heard::message;
  if (!pending_ || !open(*pending_, scratch_)) return Heard::refused;
  current_ = std::move(pending_);
  pending_.reset();
  newest_ = true;
  return Heard::connected;
}

HostReceiver::Heard HostReceiver::on_hello(ByteView hello) {
  if (std::ranges::equal(hello, last_hello_)) {  // our welcome was lost, or somebody replays it
    return pending_ ? Heard::hello : Heard::refused;
  }
  lumen1::Random random{};
  if (!crypto::fill_random(random)) return Heard::refused;
  auto answer = lumen1::answer_hello(secret_, session_, random, hello, ciphers_);
  if (!answer) return Heard::refused;
  auto opener = lumen1::Opener::create(answer->keys.client_to_host);
  if (!opener) return Heard::refused;
  pending_.emplace(Connection{std::move(*opener), answer->keys.host_to_client});
  last_hello_.assign(hello.begin(), hello.end());
  last_welcome_ = std::move(answer->welcome);
  return Heard::hello;
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
