// What libibverbs and libefa answer, as it is told. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "probes/verbs/library.h"

namespace efa {

// "fe80:0000:0000:0000:048f:94ff:fe25:3613"
std::string gid_text(const GidBytes& gid);
// The names of EFADV_DEVICE_ATTR_CAPS_* that are set; bits that are not known have none.
std::vector<std::string> capability_names(uint32_t bits);

}  // namespace efa
