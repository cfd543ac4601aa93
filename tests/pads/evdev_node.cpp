#include "tests/pads/evdev_node.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace lumen::pads_test {
namespace {

template <class Ask>
std::string text_of(int fd, const Ask& ask) {
  std::array<char, 256> text{};
  return ask(fd, text) < 0 ? std::string{} : std::string{text.data()};
}

std::string read_text(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream{path}.rdbuf();
  return text.str();
}

bool contains(std::string text, std::string part) {
  const auto lower = [](std::string& any) { std::ranges::transform(any, any.begin(), ::tolower); };
  lower(text);
  lower(part);
  return text.find(part) != std::string::npos;
}

}  // namespace

std::vector<EvdevNode> EvdevNode::all() {
  std::vector<EvdevNode> nodes;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator{"/dev/input", ignored}) {
    if (!entry.path().filename().string().starts_with("event")) continue;
    EvdevNode node;
    node.fd_.reset(open(entry.path().c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
    if (!node.fd_) continue;
    const auto ask = [&node](auto request) {
      return text_of(node.fd(), [&](int fd, auto& text) { return ioctl(fd, request, text.data()); });
    };
    node.name_ = ask(EVIOCGNAME(256));
    node.serial_ = ask(EVIOCGUNIQ(256));
    node.place_ = ask(EVIOCGPHYS(256));
    std::ranges::transform(node.serial_, node.serial_.begin(), ::tolower);
    nodes.push_back(std::move(node));
  }
  return nodes;
}

std::optional<EvdevNode> EvdevNode::find(const std::string& name, const std::string& serial) {
  for (auto& node : all()) {
    if (node.name_ == name && (serial.empty() || node.serial_ == serial)) return std::move(node);
  }
  return std::nullopt;
}

int EvdevNode::count(const std::string& name) {
  const auto nodes = all();
  return static_cast<int>(std::ranges::count(nodes, name, &EvdevNode::name_));
}

void EvdevNode::read_events() {
  std::array<input_event, 64> events{};
  for (;;) {
    const auto got = read(fd_.get(), events.data(), sizeof events);
    if (got <= 0) return;
    for (std::size_t i = 0; i < static_cast<std::size_t>(got) / sizeof(input_event); ++i) {
      const auto& event = events[i];
      if (event.type == EV_SYN) ++syncs_;
      values_[{event.type, event.code}] = event.value;
    }
  }
}

int EvdevNode::value(std::uint16_t type, std::uint16_t code) const {
  const auto found = values_.find({type, code});
  if (found != values_.end()) return found->second;
  return type == EV_ABS ? range(code).value : 0;
}

input_absinfo EvdevNode::range(std::uint16_t code) const {
  input_absinfo info{};
  static_cast<void>(ioctl(fd_.get(), EVIOCGABS(std::uint32_t{code}), &info));
  return info;
}

int EvdevNode::upload_rumble(std::uint16_t strong, std::uint16_t weak, std::uint16_t length_ms) const {
  ff_effect effect{};
  effect.type = FF_RUMBLE;
  effect.id = -1;
  effect.u.rumble = {.strong_magnitude = strong, .weak_magnitude = weak};
  effect.replay.length = length_ms;
  return ioctl(fd_.get(), EVIOCSFF, &effect) < 0 ? -1 : effect.id;
}

void EvdevNode::play(int effect, int times) const {
  input_event event{};
  event.type = EV_FF;
  event.code = static_cast<std::uint16_t>(effect);
  event.value = times;
  static_cast<void>(write(fd_.get(), &event, sizeof event));
}

bool EvdevNode::erase(int effect) const { return ioctl(fd_.get(), EVIOCRMFF, effect) == 0; }

std::optional<UniqueFd> find_hidraw(const std::string& serial) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator{"/sys/class/hidraw", ignored}) {
    if (!contains(read_text(entry.path() / "device/uevent"), "HID_UNIQ=" + serial)) continue;
    UniqueFd fd{open(("/dev/" + entry.path().filename().string()).c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC)};
    if (fd) return fd;
  }
  return std::nullopt;
}

std::string battery_of(const std::string& serial, const std::string& property) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator{"/sys/class/power_supply", ignored}) {
    if (!contains(entry.path().filename().string(), serial)) continue;
    auto text = read_text(entry.path() / property);
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
  }
  return {};
}

}  // namespace lumen::pads_test
