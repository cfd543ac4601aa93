#include "apps/device_pairing.hpp"

#include <algorithm>
#include <iostream>
#include <sstream>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "apps/program.hpp"

namespace lumen::apps {
namespace {

using namespace std::chrono_literals;

constexpr auto kPollInterval = 200ms;

struct Asking {
  std::string id, name, address, words;
};

std::vector<Asking> to_askings(const std::string& text) {
  std::vector<Asking> askings;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    Asking asking;
    std::istringstream cells{line};
    if (std::getline(cells, asking.id, '\t') && std::getline(cells, asking.name, '\t') &&
        std::getline(cells, asking.address, '\t') && std::getline(cells, asking.words, '\t'))
      askings.push_back(asking);
  }
  return askings;
}

// Whether it was let in.
Result<bool> decide(const AskHost& ask, const Asking& asking) {
  std::cout << fmt::format("\n{} at {} asks to be let in, and shows: {}\nDoes it? Let it in? [y/N] ",
                           asking.name, asking.address, asking.words)
            << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  const bool yes = answer == "y" || answer == "Y" || answer == "yes";
  LUMEN_TRY(const auto said, ask((yes ? "device-approve " : "device-deny ") + asking.id));
  std::cout << said;
  return yes && !said.starts_with("error: ");
}

Result<bool> ask_about_all(const AskHost& ask, bool interactive, std::vector<std::string>& told) {
  LUMEN_TRY(const auto text, ask("device-asking"));
  for (const auto& asking : to_askings(text)) {
    if (std::ranges::find(told, asking.id) != told.end()) continue;
    told.push_back(asking.id);
    if (!interactive) {
      std::cout << fmt::format("{} at {} asks to be let in, and shows: {}\n  lumen-host approve {}\n",
                               asking.name, asking.address, asking.words, asking.id);
      continue;
    }
    LUMEN_TRY(const auto yes, decide(ask, asking));
    if (yes) return true;
  }
  return false;
}

int complain(const Error& error) { return apps::complain("lumen-host", error); }

// For a host that takes no lumen-client: whatever else may come.
int wait_for(const DevicePairing& pairing) {
  const auto until = std::chrono::steady_clock::now() + 2min;
  while (std::chrono::steady_clock::now() < until) {
    if (const auto status = pairing.meanwhile()) return *status;
    std::this_thread::sleep_for(kPollInterval);
  }
  std::cerr << "lumen-host: nobody asked to be paired\n";
  return 1;
}

}  // namespace

int pair_device(const AskHost& ask, const DevicePairing& pairing) {
  const auto shown = ask(pairing.phrase ? "device-code phrase" : "device-code");
  if (!shown) return complain(shown.error());
  if (shown->find("no such command") != std::string::npos && pairing.meanwhile) return wait_for(pairing);
  if (shown->starts_with("error: ")) {
    std::cerr << "lumen-host: " << shown->substr(7);
    return 1;
  }
  const auto code = shown->substr(0, shown->find('\t'));
  std::cout << fmt::format("Type this at the device, within two minutes:  {}\n", code) << std::flush;
  std::vector<std::string> told;
  for (;;) {
    const auto end = ask("device-code-end");
    if (!end) return complain(end.error());
    if (*end == "used\n") {
      std::cout << "paired\n";
      return 0;
    }
    if (*end != "shown\n") {
      std::cerr << fmt::format("lumen-host: nobody is paired: the code is {}", *end);
      return 1;
    }
    const auto approved = ask_about_all(ask, pairing.interactive, told);
    if (!approved) return complain(approved.error());
    if (*approved) {
      static_cast<void>(ask("device-code-withdraw"));
      return 0;
    }
    if (pairing.meanwhile) {
      if (const auto status = pairing.meanwhile()) {
        static_cast<void>(ask("device-code-withdraw"));
        return *status;
      }
    }
    std::this_thread::sleep_for(kPollInterval);
  }
}

}  // namespace lumen::apps
