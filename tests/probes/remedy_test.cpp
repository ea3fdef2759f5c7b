// Commands as they are printed: filled in, one for all devices, and of the system that the node
// has.

#include "probes/judging/remedy.h"

#include <gtest/gtest.h>

#include "tests/support/check_case.h"

namespace efa {
namespace {

std::vector<std::string> commands(const Scene& scene, const std::string& code) {
  const auto findings = judge_all(scene.node, scene.expectation);
  std::vector<const Finding*> failing;
  for (const Finding& finding : findings) {
    if (finding.check->code == code && finding.result == kFail) failing.push_back(&finding);
  }
  return commands_of(failing);
}

// The only one.
std::string command(const Scene& scene, const std::string& code) {
  const std::vector<std::string> all = commands(scene, code);
  return all.size() == 1 ? all.front() : std::to_string(all.size()) + " commands";
}

Finding finding_in(const Scene& scene, const std::string& code, const std::string& subject) {
  const auto findings = judge_all(scene.node, scene.expectation);
  const Finding* finding = finding_of(findings, code, subject);
  return finding == nullptr ? Finding() : *finding;
}

TEST(Remedy, OfSeveralDevicesIsOneLoop) {
  Scene scene = healthy_scene();
  scene.pci(1).driver.reset();
  EXPECT_EQ(command(scene, "driver.not-bound"),
            "echo " + device(1) + " | sudo tee /sys/bus/pci/drivers/efa/bind");
  scene.pci(3).driver.reset();
  EXPECT_EQ(command(scene, "driver.not-bound"),
            "for d in " + device(1) + " " + device(3) +
                "; do echo $d | sudo tee /sys/bus/pci/drivers/efa/bind; done");
}

TEST(Remedy, OfTwoKindsIsTwoCommands) {
  Scene scene = healthy_scene();
  scene.pci(0).driver_override = "vfio-pci";
  scene.pci(1).driver = scene.pci(1).driver_override = "vfio-pci";
  const std::vector<std::string> all = commands(scene, "pci.driver-override");
  const std::string clear = " | sudo tee /sys/bus/pci/devices/";
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0], "echo" + clear + device(0) + "/driver_override");
  EXPECT_EQ(all[1], "echo" + clear + device(1) + "/driver_override; echo " + device(1) + clear +
                        device(1) + "/driver/unbind; echo " + device(1) +
                        " | sudo tee /sys/bus/pci/drivers/efa/bind");
  EXPECT_EQ(command(scene, "driver.wrong-driver"), all[1]);
}

TEST(Remedy, OfTheWholeNodeIsPrintedOnce) {
  Scene scene = healthy_scene();
  scene.rdma(0).name = "efa_0";
  scene.rdma(1).name = "efa_1";
  scene.node.software.facts.rename_rule = "/usr/lib/udev/rules.d/60-rdma-persistent-naming.rules";
  EXPECT_NE(command(scene, "rdma.name-not-persistent").find("--action=add"), std::string::npos);
}

TEST(Remedy, NamesTheInstanceAndItsRegion) {
  Scene scene = healthy_scene();
  scene.expectation.exactly = 5;
  scene.node.cloud.facts.instance_id = "i-0abc";
  scene.node.cloud.facts.region = "eu-west-1";
  const std::string known = command(scene, "pci.fewer-than-expected");
  EXPECT_TRUE(known.starts_with(
      "aws ec2 describe-instances --region eu-west-1 --instance-ids i-0abc --output"))
      << known;
  scene.node.cloud.facts.region.reset();
  scene.node.cloud.facts.instance_id.reset();
  scene.node.cloud.facts.dmi_asset_tag = "i-0def";
  const std::string by_tag = command(scene, "pci.fewer-than-expected");
  EXPECT_TRUE(by_tag.starts_with("aws ec2 describe-instances --instance-ids i-0def ")) << by_tag;
  scene.node.cloud.facts.dmi_asset_tag = "i-0; reboot";
  EXPECT_EQ(command(scene, "pci.fewer-than-expected"), "0 commands");
}

