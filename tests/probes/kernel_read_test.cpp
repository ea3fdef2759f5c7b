// What probe-kernel says of files that keep efa out, and of a recording that was edited.

#include "probes/kernel/read.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "probes/kernel/facts.h"
#include "tests/support/said.h"

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

}  // namespace
}  // namespace efa
