// A headless output of another compositor of wlroots' kind, by wlr-output-management: it is there already,
// and gets another mode for as long as the session lasts.
#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/event_loop.hpp"
#include "desktop/wayland/connection.hpp"
#include "desktop/wayland/peer.hpp"
#include "desktop/wlroots/output_lock.hpp"
#include "desktop/wlroots/virtual_output.hpp"
#include "wlr-output-management-unstable-v1-client-protocol.h"

namespace lumen::wlroots {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using wayland::ignore;
using wayland::own;
using wayland::Proxy;

constexpr auto kSlow = 1s;
constexpr auto kQuick = 90ms;
constexpr std::size_t kMaxHeads = 64;
constexpr std::uint32_t kMaxVersion = 2;

struct Head {
  Proxy<zwlr_output_head_v1> proxy;
  // Never used, but kept until the compositor is done with them: it goes on to name them (current_mode), and
  // libwayland takes a name that it knows no more for a broken connection.
  std::vector<Proxy<zwlr_output_mode_v1>> modes;
  std::string name;
  bool enabled = true, gone = false;
  wl_fixed_t scale = wl_fixed_from_int(1);
};

// What an output is set to.
struct Setting {
  Mode mode;
  double scale = 1;
};

// The compositor's list of outputs, on a queue of its own: asking never calls anything else of the
// connection.
class OutputManager {
 public:
  static Result<std::unique_ptr<OutputManager>> create(wayland::WaylandConnection& connection);

  // The current setting; empty: there is no such output, or it is off.
  std::optional<Setting> setting_of(std::string_view name) const;
  std::vector<std::string> names() const;
  Status apply(std::string_view name, const Setting& setting, Duration limit);

 private:
  struct Listeners;
  explicit OutputManager(wayland::WaylandConnection& connection)
      : connection_{connection}, queue_{connection.make_queue()} {}
  const Head* find(std::string_view name) const;
  // Sway says of headless outputs that they are off, but they are a wl_output. And one that is said to be on
  // may be none yet: it is somebody's monitor, plugged in this moment.
  bool is_off(const Head& head) const {
    return !head.enabled && connection_.output_named(head.name) == nullptr;
  }

  wayland::WaylandConnection& connection_;
  wl_event_queue* queue_;
  std::vector<std::unique_ptr<Head>> heads_;
  Proxy<zwlr_output_manager_v1> manager_;
  std::uint32_t serial_ = 0;
  bool listed_ = false;
};

struct OutputManager::Listeners {
  static OutputManager& of(void* self) { return *static_cast<OutputManager*>(self); }
  static void head(void* self, zwlr_output_manager_v1*, zwlr_output_head_v1* proxy);
  static void done(void* self, zwlr_output_manager_v1*, std::uint32_t serial) {
    of(self).serial_ = serial;
    of(self).listed_ = true;
    std::erase_if(of(self).heads_, [](const auto& each) { return each->gone; });
  }
  static void name(void* self, zwlr_output_head_v1*, const char* name) { head_of(self).name = name; }
  // Which mode it has is told by wl_output too, and there for custom ones as well.
  static void mode(void* self, zwlr_output_head_v1*, zwlr_output_mode_v1* proxy) {
    static constexpr zwlr_output_mode_v1_listener kMode{ignore, ignore, ignore, mode_gone};
    head_of(self).modes.push_back(own(proxy, zwlr_output_mode_v1_destroy));
    zwlr_output_mode_v1_add_listener(proxy, &kMode, self);
  }
  static void mode_gone(void* self, zwlr_output_mode_v1* proxy) {
    std::erase_if(head_of(self).modes, [proxy](const auto& each) { return each.get() == proxy; });
  }
  static void enabled(void* self, zwlr_output_head_v1*, int enabled) { head_of(self).enabled = enabled != 0; }
  static void scale(void* self, zwlr_output_head_v1*, wl_fixed_t scale) { head_of(self).scale = scale; }
  static void gone(void* self, zwlr_output_head_v1*) { head_of(self).gone = true; }

