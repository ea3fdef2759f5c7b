// What probe-data saw: own messages over each EFA device to its own address, then from device to
// device. Interface: efadv_create_qp_ex(3), ibv_poll_cq(3), ibv_wr_post(3); the device's own status
// of a completion, which `vendor_error` carries: efa_errno.h of libfabric.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "probes/base/unseen.h"
#include "probes/data/step.h"
#include "probes/protocol/own_process.h"
#include "probes/protocol/pci_address.h"

namespace efa {

struct DataTransfer {
  std::string kind;  // "send", "read", "write"; "control": to a queue pair that is no more
  uint32_t bytes = 0;
  std::optional<int> status;        // ibv_wc.status; absent: no completion came in time
  std::optional<int> vendor_error;  // the device's own: ibv_wc tells 13 from 15 by it alone
  std::optional<bool> received;     // of a send: the receive that was posted for it completed
  std::optional<bool> equal;        // what arrived is what was sent
};

template <class Io>
void describe(Io& io, DataTransfer& transfer) {
  io("kind", transfer.kind);
  io("bytes", transfer.bytes);
  io("status", transfer.status);
  io("vendor_error", transfer.vendor_error);
  io("received", transfer.received);
  io("equal", transfer.equal);
}

struct DataDevice {
  PciAddress address;
  std::string name;
  std::vector<int> holders;      // processes that have its node open; then it is not tested
  std::optional<bool> idle;      // absent: not all processes could be seen
  bool other_test = false;       // another data test holds its lock file; then it is not tested
  std::optional<bool> locked;    // absent: not tested
  std::optional<Unseen> failed;  // the first call that failed
  std::optional<DataStep> failed_step;  // of it; absent: it was none of the preparing steps
  std::optional<int64_t> lockable;      // bytes that the process may lock; absent: any number
  std::vector<DataTransfer> transfers;
  std::optional<int64_t> pinned_bytes;
};

template <class Io>
void describe(Io& io, DataDevice& device) {
  io("address", device.address);
  io("name", device.name);
  io("holders", device.holders);
  io("idle", device.idle);
  io("other_test", device.other_test);
  io("locked", device.locked);
  io("failed", device.failed);
  io("failed_step", device.failed_step);
  io("lockable", device.lockable);
  io("transfers", device.transfers);
  io("pinned_bytes", device.pinned_bytes);
}

// A message from one device of the node to the next.
struct DataEdge {
  PciAddress from;
  PciAddress to;
  DataTransfer transfer;
};

template <class Io>
void describe(Io& io, DataEdge& edge) {
  io("from", edge.from);
  io("to", edge.to);
  io("transfer", edge.transfer);
}

// Of a device that moved all it was given: its counters before and after, as they are read in its
// own process, and what that process sent and received over it in between.
struct DataCounters {
  PciAddress address;
  std::optional<bool> shown;  // the kernel shows counters of it
  std::map<std::string, uint64_t> before;
  std::map<std::string, uint64_t> after;
  uint64_t sent = 0;  // bytes of sends
  uint64_t received = 0;
};

template <class Io>
void describe(Io& io, DataCounters& counters) {
  io("address", counters.address);
  io("shown", counters.shown);
  io("before", counters.before);
  io("after", counters.after);
  io("sent", counters.sent);
  io("received", counters.received);
}

struct DataFacts {
  std::optional<std::string> library;
  std::optional<Unseen> list_failed;
  std::optional<int> unreadable_processes;
  std::optional<std::string> not_tested;  // why those without a known user were not
  std::vector<DataDevice> devices;
  std::vector<DataEdge> ring;
  std::vector<DataCounters> counters;
  std::vector<PciAddress> taken;  // a process opened it while it was tested
  std::vector<Asked> asked;
};

template <class Io>
void describe(Io& io, DataFacts& facts) {
  io("library", facts.library);
  io("list_failed", facts.list_failed);
  io("unreadable_processes", facts.unreadable_processes);
  io("not_tested", facts.not_tested);
  io("devices", facts.devices);
  io("ring", facts.ring);
  io("counters", facts.counters);
  io("taken", facts.taken);
  io("asked", facts.asked);
}

}  // namespace efa
