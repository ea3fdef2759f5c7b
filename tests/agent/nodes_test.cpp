// Every machine of tests/nodes: what efa-doctor says of it from its files, against expected.json.
// UPDATE_EXPECTED=1 in the environment rewrites expected.json; its difference is to be reviewed.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "probes/protocol/describe.h"
#include "tests/support/agent_run.h"

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

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
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
  const AgentRun run = look_at_sysroot(directory.path());
  const Result<Value> report = parse_json(run.out, "report");
  ASSERT_TRUE(report.ok()) << run.out;
  const std::string expected = node_file(GetParam(), "expected.json");
  if (std::getenv("UPDATE_EXPECTED") != nullptr) std::ofstream(expected) << compact(*report);
  EXPECT_EQ(compact(*report), text_of(expected));
  EXPECT_EQ(run.exit_code, 0) << "all of them are well";
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
  EXPECT_NE(run.out.find("64 EFA devices work as far as files show"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(All, Nodes, testing::ValuesIn(names()), [](const auto& parameter) {
  std::string name = parameter.param;
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
});

}  // namespace
}  // namespace efa
