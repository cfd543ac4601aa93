#include "apps/host_commands.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <iostream>
#include <sstream>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "apps/device_pairing.hpp"
#include "apps/program.hpp"
#include "base/runtime_dir.hpp"
#include "host/config.hpp"
#include "host/control_socket.hpp"
#include "host/doctor.hpp"
#include "host/host.hpp"
#include "host/probe_run.hpp"

namespace lumen::apps {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kComplaint = "error: ";
constexpr auto kOutcomeWithin = 15s;

Result<std::string> answer_to(const std::string& command) {
  return host::ask_host(host::Host::control_path(runtime_root()), command);
}

struct Prompt {
  std::uint64_t id = 0;
  std::string address, name, certificate;
};

// Of the table that the host prints.
std::vector<std::vector<std::string>> split_table(const std::string& text) {
  std::vector<std::vector<std::string>> rows;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) continue;
    auto& row = rows.emplace_back();
    std::istringstream cells{line};
    for (std::string cell; std::getline(cells, cell, '\t');) row.push_back(cell);
  }
  return rows;
}

std::vector<Prompt> to_prompts(const std::string& text) {
  std::vector<Prompt> prompts;
  for (const auto& row : split_table(text)) {
    Prompt prompt;
    if (row.size() != 4) continue;
    std::from_chars(row[0].data(), row[0].data() + row[0].size(), prompt.id);
    prompt.address = row[1];
    prompt.name = row[2];
    prompt.certificate = row[3];
    prompts.push_back(prompt);
  }
  return prompts;
}

std::string describe(const Prompt& prompt) {
  return fmt::format("{}  {} at {} (certificate {})", prompt.id, prompt.name, prompt.address,
                     prompt.certificate);
}

int complain(const Error& error) { return apps::complain("lumen-host", error); }

// Asks again until a client asks for its PIN, or the time is over.
Result<std::vector<Prompt>> wait_for_prompts(std::chrono::seconds wait) {
  const auto until = std::chrono::steady_clock::now() + wait;
  for (;;) {
    LUMEN_TRY(const auto text, answer_to("pair-list"));
    auto prompts = to_prompts(text);
    if (!prompts.empty() || std::chrono::steady_clock::now() >= until) return prompts;
    std::this_thread::sleep_for(100ms);
  }
}

Result<Prompt> choose(const std::vector<Prompt>& prompts, const std::optional<std::uint64_t>& wanted) {
  if (prompts.empty()) {
    return fail(ErrorCode::unavailable, "pair.nobody", "no client waits for its PIN",
                "Choose this host in Moonlight first; it shows a PIN then");
  }
  for (const auto& prompt : prompts) {
    if (wanted == prompt.id) return prompt;
  }
  if (!wanted && prompts.size() == 1) return prompts.front();
  std::string all;
  for (const auto& prompt : prompts) all += "\n  " + describe(prompt);
  return fail(ErrorCode::invalid_argument, "pair.which",
              (wanted ? "no client with this number waits for its PIN:" : "several clients wait:") + all,
              "Say which with --client NUMBER");
}

// At a terminal only: a script gives the PIN as an argument.
Result<std::string> ask_for_pin(const Prompt& prompt) {
  if (isatty(STDIN_FILENO) == 0) {
    return fail(ErrorCode::invalid_argument, "pair.no-pin", "no PIN was given",
                "Run: lumen-host pair PIN, with the PIN that the client shows");
  }
  std::cout << fmt::format("{}\nPIN that it shows: ", describe(prompt)) << std::flush;
  std::string pin;
  std::getline(std::cin, pin);
  return pin;
}

// Prints it, or `instead` where that is given and the host had nothing against it.
int say(const Result<std::string>& answer, const std::optional<std::string>& instead = std::nullopt) {
  if (!answer) return complain(answer.error());
  if (answer->starts_with(kComplaint)) {
    std::cerr << "lumen-host: " << answer->substr(kComplaint.size());
    return 1;
  }
  std::cout << instead.value_or(*answer);
  return 0;
}

// Client and host find out together whether the PIN was right.
int await_outcome(std::uint64_t prompt) {
  const auto until = std::chrono::steady_clock::now() + kOutcomeWithin;
  for (;;) {
    const auto answer = answer_to(fmt::format("pair-result {}", prompt));
    if (!answer || *answer != "not yet\n") return say(answer);
    if (std::chrono::steady_clock::now() >= until) {
      std::cerr << "lumen-host: the client has not answered yet: it says whether the PIN was right\n";
      return 1;
    }
    std::this_thread::sleep_for(50ms);
  }
}

}  // namespace

namespace {

int become_session(const std::string& program_dir, const std::vector<std::string>& arguments) {
  auto program = program_dir + "/lumen-session";
  std::vector<char*> argv{program.data()};
  auto kept = arguments;
  for (auto& argument : kept) argv.push_back(argument.data());
  argv.push_back(nullptr);
  execv(program.c_str(), argv.data());
  std::cerr << fmt::format("lumen-host: cannot run {}: it belongs beside lumen-host\n", program);
  return 1;
}

}  // namespace

int displays(const std::string& program_dir, bool json) {
  std::vector<std::string> arguments{"--desktops"};
  if (json) arguments.emplace_back("--json");
  return become_session(program_dir, arguments);
}

