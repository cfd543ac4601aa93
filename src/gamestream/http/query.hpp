// gamestream/http: the query of a request target (GameStream part 1, 3.1): names in any case, the first of a
// name wins, values are percent-decoded, '+' is a plus. It may hold a session key, so it is wiped when it
// goes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace lumen::gamestream {

inline constexpr std::size_t kMaxQueryBytes = 32 * 1024, kMaxParameters = 64;

class Query {
 public:
  // `text` is what follows the '?', at most kMaxQueryBytes with at most kMaxParameters parameters and no
  // broken percent sign: `gamestream.query` otherwise.
  static Result<Query> parse(std::string_view text);
  Query() = default;
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  Query(Query&&) noexcept;
  Query& operator=(Query&&) noexcept;
  ~Query();

  // The decoded value, which lives as long as this object; nullopt: no such parameter.
  std::optional<std::string_view> find(std::string_view name) const;
  bool has(std::string_view name) const { return find(name).has_value(); }
  std::size_t size() const { return parameters_.size(); }

 private:
  struct Slice {
    std::size_t at = 0, length = 0;
  };
  struct Parameter {
    Slice name, value;
  };
  std::optional<Slice> decode(std::string_view text);
  std::string_view view(Slice slice) const {
    return std::string_view{decoded_}.substr(slice.at, slice.length);
  }
  void wipe();

  std::string decoded_;  // all names and values one after another; never grows beyond what parse() reserved
  std::vector<Parameter> parameters_;
};

// "name=value" with all but letters, digits and "-._~" of the value percent-encoded.
std::string encode_parameter(std::string_view name, std::string_view value);

}  // namespace lumen::gamestream
