// What a probe's reader says of a machine that a recording shows: in this process, with nothing of
// this machine.
#pragma once

#include <chrono>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "probes/protocol/probe_main.h"

namespace efa {

// A recording's line of one look: seen("read", "/proc/uptime", "5.1 3.0")
std::string seen(const std::string& verb, const std::string& path, const Value& is);
std::string unseen(const std::string& verb, const std::string& path, int os_error);
// The looks that make an RDMA device one of the EFA function at that PCI address.
std::string efa_behind(const std::string& name, const std::string& pci_address);

// Where a reader speaks: its lines so far can be looked at from within.
class Said {
 public:
  Said();
  Said(const Said&) = delete;
  Said& operator=(const Said&) = delete;
  ~Said();

  // Runs it on the machine that the looks show.
  void read(const std::string& looks, const std::function<void(const Look&)>& reader,
            const std::map<std::string, std::string>& options = {});
  void read(const Sysroot& root, const std::function<void(const Look&)>& reader,
            const std::map<std::string, std::string>& options = {},
            std::chrono::seconds limit = std::chrono::seconds(60));
  [[nodiscard]] std::vector<std::string> lines() const;
  // The facts, as the agent takes them together.
  [[nodiscard]] Value facts() const;

 private:
  int fd_;
};

}  // namespace efa
