// Names that libfabric's efa provider gives. Pure.
#pragma once

#include <string>
#include <string_view>

namespace efa {

// "rdmap79s0-rdm" -> "rdmap79s0"
std::string device_of_domain(std::string_view domain);

}  // namespace efa
