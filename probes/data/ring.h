// The devices of a node in a ring: the process of each sends one message to the next device's, so
// that it leaves by one interface and enters by another. They find each other by sockets that were
// there before them.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "probes/base/fd.h"
#include "probes/data/exchange.h"

namespace efa {

// What the process of one device holds of the sockets to its neighbours.
struct RingEnds {
  PciAddress next_device;
  Fd next;
  Fd previous;
};

// A ring of those devices, of two or more; of fewer, or without sockets, nothing.
std::vector<RingEnds> make_ring(const std::vector<PciAddress>& devices);

struct RingSeen {
  std::optional<DataTransfer> transfer;  // to the next device; absent: its process was not there
  uint64_t received = 0;                 // bytes from the device before
};

// Neighbours that do not come are waited for no longer than `stop`.
RingSeen go_around(const RingEnds& ends, DataPath& path, Exchange& exchange,
                   std::chrono::steady_clock::time_point stop);
// For a device that cannot take part: its neighbours need not wait.
void stay_out(const RingEnds& ends);

}  // namespace efa
