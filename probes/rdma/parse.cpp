#include "probes/rdma/parse.h"

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

}  // namespace efa
