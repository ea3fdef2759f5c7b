// Values of settings, as libfabric and NCCL understand them. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probes/jobs/setting_rows.h"

namespace efa {

// What a value is compared with.
struct Surrounding {
  std::vector<std::string> devices;  // RDMA devices of the node: "rdmap16s27"
  int alike = 0;                     // processes of the same program that use EFA
  bool makes_topology = false;       // NCCL's plugin describes this instance type at run time
};

bool is_meant(Values values, std::string_view value, const Surrounding& around);
// Whether a list of providers has none but links, which may be of EFA: "lnx", "shm+efa:lnx".
bool may_leave_out_efa(std::string_view list);
// Whether what FI_LNX_PROV_LINKS tells to link has EFA; nothing where a provider was not kept.
std::optional<bool> links_efa(std::string_view links);

}  // namespace efa
