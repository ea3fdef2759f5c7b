#include "probes/account/query.h"

#include "probes/base/text.h"

namespace efa {

// "i-0123456789abcdef0"; older ones have eight digits
bool is_instance_id(const std::string& text) {
  constexpr size_t kLongest = 32;
  return text.starts_with("i-") && text.size() > 2 && text.size() <= kLongest &&
         is_made_of(text.substr(2));
}

std::optional<std::pair<std::string, std::string>> parse_filter(const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) return std::nullopt;
  return std::pair(text.substr(0, equals), text.substr(equals + 1));
}

}  // namespace efa
