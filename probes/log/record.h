// The head of a record of /dev/kmsg, and whose words it has.
// Interface: Documentation/ABI/testing/dev-kmsg.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace efa {

// "3,812,39435060730,-;text"
struct KernelRecord {
  unsigned priority = 0;  // with the facility
  uint64_t sequence = 0;  // of the first since boot it is 0
  uint64_t usec = 0;      // since boot
  std::string_view text;  // the first line
};

std::optional<KernelRecord> parse_kernel_record(std::string_view record);

// The oldest record of a log that has lost older ones, "3,812,39435060730,-,oldest;text": its head
// can hold further words. Else the record itself.
std::string marked_oldest(const std::string& record);
bool is_marked_oldest(std::string_view record);

// Facility 0 of syslog(3): a process that writes to /dev/kmsg has another.
bool is_kernels_own(const KernelRecord& record);

// "NAME[4711]: segfault at ...", "NAME (4711) used ...", "NAME: page allocation failure: ...": the
// kernel begins these with a process's name, which is any text of up to 15 bytes.
bool tells_of_process(std::string_view text);

}  // namespace efa
