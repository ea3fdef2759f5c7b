// One record of /dev/kmsg and what the efa driver's words in it mean.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "probes/log/facts.h"

namespace efa {

// "3,812,39435060730,-;efa 0000:00:06.0: EFA device init failed" and lines " KEY=value".
// Nothing when the record does not speak of EFA.
std::optional<LogMessage> parse_kernel_message(std::string_view record);
// The function that the record proves to have been an EFA device in this boot.
std::optional<PciAddress> named_efa_function(std::string_view record);

}  // namespace efa
