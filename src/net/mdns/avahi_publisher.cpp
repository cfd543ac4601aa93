#include "net/mdns/avahi_publisher.hpp"

#include <utility>

#include <fmt/format.h>

namespace lumen::net::mdns {
namespace {

using namespace std::chrono_literals;

constexpr auto kAvahi = "org.freedesktop.Avahi";
constexpr auto kServer = "org.freedesktop.Avahi.Server", kGroup = "org.freedesktop.Avahi.EntryGroup";
constexpr std::int32_t kServerRegistering = 1, kServerRunning = 2, kServerCollision = 3;
constexpr std::int32_t kGroupEstablished = 2, kGroupCollision = 3, kGroupFailure = 4;
constexpr std::int32_t kAnyInterface = -1, kAnyProtocol = -1;
constexpr auto kReconnectInterval = 30s, kPatience = 2s;
constexpr std::uint64_t kCallTimeoutUs = 10'000'000;
constexpr std::size_t kMaxLabelBytes = 63;
constexpr unsigned kMaxNumber = 100;  // of names to try

Timestamp now() { return std::chrono::time_point_cast<Duration>(Clock::now()); }

struct MessageFree {
  void operator()(sd_bus_message* message) const { sd_bus_message_unref(message); }
};

bool failed(sd_bus_message* reply) { return sd_bus_message_is_method_error(reply, nullptr) > 0; }

bool read_state(sd_bus_message* message, std::int32_t& state) {
  return sd_bus_message_read_basic(message, 'i', &state) > 0;
}

}  // namespace

AvahiPublisher::AvahiPublisher(Params params, EventLoop& loop, Logger& log)
    : params_{std::move(params)}, loop_{loop}, log_{log}, name_{params_.name} {
  connect_timer_ = loop_.call_at(now(), [this] { connect(); });
  patience_timer_ = loop_.call_at(now() + kPatience, [this] {
    if (!told_) tell(false);
  });
}

AvahiPublisher::~AvahiPublisher() {
  for (const auto timer : {bus_timer_, connect_timer_, patience_timer_}) loop_.cancel(timer);
  if (watched_fd_ >= 0) loop_.unwatch(watched_fd_);
  // Not before the bus has said hello: that would be waited for.
  if (!bus_ || sd_bus_is_ready(bus_.get()) <= 0) return;
  free_group();
  sd_bus_flush(bus_.get());
}

void AvahiPublisher::tell(bool taken_care_of) {
  if (told_ && taken_care_of == taken_care_of_) return;
  told_ = true;
  taken_care_of_ = taken_care_of;
  params_.on_change(taken_care_of);
}

// ---- the bus.

void AvahiPublisher::connect() {
  if (!open()) return disconnect();
  ask_for_owner();
  pump();
}

bool AvahiPublisher::open() {
  sd_bus* bus = nullptr;
  if (params_.bus_address.empty()) {
    if (sd_bus_open_system(&bus) < 0) return false;
    bus_.reset(bus);
  } else {
    if (sd_bus_new(&bus) < 0) return false;
    bus_.reset(bus);
    if (sd_bus_set_address(bus, params_.bus_address.c_str()) < 0 || sd_bus_set_bus_client(bus, 1) < 0 ||
        sd_bus_start(bus) < 0) {
      return false;
    }
  }
  const auto owner_rule = fmt::format(
      "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"
      "member='NameOwnerChanged',arg0='{}'",
      kAvahi);
  const auto state_rule = fmt::format("type='signal',sender='{}',member='StateChanged'", kAvahi);
  return sd_bus_add_match_async(bus, nullptr, owner_rule.c_str(), on_owner_changed, nullptr, this) >= 0 &&
         sd_bus_add_match_async(bus, nullptr, state_rule.c_str(), on_state_signal, nullptr, this) >= 0;
}

void AvahiPublisher::disconnect() {
  if (watched_fd_ >= 0) loop_.unwatch(std::exchange(watched_fd_, -1));
  loop_.cancel(std::exchange(bus_timer_, 0));
  call_.reset();
  bus_.reset();
  group_.clear();
  established_ = false;
  connect_timer_ = loop_.call_at(now() + kReconnectInterval, [this] { connect(); });
  tell(false);
}

void AvahiPublisher::pump() {
  int result = 1;
  while (result > 0) result = sd_bus_process(bus_.get(), nullptr);
  if (result < 0) return disconnect();
  watch();
}

void AvahiPublisher::watch() {
  const int fd = sd_bus_get_fd(bus_.get()), events = sd_bus_get_events(bus_.get());
  if (fd < 0 || events < 0) return disconnect();
  if (fd != watched_fd_ || events != watched_events_) {
    if (watched_fd_ >= 0) loop_.unwatch(watched_fd_);
    watched_fd_ = fd;
    watched_events_ = events;  // poll's bits are epoll's
    if (!loop_.watch(fd, static_cast<std::uint32_t>(events), [this](std::uint32_t) { pump(); })) {
      watched_fd_ = -1;
      return disconnect();
    }
  }
  loop_.cancel(std::exchange(bus_timer_, 0));
  std::uint64_t at_us = 0;
  if (sd_bus_get_timeout(bus_.get(), &at_us) < 0 || at_us == UINT64_MAX) return;
  bus_timer_ = loop_.call_at(from_ns(static_cast<std::int64_t>(at_us) * 1000), [this] { pump(); });
}

template <class... Arguments>
void AvahiPublisher::call(const Method& method, Reply reply, const char* types, Arguments... arguments) {
  sd_bus_message* made = nullptr;
  if (sd_bus_message_new_method_call(bus_.get(), &made, kAvahi, method.path.c_str(), method.interface,
                                     method.member) < 0) {
    return;
  }
  const std::unique_ptr<sd_bus_message, MessageFree> message{made};
  sd_bus_message_set_auto_start(made, 0);
  if (sd_bus_message_append(made, types, arguments...) < 0) return;
  if (reply == nullptr) {
    sd_bus_message_set_expect_reply(made, 0);
    sd_bus_send(bus_.get(), made, nullptr);
    return;
  }
  sd_bus_slot* slot = nullptr;
  reply_ = reply;
  sd_bus_call_async(bus_.get(), &slot, made, on_reply, this, kCallTimeoutUs);
  call_.reset(slot);  // the answer to a call before this one is not waited for any more
}

int AvahiPublisher::on_reply(sd_bus_message* message, void* self, sd_bus_error* /*error*/) {
  auto& publisher = *static_cast<AvahiPublisher*>(self);
  const auto reply = std::exchange(publisher.reply_, nullptr);
  if (reply != nullptr) (publisher.*reply)(message);
  return 0;
}

// ---- the daemon.

// A daemon that is not there answers GetState with an error.
void AvahiPublisher::ask_for_owner() { call({"/", kServer, "GetState"}, &AvahiPublisher::on_owner, ""); }

void AvahiPublisher::on_owner(sd_bus_message* reply) {
  std::int32_t state = 0;
  if (failed(reply) || !read_state(reply, state)) return tell(false);
  on_server_state(state);
}

int AvahiPublisher::on_owner_changed(sd_bus_message* message, void* self, sd_bus_error* /*error*/) {
  auto& publisher = *static_cast<AvahiPublisher*>(self);
  const char *name = nullptr, *old_owner = nullptr, *new_owner = nullptr;
  if (sd_bus_message_read(message, "sss", &name, &old_owner, &new_owner) < 0) return 0;
  publisher.group_.clear();
  publisher.established_ = false;
  publisher.call_.reset();
  if (*new_owner == '\0') {
    publisher.tell(false);
  } else {
    publisher.ask_for_owner();
  }
  return 0;
}

int AvahiPublisher::on_state_signal(sd_bus_message* message, void* self, sd_bus_error* /*error*/) {
  auto& publisher = *static_cast<AvahiPublisher*>(self);
  std::int32_t state = 0;
  if (!read_state(message, state)) return 0;
  if (sd_bus_message_is_signal(message, kServer, nullptr) > 0) {
    publisher.on_server_state(state);
  } else if (sd_bus_message_is_signal(message, kGroup, nullptr) > 0 && !publisher.group_.empty() &&
             publisher.group_ == sd_bus_message_get_path(message)) {
    publisher.on_group_state(state);
  }
  return 0;
}

// While the daemon looks for a host name, services are to wait.
void AvahiPublisher::on_server_state(std::int32_t state) {
  free_group();
  if (state == kServerRunning) return begin();
  // Any other state is one that the daemon does not leave by itself.
  if (state != kServerRegistering && state != kServerCollision) tell(false);
}

void AvahiPublisher::begin() {
  tell(true);
  call({"/", kServer, "EntryGroupNew"}, &AvahiPublisher::on_group, "");
}

void AvahiPublisher::on_group(sd_bus_message* reply) {
  const char* path = nullptr;
  if (failed(reply) || sd_bus_message_read(reply, "o", &path) <= 0) return give_up(reply, "EntryGroupNew");
  group_ = path;
  // interface, protocol, flags, name, type, domain, host, port, TXT: the daemon's own domain and host.
  call({group_, kGroup, "AddService"}, &AvahiPublisher::on_added, "iiussssqaay", kAnyInterface, kAnyProtocol,
       0U, name_.c_str(), params_.type.c_str(), "", "", static_cast<unsigned>(params_.port), 0);
}

void AvahiPublisher::on_added(sd_bus_message* reply) {
  if (sd_bus_message_is_method_error(reply, "org.freedesktop.Avahi.CollisionError") > 0) {
    return take_next_name();
  }
  if (failed(reply)) return give_up(reply, "AddService");
  call({group_, kGroup, "Commit"}, &AvahiPublisher::on_committed, "");
}

void AvahiPublisher::on_committed(sd_bus_message* reply) {
  if (failed(reply)) give_up(reply, "Commit");
}

void AvahiPublisher::on_group_state(std::int32_t state) {
  if (state == kGroupCollision) return take_next_name();
  if (state == kGroupFailure) return give_up(nullptr, "the entry group");
  if (state != kGroupEstablished || std::exchange(established_, true)) return;
  log_.info("this host is published as '{}' by Avahi", name_);
}

void AvahiPublisher::take_next_name() {
  free_group();
  if (++number_ > kMaxNumber) return give_up(nullptr, "looking for a free name");
  const auto suffix = fmt::format(" #{}", number_);
  name_ = params_.name.substr(0, kMaxLabelBytes - suffix.size()) + suffix;
  begin();
}

void AvahiPublisher::free_group() {
  established_ = false;
  call_.reset();
  if (group_.empty()) return;
  call({std::exchange(group_, {}), kGroup, "Free"}, nullptr, "");
}

// Until the daemon's next change; it may not be allowed to publish.
void AvahiPublisher::give_up(sd_bus_message* reply, const char* what) {
  const auto* const error = reply == nullptr ? nullptr : sd_bus_message_get_error(reply);
  log_.warn("Avahi does not publish this host: {}{}{}", what, error == nullptr ? "" : ": ",
            error == nullptr || error->message == nullptr ? "" : error->message);
  free_group();
  tell(false);
}

}  // namespace lumen::net::mdns
