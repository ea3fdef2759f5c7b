// Commands as they are printed: filled in, one for all devices, and of the system that the node
// has.

#include "probes/judging/remedy.h"

#include <gtest/gtest.h>

#include "probes/judging/installer.h"
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
       "sudo sed -i -E 's/^[[:space:]]*blacklist[[:space:]]+efa([[:space:]]|$)/# &/' "
       "/etc/modprobe.d/x.conf && sudo modprobe efa"},
      {"/etc/modprobe.d/x.conf: install ib_uverbs /bin/false",
       "sudo sed -i -E "
       "'s/^[[:space:]]*install[[:space:]]+ib_uverbs([[:space:]]|$)/# &/' "
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

TEST(Remedy, LiftsAllThatKeepsTheDriverOut) {
  Scene scene = healthy_scene();
  remove_driver(scene);
  scene.node.kernel.facts.blacklisted_by = "/etc/modprobe.d/x.conf: install ib_core /bin/false";
  scene.node.kernel.facts.also_kept_out_by = {"/etc/modprobe.d/y.conf: blacklist efa"};
  EXPECT_EQ(command(scene, "kernel.driver-blocked"),
            "sudo sed -i -E 's/^[[:space:]]*(blacklist[[:space:]]+efa|install[[:space:]]+ib_core)"
            "([[:space:]]|$)/# &/' /etc/modprobe.d/x.conf /etc/modprobe.d/y.conf && sudo modprobe "
            "efa");
  const Finding finding = finding_in(scene, "kernel.driver-blocked", kNodeSubject);
  EXPECT_EQ(finding.message,
            "kept out by /etc/modprobe.d/x.conf: install ib_core /bin/false; "
            "/etc/modprobe.d/y.conf: blacklist efa");
  EXPECT_NE(finding.evidence.observed.find("y.conf"), std::string::npos);
  scene.node.kernel.facts.also_kept_out_by = {"/proc/cmdline: module_blacklist=efa"};
  EXPECT_EQ(command(scene, "kernel.driver-blocked"), "0 commands")
      << "it holds until the next boot";
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

// No efa for the running kernel, and no DKMS that could build one.
Scene without_driver(const char* os) {
  Scene scene = healthy_scene();
  remove_driver(scene);
  scene.node.kernel.facts.module_file.reset();
  scene.node.kernel.facts.module_index_readable = true;
  scene.node.kernel.facts.dkms.clear();
  scene.node.kernel.facts.os = os;
  return scene;
}

constexpr const char* kNotInstalled = "kernel.driver-not-installed";

TEST(Remedy, TheInstallerIsTheLastThatTheSystemHas) {
  const std::pair<const char*, std::string> rows[] = {
      {"Amazon Linux 2023.9.20251027", "latest"},
      {"Amazon Linux 2", "1.49.0"},
      {"Debian GNU/Linux 11 (bullseye)", "1.50.0"},
      {"Debian GNU/Linux 12 (bookworm)", "latest"},
      {"Ubuntu 20.04.6 LTS", "1.42.0"},
      {"Ubuntu 22.04.5 LTS", "latest"},
      {"Red Hat Enterprise Linux 9.6 (Plow)", "latest"},
  };
  for (const auto& [os, release] : rows) {
    const Scene scene = without_driver(os);
    const std::string file = "aws-efa-installer-" + release + ".tar.gz";
    EXPECT_EQ(command(scene, kNotInstalled),
              "cd \"$(mktemp -d)\" && curl -fsSO https://efa-installer.amazonaws.com/" + file +
                  " && tar -xf " + file +
                  " && cd aws-efa-installer && sudo ./efa_installer.sh -y && sudo reboot")
        << os;
    const Finding finding = finding_in(scene, kNotInstalled, kNodeSubject);
    const bool told = finding.remedy_text().find("The last EFA installer for") != std::string::npos;
    EXPECT_EQ(told, release != "latest") << os;
  }
  EXPECT_TRUE(
      finding_in(without_driver("Amazon Linux 2"), kNotInstalled, kNodeSubject)
          .remedy_text()
          .ends_with("The last EFA installer for Amazon Linux 2 is 1.49.0, with efa 3.1.0."));
}

TEST(Remedy, AnInstallerThatBringsTooLittleIsNotPrinted) {
  Scene scene = healthy_scene();
  scene.pci(0).driver.reset();
  scene.pci(0).device = "0xefa4";
  const auto found = [&](const char* os) {
    scene.node.kernel.facts.os = os;
    return finding_in(scene, "pci.id-unknown", device(0));
  };
  EXPECT_EQ(command_of(found("Amazon Linux 2")), "") << "efa 3.1.0 does not know the id";
  EXPECT_NE(found("Amazon Linux 2").remedy_text().find("too old for this"), std::string::npos);
  EXPECT_NE(command_of(found("Debian GNU/Linux 11")).find("1.50.0"), std::string::npos);
  scene.pci(0).device = "0xefa3";
  scene.node.kernel.facts.known_device_ids = {"0xefa0"};
  EXPECT_NE(command_of(found("Amazon Linux 2")).find("1.49.0"), std::string::npos);
}

TEST(Remedy, OfSuseIsTheDriverOfItsOwnKernel) {
  constexpr const char* kSuse = "SUSE Linux Enterprise Server 15 SP6";
  Scene scene = without_driver(kSuse);
  EXPECT_EQ(command(scene, kNotInstalled), "0 commands");
  EXPECT_EQ(finding_in(scene, kNotInstalled, kNodeSubject).remedy_text(), kSusesOwnDriver);
  scene.node.kernel.facts.dkms = {"efa/3.1.0 for 6.1.0-40-amd64"};
  EXPECT_TRUE(command(scene, kNotInstalled).starts_with("sudo dkms ")) << "it was built there";
}

TEST(Remedy, WhatOnlyTheInstallerNamedItInstallsAgain) {
  Scene scene = healthy_scene();
  scene.node.kernel.facts.dkms.clear();
  scene.node.software.facts.installer_packages = {"efa-3.3.1-1"};
  EXPECT_EQ(command(scene, "kernel.driver-stale"), kNewestInstaller);
  scene.node.kernel.facts.dkms = {"efa/3.3.1 for 6.1.0-39-cloud-amd64"};
  EXPECT_EQ(command(scene, "kernel.driver-stale"),
            "sudo dkms install efa/3.3.1 -k 6.1.0-40-cloud-amd64 && sudo reboot");
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
