// What probe-kernel says of files that keep efa out, and of a recording that was edited.

#include "probes/kernel/read.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "probes/base/text.h"
#include "probes/kernel/facts.h"
#include "probes/kernel/installed_judge.h"
#include "probes/kernel/modprobe_line.h"
#include "probes/kernel/module_file.h"
#include "probes/kernel/parse.h"
#include "probes/kernel/unblock.h"
#include "tests/support/module_elf.h"
#include "tests/support/said.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/tree.h"

namespace efa {
namespace {

constexpr const char* kRelease = "6.1.0";

std::string module_file(const std::string& name) {
  return std::string("/lib/modules/") + kRelease + "/" + name;
}

Array texts(const std::vector<std::string>& items) {
  return {items.begin(), items.end()};
}

std::string running() {
  return seen("read", "/proc/sys/kernel/osrelease", kRelease);
}

// A file of modprobe.d and the directory that it is alone in.
std::string modprobe(const std::string& directory, const std::string& file,
                     const std::vector<std::string>& lines) {
  return seen("list", directory, texts({file})) +
         seen("lines", directory + "/" + file, texts(lines));
}

KernelFacts facts_of(const std::string& looks) {
  Said said;
  said.read(running() + seen("list", "/sys/module", Array{}) + looks, read_kernel);
  return *from_value<KernelFacts>(said.facts(), "facts");
}

TEST(ReadKernel, TheFirstDirectorysFileHidesThoseOfItsName) {
  const std::string below = modprobe("/usr/lib/modprobe.d", "x.conf", {"blacklist efa"});
  EXPECT_EQ(facts_of(below).blacklisted_by, "/usr/lib/modprobe.d/x.conf: blacklist efa");
  for (const char* directory :
       {"/etc/modprobe.d", "/run/modprobe.d", "/usr/local/lib/modprobe.d"}) {
    EXPECT_FALSE(facts_of(below + modprobe(directory, "x.conf", {})).blacklisted_by) << directory;
    EXPECT_TRUE(facts_of(below + modprobe(directory, "y.conf", {})).blacklisted_by) << directory;
  }
  const std::string last = modprobe("/lib/modprobe.d", "x.conf", {"blacklist efa"});
  EXPECT_FALSE(facts_of(last + modprobe("/usr/lib/modprobe.d", "x.conf", {})).blacklisted_by);
}

// How an administrator masks a file of a package: ln -s /dev/null /etc/modprobe.d/x.conf
TEST(ReadKernel, AFileThatIsLinkedToDevNullIsMasked) {
  const std::string below = modprobe("/usr/lib/modprobe.d", "x.conf", {"blacklist efa"});
  for (const int error : {EINVAL, ENOENT}) {  // it is no regular file, or not in the sysroot
    const KernelFacts facts = facts_of(below + seen("list", "/etc/modprobe.d", texts({"x.conf"})) +
                                       unseen("lines", "/etc/modprobe.d/x.conf", error) +
                                       seen("link", "/etc/modprobe.d/x.conf", "/dev/null"));
    EXPECT_FALSE(facts.blacklisted_by);
    EXPECT_TRUE(facts.unseen.empty());
  }
}

TEST(ReadKernel, WhatOfModprobeDCannotBeReadIsTold) {
  const std::string directory = seen("list", "/etc/modprobe.d", texts({"x.conf"}));
  const auto told = [](const std::string& looks) {
    const KernelFacts facts = facts_of(looks);
    return facts.modprobe_unseen ? facts.modprobe_unseen->what : "";
  };
  EXPECT_EQ(told(directory + unseen("lines", "/etc/modprobe.d/x.conf", EACCES)),
            "/etc/modprobe.d/x.conf");
  EXPECT_EQ(told(unseen("list", "/etc/modprobe.d", EACCES)), "/etc/modprobe.d");
  EXPECT_EQ(told(directory + seen("lines", "/etc/modprobe.d/x.conf", texts({}))), "");
  EXPECT_EQ(told(unseen("lines", "/proc/cmdline", EACCES)), "") << "it is no file of modprobe.d";
}

TEST(ReadKernel, ADirectoryOfThatNameHidesNothing) {
  const KernelFacts facts = facts_of(modprobe("/usr/lib/modprobe.d", "x.conf", {"blacklist efa"}) +
                                     seen("list", "/etc/modprobe.d", texts({"x.conf"})) +
                                     unseen("lines", "/etc/modprobe.d/x.conf", EISDIR));
  EXPECT_EQ(facts.blacklisted_by, "/usr/lib/modprobe.d/x.conf: blacklist efa");
}

TEST(ReadKernel, TheKernelsCommandLineKeepsEfaOutToo) {
  const auto line = [](const char* words) {
    return seen("lines", "/proc/cmdline", texts({words}));
  };
  EXPECT_EQ(facts_of(line("modprobe.blacklist=efa")).blacklisted_by,
            "/proc/cmdline: modprobe.blacklist=efa");
  EXPECT_EQ(facts_of(line("module_blacklist=efa") +
                     modprobe("/etc/modprobe.d", "x.conf", {"blacklist efa"}))
                .blacklisted_by,
            "/proc/cmdline: module_blacklist=efa");
  EXPECT_FALSE(facts_of(line("modprobe.blacklist=nouveau")).blacklisted_by);
}

TEST(ReadKernel, LinesOfAnEditedRecordingAreNoFacts) {
  const KernelFacts facts =
      facts_of(seen("lines", module_file("modules.alias"),
                    texts({"", "x", "alias pci:v00001D0Fd0000EFA1sv*sd*bc*sc*i* efa"})) +
               seen("lines", module_file("modules.dep"), texts({"x"})) +
               seen("lines", "/proc/cmdline", texts({"secret"})) +
               seen("lines", "/etc/os-release", texts({"x"})) +
               modprobe("/etc/modprobe.d", "x.conf", {"", "secret"}));
  EXPECT_EQ(facts.known_device_ids, std::vector<std::string>{"0xefa1"});
  EXPECT_FALSE(facts.module_file);
  EXPECT_FALSE(facts.blacklisted_by);
  EXPECT_FALSE(facts.os);
}

constexpr const char* kMenu = "/boot/grub/grub.cfg";

// As Ubuntu has it: the first entry, and all of them in a menu of their own.
std::string menu_of(const std::string& release, const std::string& chosen = "0",
                    const std::string& path = kMenu) {
  return seen("lines", path,
              texts({"set default=\"${next_entry}\"", "set default=\"" + chosen + "\"", "menuentry",
                     "linux vmlinuz-" + release, "submenu", "menuentry", "linux vmlinuz-" + release,
                     "menuentry", "linux vmlinuz-5.15.0-1095-aws"}));
}

// Of another kernel than the running one.
std::string modules_of(const std::string& release, const std::vector<std::string>& dep) {
  const std::string directory = "/lib/modules/" + release + "/";
  return seen("lines", directory + "modules.dep", texts(dep)) +
         seen("lines", directory + "modules.builtin", Array{});
}

TEST(ReadKernel, TheFirstEntryOfTheMenuIsTheNextKernel) {
  const auto next = facts_of(menu_of("6.2.0") + modules_of("6.2.0", {})).next_kernel;
  ASSERT_TRUE(next);
  EXPECT_EQ(next->release, "6.2.0");
  EXPECT_EQ(next->told_by, kMenu);
  EXPECT_EQ(next->has_driver, false);
  EXPECT_EQ(facts_of(menu_of("6.2.0") + modules_of("6.2.0", {"updates/dkms/efa.ko.zst:"}))
                .next_kernel->has_driver,
            true);
  EXPECT_EQ(facts_of(menu_of("6.2.0")).next_kernel->has_driver, std::nullopt) << "no modules.dep";
}

// The one that was installed last has the link, the highest version the first entry.
TEST(ReadKernel, ALinkInBootNamesNoNextKernel) {
  const std::string links = seen("link", "/boot/vmlinuz", "vmlinuz-5.15.0-1095-aws") +
                            seen("link", "/vmlinuz", "boot/vmlinuz-5.15.0-1095-aws") +
                            modules_of("5.15.0-1095-aws", {});
  EXPECT_FALSE(facts_of(links).next_kernel);
  EXPECT_EQ(facts_of(links + menu_of("6.8.0-1040-aws")).next_kernel->release, "6.8.0-1040-aws");
}

// It is not made anew before grub-mkconfig runs.
TEST(ReadKernel, TheMenuCountsBeforeWhatItIsMadeOf) {
  const std::string zero = seen("lines", "/etc/default/grub", texts({"GRUB_DEFAULT=0"}));
  const std::string saved = seen("lines", "/boot/grub/grubenv", texts({"saved_entry=6.1.9"}));
  const auto next = facts_of(zero + saved + menu_of("6.2.0", "${saved_entry}")).next_kernel;
  ASSERT_TRUE(next);
  EXPECT_EQ(next->release, "6.1.9");
  EXPECT_EQ(facts_of(zero + menu_of("6.2.0", "${saved_entry}")).next_kernel->release, "6.2.0");
  EXPECT_FALSE(facts_of(zero + menu_of("6.2.0", "1>2")).next_kernel);
  EXPECT_EQ(facts_of(zero + menu_of("6.2.0", "a>x, with Linux 6.1.9")).next_kernel->told_by, kMenu);
}

TEST(ReadKernel, AMenuThatIsNotWholeNamesNoNextKernel) {
  Value file;
  file.set("mode", int64_t{0100644});
  const std::string menu = menu_of("6.2.0");
  EXPECT_FALSE(facts_of(menu + seen("status", "/boot/grub/custom.cfg", file)).next_kernel);
  EXPECT_FALSE(facts_of(menu + menu_of("6.2.0", "0", "/boot/grub2/grub.cfg")).next_kernel)
      << "which of them GRUB reads does not show";
  EXPECT_FALSE(facts_of(seen("lines", kMenu, texts({"set default=0", "blscfg"}))).next_kernel);
}

TEST(ReadKernel, ADriverThatDepmodHasNotListedIsThereToo) {
  for (const char* folder : {"extra", "updates", "updates/dkms", "weak-updates"}) {
    const auto next =
        facts_of(menu_of("6.2.0") + modules_of("6.2.0", {}) +
                 seen("list", std::string("/lib/modules/6.2.0/") + folder, texts({"efa.ko.xz"})))
            .next_kernel;
    EXPECT_EQ(next->has_driver, true) << folder;
  }
}

TEST(ReadKernel, NothingIsSaidOfTheNextKernelWhereTheConfigurationChoosesAnother) {
  const std::string first =
      seen("lines", kMenu, texts({"menuentry", "linux vmlinuz-6.2.0"}));  // and no default
  const auto grub = [](const char* line) {
    return seen("lines", "/etc/default/grub", texts({line}));
  };
  EXPECT_TRUE(facts_of(first + grub("GRUB_DEFAULT=0")).next_kernel);
  EXPECT_FALSE(facts_of(first + grub("GRUB_DEFAULT=2")).next_kernel);
  EXPECT_FALSE(facts_of(first + grub("GRUB_DEFAULT=\"1>2\"")).next_kernel);
  EXPECT_EQ(facts_of(first + grub("GRUB_DEFAULT=\"Advanced options>x, with Linux 6.1.9\""))
                .next_kernel->release,
            "6.1.9");
  EXPECT_FALSE(facts_of(first + grub("GRUB_DEFAULT=0") +
                        seen("list", "/etc/default/grub.d", texts({"50-x.cfg"})) +
                        seen("lines", "/etc/default/grub.d/50-x.cfg", texts({"GRUB_DEFAULT=3"})))
                   .next_kernel);
  EXPECT_FALSE(facts_of("").next_kernel);
}

TEST(ReadKernel, GrubsEnvironmentChoosesAnEntry) {
  constexpr const char* kFile = "/boot/grub2/grubenv";
  Value directory;
  directory.set("mode", int64_t{040755});
  const std::string entries = seen("status", "/boot/loader/entries", directory);
  const auto environment = [&](const char* line) { return seen("lines", kFile, texts({line})); };
  const auto next =
      facts_of(entries + environment("saved_entry=ec2f1ad3b9a84c1d8d6b0f7c5e4a3b2c-6.1.9.x86_64"))
          .next_kernel;
  ASSERT_TRUE(next);
  EXPECT_EQ(next->release, "6.1.9.x86_64");
  EXPECT_EQ(next->told_by, kFile);
  EXPECT_FALSE(facts_of(entries).next_kernel) << "the first entry, by GRUB's order";
  EXPECT_FALSE(facts_of(entries + environment("saved_entry=other")).next_kernel);
  EXPECT_EQ(facts_of(menu_of("6.2.0") + environment("saved_entry=6.1.9")).next_kernel->release,
            "6.2.0")
      << "an environment that GRUB is not told to use";
  EXPECT_EQ(facts_of(menu_of("6.2.0") + environment("next_entry=6.1.9")).next_kernel->release,
            "6.1.9");
}

std::string part(const std::string& path, const std::string& text) {
  return seen("part", path, text);
}

TEST(ReadKernel, TheModulesFileIsReadWhereAnEfaFunctionHasNoDriver) {
  const std::string module = seen("lines", module_file("modules.dep"), texts({"extra/efa.ko:"})) +
                             part(module_file("extra/efa.ko"), "srcversion=AB\nsignature=no\n") +
                             part(module_file("modules.dep"), "no") +
                             part(module_file("modules.builtin"), "no");
  const KernelFacts facts = facts_of(module);
  ASSERT_TRUE(facts.module_on_disk);
  EXPECT_EQ(facts.module_on_disk->srcversion, "AB");
  EXPECT_EQ(facts.ib_uverbs_installed, false);
  const KernelFacts bound = facts_of(module + seen("lines", "/proc/bus/pci/devices", Array{}));
  EXPECT_FALSE(bound.module_on_disk);
  EXPECT_FALSE(bound.ib_uverbs_installed);
}

TEST(ReadKernel, AModulesFileThatIsNoneIsUnreadable) {
  const std::string dep = seen("lines", module_file("modules.dep"), texts({"extra/efa.ko:"}));
  EXPECT_NE(facts_of(dep + part(module_file("extra/efa.ko"), "")).module_on_disk.unreadable(),
            nullptr);
  EXPECT_NE(facts_of(dep + unseen("part", module_file("extra/efa.ko"), EACCES))
                .module_on_disk.unreadable(),
            nullptr);
  EXPECT_EQ(facts_of(dep).module_on_disk.unreadable(), nullptr) << "it is not there";
}

TEST(ReadKernel, AModuleWhoseCompressionNothingHereKnowsIsNotCalledDamaged) {
  const TemporaryDirectory directory;
  const Tree tree(directory.path());
  tree.file("/proc/sys/kernel/osrelease", std::string(kRelease) + "\n");
  tree.directory("/sys/module/fuse");
  tree.file(module_file("modules.dep"), "extra/efa.ko.zst:\n");
  tree.file(module_file("extra/efa.ko.zst"), from_hex(kModuleZst));
  using Options = std::map<std::string, std::string>;
  for (const Options& options : {Options{}, Options{{"archive-module", "/nowhere/archive.so"}}}) {
    Said said;
    said.read(*Sysroot::open(directory.path()), read_kernel, options);
    const auto facts = from_value<KernelFacts>(said.facts(), "facts");
    const Unseen* unseen = facts->module_on_disk.unreadable();
    ASSERT_NE(unseen, nullptr);
    EXPECT_FALSE(is_no_module(facts->module_on_disk)) << unseen->reason;
    EXPECT_EQ(unseen->reason, "is compressed, and nothing here can decompress it");
    EXPECT_TRUE(has_module_to_load(*facts)) << "the driver counts as installed";
  }
}

TEST(ReadKernel, ARecordingThatWasNotAskedForIbUverbsTellsNothingOfIt) {
  const std::string dep = seen("lines", module_file("modules.dep"), texts({"extra/efa.ko:"}));
  EXPECT_FALSE(facts_of(dep).ib_uverbs_installed);
  EXPECT_EQ(facts_of(dep).ib_uverbs_installed.unreadable(), nullptr);
  EXPECT_EQ(facts_of(dep + part(module_file("modules.dep"), "yes")).ib_uverbs_installed, true);
}

KernelFacts facts_of_image(const std::string& looks) {
  Said said;
  said.read(looks, read_kernel, {{kInstalledKernel, kRelease}});
  return *from_value<KernelFacts>(said.facts(), "facts");
}

// udev loads efa for its device, whatever its name is an alias of.
TEST(ReadKernel, OfAnImageOnlyWhatHoldsBackUdevKeepsEfaOut) {
  const auto line = [](const char* text) { return modprobe("/etc/modprobe.d", "x.conf", {text}); };
  EXPECT_FALSE(facts_of_image(line("alias efa off")).blacklisted_by);
  EXPECT_TRUE(facts_of(line("alias efa off")).blacklisted_by);
  for (const char* text :
       {"alias pci:v00001D0Fd0000EFA1sv*sd*bc*sc*i* off", "blacklist efa", "install efa :"}) {
    EXPECT_TRUE(facts_of_image(line(text)).blacklisted_by) << text;
  }
}

TEST(ReadKernel, OfAnImageTheModulesFileIsReadWhateverIsBound) {
  const std::string dep = seen("lines", module_file("modules.dep"), texts({"extra/efa.ko:"})) +
                          seen("lines", "/proc/bus/pci/devices", Array{});
  const std::string lines = "vermagic=6.1.0 SMP mod_unload\nsignature=no\n";
  EXPECT_EQ(facts_of_image(dep + part(module_file("extra/efa.ko"), lines)).module_on_disk->vermagic,
            "6.1.0 SMP mod_unload");
  EXPECT_NE(facts_of_image(dep).module_on_disk.unreadable(), nullptr) << "it must be there";
}

TEST(ReadKernel, OfAnImageItIsToldWhetherThereIsAModuleOfNvidia) {
  const auto installed = [](const char* is) {
    return facts_of_image(part(module_file("modules.dep"), is) +
                          part(module_file("modules.builtin"), "no"))
        .nvidia_installed;
  };
  EXPECT_EQ(installed("yes"), true);
  EXPECT_EQ(installed("no"), false);
  EXPECT_EQ(facts_of_image("").nvidia_installed, std::nullopt);
}

// systemd-sysctl: a later file's word, by name, replaces an earlier one's
TEST(ReadKernel, OfAnImageTheLastWordOfSysctlHolds) {
  const std::string yes = modprobe("/usr/lib/sysctl.d", "50-x.conf", {"kernel.modules_disabled=1"});
  EXPECT_EQ(facts_of_image(yes).modules_disabled_by,
            "/usr/lib/sysctl.d/50-x.conf: kernel.modules_disabled=1");
  EXPECT_FALSE(facts_of(yes).modules_disabled_by) << "a kernel that runs tells itself";
  for (const char* file : {"50-x.conf", "60-y.conf"}) {
    const std::string no = modprobe("/etc/sysctl.d", file, {"kernel.modules_disabled=0"});
    EXPECT_FALSE(facts_of_image(yes + no).modules_disabled_by) << file;
  }
  const std::string early = modprobe("/etc/sysctl.d", "10-y.conf", {"kernel.modules_disabled=0"});
  EXPECT_TRUE(facts_of_image(yes + early).modules_disabled_by);
  const KernelFacts nothing = facts_of_image(modprobe("/etc/sysctl.d", "x.conf", {"vm.x=1"}));
  EXPECT_FALSE(nothing.modules_disabled_by);
  EXPECT_EQ(nothing.modules_disabled_by.unreadable(), nullptr);
  for (const std::string& closed : {unseen("list", "/run/sysctl.d", EACCES),
                                    seen("list", "/run/sysctl.d", texts({"x.conf"})) +
                                        unseen("lines", "/run/sysctl.d/x.conf", EACCES)}) {
    EXPECT_NE(facts_of_image(yes + closed).modules_disabled_by.unreadable(), nullptr);
  }
}

TEST(ReadKernel, ALineThatGoesOnIsOne) {
  const auto kept_out = [](const std::vector<std::string>& lines) {
    WrappedLines wrapped;
    std::vector<std::string> kept;
    for (std::string line : lines) {
      if (wrapped.take(line) && keeps_efa_out(line)) kept.push_back(line);
    }
    return kept.size();
  };
  EXPECT_EQ(kept_out({"blacklist efa", "blacklist efa"}), 2U);
  EXPECT_EQ(kept_out({"blacklist \\", "efa", "blacklist e\\", "fa", "blacklist \\", "\\", "efa"}),
            3U);
  EXPECT_EQ(kept_out({"blacklist e\\fa", "blacklist efa\\\\"}), 1U)
      << "a backslash stands for what follows";
  EXPECT_EQ(kept_out({"# for now \\", "blacklist efa", "options x \\", "blacklist efa"}), 0U);
  EXPECT_EQ(kept_out({"", "blacklist efa"}), 1U);
}

// What leads is what "modprobe efa" does not overcome.
TEST(ReadKernel, AllLinesThatKeepEfaOutAreTold) {
  const std::string path = "/etc/modprobe.d/x.conf: ";
  const KernelFacts three =
      facts_of(modprobe("/etc/modprobe.d", "x.conf",
                        {"blacklist efa", "install ib-core :", "blacklist efa", "alias efa off",
                         "install efa exit"}));
  EXPECT_EQ(three.blacklisted_by, path + "install ib-core :");
  EXPECT_EQ(all_that_keeps_out(three),
            (std::vector<std::string>{path + "install ib-core :", path + "blacklist efa",
                                      path + "alias efa off", path + "install efa exit"}));
  const KernelFacts two =
      facts_of(modprobe("/etc/modprobe.d", "a.conf", {"blacklist efa"}) +
               modprobe("/lib/modprobe.d", "b.conf", {"install ib_uverbs /bin/false"}) +
               seen("lines", "/proc/cmdline", texts({"modprobe.blacklist=efa"})));
  EXPECT_EQ(all_that_keeps_out(two),
            (std::vector<std::string>{"/lib/modprobe.d/b.conf: install ib_uverbs /bin/false",
                                      "/proc/cmdline: modprobe.blacklist=efa",
                                      "/etc/modprobe.d/a.conf: blacklist efa"}));
  EXPECT_TRUE(all_that_keeps_out(facts_of("")).empty());
}

TEST(ReadKernel, OfVeryManyLinesOneStillLeads) {
  std::vector<std::string> lines;
  for (int i = 0; i < 1000; ++i) {
    lines.push_back("alias pci:v00001D0Fd0000EFA" + std::to_string(i) + " off");
  }
  lines.emplace_back("install efa /bin/false");
  const KernelFacts facts = facts_of(modprobe("/etc/modprobe.d", "x.conf", lines));
  EXPECT_EQ(facts.blacklisted_by, "/etc/modprobe.d/x.conf: install efa /bin/false");
  EXPECT_LT(facts.also_kept_out_by.size(), 100U);
}

// kmod_module_get_install_commands takes the first that fits.
TEST(ReadKernel, ACommandThatLoadsTheModuleHidesThoseAfterIt) {
  const std::string loads =
      modprobe("/etc/modprobe.d", "a.conf", {"install ib_* modprobe $MODPROBE_MODULE"});
  const auto after = [&](const char* line) {
    return all_that_keeps_out(facts_of(loads + modprobe("/lib/modprobe.d", "b.conf", {line})));
  };
  EXPECT_TRUE(after("install ib_core /bin/false").empty());
  EXPECT_EQ(after("install efa /bin/false").size(), 1U);
  EXPECT_EQ(after("install * /bin/false").size(), 1U) << "efa too";
  EXPECT_EQ(after("blacklist efa").size(), 1U);
  EXPECT_EQ(
      all_that_keeps_out(facts_of(modprobe("/etc/modprobe.d", "0.conf", {"install ib_core :"}) +
                                  modprobe("/lib/modprobe.d", "1.conf",
                                           {"install ib_core modprobe $MODPROBE_MODULE"})))
          .size(),
      1U);
}

TEST(ReadKernel, AHiddenFileIsNoneOfModprobes) {
  const std::string line = seen("lines", "/etc/modprobe.d/.x.conf", texts({"blacklist efa"}));
  EXPECT_FALSE(facts_of(seen("list", "/etc/modprobe.d", texts({".x.conf"})) + line).blacklisted_by);
}

TEST(ReadKernel, LinesOfSuseAreKeptBesideThoseThatKeepEfaOut) {
  const KernelFacts facts =
      facts_of(modprobe("/etc/modprobe.d", "x.conf",
                        {"allow_unsupported_modules 0", "install ib_uverbs /bin/false"}));
  EXPECT_EQ(facts.support_lines,
            std::vector<std::string>{"/etc/modprobe.d/x.conf: allow_unsupported_modules 0"});
  EXPECT_EQ(facts.blacklisted_by, "/etc/modprobe.d/x.conf: install ib_uverbs /bin/false");
}

// kmod_config_new of libkmod-config.c: by name, from whatever directory
TEST(ReadKernel, LinesAreReadInTheOrderOfTheirFilesNames) {
  const KernelFacts facts =
      facts_of(modprobe("/etc/modprobe.d", "10-x.conf", {"allow_unsupported_modules 1"}) +
               modprobe("/lib/modprobe.d", "99-y.conf",
                        {"allow_unsupported_modules 1", "allow_unsupported_modules 0"}));
  EXPECT_EQ(facts.support_lines,
            (std::vector<std::string>{"/etc/modprobe.d/10-x.conf: allow_unsupported_modules 1",
                                      "/lib/modprobe.d/99-y.conf: allow_unsupported_modules 1",
                                      "/lib/modprobe.d/99-y.conf: allow_unsupported_modules 0"}));
  EXPECT_EQ(facts_of(modprobe("/etc/modprobe.d", "z.conf", {"blacklist efa"}) +
                     modprobe("/lib/modprobe.d", "a.conf", {"blacklist efa"}))
                .blacklisted_by,
            "/lib/modprobe.d/a.conf: blacklist efa");
}

TEST(ReadKernel, OfTooManyLinesTheLastStays) {
  std::vector<std::string> lines(1000, "allow_unsupported_modules 0");
  lines.emplace_back("allow_unsupported_modules 1");
  const KernelFacts facts = facts_of(modprobe("/etc/modprobe.d", "x.conf", lines));
  EXPECT_LT(facts.support_lines.size(), lines.size());
  EXPECT_EQ(facts.support_lines.back(), "/etc/modprobe.d/x.conf: allow_unsupported_modules 1");
}

// Its packages of kernel modules come without sources.
TEST(ReadKernel, MlnxOfedShowsInModulesDepToo) {
  const std::string core = "extra/mlnx-ofa_kernel/drivers/infiniband/core/ib_core.ko.xz";
  const std::string dep = seen("lines", module_file("modules.dep"),
                               texts({core + ": extra/mlnx-ofa_kernel/x.ko", "extra/efa.ko: x"}));
  const KernelFacts facts = facts_of(dep);
  EXPECT_EQ(facts.ofed, module_file(core));
  EXPECT_EQ(facts.module_file, "extra/efa.ko");
  EXPECT_EQ(facts_of(dep + unseen("status", "/usr/src/ofa_kernel", EACCES)).ofed,
            module_file(core));
  const std::string plain =
      seen("lines", module_file("modules.dep"),
           texts({"kernel/drivers/infiniband/core/ib_core.ko.xz:", "extra/efa.ko: " + core}));
  EXPECT_FALSE(facts_of(plain).ofed);
  EXPECT_EQ(facts_of(plain).ofed.unreadable(), nullptr);
}

// mlnx-ofed-kernel-dkms
TEST(ReadKernel, MlnxOfedThatDkmsHasBuiltShowsInModulesDepToo) {
  for (const char* core : {"updates/dkms/ib_core.ko.zst", "extra/ib_core.ko.xz"}) {
    const KernelFacts facts =
        facts_of(seen("lines", module_file("modules.dep"),
                      texts({std::string(core) + ": updates/dkms/mlx_compat.ko.zst",
                             std::string("updates/dkms/efa.ko.zst: ") + core})));
    EXPECT_EQ(facts.ofed, module_file(core));
    EXPECT_EQ(facts.module_file, "updates/dkms/efa.ko.zst");
  }
}

TEST(ReadKernel, WhatDkmsCouldNotBuildIsTold) {
  const std::string tree = "/var/lib/dkms/efa-nv-peermem";
  const std::string log =
      seen("list", tree, texts({"1.2.2"})) +
      seen("lines", tree + "/1.2.2/build/make.log",
           texts({"DKMS make.log for efa-nv-peermem-1.2.2 for kernel 6.1.0 (x86_64)"}));
  const KernelFacts failed =
      facts_of(log + seen("list", tree + "/1.2.2", texts({"build", "source"})));
  EXPECT_EQ(failed.dkms_failed, std::vector<std::string>{"efa-nv-peermem/1.2.2 for 6.1.0"});
  EXPECT_TRUE(failed.dkms.empty());
  const KernelFacts built =
      facts_of(log + seen("list", tree + "/1.2.2", texts({"6.1.0", "build", "source"})));
  EXPECT_TRUE(built.dkms_failed.empty());
  EXPECT_EQ(built.dkms, std::vector<std::string>{"efa-nv-peermem/1.2.2 for 6.1.0"});
}

}  // namespace
}  // namespace efa
