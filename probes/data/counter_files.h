// A device's own counters of its port, as the kernel shows them in hw_counters: each file is an
// admin command, answered from what the kernel has where that is younger than "lifespan".
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "probes/protocol/emitter.h"
#include "probes/protocol/sysroot.h"

namespace efa {

inline constexpr const char* kDataCounters[] = {"tx_bytes",   "tx_pkts",  "rx_bytes",   "rx_pkts",
                                                "send_bytes", "send_wrs", "recv_bytes", "recv_wrs"};

class CounterFiles {
 public:
  CounterFiles(const Sysroot& root, const Emitter& out, const std::string& name)
      : root_(root),
        out_(out),
        directory_("/sys/class/infiniband/" + name + "/ports/1/hw_counters") {}

  [[nodiscard]] bool shown() const { return root_.exists(directory_); }
  // Of those names what there is.
  [[nodiscard]] std::map<std::string, uint64_t> read(std::span<const char* const> names) const;
  // Until what is read is no older than now.
  void outlive() const;

 private:
  const Sysroot& root_;
  const Emitter& out_;
  std::string directory_;
};

}  // namespace efa
