// Whether modprobe finds an efa for the running kernel: what probe-kernel sees of the file and of
// what should list it, and what is said of that.

#include <gtest/gtest.h>

#include <cerrno>

#include "probes/kernel/module_file.h"
#include "probes/kernel/read.h"
#include "tests/support/healthy_node.h"
#include "tests/support/said.h"

namespace efa {
namespace {

constexpr auto kPass = FindingResult::kPass;
constexpr auto kFail = FindingResult::kFail;
constexpr auto kUnknown = FindingResult::kUnknown;
constexpr const char* kCode = "kernel.driver-not-installed";
constexpr const char* kModules = "/lib/modules/6.1.0";
constexpr const char* kAModule = "srcversion=AB\nsignature=no\n";
constexpr const char* kNoModule = "module=no\n";
using Names = std::vector<std::string>;

Array texts(const Names& items) {
  return {items.begin(), items.end()};
}

std::string in_folder(const std::string& folder, const Names& names) {
  return seen("list", std::string(kModules) + folder, texts(names));
}

std::string indexed(const Names& lines) {
  return seen("lines", std::string(kModules) + "/modules.dep", texts(lines));
}

std::string file_is(const std::string& path, const std::string& lines) {
  return seen("part", std::string(kModules) + "/" + path, lines);
}

KernelFacts facts_of(const std::string& looks, const Names& loaded = {}) {
  Said said;
  said.read(seen("read", "/proc/sys/kernel/osrelease", "6.1.0") +
                seen("list", "/sys/module", texts(loaded)) + looks,
            read_kernel);
  return *from_value<KernelFacts>(said.facts(), "facts");
}

KernelFacts facts_of_live(const std::string& looks, const Names& loaded = {}) {
  return facts_of("{\"live\": true}\n" + looks, loaded);
}

TEST(ReadInstalled, AListedFileThatIsSeenToBeGoneIsNotThere) {
  const std::string dep = indexed({"extra/efa.ko:"});
  const std::string link = seen("link", std::string(kModules) + "/extra/efa.ko", "../old/efa.ko");
  for (const std::string& gone :
       {in_folder("/extra", {"efa.ko.away"}), in_folder("/extra", {"efa.ko"}) + link,
        in_folder("", {"modules.dep"})}) {
    EXPECT_TRUE(is_not_there(facts_of_live(dep + gone).module_on_disk)) << gone;
    EXPECT_FALSE(is_not_there(facts_of(dep + gone).module_on_disk))
        << "a copy that was made without modules";
    EXPECT_FALSE(is_not_there(facts_of_live(dep + gone, {"efa"}).module_on_disk))
        << "the initramfs had one";
  }
  const std::string copied = in_folder("", {"extra", "kernel", "modules.dep"});
  EXPECT_TRUE(is_not_there(facts_of(dep + copied + in_folder("/extra", {})).module_on_disk));
  EXPECT_TRUE(is_not_there(facts_of(indexed({std::string(kModules) + "/extra/efa.ko:"}) + copied +
                                    in_folder("/extra", {}))
                               .module_on_disk));
}

TEST(ReadInstalled, OfAListedFileThatCouldNotBeLookedForNothingIsClaimed) {
  const std::string dep = indexed({"extra/efa.ko:"});
  const std::string folder = std::string(kModules) + "/extra";
  for (const std::string& looks :
       {std::string(), unseen("list", folder, EACCES),  // a recording of before has no list
        in_folder("/extra", {"efa.ko"})}) {
    const KernelFacts facts = facts_of_live(dep + looks);
    EXPECT_FALSE(facts.module_on_disk) << looks;
    EXPECT_FALSE(is_not_there(facts.module_on_disk)) << looks;
  }
}

TEST(ReadInstalled, AFileThatWasTakenApartInVainIsNoModule) {
  const std::string dep = indexed({"extra/efa.ko:"});
  const std::string path = std::string(kModules) + "/extra/efa.ko";
  EXPECT_TRUE(is_no_module(facts_of(dep + file_is("extra/efa.ko", kNoModule)).module_on_disk));
  EXPECT_TRUE(is_no_module(facts_of(dep + unseen("part", path, EISDIR)).module_on_disk));
  EXPECT_TRUE(is_no_module(facts_of(dep + unseen("part", path, EINVAL)).module_on_disk))
      << "a link to /dev/null";
  for (const std::string& look : {file_is("extra/efa.ko", ""), file_is("extra/efa.ko", kAModule),
                                  unseen("part", path, EIO)}) {
    EXPECT_FALSE(is_no_module(facts_of(dep + look).module_on_disk)) << look;
  }
}

TEST(ReadInstalled, AModuleThatNoIndexNamesIsFound) {
  const std::string dep = indexed({"kernel/fs/fuse/fuse.ko:"});
  const Names files = {"updates/dkms/efa.ko.zst", "extra/amzn/efa.ko", "weak-updates/efa/efa.ko.xz",
                       "kernel/drivers/infiniband/hw/efa/efa.ko"};
  for (const std::string& file : files) {
    const size_t slash = file.rfind('/');
    const std::string looks = dep + in_folder("/extra", {"amzn", "x.ko"}) +
                              in_folder("/" + file.substr(0, slash), {file.substr(slash + 1)});
    EXPECT_EQ(facts_of(looks + file_is(file, kAModule)).unlisted_file, file);
    const std::string path = std::string(kModules) + "/" + file;
    EXPECT_EQ(facts_of(looks + unseen("part", path, EACCES)).unlisted_file, file) << "be it closed";
    EXPECT_FALSE(facts_of(looks + file_is(file, kNoModule)).unlisted_file) << file;
    EXPECT_FALSE(facts_of(looks).unlisted_file) << "a link that leads nowhere: " << file;
  }
}

TEST(ReadInstalled, NoOtherFileIsLookedForWhereOneIsListedOrAllIsBound) {
  const std::string other = in_folder("/updates", {"efa.ko"}) + file_is("updates/efa.ko", kAModule);
  const std::string listed = indexed({"extra/efa.ko:"});
  EXPECT_FALSE(facts_of(other + listed + file_is("extra/efa.ko", kAModule)).unlisted_file);
  EXPECT_FALSE(facts_of(other + indexed({"updates/efa.ko:"})).unlisted_file);
  EXPECT_EQ(facts_of_live(other + listed + in_folder("/extra", {})).unlisted_file,
            "updates/efa.ko");
  const std::string none = indexed({"x"});
  EXPECT_TRUE(facts_of(other + none).unlisted_file);
  EXPECT_FALSE(
      facts_of(other + none + seen("lines", "/proc/bus/pci/devices", Array{})).unlisted_file);
  EXPECT_FALSE(facts_of(other + none, {"efa"}).unlisted_file);
  EXPECT_FALSE(facts_of(other).unlisted_file) << "an index that cannot be read may name it";
}

std::string kernels(const Names& names) {
  Value file;
  file.set("mode", int64_t{0100644});
  return seen("list", "/lib/modules", texts(names)) +
         seen("status", "/lib/modules/6.2.0/modules.dep", file);
}

TEST(ReadInstalled, TheModulesOfTheRunningKernelMayBeRemoved) {
  const std::string other = kernels({"6.2.0"});
  const std::string both = kernels({"6.1.0", "6.2.0"});
  EXPECT_TRUE(facts_of(other).modules_removed);
  EXPECT_TRUE(facts_of(both + in_folder("", {"updates"})).modules_removed) << "DKMS left that";
  EXPECT_FALSE(facts_of(other).module_index_missing);
  for (const std::string& looks : {
           std::string(),  // a container has none
           kernels({}),
           kernels({"5.4.0"}),                               // none that could run instead
           both,                                             // it is there, and closed
           both + in_folder("", {"modules.builtin"}),        // a copy of the indexes
           both + in_folder("", {"kernel", "modules.dep"}),  // an index that is closed
           both + in_folder("", {"kernel"}),                 // depmod has not run
           other + indexed({"extra/efa.ko:"}),
       }) {
    EXPECT_FALSE(facts_of(looks).modules_removed) << looks;
  }
  EXPECT_FALSE(facts_of(other, {"efa"}).modules_removed) << "it is not asked";
}

TEST(ReadInstalled, DepmodMayNotHaveRun) {
  const std::string both = kernels({"6.1.0", "6.2.0"});
  const KernelFacts facts =
      facts_of(both + in_folder("", {"extra", "kernel"}) + in_folder("/extra", {"efa.ko"}) +
               file_is("extra/efa.ko", kAModule));
  EXPECT_TRUE(facts.module_index_missing);
  EXPECT_EQ(facts.unlisted_file, "extra/efa.ko");
  for (const char* index : {"modules.dep", "modules.dep.bin"}) {
    EXPECT_FALSE(facts_of(both + in_folder("", {"kernel", index})).module_index_missing) << index;
  }
}

TEST(ReadInstalled, ARecordOfBeforeTellsNothingOfIt) {
  const auto facts = from_value<KernelFacts>(Value(Object{}), "facts");
  ASSERT_TRUE(facts);
  EXPECT_FALSE(facts->unlisted_file);
  EXPECT_FALSE(facts->modules_removed);
  EXPECT_FALSE(facts->module_index_missing);
}

// No efa is loaded, and modules.dep names none.
Scene without_driver() {
  Scene scene = healthy_scene();
  remove_driver(scene);
  scene.node.kernel.facts.module_file.reset();
  return scene;
}

Finding finding_in(const Scene& scene) {
  const auto findings = judge_all(scene.node, scene.expectation);
  const Finding* finding = finding_of(findings, kCode, kNodeSubject);
  return finding == nullptr ? Finding{} : *finding;
}

void expect_cause(const Scene& scene) {
  EXPECT_EQ(diagnose(scene).root_causes, Names{kCode});
}

TEST(Installed, AFileThatDepmodHasNotListedIsNamed) {
  Scene scene = without_driver();
  scene.node.kernel.facts.unlisted_file = "updates/dkms/efa.ko.zst";
  const Finding finding = finding_in(scene);
  EXPECT_EQ(finding.message,
            "updates/dkms/efa.ko.zst lies there for 6.1.0-40-cloud-amd64, and depmod has not "
            "listed it");
  EXPECT_EQ(finding.command.text, "sudo depmod -a && sudo modprobe efa");
  EXPECT_NE(finding.remedy_text().find("depmod"), std::string::npos);
  expect_cause(scene);
}

// dkms autoinstall takes for installed what it has built, and ends well without depmod.
TEST(Installed, WhatDkmsHasBuiltIsInstalledByForce) {
  const std::pair<Names, const char*> rows[] = {
      {{"efa/3.1.0 for 6.1.0-40-cloud-amd64"}, "sudo dkms install --force efa/3.1.0 -k "},
      {{"efa/3.1.0 for 6.1.0-40-cloud-amd64", "efa/3.10.0 for 6.1.0-40-cloud-amd64",
        "efa/3.11.0 for 6.1.0-41-cloud-amd64"},
       "sudo dkms install --force efa/3.10.0 -k "},
      {{"efa/3.1.0 for 6.1.0-39-cloud-amd64"}, "sudo dkms autoinstall -k "},
      {{"efa/$(reboot) for 6.1.0-40-cloud-amd64"}, "sudo dkms autoinstall -k "},
      {{"efa-nv-peermem/1.2.2 for 6.1.0-40-cloud-amd64"}, "cd "},
      {{}, "cd "},
  };
  for (const auto& [dkms, command] : rows) {
    Scene scene = without_driver();
    scene.node.kernel.facts.dkms = dkms;
    const std::string text = finding_in(scene).command.text;
    EXPECT_TRUE(text.starts_with(command)) << text;
  }
}

TEST(Installed, AListedFileThatIsNotThereIsNoDriver) {
  Scene scene = without_driver();
  KernelFacts& facts = scene.node.kernel.facts;
  facts.module_file = "weak-updates/efa.ko";
  EXPECT_EQ(result_of(scene, kCode, kNodeSubject), kPass) << "it could not be looked for";
  facts.module_on_disk = Unseen{"/lib/modules/x/weak-updates/efa.ko", "any words", ENOENT};
  EXPECT_EQ(finding_in(scene).message, "modules.dep names weak-updates/efa.ko, which is not there");
  EXPECT_TRUE(finding_in(scene).command.text.starts_with("sudo dkms install --force efa/3.1.0 "));
  for (const char* code : {"kernel.driver-mismatch", "kernel.driver-unsigned",
                           "kernel.driver-unsupported", "kernel.uverbs-not-installed"}) {
    EXPECT_EQ(result_of(scene, code, kNodeSubject), kNothing) << code;
  }
  expect_cause(scene);
  facts.unlisted_file = "extra/efa.ko";
  EXPECT_EQ(finding_in(scene).message,
            "extra/efa.ko lies there for 6.1.0-40-cloud-amd64, and modules.dep names "
            "weak-updates/efa.ko, which is not there");
  EXPECT_EQ(finding_in(scene).command.text, "sudo depmod -a && sudo modprobe efa");
}

TEST(Installed, AListedFileThatIsNoModuleIsNoDriver) {
  Scene scene = without_driver();
  KernelFacts& facts = scene.node.kernel.facts;
  facts.module_file = "extra/efa.ko.xz";
  facts.module_on_disk = Unseen{"/lib/modules/x/extra/efa.ko.xz", "is empty", ENOEXEC};
  EXPECT_EQ(finding_in(scene).message,
            "modules.dep names extra/efa.ko.xz, which is no module: it is empty");
  EXPECT_EQ(result_of(scene, "kernel.driver-mismatch", kNodeSubject), kNothing);
  expect_cause(scene);
  for (const int error : {EACCES, EIO, 0}) {
    facts.module_on_disk = Unseen{"/lib/modules/x/extra/efa.ko.xz", "is empty", error};
    EXPECT_EQ(result_of(scene, kCode, kNodeSubject), kPass) << error;
  }
}

TEST(Installed, RemovedModulesComeBackWithAnotherKernel) {
  Scene scene = without_driver();
  KernelFacts& facts = scene.node.kernel.facts;
  facts.module_index_readable = false;
  EXPECT_EQ(result_of(scene, kCode, kNodeSubject), kUnknown);
  facts.modules_removed = true;
  const Finding finding = finding_in(scene);
  EXPECT_EQ(finding.message,
            "the running kernel's modules were removed: /lib/modules/6.1.0-40-cloud-amd64 has "
            "none, other kernels have theirs");
  EXPECT_EQ(finding.command.text, "sudo reboot");
  EXPECT_TRUE(finding.remedy_text().starts_with("Drain the node and reboot"));
  expect_cause(scene);
}

TEST(Installed, AContainerMayHaveTheModulesOfOtherKernels) {
  Scene scene = without_driver();
  scene.node.kernel.facts.module_index_readable = false;
  scene.node.kernel.facts.modules_removed = true;
  scene.node.limits.facts.container = "docker";
  EXPECT_EQ(result_of(scene, kCode, kNodeSubject), kUnknown);
  silence(scene.node.limits, ProbeStatus::kCrashed, "signal 11");
  EXPECT_EQ(result_of(scene, kCode, kNodeSubject), kUnknown) << "whether it is one is not known";
}

TEST(Installed, AMissingIndexIsMadeAnew) {
  Scene scene = without_driver();
  KernelFacts& facts = scene.node.kernel.facts;
  facts.module_index_readable = false;
  facts.module_index_missing = true;
  EXPECT_EQ(finding_in(scene).message,
            "depmod has not run for 6.1.0-40-cloud-amd64: modules.dep is not there");
  EXPECT_TRUE(finding_in(scene).command.text.starts_with("sudo dkms install --force efa/3.1.0 "));
  facts.unlisted_file = "extra/efa.ko";
  EXPECT_EQ(finding_in(scene).message,
            "depmod has not run for 6.1.0-40-cloud-amd64: modules.dep is not there, extra/efa.ko "
            "is");
  EXPECT_EQ(finding_in(scene).command.text, "sudo depmod -a && sudo modprobe efa");
  expect_cause(scene);
}

TEST(Installed, OfBottlerocketTheImageIsReplaced) {
  Scene scene = without_driver();
  scene.node.kernel.facts.os = "Bottlerocket OS 1.50.0 (aws-k8s-1.34)";
  scene.node.kernel.facts.unlisted_file = "extra/efa.ko";
  const Diagnosis diagnosis = diagnose(scene);
  const Finding* finding = finding_of(diagnosis.findings, kCode, kNodeSubject);
  EXPECT_EQ(finding->command.text, "");
  EXPECT_NE(finding->remedy_text().find("newer Bottlerocket image"), std::string::npos);
}

// Built in it shows in /sys/module only with parameters, and a container may see no /lib/modules.
TEST(Installed, WhatDrivesDevicesNeedsNoFileAndIsNotKeptOut) {
  Scene scene = healthy_scene();
  KernelFacts& facts = scene.node.kernel.facts;
  facts.module_file.reset();
  facts.efa_builtin.reset();
  facts.module_index_readable = false;
  facts.modules_removed = facts.module_index_missing = true;
  facts.modules_disabled = true;
  facts.blacklisted_by = "/etc/modprobe.d/x.conf: blacklist efa";
  for (const bool listed : {true, false}) {
    facts.efa_loaded = listed ? std::optional(false) : std::nullopt;
    EXPECT_EQ(result_of(scene, kCode, kNodeSubject), kPass);
    EXPECT_EQ(result_of(scene, "kernel.driver-not-loaded", kNodeSubject), kPass);
    EXPECT_EQ(result_of(scene, "kernel.driver-blocked", kNodeSubject), kNothing);
    EXPECT_EQ(result_of(scene, "kernel.modules-disabled", kNodeSubject), kNothing);
  }
  facts.efa_loaded = false;
  for (size_t i = 0; i < scene.node.pci.facts.efa.size(); ++i) scene.pci(i).driver.reset();
  for (const char* code :
       {kCode, "kernel.driver-not-loaded", "kernel.driver-blocked", "kernel.modules-disabled"}) {
    EXPECT_EQ(result_of(scene, code, kNodeSubject), kFail) << code;
  }
}

}  // namespace
}  // namespace efa
