// Outputs of sway, by its control socket. One that was made for a session stays where sway cannot remove
// outputs (before 1.8): then it is parked, tiny and far from the others, and the next session uses it again.
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "desktop/wayland/peer.hpp"
#include "desktop/wlroots/output_lock.hpp"
#include "desktop/wlroots/sway_ipc.hpp"
#include "desktop/wlroots/virtual_output.hpp"

namespace lumen::wlroots {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr auto kSlow = 1s;         // for what the factory and the destructor ask
constexpr auto kQuick = 90ms;      // for what is asked in between
constexpr auto kOthersLimit = 2s;  // while another session takes an output
constexpr std::string_view kParked = "mode --custom 64x64@10Hz";

const SwayOutput* find(const std::vector<SwayOutput>& outputs, std::string_view name) {
  const auto found = std::ranges::find(outputs, name, &SwayOutput::name);
  return found == outputs.end() ? nullptr : &*found;
}

// Where the person looks, or is to look when `leaving` is away: at `wished` before others. Outputs that we
// made, in use or parked, come last: nobody sees them. Null: there is no other.
const SwayOutput* refuge_among(const std::vector<SwayOutput>& outputs, const OutputLock::Owner& we,
                               std::string_view leaving, std::string_view wished) {
  const SwayOutput* best = nullptr;
  int best_rank = -1;
  for (const auto& output : outputs) {
    if (!output.active || output.name == leaving) continue;
    const int rank = (OutputLock::is_ours(we, output.name) ? 0 : 4) + (output.name == wished ? 2 : 0) +
                     (output.focused ? 1 : 0);
    if (rank <= best_rank) continue;
    best = &output;
    best_rank = rank;
  }
  return best;
}

// A name of sway's inside a command.
std::string in_quotes(std::string_view name) {
  std::string text{"\""};
  for (const char each : name) {
    if (each == '"' || each == '\\') text += '\\';
    text += each;
  }
  return text + '"';
}

// One session at a time looks for an output and places it.
Result<UniqueFd> wait_for_turn(const std::string& runtime_dir) {
  const auto path = runtime_dir + "/lumen-outputs.lock";
  UniqueFd fd{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
  const auto deadline = Clock::now() + kOthersLimit;
  while (fd && ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK || Clock::now() >= deadline) fd.reset();
    ::poll(nullptr, 0, 5);  // flock() knows no limit
  }
  if (fd) return fd;
  return fail(ErrorCode::unavailable, "wlroots.lock", fmt::format("{} cannot be locked", path),
              "Check that the runtime folder is writable, and that no other session hangs while it starts",
              errno);
}

// Whether sway can remove outputs.
bool can_unplug(const SwayVersion& version) {
  return std::pair{version.major, version.minor} >= std::pair{1, 8};
}

// Its windows go to where the person looks, then it is away, or small.
Status park(SwayIpc& ipc, const std::string& runtime_dir, const std::string& name,
            const std::string& focus_then) {
  LUMEN_TRY(const auto outputs, ipc.outputs(kSlow));
  const auto* output = find(outputs, name);
  if (output == nullptr) return {};
  const bool was_focused = output->focused;
  const auto* refuge = refuge_among(outputs, {runtime_dir, ipc.peer()}, name, focus_then);
  if (refuge != nullptr) {
    LUMEN_TRY(const auto windows, ipc.windows_on(name, kSlow));
    for (const auto window : windows) {
      const auto moved =
          ipc.command(fmt::format("[con_id={}] move to output {}", window, in_quotes(refuge->name)), kSlow);
      if (!moved && moved.error().id != "ipc.refused") return moved;  // refused: it closed meanwhile
    }
    if (was_focused) {
      LUMEN_CHECK_OK(ipc.command("focus output " + in_quotes(refuge->name), kSlow));
    }
  }
  LUMEN_TRY(const auto version, ipc.version(kSlow));
  if (can_unplug(version)) return ipc.command(fmt::format("output {} unplug", name), kSlow);
  return ipc.command(fmt::format("output {} scale 1 {}", name, kParked), kSlow);
}

class SwayVirtualOutput final : public VirtualOutput {
 public:
  SwayVirtualOutput(SwayIpc ipc, const OutputParams& params, Logger& log)
      : ipc_{std::move(ipc)}, params_{params}, log_{log} {}
  ~SwayVirtualOutput() override { give_back(); }

  Status take();
  const std::string& name() const override { return name_; }
  bool removable() const override { return can_unplug(version_); }
  Status set_mode(const Mode& mode) override;

 private:
  Status write_entry(const json& change);
  void erase_entry();
  Status make_one(const std::vector<SwayOutput>& before);
  Status configure();
  void give_back();