TEST(Remedy, MakesADeviceNodeWithTheKernelsNumbers) {
  Scene scene = healthy_scene();
  scene.rdma(2).uverbs->present = false;
  EXPECT_EQ(command(scene, "node.missing"),
            "sudo mkdir -p /dev/infiniband && sudo rm -rf /dev/infiniband/uverbs2 && sudo mknod -m "
            "666 /dev/infiniband/uverbs2 c $(tr : ' ' < "
            "/sys/class/infiniband_verbs/uverbs2/dev)");
  scene.rdma(2).uverbs->name = "uverbs2;reboot";
  EXPECT_EQ(command(scene, "node.missing"), "0 commands") << "a sysroot may hold any name";
}

TEST(Remedy, OfAContainerIsItsManifests) {
  Scene scene = healthy_scene();
  scene.rdma(2).uverbs->present = false;
  scene.node.kernel.facts.rdma_netns_shared = false;
  scene.node.limits.facts.container = "docker";
  const Finding missing = finding_in(scene, "node.missing", device(2));
  EXPECT_EQ(command_of(missing), "");
  EXPECT_NE(missing.remedy_text().find("vpc.amazonaws.com/efa"), std::string::npos);
  EXPECT_FALSE(missing.drain_first);
  const Finding shared = finding_in(scene, "kernel.rdma-netns-exclusive", kNodeSubject);
  EXPECT_NE(command_of(shared), "");
  EXPECT_TRUE(shared.remedy_text().starts_with("On the node, not in this container: "));
}

TEST(Remedy, OfBottlerocketNeedsNoSudoAndNoPackages) {
  Scene scene = healthy_scene();
  remove_driver(scene);
  scene.node.kernel.facts.os = "Bottlerocket OS 1.50.0 (aws-k8s-1.34)";
  EXPECT_EQ(command(scene, "kernel.driver-not-loaded"), "modprobe efa");
  scene.node.kernel.facts.module_file.reset();
  scene.node.kernel.facts.module_index_readable = true;
  EXPECT_EQ(command(scene, "kernel.driver-not-installed"), "0 commands");
  const Finding finding = finding_in(scene, "kernel.driver-not-installed", kNodeSubject);
  EXPECT_NE(finding.remedy_text().find("Bottlerocket"), std::string::npos);
}

TEST(Remedy, OfEksAutoModeReplacesTheNodeOrAsksForEfaByAPod) {
  Scene scene = healthy_scene();
  remove_driver(scene);
  scene.node.kernel.facts.os = "Bottlerocket (EKS Auto, Nvidia) 2026.4.23 (aws-k8s-1.34-nvidia)";
  scene.node.cloud.facts.instance_id = "i-0abc";
  EXPECT_EQ(command(scene, "kernel.driver-not-loaded"), "kubectl delete node i-0abc");
  scene.node.cloud.facts.instance_id.reset();
  scene.node.cloud.facts.dmi_asset_tag.reset();
  EXPECT_EQ(command(scene, "kernel.driver-not-loaded"), "0 commands");
  scene.expectation.exactly = 5;
  const Finding fewer = finding_in(scene, "pci.fewer-than-expected", kNodeSubject);
  EXPECT_NE(fewer.remedy_text().find("vpc.amazonaws.com/efa"), std::string::npos);
  EXPECT_EQ(command_of(fewer), "");
}

