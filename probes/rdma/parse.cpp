#include "probes/rdma/parse.h"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "probes/base/text.h"

namespace efa {

std::optional<std::string> parse_gid_mac(const std::string& gid) {
  const std::vector<std::string> groups = split(gid, ':');
  if (groups.size() != 8 || groups[0] != "fe80") return std::nullopt;
  uint8_t eui[8];
  for (size_t i = 0; i < 4; ++i) {
    const auto group = parse_number<uint16_t>(groups[i + 4], 16);
    if (!group) return std::nullopt;
    eui[i * 2] = static_cast<uint8_t>(*group >> 8U);
    eui[i * 2 + 1] = static_cast<uint8_t>(*group & 0xffU);
  }
  if (eui[3] != 0xff || eui[4] != 0xfe) return std::nullopt;
  char mac[18];
  std::snprintf(mac, sizeof mac, "%02x:%02x:%02x:%02x:%02x:%02x", eui[0] ^ 2U, eui[1], eui[2],
                eui[5], eui[6], eui[7]);
  return mac;
}

bool is_device_number(const std::string& text) {
  const std::vector<std::string> parts = split(text, ':');
  return parts.size() == 2 && parse_number<uint32_t>(parts[0]) && parse_number<uint32_t>(parts[1]);
}

bool is_gid(const std::string& text) {
  const std::vector<std::string> groups = split(text, ':');
  return groups.size() == 8 && std::all_of(groups.begin(), groups.end(), [](const auto& group) {
           return group.size() == 4 && std::all_of(group.begin(), group.end(), [](unsigned char c) {
                    return std::isxdigit(c) != 0;
                  });
         });
}

}  // namespace efa
