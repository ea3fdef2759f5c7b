// A sysroot may hold anything: whatever it is, the pass ends in time with a valid report, reads
// nothing outside of it, and says unknown where it could not look.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "probes/base/bounds.h"
#include "probes/protocol/pci_address.h"
#include "tests/support/faulty_node.h"

namespace efa {
namespace {

constexpr int64_t kDeadlineMs = 10'000;  // the default of the configuration
constexpr int kUnhealthy = 2;            // exit codes
constexpr int kUnknown = 3;

// Files of every probe, of which each could be replaced.
std::vector<std::string> files() {
  return {
      std::string(kFirstPci) + "/vendor",
      std::string(kFirstPci) + "/device",
      std::string(kFirstPci) + "/config",
      std::string(kFirstPci) + "/numa_node",
      std::string(kFirstPci) + "/current_link_speed",
      std::string(kFirstPci) + "/driver_override",
      std::string(kFirstPci) + "/p2p",
      std::string(kFirstRdma) + "/ports/1/gids/0",
      std::string(kFirstRdma) + "/hw_counters/cmds_err",
      std::string(kFirstPci) + "/infiniband_verbs/uverbs0/dev",
      std::string(kFirstPci) + "/infiniband_verbs/uverbs0/ibdev",
      "/sys/devices/virtual/dmi/id/product_name",
      "/sys/module/efa/version",
      "/sys/module/nvidia/version",
      "/proc/driver/nvidia/version",
      "/proc/driver/nvidia/params",
      "/sys/devices/system/cpu/online",
      "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages",
      "/proc/sys/kernel/hostname",
      "/proc/sys/kernel/random/boot_id",
      "/proc/sys/kernel/yama/ptrace_scope",
      "/proc/812/limits",
      "/proc/812/comm",
      "/proc/meminfo",
      "/etc/os-release",
      "/opt/amazon/efa_installed_packages",
      "/lib/modules/6.1.177-224.371.amzn2023.x86_64/modules.dep",
      "/lib/modules/6.1.177-224.371.amzn2023.x86_64/modules.alias",
      "/dev/kmsg",
      "/dev/infiniband/uverbs0",
      "/topology.xml",
  };
}

class Hostile : public testing::Test {
 protected:
  Hostile() : tree_(directory_.path()) { write_node(synthetic_node("p4d.24xlarge"), tree_); }

  [[nodiscard]] const Tree& tree() const { return tree_; }

  template <class Put>
  void replace_all(const Put& put) {
    for (const std::string& file : files()) {
      tree_.remove(file);
      put(file, tree_.at(file));
    }
  }

  // The report of one pass, which must be valid and in time.
  AgentRun look(const std::vector<std::string>& more = {}) {
    AgentRun run = look_at_sysroot(directory_.path(), more);
    const Result<Value> report = parse_json(run.out, "report");
    EXPECT_TRUE(report.ok()) << run.exit_code << ": " << run.out.substr(0, 1000);
    EXPECT_LT(run.duration_ms, kDeadlineMs);
    report_ = report.value_or(Value(Object{}));
    return run;
  }
  [[nodiscard]] const Value& report() const { return report_; }

  // Never healthy where so much could not be read, and not for want of a probe.
  void expect_unwell(const AgentRun& run) const {
    EXPECT_TRUE(run.exit_code == kUnhealthy || run.exit_code == kUnknown) << run.exit_code;
    for (const auto& [code, result, subject] : claims_of(report_)) {
      const bool of_probe = code.starts_with("probe.") && result == "fail";
      EXPECT_FALSE(of_probe) << code << " " << subject;
    }
  }

