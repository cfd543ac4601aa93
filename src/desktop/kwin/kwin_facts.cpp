#include "desktop/kwin/kwin_facts.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "desktop/dbus/connection.hpp"

namespace lumen::kwin {
namespace {

constexpr auto kService = "org.kde.KWin";
constexpr std::size_t kMaxWord = 64;  // of what it says of itself

// What the bus said, in words of its own about KWin.
tl::unexpected<Error> as_kwins(const Error& error) {
  if (error.id == "dbus.absent") {
    return fail(ErrorCode::unavailable, "kwin.absent", "no KWin is on the session's bus",
                "Start a Plasma (Wayland) session, or use another kind of desktop");
  }
  return fail(ErrorCode::unavailable, "kwin.bus", fmt::format("KWin cannot be asked: {}", error.what),
              "Check that the Plasma session runs and that this is the person it belongs to", error.os_errno);
}

Result<std::string> support_information(dbus::Connection& bus, const std::string& service,
                                        Timestamp deadline) {
  LUMEN_TRY(const auto reply, bus.call({service, "/KWin", kService, "supportInformation"}, deadline, ""));
  const char* text = nullptr;
  if (sd_bus_message_read(reply.get(), "s", &text) <= 0 || text == nullptr) return std::string{};
  return std::string{text};
}

Result<KWinFacts> ask(const std::string& bus_address, Timestamp deadline) {
  LUMEN_TRY(const auto bus, dbus::Connection::open(bus_address, deadline));
  LUMEN_TRY(const auto owner, bus->owner_of(kService, deadline));
  LUMEN_TRY(
      const auto compositing,
      bus->text_property({owner, "/Compositor", "org.kde.kwin.Compositing", "compositingType"}, deadline));
  LUMEN_TRY(const auto support, support_information(*bus, owner, deadline));
  auto facts = parse_support_information(support);
  facts.compositing = compositing.substr(0, kMaxWord);
  return facts;
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
  auto facts = ask(bus_address, deadline);
  if (!facts) return as_kwins(facts.error());
  return facts;
}

}  // namespace lumen::kwin
