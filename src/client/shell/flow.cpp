#include "client/shell/flow.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

namespace lumen::client {
namespace {

constexpr std::size_t kMaxTyped = 128, kMaxPin = 64;

bool is_address_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == ':' ||
         c == '-' || c == '[' || c == ']' || c == '_' || c == '%';
}

std::string_view host_part(const HostEntry& host) {
  return std::string_view{host.address}.substr(0, host.address.rfind(':'));
}

// A computer that serves both protocols is shown once: as what it is paired by, else by the better one.
bool is_known_better(const HostEntry& host, const std::vector<HostEntry>& all) {
  if (host.protocol == Protocol::lumen1) {
    return !host.paired && std::ranges::any_of(all, [&](const HostEntry& other) {
      return other.protocol != host.protocol && other.paired && host_part(other) == host_part(host);
    });
  }
  return std::ranges::any_of(all, [&](const HostEntry& other) {
    return other.protocol == Protocol::lumen1 && other.reachable && (other.paired || !host.paired) &&
           host_part(other) == host_part(host);
  });
}

}  // namespace

Flow::Flow(Params params)
    : backends_{std::move(params.backends)}, settings_{std::move(params.settings)}, display_{params.display} {
  screens_.push_back({Hosts{}});
}

void Flow::open_hosts() { search(); }

Status Flow::open_host(const std::string& address, const std::string& app) {
  Status refused = fail(ErrorCode::invalid_argument, "client.host-address", "no protocol takes this address");
  for (auto* backend : backends_) {
    auto host = backend->host_at(address);
    if (host) {
      named_ = host->address;
      start(*host, app);
      return {};
    }
    refused = tl::unexpected{host.error()};
  }
  return refused;
}

std::optional<FlowAction> Flow::take_action() {
  if (actions_.empty()) return std::nullopt;
  auto action = std::move(actions_.front());
  actions_.pop_front();
  return action;
}

// --- screens

void Flow::push(Screen screen) {
  screens_.back().focus = focus_;
  screens_.push_back({std::move(screen)});
  focus_ = 0;
}

void Flow::replace(Screen screen) {
  screens_.back() = {std::move(screen)};
  focus_ = 0;
}

void Flow::pop() {
  if (screens_.size() == 1) return;
  screens_.pop_back();
  focus_ = screens_.back().focus;
  if (top<Hosts>() != nullptr) search();
}

Page Flow::page() const {
  struct Show {
    const Flow& flow;
    Page operator()(const Hosts&) const { return hosts_page(flow.hosts_, !flow.searches_.empty()); }
    Page operator()(const Apps& it) const { return apps_page(it.host, it.apps, it.loading); }
    Page operator()(const HostMenu& it) const { return host_menu_page(it.host, it.host.paired); }
    Page operator()(const Address& it) const { return address_page(it.text, it.problem); }
    Page operator()(const Connecting& it) const { return connecting_page(it.host, it.what); }
    Page operator()(const EnterPin& it) const { return enter_pin_page(it.host, it.digits, it.was_wrong); }
    Page operator()(const Pairing& it) const { return pairing_page(it.host, it.pin, it.words, it.confirmed); }
    Page operator()(const Problem& it) const {
      return error_page(it.what_failed, it.error, it.retry != nullptr);
    }
    Page operator()(const Confirm& it) const {
      return confirm_page(fmt::format("Forget {}?", it.host.name),
                          it.host.paired ? "To use it again, it has to be paired again"
                                         : "It can be added by its address again",
                          "Forget it");
    }
    Page operator()(const SettingsOpen&) const { return settings_page(flow.settings_, flow.display_); }
  };
  return std::visit(Show{*this}, screens_.back().screen);
}

void Flow::show_error(std::string what_failed, const Error& error) {
  push(Problem{std::move(what_failed), error, nullptr});
}

void Flow::stream_over(const Status& status) {
  cancel_request();
  if (!status) {
    show_error("The stream ended", status.error());
  } else if (top<Hosts>() != nullptr) {
    search();
  }
}

// --- what a person does

