#include "base/machine_name.hpp"

#include <unistd.h>

#include <array>

namespace lumen {

std::string machine_name(const std::string& otherwise) {
  std::array<char, 65> name{};
  if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return otherwise;
  return name.data();
}

}  // namespace lumen
