// Characters that no key of a layout makes get keys of their own: those of a second keymap, which is made as
// they come. Applications see them typed on a second keyboard.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace lumen::keymap {

// Owner: one thread. Allocates for new characters.
class CharacterTable {
 public:
  // The name in the keymaps that this makes, by which they are known again.
  static constexpr std::string_view kName = "lumen_characters";

  CharacterTable();

  struct Place {
    std::uint16_t evdev_code = 0;
    bool is_new = false;  // keymap() is another now
  };
  // The key that makes it. When all keys are taken, the character that was not asked for longest loses its
  // own. Empty for what is no Unicode scalar value, and for control characters but tab and newline.
  std::optional<Place> find(char32_t code_point);
  // With all characters that have a key: a text for a compositor or an application.
  std::string keymap() const;
  std::size_t capacity() const { return keys_.size(); }

 private:
  struct Key {
    std::uint16_t evdev_code = 0;
    char32_t code_point = 0;  // 0: free
    std::uint64_t last_used = 0;
  };
  std::vector<Key> keys_;
  std::unordered_map<char32_t, std::size_t> places_;
  std::uint64_t uses_ = 0;
};

}  // namespace lumen::keymap
