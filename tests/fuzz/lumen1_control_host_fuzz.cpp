// A script of raw bytes, whole messages, time and what a host's owner does, at HostDialogue. A stranger gets
// nothing but pairing, requests are answered once, what is said can be read, and nothing is left at the desk.
#include <cstdint>
#include <cstdlib>
#include <set>

#include "lumen1/control/host_dialogue.hpp"

namespace {

using namespace lumen;
using namespace lumen::lumen1::control;
using std::chrono::seconds;

void require(bool condition) {
  if (!condition) std::abort();
}

crypto::Fingerprint print(int number) {
  crypto::Fingerprint fingerprint{};
  fingerprint.fill(static_cast<std::byte>(number));
  return fingerprint;
}

class Run {
 public:
  Run(ByteView script, bool paired) : script_{script} {
    if (paired) require(book_.add(print(1), "laptop", Permissions::all(), {}).has_value());
    require(desk_.offer_code(CodeKind::digits, Permissions::all(), now_).has_value());
    dialogue_.emplace(
        HostDialogueParams{
            .host = print(2), .client = print(1), .exporter = [](auto, MutableBytes) { return true; }},
        book_, desk_, now_);
  }
  void run() {
    while (script_.remaining() > 0 && !dialogue_->is_over()) {
      step(script_.little<std::uint8_t>());
      look();
    }
    dialogue_.reset();
    desk_.withdraw_code();
    require(!desk_.next_deadline() && desk_.pending(now_).empty());
  }

 private:
  void step(unsigned what) {
    switch (what % 8) {
      case 0:
        return send(ClientHello{.device_name = "laptop"});
      case 1:
        return send_any(what / 8);
      case 2:
        now_ += seconds{what / 8};
        return dialogue_->advance(now_);
      case 3:
        return owner_acts(what / 8);
      case 4:
        return answer(what / 8);
      default:
        const auto part = script_.take(std::min<std::size_t>(script_.remaining(), what / 8 + 1));
        return dialogue_->receive(part, now_);
    }
  }
  void send(const ClientMessage& message) {
    std::vector<std::byte> bytes;
    require(append(bytes, message));
    dialogue_->receive(bytes, now_);
  }
  void send_any(unsigned which) {
    const auto request = script_.little<std::uint8_t>();
    const auto session = static_cast<SessionId>(request % 3);
    const ClientMessage all[] = {
        Ping{7},
        PairWithCode{crypto::Cpace::create({}).value().share()},
        PairConfirm{},
        AskApproval{},
        ApprovalNonce{},
        ListApps{request},
        Open{.request = request, .wish = {.mode = {64, 64, 60'000}, .formats = {{}}}},
        Change{.request = request, .session = session},
        Pause{request, session},
        Resume{request, session},
        Close{request, session},
        EndApplication{request, 1},
        SessionClipboardPart{session, {request, 1, 0, {std::byte{'x'}}}},
        SessionClipboardTaken{session, {request, 1}}};
    send(all[which % std::size(all)]);
  }
  void owner_acts(unsigned what) {
    const auto pending = desk_.pending(now_);
    if (what % 4 == 0 && !pending.empty()) require(desk_.deny(pending[0].id, now_).has_value());
    if (what % 4 == 1 && !pending.empty()) {
      require(desk_.approve(pending[0].id, Permissions{1}, now_).has_value());
      approved_ = true;
    }
    if (what % 4 == 2) (void)book_.set_permissions(print(1), Permissions{what});
    if (what % 4 == 3) dialogue_->session_ended(static_cast<SessionId>(what / 4), EndReason::failed);
    dialogue_->book_changed();
    dialogue_->advance(now_);
  }
  void answer(unsigned how) {
    if (waiting_.empty()) return;
    const auto id = *waiting_.begin();
    waiting_.erase(id);
    const Stream stream{.mode = {64, 64, 60'000}};
    const bool answered = (how % 2 == 0 && dialogue_->apps(id, {{1, "x", false}})) ||
                          dialogue_->opened(id, static_cast<SessionId>(how % 3), 1, stream) ||
                          dialogue_->changed(id, stream) || dialogue_->done(id) ||
                          dialogue_->refuse(id, RefusalReason::busy);
    require(answered || !dialogue_->refuse(id, RefusalReason::busy));
  }
  void look() {
    for (const auto& event : dialogue_->take_events())
      std::visit([this](const auto& each) { note(each); }, event);
    const auto output = dialogue_->take_output();
    ByteView rest{output};
    FrameReader reader;
    while (const auto frame = reader.next(rest)) {
      require(std::holds_alternative<HostMessage>(decode_host_message(*frame)));
    }
    require(rest.empty() && !reader.is_broken());
  }
  void note(const StoreDevice& device) {
    require(approved_);  // nobody here knows the code
    require(book_.add(device.fingerprint, device.name, device.permissions, {}).has_value());
    dialogue_->stored(true);
  }
  void note(const WantsOpen& wants) { want(wants.open.request); }
  void note(const WantsChange& wants) { want(wants.change.request); }
  template <class Request>
    requires requires(Request wants) { wants.request; }
  void note(const Request& wants) {
    want(wants.request);
  }
  void note(const HelloCame&) {}
  void note(const PermissionsNow&) {}
  void note(const ClipboardCame&) { require(dialogue_->is_paired() || dialogue_->is_over()); }
  void note(const ClientGone&) { require(dialogue_->is_over()); }
  void want(RequestId request) {
    require(dialogue_->is_paired() || dialogue_->is_over());
    waiting_.insert(request);
  }

  ByteReader script_;
  Timestamp now_{seconds{1000}};
  DeviceBook book_;
  PairingDesk desk_;
  std::optional<HostDialogue> dialogue_;
  std::set<RequestId> waiting_;
  bool approved_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 4096) return 0;
  Run{std::as_bytes(std::span{data, size}).subspan(1), data[0] % 2 == 1}.run();
  return 0;
}
