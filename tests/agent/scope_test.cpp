// Which devices are judged: not those that were set aside, and in a container those that it was
// given.

#include "agent/diagnose/scope.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "tests/support/healthy_node.h"

namespace efa {
namespace {

using Codes = std::vector<std::string>;
constexpr size_t kDevices = 4;

// Device 1 is a virtual machine's.
Scene with_passthrough() {
  Scene scene = healthy_scene(kDevices);
  scene.pci(1).driver = scene.pci(1).driver_override = "vfio-pci";
  lose_rdma(scene, 1);
  scene.expectation.past.devices = {address(0), address(1), address(2), address(3)};
  scene.node.log.facts.functions = {address(0), address(1), address(2), address(3)};
  return scene;
}

TEST(Scope, ADeviceOfAVirtualMachineIsAFaultUntilItIsSetAside) {
  EXPECT_EQ(look(with_passthrough()).root_causes, Codes{"pci.driver-override"});
  const Diagnosis aside = look(with_passthrough(), {}, {address(1)});
  EXPECT_EQ(aside.verdict, Verdict::kHealthy) << aside.summary;
  EXPECT_EQ(aside.expectation.set_aside, std::set<PciAddress>{address(1)});
  EXPECT_EQ(aside.expectation.maximum, 3) << "it counts no more";
}

TEST(Scope, ADeviceBeyondTheExpectedNumberThatAnotherDriverHoldsIsSetAside) {
  EXPECT_EQ(look(with_passthrough(), {3}).verdict, Verdict::kHealthy);
  EXPECT_EQ(look(with_passthrough(), {4}).verdict, Verdict::kUnhealthy);
  Scene all = healthy_scene(1);
  all.pci(0).driver = "vfio-pci";
  lose_rdma(all, 0);
  EXPECT_EQ(look(all, {0}).verdict, Verdict::kNotApplicable) << "a host of virtual machines";
}

TEST(Scope, AcceleratorsAreMeasuredAgainstNoSetAsideDevice) {
  Scene scene = with_passthrough();
  for (size_t i = 0; i < kDevices; ++i) {
    scene.node.gpu.facts.efa.emplace_back().address = address(i);
  }
  leave_out({address(1)}, scene.node, scene.expectation.past);
  std::vector<PciAddress> left;
  for (const Accelerator& efa : scene.node.gpu.facts.efa) left.push_back(efa.address);
  EXPECT_EQ(left, (std::vector{address(0), address(2), address(3)}));
}

TEST(Scope, ASetAsideDeviceHidesNoFaultOfAnother) {
  Scene scene = with_passthrough();
  scene.pci(2).config = "ffffffff";
  EXPECT_EQ(look(scene, {3}).root_causes, Codes{"pci.config-space-dead"});
  EXPECT_EQ(look(scene, {}, {address(1)}).root_causes, Codes{"pci.config-space-dead"});
  scene.node.pci.facts.efa.erase(scene.node.pci.facts.efa.begin() + 3);
  EXPECT_EQ(look(scene, {}, {address(1)}).root_causes,
            (Codes{"pci.config-space-dead", "pci.device-vanished"}));
}

TEST(Scope, AnAddressThatIsNotThereMakesNoDeviceFewer) {
  const Diagnosis diagnosis = look(healthy_scene(3), {}, {address(9)});
  EXPECT_EQ(diagnosis.root_causes, Codes{"pci.fewer-than-maximum"});
  EXPECT_TRUE(diagnosis.expectation.set_aside.empty());
}

TEST(Scope, WordsOfTheDriverAboutItAreLeftOutToo) {
  Scene scene = with_passthrough();
  LogMessage message;
  message.priority = 3;
  message.address = address(1);
  message.text = "EFA device init failed";
  scene.node.log.facts.messages = {message};
  scene.node.log.facts.total = 1;
  EXPECT_EQ(finding_of(look(scene, {3}).findings, "log.driver-errors", device(1)), nullptr);
  EXPECT_NE(finding_of(look(scene).findings, "log.driver-errors", device(1)), nullptr);
}

// A pod that was given the first two of four.
Scene in_container() {
  Scene scene = healthy_scene(kDevices);
  LimitsFacts& limits = scene.node.limits.facts;
  limits.container = "kubernetes";
  limits.may_administer = false;
  limits.services.resize(1);
  for (const size_t i : {2, 3}) {
    scene.rdma(i).uverbs->present = false;
    std::erase(scene.fabric().devices, scene.rdma(i).name);
    std::erase(*scene.node.verbs.facts.listed, device(i));
  }
  return scene;
}

TEST(Scope, APodIsJudgedByWhatItWasGiven) {
  const Diagnosis diagnosis = look(in_container());
  EXPECT_EQ(diagnosis.verdict, Verdict::kHealthy) << diagnosis.summary;
  EXPECT_EQ(diagnosis.summary, "2 of 2 EFA devices work");
  EXPECT_EQ(diagnosis.expectation.given->devices, 2);
  EXPECT_EQ(look(in_container(), {2}).verdict, Verdict::kHealthy);
  EXPECT_EQ(look(in_container(), {std::nullopt, true}).verdict, Verdict::kHealthy)
      << "the type's number is no container's";
}

TEST(Scope, APodThatWasGivenTooFewIsTheManifestsFault) {
  const Diagnosis diagnosis = look(in_container(), {3});
  EXPECT_EQ(diagnosis.root_causes, Codes{"node.not-given"});
  const Finding* finding = finding_of(diagnosis.findings, "node.not-given", kNodeSubject);
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->check->actor, Actor::kJobOwner);
  EXPECT_EQ(finding->message,
            "this container (kubernetes) was given only 2 of the node's 4 EFA devices, not 3");
}

TEST(Scope, AContainerThatWasGivenNoneNeedsNone) {
  Scene scene = in_container();
  for (const size_t i : {0, 1}) scene.rdma(i).uverbs->present = false;
  const Diagnosis diagnosis = look(scene);
  EXPECT_EQ(diagnosis.verdict, Verdict::kNotApplicable);
  EXPECT_EQ(diagnosis.summary,
            "no EFA is expected: this container was given none of the node's 4 EFA devices");
  EXPECT_EQ(look(scene, {2}).root_causes, Codes{"node.not-given"});
}

TEST(Scope, AFaultOfAGivenDeviceIsFoundInAContainerToo) {
  Scene scene = in_container();
  scene.rdma(0).uverbs->open_errno = EPERM;
  scene.rdma(0).uverbs->open_error = "Operation not permitted";
  EXPECT_EQ(look(scene).root_causes, Codes{"node.cannot-open"});
}

TEST(Scope, ADeviceThatItsControlGroupNamesLacksItsNode) {
  Scene scene = in_container();
  scene.node.limits.facts.cgroup_devices = "c 1:3 rwm\nc 231:194 rwm";
  const Diagnosis diagnosis = look(scene);
  EXPECT_EQ(diagnosis.root_causes, Codes{"node.missing"});
  EXPECT_NE(finding_of(diagnosis.findings, "node.missing", device(2)), nullptr);
  EXPECT_EQ(finding_of(diagnosis.findings, "node.missing", device(3)), nullptr);
}

TEST(Scope, OnAHostAndInAPrivilegedContainerAMissingNodeIsAFault) {
  Scene privileged = in_container();
  privileged.node.limits.facts.may_administer = true;
  EXPECT_EQ(look(privileged).root_causes, Codes{"node.missing"});
  Scene host = in_container();
  host.node.limits.facts.container.reset();
  EXPECT_EQ(look(host).root_causes, Codes{"node.missing"});
}

// As Apptainer and enroot give it: what is missing there is missing on the host.
TEST(Scope, AContainerWithTheHostsDevWasGivenAllDevices) {
  Scene scene = in_container();
  scene.node.limits.facts.has_hosts_dev = true;
  EXPECT_EQ(look(scene).root_causes, Codes{"node.missing"});
  for (const size_t i : {2, 3}) scene.rdma(i).uverbs->present = true;
  EXPECT_FALSE(look(scene).expectation.given);
}

// As on types of many cards: only the first interface has an address.
void make_efa_only(Scene& scene) {
  for (size_t i = 1; i < kDevices; ++i) {
    scene.node.cloud.facts.interfaces[i].has_ipv4 = false;
    scene.node.cloud.facts.interfaces[i].has_ipv6 = false;
  }
}

// What AWS attached of devices that are not judged is no lost device, and no intent.
TEST(Scope, AnInterfaceOfADeviceThatIsLeftOutIsNotMissed) {
  Scene pod = in_container();
  make_efa_only(pod);
  EXPECT_EQ(look(pod).verdict, Verdict::kHealthy) << look(pod).summary;
  for (const size_t i : {2, 3}) pod.rdma(i).mac.reset();
  EXPECT_EQ(look(pod).verdict, Verdict::kHealthy) << look(pod).summary;

  Scene none = in_container();
  make_efa_only(none);
  for (const size_t i : {0, 1}) none.rdma(i).uverbs->present = false;
  EXPECT_EQ(look(none).verdict, Verdict::kNotApplicable) << look(none).summary;
  for (RdmaDevice& device : none.node.rdma.facts.devices) device.mac.reset();
  EXPECT_EQ(look(none).verdict, Verdict::kNotApplicable) << look(none).summary;

  Scene passthrough = with_passthrough();
  make_efa_only(passthrough);
  EXPECT_EQ(look(passthrough, {3}).verdict, Verdict::kHealthy) << look(passthrough, {3}).summary;
  EXPECT_EQ(look(passthrough, {}, {address(1)}).verdict, Verdict::kHealthy);
}

TEST(Scope, ADeviceThatIsLeftOutHidesNoLostOne) {
  Scene scene = with_passthrough();
  make_efa_only(scene);
  scene.node.pci.facts.efa.erase(scene.node.pci.facts.efa.begin() + 3);
  scene.node.log.facts.functions.pop_back();
  scene.expectation.past.devices.erase(address(3));
  lose_rdma(scene, 3);
  const Diagnosis diagnosis = look(scene, {}, {address(1)});
  EXPECT_EQ(diagnosis.verdict, Verdict::kUnhealthy);
  EXPECT_NE(finding_of(diagnosis.findings, "cloud.interface-not-on-pci", kNodeSubject), nullptr);
}

// The first card's device is left out; the interface beside it has an address, and its ENA function
// stands for no other's.
TEST(Scope, AnEnaFunctionBesideADeviceThatIsLeftOutHidesNoLostOne) {
  Scene scene = healthy_scene(kDevices);
  make_efa_only(scene);
  scene.node.pci.facts.ena = {{0, 0, 5, 0}};
  EXPECT_EQ(look(scene, {}, {address(0)}).verdict, Verdict::kHealthy);
  scene.node.pci.facts.efa.pop_back();
  lose_rdma(scene, 3);
  const auto missing = [&](const std::set<PciAddress>& set_aside) {
    const Diagnosis diagnosis = look(scene, {}, set_aside);
    return finding_of(diagnosis.findings, "cloud.interface-not-on-pci", kNodeSubject)->result;
  };
  EXPECT_EQ(missing({}), FindingResult::kFail);
  EXPECT_EQ(missing({address(0)}), FindingResult::kFail);
}

TEST(Scope, WhereNoneIsExpectedADeviceWithoutADriverIsNoFault) {
  Scene scene = healthy_scene(1);
  scene.pci(0).driver.reset();
  lose_rdma(scene, 0);
  scene.node.kernel.facts.efa_loaded = false;
  EXPECT_EQ(look(scene).verdict, Verdict::kUnhealthy);
  const Diagnosis none = look(scene, {0});
  EXPECT_EQ(none.verdict, Verdict::kNotApplicable) << none.summary;
  EXPECT_EQ(none.expectation.set_aside, std::set<PciAddress>{address(0)});
}

// Device 3 is in the network namespace of a pod.
TEST(Scope, ADeviceOfAnotherNetworkNamespaceIsRegisteredThere) {
  Scene scene = healthy_scene(kDevices);
  lose_rdma(scene, 3);
  scene.node.rdma.facts.elsewhere = {address(3)};
  EXPECT_EQ(look(scene).root_causes, Codes{"rdma.not-registered"}) << "all share one namespace";
  scene.node.kernel.facts.rdma_netns_shared = false;
  EXPECT_EQ(look(scene).verdict, Verdict::kHealthy);
  scene.node.limits.facts.container = "docker";
  EXPECT_EQ(look(scene).expectation.given->devices, 3);
}

// A pod with the nodes of all four, of which `own` have their RDMA devices in its namespace.
Scene pod_of_exclusive_namespaces(size_t own) {
  Scene scene = healthy_scene(kDevices);
  for (size_t i = own; i < kDevices; ++i) {
    lose_rdma(scene, i);
    scene.node.rdma.facts.elsewhere.push_back(address(i));
    scene.node.rdma.facts.elsewhere_node.push_back(address(i));
  }
  if (own == 0) drop_fabric(scene);
  scene.node.kernel.facts.rdma_netns_shared = false;
  scene.node.limits.facts.container = "kubernetes";
  return scene;
}

TEST(Scope, APodWithNodesOfAnotherNamespaceOnlyMayHaveBeenGivenThem) {
  const Diagnosis diagnosis = look(pod_of_exclusive_namespaces(0));
  EXPECT_EQ(diagnosis.verdict, Verdict::kUnknown) << diagnosis.summary;
  EXPECT_EQ(diagnosis.root_causes, Codes{});
}

TEST(Scope, OneWithADeviceOfItsOwnHasTheHostsNodesMounted) {
  EXPECT_EQ(look(pod_of_exclusive_namespaces(1)).verdict, Verdict::kHealthy);
}

TEST(Scope, OneThatMayAdministerSeesTheHostsDevices) {
  Scene scene = pod_of_exclusive_namespaces(0);
  scene.node.limits.facts.may_administer = true;
  EXPECT_NE(look(scene).verdict, Verdict::kUnhealthy);
}

TEST(Scope, NamespacesAreNoReasonWhyAHostsDeviceIsNotRegistered) {
  Scene scene = healthy_scene(kDevices);
  lose_rdma(scene, 3);
  scene.node.kernel.facts.rdma_netns_shared = false;
  EXPECT_EQ(look(scene).root_causes, Codes{"rdma.not-registered"});
}

}  // namespace
}  // namespace efa
