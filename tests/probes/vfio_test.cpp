// What gives an EFA device to vfio-pci at each boot, and what is said of it.

#include "probes/protocol/vfio.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "probes/judging/remedy.h"
#include "probes/kernel/facts.h"
#include "probes/kernel/read.h"
#include "tests/support/check_case.h"
#include "tests/support/said.h"

namespace efa {
namespace {

using Lines = std::vector<std::string>;

TEST(ParseVfio, KnowsALineOfModprobe) {
  struct Row {
    const char* input;
    std::optional<std::string> wanted;
  };
  const Row rows[] = {
      {"options vfio-pci ids=1d0f:efa0", "options vfio-pci ids=1d0f:efa0"},
      {" options\tvfio_pci  ids=1D0F:EFA2 ", "options vfio_pci ids=1D0F:EFA2"},
      {"options vfio-pci ids=10de:2330,1d0f:efa1 disable_vga=1",
       "options vfio-pci ids=10de:2330,1d0f:efa1 ..."},
      {"options vfio-pci ids=\"1d0f:efa0\"", "options vfio-pci ids=1d0f:efa0 ..."},
      {"options vfio-pci ids=1d0f:efa0 ids=10de:2330", std::nullopt},  // the last one holds
      {"options vfio-pci ids=10de:2330", std::nullopt},
      {"options vfio-pci ids=1d0f:ec20", std::nullopt},
      {"options vfio-pci ids=10de:efa0", std::nullopt},
      {"options vfio-pci ids=1d0f:efa0;secret", std::nullopt},
      {"options vfio-pci", std::nullopt},
      {"options vfio ids=1d0f:efa0", std::nullopt},
      {"# options vfio-pci ids=1d0f:efa0", std::nullopt},
      {"softdep efa pre: vfio-pci", "softdep efa pre: vfio-pci"},
      {"softdep efa pre: ib_core vfio_pci", "softdep efa pre: vfio_pci ..."},
      {"softdep efa post: vfio-pci", std::nullopt},
      {"softdep nvme pre: vfio-pci", std::nullopt},
      {"", std::nullopt},
  };
  for (const Row& row : rows) EXPECT_EQ(parse_vfio_line(row.input), row.wanted) << row.input;
}

TEST(ParseVfio, KnowsAnArgumentOfTheKernelsCommandLine) {
  EXPECT_EQ(parse_vfio_arguments("ro vfio-pci.ids=1d0f:efa0,10de:2330 quiet"),
            Lines{"vfio-pci.ids=1d0f:efa0,10de:2330"});
  EXPECT_EQ(parse_vfio_arguments("vfio_pci.ids=1d0f:efa3"), Lines{"vfio_pci.ids=1d0f:efa3"});
  for (const char* line : {"", "ro quiet", "vfio-pci.ids=10de:2330", "vfio-pci.ids",
                           "ids=1d0f:efa0", "vfio-pci.disable_vga=1"}) {
    EXPECT_EQ(parse_vfio_arguments(line), Lines{}) << line;
  }
}

TEST(ParseVfio, TellsOneIdFromAnother) {
  EXPECT_TRUE(gives_to_vfio("options vfio-pci ids=10de:2330,1D0F:EFA1:1d0f:efa1", "0xefa1"));
  EXPECT_TRUE(gives_to_vfio("vfio-pci.ids=1d0f:efa1", "0xefa1"));
  EXPECT_FALSE(gives_to_vfio("vfio-pci.ids=1d0f:efa1", "0xefa2"));
  EXPECT_FALSE(gives_to_vfio("vfio-pci.ids=10de:efa1", "0xefa1"));
  EXPECT_FALSE(gives_to_vfio("softdep efa pre: vfio-pci", "0xefa1"));
  EXPECT_FALSE(gives_to_vfio("vfio-pci.ids=1d0f:efa1", ""));
}

KernelFacts facts_of(const std::string& looks) {
  Said said;
  said.read(seen("read", "/proc/sys/kernel/osrelease", "6.1.0") + looks, read_kernel);
  return *from_value<KernelFacts>(said.facts(), "facts");
}

std::string file_of(const std::string& directory, const std::string& part) {
  return seen("list", directory, Array{Value("vfio.conf")}) +
         seen("part", directory + "/vfio.conf", part);
}

TEST(ReadVfio, LooksWhereVfioIsLoaded) {
  const std::string line = "options vfio-pci ids=1d0f:efa0";
  const std::string etc = file_of("/etc/modprobe.d", line + "\n");
  const std::string loaded =
      seen("list", "/sys/module", Array{Value("vfio_pci")}) +
      seen("status", "/sys/bus/pci/drivers/vfio-pci", Object{{"mode", 0040755}});
  EXPECT_EQ(facts_of(loaded + etc).vfio_lines, Lines{"/etc/modprobe.d/vfio.conf: " + line});
  EXPECT_EQ(facts_of(etc).vfio_lines, Lines{});
  EXPECT_EQ(facts_of(loaded + seen("part", "/proc/cmdline", "vfio-pci.ids=1d0f:efa0")).vfio_lines,
            Lines{"/proc/cmdline: vfio-pci.ids=1d0f:efa0"});
  const std::string masked = file_of("/etc/modprobe.d", "");
  EXPECT_EQ(facts_of(loaded + masked + file_of("/usr/lib/modprobe.d", line)).vfio_lines, Lines{})
      << "the first directory's file hides the other";
}

Scene given_away(const Lines& lines) {
  Scene scene = healthy_scene();
  scene.pci(0).driver = "vfio-pci";
  scene.pci(0).device = "0xefa1";
  scene.node.kernel.facts.vfio_lines = lines;
  return scene;
}

constexpr const char* kInFile = "/etc/modprobe.d/vfio.conf: options vfio-pci ids=1d0f:efa1";
constexpr const char* kSoftdep = "/etc/modprobe.d/vfio.conf: softdep efa pre: vfio-pci";
constexpr const char* kArgument = "/proc/cmdline: vfio-pci.ids=1d0f:efa1";

Finding wrong_driver(const Scene& scene) {
  auto findings = judge_all(scene.node, scene.expectation);
  complete_remedies(scene.node, findings);
  const Finding* finding = finding_of(findings, "driver.wrong-driver", device(0));
  return finding == nullptr ? Finding() : *finding;
}

TEST(GivenAway, TheLinesAreNamedAndRemoved) {
  const Finding finding = wrong_driver(given_away({kInFile, kSoftdep}));
  EXPECT_EQ(finding.message,
            std::string("is bound to vfio-pci, at each boot, by ") + kInFile + "; " + kSoftdep);
  EXPECT_NE(finding.remedy_text().find("Remove the lines"), std::string::npos);
  const std::string command = command_of(finding);
  EXPECT_TRUE(command.starts_with(
      "sudo sed -i -E 's/^[[:space:]]*options[[:space:]]+vfio-pci[[:space:]]+ids=1d0f:efa1"
      "[[:space:]]*$/# &/' /etc/modprobe.d/vfio.conf; sudo sed -i -E "
      "'s/^[[:space:]]*softdep[[:space:]]+efa[[:space:]]+pre:[[:space:]]+vfio-pci[[:space:]]*$/# "
      "&/' /etc/modprobe.d/vfio.conf; echo | sudo tee "))
      << command;
}

// Where the command would take more away than the EFA device, or nothing.
TEST(GivenAway, OfOtherLinesThereIsNoCommand) {
  const std::string plain = command_of(wrong_driver(given_away({})));
  for (const std::string& line :
       {std::string(kArgument), kInFile + std::string(",10de:2330"), kInFile + std::string(" ..."),
        std::string("/etc/modprobe.d/a b.conf: options vfio-pci ids=1d0f:efa1")}) {
    const Finding finding = wrong_driver(given_away({line}));
    EXPECT_NE(finding.message.find(line), std::string::npos);
    EXPECT_NE(finding.remedy_text().find("Remove the lines"), std::string::npos);
    EXPECT_EQ(command_of(finding), plain) << line;
  }
}

TEST(GivenAway, LinesOfOtherDevicesAreNotNamed) {
  const Finding plain = wrong_driver(given_away({}));
  for (const Lines& lines :
       {Lines{"/etc/modprobe.d/vfio.conf: options vfio-pci ids=1d0f:efa2"}, Lines{kSoftdep}}) {
    const Finding finding = wrong_driver(given_away(lines));
    EXPECT_EQ(finding.message, "is bound to vfio-pci");
    EXPECT_EQ(finding.remedy_text(), plain.remedy_text());
    EXPECT_EQ(command_of(finding), command_of(plain));
  }
  Scene scene = given_away({kInFile});
  scene.pci(0).driver = "pci-stub";
  EXPECT_EQ(wrong_driver(scene).message, "is bound to pci-stub");
}

}  // namespace
}  // namespace efa
