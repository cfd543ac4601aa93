// lumen/core: the host's receiving half: handshake, authentication and parsing of what clients say. The
// latest client wins: a new one takes over when its first sealed word proves that it has the keys. Sans-I/O.
// Owner: one thread (lm-net). Thread-safe: no.
#pragma once

#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "lumen1/handshake.hpp"
#include "lumen1/messages.hpp"

namespace lumen::core {

class HostReceiver {
 public:
  enum class Heard : std::uint8_t {
    foreign,     // nothing that a client sends
    refused,     // not authentic, replayed, or of a client that was replaced
    hello,       // answer() goes back to where it came from
    connected,   // the first word of a new client: take_send_keys() has new ones, messages() are its
    message,     // messages() are the current client's
    microphone,  // microphone() is of the current client's sound
  };

  // `ciphers`: those that clients may use.
  HostReceiver(std::uint8_t session, const lumen1::Secret& secret,
               lumen1::CipherOffer ciphers = lumen1::preferred_ciphers());
  HostReceiver(const HostReceiver&) = delete;
  HostReceiver& operator=(const HostReceiver&) = delete;
  ~HostReceiver();  // wipes the secret

  // A datagram that names this session; it is decrypted in place.
  Heard receive(MutableBytes datagram);

  ByteView answer() const { return answer_; }
  const std::vector<lumen1::ClientMessage>& messages() const { return messages_.messages; }
  // The opened body of a microphone's datagram, a view of that.
  ByteView microphone() const { return microphone_; }
  // The last message body ended early.
  bool is_malformed() const { return messages_.malformed; }
  // The last datagram was the newest authentic one: the stream follows to where it came from. One that was
  // held back on its way moves nothing.
  bool is_newest() const { return newest_; }
  // Once, after `connected`: nothing of them is kept.
  lumen1::DirectionKeys take_send_keys() { return std::exchange(current_->send_keys, {}); }
  lumen1::DirectionKeys take_sound_keys() { return std::exchange(current_->sound_keys, {}); }

 private:
  struct Connection {
    lumen1::Opener opener;
    lumen1::DirectionKeys send_keys, sound_keys, microphone_keys;
    std::optional<lumen1::Opener> microphone = std::nullopt;  // once it is heard
    std::uint64_t newest = 0;                                 // highest packet number so far
  };
  // A hello that was answered. Whoever recorded one can send it again, but does not get further; so that it
  // takes no place from others, there are several.
  struct Pending {
    std::vector<std::byte> hello, welcome;
    Connection connection;
  };
  static constexpr std::size_t kMostPending = 8, kMostRemembered = 64;

  Heard on_hello(ByteView hello);
  bool was_used(ByteView hello) const;
  bool open(Connection& connection, MutableBytes datagram);
  Heard open_microphone(MutableBytes datagram);

  std::uint8_t session_;
  lumen1::Secret secret_;
  lumen1::CipherOffer ciphers_;
  std::optional<Connection> current_;
  std::deque<Pending> pending_;              // the latest last
  std::deque<std::vector<std::byte>> used_;  // hellos of connections, this one and earlier ones
  std::vector<std::byte> answer_, scratch_, retry_;
  lumen1::ClientMessages messages_;
  ByteView microphone_;
  bool newest_ = false;
};

}  // namespace lumen::core
