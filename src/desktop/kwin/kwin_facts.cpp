#include "desktop/kwin/kwin_facts.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <string_view>

#include <fmt/format.h>
#include <systemd/sd-bus.h>

namespace lumen::kwin {
namespace {

constexpr auto kService = "org.kde.KWin";
constexpr std::size_t kMaxWord = 64;  // of what it says of itself

struct BusClose {
  void operator()(sd_bus* bus) const { sd_bus_close_unref(bus); }  // sends nothing, waits for nothing
};
struct MessageFree {
  void operator()(sd_bus_message* message) const { sd_bus_message_unref(message); }
};
using Bus = std::unique_ptr<sd_bus, BusClose>;
using Message = std::unique_ptr<sd_bus_message, MessageFree>;

Timestamp now() { return SteadyTime{}.now(); }

tl::unexpected<Error> no_bus(std::string what, int os_errno = 0) {
  return fail(ErrorCode::unavailable, "kwin.bus", std::move(what),
              "Check that the Plasma session runs and that this is the person it belongs to", os_errno);
}

// Lets the bus work until `done`, however long it takes to say hello.
Status work_until(sd_bus* bus, Timestamp deadline, const std::function<bool()>& done) {
  while (!done()) {
    const int worked = sd_bus_process(bus, nullptr);
    if (worked < 0) return no_bus("the session's bus went away", -worked);
    if (worked > 0) continue;
    const auto left = std::chrono::duration_cast<std::chrono::microseconds>(deadline - now()).count();
    if (left <= 0) return no_bus("the session's bus, or KWin on it, does not answer");
    if (const int waited = sd_bus_wait(bus, static_cast<std::uint64_t>(left)); waited < 0) {
      return no_bus("the session's bus cannot be waited for", -waited);
    }
  }
  return {};
}

Result<Bus> open_bus(const std::string& address, Timestamp deadline) {
  sd_bus* raw = nullptr;
  if (const int made = sd_bus_new(&raw); made < 0) return no_bus("no bus can be talked to", -made);
  Bus bus{raw};
  int status = sd_bus_set_address(raw, address.c_str());
  if (status >= 0) status = sd_bus_set_bus_client(raw, 1);
  if (status >= 0) status = sd_bus_start(raw);
  if (status < 0) return no_bus(fmt::format("no session bus is at {}", address), -status);
  LUMEN_CHECK_OK(work_until(raw, deadline, [raw] { return sd_bus_is_ready(raw) > 0; }));
  return bus;
}

// One call, whose answer is a string, or a variant of one.
Result<std::string> call(sd_bus* bus, Message message, Timestamp deadline) {
  struct Answer {
    Message message;
  } answer;
  sd_bus_message_set_auto_start(message.get(), 0);
  const auto on_answer = [](sd_bus_message* reply, void* self, sd_bus_error*) {
    static_cast<Answer*>(self)->message.reset(sd_bus_message_ref(reply));
    return 0;
  };
  sd_bus_slot* slot = nullptr;
  constexpr std::uint64_t kNoLimit = 0;  // ours is the deadline
  const int sent = sd_bus_call_async(bus, &slot, message.get(), on_answer, &answer, kNoLimit);
  if (sent < 0) return no_bus("the session's bus takes no call", -sent);
  const std::unique_ptr<sd_bus_slot, decltype(&sd_bus_slot_unref)> owned{slot, &sd_bus_slot_unref};
  LUMEN_CHECK_OK(work_until(bus, deadline, [&] { return answer.message != nullptr; }));
  auto* reply = answer.message.get();
  if (sd_bus_message_is_method_error(reply, nullptr) > 0) {
    const auto* error = sd_bus_message_get_error(reply);
    return fail(ErrorCode::unavailable, "kwin.absent",
                fmt::format("no KWin answers on the session's bus: {}", error->message),
                "Start a Plasma (Wayland) session, or use another kind of desktop");
  }
  const char* text = nullptr;
  const int read = sd_bus_message_has_signature(reply, "v") > 0 ? sd_bus_message_read(reply, "v", "s", &text)
                                                                : sd_bus_message_read(reply, "s", &text);
  if (read <= 0 || text == nullptr) return no_bus("KWin's answer is no text");
  return std::string{text};
}

Result<std::string> compositing_of(sd_bus* bus, Timestamp deadline) {
  sd_bus_message* message = nullptr;
  const int made = sd_bus_message_new_method_call(bus, &message, kService, "/Compositor",
                                                  "org.freedesktop.DBus.Properties", "Get");
  Message owned{message};
  if (made < 0 || sd_bus_message_append(message, "ss", "org.kde.kwin.Compositing", "compositingType") < 0) {
    return no_bus("the session's bus takes no call");
  }
  return call(bus, std::move(owned), deadline);
}

Result<std::string> support_information_of(sd_bus* bus, Timestamp deadline) {
  sd_bus_message* message = nullptr;
  const int made =
      sd_bus_message_new_method_call(bus, &message, kService, "/KWin", kService, "supportInformation");
  Message owned{message};
  if (made < 0) return no_bus("the session's bus takes no call");
  return call(bus, std::move(owned), deadline);
}

// What follows `key` on the same line.
std::string word_after(std::string_view text, std::string_view key) {
  const auto at = text.find(key);
  if (at == std::string_view::npos) return {};
  auto word = text.substr(at + key.size());
  word = word.substr(0, std::min(word.find_first_of(" \r\n"), kMaxWord));
  return std::string{word};
}

}  // namespace

KWinFacts parse_support_information(std::string_view text) {
  KWinFacts facts;
  facts.version = word_after(text, "KWin version: ");
  if (const auto section = text.find("\nOutput backend\n"); section != std::string_view::npos) {
    facts.output_backend = word_after(text.substr(section), "\nName: ");
  }
  return facts;
}

Result<KWinFacts> ask_kwin(const std::string& bus_address, Timestamp deadline) {
  LUMEN_TRY(const auto bus, open_bus(bus_address, deadline));
  LUMEN_TRY(auto compositing, compositing_of(bus.get(), deadline));
  LUMEN_TRY(const auto support, support_information_of(bus.get(), deadline));
  auto facts = parse_support_information(support);
  facts.compositing = compositing.substr(0, kMaxWord);
  return facts;
}

}  // namespace lumen::kwin