void Flow::handle(const ScreenInput& input) {
  struct Handle {
    Flow& flow;
    void operator()(const ScreenPress& press) const { flow.press(press.key); }
    void operator()(const ScreenText& text) const { flow.type(text.code_point); }
    void operator()(const ScreenScroll& scroll) const {
      flow.press(scroll.clicks_down > 0 ? ScreenKey::down : ScreenKey::up);
    }
    void operator()(const ScreenPoint& point) const {
      const auto at = hit(flow.page(), flow.focus(), point.x, point.y);
      if (!at) return;
      if (point.clicked) {
        flow.focus_ = *at;
        flow.choose(*at);
      } else if (scroll_of(flow.page(), *at) == scroll_of(flow.page(), flow.focus())) {
        flow.focus_ = *at;  // else the page would run away under the pointer
      }
    }
  };
  std::visit(Handle{*this}, input);
}

void Flow::press(ScreenKey key) {
  switch (key) {
    case ScreenKey::left:
    case ScreenKey::right:
      if (top<SettingsOpen>() != nullptr && focus() < kActions)
        return change(change_setting(settings_, focus(), key == ScreenKey::right));
      [[fallthrough]];
    case ScreenKey::up:
    case ScreenKey::down:
      focus_ = move_focus(page(), focus(), key);
      return;
    case ScreenKey::accept:
      return choose(focus());
    case ScreenKey::back:
      return back();
    case ScreenKey::menu:
      if (top<SettingsOpen>() == nullptr && request_ == 0) push(SettingsOpen{});
      return;
    case ScreenKey::options:
      return options();
    case ScreenKey::erase:
      return erase();
    case ScreenKey::next:
    case ScreenKey::previous: {
      const auto shown = page();
      const auto at = std::ranges::find(shown.controls, focus(), &Control::id) - shown.controls.begin();
      const auto count = std::ssize(shown.controls);
      if (count > 0)
        focus_ =
            shown.controls[static_cast<std::size_t>((at + (key == ScreenKey::next ? 1 : count - 1)) % count)]
                .id;
      return;
    }
  }
}

void Flow::type(char32_t code_point) {
  if (page().takes_text) {
    if (code_point < 0x7F) edit(static_cast<char>(code_point));
  } else if (code_point == U' ') {
    choose(focus());
  }
}

void Flow::edit(char c) {
  if (auto* address = top<Address>()) {
    if (is_address_character(c) && address->text.size() < kMaxTyped) address->text += c;
    address->problem.clear();
    focus_ = kKeyEnter;
  } else if (auto* pin = top<EnterPin>()) {
    const bool fits = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == ' ' || c == '-';
    if (fits && pin->digits.size() < kMaxPin) pin->digits += c;
    focus_ = kKeyEnter;
  }
}

void Flow::erase() {
  auto* address = top<Address>();
  auto* pin = top<EnterPin>();
  std::string* text = address != nullptr ? &address->text : pin != nullptr ? &pin->digits : nullptr;
  if (text != nullptr && !text->empty()) text->pop_back();
  if (text == nullptr && top<Hosts>() == nullptr) back();
}

void Flow::back() {
  if (top<Hosts>() != nullptr) {
    actions_.emplace_back(QuitProgram{});
    return;
  }
  leave_waiting();
  pop();
}

void Flow::leave_waiting() { cancel_request(); }

void Flow::options() {
  if (top<Hosts>() == nullptr) return;
  const auto index = static_cast<std::size_t>(focus() - kFirst);
  if (focus() < kActions && index < hosts_.size()) push(HostMenu{hosts_[index]});
}

