// Two faults that have nothing to do with each other, on one machine: each is told, of its own
// subject, and nothing else is blamed.

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/modes/pair_case.h"
#include "tests/modes/sick_device.h"
#include "tests/support/gpu_node.h"

namespace efa {
namespace {

// What fails, and nothing explains.
Blamed unexplained_in(const Value& report) {
  Blamed blamed;
  const Value* findings = report.find("findings");
  for (const Value& finding : findings == nullptr ? Array{} : *findings->as<Array>()) {
    const bool root = finding.text("result") == "fail" && finding.text("explained_by").empty();
    if (root) blamed.emplace(finding.text("code"), finding.text("subject"));
  }
  return blamed;
}

std::set<std::string> blamed_codes(const Blamed& blamed) {
  std::set<std::string> codes;
  for (const auto& [code, subject] : blamed) codes.insert(code);
  return codes;
}

void expect_both(const FaultsTogether& row) {
  const Value report = row.look();
  const Said said = said_of(report);
  Blamed blamed = unexplained_in(report);
  std::erase_if(blamed, [&](const auto& one) { return !said.causes.contains(one.first); });
  EXPECT_EQ(blamed, row.wanted) << row.name << ", said: " << said.verdict << "\n" << said.words;
  EXPECT_EQ(said.causes, blamed_codes(row.wanted)) << row.name;
}

// On one machine, with those of sick_device.h.

void let_slurmd_lock_little(Scene& scene) {
  for (ServiceLimits& service : scene.node.limits.facts.services) {
    if (service.name != "slurmd") continue;
    service.locked_memory =
        LockedMemory{.unlimited = false, .soft_kib = 64, .hard_unlimited = false, .hard_kib = 64};
  }
}

// It runs, and one that knows the devices lies on disk.
void keep_old_driver(Scene& scene) {
  KernelFacts& kernel = scene.node.kernel.facts;
  kernel.efa_version = "2.10.0g";
  scene.node.jobs.facts.processes.clear();
  drop_fabric(scene);
  for (size_t i = 0; i < scene.node.pci.facts.efa.size(); ++i) {
    scene.pci(i).device = "0xefa3";
    leave_unbound(scene, i);
  }
}

void lack_module(Scene& scene) {
  remove_driver(scene);
  KernelFacts& kernel = scene.node.kernel.facts;
  kernel.module_file.reset();
  kernel.known_device_ids.clear();
  kernel.dkms = {"efa/3.1.0 for 6.1.0-39-cloud-amd64"};
  scene.node.jobs.facts.processes.clear();
}

void boot_another_kernel_next(Scene& scene) {
  NextKernel next;
  next.release = "6.1.0-41-cloud-amd64";
  next.told_by = "/boot/grub/grub.cfg";
  next.has_driver = false;
  scene.node.kernel.facts.next_kernel = next;
}

void have_plain_libfabric(FabricFacts& fabric) {
  fabric.library = "/usr/lib64/libfabric.so.1";
  fabric.has_provider = false;
  fabric.getinfo_status = -61;
  fabric.devices.clear();
  fabric.domains.clear();
}

// Before that of the installer.
void put_plain_libfabric_first(Scene& scene) {
  auto& copies = scene.node.fabric;
  copies.push_back(copies.front());
  copies.back().outcome.name = "fabric:/opt/amazon/efa/lib";
  have_plain_libfabric(copies.front().facts);
}

void need_newer_libefa(Scene& scene) {
  silence(scene.node.fabric[0], ProbeStatus::kUnavailable,
          "probe-fabric: /lib/x86_64-linux-gnu/libefa.so.1: version `EFA_1.4' not found (required "
          "by /opt/amazon/efa/lib/libfabric.so.1)");
  scene.node.jobs.facts.processes.clear();
}

void put_in_group(Scene& scene, size_t i, const char* group) {
  scene.node.cloud.facts.interfaces.at(i).security_group_ids = {group};
}

void put_in_another_vpc(Scene& scene, size_t i) {
  scene.node.cloud.facts.interfaces.at(i).vpc_id = "vpc-0fedcba9876543210";
  put_in_group(scene, i, "sg-00000000000000002");
}

// All devices were read a minute ago; since then a counter of one of them has grown, and another
// one of another.
void grow_two_counters(Scene& scene) {
  constexpr uint64_t kGrown = 12'000;
  Past& past = scene.expectation.past;
  past.now_ms = 60'000;
  for (Counters& counters : scene.node.rdma.facts.counters) {
    counters.port["rx_drops"] = counters.port["unresponsive_remote_events"] = 1;
    CounterBaseline& baseline = past.baselines.emplace_back();
    baseline.address = counters.address;
    baseline.values = counters.port;
  }
  scene.node.rdma.facts.counters.at(0).port["rx_drops"] += kGrown;
  scene.node.rdma.facts.counters.at(2).port["unresponsive_remote_events"] += kGrown;
}

// One more efa-only interface than there are devices.
void attach_without_device(Scene& scene) {
  CloudInterface& interface = scene.node.cloud.facts.interfaces.emplace_back();
  interface.mac = "06:00:00:00:00:99";
  interface.interface_id = "eni-0123456789abcde99";
  interface.network_card = 4;
  interface.has_ipv4 = false;
  interface.has_ipv6 = false;
}

void route_strictly_without_rules(Scene& scene) {
  scene.node.net.facts.rules = 0;
  scene.node.net.facts.rp_filter = 1;
}

void set_what_libfabric_lacks(Scene& scene) {
  Job& job = scene.node.jobs.facts.processes.at(0);
  job.environment = {"FI_EFA_MTU_SIZE=8928"};
  job.libraries = std::vector<std::string>{"/opt/amazon/efa/lib/libfabric.so.1.21.0",
                                           "/usr/lib64/libibverbs.so.1.14.57.0"};
}

std::vector<FaultsTogether> faults_of_devices() {
  return {
      {"one has no driver, the node of another is not for this user",
       live_machine([](Scene& s) {
         restrict_mode(s, 1);
         drop_fabric(s);
         leave_unbound(s, 2);
       }),
       {{"node.restricted-mode", device(1)}, {"driver.not-bound", device(2)}}},
      {"one is given to a virtual machine, the node of another is missing",
       live_machine([](Scene& s) {
         lose_node(s, 1);
         give_to_virtual_machine(s, 2);
       }),
       {{"node.missing", device(1)}, {"pci.driver-override", device(2)}}},
      {"the node of one is that of something else, another does not open",
       live_machine([](Scene& s) {
         s.rdma(1).uverbs->number = "231:200";
         refuse_node(s, 1, ENXIO, "No such device or address");
         fail_to_open(s, 2, ENOMEM, "Cannot allocate memory");
       }),
       {{"node.wrong-number", device(1)}, {"verbs.cannot-open", device(2)}}},
      {"one is not registered, another may not be opened",
       live_machine([](Scene& s) {
         refuse_node(s, 1, EPERM, "Operation not permitted");
         lose_rdma(s, 2);
       }),
       {{"node.cannot-open", device(1)}, {"rdma.not-registered", device(2)}}},
      {"three are lost at three rungs",
       live_machine([](Scene& s) {
         fail_to_open(s, 2, ENOMEM, "Cannot allocate memory");
         lose_node(s, 1);
         leave_unbound(s, 3);
       }),
       {{"node.missing", device(1)},
        {"verbs.cannot-open", device(2)},
        {"driver.not-bound", device(3)}}},
      {"the queue of one is closed, another has no GID",
       live_machine([](Scene& s) {
         close_queue_of(s, 1);
         zero_gid(s, 2);
       }),
       {{"rdma.counters-fail", device(1)}, {"rdma.no-gid", device(2)}}},
      {"one drops packets, the peers of another are silent",
       live_machine(grow_two_counters),
       {{"counters.receive-drops", device(0)}, {"counters.remote-unresponsive", device(2)}}},
      {"one has vanished, another was never attached",
       live_machine([](Scene& s) {
         s.expectation.maximum = 6;
         s.expectation.past.devices = {address(9)};
       }),
       {{"pci.device-vanished", device(9)}, {"pci.fewer-than-maximum", kNodeSubject}}},
      {"one is attached and not on PCI, another was never attached",
       live_machine([](Scene& s) {
         s.expectation.exactly = 6;
         attach_without_device(s);
       }),
       {{"cloud.interface-not-on-pci", kNodeSubject}, {"pci.fewer-than-expected", kNodeSubject}}},
      {"one is attached and not on PCI, another has vanished",
       live_machine([](Scene& s) {
         s.expectation.exactly = 6;
         s.expectation.past.devices = {address(9)};
         attach_without_device(s);
       }),
       {{"cloud.interface-not-on-pci", kNodeSubject}, {"pci.device-vanished", device(9)}}},
  };
}

std::vector<FaultsTogether> faults_of_device_and_machine() {
  return {
      {"slurmd may lock little, a device is missing from verbs",
       live_machine([](Scene& s) {
         let_slurmd_lock_little(s);
         take_from_verbs(s, 1);
       }),
       {{"limits.memlock-low", "slurmd"}, {"verbs.not-listed", device(1)}}},
      {"the driver is old, the link of a device narrow",
       live_machine([](Scene& s) {
         keep_old_driver(s);
         s.pci(2).link->width = 4;
       }),
       {{"kernel.driver-stale", kNodeSubject}, {"pci.narrow-link", device(2)}}},
      {"an interface is in another group, a device hangs",
       live_machine([](Scene& s) {
         put_in_group(s, 2, "sg-00000000000000001");
         hang(s, 0);
       }),
       {{"cloud.no-common-security-group", kNodeSubject}, {"rdma.counters-hang", device(0)}}},
      {"the next kernel has no driver, a device hangs",
       live_machine([](Scene& s) {
         boot_another_kernel_next(s);
         hang(s, 3);
       }),
       {{"kernel.next-kernel-without-driver", kNodeSubject}, {"rdma.counters-hang", device(3)}}},
      {"the metadata service holds its probe, a device hangs",
       live_machine([](Scene& s) {
         silence(s.node.cloud, ProbeStatus::kTimedOut, "killed at the deadline");
         hang(s, 0);
       }),
       {{"probe.timed-out", "cloud"}, {"rdma.counters-hang", device(0)}}},
      {"libfabric has no provider, a node is missing",
       live_machine([](Scene& s) {
         lose_node(s, 1);
         have_plain_libfabric(s.fabric());
         s.node.jobs.facts.processes.clear();
       }),
       {{"fabric.no-efa-provider", kNodeSubject}, {"node.missing", device(1)}}},
      {"another libfabric comes first, a device is missing from verbs",
       live_machine([](Scene& s) {
         take_from_verbs(s, 1);
         put_plain_libfabric_first(s);
       }),
       {{"fabric.library-lists-fewer", "/usr/lib64/libfabric.so.1"},
        {"verbs.not-listed", device(1)}}},
      {"libfabric does not load, a device has no driver",
       live_machine([](Scene& s) {
         leave_unbound(s, 1);
         need_newer_libefa(s);
       }),
       {{"fabric.does-not-load", "fabric"}, {"driver.not-bound", device(1)}}},
  };
}

std::vector<FaultsTogether> faults_of_machine() {
  return {
      {"the kernel has no driver, and a file keeps it out",
       live_machine([](Scene& s) {
         lack_module(s);
         s.node.kernel.facts.blacklisted_by = "/etc/modprobe.d/no-efa.conf: blacklist efa";
       }),
       {{"kernel.driver-not-installed", kNodeSubject}, {"kernel.driver-blocked", kNodeSubject}}},
      {"an interface is in another VPC, another one in another group",
       live_machine([](Scene& s) {
         put_in_another_vpc(s, 3);
         put_in_group(s, 1, "sg-00000000000000001");
       }),
       {{"cloud.several-vpcs", kNodeSubject}, {"cloud.no-common-security-group", kNodeSubject}}},
      {"Fabric Manager does not run, a GPU is not taken",
       live_machine(with_gpus([](Scene& s) {
         gpu(s).fabric_manager.running = false;
         gpu(s).claimed->pop_back();
       })),
       {{"gpu.fabric-not-running", kNodeSubject}, {"gpu.not-claimed", accelerator(3)}}},
  };
}

TEST(Pairs, OfTwoDevicesAreBothTold) {
  for (const FaultsTogether& row : faults_of_devices()) expect_both(row);
}

TEST(Pairs, OfADeviceAndOfTheMachineAreBothTold) {
  for (const FaultsTogether& row : faults_of_device_and_machine()) expect_both(row);
}

TEST(Pairs, OfTheMachineAreBothTold) {
  for (const FaultsTogether& row : faults_of_machine()) expect_both(row);
}

TEST(Pairs, InTheFilesOfAMachineAreBothTold) {
  for (const FaultsTogether& row : pairs_in_files()) expect_both(row);
}

// What deserves a word is told beside another fault, and is no cause.
TEST(Pairs, WithAnInfoAreBothTold) {
  struct Told {
    const char* name;
    std::function<Value()> look;
    std::set<std::string> told;
    std::set<std::string> causes;
  };
  const Told rows[] = {
      {"a setting that libfabric has no more, no placement group",
       live_machine([](Scene& s) {
         set_what_libfabric_lacks(s);
         s.node.cloud.facts.placement_group.reset();
       }),
       {"jobs.setting-removed", "cloud.no-placement-group"},
       {}},
      {"strict rp_filter, few huge pages",
       live_machine([](Scene& s) {
         route_strictly_without_rules(s);
         s.node.limits.facts.hugepages_2m = 0;
       }),
       {"net.no-policy-routing", "limits.huge-pages-few"},
       {}},
      {"few huge pages, a node is missing",
       live_machine([](Scene& s) {
         s.node.limits.facts.hugepages_2m = 0;
         lose_node(s, 1);
       }),
       {"limits.huge-pages-few", "node.missing"},
       {"node.missing"}},
  };
  for (const Told& row : rows) {
    const Value report = row.look();
    const Said said = said_of(report);
    EXPECT_EQ(blamed_codes(unexplained_in(report)), row.told) << row.name << "\n" << said.words;
    EXPECT_EQ(said.causes, row.causes) << row.name;
  }
}

}  // namespace
}  // namespace efa
