#include "desktop/wayland/data_control.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "wlr-data-control-unstable-v1-client-protocol.h"

namespace lumen::wayland {
namespace {

using namespace std::chrono_literals;

constexpr Duration kReadPatience = 3s;
constexpr std::size_t kMaxOffers = 8;  // the selection, the primary one, and what is on its way
constexpr std::array kTextTypes{"text/plain;charset=utf-8", "UTF8_STRING", "text/plain", "STRING"};

// Beside our text, so that we know it when the compositor tells of it.
const std::string& own_type() {
  static const std::string type = fmt::format("application/x-lumen-{}", ::getpid());
  return type;
}

bool matters(std::string_view type) {
  return type == own_type() || type == kSecretMimeType ||
         std::ranges::find(kTextTypes, type) != kTextTypes.end();
}

}  // namespace

struct DataControl::Listeners {
  static DataControl& of(void* self) { return *static_cast<DataControl*>(self); }
  static constexpr zwlr_data_control_device_v1_listener device{
      .data_offer = [](void* self, auto*, auto* offer) { of(self).on_offer(offer); },
      .selection = [](void* self, auto*, auto* offer) { of(self).on_selection(offer); },
      .finished =
          [](void* self, auto*) {
            of(self).reader_.reset();
            of(self).device_.reset();
          },
      .primary_selection = [](void* self, auto*, auto* offer) { of(self).forget(offer); }};
  static constexpr zwlr_data_control_offer_v1_listener offer{
      .offer = [](void* self, auto* proxy, const char* type) { of(self).on_type(proxy, type); }};
  static constexpr zwlr_data_control_source_v1_listener source{
      .send =
          [](void* self, auto*, const char* /*type*/, int fd) {  // all of ours are the same text
            of(self).writers_.write(UniqueFd{fd}, of(self).text_);
          },
      .cancelled =
          [](void* self, auto* source) {
            auto& ours = of(self).source_;
            if (ours.get() == source) ours.reset();
          }};
};

std::unique_ptr<DataControl> DataControl::create(WaylandConnection& connection, EventLoop& loop) {
  std::unique_ptr<DataControl> made{new DataControl{connection, loop}};
  made->seat_ = connection.bind(wl_seat_interface, wl_seat_destroy, 1, 1);
  made->manager_ =
      connection.bind(zwlr_data_control_manager_v1_interface, zwlr_data_control_manager_v1_destroy, 1, 2);
  if (!made->seat_ || !made->manager_) return nullptr;
  made->device_ = own(zwlr_data_control_manager_v1_get_data_device(made->manager_.get(), made->seat_.get()),
                      zwlr_data_control_device_v1_destroy);
  zwlr_data_control_device_v1_add_listener(made->device_.get(), &Listeners::device, made.get());
  connection.flush();
  return made;
}

void DataControl::watch(std::function<void(std::string)> on_text) {
  on_text_ = std::move(on_text);
  reader_.reset();
}

Status DataControl::set_text(std::string_view utf8) {
  if (!device_ || connection_.is_lost())
    return fail(ErrorCode::unavailable, "clipboard.set", "the compositor's clipboard is gone");
  reader_.reset();
  text_ = std::make_shared<const std::string>(utf8);
  auto source = own(zwlr_data_control_manager_v1_create_data_source(manager_.get()),
                    zwlr_data_control_source_v1_destroy);
  zwlr_data_control_source_v1_add_listener(source.get(), &Listeners::source, this);
  for (const auto* type : kTextTypes) zwlr_data_control_source_v1_offer(source.get(), type);
  zwlr_data_control_source_v1_offer(source.get(), own_type().c_str());
  zwlr_data_control_device_v1_set_selection(device_.get(), source.get());
  source_ = std::move(source);
  connection_.flush();
  return {};
}

void DataControl::on_offer(zwlr_data_control_offer_v1* proxy) {
  if (offers_.size() == kMaxOffers) offers_.erase(offers_.begin());
  zwlr_data_control_offer_v1_add_listener(proxy, &Listeners::offer, this);
  offers_.push_back({own(proxy, zwlr_data_control_offer_v1_destroy), {}});
}

DataControl::Offer* DataControl::find(const zwlr_data_control_offer_v1* proxy) {
  const auto found =
      std::ranges::find_if(offers_, [&](const auto& each) { return each.proxy.get() == proxy; });
  return found == offers_.end() ? nullptr : &*found;
}

void DataControl::forget(const zwlr_data_control_offer_v1* proxy) {
  std::erase_if(offers_, [&](const auto& each) { return each.proxy.get() == proxy; });
}

void DataControl::on_type(const zwlr_data_control_offer_v1* proxy, const char* type) {
  auto* offer = find(proxy);
  if (offer == nullptr || !matters(type)) return;
  if (std::ranges::find(offer->types, type) == offer->types.end()) offer->types.emplace_back(type);
}

// The offer has told its types by now. Nothing else is done with it: it is let go of.
void DataControl::on_selection(const zwlr_data_control_offer_v1* proxy) {
  reader_.reset();
  if (const auto* offer = find(proxy); offer != nullptr && on_text_) {
    const auto has = [&](std::string_view type) {
      return std::ranges::find(offer->types, type) != offer->types.end();
    };
    const auto* const text = std::ranges::find_if(kTextTypes, has);
    if (text != kTextTypes.end() && !has(own_type()) && !has(kSecretMimeType)) read(*offer, *text);
  }
  forget(proxy);
}

void DataControl::read(const Offer& offer, const char* type) {
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) return;
  UniqueFd from{fds[0]};
  const UniqueFd to{fds[1]};
  zwlr_data_control_offer_v1_receive(offer.proxy.get(), type, to.get());
  connection_.flush();
  reader_ = std::make_unique<TextReader>(std::move(from),
                                         TextReader::Params{.most_bytes = kMaxClipboardBytes,
                                                            .patience = kReadPatience,
                                                            .on_end =
                                                                [this](std::optional<std::string> text) {
                                                                  const auto done = std::move(reader_);
                                                                  if (text && on_text_)
                                                                    on_text_(*std::move(text));
                                                                }},
                                         loop_);
}

}  // namespace lumen::wayland
