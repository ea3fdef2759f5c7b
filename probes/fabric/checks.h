// The checks of libfabric: their codes and texts. A code is API: never renamed, never reused.
#pragma once

#include "probes/protocol/check.h"

namespace efa {

inline constexpr Check kFabricChecks[] = {
    {"fabric.not-listed",
     Severity::kCritical,
     Actor::kImageOwner,
     Rung::kFabric,
     "libfabric's efa provider does not list an EFA device",
     "MPI and NCCL do not use the device; with none listed they fall back to TCP.",
     "fi_getinfo(3) for provider efa, endpoint FI_EP_RDM, has no domain of this device.",
     "If another device of the node hangs, repair that one first: libfabric then lists none. "
     "Otherwise install the libfabric of the EFA installer.",
     "fi_info -p efa -t FI_EP_RDM",
     {"pci.config-space-dead", "rdma.counters-hang", "verbs.hang", "rdma.counters-fail",
      "verbs.cannot-open", "node.restricted-mode", "node.missing", "node.cannot-open",
      "verbs.not-listed", "fabric.does-not-load", "fabric.crashes"}},
    {"fabric.library-lists-fewer",
     Severity::kWarning,
     Actor::kImageOwner,
     Rung::kNone,
     "One of several libfabrics does not list all EFA devices",
     "Programs that load this copy use fewer devices, or TCP.",
     "fi_getinfo(3) through this copy lists fewer devices than through another one.",
     "Remove the copy or put that of the EFA installer first on the library path.",
     "ldconfig -p | grep libfabric",
     {"fabric.not-listed"}},
    {"fabric.not-installed",
     Severity::kInfo,
     Actor::kImageOwner,
     Rung::kNone,
     "No libfabric on this host",
     "Programs of the host cannot use EFA through libfabric; containers bring their own (the "
     "EFA installer's --minimal leaves it out).",
     "The dynamic loader finds no libfabric.so.1.",
     "Run the EFA installer without --minimal, or nothing when only containers use EFA.",
     "",
     {}},
    {"fabric.does-not-load",
     Severity::kWarning,
     Actor::kImageOwner,
     Rung::kNone,
     "A libfabric does not load",
     "Programs that find this copy first fail to start.",
     "The dynamic loader refuses the library; its words are the evidence.",
     "Use one stack: either the distribution's libraries or those of the EFA installer.",
     "ldconfig -p | grep -E 'libibverbs|libefa|libfabric'",
     {}},
    {"fabric.crashes",
     Severity::kWarning,
     Actor::kImageOwner,
     Rung::kNone,
     "A libfabric crashes when it is asked for EFA",
     "Programs that load this copy die at start.",
     "The process that called fi_getinfo(3) was ended by a signal.",
     "Install the libfabric of the EFA installer.",
     "",
     {"rdma.counters-hang", "verbs.hang", "rdma.counters-fail"}},
};

}  // namespace efa