void Flow::choose(ControlId id) {
  if (id >= kKeys) {
    const auto before = focus_;
    edit(static_cast<char>(id - kKeys));
    focus_ = before;  // a keypad's focus stays for the next key
    return;
  }
  if (id > 0 && id < kActions) {
    if (top<Hosts>() != nullptr) return choose_host(static_cast<std::size_t>(id - kFirst));
    if (top<SettingsOpen>() != nullptr) return change(change_setting(settings_, id, true));
    if (const auto* apps = top<Apps>()) {
      const auto index = static_cast<std::size_t>(id - kFirst);
      if (index < apps->apps.size()) start(HostEntry{apps->host}, std::string{apps->apps[index].id});
    }
    return;
  }
  auto* menu = top<HostMenu>();
  auto* apps = top<Apps>();
  const auto host = menu != nullptr ? menu->host : apps != nullptr ? apps->host : HostEntry{};
  switch (id) {
    case kAddHost:
      return push(Address{});
    case kOpenSettings:
      return push(SettingsOpen{});
    case kSearchAgain:
      return search();
    case kQuit:
      actions_.emplace_back(QuitProgram{});
      return;
    case kBack:
    case kCancel:
      return back();
    case kReset: {
      Settings defaults;
      defaults.addresses = settings_.addresses;
      return change(std::move(defaults));
    }
    case kShowApps:
      return list_apps(host);
    case kStartDesktop:
      return start(host, "");
    case kEndApp:
      return end_app(host);
    case kForget:
      return push(Confirm{host});
    case kKeyErase:
      return erase();
    case kKeyEnter:
      return submit();
    case kConfirm:
      if (const auto* confirm = top<Confirm>()) forget(HostEntry{confirm->host});
      if (auto* pairing = top<Pairing>();
          pairing != nullptr && !pairing->words.empty() && !pairing->confirmed) {
        pairing->confirmed = true;
        focus_ = 0;
        if (request_backend_ != nullptr) request_backend_->answer(request_, "yes");
      }
      return;
    case kRetry:
      if (auto* problem = top<Problem>(); problem != nullptr && problem->retry) {
        const auto retry = problem->retry;
        pop();
        retry();
      }
      return;
    default:
      return;
  }
}

void Flow::choose_host(std::size_t index) {
  if (index >= hosts_.size()) return;
  const auto host = hosts_[index];
  if (host.reachable && !host.paired) return pair(host, std::nullopt);
  list_apps(host);
}

void Flow::submit() {
  if (auto* pin = top<EnterPin>()) {
    if (pin->digits.empty() || request_backend_ == nullptr) return;
    const auto host = pin->host;
    const auto digits = std::exchange(pin->digits, {});
    replace(Pairing{host, "", "", false});
    request_backend_->answer(request_, digits);
    return;
  }
  auto* address = top<Address>();
  if (address == nullptr || address->text.empty()) return;
  for (auto* backend : backends_) {
    const auto host = backend->host_at(address->text);
    if (!host) {
      address->problem = host.error().what;
      continue;
    }
    Settings changed = settings_;
    auto& all = changed.addresses;
    if (std::ranges::find(all, address->text) == all.end() && all.size() < kMaxAddresses)
      all.push_back(address->text);
    change(std::move(changed));
    pop();
    return;
  }
}

void Flow::change(Settings settings) {
  if (settings == settings_) return;
  settings_ = std::move(settings);
  actions_.emplace_back(KeepSettings{settings_});
}

// --- what is asked of the backends

Backend& Flow::backend_of(const HostEntry& host) const {
  const auto found =
      std::ranges::find_if(backends_, [&](const auto* each) { return each->protocol() == host.protocol; });
  return found == backends_.end() ? *backends_.front() : **found;
}

void Flow::cancel_request() {
  if (request_ != 0 && request_backend_ != nullptr) request_backend_->cancel(request_);
  request_ = 0;
  request_backend_ = nullptr;
}

void Flow::search() {
  for (const auto& [request, backend] : searches_) backend->cancel(request);
  searches_.clear();
  found_.clear();
  for (auto* backend : backends_) {
    const auto request = next_request_++;
    searches_.emplace(request, backend);
    backend->discover(request, settings_.addresses);
  }
}

void Flow::list_apps(const HostEntry& host) {
  cancel_request();
  if (top<HostMenu>() != nullptr) {
    replace(Apps{host, {}, true});
  } else {
    push(Apps{host, {}, true});
  }
  request_backend_ = &backend_of(host);
  request_backend_->list_apps(ask(), host.id);
}

