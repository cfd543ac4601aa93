// tests/pads: an input device as an application opens it.
#pragma once

#include <linux/input.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.hpp"

namespace lumen::pads_test {

class EvdevNode {
 public:
  // The device of this name, and serial number where one is given; nullopt while there is none.
  static std::optional<EvdevNode> find(const std::string& name, const std::string& serial = {});

  static int count(const std::string& name);

  // Reads what has come: afterwards key() and axis() tell the last value.
  void read_events();
  int key(std::uint16_t code) const { return value(EV_KEY, code); }
  int axis(std::uint16_t code) const {
    return value(EV_ABS, code);
  }  // as it came, or as it was at the beginning
  input_absinfo range(std::uint16_t code) const;
  int syncs() const { return syncs_; }
  int fd() const { return fd_.get(); }
  const std::string& serial() const { return serial_; }
  const std::string& place() const { return place_; }

  // The effect's number, -1 when it is refused. Waits for the other end: not from its own thread.
  int upload_rumble(std::uint16_t strong, std::uint16_t weak, std::uint16_t length_ms) const;
  void play(int effect, int times) const;
  bool erase(int effect) const;

 private:
  static std::vector<EvdevNode> all();
  int value(std::uint16_t type, std::uint16_t code) const;
  UniqueFd fd_;
  std::string name_, serial_, place_;
  std::map<std::pair<std::uint16_t, std::uint16_t>, int> values_;
  int syncs_ = 0;
};

// The raw device with this serial number; nullopt while there is none.
std::optional<UniqueFd> find_hidraw(const std::string& serial);
// Of the battery whose name ends so, e.g. "capacity"; empty while there is none.
std::string battery_of(const std::string& serial, const std::string& property);

}  // namespace lumen::pads_test
