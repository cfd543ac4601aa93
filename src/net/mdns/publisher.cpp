#include "net/mdns/publisher.hpp"

#include <algorithm>
#include <random>

#include "base/machine_name.hpp"
#include "net/mdns/avahi_publisher.hpp"
#include "net/mdns/builtin_publisher.hpp"

namespace lumen::net {
namespace {

constexpr std::size_t kMaxLabelBytes = 63;
constexpr auto kRetryInterval = std::chrono::seconds{30};

Timestamp now() { return std::chrono::time_point_cast<Duration>(Clock::now()); }

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// What every client's parser takes (GameStream part 1, 2).
std::string plain_label(std::string_view text, const char* instead) {
  std::string label;
  for (const char c : text) {
    if (is_letter_or_digit(c)) {
      label += c;
    } else if ((c == ' ' || c == '-' || c == '_' || c == '.') && !label.empty() && label.back() != '-') {
      label += '-';
    }
  }
  label.resize(std::min(label.size(), kMaxLabelBytes));
  while (!label.empty() && label.back() == '-') label.pop_back();
  return label.empty() ? instead : label;
}

std::string first_label(const std::string& name) { return name.substr(0, name.find('.')); }

}  // namespace

struct MdnsPublisher::Parts {
  Parts(const Params& params, EventLoop& on, Logger& to) : loop{on}, log{to} {
    name = plain_label(params.name, "lumen");
    service = params.service;
    network = params.network;
    builtin_params = {
        .responder = {.name = name,
                      .host = plain_label(params.host.empty() ? first_label(machine_name({})) : params.host,
                                          "lumen"),
                      .service = mdns::DnsName::of(std::string{params.service} + ".local"),
                      .port = params.port,
                      .mdns_port = network.port,
                      .seed = std::random_device{}()},
        .interfaces =
            network.loopback_only ? mdns::InterfaceChoice::loopback : mdns::InterfaceChoice::automatic};
  }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;
  ~Parts() { loop.cancel(retry_timer); }

  void start() {
    if (!network.use_avahi) return start_builtin();
    avahi = std::make_unique<mdns::AvahiPublisher>(
        mdns::AvahiPublisher::Params{.name = name,
                                     .type = service,
                                     .port = builtin_params.responder.port,
                                     .bus_address = network.bus_address,
                                     .on_change =
                                         [this](bool taken_care_of) {
                                           if (taken_care_of) {
                                             stop_builtin();
                                           } else {
                                             start_builtin();
                                           }
                                         }},
        loop, log);
  }

  void start_builtin() {
    loop.cancel(std::exchange(retry_timer, 0));
    auto created = mdns::BuiltinPublisher::create(builtin_params, loop, log);
    if (created) {
      builtin = std::move(*created);
      return;
    }
    log.log(std::exchange(warned, true) ? spdlog::level::debug : spdlog::level::warn,
            "clients do not find this host by themselves: {}", describe(created.error()));
    retry_timer = loop.call_at(now() + kRetryInterval, [this] { start_builtin(); });
  }

  // Before the daemon probes for the name, lest it take this for another host.
  void stop_builtin() {
    loop.cancel(std::exchange(retry_timer, 0));
    builtin.reset();
  }

  EventLoop& loop;
  Logger& log;
  std::string name, service;
  MdnsNetwork network;
  mdns::BuiltinPublisher::Params builtin_params;
  bool warned = false;
  EventLoop::TimerId retry_timer = 0;
  std::unique_ptr<mdns::BuiltinPublisher> builtin;
  std::unique_ptr<mdns::AvahiPublisher> avahi;
};

MdnsPublisher::MdnsPublisher(std::unique_ptr<Parts> parts) : parts_{std::move(parts)} {}
MdnsPublisher::~MdnsPublisher() = default;

Result<std::unique_ptr<MdnsPublisher>> MdnsPublisher::create(const Params& params, EventLoop& loop,
                                                             Logger& log) {
  if (params.port == 0) {
    return fail(ErrorCode::invalid_argument, "mdns.port", "there is no port to publish", "Name one");
  }
  auto parts = std::make_unique<Parts>(params, loop, log);
  parts->start();
  return std::unique_ptr<MdnsPublisher>{new MdnsPublisher{std::move(parts)}};
}

std::string MdnsPublisher::published_name() const {
  if (parts_->builtin) return parts_->builtin->published_name();
  return parts_->avahi ? parts_->avahi->published_name() : std::string{};
}

bool MdnsPublisher::uses_avahi() const { return !parts_->builtin && parts_->avahi != nullptr; }

}  // namespace lumen::net
