#include "host/doctor.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/runtime_dir.hpp"
#include "host/application.hpp"
#include "host/child_output.hpp"
#include "host/control_socket.hpp"
#include "host/host.hpp"
#include "link/text.hpp"
#include "media/encoder_measurement.hpp"
#include "net/udp.hpp"

namespace lumen::host {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr Duration kDesktopsWithin = 15s, kEncodersWithin = 40s;

Finding good(std::string subject, std::string what) {
  return {std::move(subject), Verdict::good, std::move(what), {}};
}
Finding from(std::string subject, Verdict verdict, const Error& error) {
  return {std::move(subject), verdict, fmt::format("{} [{}]", error.what, error.id), error.remedy};
}

bool is_in_path(const std::string& program) {
  const char* path = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe): nobody changes it
  std::istringstream folders{path == nullptr ? "/usr/bin:/bin" : path};
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (access((folder + "/" + program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

Finding examine_config(const std::string& path, HostConfig& config) {
  auto read = read_config(path);
  if (!read) return from("configuration", Verdict::bad, read.error());
  config = *std::move(read);
  const bool is_there = access(path.c_str(), F_OK) == 0;
  return good("configuration", is_there ? path : fmt::format("the defaults; {} would change them", path));
}

Finding examine_state(const std::string& folder) {
  const auto probe = folder + "/doctor";
  if (const auto written = write_state_file(probe, ""); !written)
    return from("state", Verdict::bad, written.error());
  unlink(probe.c_str());
  std::error_code error;
  std::size_t left = 0;
  for (std::filesystem::directory_iterator file{restore_dir(folder), error}, end; !error && file != end;
       file.increment(error))
    ++left;
  if (left > 0) {
    return {"state", Verdict::remark,
            fmt::format("{} changes of a person's desktop are written down in {}", left, restore_dir(folder)),
            "Where no session runs, undo them: lumen-host restore"};
  }
  return good("state", folder);
}

Finding examine_host(const std::string& runtime_root) {
  if (ask_host(Host::control_path(runtime_root), "status")) return good("host", "lumen-host serve runs");
  const auto local = net::Endpoint::parse("0.0.0.0", HostParams{}.port);
  if (local) {
    if (const auto bound = net::UdpSocket::bind({.local = *local}); !bound)
      return from("host", Verdict::bad, bound.error());
  }
  return {"host", Verdict::remark, "no host runs", "Start it: lumen-host serve"};
}

Finding examine_priority() {
  rlimit limit{};
  if (geteuid() == 0 || (getrlimit(RLIMIT_RTPRIO, &limit) == 0 && limit.rlim_cur > 0))
    return good("priority", "threads that a frame waits for may run in real time");
  return {"priority", Verdict::remark, "no thread may run in real time: a busy machine makes frames late",
          "Allow it in /etc/security/limits.d: `@video - rtprio 20` and `@video - nice -10`, and be in that "
          "group"};
}

Finding examine_gpu() {
  std::error_code error;
  for (const auto& node : std::filesystem::directory_iterator{"/dev/dri", error}) {
    if (node.path().filename().string().starts_with("renderD"))
      return good("gpu", fmt::format("{} is there; this build encodes on the CPU all the same",
                                     node.path().string()));
  }
  return good("gpu", "none; pictures are encoded on the CPU");
}

Finding examine_sound() {
  std::string missing;
  for (const char* program : {"pipewire", "wireplumber"}) {
    if (!is_in_path(program)) missing += std::string{missing.empty() ? "" : " "} + program;
  }
  if (missing.empty()) return good("sound", "PipeWire and WirePlumber are installed");
  return {"sound", Verdict::remark, "sessions have no sound: not installed: " + missing,
          "apt-get install " + missing};
}

Finding examine_private_desktop(const std::string& program_dir) {
  const auto application = resolve_application("desktop", program_dir);
  if (!application) return from("private desktop", Verdict::remark, application.error());
  const bool x11 = is_in_path("Xwayland");
  if (x11) return good("private desktop", application->name);
  return {"private desktop", Verdict::remark, application->name + ", without X11 programs",
          "apt-get install xwayland"};
}

std::vector<Finding> examine_encoders(const std::string& session_program) {
  const auto output = output_of({session_program, "--probe"}, kEncodersWithin);
  if (!output) return {from("encoders", Verdict::bad, output.error())};
  std::vector<Finding> findings;
  std::istringstream lines{*output};
  for (std::string line; std::getline(lines, line);) {
    const auto measured = parse_measurement(line);
    if (!measured) continue;
    const auto text = link::printable(measured->text);
    const auto subject = fmt::format("encoder {}", to_string(measured->codec));
    if (!measured->is_available()) {
      findings.push_back({subject, Verdict::remark, text, {}});
      continue;
    }
    findings.push_back(good(subject, fmt::format("{}: a picture of {}x{} in {:.1f} ms", text, measured->width,
                                                 measured->height, measured->call_us / 1e3)));
  }
  if (findings.empty())
    findings.push_back({"encoders", Verdict::bad, "none could be measured", "See the log"});
  return findings;
}

// Of the other program: anything may stand there.
std::string text_of(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? link::printable(found->get<std::string>())
                                                     : std::string{};
}

const char* mark_of(Verdict verdict) {
  if (verdict == Verdict::good) return "good  ";
  return verdict == Verdict::remark ? "remark" : "BAD   ";
}

}  // namespace

std::vector<Finding> findings_of_desktops(const std::string& output) {
  // Libraries may complain before and after.
  const auto begin = output.find('{'), end = output.rfind('}');
  const auto text = begin < end ? output.substr(begin, end - begin + 1) : std::string{};
  const std::vector<Finding> nonsense{{"desktops", Verdict::bad, "lumen-session gave no list of desktops",
                                       "Install the same version of both"}};
  const auto parsed = json::parse(text, nullptr, false);
  if (!parsed.is_object() || !parsed.contains("desktops") || !parsed["desktops"].is_array()) return nonsense;
  std::vector<Finding> findings;
  bool first = true;
  for (const auto& desktop : parsed["desktops"]) {
    if (!desktop.is_object()) return nonsense;
    const auto backend = text_of(desktop, "backend");
    if (const auto usable = desktop.find("usable"); usable != desktop.end() && *usable == true) {
      findings.push_back(
          good("desktop " + backend, text_of(desktop, "name") + (first ? " (shown as \"Desktop\")" : "")));
      first = false;
    } else if (const auto why = desktop.find("refusal"); why != desktop.end() && why->is_object()) {
      findings.push_back({"desktop " + backend, Verdict::good, "not here: " + text_of(*why, "what"),
                          text_of(*why, "remedy")});
    }
  }
  return findings;
}

std::vector<Finding> examine(const DoctorParams& params) {
  HostConfig config;
  const auto session = params.program_dir + "/lumen-session";
  std::vector<Finding> findings{examine_config(params.config_path, config),
                                examine_state(params.state_dir),
                                examine_host(params.runtime_root),
                                examine_priority(),
                                examine_gpu(),
                                examine_sound(),
                                examine_private_desktop(params.program_dir)};
  const auto append = [&](std::vector<Finding> more) {
    std::ranges::move(more, std::back_inserter(findings));
  };
  const auto desktops = output_of({session, "--desktops", "--json"}, kDesktopsWithin);
  append(desktops ? findings_of_desktops(*desktops)
                  : std::vector{from("desktops", Verdict::bad, desktops.error())});
  if (params.measure_encoders) append(examine_encoders(session));
  return findings;
}

std::string to_text(const std::vector<Finding>& findings) {
  std::string text;
  for (const auto& finding : findings) {
    text += fmt::format("{} {:16} {}\n", mark_of(finding.verdict), finding.subject, finding.what);
    if (!finding.remedy.empty()) text += fmt::format("{:24}{}\n", "", finding.remedy);
  }
  return text;
}

std::string to_json(const std::vector<Finding>& findings) {
  json list = json::array();
  for (const auto& finding : findings) {
    const char* verdict = finding.verdict == Verdict::good     ? "good"
                          : finding.verdict == Verdict::remark ? "remark"
                                                               : "bad";
    list.push_back({{"subject", finding.subject},
                    {"verdict", verdict},
                    {"what", finding.what},
                    {"remedy", finding.remedy}});
  }
  return json{{"findings", list}}.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace lumen::host
