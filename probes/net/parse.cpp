#include "probes/net/parse.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

#include "probes/base/text.h"

namespace efa {
namespace {

constexpr unsigned kUp = 0x1;        // RTF_UP of linux/route.h
constexpr unsigned kReject = 0x200;  // RTF_REJECT

bool usable(std::string_view flags) {
  const auto bits = parse_number<unsigned>(flags, 16);
  return bits && (*bits & kUp) != 0 && (*bits & kReject) == 0;
}

}  // namespace

std::optional<std::string> parse_default_route(std::string_view table) {
  for (const std::string& line : split(table, '\n')) {
    const std::vector<std::string> fields = words(line);
    if (fields.size() < 8 || fields[1] != "00000000" || fields[7] != "00000000") continue;
    const auto gateway = parse_number<uint32_t>(fields[2], 16);  // in this machine's byte order
    if (!gateway || !usable(fields[3])) continue;
    char text[INET_ADDRSTRLEN];
    in_addr address{*gateway};
    if (inet_ntop(AF_INET, &address, text, sizeof text) == nullptr) continue;
    return fields[0] + " via " + text;
  }
  return std::nullopt;
}

std::optional<std::string> parse_default_route6(std::string_view table) {
  const std::string zero(32, '0');
  for (const std::string& line : split(table, '\n')) {
    const std::vector<std::string> fields = words(line);
    if (fields.size() < 10 || fields[0] != zero || fields[1] != "00" || !usable(fields[8])) {
      continue;
    }
    const std::string bytes = from_hex(fields[4]);
    char text[INET6_ADDRSTRLEN];
    if (bytes.size() != sizeof(in6_addr) || fields[9] == "lo") continue;
    if (inet_ntop(AF_INET6, bytes.data(), text, sizeof text) == nullptr) continue;
    return fields[9] + " via " + text;
  }
  return std::nullopt;
}

bool any_holds(const std::vector<std::string>& prefixes, const std::string& address) {
  in_addr one{};
  if (inet_pton(AF_INET, address.c_str(), &one) != 1) return false;
  return std::any_of(prefixes.begin(), prefixes.end(), [&](const std::string& prefix) {
    const size_t slash = prefix.find('/');
    const auto length = slash == std::string::npos
                            ? std::nullopt
                            : parse_number<unsigned>(prefix.substr(slash + 1));
    in_addr base{};
    if (!length || *length == 0 || *length > 32) return false;
    if (inet_pton(AF_INET, prefix.substr(0, slash).c_str(), &base) != 1) return false;
    const uint32_t mask = htonl(~uint32_t{0} << (32 - *length));
    return (base.s_addr & mask) == (one.s_addr & mask);
  });
}

}  // namespace efa
