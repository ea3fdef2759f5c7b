// Every machine of tests/nodes: what efa-doctor says of it from its files, against expected.json.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "probes/base/describe.h"
#include "tests/support/expected_file.h"
#include "tests/support/faulty_node.h"

namespace efa {
namespace {

// A finding a line, so that a difference reads well.
std::string compact(const Value& report) {
  std::string funnel;
  for (const Value& stage : *report.find("funnel")->as<Array>()) {
    funnel += (funnel.empty() ? "" : ", ") + render_json(stage.text("stage")) + ": " +
              render_json(*stage.find("count"));
  }
  std::string findings;
  for (const auto& [code, result, subject] : claims_of(report)) {
    if (result != "fail" && result != "unknown") continue;
    findings += (findings.empty() ? "\n    " : ",\n    ") +
                render_json(Array{Value(code), Value(result), Value(subject)});
  }
  return "{\n  \"verdict\": " + render_json(*report.find("verdict")) +
         ",\n  \"summary\": " + render_json(*report.find("summary")) +
         ",\n  \"root_causes\": " + render_json(*report.find("root_causes")) +
         ",\n  \"funnel\": {" + funnel + "},\n  \"findings\": [" + findings + "]\n}\n";
}

std::vector<std::string> names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(TEST_NODES)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class Nodes : public testing::TestWithParam<std::string> {};

TEST_P(Nodes, SaysWhatIsExpected) {
  const TemporaryDirectory directory;
  write_node(synthetic_node(GetParam()), Tree(directory.path()));
  const AgentRun run = look_at_sysroot(directory.path(), synthetic_node(GetParam()).arguments);
  const Result<Value> report = parse_json(run.out, "report");
  ASSERT_TRUE(report.ok()) << run.out;
  EXPECT_TRUE(is_as_in(node_file(GetParam(), "expected.json"), compact(*report)));
  EXPECT_EQ(run.exit_code, 0) << "all of them are well";
  for (const Value& finding : *report->find("findings")->as<Array>()) {
    const std::string result = finding.text("result");
    const bool told = result == "fail" || result == "unknown";
    const bool alarm = told && finding.text("severity") != "info";
    EXPECT_FALSE(alarm) << finding.text("code") << ": " << finding.text("message");
  }
}

// One of them, looked at in another way than it is meant.
struct Alarm {
  const char* node;
  std::vector<std::string> arguments;
  const char* verdict;
  const char* cause;
};

TEST(NodeAlarms, AreGivenWhereOneOfThemIsMeantToHaveMore) {
  const Alarm alarms[] = {
      {"m6i.32xlarge-eks", {"--expect", "max"}, "unhealthy", "pci.none-found"},
      {"m5n.24xlarge-with-installer", {"--expect", "1"}, "unhealthy", "pci.none-found"},
      {"p5.48xlarge-image-bake", {}, "degraded", "cloud.rails-unused"},
      {"p5.48xlarge-pod", {"--expect", "16"}, "unhealthy", "node.not-given"},
      {"p5.48xlarge-pod-without-efa", {"--expect", "8"}, "unhealthy", "node.not-given"},
      {"p4d.24xlarge-vm-passthrough", {}, "unhealthy", "pci.driver-override"},
      {"p4d.24xlarge-vm-passthrough", {"--expect", "4"}, "unhealthy", "pci.driver-override"},
      {"p6e-gb200.36xlarge", {"--expect", "8"}, "unhealthy", "pci.fewer-than-expected"},
  };
  for (const Alarm& alarm : alarms) {
    const TemporaryDirectory directory;
    write_node(synthetic_node(alarm.node), Tree(directory.path()));
    const Result<Value> report =
        parse_json(look_at_sysroot(directory.path(), alarm.arguments).out, "report");
    ASSERT_TRUE(report.ok()) << alarm.node;
    EXPECT_EQ(report->text("verdict"), alarm.verdict) << alarm.node;
    EXPECT_EQ(root_causes_of(*report), std::vector<std::string>{alarm.cause}) << alarm.node;
  }
}

// The GPUs beside that EFA device, as the report's topology has them.
std::vector<std::string> gpus_beside(const std::string& name, const std::string& address) {
  const TemporaryDirectory directory;
  write_node(synthetic_node(name), Tree(directory.path()));
  const Result<Value> report = parse_json(look_at_sysroot(directory.path()).out, "report");
  const Value* devices = report ? report->find("devices") : nullptr;
  for (const Value& device : devices == nullptr ? Array{} : *devices->as<Array>()) {
    const Value* topology = device.find("topology");
    if (device.text("pci_address") != address || topology == nullptr) continue;
    const Value* gpus = topology->find("near_gpus");
    return from_value<std::vector<std::string>>(*gpus, "near_gpus").value_or({});
  }
  return {"no topology of " + address};
}

TEST(NodeTopology, NamesTheGpusBesideADevice) {
  using Gpus = std::vector<std::string>;
  EXPECT_EQ(gpus_beside("p5.48xlarge", "0000:52:00.0"), Gpus{"0000:53:00.0"}) << "of a switch";
  EXPECT_EQ(gpus_beside("p4d.24xlarge", "0000:a0:1b.0"), (Gpus{"0000:a0:1c.0", "0000:a0:1d.0"}))
      << "of a root bus";
  EXPECT_EQ(gpus_beside("g5.48xlarge", "0000:00:15.0"), Gpus{}) << "one bus of the whole machine";
}

TEST(NodeSize, SixtyFourDevicesAreAllWell) {
  const TemporaryDirectory directory;
  SyntheticNode node = synthetic_node("p5.48xlarge");
  set_efa_count(node, 64);
  write_node(node, Tree(directory.path()));
  const AgentRun run = look_at_sysroot(directory.path());
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_NE(run.out.find("64 of 64 EFA devices look well in the files"), std::string::npos);
}

// tests/agent/findings, as all_findings_test.cpp does it, here with what reads the files.
testing::AssertionResult findings_are_as_in(const std::string& file, const Value& report) {
  std::string lines;
  for (const Value& finding : *report.find("findings")->as<Array>()) {
    lines +=
        finding.text("code") + " " + finding.text("result") + " " + finding.text("subject") + "\n";
  }
  return is_as_in(std::string(TEST_FINDINGS) + "/" + file, lines);
}

TEST(AllFindings, OfFilesOfAMachineOnWhichAllIsWell) {
  FaultyNode node;
  EXPECT_EQ(node.changes(), Changes{});
  EXPECT_TRUE(findings_are_as_in("sysroot-healthy.txt", node.report()));
}

TEST(AllFindings, OfFilesOfAMachineWithAFaultOnEachRung) {
  FaultyNode node;
  const Tree& tree = node.tree();
  node.unbind(kAllEfa[0]);
  tree.file("/sys/devices/pci0000:20/0000:20:1b.0/config", std::string(64, '\xff'));
  tree.file("/sys/devices/pci0000:20/0000:20:1b.0/driver_override", "vfio-pci\n");
  tree.remove("/sys/class/infiniband/rdmap144s27");
  tree.remove("/sys/class/infiniband_verbs/uverbs2");  // else another namespace would have it
  tree.remove("/dev/infiniband/uverbs3");
  const std::string rdma = "/sys/devices/pci0000:a0/0000:a0:1b.0/infiniband/rdmap160s27/";
  tree.file(rdma + "ports/1/gids/0", "0000:0000:0000:0000:0000:0000:0000:0000\n");
  tree.file(rdma + "hw_counters/cmds_err", "rubbish");
  tree.file("/dev/kmsg", "3,902,1800000,-;efa 0000:10:1b.0: EFA device init failed\n");
  tree.file("/sys/module/ib_core/parameters/netns_mode", "N\n");
  tree.directory("/usr/src/ofa_kernel");
  node.set_locked_memory(812, "65536");
  EXPECT_NE(node.changes(), Changes{});
  EXPECT_EQ(node.verdict(), "unhealthy");
  EXPECT_TRUE(findings_are_as_in("sysroot-broken.txt", node.report()));
}

INSTANTIATE_TEST_SUITE_P(All, Nodes, testing::ValuesIn(names()), [](const auto& parameter) {
  std::string name = parameter.param;
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
});

}  // namespace
}  // namespace efa