void Flow::start(const HostEntry& host, const std::string& app) {
  cancel_request();
  push(Connecting{host, app, ""});
  request_backend_ = &backend_of(host);
  request_backend_->start(
      ask(), {.host_id = host.id,
              .app = app,
              .mode = settings_.mode.value_or(is_valid(display_) ? display_ : Mode{1920, 1080, 60'000}),
              .codec = settings_.codec,
              .bitrate_kbps = settings_.bitrate_kbps,
              .sound = settings_.sound,
              .pointer_drawn = settings_.pointer_drawn});
}

// By the next protocol that takes the address, where a person named it. False: there is none.
bool Flow::start_by_another(const HostEntry& host, const std::string& app) {
  if (host.address != named_) return false;
  auto next =
      std::ranges::find_if(backends_, [&](const auto* each) { return each->protocol() == host.protocol; });
  while (next != backends_.end() && ++next != backends_.end()) {
    if (const auto other = (*next)->host_at(named_)) {
      named_ = other->address;
      start(*other, app);
      return true;
    }
  }
  return false;
}

void Flow::pair(const HostEntry& host, std::optional<std::string> then) {
  cancel_request();
  after_pairing_ = std::move(then);
  push(Pairing{host, "", "", false});
  request_backend_ = &backend_of(host);
  request_backend_->pair(ask(), host.id);
}

void Flow::end_app(const HostEntry& host) {
  cancel_request();
  request_backend_ = &backend_of(host);
  request_backend_->end_app(ask(), host.id);
}

void Flow::forget(const HostEntry& host) {
  Settings changed = settings_;
  std::erase(changed.addresses, host.address);
  change(std::move(changed));
  std::erase_if(hosts_, [&](const HostEntry& each) { return each.id == host.id; });
  cancel_request();
  request_backend_ = &backend_of(host);
  request_backend_->forget(ask(), host.id);
  while (screens_.size() > 2) screens_.pop_back();
  pop();
}

// --- what they answer

bool Flow::poll() {
  bool any = false;
  for (auto* backend : backends_) {
    while (auto event = backend->poll()) {
      any = true;
      const auto request = std::visit([](const auto& each) { return each.request; }, *event);
      const bool is_search = searches_.contains(request);
      if (!is_search && (request == 0 || request != request_)) continue;  // of something given up
      std::visit([this](auto& each) { on(each); }, *event);
    }
  }
  return any;
}

void Flow::on(HostsFound& event) {
  found_[event.request] = std::move(event.hosts);
  if (event.complete) searches_.erase(event.request);
  merge_hosts();
}

// Those that can be used at once come first, and the focus stays with its host wherever that goes. What a
// search did not find again goes at its end.
void Flow::merge_hosts() {
  std::vector<HostEntry> all;
  for (const auto& [request, hosts] : found_) all.insert(all.end(), hosts.begin(), hosts.end());
  std::vector<HostEntry> merged;
  for (const auto& old : hosts_) {
    const auto again = std::ranges::find(all, old.id, &HostEntry::id);
    if (again != all.end()) {
      merged.push_back(*again);
    } else if (!searches_.empty()) {
      merged.push_back(old);
    }
  }
  for (const auto& host : all) {
    if (std::ranges::find(merged, host.id, &HostEntry::id) == merged.end()) merged.push_back(host);
  }
  std::erase_if(merged, [known = merged](const HostEntry& host) { return is_known_better(host, known); });
  const auto rank_of = [](const HostEntry& host) { return (host.reachable ? 0 : 2) + (host.paired ? 0 : 1); };
  std::vector<HostEntry> ranked;
  for (int rank = 0; rank < 4; ++rank) {
    std::ranges::copy_if(merged, std::back_inserter(ranked),
                         [&](const HostEntry& host) { return rank_of(host) == rank; });
  }
  merged = std::move(ranked);
  auto& focus = top<Hosts>() != nullptr ? focus_ : screens_.front().focus;
  const auto index = static_cast<std::size_t>(focus - kFirst);
  if (focus > 0 && focus < kActions && index < hosts_.size()) {
    const auto found = std::ranges::find(merged, hosts_[index].id, &HostEntry::id);
    focus = found == merged.end() ? 0 : kFirst + static_cast<ControlId>(found - merged.begin());
  }
  hosts_ = std::move(merged);
}

void Flow::on(AppsFound& event) {
  request_ = 0;
  auto* apps = top<Apps>();
  if (apps == nullptr) return;
  apps->apps = std::move(event.apps);
  apps->loading = false;
  focus_ = 0;
  for (std::size_t i = 0; i < apps->apps.size(); ++i) {
    if (apps->apps[i].running) focus_ = kFirst + static_cast<ControlId>(i);
  }
}

void Flow::on(TypeAtHost& event) {
  if (auto* pairing = top<Pairing>()) pairing->pin = event.pin;
}

void Flow::on(AskForPin& event) {
  if (const auto* pairing = top<Pairing>()) {
    replace(EnterPin{HostEntry{pairing->host}, "", event.was_wrong});
  } else if (auto* pin = top<EnterPin>()) {
    pin->digits.clear();
    pin->was_wrong = event.was_wrong;
  }
}

void Flow::on(CompareWords& event) {
  if (auto* pairing = top<Pairing>()) pairing->words = event.words;
}

void Flow::on(Paired&) {
  request_ = 0;
  const auto* pairing = top<Pairing>();
  if (pairing == nullptr) return;
  auto host = pairing->host;
  host.paired = host.reachable = true;
  const auto then = std::exchange(after_pairing_, std::nullopt);
  screens_.pop_back();
  focus_ = screens_.back().focus;
  if (then) {
    start(host, *then);
  } else {
    list_apps(host);
  }
}

void Flow::on(Progress& event) {
  if (auto* connecting = top<Connecting>()) connecting->what = event.what;
}

void Flow::on(StreamStarted& event) {
  request_ = 0;
  const auto* connecting = top<Connecting>();
  if (connecting == nullptr) return;
  actions_.emplace_back(BeginStream{std::move(event.stream), HostEntry{connecting->host}});
  screens_.pop_back();
  focus_ = screens_.back().focus;
}

void Flow::on(Done&) {
  request_ = 0;
  if (const auto* apps = top<Apps>()) {
    const auto host = apps->host;
    screens_.pop_back();
    focus_ = screens_.back().focus;
    list_apps(host);
  } else if (top<HostMenu>() != nullptr) {
    pop();
  } else if (top<Hosts>() != nullptr) {
    search();
  }
}

void Flow::on(Failed& event) {
  if (searches_.contains(event.request)) {
    searches_.erase(event.request);
    return;
  }
  request_ = 0;
  if (const auto* connecting = top<Connecting>()) {
    const auto host = connecting->host;
    const auto app = connecting->app;
    screens_.pop_back();
    focus_ = screens_.back().focus;
    if (event.error.id == kNotPaired) return pair(host, app);
    if (event.error.id == kNoAnswer && start_by_another(host, app)) return;
    push(Problem{fmt::format("{} cannot be shown", host.name), event.error,
                 [this, host, app] { start(host, app); }});
  } else if (const auto* apps = top<Apps>()) {
    const auto host = apps->host;
    screens_.pop_back();
    focus_ = screens_.back().focus;
    if (event.error.id == kNotPaired) return pair(host, std::nullopt);
    push(Problem{fmt::format("{} cannot be reached", host.name), event.error,
                 [this, host] { list_apps(host); }});
  } else if (top<Pairing>() != nullptr || top<EnterPin>() != nullptr) {
    const auto host = top<Pairing>() != nullptr ? top<Pairing>()->host : top<EnterPin>()->host;
    screens_.pop_back();
    focus_ = screens_.back().focus;
    push(Problem{fmt::format("Not paired with {}", host.name), event.error,
                 [this, host, then = after_pairing_] { pair(host, then); }});
  } else {
    push(Problem{"That did not work", event.error, nullptr});
  }
}

}  // namespace lumen::client
