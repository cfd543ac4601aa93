#include "tools/selftest/bad_network.hpp"

#include <fcntl.h>
#include <poll.h>

#include <array>
#include <charconv>

#include <fmt/format.h>

#include "base/runtime_dir.hpp"
#include "lumen1/connect_info.hpp"

namespace lumen::selftest {
namespace {

using namespace std::chrono_literals;

constexpr Duration kStart = 5s;
constexpr std::size_t kMostReport = 64U << 20U;

// "listening on 127.0.0.1:40123" is the first line that the relay prints.
Result<std::uint16_t> read_port(int output) {
  std::string line;
  const auto deadline = SteadyTime{}.now() + kStart;
  while (line.find('\n') == std::string::npos && line.size() < 4096) {
    pollfd waiter{output, POLLIN, 0};
    const auto left = (deadline - SteadyTime{}.now()) / 1ms;
    if (left <= 0 || poll(&waiter, 1, static_cast<int>(left)) <= 0) break;
    std::array<char, 256> bytes{};
    const auto got = read(output, bytes.data(), bytes.size());
    if (got <= 0) break;
    line.append(bytes.data(), static_cast<std::size_t>(got));
  }
  line = line.substr(0, line.find('\n'));
  const auto colon = line.rfind(':');
  std::uint16_t port = 0;
  if (line.starts_with("listening on ") && colon != std::string::npos)
    std::from_chars(line.data() + colon + 1, line.data() + line.size(), port);
  if (port != 0) return port;
  return fail(ErrorCode::unavailable, "selftest.relay", fmt::format("lumen-relay did not come up: {}", line),
              "Try its statements with lumen-relay itself");
}

}  // namespace

Result<std::unique_ptr<BadNetwork>> BadNetwork::create(const Params& params) {
  LUMEN_TRY(const auto text, read_small_file(params.connect_file, 4096));
  LUMEN_TRY(auto connect, lumen1::parse_connect_info(text));
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0)
    return fail(ErrorCode::resource_exhausted, "selftest.pipe", "cannot create a pipe", {}, errno);
  const UniqueFd output{ends[0]};
  UniqueFd input{ends[1]};
  link::SpawnParams spawn{.argv = {params.program_dir + "/lumen-relay", "--quiet", "--to",
                                   fmt::format("{}:{}", connect.address, connect.port), "--seed",
                                   fmt::format("{}", params.seed), "--json", params.folder + "/relay.json"},
                          .output_fd = input.get()};
  spawn.argv.insert(spawn.argv.end(), params.statements.begin(), params.statements.end());
  LUMEN_TRY(auto child, link::spawn(spawn));
  input.reset();
  std::unique_ptr<BadNetwork> network{new BadNetwork{std::move(child), params}};
  LUMEN_TRY(connect.port, read_port(output.get()));
  connect.address = "127.0.0.1";
  LUMEN_CHECK_OK(write_private_file(network->connect_file_, lumen1::to_text(connect)));
  return network;
}

Result<nlohmann::json> BadNetwork::finish() {
  relay_.stop();
  LUMEN_TRY(const auto text, read_small_file(report_, kMostReport));
  auto report = nlohmann::json::parse(text, nullptr, false);
  if (report.is_discarded())
    return fail(ErrorCode::internal, "selftest.relay", "the relay's figures are damaged");
  return report;
}

}  // namespace lumen::selftest