 private:
  static Head& head_of(void* self) { return *static_cast<Head*>(self); }
};

void OutputManager::Listeners::head(void* self, zwlr_output_manager_v1*, zwlr_output_head_v1* proxy) {
  static constexpr zwlr_output_head_v1_listener kHead{name,   ignore, ignore, mode,   enabled, ignore, ignore,
                                                      ignore, scale,  gone,   ignore, ignore,  ignore};
  auto owned = own(proxy, zwlr_output_head_v1_destroy);
  if (of(self).heads_.size() >= kMaxHeads) return;
  auto& head = *of(self).heads_.emplace_back(std::make_unique<Head>());
  head.proxy = std::move(owned);
  zwlr_output_head_v1_add_listener(proxy, &kHead, &head);
}

Result<std::unique_ptr<OutputManager>> OutputManager::create(wayland::WaylandConnection& connection) {
  static constexpr zwlr_output_manager_v1_listener kManager{Listeners::head, Listeners::done, ignore};
  std::unique_ptr<OutputManager> made{new OutputManager{connection}};
  made->manager_ =
      connection.bind(zwlr_output_manager_v1_interface, zwlr_output_manager_v1_destroy, 1, kMaxVersion);
  if (!made->manager_) {
    return fail(ErrorCode::unsupported, "wlroots.no-output", "the compositor lets nobody change its outputs",
                "It must be sway, or offer wlr-output-management-unstable-v1");
  }
  wl_proxy_set_queue(reinterpret_cast<wl_proxy*>(made->manager_.get()), made->queue_);
  zwlr_output_manager_v1_add_listener(made->manager_.get(), &kManager, made.get());
  LUMEN_CHECK_OK(connection.wait([&] { return made->listed_; }, kSlow, made->queue_));
  return made;
}

const Head* OutputManager::find(std::string_view name) const {
  const auto found =
      std::ranges::find_if(heads_, [name](const auto& head) { return head->name == name && !head->gone; });
  return found == heads_.end() ? nullptr : found->get();
}

std::vector<std::string> OutputManager::names() const {
  std::vector<std::string> names;
  for (const auto& head : heads_) names.push_back(head->name);
  return names;
}

std::optional<Setting> OutputManager::setting_of(std::string_view name) const {
  const auto* head = find(name);
  if (head == nullptr) return std::nullopt;
  const auto* output = connection_.output_named(name);
  if (output == nullptr || output->width <= 0 || output->height <= 0 || output->refresh_mhz < 0)
    return std::nullopt;
  const Mode mode{static_cast<std::uint32_t>(output->width), static_cast<std::uint32_t>(output->height),
                  static_cast<std::uint32_t>(output->refresh_mhz)};
  return Setting{mode, wl_fixed_to_double(head->scale)};
}

struct Verdict {
  bool given = false, good = false;
  static void succeeded(void* self, zwlr_output_configuration_v1*) { give(self, true); }
  static void refused(void* self, zwlr_output_configuration_v1*) { give(self, false); }

 private:
  static void give(void* self, bool good) { *static_cast<Verdict*>(self) = {true, good}; }
};

// A configuration names every output: the others as they are.
Status OutputManager::apply(std::string_view name, const Setting& setting, Duration limit) {
  static constexpr zwlr_output_configuration_v1_listener kVerdict{Verdict::succeeded, Verdict::refused,
                                                                  Verdict::refused};
  Verdict verdict;
  const auto configuration = own(zwlr_output_manager_v1_create_configuration(manager_.get(), serial_),
                                 zwlr_output_configuration_v1_destroy);
  zwlr_output_configuration_v1_add_listener(configuration.get(), &kVerdict, &verdict);
  std::vector<Proxy<zwlr_output_configuration_head_v1>> parts;
  for (const auto& head : heads_) {
    if (head->gone) continue;
    if (is_off(*head)) {
      zwlr_output_configuration_v1_disable_head(configuration.get(), head->proxy.get());
      continue;
    }
    auto* part = zwlr_output_configuration_v1_enable_head(configuration.get(), head->proxy.get());
    parts.push_back(own(part, zwlr_output_configuration_head_v1_destroy));
    if (head->name != name) continue;
    zwlr_output_configuration_head_v1_set_custom_mode(part, static_cast<int>(setting.mode.width),
                                                      static_cast<int>(setting.mode.height),
                                                      static_cast<int>(setting.mode.refresh_mhz));
    zwlr_output_configuration_head_v1_set_scale(part, wl_fixed_from_double(setting.scale));
  }
  zwlr_output_configuration_v1_apply(configuration.get());
  LUMEN_CHECK_OK(connection_.wait([&] { return verdict.given; }, limit, queue_));
  if (verdict.good) return {};
  return fail(ErrorCode::unsupported, "wlroots.mode",
              fmt::format("the compositor refused {} for {}", to_string(setting.mode), name));
}

json to_json(std::string_view output, const Setting& setting, const std::string& compositor) {
  return {{"managed", output},
          {"compositor", compositor},
          {"width", setting.mode.width},
          {"height", setting.mode.height},
          {"refresh_mhz", setting.mode.refresh_mhz},
          {"scale", setting.scale}};
}

class ManagedOutput final : public VirtualOutput {
 public:
  ManagedOutput(std::unique_ptr<OutputManager> manager, const OutputParams& params, std::string compositor,
                Logger& log)
      : manager_{std::move(manager)}, params_{params}, compositor_{std::move(compositor)}, log_{log} {}
  ~ManagedOutput() override { give_back(); }

