#include "audio/default_sink.hpp"

#include <poll.h>
#include <spa/utils/hook.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>

#include <fmt/format.h>
#include <pipewire/extensions/metadata.h>
#include <nlohmann/json.hpp>

#include "libpipewire/handles.hpp"

namespace lumen::audio {
namespace {

using libpipewire::PipeWireHandle;

constexpr const char* kKey = "default.configured.audio.sink";

struct FreeMetadata {
  void operator()(pw_metadata* metadata) const noexcept {
    pw_proxy_destroy(reinterpret_cast<pw_proxy*>(metadata));
  }
};

// What the library has as macros.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"
#pragma GCC diagnostic ignored "-Wpedantic"
void listen(pw_metadata* metadata, spa_hook* hook, const pw_metadata_events* events, void* data) {
  pw_metadata_add_listener(metadata, hook, events, data);
}
void set_property(pw_metadata* metadata, const char* value) {
  pw_metadata_set_property(metadata, PW_ID_CORE, kKey, value == nullptr ? nullptr : "Spa:String:JSON", value);
}
int sync(pw_core* core) { return pw_core_sync(core, PW_ID_CORE, 0); }
pw_metadata* bind_metadata(pw_registry* registry, std::uint32_t id) {
  return static_cast<pw_metadata*>(
      pw_registry_bind(registry, id, PW_TYPE_INTERFACE_Metadata, PW_VERSION_METADATA, 0));
}
#pragma GCC diagnostic pop

// {"name":"…"}, as the session manager writes it.
std::optional<std::string> to_name(const char* value) {
  if (value == nullptr) return std::nullopt;
  const auto parsed = nlohmann::json::parse(value, nullptr, false);
  const auto found = parsed.is_object() ? parsed.find("name") : parsed.end();
  if (found == parsed.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

// One conversation. Owner: the thread that makes it.
class Conversation {
 public:
  explicit Conversation(Duration limit) : until_{SteadyTime{}.now() + limit} {
    spa_zero(core_hook_);
    spa_zero(registry_hook_);
    spa_zero(metadata_hook_);
  }
  ~Conversation() {
    metadata_.reset();
    registry_.reset();
    core_.reset();
    context_.reset();
    if (loop_) libpipewire::leave(loop_.get());
  }
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  Status open(const std::string& socket);
  Status set(const std::optional<std::string>& name);
  const std::optional<std::string>& name() const { return name_; }

 private:
  Status round_trip();
  void on_global(std::uint32_t id, std::string_view type, const spa_dict* about);
  int on_property(std::uint32_t subject, const char* key, const char* value);

  Timestamp until_;
  bool failed_ = false;
  int answered_ = -1;
  std::optional<std::string> name_;
  libpipewire::PipeWireLibrary library_;
  PipeWireHandle<pw_loop> loop_;
  PipeWireHandle<pw_context> context_;
  PipeWireHandle<pw_core> core_;
  spa_hook core_hook_;
  PipeWireHandle<pw_registry> registry_;
  spa_hook registry_hook_;
  std::unique_ptr<pw_metadata, FreeMetadata> metadata_;
  spa_hook metadata_hook_;
};

Status Conversation::open(const std::string& socket) {
  LUMEN_TRY(auto connected, libpipewire::connect_to(socket));
  const auto failed = [] {
    return fail(ErrorCode::unavailable, "audio.pipewire", "libpipewire cannot talk to PipeWire", {}, errno);
  };
  loop_.reset(pw_loop_new(nullptr));
  if (!loop_) return failed();
  libpipewire::enter(loop_.get());
  context_.reset(pw_context_new(loop_.get(), nullptr, 0));
  if (!context_) return failed();
  core_.reset(pw_context_connect_fd(context_.get(), connected.release(), nullptr, 0));
  if (!core_) return failed();
  static const pw_core_events kCore{
      .version = PW_VERSION_CORE_EVENTS,
      .done = [](void* self, std::uint32_t,
                 int sequence) { static_cast<Conversation*>(self)->answered_ = sequence; },
      .error =
          [](void* self, std::uint32_t id, int, int, const char*) {
            if (id == PW_ID_CORE) static_cast<Conversation*>(self)->failed_ = true;
          }};
  libpipewire::listen(core_.get(), &core_hook_, &kCore, this);
  registry_.reset(libpipewire::registry_of(core_.get()));
  if (!registry_) return failed();
  static const pw_registry_events kRegistry{
      .version = PW_VERSION_REGISTRY_EVENTS,
      .global = [](void* self, std::uint32_t id, std::uint32_t, const char* type, std::uint32_t,
                   const spa_dict* about) { static_cast<Conversation*>(self)->on_global(id, type, about); }};
  libpipewire::listen(registry_.get(), &registry_hook_, &kRegistry, this);
  LUMEN_CHECK_OK(round_trip());
  if (!metadata_) {
    return fail(ErrorCode::unavailable, "audio.no-session-manager", "nobody manages the sinks of PipeWire",
                "Start WirePlumber: systemctl --user start wireplumber");
  }
  return round_trip();  // what it holds
}

Status Conversation::round_trip() {
  const int wanted = sync(core_.get());
  while (answered_ != wanted && !failed_) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until_ - SteadyTime{}.now()).count();
    if (left <= 0) return fail(ErrorCode::timed_out, "audio.slow", "PipeWire does not answer", "Restart it");
    pollfd ready{.fd = libpipewire::loop_fd(loop_.get()), .events = POLLIN, .revents = 0};
    poll(&ready, 1, static_cast<int>(std::min<std::int64_t>(left, 100)));
    libpipewire::iterate(loop_.get());
  }
  if (failed_) return fail(ErrorCode::unavailable, "audio.pipewire", "PipeWire has ended");
  return {};
}

void Conversation::on_global(std::uint32_t id, std::string_view type, const spa_dict* about) {
  const char* name = about == nullptr ? nullptr : spa_dict_lookup(about, PW_KEY_METADATA_NAME);
  if (metadata_ || type != PW_TYPE_INTERFACE_Metadata || name == nullptr || std::strcmp(name, "default") != 0)
    return;
  metadata_.reset(bind_metadata(registry_.get(), id));
  if (!metadata_) return;
  static const pw_metadata_events kEvents{
      .version = PW_VERSION_METADATA_EVENTS,
      .property = [](void* self, std::uint32_t subject, const char* key, const char*, const char* value) {
        return static_cast<Conversation*>(self)->on_property(subject, key, value);
      }};
  listen(metadata_.get(), &metadata_hook_, &kEvents, this);
}

int Conversation::on_property(std::uint32_t subject, const char* key, const char* value) {
  if (subject == PW_ID_CORE && (key == nullptr || std::strcmp(key, kKey) == 0)) name_ = to_name(value);
  return 0;
}

Status Conversation::set(const std::optional<std::string>& name) {
  if (name) {
    set_property(metadata_.get(), nlohmann::json{{"name", *name}}.dump().c_str());
  } else {
    set_property(metadata_.get(), nullptr);
  }
  return round_trip();
}

}  // namespace

Result<std::optional<std::string>> configured_sink(const std::string& socket, Duration limit) {
  Conversation conversation{limit};
  LUMEN_CHECK_OK(conversation.open(socket));
  return conversation.name();
}

Status set_configured_sink(const std::string& socket, const std::optional<std::string>& name, Duration limit,
                           const std::optional<std::string>& only_instead_of) {
  Conversation conversation{limit};
  LUMEN_CHECK_OK(conversation.open(socket));
  if (only_instead_of && conversation.name() != only_instead_of) return {};
  return conversation.set(name);
}

}  // namespace lumen::audio
