#include "client/doctor.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "client/gamestream/host_fetch.hpp"
#include "client/probes.hpp"
#include "client/report_json.hpp"
#include "net/tcp/byte_exchange.hpp"
#include "render/speaker.hpp"
#include "render/window.hpp"

namespace lumen::client {
namespace {

using namespace std::chrono_literals;

constexpr Duration kReachTimeout = 2s, kDecoderBudget = 3s;
constexpr std::uint16_t kLumenPort = 47986;
constexpr Mode kUsualMode{1920, 1080, 60'000};

class Examination {
 public:
  Examination(const ClientDoctorParams& params, const std::stop_token& stop) : params_{params}, stop_{stop} {}

  std::vector<ClientFinding> run() {
    examine_settings();
    if (params_.look_at_devices) examine_devices();
    if (!is_valid(mode_)) mode_ = kUsualMode;
    if (!params_.host.empty()) examine_host();
    if (params_.measure_decoders) examine_decoders();
    return std::move(findings_);
  }

 private:
  void add(std::string subject, Verdict verdict, std::string what, std::string remedy = {}) {
    findings_.push_back({std::move(subject), verdict, std::move(what), std::move(remedy)});
  }
  void add(std::string subject, Verdict verdict, const Error& error) {
    add(std::move(subject), verdict, fmt::format("{} [{}]", error.what, error.id), error.remedy);
  }

  void examine_settings() {
    mode_ = params_.mode;
    const auto settings = load_settings(params_.settings_path);
    if (!settings) return add("settings", Verdict::bad, settings.error());
    if (!is_valid(mode_) && settings->mode) mode_ = *settings->mode;
    add("settings", Verdict::good, params_.settings_path);
  }

  void examine_devices() {
    const auto display = render::find_display_mode();
    if (display) {
      add("display", Verdict::good, to_string(*display));
      if (!is_valid(mode_)) mode_ = *display;
    } else {
      add("display", Verdict::bad, display.error());
    }
    const auto speaker = render::Speaker::create({});
    if (speaker) {
      add("sound", Verdict::good, "an output takes 48 kHz stereo");
    } else {
      add("sound", Verdict::remark, speaker.error());
    }
    const auto pads = render::count_pads();
    add("pads", Verdict::good, pads == 0 ? "none is connected" : fmt::format("{} connected", pads));
  }

  void examine_host() {
    const auto address = parse_host_address(params_.host);
    if (!address) return add("address", Verdict::bad, address.error());
    const auto resolved = net::resolve(address->host, address->http_port);
    if (!resolved) return add("name", Verdict::bad, resolved.error());
    std::string all;
    for (const auto& each : *resolved) all += (all.empty() ? "" : ", ") + address_text(each);
    add("name", Verdict::good, fmt::format("{} is {}", address->host, all));
    const auto& endpoint = resolved->front();
    const auto ports = gamestream::ports_from(address->http_port);
    examine_lumen(with_port(endpoint, kLumenPort));
    const bool answers = examine_tcp(with_port(endpoint, address->http_port), "who it is, and pairing");
    if (ports) examine_tcp(with_port(endpoint, ports->https), "applications, once paired");
    if (answers) examine_pairing(*address);
  }

  bool examine_tcp(const net::Endpoint& to, const char* purpose) {
    const auto reached = reach_tcp(to, kReachTimeout);
    const auto subject = fmt::format("port {} TCP", to.port());
    switch (reached.reach) {
      case Reach::answers:
        add(subject, Verdict::good, fmt::format("answers in {:.1f} ms ({})", to_ms(reached.took), purpose));
        return true;
      case Reach::refused:
        add(subject, Verdict::bad, fmt::format("the computer is there, but nobody listens ({})", purpose),
            "Start the host there: lumen-host serve");
        return false;
      case Reach::silent:
        add(subject, Verdict::bad, fmt::format("no answer ({})", purpose),
            "Check that the computer is on, the address, and that a firewall lets the port through");
        return false;
    }
    return false;
  }

  void examine_lumen(const net::Endpoint& to) {
    const auto reached = reach_quic(to, kReachTimeout);
    const auto subject = fmt::format("port {} UDP", to.port());
    switch (reached.reach) {
      case Reach::answers:
        return add(subject, Verdict::good, fmt::format("lumen/1 answers in {:.1f} ms", to_ms(reached.took)));
      case Reach::refused:
        return add(subject, Verdict::remark, "nobody listens: that computer does not speak lumen/1",
                   "GameStream is used instead; install Lumen there for less delay");
      case Reach::silent:
        return add(subject, Verdict::remark, "no answer to lumen/1's first question",
                   "If Lumen runs there, let UDP through its firewall; GameStream is used instead");
    }
  }

  void examine_pairing(const HostAddress& address) {
    auto book = HostBook::open(params_.book_folder);
    if (!book) return add("pairing", Verdict::bad, book.error());
    const auto fetch = create_host_fetch(book->identity());
    if (!fetch) return add("pairing", Verdict::bad, fetch.error());
    const auto connection =
        GameConnection::open({.address = address, .book = &*book, .fetch = *fetch}, stop_);
    if (!connection) return add("host", Verdict::bad, connection.error());
    const auto& info = connection->info();
    add("host", Verdict::good, fmt::format("{}, a GameStream host", info.hostname));
    if (connection->pairing()) {
      add("pairing", Verdict::good, "it knows this client");
    } else {
      add("pairing", Verdict::remark, connection->pairing().error());
    }
  }

  void examine_decoders() {
    add("mode", Verdict::good, to_string(mode_));
    for (const auto codec : {Codec::h264, Codec::hevc, Codec::av1}) {
      if (stop_.stop_requested()) return;
      const auto subject = fmt::format("decoder {}", to_string(codec));
      const auto speed = measure_decoder(codec, mode_, kDecoderBudget);
      if (!speed) {
        add(subject, Verdict::remark, speed.error());
        continue;
      }
      const auto period = mode_.period();
      const bool ample = speed->p95 < period * 6 / 10, enough = speed->p50 < period;
      add(subject,
          ample    ? Verdict::good
          : enough ? Verdict::remark
                   : Verdict::bad,
          fmt::format("{}: {:.1f} ms a picture, 95 % within {:.1f}; a picture every {:.1f} ms is wanted",
                      speed->decoder, to_ms(speed->p50), to_ms(speed->p95), to_ms(period)),
          ample ? "" : "Choose another codec or a smaller mode in the settings");
    }
  }

  const ClientDoctorParams& params_;
  const std::stop_token& stop_;
  Mode mode_;
  std::vector<ClientFinding> findings_;
};

const char* word_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::good:
      return "ok";
    case Verdict::remark:
      return "remark";
    case Verdict::bad:
      return "bad";
  }
  return "";
}

}  // namespace

std::vector<ClientFinding> examine(const ClientDoctorParams& params, const std::stop_token& stop) {
  return Examination{params, stop}.run();
}

std::string to_text(const std::vector<ClientFinding>& findings) {
  std::string text;
  for (const auto& [subject, verdict, what, remedy] : findings) {
    text += fmt::format("{:7} {:16} {}\n", word_of(verdict), subject, what);
    if (!remedy.empty()) text += fmt::format("{:24} → {}\n", "", remedy);
  }
  return text;
}

std::string to_json(const std::vector<ClientFinding>& findings) {
  auto list = nlohmann::json::array();
  for (const auto& [subject, verdict, what, remedy] : findings) {
    list.push_back({{"subject", subject}, {"verdict", word_of(verdict)}, {"what", what}, {"remedy", remedy}});
  }
  return to_text(list);
}

bool is_good(const std::vector<ClientFinding>& findings) {
  return std::ranges::none_of(findings, [](const auto& each) { return each.verdict == Verdict::bad; });
}

}  // namespace lumen::client
