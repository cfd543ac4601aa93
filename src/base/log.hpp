// lumen/base: logging. One logger per program, passed by reference; there is no global one.
#pragma once

#include <memory>
#include <string>

#include <spdlog/logger.h>

namespace lumen {

using Logger = spdlog::logger;

// Writes "HH:MM:SS.mmm name level text" to standard error. `level` is a spdlog level name.
std::shared_ptr<Logger> make_logger(const std::string& name, const std::string& level = "info");

// Swallows everything; for tests and tools.
std::shared_ptr<Logger> make_null_logger();

}  // namespace lumen
