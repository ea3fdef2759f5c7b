// Parsers of probe-rdma. Pure.
#pragma once

#include <optional>
#include <string>

namespace efa {

// "fe80:0000:0000:0000:048f:94ff:fe25:3613" -> "06:8f:94:25:36:13": an EFA's GID holds the MAC of
// its network interface as modified EUI-64 (RFC 4291, appendix A). Nothing for any other GID.
std::optional<std::string> parse_gid_mac(const std::string& gid);
// "231:192": the numbers of a device node
bool is_device_number(const std::string& text);
// Eight groups of four hexadecimal digits, as the kernel writes every GID.
bool is_gid(const std::string& text);

}  // namespace efa