  SwayIpc ipc_;
  OutputParams params_;
  Logger& log_;
  SwayVersion version_;
  std::string name_, focused_before_;
  std::optional<OutputLock> lock_;
  std::optional<RestoreJournal::EntryId> entry_;
};

Status SwayVirtualOutput::write_entry(const json& change) {
  if (params_.journal == nullptr) return {};
  LUMEN_TRY(const auto entry,
            params_.journal->write(kBackend, change.dump(-1, ' ', false, json::error_handler_t::replace)));
  erase_entry();  // the one that it takes the place of
  entry_ = entry;
  return {};
}

void SwayVirtualOutput::erase_entry() {
  if (entry_) params_.journal->erase(*std::exchange(entry_, std::nullopt));
}

Status SwayVirtualOutput::take() {
  LUMEN_TRY(const auto turn, wait_for_turn(params_.place.runtime_dir));
  LUMEN_TRY(version_, ipc_.version(kSlow));
  LUMEN_TRY(auto outputs, ipc_.outputs(kSlow));
  const auto peer = ipc_.peer();
  const auto* focused = refuge_among(outputs, {params_.place.runtime_dir, peer}, {}, {});
  if (focused != nullptr) focused_before_ = focused->name;
  for (const auto& output : outputs) {
    lock_ = OutputLock::take_ours(params_.place.runtime_dir, output.name, peer);
    if (!lock_) continue;
    name_ = output.name;
    LUMEN_CHECK_OK(write_entry({{"sway", peer}, {"output", name_}, {"focused", focused_before_}}));
    return configure();
  }
  return make_one(outputs);
}

Status SwayVirtualOutput::make_one(const std::vector<SwayOutput>& before) {
  json names = json::array();
  for (const auto& output : before) names.push_back(output.name);
  const auto peer = ipc_.peer();
  LUMEN_CHECK_OK(write_entry({{"sway", peer}, {"beside", names}, {"focused", focused_before_}}));
  if (const auto made = ipc_.command("create_output", kSlow); !made) {
    // Of one that did not answer nobody knows: it may do so yet, and then the entry undoes it.
    if (made.error().id == "ipc.refused") erase_entry();
    return made;
  }
  LUMEN_TRY(const auto outputs, ipc_.outputs(kSlow));
  bool is_one_new = false;
  for (const auto& output : outputs) {
    if (find(before, output.name) != nullptr) continue;
    is_one_new = true;
    lock_ = OutputLock::claim(params_.place.runtime_dir, output.name, peer);
    if (!lock_) continue;
    name_ = output.name;
    LUMEN_CHECK_OK(write_entry({{"sway", peer}, {"output", name_}, {"focused", focused_before_}}));
    return configure();
  }
  if (!is_one_new) erase_entry();
  return fail(ErrorCode::unsupported, "wlroots.no-output", "sway made no output that nobody sees",
              "It makes them only with its headless backend; start sway with WLR_BACKENDS=…,headless");
}

Status SwayVirtualOutput::configure() {
  const auto running = running_mode(params_.mode);
  LUMEN_CHECK_OK(
      ipc_.command(fmt::format("output {} dpms on mode --custom {}x{}@{:.3f}Hz scale {:.4f}", name_,
                               running.width, running.height, running.refresh_mhz / 1000.0, params_.scale),
                   kSlow));
  return ipc_.command("focus output " + in_quotes(name_), kSlow);
}

Status SwayVirtualOutput::set_mode(const Mode& mode) {
  const auto running = running_mode(mode);
  const auto done = ipc_.command(fmt::format("output {} mode --custom {}x{}@{:.3f}Hz", name_, running.width,
                                             running.height, running.refresh_mhz / 1000.0),
                                 kQuick);
  // It has been told, and does it as soon as it has time.
  if (!done && done.error().id != "ipc.timeout") return done;
  params_.mode = mode;
  return {};
}

void SwayVirtualOutput::give_back() {
  if (!lock_) return;  // none was made; or nobody knows, and the journal keeps its entry, as after a crash
  const auto parked = park(ipc_, params_.place.runtime_dir, name_, focused_before_);
  if (!parked && parked.error().id != "ipc.lost") {
    log_.warn("the output {} could not be given back: {}", name_, describe(parked.error()));
    return;  // the journal keeps its entry
  }
  if (removable()) lock_->forget();
  erase_entry();
}

std::string field(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

// The outputs that a change names: one, or those that are there beside the ones from before.
std::vector<std::string> outputs_of(const json& change, const std::vector<SwayOutput>& now) {
  if (const auto name = field(change, "output"); !name.empty()) return {name};
  std::vector<std::string> names;
  const auto beside = change.find("beside");
  if (beside == change.end() || !beside->is_array()) return names;
  for (const auto& output : now) {
    const auto was_there = [&](const json& name) {
      return name.is_string() && name.get<std::string>() == output.name;
    };
    if (std::ranges::none_of(*beside, was_there)) names.push_back(output.name);
  }
  return names;
}

}  // namespace

Result<std::unique_ptr<VirtualOutput>> take_sway_output(const OutputParams& params, Logger& log) {
  LUMEN_TRY(auto ipc, SwayIpc::connect(params.place.ipc_socket));
  auto output = std::make_unique<SwayVirtualOutput>(std::move(ipc), params, log);
  LUMEN_CHECK_OK(output->take());
  return std::unique_ptr<VirtualOutput>{std::move(output)};
}

Status undo_sway_change(std::string_view text, const DesktopPlace& place, Logger& log) {
  const auto change = json::parse(text, nullptr, false);
  if (!change.is_object()) {
    return fail(ErrorCode::malformed, "wlroots.undo", "the journal's entry cannot be read");
  }
  if (place.ipc_socket.empty()) return {};  // no sway runs here any more
  auto ipc = SwayIpc::connect(place.ipc_socket);
  if (!ipc && !wayland::is_nobody_there(ipc.error())) {
    return tl::unexpected{ipc.error()};  // it has no time, say: later
  }
  if (!ipc || ipc->peer() != field(change, "sway")) return {};  // that sway is gone, and its outputs with it
  LUMEN_TRY(const auto turn, wait_for_turn(place.runtime_dir));
  LUMEN_TRY(const auto outputs, ipc->outputs(kSlow));
  for (const auto& name : outputs_of(change, outputs)) {
    auto lock = OutputLock::claim(place.runtime_dir, name, ipc->peer());
    if (!lock) continue;  // another session uses it now, or it is none of ours
    LUMEN_CHECK_OK(park(*ipc, place.runtime_dir, name, field(change, "focused")));
    log.info("the output {} of a session that ended without notice is given back", name);
    LUMEN_TRY(const auto left, ipc->outputs(kSlow));
    if (find(left, name) == nullptr) lock->forget();
  }
  return {};
}

}  // namespace lumen::wlroots
