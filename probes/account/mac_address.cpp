#include "probes/account/mac_address.h"

#include <fmt/core.h>

#include <charconv>

namespace efa {

std::optional<MacAddress> MacAddress::from_text(const std::string& text) {
  constexpr size_t kLength = 17;
  if (text.size() != kLength) return std::nullopt;
  MacAddress mac;
  for (size_t i = 0; i < mac.bytes_.size(); ++i) {
    const char* digits = text.data() + 3 * i;
    const auto [end, error] = std::from_chars(digits, digits + 2, mac.bytes_[i], 16);
    if (error != std::errc() || end != digits + 2) return std::nullopt;
    if (i + 1 < mac.bytes_.size() && *end != ':') return std::nullopt;
  }
  return mac;
}

std::string MacAddress::to_text() const {
  return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", bytes_[0], bytes_[1], bytes_[2],
                     bytes_[3], bytes_[4], bytes_[5]);
}

}  // namespace efa
