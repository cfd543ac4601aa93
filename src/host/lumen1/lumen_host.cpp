#include "host/lumen1/lumen_host.hpp"

#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "host/lumen1/device_commands.hpp"
#include "host/session_json.hpp"
#include "net/mdns/publisher.hpp"

namespace lumen::host {

// In the order of construction; what stands below uses what stands above.
struct LumenHost::Parts {
  LumenStore store;
  std::string name;
  std::uint16_t port = 0;
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);
  std::unique_ptr<LumenService> service;
  std::unique_ptr<net::MdnsPublisher> publisher;
};

LumenHost::LumenHost(std::unique_ptr<Parts> parts) : parts_{std::move(parts)} {}
LumenHost::~LumenHost() = default;

Result<std::unique_ptr<LumenHost>> LumenHost::create(LumenHostParams params, Host& host,
                                                     EncoderSurvey& survey, EventLoop& loop, Logger& log) {
  LUMEN_TRY(auto store, LumenStore::open(params.state_dir + "/lumen1"));
  std::unique_ptr<Parts> parts{new Parts{.store = std::move(store),
                                         .name = params.service.name,
                                         .port = host.port(),
                                         .service = nullptr,
                                         .publisher = nullptr}};
  parts->service = std::make_unique<LumenService>(std::move(params.service), parts->store, host, loop, log);
  LUMEN_CHECK_OK(parts->service->start());
  survey.on_offer([service = parts->service.get(), alive = std::weak_ptr{parts->alive}](const auto& offer) {
    if (!alive.expired()) service->set_encoders(offer);
  });
  if (params.publish) {
    auto published = net::MdnsPublisher::create(
        {.name = parts->name, .service = net::kLumenService, .port = parts->port}, loop, log);
    if (published) {
      parts->publisher = std::move(*published);
    } else {
      log.warn("lumen-client will not find this host by itself: {}", describe(published.error()));
    }
  }
  return std::unique_ptr<LumenHost>{new LumenHost{std::move(parts)}};
}

void LumenHost::stop(std::function<void()> done) {
  parts_->publisher.reset();  // nobody new
  parts_->service->stop(std::move(done));
}

std::optional<std::string> LumenHost::on_command(const std::string& command) {
  return device_command(*parts_->service, command);
}

std::string LumenHost::greeting() const {
  auto text = fmt::format("lumen-client finds this host as {} (UDP port {})", parts_->name, parts_->port);
  if (parts_->store.devices().devices().empty()) text += "; to let a device in, run: lumen-host pair";
  return text;
}

std::string LumenHost::status_json() const {
  const auto& service = *parts_->service;
  const auto counters = service.counters();
  nlohmann::json json{{"name", parts_->name},
                      {"port", parts_->port},
                      {"paired_devices", parts_->store.devices().devices().size()},
                      {"connections", service.connections()},
                      {"quic",
                       {{"handshakes", counters.handshakes},
                        {"failed_handshakes", counters.failed_handshakes},
                        {"refused", counters.refused},
                        {"retries", counters.retries},
                        {"resets", counters.resets},
                        {"dropped", counters.dropped}}},
                      {"sessions", nlohmann::json::array()}};
  for (const auto& view : service.sessions()) {
    auto entry = session_json(*view.stream);
    entry["device"] = view.device;
    entry["app"] = view.app;
    entry["watched"] = view.watched;
    json["sessions"].push_back(std::move(entry));
  }
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace lumen::host
