#include "lumen1/control/words.hpp"

#include <algorithm>

namespace lumen::lumen1::control {

const std::array<std::string_view, 256> kWords{
    "acorn",   "agent",   "alarm",   "almond",  "amber",   "anchor", "ankle",   "april",   "apron",
    "arrow",   "artist",  "atlas",   "atom",    "attic",   "autumn", "avocado", "badge",   "bakery",
    "balcony", "ballet",  "bamboo",  "banana",  "banjo",   "basket", "beach",   "beaver",  "bicycle",
    "bison",   "blanket", "border",  "bottle",  "bread",   "bridge", "broom",   "bubble",  "bucket",
    "buffalo", "butter",  "cabin",   "cactus",  "camel",   "candle", "canoe",   "carpet",  "castle",
    "cello",   "cherry",  "chess",   "chicken", "cider",   "circus", "clock",   "clover",  "cobra",
    "coconut", "coffee",  "compass", "copper",  "cotton",  "cousin", "cradle",  "crayon",  "cricket",
    "crystal", "curtain", "cyclone", "daisy",   "decade",  "delta",  "dentist", "desert",  "diamond",
    "diesel",  "dinner",  "doctor",  "dolphin", "donkey",  "dragon", "eagle",   "eclipse", "elbow",
    "engine",  "equator", "fabric",  "farmer",  "feather", "fence",  "fiddle",  "finger",  "flute",
    "forest",  "fossil",  "freckle", "funnel",  "gadget",  "galaxy", "garlic",  "gazelle", "geyser",
    "giant",   "glacier", "goblet",  "gold",    "granite", "grape",  "guitar",  "gumdrop", "hammer",
    "hamster", "harvest", "helmet",  "hexagon", "hobby",   "honey",  "horizon", "hotel",   "hurdle",
    "hyena",   "igloo",   "indigo",  "island",  "ivory",   "jacket", "jaguar",  "jelly",   "jigsaw",
    "journal", "jungle",  "juniper", "kimono",  "kitten",  "koala",  "ladder",  "lagoon",  "lantern",
    "lemon",   "leopard", "lizard",  "lobster", "lotus",   "lunch",  "magnet",  "marble",  "meadow",
    "mercury", "meteor",  "mirror",  "mosaic",  "motor",   "muffin", "museum",  "mustard", "napkin",
    "nectar",  "nephew",  "nickel",  "noodle",  "north",   "novel",  "nugget",  "nutmeg",  "oasis",
    "oatmeal", "object",  "ocean",   "octopus", "olive",   "onion",  "opera",   "orbit",   "orchid",
    "owl",     "oxygen",  "paddle",  "palace",  "panda",   "paper",  "pelican", "piano",   "picnic",
    "pigeon",  "pillow",  "pirate",  "planet",  "polar",   "pony",   "potato",  "prairie", "pretzel",
    "pumpkin", "puppet",  "pyramid", "quail",   "quartz",  "rabbit", "radar",   "radish",  "raven",
    "ribbon",  "robin",   "rocket",  "rodeo",   "ruby",    "salad",  "salmon",  "saturn",  "school",
    "scooter", "seven",   "shadow",  "silver",  "sleeve",  "spider", "spoon",   "square",  "stadium",
    "sugar",   "sunset",  "syrup",   "table",   "tailor",  "teapot", "temple",  "toast",   "tomato",
    "topaz",   "tractor", "trumpet", "tulip",   "turtle",  "twelve", "uncle",   "unicorn", "urchin",
    "vacuum",  "valley",  "vanilla", "vessel",  "village", "violin", "volcano", "voyage",  "waffle",
    "wagon",   "walnut",  "walrus",  "whistle", "window",  "winter", "wombat",  "yacht",   "yellow",
    "yogurt",  "zebra",   "zigzag",  "zipper"};

std::optional<std::uint8_t> word_number(std::string_view word) {
  const auto found = std::ranges::lower_bound(kWords, word);  // they are in order
  if (found == kWords.end() || *found != word) return std::nullopt;
  return static_cast<std::uint8_t>(found - kWords.begin());
}

}  // namespace lumen::lumen1::control
