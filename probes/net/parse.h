// The routing tables as text.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace efa {

// A row of /proc/net/route of destination 0: "eth0 00000000 010010AC 0003 0 0 100 00000000 0 0 0"
std::optional<std::string> parse_default_route(std::string_view table);
// A row of /proc/net/ipv6_route of destination ::/0; the tenth column is the interface
std::optional<std::string> parse_default_route6(std::string_view table);
// Whether one of these prefixes holds the address: "10.0.0.0/24" holds "10.0.0.5".
bool any_holds(const std::vector<std::string>& prefixes, const std::string& address);

}  // namespace efa
