// A healthy p4d.24xlarge of which a few files are changed: what does efa-doctor say now that it did
// not say before?
#pragma once

#include <map>

#include "tests/support/agent_run.h"

namespace efa {

// The first of its four EFA devices.
inline constexpr const char* kFirst = "0000:10:1b.0";
inline constexpr const char* kFirstPci = "/sys/devices/pci0000:10/0000:10:1b.0";
inline constexpr const char* kFirstRdma =
    "/sys/devices/pci0000:10/0000:10:1b.0/infiniband/rdmap16s27";
inline constexpr const char* kAllEfa[] = {"0000:10:1b.0", "0000:20:1b.0", "0000:90:1b.0",
                                          "0000:a0:1b.0"};

// code and subject -> its new result; "gone" when there is no such finding any more
using Changes = std::map<std::pair<std::string, std::string>, std::string>;

class FaultyNode {
 public:
  FaultyNode();
  [[nodiscard]] const Tree& tree() const { return tree_; }
  // Findings whose result is not that of the healthy node.
  Changes changes(const std::vector<std::string>& more_arguments = {});
  [[nodiscard]] const std::string& path() const { return directory_.path(); }
  [[nodiscard]] const Value& report() const { return report_; }  // of the last changes()
  [[nodiscard]] std::string verdict() const { return report_.text("verdict"); }
  [[nodiscard]] std::vector<std::string> root_causes() const { return root_causes_of(report_); }

  void unbind(const std::string& address) const;  // no driver, hence no RDMA device
  void unload_driver() const;                     // of all devices
  void set_locked_memory(int pid, const std::string& bytes) const;

 private:
  TemporaryDirectory directory_;
  Tree tree_;
  SyntheticNode node_;
  Value report_;
};

// What unbind() takes away of a device beyond the finding meant.
Changes without_rdma(const std::string& address);
// What is gone where efa drives no device at all: which way GPU memory reaches it.
Changes without_gpu_paths();

}  // namespace efa
