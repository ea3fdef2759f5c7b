// Every machine of tests/nodes: what efa-doctor says of it from its files, against expected.json.
// UPDATE_EXPECTED=1 in the environment rewrites expected.json; its difference is to be reviewed.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

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

INSTANTIATE_TEST_SUITE_P(All, Nodes, testing::ValuesIn(names()), [](const auto& parameter) {
  std::string name = parameter.param;
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
});

}  // namespace
}  // namespace efa
