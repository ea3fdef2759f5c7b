// Texts of the kernel about its module, about devices and about interfaces.

#include <gtest/gtest.h>

#include <cstring>

#include "probes/kernel/parse.h"
#include "probes/net/parse.h"
#include "probes/pci/parse.h"
#include "probes/rdma/parse.h"
#include "tests/support/row.h"

namespace efa {
namespace {

TEST(ParseKernel, FindsTheEfaModule) {
  const TextRow rows[] = {
      {"kernel/drivers/amazon/net/efa/efa.ko: kernel/drivers/infiniband/core/ib_uverbs.ko",
       "kernel/drivers/amazon/net/efa/efa.ko"},
      {"updates/dkms/efa.ko.zst:", "updates/dkms/efa.ko.zst"},
      {"extra/efa.ko.xz: x", "extra/efa.ko.xz"},
      {"kernel/drivers/infiniband/hw/efa/efa.ko", "kernel/drivers/infiniband/hw/efa/efa.ko"},
      {"kernel/x/efa_nv_peermem.ko: y", kNone},
      {"kernel/drivers/infiniband/core/ib_core.ko: extra/efa.ko", kNone},
      {"kernel/efa/other.ko:", kNone},
      {"efa", kNone},
      {"", kNone},
      {":", kNone},
  };
  for (const auto& row : rows) EXPECT_EQ(parse_efa_module(row.input), row.wanted) << row.input;
}

TEST(ParseKernel, FindsTheRdmaCoreOfMlnxOfed) {
  const std::string ours = "extra/mlnx-ofa_kernel/drivers/infiniband/core/ib_core.ko";
  const TextRow rows[] = {
      {ours + ".xz: extra/mlnx-ofa_kernel/compat/mlx_compat.ko", ours + ".xz"},
      {"weak-updates/mlnx-ofa_kernel/drivers/infiniband/core/ib_core.ko:",
       "weak-updates/mlnx-ofa_kernel/drivers/infiniband/core/ib_core.ko"},
      {"extra/mlnx-ofa_kernel/compat/mlx_compat.ko:", kNone},
      {"kernel/drivers/infiniband/core/ib_core.ko.zst: kernel/x.ko", kNone},
      {"updates/dkms/ib_core.ko.zst: updates/dkms/mlx_compat.ko.zst",
       "updates/dkms/ib_core.ko.zst"},
      {"extra/ib_core.ko.xz:", "extra/ib_core.ko.xz"},
      {"updates/dkms/ib_uverbs.ko.zst: updates/dkms/ib_core.ko.zst", kNone},
      {"extra/efa.ko: " + ours, kNone},
      {"", kNone},
  };
  for (const auto& row : rows) EXPECT_EQ(parse_ofed_module(row.input), row.wanted) << row.input;
}

TEST(ParseKernel, FindsTheIdsOfTheEfaModule) {
  const TextRow rows[] = {
      {"alias pci:v00001D0Fd0000EFA1sv*sd*bc*sc*i* efa", "0xefa1"},
      {"alias pci:v00001D0Fd0000EFA4sv*sd*bc*sc*i* efa", "0xefa4"},
      {"alias pci:v00001D0Fd0000EC20sv*sd*bc*sc*i* ena", kNone},
      {"alias pci:v00001D0Fd0001EFA1sv*sd*bc*sc*i* efa", kNone},
      {"alias pci:v00001D0FdZZZZEFA1sv*sd*bc*sc*i* efa", kNone},
      {"alias pci:v00001D0Fd0000EF", kNone},
      {"alias pci:v00001D0Fd efa", kNone},
      {"# alias pci:v00001D0Fd0000EFA1 efa", kNone},
      {"", kNone},
  };
  for (const auto& row : rows) EXPECT_EQ(parse_efa_alias(row.input), row.wanted) << row.input;
}

TEST(ParseKernel, KnowsALineThatClosesTheKernelToModules) {
  for (const char* line : {"kernel.modules_disabled = 1", "kernel/modules_disabled=1",
                           "  - kernel.modules_disabled=1 "}) {
    EXPECT_EQ(parse_modules_disabled(line), true) << line;
  }
  EXPECT_EQ(parse_modules_disabled("kernel.modules_disabled=0"), false);
  for (const char* line : {"", "=", "kernel.modules_disabled", "kernel.modules_disabled=",
                           "#kernel.modules_disabled=1", "kernel.modules_disabled.x=1"}) {
    EXPECT_EQ(parse_modules_disabled(line), std::nullopt) << line;
  }
}

TEST(ParseKernel, KnowsAnArgumentThatKeepsEfaOut) {
  const TextRow rows[] = {
      {"ro modprobe.blacklist=efa quiet", "modprobe.blacklist=efa"},
      {"modprobe.blacklist=nouveau,efa\n", "modprobe.blacklist=efa"},
      {"modprobe.blacklist=efa modprobe.blacklist=nouveau", "modprobe.blacklist=efa"},
      {"module_blacklist=ena,efa", "module_blacklist=efa"},
      {"module-blacklist=efa", "module_blacklist=efa"},
      {"module_blacklist=efa module_blacklist=ena", kNone},  // the kernel takes the last one
      {"module_blacklist=ena module_blacklist=efa", "module_blacklist=efa"},
      {"modprobe.blacklist=efa module_blacklist=efa", "module_blacklist=efa"},
      {"module_blacklist=ib_uverbs", "module_blacklist=ib_uverbs"},
      {"module_blacklist=ib_umad,ib-core", "module_blacklist=ib_core"},
      {"modprobe.blacklist=ib_uverbs", kNone},
      {"-- module_blacklist=efa", kNone},
      {"-- modprobe.blacklist=efa", "modprobe.blacklist=efa"},
      {"\"modprobe.blacklist=efa\"", "modprobe.blacklist=efa"},
      {"modprobe.blacklist=\"efa\"", "modprobe.blacklist=efa"},
      {"x=\"a modprobe.blacklist=efa b\"", kNone},
      {"modprobe.blacklist=efa_nv_peermem", kNone},
      {"modprobe.blacklist=EFA", kNone},
      {"modprobe.blacklist=", kNone},
      {"modprobe.blacklist efa", kNone},
      {"rd.modprobe.blacklist=efa xmodule_blacklist=efa efa.blacklist=efa", kNone},
      {"modprobe.blacklist=\"", kNone},
      {"", kNone},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(argument_that_keeps_efa_out(row.input), row.wanted) << row.input;
  }
}

// As drivers/pci/proc.c prints them: position, ids, interrupt, 7 addresses, 7 sizes, the driver.
TEST(ParseKernel, KnowsAnEfaFunctionWithoutDriver) {
  const std::string resources = "\t0\t0\t0\t0\t0\t0\t0\t2000\t0\t8000\t0\t0\t0\t0\t";
  const std::string efa = "0030\t1d0fefa1\t0" + resources;
  EXPECT_TRUE(is_unbound_efa_function(efa));
  EXPECT_FALSE(is_unbound_efa_function(efa + "efa"));
  EXPECT_FALSE(is_unbound_efa_function(efa + "vfio-pci"));
  EXPECT_FALSE(is_unbound_efa_function("0030\t1d0fec20\t0" + resources));
  for (const char* line : {"", "1d0fefa1", "0030\t1d0fefa1", "0030\t8086efa1\t0"}) {
    EXPECT_FALSE(is_unbound_efa_function(line)) << line;
  }
}

TEST(ParseKernel, ReadsWhetherUnsupportedModulesAreAllowed) {
  EXPECT_EQ(parse_allow_unsupported("allow_unsupported_modules 0"), false);
  EXPECT_EQ(parse_allow_unsupported(" allow_unsupported_modules  1"), true);
  EXPECT_EQ(parse_allow_unsupported("allow_unsupported_modules 0 for support"), false);
  for (const char* line : {"", "# allow_unsupported_modules 0", "allow_unsupported_modules",
                           "allow_unsupported_modules yes", "options x y=0"}) {
    EXPECT_FALSE(parse_allow_unsupported(line)) << line;
  }
}

TEST(ParseKernel, ReadsTheKernelOfAMakeLog) {
  const TextRow rows[] = {
      {"DKMS make.log for efa-3.1.0 for kernel 6.1.0-40-amd64 (x86_64)", "6.1.0-40-amd64"},
      {"DKMS (dkms-3.2.1) make.log for efa/3.1.0 for kernel 6.12.0 (aarch64)", "6.12.0"},
      {"DKMS make.log for efa-3.1.0 for kernel ", kNone},
      {"make: built for kernel 6.1", kNone},
      {"", kNone},
  };
  for (const auto& row : rows) EXPECT_EQ(parse_make_log(row.input), row.wanted) << row.input;
}

TEST(ParseKernel, ReadsWhichKernelAFileIsOf) {
  const TextRow rows[] = {
      {"vmlinuz-6.8.0-1015-aws", "6.8.0-1015-aws"},
      {"boot/vmlinuz-6.1.0-40-cloud-amd64", "6.1.0-40-cloud-amd64"},
      {"/boot/vmlinuz-5.14.0-570.el9.x86_64", "5.14.0-570.el9.x86_64"},
      {"vmlinuz-0-rescue-1234", kNone},
      {"vmlinuz-6.1/../x", kNone},
      {"vmlinuz-", kNone},
      {"bzImage", kNone},
      {"", kNone},
  };
  for (const auto& row : rows) EXPECT_EQ(parse_kernel_file(row.input), row.wanted) << row.input;
}

TEST(ParseKernel, KeepsOfAnEntryTheReleaseOnly) {
  const Row<std::string> rows[] = {
      {"gnulinux-advanced-1a2b>gnulinux-6.8.0-1015-aws-advanced-1a2b", "6.8.0-1015-aws"},
      {"Advanced options for Ubuntu>Ubuntu, with Linux 6.8.0-1015-aws", "6.8.0-1015-aws"},
      {"ec2f1ad3b9a84c1d8d6b0f7c5e4a3b2c-6.1.177-224.371.amzn2023.x86_64",
       "6.1.177-224.371.amzn2023.x86_64"},
      {"6.1.177-224.371.amzn2023.x86_64", "6.1.177-224.371.amzn2023.x86_64"},
      {"ec2f1ad3b9a84c1d8d6b0f7c5e4a3b2c-0-rescue", "other"},
      {"gnulinux-advanced-1a2b>gnulinux-6.8.0-1015-aws-recovery-1a2b", "other"},
      {"Ubuntu, with Linux 6.8.0-1015-aws (recovery mode)", "other"},
      {"gnulinux-simple-1a2b", "other"},
      {"1>2", "other"},
      {"2", "other"},
      {"../../6.1", "other"},
      {"0", "0"},
      {"saved", "saved"},
      {"", ""},
  };
  for (const auto& row : rows) EXPECT_EQ(word_of_entry(row.input), row.wanted) << row.input;
}

TEST(ParseKernel, ReadsAnAssignment) {
  EXPECT_EQ(parse_assignment("GRUB_DEFAULT=\"saved\"", "GRUB_DEFAULT"), "saved");
  EXPECT_EQ(parse_assignment(" saved_entry=x>y ", "saved_entry"), "x>y");
  EXPECT_EQ(parse_assignment("saved_entry=", "saved_entry"), "");
  for (const char* line : {"", "#GRUB_DEFAULT=1", "GRUB_DEFAULT_X=1", "GRUB_DEFAULT"}) {
    EXPECT_FALSE(parse_assignment(line, "GRUB_DEFAULT")) << line;
  }
}

TEST(ParseKernel, ReadsLockdownAndTheNameOfTheOs) {
  EXPECT_EQ(parse_lockdown("none [integrity] confidentiality"), "integrity");
  for (const char* text : {"", "none", "]none[", "[none", "none]"}) {
    EXPECT_EQ(parse_lockdown(text), kNone) << text;
  }
  const TextRow rows[] = {
      {"NAME=x\nPRETTY_NAME=\"Amazon Linux 2023.9\"\nID=amzn", "Amazon Linux 2023.9"},
      {"PRETTY_NAME='Debian GNU/Linux 12'", "Debian GNU/Linux 12"},
      {"PRETTY_NAME=Bottlerocket\n", "Bottlerocket"},
      {"PRETTY_NAME=\"cut", "\"cut"},
      {"PRETTY_NAME=\"", "\""},
      {"XPRETTY_NAME=a", kNone},
      {"", kNone},
  };
  for (const auto& row : rows) EXPECT_EQ(parse_pretty_name(row.input), row.wanted) << row.input;
}

TEST(ParseKernel, ReadsNumbersAndFlags) {
  const Row<std::optional<int64_t>> uptimes[] = {
      {"350735.47 234388.90", 350735},
      {"7", 7},
      {"0.00 0.00", 0},
      {"", kNone},
      {".5", kNone},
      {"x.1", kNone},
      {"99999999999999999999.0", kNone},
  };
  for (const auto& row : uptimes) EXPECT_EQ(parse_uptime_s(row.input), row.wanted) << row.input;
  const Row<std::optional<bool>> flags[] = {
      {"1", true}, {"Y", true},   {"0", false}, {"N", false},
      {"", kNone}, {"11", kNone}, {"x", kNone},
  };
  for (const auto& row : flags) EXPECT_EQ(parse_flag(row.input), row.wanted) << row.input;
}

TEST(ParsePci, TellsFunctionsApartByTheirNumbers) {
  const std::pair<PciIdentity, PciKind> rows[] = {
      {{0x1d0f, 0xefa0, 0x020000}, PciKind::kEfa},
      {{0x1d0f, 0xefaf, 0}, PciKind::kEfa},
      {{0x1d0f, 0xec20, 0x020000}, PciKind::kEna},
      {{0x1d0f, 0x0ec2, 0x020000}, PciKind::kEna},
      {{0x1d0f, 0xefb0, 0x020000}, PciKind::kAmazonEthernet},
      {{0x1d0f, 0x8061, 0x010802}, PciKind::kOther},  // EBS
      {{0x1d0f, 0x7164, 0x088000}, PciKind::kNeuron},
      {{0x1d0f, 0x7364, 0x120000}, PciKind::kNeuron},
      {{0x10de, 0x2330, 0x030200}, PciKind::kGpu},
      {{0x1002, 0x74a1, 0x120000}, PciKind::kGpu},
      {{0x10de, 0x22a3, 0x068000}, PciKind::kOther},  // NVSwitch
      {{0x15b3, 0xefa1, 0x020000}, PciKind::kOther},
      {{0, 0, 0}, PciKind::kUnidentified},
      {{0, 0xefa1, 0x020000}, PciKind::kUnidentified},
      {{0x1d0f, 0, 0x020000}, PciKind::kUnidentified},
      {{0xffff, 0xffff, 0xffffff}, PciKind::kOther},
      {{0x1d0f, 0xffffefa1, 0}, PciKind::kOther},
  };
  for (const auto& [identity, kind] : rows) {
    EXPECT_EQ(kind_of(identity), kind) << std::hex << identity.vendor << ":" << identity.device;
  }
}

TEST(ParsePci, FindsTheBridgeAbove) {
  const TextRow rows[] = {
      {"../../../devices/pci0000:00/0000:00:01.0/0000:01:00.0", "0000:00:01.0"},
      {"../../../devices/pci0000:10/0000:10:1b.0", kNone},  // on a root bus
      {"0000:00:01.0/x", "0000:00:01.0"},
      {"0000:00:01.0", kNone},
      {"//", kNone},
      {"", kNone},
  };
  for (const auto& row : rows) EXPECT_EQ(parse_bridge(row.input), row.wanted) << row.input;
}

TEST(ParsePci, ReadsTheSizesOfBars) {
  using Sizes = std::vector<uint64_t>;
  const std::string bar = "0x00000000fe000000 0x00000000fe003fff 0x0000000000040200\n";
  const std::string none = "0x0000000000000000 0x0000000000000000 0x0000000000000000\n";
  const Row<Sizes> rows[] = {
      {bar + none, {0x4000, 0}},
      {bar + bar + bar + bar + bar + bar + bar + bar, Sizes(6, 0x4000)},
      {"0xfe003fff 0xfe000000 0x0\n", {0}},  // ends before it begins
      {"0x0 0xffffffffffffffff 0x0\n", {0}},
      {"0x0000000000000000 0x0000000000003fff 0x0000000020040200\n", {0}},  // not assigned
      {"0x0 0x1ffffffffffffffff 0x0\n", {0}},
      {"x y z\n" + bar, {0, 0x4000}},
      {bar + "0xfe000000 0xfe0", {0x4000}},  // truncated
      {"0 0 0 0\n" + bar, {}},
      {"", {}},
  };
  for (const auto& row : rows) EXPECT_EQ(parse_bar_sizes(row.input), row.wanted) << row.input;
}

TEST(ParsePci, ReadsTheTotalOfErrors) {
  const Row<std::optional<uint64_t>> rows[] = {
      {"RxErr 1\nBadTLP 2\nTOTAL_ERR_COR 3", 3},
      {"TOTAL_ERR_FATAL 0\n", 0},
      {"RxErr 1\n", kNone},
      {"TOTAL_ERR_COR", kNone},
      {"TOTAL_ERR_COR 1 2", kNone},
      {"TOTAL_ERR_COR -1", kNone},
      {"TOTAL_ERR_COR 99999999999999999999", kNone},
      {"", kNone},
  };
  for (const auto& row : rows) EXPECT_EQ(parse_aer_total(row.input), row.wanted) << row.input;
}

TEST(ParsePci, ReadsTheNumaNodeAndTheOverride) {
  const Row<std::optional<int>> nodes[] = {
      {"0", 0}, {"3\n", 3}, {"-1", kNone}, {"", kNone}, {"x", kNone}, {"99999999999", kNone},
  };
  for (const auto& row : nodes) EXPECT_EQ(parse_numa_node(row.input), row.wanted) << row.input;
  EXPECT_EQ(parse_driver_override("(null)"), "");
  EXPECT_EQ(parse_driver_override("vfio-pci"), "vfio-pci");
  EXPECT_EQ(parse_driver_override(""), "");
}

TEST(ParseNet, FindsTheDefaultRoute) {
  const std::string head =
      "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";
  const TextRow rows[] = {
      {head + "eth0\t000010AC\t00000000\t0001\t0\t0\t100\t0000FFFF\t0\t0\t0\n"
              "eth0\t00000000\t010010AC\t0003\t0\t0\t100\t00000000\t0\t0\t0\n",
       "eth0 via 172.16.0.1"},
      {head + "eth0\t00000000\t010010AC\t0002\t0\t0\t100\t00000000\t0\t0\t0\n", kNone},  // down
      {head + "eth0\t00000000\t010010AC\t0203\t0\t0\t100\t00000000\t0\t0\t0\n", kNone},  // reject
      {head + "eth0\t00000000\tzzzz\t0003\t0\t0\t100\t00000000\t0\t0\t0\n", kNone},
      {head + "eth0\t00000000\t010010AC\t0003", kNone},
      {head, kNone},
      {"", kNone},
  };
  for (const auto& row : rows) EXPECT_EQ(parse_default_route(row.input), row.wanted) << row.input;
}

TEST(ParseNet, FindsTheDefaultRouteOfIpv6) {
  const std::string zero(32, '0');
  const std::string gateway = "fe800000000000000000000000000001";
  const auto route = [&](const std::string& via, const char* flags, const char* interface) {
    return zero + " 00 " + zero + " 00 " + via + " 00000400 00000001 00000000 " + flags + "     " +
           interface + "\n";
  };
  const TextRow rows[] = {
      {route(gateway, "00000003", "ens5"), "ens5 via fe80::1"},
      {route(zero, "00200200", "lo"), kNone},
      {route(zero, "00000001", "lo"), kNone},
      {route("fe80", "00000003", "ens5"), kNone},
      {zero + " 40" + route(gateway, "00000003", "ens5").substr(35), kNone},
      {"", kNone},
  };
  for (const auto& row : rows) EXPECT_EQ(parse_default_route6(row.input), row.wanted) << row.input;
}

TEST(ParseRdma, TakesTheMacOutOfAGid) {
  const TextRow rows[] = {
      {"fe80:0000:0000:0000:048f:94ff:fe25:3613", "06:8f:94:25:36:13"},
      {"fe80:0000:0000:0000:0000:00ff:fe00:0000", "02:00:00:00:00:00"},
      {"fe80:0000:0000:0000:048f:94ff:fd25:3613", kNone},
      {"fe90:0000:0000:0000:048f:94ff:fe25:3613", kNone},
      {"fe80:0000:0000:0000:048f:94ff:fe25", kNone},
      {"fe80:0000:0000:0000:048f:94ff:fe25:36131", kNone},
      {"fe80:0000:0000:0000:xxxx:94ff:fe25:3613", kNone},
      {"", kNone},
  };
  for (const auto& row : rows) EXPECT_EQ(parse_gid_mac(row.input), row.wanted) << row.input;
}

TEST(ParseRdma, ADeviceNumberIsTwoNumbers) {
  EXPECT_TRUE(is_device_number("231:192"));
  for (const char* text : {"", "231", "231:", ":192", "231:192:1", "231:x", "\x01garbage"}) {
    EXPECT_FALSE(is_device_number(text)) << text;
  }
}

TEST(ParseRdma, AGidIsEightGroupsOfFourDigits) {
  for (const char* gid :
       {"0000:0000:0000:0000:0000:0000:0000:0000", "FE80:0000:0000:0000:048f:94ff:fe25:3613"}) {
    EXPECT_TRUE(is_gid(gid)) << gid;
  }
  for (const char* text : {"", "zz", "\x01garbage", "::", "fe80::048f:94ff:fe25:3613",
                           "fe80:0000:0000:0000:048f:94ff:fe25:361g",
                           "fe80:0000:0000:0000:048f:94ff:fe25:3613:0000"}) {
    EXPECT_FALSE(is_gid(text)) << text;
  }
}

}  // namespace
}  // namespace efa
