#include "desktop/portal/test_portal.hpp"

#include <algorithm>
#include <future>
#include <string_view>

#include <fmt/format.h>

#include "desktop/testing/test_process.hpp"
#include "libpipewire/handles.hpp"

namespace lumen::portal {
namespace {

// The entries of options (a{sv}) that are texts, numbers or truths.
std::string read_options(sd_bus_message* call) {
  std::string said;
  sd_bus_message_enter_container(call, 'a', "{sv}");
  while (sd_bus_message_enter_container(call, 'e', "sv") > 0) {
    const char *key = nullptr, *contents = nullptr, *text = nullptr;
    char type = 0;
    std::uint32_t number = 0;
    sd_bus_message_read(call, "s", &key);
    sd_bus_message_peek_type(call, &type, &contents);
    if (std::string_view{contents} == "s") {
      sd_bus_message_read(call, "v", "s", &text);
      said += fmt::format(" {}={}", key, text);
    } else if (std::string_view{contents} == "u" || std::string_view{contents} == "b") {
      sd_bus_message_read(call, "v", contents, &number);
      said += fmt::format(" {}={}", key, number);
    } else {
      sd_bus_message_skip(call, "v");
    }
    sd_bus_message_exit_container(call);
  }
  sd_bus_message_exit_container(call);
  return said;
}

std::string option(const std::string& said, const std::string& key) {
  const auto at = said.find(" " + key + "=");
  if (at == std::string::npos) return {};
  const auto begin = at + key.size() + 2;
  return said.substr(begin, said.find(' ', begin) - begin);
}

// Numbers of any type.
std::string read_numbers(sd_bus_message* call) {
  std::string said;
  char type = 0;
  const char* contents = nullptr;
  while (sd_bus_message_peek_type(call, &type, &contents) > 0) {
    if (type == 'd') {
      double number = 0;
      sd_bus_message_read_basic(call, type, &number);
      said += fmt::format(" {}", number);
    } else {
      std::int32_t number = 0;
      sd_bus_message_read_basic(call, type, &number);
      said += fmt::format(" {}", number);
    }
  }
  return said;
}

}  // namespace

FakePortal::FakePortal(FakeParams params) : params_{std::move(params)} {
  thread_ = std::jthread{[this] {
    source_ = desktop_test::PictureSource::create(
        {.socket = params_.pipewire_socket, .any_size = (params_.source_types & 4) != 0}, *loop_);
    open_bus();
    loop_->run();
    source_.reset();
    close_bus();
  }};
  desktop_test::eventually([this] {
    std::promise<bool> up;
    loop_->post([&] { up.set_value(source_ && source_->node_id().has_value() && bus_ != nullptr); });
    return up.get_future().get();
  });
}

FakePortal::~FakePortal() { loop_->stop(); }

void FakePortal::open_bus() {
  sd_bus_new(&bus_);
  sd_bus_set_address(bus_, params_.bus_address.c_str());
  sd_bus_set_bus_client(bus_, 1);
  sd_bus_start(bus_);
  sd_bus_request_name(bus_, "org.freedesktop.portal.Desktop", 0);
  sd_bus_add_filter(
      bus_, nullptr,
      [](sd_bus_message* call, void* self, sd_bus_error*) {
        return static_cast<FakePortal*>(self)->handle(call);
      },
      this);
  fd_ = sd_bus_get_fd(bus_);
  static_cast<void>(loop_->watch(fd_, EPOLLIN, [this](std::uint32_t) { pump(); }));
  loop_->post([this] { pump(); });
}

void FakePortal::close_bus() {
  if (bus_ == nullptr) return;
  loop_->unwatch(fd_);
  sd_bus_flush_close_unref(bus_);
  bus_ = nullptr;
}

void FakePortal::pump() {
  while (bus_ != nullptr && sd_bus_process(bus_, nullptr) > 0) {
  }
}

void FakePortal::note(std::string what) {
  const MutexLock lock{mutex_};
  asked_.push_back(std::move(what));
}

std::vector<std::string> FakePortal::asked() const {
  const MutexLock lock{mutex_};
  return asked_;
}

bool FakePortal::was_asked(const std::string& start) const {
  const auto all = asked();
  return std::ranges::any_of(all, [&](const auto& each) { return each.starts_with(start); });
}

int FakePortal::handle(sd_bus_message* call) {
  std::uint8_t type = 0;
  sd_bus_message_get_type(call, &type);
  if (type != SD_BUS_MESSAGE_METHOD_CALL) return 0;
  const std::string member = sd_bus_message_get_member(call);
  if (member == "Get") return handle_get(call);
  if (member == "OpenPipeWireRemote") return open_pipewire(call);
  if (member == "Close") {
    note(std::string{"Close "} + sd_bus_message_get_interface(call));
    return sd_bus_reply_method_return(call, "");
  }
  if (member.starts_with("Notify")) {
    const char* session = nullptr;
    sd_bus_message_read(call, "o", &session);
    read_options(call);
    note(member + read_numbers(call));
    return 1;
  }
  return handle_request(call, member);
}

int FakePortal::handle_get(sd_bus_message* call) {
  const char *interface = nullptr, *name = nullptr;
  sd_bus_message_read(call, "ss", &interface, &name);
  const bool remote = std::string_view{interface} == "org.freedesktop.portal.RemoteDesktop";
  const std::string_view is{name};
  std::uint32_t value = 0;
  if (is == "version") value = remote ? params_.remote_version : params_.cast_version;
  if (is == "AvailableSourceTypes") value = params_.source_types;
  if (is == "AvailableCursorModes") value = params_.cursor_modes;
  if (is == "AvailableDeviceTypes") value = params_.device_types;
  return sd_bus_reply_method_return(call, "v", "u", value);
}

int FakePortal::handle_request(sd_bus_message* call, const std::string& member) {
  const char *path = nullptr, *parent = nullptr;
  if (member == "SelectDevices" || member == "SelectSources") sd_bus_message_read(call, "o", &path);
  if (member == "Start") sd_bus_message_read(call, "os", &path, &parent);
  const auto said = read_options(call);
  note(member + said);
  std::string sender = sd_bus_message_get_sender(call) + 1;
  std::ranges::replace(sender, '.', '_');
  const auto request =
      fmt::format("/org/freedesktop/portal/desktop/request/{}/{}", sender, option(said, "handle_token"));
  if (member == "CreateSession") {
    session_ = fmt::format("/org/freedesktop/portal/desktop/session/{}/{}", sender,
                           option(said, "session_handle_token"));
  }
  sd_bus_reply_method_return(call, "o", request.c_str());
  if (member != "Start") {
    respond(request, member, 0);
  } else if (params_.dies_at_start) {
    loop_->post([this] { close_bus(); });
  } else if (params_.answers) {
    respond(request, member, params_.response);
  }
  return 1;
}

void FakePortal::respond(const std::string& request, const std::string& member, std::uint32_t response) {
  sd_bus_message* signal = nullptr;
  sd_bus_message_new_signal(bus_, &signal, request.c_str(), "org.freedesktop.portal.Request", "Response");
  sd_bus_message_append(signal, "u", response);
  sd_bus_message_open_container(signal, 'a', "{sv}");
  if (response == 0) append_results(signal, member);
  sd_bus_message_close_container(signal);
  sd_bus_send(bus_, signal, nullptr);
  sd_bus_message_unref(signal);
}

void FakePortal::append_results(sd_bus_message* signal, const std::string& member) {
  if (member == "CreateSession") {
    sd_bus_message_append(signal, "{sv}", "session_handle", "s", session_.c_str());
  }
  if (member != "Start") return;
  const auto token = fmt::format("token-{}", ++tokens_);
  const std::uint32_t source = (params_.source_types & 4) != 0 ? 4 : 1;
  sd_bus_message_append(signal, "{sv}", "devices", "u", params_.granted_devices);
  sd_bus_message_append(signal, "{sv}", "unknown", "as", 1, "what nobody knows is skipped");
  sd_bus_message_append(signal, "{sv}", "streams", "a(ua{sv})", 1, source_->node_id().value_or(0), 3,
                        "position", "(ii)", 0, 0, "size", "(ii)", 640, 360, "source_type", "u", source);
  sd_bus_message_append(signal, "{sv}", "restore_token", "s", token.c_str());
}

int FakePortal::open_pipewire(sd_bus_message* call) {
  const auto fd = libpipewire::connect_to(params_.pipewire_socket);
  return sd_bus_reply_method_return(call, "h", fd ? fd->get() : -1);
}

void FakePortal::push(std::uint32_t seed) {
  loop_->post([this, seed] { static_cast<void>(source_->push({.seed = seed})); });
}

void FakePortal::push_pointer(std::uint32_t seed, const desktop_test::SourcePush::Pointer& pointer) {
  loop_->post(
      [this, seed, pointer] { static_cast<void>(source_->push({.seed = seed, .pointer = pointer})); });
}

void FakePortal::end_session() {
  loop_->post([this] {
    sd_bus_emit_signal(bus_, session_.c_str(), "org.freedesktop.portal.Session", "Closed", "a{sv}", 0);
    pump();
  });
}

void FakePortal::die() {
  loop_->post([this] { close_bus(); });
}

}  // namespace lumen::portal