TEST(Remedy, LiftsWhatKeepsTheDriverOut) {
  const std::pair<const char*, const char*> rows[] = {
      {"/etc/modprobe.d/x.conf: blacklist efa",
       "sudo sed -i -E 's/^[[:space:]]*(blacklist|install)[[:space:]]+efa([[:space:]]|$)/# &/' "
       "/etc/modprobe.d/x.conf && sudo modprobe efa"},
      {"/etc/modprobe.d/x.conf: install ib_uverbs /bin/false",
       "sudo sed -i -E "
       "'s/^[[:space:]]*(blacklist|install)[[:space:]]+ib_uverbs([[:space:]]|$)/# &/' "
       "/etc/modprobe.d/x.conf && sudo modprobe efa"},
      {"/etc/modprobe.d/x.conf: install $(reboot)", "0 commands"},
      {"/proc/cmdline: modprobe.blacklist=efa", "sudo modprobe efa"},
      {"/proc/cmdline: module_blacklist=efa", "0 commands"},
      {"/etc/modprobe.d/$(reboot).conf: blacklist efa", "0 commands"},
  };
  for (const auto& [blocked_by, wanted] : rows) {
    Scene scene = healthy_scene();
    remove_driver(scene);
    scene.node.kernel.facts.blacklisted_by = std::string(blocked_by);
    EXPECT_EQ(command(scene, "kernel.driver-blocked"), wanted);
  }
}

TEST(Remedy, BuildsTheDriverOnlyWhereItsSourcesAre) {
  Scene scene = healthy_scene();
  remove_driver(scene);
  scene.node.kernel.facts.module_file.reset();
  scene.node.kernel.facts.module_index_readable = true;
  scene.node.kernel.facts.dkms.clear();
  EXPECT_NE(command(scene, "kernel.driver-not-installed").find("efa_installer.sh"),
            std::string::npos);
  scene.node.kernel.facts.dkms = {"efa/3.1.0 for 6.1.0-40-amd64"};
  EXPECT_TRUE(command(scene, "kernel.driver-not-installed").starts_with("sudo dkms autoinstall"));
}

TEST(Remedy, ARebindLooksForProcessesFirst) {
  Scene scene = healthy_scene();
  scene.node.rdma.facts.devices[1].gid = "0000:0000:0000:0000:0000:0000:0000:0000";
  scene.node.rdma.facts.devices[1].mac.reset();
  const std::string rebind = command(scene, "rdma.no-gid");
  EXPECT_LT(rebind.find("/proc/[0-9]*/fd"), rebind.find("drivers/efa/unbind")) << rebind;
  EXPECT_TRUE(finding_in(scene, "rdma.no-gid", device(1)).drain_first);
}

TEST(Remedy, OfTheInstallersLibfabricHasItsPath) {
  Scene scene = healthy_scene();
  drop_fabric(scene);
  scene.fabric().library = "/opt/amazon/efa/lib64/libfabric.so.1";
  EXPECT_EQ(command(scene, "fabric.not-listed"), "/opt/amazon/efa/bin/fi_info -p efa -t FI_EP_RDM");
  scene.fabric().library = "/lib/x86_64-linux-gnu/libfabric.so.1";
  EXPECT_EQ(command(scene, "fabric.not-listed"), "fi_info -p efa -t FI_EP_RDM");
}

TEST(Remedy, NamesNoUnitWhereThereIsNone) {
  Scene scene = healthy_scene();
  const LockedMemory little{false, 64, false, 64};
  scene.node.limits.facts.services = {{"slurmd", 900, little, std::nullopt}};
  EXPECT_EQ(command(scene, "limits.memlock-low"), "0 commands");
  scene.node.limits.facts.services.back().unit = "my-slurmd.service";
  EXPECT_NE(command(scene, "limits.memlock-low").find("restart my-slurmd.service"),
            std::string::npos);
}

TEST(Remedy, HugePagesAreTakenAtBootOnly) {
  Scene scene = healthy_scene();
  scene.node.limits.facts.hugepages_2m = 0;
  scene.node.limits.facts.cpus = 192;
  EXPECT_EQ(command(scene, "limits.huge-pages-few"),
            "echo 'vm.nr_hugepages = 10561' | sudo tee /etc/sysctl.d/zz-efa-hugepages.conf");
}

}  // namespace
}  // namespace efa
