// What people read of ten nodes, at 80 and at 200 columns: tests/agent/texts. To renew them:
//   UPDATE_EXPECTED=1 build/dev/tests/node-tests --gtest_filter='NodeTexts*'

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <regex>

#include "tests/support/expected_file.h"
#include "tests/support/faulty_node.h"

namespace efa {
namespace {

struct TextCase {
  const char* name;
  const char* node;  // of tests/nodes
  std::function<void(const Tree&)> change;
  std::vector<std::string> arguments;
};

void nothing(const Tree& /*tree*/) {}

// Of all EFA devices of a p5.48xlarge the driver.
void unbind_all(const Tree& tree) {
  for (const SyntheticFunction& function : synthetic_node("p5.48xlarge").functions) {
    if (!function.is_efa()) continue;
    tree.remove("/sys/devices/" + function.at + "/driver");
    tree.remove("/sys/class/infiniband/" + *function.name);
  }
}

// The driver is bound to all, and offers none of them.
void offer_nothing(const Tree& tree) {
  for (const SyntheticFunction& function : synthetic_node("p5.48xlarge").functions) {
    if (function.is_efa()) tree.remove("/sys/class/infiniband/" + *function.name);
  }
}

void blacklist(const Tree& tree) {
  tree.file("/etc/modprobe.d/local.conf", "blacklist efa\n");
  for (const char* address : kAllEfa) {
    tree.remove("/sys/devices/pci" + std::string(address).substr(0, 7) + "/" + address + "/driver");
  }
  tree.remove("/sys/module/efa");
  tree.remove("/sys/bus/pci/drivers/efa");
  tree.remove("/sys/class/infiniband");
}

void a_fault_on_each_rung(const Tree& tree) {
  tree.remove(std::string(kFirstPci) + "/driver");
  tree.remove("/sys/class/infiniband/rdmap16s27");
  tree.file("/sys/devices/pci0000:20/0000:20:1b.0/config", std::string(64, '\xff'));
  tree.file("/sys/devices/pci0000:20/0000:20:1b.0/driver_override", "vfio-pci\n");
  tree.remove("/sys/class/infiniband/rdmap144s27");
  tree.remove("/dev/infiniband/uverbs3");
  tree.file("/sys/module/ib_core/parameters/netns_mode", "N\n");
  tree.file("/proc/812/limits",
            "Max locked memory         65536                65536                bytes\n");
}

std::vector<TextCase> cases() {
  return {
      {"p5-healthy", "p5.48xlarge", nothing, {}},
      {"p5-unbound", "p5.48xlarge", unbind_all, {}},
      {"p5-no-rdma-device", "p5.48xlarge", offer_nothing, {}},
      {"p4d-blacklisted", "p4d.24xlarge", blacklist, {}},
      {"p4d-each-rung", "p4d.24xlarge", a_fault_on_each_rung, {}},
      {"p5-image-bake", "p5.48xlarge-image-bake", nothing, {}},
      {"m6i-none-found", "m6i.32xlarge-eks", nothing, {"--expect", "max"}},
      {"p5-pod-too-few", "p5.48xlarge-pod", nothing, {"--expect", "16"}},
      {"t3-no-efa", "t3.micro", nothing, {}},
      {"no-sys", "p4d.24xlarge", [](const Tree& tree) { tree.remove("/sys"); }, {}},
  };
}

class NodeTexts : public testing::TestWithParam<TextCase> {};

TEST_P(NodeTexts, AreAsKept) {
  const TextCase& row = GetParam();
  const TemporaryDirectory directory;
  const Tree tree(directory.path());
  write_node(synthetic_node(row.node), tree);
  row.change(tree);
  for (const char* columns : {"80", "200"}) {
    setenv("COLUMNS", columns, 1);
    const std::string text = std::regex_replace(text_of_sysroot(directory.path(), row.arguments),
                                                std::regex("took [0-9]+ ms"), "took N ms");
    unsetenv("COLUMNS");
    EXPECT_LE(text.size(), 2'300U);
    EXPECT_TRUE(is_as_in(std::string(TEST_TEXTS) + "/" + row.name + "-" + columns + ".txt", text));
  }
}

INSTANTIATE_TEST_SUITE_P(Ten, NodeTexts, testing::ValuesIn(cases()), [](const auto& row) {
  std::string name = row.param.name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

// As the text of a machine, of every one there is.
TEST(NodeTextSize, OfAllMachinesIsKeptBySsm) {
  for (const auto& entry : std::filesystem::directory_iterator(TEST_NODES)) {
    const std::string name = entry.path().filename().string();
    for (const char* expect : {"auto", "max", "64"}) {
      const TemporaryDirectory directory;
      write_node(synthetic_node(name), Tree(directory.path()));
      const std::string text = text_of_sysroot(directory.path(), {"--expect", expect});
      EXPECT_LE(text.size(), 2'300U) << name << text;
    }
  }
}

TEST(NodeTopologyText, DrawsAP5In80Columns) {
  const TemporaryDirectory directory;
  const Tree tree(directory.path());
  write_node(synthetic_node("p5.48xlarge"), tree);
  const std::string at = "/sys/devices/pci0000:44/0000:44:00.0/0000:45:00.0/0000:46:01.0/";
  tree.file(at + "0000:4f:00.0/current_link_width", "4\n");
  const std::string text = run_agent({"topology", "--sysroot", directory.path()}).out;
  EXPECT_TRUE(is_as_in(std::string(TEST_TEXTS) + "/p5-topology.txt", text));
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find('\n', start), text.size());
    EXPECT_LE(end - start, 80U) << text.substr(start, end - start);
    start = end + 1;
  }
  const std::string svg =
      run_agent({"topology", "--format", "svg", "--sysroot", directory.path()}).out;
  EXPECT_TRUE(is_as_in(std::string(TEST_TEXTS) + "/p5-topology.svg", svg));
}

}  // namespace
}  // namespace efa
