#include "desktop/mutter/mutter_clipboard.hpp"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace lumen::mutter {
namespace {

using namespace std::chrono_literals;

constexpr Duration kCallWithin = 80ms, kReadPatience = 3s;
constexpr Duration kSettle = 20ms;  // of owners that come quickly after each other only the last one is read
constexpr std::array kTextTypes{"text/plain;charset=utf-8", "UTF8_STRING", "text/plain", "STRING"};

Timestamp now() { return SteadyTime{}.now(); }

// What SelectionOwnerChanged says.
struct Owner {
  std::vector<std::string> types;
  bool is_us = false;
};

void read_types(sd_bus_message* message, std::vector<std::string>& types) {
  const char* type = nullptr;
  if (sd_bus_message_enter_container(message, 'v', "(as)") <= 0) return;
  sd_bus_message_enter_container(message, 'r', "as");
  sd_bus_message_enter_container(message, 'a', "s");
  while (sd_bus_message_read(message, "s", &type) > 0) types.emplace_back(type);
  for (int i = 0; i < 3; ++i) sd_bus_message_exit_container(message);
}

Owner read_owner(sd_bus_message* message) {
  Owner owner;
  const char* key = nullptr;
  sd_bus_message_enter_container(message, 'a', "{sv}");
  while (sd_bus_message_enter_container(message, 'e', "sv") > 0) {
    if (sd_bus_message_read(message, "s", &key) <= 0) return {};
    int is_us = 0;
    if (std::string_view{key} == "mime-types") {
      read_types(message, owner.types);
    } else if (std::string_view{key} == "session-is-owner" &&
               sd_bus_message_read(message, "v", "b", &is_us) > 0) {
      owner.is_us = is_us != 0;
    } else {
      sd_bus_message_skip(message, "v");
    }
    sd_bus_message_exit_container(message);
  }
  return owner;
}

UniqueFd take_descriptor(const Result<dbus::MessagePtr>& reply) {
  int fd = -1;  // the message's
  if (!reply || sd_bus_message_read(reply->get(), "h", &fd) <= 0) return {};
  return UniqueFd{::fcntl(fd, F_DUPFD_CLOEXEC, 0)};
}

}  // namespace

std::unique_ptr<MutterClipboard> MutterClipboard::create(Session& session, EventLoop& loop,
                                                         Timestamp deadline) {
  std::unique_ptr<MutterClipboard> made{new MutterClipboard{session, loop}};
  return made->enable(deadline) ? std::move(made) : nullptr;
}

Status MutterClipboard::enable(Timestamp deadline) {
  LUMEN_TRY(const auto enabled, session_.call("EnableClipboard", deadline, "a{sv}", 0));
  session_.let_in();  // what is there already: nobody listens yet
  LUMEN_TRY(owner_changes_,
            session_.hear("SelectionOwnerChanged", [this](auto* message) { on_owner_changed(message); }));
  LUMEN_TRY(transfers_, session_.hear("SelectionTransfer", [this](auto* message) { on_transfer(message); }));
  return {};
}

void MutterClipboard::watch(std::function<void(std::string)> on_text) {
  on_text_ = std::move(on_text);
  forget_owner();
}

void MutterClipboard::forget_owner() {
  reader_.reset();
  readable_as_ = nullptr;
  loop_.cancel(read_timer_);
  read_timer_ = 0;
}

Status MutterClipboard::set_text(std::string_view utf8) {
  forget_owner();
  text_ = std::make_shared<const std::string>(utf8);
  LUMEN_TRY(const auto set, session_.call("SetSelection", now() + kCallWithin, "a{sv}", 1, "mime-types", "as",
                                          4, kTextTypes[0], kTextTypes[1], kTextTypes[2], kTextTypes[3]));
  return {};
}

void MutterClipboard::on_owner_changed(sd_bus_message* message) {
  reader_.reset();
  const auto owner = read_owner(message);
  const auto has = [&](std::string_view type) {
    return std::ranges::find(owner.types, type) != owner.types.end();
  };
  const auto* const text = std::ranges::find_if(kTextTypes, has);
  const bool readable = on_text_ && !owner.is_us && text != kTextTypes.end() && !has(kSecretMimeType);
  readable_as_ = readable ? *text : nullptr;
  if (!readable || read_timer_ != 0) return;
  read_timer_ = loop_.call_at(now() + kSettle, [this] {
    read_timer_ = 0;
    if (readable_as_ != nullptr) read(std::exchange(readable_as_, nullptr));
  });
}

void MutterClipboard::read(const char* type) {
  auto from = take_descriptor(session_.call("SelectionRead", now() + kCallWithin, "s", type));
  if (!from) return;
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

// Somebody pastes; all our types are the same text.
void MutterClipboard::on_transfer(sd_bus_message* message) {
  const char* type = nullptr;
  std::uint32_t serial = 0;
  if (sd_bus_message_read(message, "su", &type, &serial) <= 0) return;
  const auto done = [this, serial](bool all) {
    session_.notify("SelectionWriteDone", "ub", serial, all ? 1 : 0);
  };
  if (!text_) return done(false);
  auto to = take_descriptor(session_.call("SelectionWrite", now() + kCallWithin, "u", serial));
  if (!to) return done(false);
  writers_.write(std::move(to), text_, done);
}

}  // namespace lumen::mutter
