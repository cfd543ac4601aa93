// lumen-relay: a bad network between a client and a host, on one machine.
#include <fmt/format.h>

#include <cstdio>
#include <iostream>

#include <CLI/CLI.hpp>

#include "apps/client_options.hpp"
#include "apps/program.hpp"
#include "base/priority.hpp"
#include "tools/impairment/relay.hpp"

namespace {

using namespace lumen;              // NOLINT(google-build-using-namespace)
using namespace lumen::impairment;  // NOLINT(google-build-using-namespace)

constexpr const char* kStatements =
    R"(A statement is [TIME] [up|down] NAME [VALUE]; TIME counts from the first datagram:
  loss 5%, burst 8 (on average), runs 8 (exactly), delay 20ms, jitter 5ms, reorder 1%, reorder-by 2ms,
  duplicate 1%, rate 10mbit, queue 50ms (or 256k), blackout 300ms, move, clear
Example: lumen-relay --listen 127.0.0.1:48000 --to 127.0.0.1:47986 "down loss 2%" "5s down rate 10mbit"
SIGUSR1 changes the address towards the host. SIGTERM and SIGINT end it.)";

struct Options {
  std::string listen = "127.0.0.1:0", to, schedule, json;
  std::vector<std::string> statements;
  std::uint64_t seed = 1;
  double seconds = 0;
  bool quiet = false;
};

Result<net::Endpoint> parse_address(const std::string& text) {
  const auto colon = text.rfind(':');
  unsigned port = 65'536;
  if (colon != std::string::npos && !CLI::detail::lexical_cast(text.substr(colon + 1), port)) port = 65'536;
  if (port > 65'535) {
    return fail(ErrorCode::invalid_argument, "impair.address", fmt::format("'{}' is no ADDRESS:PORT", text),
                "Write 127.0.0.1:47986 or [::1]:47986");
  }
  auto address = text.substr(0, colon);
  if (address.size() > 2 && address.front() == '[' && address.back() == ']')
    address = address.substr(1, address.size() - 2);
  return net::Endpoint::parse(address, static_cast<std::uint16_t>(port));
}

Result<RelayParams> make_params(const Options& options) {
  RelayParams params{.seed = options.seed};
  LUMEN_TRY(params.listen, parse_address(options.listen));
  LUMEN_TRY(params.host, parse_address(options.to));
  if (!options.schedule.empty()) {
    LUMEN_TRY(const auto text, read_small_file(options.schedule, 1U << 20U));
    LUMEN_TRY(params.changes, parse_schedule(text));
  }
  for (const auto& statement : options.statements) {
    LUMEN_TRY(const auto change, parse_change(statement));
    params.changes.push_back(change);
  }
  return params;
}

// What the signals ask for.
void on_signal(int signals, Relay& relay, EventLoop& loop) {
  signalfd_siginfo caught{};
  while (read(signals, &caught, sizeof caught) == sizeof caught) {
    if (caught.ssi_signo == SIGUSR1) {
      relay.move();
    } else {
      loop.stop();
    }
  }
}

Status run(const Options& options) {
  const auto log = make_logger("lumen-relay", options.quiet ? "warning" : "info");
  LUMEN_TRY(auto params, make_params(options));
  const auto signals = apps::take_signals({SIGTERM, SIGINT, SIGUSR1});
  LUMEN_TRY(const auto loop, EventLoop::create());
  LUMEN_TRY(const auto relay, Relay::create(std::move(params), *loop, *log));
  LUMEN_CHECK_OK(
      loop->watch(signals.get(), EPOLLIN, [&](std::uint32_t) { on_signal(signals.get(), *relay, *loop); }));
  const auto begun = SteadyTime{}.now();
  if (options.seconds > 0)
    loop->call_at(begun + apps::to_duration(options.seconds), [&loop] { loop->stop(); });
  if (const auto raised = raise_priority(Urgency::realtime); !raised)
    log->info("{}", describe(raised.error()));
  fmt::print("listening on {}\n", relay->local().to_string());
  std::fflush(stdout);
  loop->run();
  if (options.json.empty()) return {};
  return apps::write_figures(options.json, to_json(*relay, SteadyTime{}.now() - begun));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"A UDP relay that loses, delays, reorders and limits what passes"};
  Options options;
  app.add_option("--listen", options.listen, "where clients send")->capture_default_str();
  app.add_option("--to", options.to, "the host, ADDRESS:PORT")->required();
  app.add_option("--seed", options.seed, "of all that is random")->capture_default_str();
  app.add_option("--schedule", options.schedule, "a file of statements, one a line");
  app.add_option("--seconds", options.seconds, "end after so long")->check(CLI::NonNegativeNumber);
  app.add_option("--json", options.json, "write what was counted there at the end; - is standard output");
  app.add_flag("--quiet", options.quiet, "say nothing of clients and moves");
  app.add_option("statements", options.statements, "what it does");
  app.footer(kStatements);
  CLI11_PARSE(app, argc, argv);
  const auto status = run(options);
  return status ? 0 : apps::complain("lumen-relay", status.error());
}
