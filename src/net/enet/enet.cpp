#include "net/enet/enet.hpp"

#include "net/enet/port.hpp"

namespace lumen::net {

EnetPort::EnetPort(std::unique_ptr<enet::Port> port) : port_{std::move(port)} {}
EnetPort::EnetPort(EnetPort&&) noexcept = default;
EnetPort& EnetPort::operator=(EnetPort&&) noexcept = default;
EnetPort::~EnetPort() = default;

int EnetPort::fd() const { return port_->fd(); }
Endpoint EnetPort::local() const { return port_->local(); }
void EnetPort::service(Timestamp now, const EnetHandlers& handlers) { port_->service(now, handlers); }
std::optional<Timestamp> EnetPort::next_deadline(Timestamp now) const { return port_->next_deadline(now); }
bool EnetPort::send(EnetPeerId peer, std::uint8_t channel, ByteView message, EnetDelivery delivery) {
  return port_->send(peer, channel, message, delivery);
}
void EnetPort::flush() { port_->flush(); }
void EnetPort::disconnect(EnetPeerId peer, std::uint32_t data) { port_->disconnect(peer, data); }
void EnetPort::disconnect_after_sending(EnetPeerId peer, std::uint32_t data) {
  port_->disconnect_after_sending(peer, data);
}
void EnetPort::drop(EnetPeerId peer, std::uint32_t data) { port_->drop(peer, data); }
std::optional<Duration> EnetPort::round_trip(EnetPeerId peer) const { return port_->round_trip(peer); }
std::optional<Endpoint> EnetPort::address_of(EnetPeerId peer) const { return port_->address_of(peer); }
std::size_t EnetPort::connections() const { return port_->connections(); }
EnetCounters EnetPort::counters() const { return port_->counters(); }

Result<EnetHost> EnetHost::create(const Params& params) {
  LUMEN_TRY(auto port,
            enet::Port::create(
                {.local = params.local, .max_peers = params.max_peers, .mark_traffic = params.mark_traffic}));
  return EnetHost{std::move(port)};
}
void EnetHost::expect(const Expectation& expectation) { port_->expect(expectation); }
void EnetHost::withdraw(std::uint32_t connect_data) { port_->withdraw(connect_data); }

Result<EnetClient> EnetClient::create(const Params& params) {
  LUMEN_TRY(auto port,
            enet::Port::create({.local = std::nullopt, .max_peers = 1, .mark_traffic = params.mark_traffic}));
  return EnetClient{std::move(port)};
}
Result<EnetPeerId> EnetClient::connect(const Endpoint& host, std::uint32_t connect_data, Timestamp now) {
  return port_->connect(host, connect_data, now);
}

}  // namespace lumen::net