  Status take();
  const std::string& name() const override { return name_; }
  bool removable() const override { return false; }
  Status set_mode(const Mode& mode) override {
    return manager_->apply(name_, {running_mode(mode), params_.scale}, kQuick);
  }

 private:
  void give_back();

  std::unique_ptr<OutputManager> manager_;
  OutputParams params_;
  std::string compositor_;
  Logger& log_;
  std::string name_;
  Setting before_;
  std::optional<OutputLock> lock_;
  std::optional<RestoreJournal::EntryId> entry_;
};

Status ManagedOutput::take() {
  for (const auto& name : manager_->names()) {
    const auto setting = manager_->setting_of(name);
    if (!setting) continue;
    lock_ = OutputLock::claim(params_.place.runtime_dir, name, "managed");
    if (!lock_) continue;
    name_ = name;
    before_ = *setting;
    if (params_.journal != nullptr) {
      LUMEN_TRY(entry_, params_.journal->write(kBackend, to_json(name_, before_, compositor_).dump()));
    }
    return manager_->apply(name_, {running_mode(params_.mode), params_.scale}, kSlow);
  }
  return fail(ErrorCode::unsupported, "wlroots.no-output", "the compositor has no output that nobody sees",
              "Start it with a headless output (WLR_BACKENDS=…,headless), or use sway, which makes them");
}

void ManagedOutput::give_back() {
  if (name_.empty()) return;
  const auto restored = manager_->apply(name_, before_, kSlow);
  if (!restored && restored.error().id != "wayland.lost") {
    log_.warn("the output {} could not be given back: {}", name_, describe(restored.error()));
    return;  // the journal keeps its entry
  }
  lock_->forget();
  if (entry_) params_.journal->erase(*entry_);
}

template <class Number>
std::optional<Number> number(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number()) return std::nullopt;
  return found->get<Number>();
}

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

}  // namespace

Result<std::unique_ptr<VirtualOutput>> take_managed_output(const OutputParams& params,
                                                           wayland::WaylandConnection& connection,
                                                           Logger& log) {
  LUMEN_TRY(auto manager, OutputManager::create(connection));
  auto output = std::make_unique<ManagedOutput>(std::move(manager), params, connection.peer(), log);
  LUMEN_CHECK_OK(output->take());
  return std::unique_ptr<VirtualOutput>{std::move(output)};
}

Status undo_managed_change(std::string_view text, const DesktopPlace& place, Logger& log) {
  const auto change = json::parse(text, nullptr, false);
  const auto name = text_of(change, "managed"), compositor = text_of(change, "compositor");
  const auto width = number<std::uint32_t>(change, "width"), height = number<std::uint32_t>(change, "height"),
             refresh = number<std::uint32_t>(change, "refresh_mhz");
  const auto scale = number<double>(change, "scale");
  if (name.empty() || compositor.empty() || !width || !height || !refresh || !scale) {
    return fail(ErrorCode::malformed, "wlroots.undo", "the journal's entry cannot be read");
  }
  LUMEN_TRY(const auto loop, EventLoop::create());
  auto connection = wayland::WaylandConnection::connect(place.wayland_socket, *loop, {});
  if (!connection && !wayland::is_nobody_there(connection.error())) {
    return tl::unexpected{connection.error()};  // it hangs, say: later
  }
  // That compositor is gone, and its outputs with it.
  if (!connection || (*connection)->peer() != compositor) return {};
  auto lock = OutputLock::claim(place.runtime_dir, name, "managed");
  if (!lock) return {};  // another session uses it now
  LUMEN_TRY(const auto manager, OutputManager::create(**connection));
  if (!manager->setting_of(name)) return {};
  LUMEN_CHECK_OK(manager->apply(name, {{*width, *height, *refresh}, *scale}, kSlow));
  lock->forget();
  log.info("the output {} of a session that ended without notice is given back", name);
  return {};
}

}  // namespace lumen::wlroots
