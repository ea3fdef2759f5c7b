#include "tests/support/faulty_node.h"

#include <gtest/gtest.h>

namespace efa {
namespace {

Changes results_of(const Value& report) {
  Changes results;
  for (const auto& [code, result, subject] : claims_of(report)) results[{code, subject}] = result;
  return results;
}

Value look(const std::string& directory, const std::vector<std::string>& more) {
  const AgentRun run = look_at_sysroot(directory, more);
  const Result<Value> report = parse_json(run.out, "report");
  EXPECT_TRUE(report.ok()) << run.exit_code << ": " << run.out;
  return report.value_or(Value(Object{}));
}

// What SSM keeps of an output, with each root cause in it.
void expect_text(const std::string& directory, const std::vector<std::string>& more,
                 const Value& report) {
  constexpr size_t kKept = 2'300;
  const std::vector<std::string> causes = root_causes_of(report);
  if (causes.empty()) return;
  const std::string text = text_of_sysroot(directory, more);
  EXPECT_LE(text.size(), kKept) << text;
  for (const std::string& code : causes) {
    EXPECT_NE(text.find("  " + code), std::string::npos) << code << text;
  }
}

const Changes& healthy() {
  static const Changes kResults = [] {
    const TemporaryDirectory directory;
    write_node(synthetic_node("p4d.24xlarge"), Tree(directory.path()));
    const Value report = look(directory.path(), {});
    EXPECT_EQ(report.text("verdict"), "healthy");
    return results_of(report);
  }();
  return kResults;
}

}  // namespace

FaultyNode::FaultyNode() : tree_(directory_.path()), node_(synthetic_node("p4d.24xlarge")) {
  write_node(node_, tree_);
}

Changes FaultyNode::changes(const std::vector<std::string>& more_arguments) {
  report_ = look(directory_.path(), more_arguments);
  expect_text(directory_.path(), more_arguments, report_);
  const Changes& before = healthy();
  const Changes now = results_of(report_);
  Changes changes;
  for (const auto& [finding, result] : before) {
    const auto found = now.find(finding);
    const std::string is = found == now.end() ? "gone" : found->second;
    if (is != result) changes[finding] = is;
  }
  for (const auto& [finding, result] : now) {
    if (!before.contains(finding)) changes[finding] = result;
  }
  return changes;
}

void FaultyNode::unbind(const std::string& address) const {
  for (const SyntheticFunction& function : node_.functions) {
    if (function.address() != address) continue;
    tree_.remove("/sys/devices/" + function.at + "/driver");
    tree_.remove("/sys/class/infiniband/" + *function.name);
  }
}

void FaultyNode::unload_driver() const {
  for (const char* address : kAllEfa) unbind(address);
  tree_.remove("/sys/module/efa");
  tree_.remove("/sys/bus/pci/drivers/efa");
}

void FaultyNode::set_locked_memory(int pid, const std::string& bytes) const {
  tree_.file("/proc/" + std::to_string(pid) + "/limits",
             "Max locked memory         " + bytes + "                " + bytes + " bytes\n");
}

Changes without_gpu_paths() {
  Changes changes;
  for (const char* code :
       {"gpu.no-memory-path", "gpu.proprietary-cut-off", "gpu.efa-too-old-for-nvidia",
        "gpu.libfabric-needs-p2p", "gpu.peermem-missing", "gpu.plugin-needs-p2p"}) {
    changes[{code, "node"}] = "gone";
  }
  return changes;
}

Changes without_rdma(const std::string& address) {
  Changes changes;
  for (const char* code :
       {"rdma.counters-hang", "rdma.counters-fail", "rdma.no-gid", "node.missing",
        "node.wrong-number", "node.cannot-open", "node.restricted-mode"}) {
    changes[{code, address}] = "gone";
  }
  return changes;
}

}  // namespace efa
