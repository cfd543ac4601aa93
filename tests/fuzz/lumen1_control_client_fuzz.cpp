// A script of raw bytes, whole messages, time and what a client's user does, at ClientDialogue. No host
// without the code is taken for one that has it, every answer belongs to a request, what is said can be read.
#include <cstdint>
#include <cstdlib>
#include <set>

#include "lumen1/control/client_dialogue.hpp"

namespace {

using namespace lumen;
using namespace lumen::lumen1::control;
using std::chrono::seconds;

void require(bool condition) {
  if (!condition) std::abort();
}

class Run {
 public:
  explicit Run(ByteView script) : script_{script} {}
  void run() {
    while (script_.remaining() > 0 && !client_.is_over()) {
      step(script_.little<std::uint8_t>());
      look();
    }
  }

 private:
  void step(unsigned what) {
    switch (what % 8) {
      case 0:
        return send(HostHello{.name = "desk", .paired = what >= 128});
      case 1:
        return send_any(what / 8);
      case 2:
        now_ += seconds{what / 8};
        return client_.advance(now_);
      case 3:
        return user_acts(what / 8);
      default:
        const auto part = script_.take(std::min<std::size_t>(script_.remaining(), what / 8 + 1));
        return client_.receive(part, now_);
    }
  }
  void send(const HostMessage& message) {
    std::vector<std::byte> bytes;
    require(append(bytes, message));
    client_.receive(bytes, now_);
  }
  void send_any(unsigned which) {
    const RequestId request = script_.little<std::uint8_t>();
    const auto number = static_cast<std::uint32_t>(request) + 1;  // of what has one: never 0
    const Stream stream{.mode = {64, 64, 60'000}};
    const HostMessage all[] = {Pong{request, 1, 2},
                               PairShare{crypto::Cpace::create({}).value().share()},
                               PairDone{},
                               ApprovalCommitment{},
                               ApprovalPending{},
                               PairingRefused{PairingRefusal::failed, request, "", ""},
                               Apps{request, {}},
                               Opened{request, 1, 1, stream},
                               Changed{request, 1, stream},
                               Done{request},
                               Refused{request, RefusalReason::busy, "", ""},
                               SessionEnded{1, EndReason::failed, ""},
                               PermissionsChanged{},
                               SessionClipboardPart{1, {number, 1, 0, {std::byte{'x'}}}},
                               SessionClipboardTaken{1, {number, 1}},
                               ClipboardState{1, ClipboardUse::works, ""},
                               PointerLook{1, {number, 0, {1, 1, 0, 0}, 0, std::vector<std::byte>(4)}}};
    send(all[which % std::size(all)]);
  }
  void user_acts(unsigned what) {
    const StreamWish wish{.mode = {64, 64, 60'000}, .formats = {{}}};
    const auto note = [this](Result<RequestId> request) {
      if (request) asked_.insert(*request);
    };
    switch (what % 6) {
      case 0:
        return (void)client_.pair_with_code("482913", now_);
      case 1:
        return (void)client_.ask_approval(now_);
      case 2:
        return note(client_.list_apps(now_));
      case 3:
        return note(client_.open(1, 0, wish, now_));
      case 4:
        return note(client_.change({.session = 1}, now_));
      default:
        return note(client_.close(1, false, now_));
    }
  }
  void look() {
    for (const auto& event : client_.take_events())
      std::visit([this](const auto& each) { note(each); }, event);
    const auto output = client_.take_output();
    ByteView rest{output};
    FrameReader reader;
    while (const auto frame = reader.next(rest)) {
      require(std::holds_alternative<ClientMessage>(decode_client_message(*frame)));
    }
    require(rest.empty() && !reader.is_broken());
  }
  void note(const PairedNow&) { require(false); }  // nobody here knows the code, or was committed to a nonce
  void note(const CompareWords&) { require(false); }
  template <class Answer>
    requires requires(Answer answer) { answer.request; }
  void note(const Answer& answer) {
    require(asked_.erase(answer.request) == 1);
  }
  void note(const HostGone&) { require(client_.is_over()); }
  template <class Event>
  void note(const Event&) {}

  ByteReader script_;
  Timestamp now_{seconds{1000}};
  ClientDialogue client_{{.exporter = [](auto, MutableBytes) { return true; }, .device_name = "laptop"},
                         now_};
  std::set<RequestId> asked_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  Run{std::as_bytes(std::span{data, size})}.run();
  return 0;
}