int restore(const std::string& program_dir) {
  return become_session(program_dir, {"--restore", host::restore_dir(host::state_dir())});
}

int consent(const std::string& program_dir) { return become_session(program_dir, {"--consent"}); }

int probe(const std::string& program_dir, const std::string& what, bool json) {
  host::ProbeRun run{.argv = {program_dir + "/lumen-session", "--probe-" + what}};
  if (json) run.argv.emplace_back("--json");
  const auto status = host::run_probe(run);
  return status ? *status : complain(status.error());
}

int doctor(const std::string& program_dir, const std::string& config, bool json) {
  const auto findings = host::examine({.config_path = config,
                                       .state_dir = host::state_dir(),
                                       .runtime_root = runtime_root(),
                                       .program_dir = program_dir});
  std::cout << (json ? host::to_json(findings) : host::to_text(findings));
  const auto is_bad = [](const host::Finding& finding) { return finding.verdict == host::Verdict::bad; };
  return std::ranges::any_of(findings, is_bad) ? 1 : 0;
}

int ask(const std::string& command) { return say(answer_to(command)); }

namespace {

// The PIN of one that waits.
int pair_with_pin(const PairOptions& options, const Prompt& prompt) {
  auto pin = options.pin;
  if (pin.empty()) {
    auto typed = ask_for_pin(prompt);
    if (!typed) return complain(typed.error());
    pin = *typed;
  }
  const auto& name = options.name.empty() ? prompt.name : options.name;
  if (const int status = say(answer_to(fmt::format("pair {} {} {}", prompt.id, pin, name)), ""); status != 0)
    return status;
  return await_outcome(prompt.id);
}

// Nothing was said about whom: whichever comes first, Moonlight or lumen-client.
int pair_anybody(const PairOptions& options) {
  const auto moonlight = [&options]() -> std::optional<int> {
    const auto text = answer_to("pair-list");
    if (!text) return std::nullopt;
    const auto prompts = to_prompts(*text);
    if (prompts.empty()) return std::nullopt;
    return pair_with_pin(options, prompts.front());
  };
  std::cout << "Moonlight: choose this host there; it is asked for here.\n";
  return pair_device(answer_to, {.phrase = options.phrase, .interactive = true, .meanwhile = moonlight});
}

}  // namespace

int pair(const PairOptions& options) {
  if (options.page) return ask("pair-page");
  const bool somebody_there = isatty(STDIN_FILENO) == 1;
  if (options.code || options.phrase)
    return pair_device(answer_to, {.phrase = options.phrase, .interactive = somebody_there, .meanwhile = {}});
  const bool anybody = options.pin.empty() && !options.prompt && !options.list && !options.deny;
  const auto prompts = wait_for_prompts(options.wait);
  if (!prompts) return complain(prompts.error());
  if (anybody && somebody_there && prompts->empty()) return pair_anybody(options);
  if (options.list) {
    for (const auto& prompt : *prompts) std::cout << describe(prompt) << '\n';
    return 0;
  }
  const auto prompt = choose(*prompts, options.prompt);
  if (!prompt) return complain(prompt.error());
  if (options.deny) return ask(fmt::format("pair-deny {}", prompt->id));
  return pair_with_pin(options, *prompt);
}

namespace {

// The host's answer to a command about a client of either protocol; devices of lumen/1 come first.
int ask_either(const std::string& rest) {
  const auto device = answer_to("device-" + rest);
  if (device && device->find("[pairing.no-such-device]") == std::string::npos &&
      device->find("no such command") == std::string::npos)
    return say(device);
  return ask("client-" + rest);
}

Result<std::vector<std::vector<std::string>>> rows_of(const std::string& command) {
  LUMEN_TRY(const auto answer, answer_to(command));
  if (answer.starts_with(kComplaint)) return std::vector<std::vector<std::string>>{};  // that door is closed
  return split_table(answer);
}

int list_clients() {
  const auto devices = rows_of("devices"), clients = rows_of("clients");
  if (!devices) return complain(devices.error());
  if (!clients) return complain(clients.error());
  if (devices->empty() && clients->empty())
    std::cout
        << "No client is paired. Choose this host in lumen-client or Moonlight, and run: lumen-host pair\n";
  for (const auto& row : *devices) {
    if (row.size() == 4) std::cout << fmt::format("{}  {:8}  {}  ({})\n", row[0], row[1], row[3], row[2]);
  }
  for (const auto& row : *clients) {
    if (row.size() == 3) std::cout << fmt::format("{}  {:8}  {}  (Moonlight)\n", row[0], row[1], row[2]);
  }
  return 0;
}

}  // namespace

int clients(const ClientsOptions& options) {
  using Verb = ClientsOptions::Verb;
  switch (options.verb) {
    case Verb::rename:
      return ask_either(fmt::format("rename {} {}", options.id, options.name));
    case Verb::enable:
      return ask_either("enable " + options.id);
    case Verb::disable:
      return ask_either("disable " + options.id);
    case Verb::remove:
      return ask_either("remove " + options.id);
    case Verb::permit:
      return ask(fmt::format("device-permit {} {}", options.id, options.name));
    case Verb::list:
      break;
  }
  return list_clients();
}

}  // namespace lumen::apps