 private:
  TemporaryDirectory directory_;
  Tree tree_;
  Value report_;
};

TEST_F(Hostile, GarbageInEveryFileIsReported) {
  std::string every_byte;
  for (int byte = 0; byte < 256; ++byte) every_byte += static_cast<char>(byte);
  const std::string escape = "\x1b[2J\x1b]0;title\x07\xff\xfe\xc0\xaf\n";
  for (const std::string& text : {every_byte, escape, std::string(5000, '9'), std::string()}) {
    replace_all([&](const std::string& file, const std::string&) { tree().file(file, text); });
    expect_unwell(look());
  }
}

TEST_F(Hostile, TextForATerminalHoldsNoControlBytes) {
  tree().file("/proc/sys/kernel/hostname", "a\x1b[2Jb\n");
  tree().file(std::string(kFirstPci) + "/driver_override", "vfio\x1b]0;title\x07\n");
  const AgentRun run =
      run_agent({"--once", "--sysroot", tree().at(""), "--format", "text", "--no-deliver"});
  EXPECT_NE(run.out.find("vfio"), std::string::npos);
  EXPECT_EQ(run.out.find('\x1b'), std::string::npos) << run.out;
  EXPECT_EQ(run.out.find('\x07'), std::string::npos);
}

TEST_F(Hostile, AGigabyteInPlaceOfAFileIsNotRead) {
  replace_all([&](const std::string&, const std::string& path) {
    std::ofstream(path).close();
    std::filesystem::resize_file(path, uintmax_t{1} << 30U);  // sparse
  });
  expect_unwell(look());
}

TEST_F(Hostile, AFifoInPlaceOfAFileHangsNobody) {
  replace_all([&](const std::string&, const std::string& path) {
    ASSERT_EQ(mkfifo(path.c_str(), 0666), 0);
  });
  expect_unwell(look());
}

TEST_F(Hostile, LoopsOfLinksAreNoEndlessLoops) {
  replace_all([&](const std::string&, const std::string& path) {
    std::filesystem::create_symlink(std::filesystem::path(path).filename(), path);
  });
  std::filesystem::create_symlink("../../../..", tree().at(kFirstPci) + "/loop");
  std::filesystem::create_symlink("..", tree().at("/etc/modprobe.d"));
  expect_unwell(look());
}

TEST_F(Hostile, DirectoriesInPlaceOfFilesAreReported) {
  replace_all([&](const std::string& file, const std::string&) { tree().directory(file); });
  expect_unwell(look());
}

// More than any machine has: the entries themselves cost the pass no more than its deadline.
TEST_F(Hostile, TensOfThousandsOfEntriesEndInTime) {
  constexpr int kMany = 30'000;
  for (const char* directory : {"/sys/bus/pci/devices", "/sys/class/infiniband", "/proc"}) {
    for (int i = 0; i < kMany; ++i) {
      const std::string path = tree().at(directory) + "/" + std::to_string(1'000'000 + i);
      ASSERT_EQ(symlink("nothing", path.c_str()), 0) << path;
    }
  }
  EXPECT_EQ(look().exit_code, kUnknown);
}

TEST_F(Hostile, AsManyDevicesAsNoMachineHasEndInTime) {
  constexpr unsigned kMany = 5'000;
  for (unsigned i = 0; i < kMany; ++i) {
    const PciAddress address{0x100 + i / 256, static_cast<uint8_t>(i % 256), 0, 0};
    const std::string pci = tree().at("/sys/bus/pci/devices/") + address.to_text();
    const std::string rdma = tree().at("/sys/class/infiniband/") + "many" + std::to_string(i);
    ASSERT_EQ(symlink((std::string("../../../..") + kFirstPci).c_str(), pci.c_str()), 0);
    ASSERT_EQ(symlink((std::string("../../..") + kFirstRdma).c_str(), rdma.c_str()), 0);
  }
  expect_unwell(look());
  const Value* devices = report().find("devices");
  ASSERT_NE(devices, nullptr);
  EXPECT_EQ(devices->as<Array>()->size(), kMaxDevices);
}

TEST_F(Hostile, LinksOutOfTheSysrootShowNothingOfThisMachine) {
  const TemporaryDirectory outside;
  const std::string secret = outside.path() + "/secret";
  std::ofstream(secret) << "SECRET-OF-THE-HOST\n";
  const std::string up = "../../../../../../../../../../../../../../../../..";
  for (const std::string& target : {secret, up + secret, "/proc/self/root" + secret}) {
    replace_all([&](const std::string&, const std::string& path) {
      std::filesystem::create_symlink(target, path);
    });
    EXPECT_EQ(look().out.find("SECRET-OF-THE-HOST"), std::string::npos) << target;
  }
}

TEST_F(Hostile, LinkedDirectoriesShowNothingOfThisMachine) {
  for (const char* directory : {"/sys", "/proc", "/etc", "/lib", "/dev", "/opt"}) {
    tree().remove(directory);
    std::filesystem::create_symlink("../../../../../../../.." + std::string(directory),
                                    tree().at(directory));
  }
  EXPECT_EQ(look().exit_code, kUnknown);
  const Value* node = report().find("node");
  ASSERT_NE(node, nullptr);
  EXPECT_EQ(render_json(*node), "{}");
}

TEST_F(Hostile, UnreadableFilesAreReported) {
  if (geteuid() == 0) GTEST_SKIP() << "root reads everything";
  for (const std::string& file : files()) chmod(tree().at(file).c_str(), 0);
  expect_unwell(look());
}

TEST_F(Hostile, WithoutSysTheVerdictIsUnknown) {
  tree().remove("/sys");
  EXPECT_EQ(look().exit_code, kUnknown);
  EXPECT_EQ(look({"--expect", "4"}).exit_code, kUnknown);
}

TEST_F(Hostile, WithoutProcTheVerdictIsUnknown) {
  tree().remove("/proc");
  EXPECT_EQ(look().exit_code, kUnknown);
}

TEST_F(Hostile, AnEmptySysrootIsUnknownAndShowsNothingOfThisMachine) {
  const TemporaryDirectory empty;
  const AgentRun run = look_at_sysroot(empty.path());
  EXPECT_EQ(run.exit_code, kUnknown);
  const Result<Value> report = parse_json(run.out, "report");
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->text("verdict"), "unknown");
  EXPECT_EQ(render_json(*report->find("node")), "{}");
}

TEST_F(Hostile, AReportOnAnotherMachineNamesNothingOfThisOne) {
  utsname host{};
  ASSERT_EQ(uname(&host), 0);
  std::ifstream boot("/proc/sys/kernel/random/boot_id");
  std::string boot_id;
  boot >> boot_id;
  const AgentRun run = look();
  ASSERT_EQ(run.exit_code, 0);
  for (const std::string& own : {std::string(host.release), std::string(host.nodename), boot_id}) {
    EXPECT_TRUE(own.size() < 4 || run.out.find(own) == std::string::npos) << own;
  }
  const Value* limits = report().find("facts")->find("limits");
  ASSERT_NE(limits, nullptr);
  for (const char* own : {"shm_total_kib", "own_locked_memory", "effective_uid", "cgroup"}) {
    EXPECT_EQ(limits->find(own), nullptr) << own;
  }
}

}  // namespace
}  // namespace efa
