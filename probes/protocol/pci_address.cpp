#include "probes/protocol/pci_address.h"

#include <charconv>
#include <cstdio>

namespace efa {
namespace {

template <class T>
bool parse_hex(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::string PciAddress::to_text() const {
  char text[32];
  std::snprintf(text, sizeof text, "%04x:%02x:%02x.%x", domain, bus, slot, function);
  return text;
}

std::optional<PciAddress> PciAddress::from_text(std::string_view text) {
  // "0000:00:06.0"; the domain has 4 digits, or more behind VMD
  if (text.size() < 12 || text.size() > 16) return std::nullopt;
  const std::string_view rest = text.substr(text.size() - 7);  // "00:06.0"
  if (text[text.size() - 8] != ':' || rest[2] != ':' || rest[5] != '.') return std::nullopt;
  PciAddress address;
  const bool parsed = parse_hex(text.substr(0, text.size() - 8), address.domain) &&
                      parse_hex(rest.substr(0, 2), address.bus) &&
                      parse_hex(rest.substr(3, 2), address.slot) &&
                      parse_hex(rest.substr(6, 1), address.function);
  if (!parsed || address.slot > 31 || address.function > 7) return std::nullopt;
  return address;
}

}  // namespace efa
