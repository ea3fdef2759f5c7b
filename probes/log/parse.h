// One record of /dev/kmsg and what the efa driver's words in it mean.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "probes/log/facts.h"

namespace efa {

// "3,812,39435060730,-;efa 0000:00:06.0: EFA device init failed" and lines " KEY=value".
// Nothing when the record does not speak of EFA.
std::optional<LogMessage> parse_kernel_message(std::string_view record);
struct AcceleratorMessage {
  std::string kind;  // facts.h
  uint64_t usec = 0;
};
// "4,900,52000000,-;failing symbol_get of non-GPLONLY symbol nvidia_p2p_get_pages.": a record of
// the kernel's own about the way to a GPU's memory.
std::optional<AcceleratorMessage> parse_accelerator_message(std::string_view record);
// The same record without what else it says, for a recording.
std::string words_of_accelerator_message(std::string_view record);
// The function that the record proves to have been an EFA device in this boot.
std::optional<PciAddress> named_efa_function(std::string_view record);

}  // namespace efa
