#include "agent/run/probe_table.h"

#include <linux/capability.h>

#include <algorithm>
#include <iterator>

namespace efa {
namespace {

constexpr uint64_t bit(int capability) {
  return uint64_t{1} << static_cast<unsigned>(capability);
}

// Other processes' descriptors and environment (jobs), their limits (limits).
constexpr uint64_t kReadProcesses = bit(CAP_SYS_PTRACE) | bit(CAP_DAC_READ_SEARCH);
constexpr uint64_t kReadKernelLog = bit(CAP_SYSLOG) | bit(CAP_DAC_READ_SEARCH);

constexpr ProbeRow kTable[] = {
    // name, live only, from files, capabilities kept
    {"pci", false, true, 0},      {"kernel", false, true, bit(CAP_DAC_READ_SEARCH)},
    {"rdma", false, false, 0},    {"verbs", true, false, 0},
    {"fabric", true, false, 0},   {"topology", false, false, 0},
    {"net", false, false, 0},     {"limits", false, true, kReadProcesses},
    {"software", false, true, 0}, {"log", false, true, kReadKernelLog},
    {"cloud", false, false, 0},   {"jobs", false, false, kReadProcesses},
};

}  // namespace

std::span<const ProbeRow> probe_table() {
  return kTable;
}

bool replays_from_files(std::string_view probe) {
  return std::any_of(std::begin(kTable), std::end(kTable),
                     [&](const ProbeRow& row) { return row.from_files && probe == row.name; });
}

}  // namespace efa
