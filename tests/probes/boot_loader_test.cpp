// What the boot loader of an image hands to its kernels.

#include "probes/kernel/boot_line.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "probes/kernel/facts.h"
#include "probes/kernel/read.h"
#include "tests/support/said.h"

namespace efa {
namespace {

constexpr const char* kRelease = "6.1.0-40-amd64";
constexpr const char* kGrub = "/etc/default/grub";

struct BootRow {
  const char* line;
  const char* kernel;
  const char* arguments;
  const char* variable = "";
  bool adds = false;
};

TEST(ParseBootLine, TakesTheArgumentsOfAKernel) {
  const BootRow rows[] = {
      {"\tlinux\t/boot/vmlinuz-6.8.0-1015-aws root=PARTUUID=1 ro  quiet",
       "/boot/vmlinuz-6.8.0-1015-aws", "root=PARTUUID=1 ro  quiet"},
      {"linux16 /vmlinuz-6.1.0 ro", "/vmlinuz-6.1.0", "ro"},
      {"linuxefi ($root)/vmlinuz-6.1.0", "($root)/vmlinuz-6.1.0", ""},
      {"linux", "", ""},
      {"options root=LABEL=/ ro $tuned_params", "", "root=LABEL=/ ro $tuned_params"},
      {"options", "", ""},
      {"kernelopts=root=LABEL=/ ro ", "", "root=LABEL=/ ro"},
  };
  for (const BootRow& row : rows) {
    const auto line = parse_boot_line(row.line);
    ASSERT_TRUE(line) << row.line;
    EXPECT_EQ(line->kernel, row.kernel) << row.line;
    EXPECT_EQ(line->arguments, row.arguments) << row.line;
    EXPECT_EQ(line->variable, "") << row.line;
  }
}

TEST(ParseBootLine, TakesWhatAShellAssigns) {
  constexpr const char* kAll = "GRUB_CMDLINE_LINUX";
  const BootRow rows[] = {
      {"GRUB_CMDLINE_LINUX=\"quiet splash\"  # fast", "", "quiet splash", kAll},
      {" GRUB_CMDLINE_LINUX_DEFAULT='a b'", "", "a b", "GRUB_CMDLINE_LINUX_DEFAULT"},
      {R"(GRUB_CMDLINE_LINUX="x=\"a b\" c")", "", R"(x="a b" c)", kAll},
      {R"(GRUB_CMDLINE_LINUX="a "'b'c)", "", "a bc", kAll},
      {R"(GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX quiet")", "", "$GRUB_CMDLINE_LINUX quiet", kAll,
       true},
      {"GRUB_CMDLINE_LINUX+=\" quiet\"", "", " quiet", kAll, true},
      {"GRUB_CMDLINE_LINUX=quiet;x=y", "", "quiet", kAll},
      {"GRUB_CMDLINE_LINUX=", "", "", kAll},
      {"GRUB_CMDLINE_LINUX=\"quiet", "", "quiet", kAll},
      {"GRUB_CMDLINE_LINUX=\\", "", "\\", kAll},
      {"GRUB_CMDLINE_LINUX='", "", "", kAll},
  };
  for (const BootRow& row : rows) {
    const auto line = parse_boot_line(row.line);
    ASSERT_TRUE(line) << row.line;
    EXPECT_EQ(line->arguments, row.arguments) << row.line;
    EXPECT_EQ(line->variable, row.variable) << row.line;
    EXPECT_EQ(line->adds, row.adds) << row.line;
  }
}

TEST(ParseBootLine, LeavesOtherLinesAlone) {
  for (const char* line : {"", " ", "#GRUB_CMDLINE_LINUX=\"x\"", "GRUB_CMDLINE_LINUX_XEN=\"x\"",
                           "GRUB_CMDLINE_LINUX \"x\"", "GRUB_CMDLINE_LINUX", "GRUB_CMDLINE",
                           "GRUB_DEFAULT=0", "linuxrc /x", "# linux /x", "initrd /x", "title Linux",
                           "menuentry 'linux' {", "set kernelopts=\"x\"", "=", "\"", "\\"}) {
    EXPECT_FALSE(parse_boot_line(line)) << line;
  }
  EXPECT_TRUE(parse_boot_line(std::string("linux \0 x", 9)));
}

std::string file(const std::string& path, const std::vector<std::string>& lines) {
  return seen("lines", path, Array(lines.begin(), lines.end()));
}

// The only one in its directory.
std::string only_file(const std::string& directory, const std::string& name,
                      const std::vector<std::string>& lines) {
  return seen("list", directory, Array{name}) + file(directory + "/" + name, lines);
}

Reading<std::string> blocked_by(const std::string& looks) {
  Said said;
  said.read(looks, read_kernel, {{kInstalledKernel, kRelease}});
  return from_value<KernelFacts>(said.facts(), "facts")->blacklisted_by;
}

TEST(ReadBootLoader, TheLastAssignmentOfAVariableHolds) {
  const std::string blocked = file(kGrub, {"GRUB_CMDLINE_LINUX=\"ro module_blacklist=efa\""});
  const auto later = [&](const char* line) {
    return blocked_by(blocked + only_file("/etc/default/grub.d", "50-x.cfg", {line}));
  };
  const std::string said = std::string(kGrub) + ": module_blacklist=efa";
  EXPECT_EQ(blocked_by(blocked), said);
  EXPECT_FALSE(later("GRUB_CMDLINE_LINUX=\"quiet\""));
  EXPECT_EQ(later("GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX quiet\""), said);
  EXPECT_EQ(later("GRUB_CMDLINE_LINUX_DEFAULT=\"quiet\""), said);
  EXPECT_EQ(later("GRUB_CMDLINE_LINUX=\"modprobe.blacklist=efa\""),
            "/etc/default/grub.d/50-x.cfg: modprobe.blacklist=efa");
  EXPECT_FALSE(blocked_by(
      only_file("/etc/default/grub.d", "x.cfg.bak", {"GRUB_CMDLINE_LINUX=module_blacklist=efa"})));
}

TEST(ReadBootLoader, AnEntryOfAnotherKernelSaysNothingOfThisOne) {
  constexpr const char* kEntries = "/boot/loader/entries";
  for (const auto& [kernel, counts] :
       {std::pair{"/boot/vmlinuz-6.1.0-40-amd64", true},
        std::pair{"/boot/vmlinuz-6.1.0-9-amd64", false}, std::pair{"/0123/linux", true}}) {
    const std::string linux = std::string("linux ") + kernel;
    EXPECT_EQ(blocked_by(only_file(kEntries, "a.conf", {linux, "options ro module_blacklist=efa"}))
                  .has_value(),
              counts)
        << kernel;
    for (const char* path : {"/boot/grub/grub.cfg", "/boot/grub2/grub.cfg"}) {
      EXPECT_EQ(blocked_by(file(path, {linux + " ro module_blacklist=efa"})).has_value(), counts)
          << path << ' ' << kernel;
    }
  }
}

TEST(ReadBootLoader, NamesWhatTheOthersAreMadeOf) {
  const std::string made =
      file("/boot/grub/grub.cfg", {"linux /boot/vmlinuz-6.1.0-40-amd64 modprobe.blacklist=efa"});
  EXPECT_EQ(blocked_by(made), "/boot/grub/grub.cfg: modprobe.blacklist=efa");
  EXPECT_EQ(blocked_by(made + file(kGrub, {"GRUB_CMDLINE_LINUX=modprobe.blacklist=efa"})),
            "/etc/default/grub: modprobe.blacklist=efa");
  EXPECT_EQ(blocked_by(file("/boot/grub2/grubenv", {"kernelopts=ro module_blacklist=efa"})),
            "/boot/grub2/grubenv: module_blacklist=efa");
  EXPECT_EQ(blocked_by(file("/etc/kernel/cmdline", {"module_blacklist=efa"})),
            "/etc/kernel/cmdline: module_blacklist=efa");
}

TEST(ReadBootLoader, WhatCannotBeReadMayHoldIt) {
  const std::string denied = unseen("lines", "/boot/grub2/grub.cfg", EACCES);
  EXPECT_NE(blocked_by(denied).unreadable(), nullptr);
  EXPECT_TRUE(blocked_by(denied + file("/etc/kernel/cmdline", {"module_blacklist=efa"})));
  EXPECT_NE(blocked_by(unseen("list", "/boot/loader/entries", EACCES)).unreadable(), nullptr);
}

// A kernel in one file with its command line: GRUB's files beside it may be old.
TEST(ReadBootLoader, WhereAKernelMayBootPastGrubItsFilesSayNothing) {
  const std::string grub =
      file("/boot/grub/grub.cfg", {"linux /boot/vmlinuz-6.1.0-40-amd64 modprobe.blacklist=efa"}) +
      file(kGrub, {"GRUB_CMDLINE_LINUX=modprobe.blacklist=efa"});
  ASSERT_TRUE(blocked_by(grub));
  for (const char* path : {"/boot/efi/EFI/Linux", "/efi/EFI/Linux", "/boot/EFI/systemd"}) {
    const std::string unified = seen("list", path, Array{Value("linux-6.1.EFI")});
    EXPECT_TRUE(blocked_by(grub + seen("list", path, Array{Value("README")}))) << "nothing boots";
    EXPECT_NE(blocked_by(grub + unseen("list", path, EACCES)).unreadable(), nullptr);
    const Reading<std::string> blocked = blocked_by(grub + unified);
    EXPECT_FALSE(blocked) << path;
    ASSERT_NE(blocked.unreadable(), nullptr) << path;
    EXPECT_EQ(blocked.unreadable()->what, path);
    EXPECT_NE(blocked.unreadable()->reason.find("past GRUB"), std::string::npos);
    EXPECT_EQ(blocked_by(unified + file("/etc/kernel/cmdline", {"module_blacklist=efa"})),
              "/etc/kernel/cmdline: module_blacklist=efa");
  }
}

TEST(ReadBootLoader, TheMachineThatMakesTheImageAndEditedRecordingsSayNothing) {
  const Reading<std::string> blocked =
      blocked_by(file("/proc/cmdline", {"module_blacklist=efa"}) +
                 file("/etc/kernel/cmdline", {"secret"}) + file(kGrub, {"secret", "options x"}));
  EXPECT_FALSE(blocked);
  EXPECT_EQ(blocked.unreadable(), nullptr);
}

}  // namespace
}  // namespace efa
