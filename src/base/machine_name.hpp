// lumen/base: what this machine is called.
#pragma once

#include <string>

namespace lumen {

// As gethostname() has it, of at most 64 characters; `otherwise` where it has none. Any thread.
std::string machine_name(const std::string& otherwise);

}  // namespace lumen
