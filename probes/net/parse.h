// The routing tables as text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace efa {

// A row of /proc/net/route of destination 0: "eth0 00000000 010010AC 0003 0 0 100 00000000 0 0 0"
std::optional<std::string> parse_default_route(std::string_view table);
// A row of /proc/net/ipv6_route of destination ::/0; the tenth column is the interface
std::optional<std::string> parse_default_route6(std::string_view table);

}  // namespace efa
