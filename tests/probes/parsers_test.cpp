// Texts of the kernel, of distributions and of the EFA installer.

#include <gtest/gtest.h>

#include <cstring>

#include "probes/jobs/parse.h"
#include "probes/kernel/parse.h"
#include "probes/limits/memlock.h"
#include "probes/limits/parse.h"
#include "probes/net/parse.h"
#include "probes/pci/parse.h"
#include "probes/protocol/process.h"
#include "probes/rdma/parse.h"
#include "probes/software/parse.h"

namespace efa {
namespace {

template <class Wanted>
struct Row {
  std::string input;
  Wanted wanted;
};
using TextRow = Row<std::optional<std::string>>;
constexpr auto kNone = std::nullopt;

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

TEST(ParseKernel, KnowsALineThatKeepsEfaOut) {
  const Row<bool> rows[] = {
      {"blacklist efa", true},
      {"  blacklist\tefa # no EFA here", true},
      {"install efa /bin/true", true},
      {"install efa /usr/bin/false", true},
      {"install efa /sbin/modprobe --ignore-install efa", false},
      {"install efa", false},
      {"#blacklist efa", false},
      {"blacklist efa_nv_peermem", false},
      {"options efa x=1", false},
      {"softdep efa pre: ib_uverbs", false},
      {"blacklist", false},
      {"", false},
  };
  for (const auto& row : rows) EXPECT_EQ(keeps_efa_out(row.input), row.wanted) << row.input;
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
      {"1", true}, {"Y", true}, {"0", false}, {"N", false}, {"", kNone}, {"11", false},
  };
  for (const auto& row : flags) EXPECT_EQ(parse_flag(row.input), row.wanted) << row.input;
  EXPECT_TRUE(is_open_nvidia("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06"));
  EXPECT_FALSE(is_open_nvidia("NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01"));
  EXPECT_FALSE(is_open_nvidia(""));
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

TEST(ParseJobs, KnowsWhoMayLockAnyMemory) {
  const Row<std::optional<bool>> rows[] = {
      {"CapEff:\t000001ffffffffff", true},
      {"CapEff:\t0000000000004000", true},
      {"CapEff:\t0000000000003fff", false},
      {"CapEff:\t0", false},
      {"CapEff:", kNone},
      {"CapEff:\tx", kNone},
      {"CapEff:\t11111111111111111", kNone},
      {"CapPrm:\t000001ffffffffff", kNone},
      {"", kNone},
  };
  for (const auto& row : rows) EXPECT_EQ(may_lock_any(row.input), row.wanted) << row.input;
}

TEST(ParseJobs, FindsProcessesAmongTheNamesOfProc) {
  EXPECT_EQ(process_ids({"10", "9", "acpi", "self", "", "-3", "0", "7x", "99999999999"}),
            (std::vector<int>{9, 10}));
}

TEST(ParseLimits, ReadsLockedMemory) {
  const auto text_of = [](const std::optional<LockedMemory>& memory) -> std::string {
    if (!memory) return "none";
    return memory->unlimited ? "unlimited" : std::to_string(memory->soft_kib.value_or(0));
  };
  const Row<const char*> rows[] = {
      {"Max locked memory         65536                65536                bytes", "64"},
      {"Limit   Soft   Hard   Units\nMax locked memory   unlimited   unlimited   bytes\n",
       "unlimited"},
      {"Max locked memory         0                    0                    bytes", "0"},
      {"Max locked memory         18446744073709551615 x bytes", "18014398509481983"},
      {"Max locked memory         99999999999999999999 x bytes", "none"},
      {"Max locked memory         -1 -1 bytes", "none"},
      {"Max locked memory", "none"},
      {"Max open files            1024                 4096                 files", "none"},
      {"", "none"},
  };
  for (const auto& row : rows) EXPECT_EQ(text_of(parse_locked_memory(row.input)), row.wanted);
}

TEST(ParseLimits, CountsCpus) {
  const Row<std::optional<int>> rows[] = {
      {"0-191", 192}, {"0-95,128-223\n", 192}, {"0", 1},        {"0,2,4", 3},
      {"", kNone},    {"-5", kNone},           {"5-1", kNone},  {"x", kNone},
      {"0-", kNone},  {"0-99999999", kNone},   {"1,,2", kNone}, {"99999999999999999999", kNone},
  };
  for (const auto& row : rows) EXPECT_EQ(parse_cpu_count(row.input), row.wanted) << row.input;
}

TEST(ParseLimits, KnowsTheControlGroupsOfContainers) {
  const Row<bool> rows[] = {
      {"/kubepods.slice/kubepods-pod1.slice/cri-containerd-1.scope", true},
      {"/docker/0123", true},
      {"/system.slice/docker-0123.scope", true},
      {"/system.slice/docker.service", false},
      {"/machine.slice/libpod-1.scope", true},
      {"/system.slice/sshd.service", false},
      {"/", false},
      {"", false},
  };
  for (const auto& row : rows) EXPECT_EQ(is_container_cgroup(row.input), row.wanted) << row.input;
}

TEST(ParseLimits, FindsTheSystemsUnit) {
  const TextRow rows[] = {
      {"/system.slice/slurmd.service", "slurmd.service"},
      {"/runtime.slice/containerd.service/init", "containerd.service"},
      {"/user.slice/user-1000.slice/user@1000.service/app.slice", kNone},
      {"/init.scope", kNone},
      {"/", kNone},
      {"", kNone},
  };
  for (const auto& row : rows) EXPECT_EQ(parse_system_unit(row.input), row.wanted) << row.input;
}

TEST(ParseLimits, TakesControlGroupsOfBothVersionsApart) {
  const ControlGroups both =
      parse_control_groups("5:devices:/docker/1\n1:name=systemd:/docker/1\n0::/user.slice\n");
  EXPECT_EQ(both.unified, "/user.slice");
  EXPECT_EQ(both.devices, "/docker/1");
  for (const char* text : {"", "0", "0:", "0:::", "x\n\n:::", "5:devices"}) {
    const ControlGroups none = parse_control_groups(text);
    EXPECT_FALSE(none.unified) << text;
    EXPECT_FALSE(none.devices) << text;
  }
}

TEST(ParseLimits, ReadsWhatDockerGives) {
  const auto text_of = [](const std::string& json) {
    const auto memory = parse_docker_memlock(json);
    return memory ? words_of(*memory) : std::string("none");
  };
  const auto config = [](const std::string& memlock) {
    return R"({"default-ulimits": {"memlock": )" + memlock + "}}";
  };
  const Row<const char*> rows[] = {
      {config(R"({"Name": "memlock", "Hard": -1, "Soft": -1})"), "unlimited"},
      {config(R"({"Hard": 65536, "Soft": 65536})"), "64 KiB"},
      {config(R"({"Hard": -1, "Soft": 65536})"), "64 KiB (hard limit unlimited)"},
      {config(R"({"Hard": -1})"), "none"},
      {config(R"({"Hard": "x", "Soft": []})"), "none"},
      {config("-1"), "none"},
      {R"({"default-ulimits": [1]})", "none"},
      {R"({"default-ulimits": {}})", "none"},
      {R"({"default-ulimits": {"memlock": {"Hard": -1, "So)", "none"},
      {"", "none"},
  };
  for (const auto& row : rows) EXPECT_EQ(text_of(row.input), row.wanted) << row.input;
}

TEST(ParseLimits, NamesTheDirectoriesOfDropIns) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(drop_in_names({"slurmd.service"}), (Names{"slurmd.service.d", "service.d"}));
  EXPECT_EQ(
      drop_in_names({"a-b-c.service", "x.service"}),
      (Names{"a-b-c.service.d", "a-b-.service.d", "a-.service.d", "x.service.d", "service.d"}));
  EXPECT_EQ(drop_in_names({"-.service"}), (Names{"-.service.d", "service.d"}));
  EXPECT_EQ(drop_in_names({""}), (Names{".d", "service.d"}));
}

TEST(ParseLimits, ReadsAColumnOfARow) {
  const std::string status = "Name:\tx\nUid:\t1000\t1001\t1002\t1003\n";
  EXPECT_EQ(parse_row(status, "Uid:", 1), 1001U);
  EXPECT_EQ(parse_row(status, "Uid:", 4), kNone);
  EXPECT_EQ(parse_row(status, "Name:", 0), kNone);
  EXPECT_EQ(parse_row("Hugepagesize:    2048 kB", "Hugepagesize:", 0), 2048U);
  EXPECT_EQ(parse_row("", "Uid:", 0), kNone);
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

TEST(ParseSoftware, ReadsTheInstallersList) {
  const InstalledPackages installed = parse_installed_packages(
      "# EFA installer version: 1.43.2\n# Debug packages installed: no\n# Packages installed:\n"
      "efa-config_1.18 efa-profile_1.7 libfabric-aws-bin_2.1.0\n");
  EXPECT_EQ(installed.version, "1.43.2");
  EXPECT_EQ(installed.packages, (std::vector<std::string>{"efa-config_1.18", "efa-profile_1.7",
                                                          "libfabric-aws-bin_2.1.0"}));
  EXPECT_EQ(parse_installed_packages("").version, kNone);
  EXPECT_EQ(parse_installed_packages("# EFA installer version:\n").version, kNone);
  EXPECT_EQ(parse_installed_packages("# EFA installer version: 1.2").version, "1.2");
  std::string many;
  for (int i = 0; i < 100'000; ++i) many += "p ";
  EXPECT_EQ(parse_installed_packages(many).packages.size(), 256U);
}

// A cache as ldconfig writes it: header, entries, strings.
std::string loader_cache(uint32_t count, uint32_t key, uint32_t value) {
  const std::string strings = std::string("libefa.so.1") + '\0' + "/usr/lib/libefa.so.1" + '\0';
  std::string cache = "glibc-ld.so.cache1.1" + std::string(48 - 20 + 24, '\0') + strings;
  std::memcpy(cache.data() + 20, &count, sizeof count);
  std::memcpy(cache.data() + 48 + 4, &key, sizeof key);
  std::memcpy(cache.data() + 48 + 8, &value, sizeof value);
  return cache;
}

TEST(ParseSoftware, FindsALibraryInTheLoadersCache) {
  const std::string cache = loader_cache(1, 72, 84);
  EXPECT_EQ(parse_loader_cache(cache, "libefa.so.1"), "/usr/lib/libefa.so.1");
  EXPECT_EQ(parse_loader_cache("ld.so-1.7.0" + cache, "libefa.so.1"), "/usr/lib/libefa.so.1");
  EXPECT_EQ(parse_loader_cache(cache, "libfabric.so.1"), kNone);
}

TEST(ParseSoftware, RefusesADamagedCache) {
  const std::string cache = loader_cache(1, 72, 84);
  for (size_t length = 0; length < 84; ++length) {
    EXPECT_EQ(parse_loader_cache(cache.substr(0, length), "libefa.so.1").value_or(""), "")
        << length;
  }
  EXPECT_EQ(parse_loader_cache(loader_cache(~0U, 73, 84), "libefa.so.1"), kNone);
  EXPECT_EQ(parse_loader_cache(loader_cache(1, ~0U, ~0U), "libefa.so.1"), kNone);
}

TEST(ParseProcess, FindsStateCpuTimeAndStartTime) {
  const std::string rest = " D 1 7 7 0 -1 0 0 0 0 0 12 30 0 0 20 0 1 0 4711 0 0";
  for (const char* command : {"7 (x)", "7 (a b) c) ()", "7 ()", "7 (x) R 1 (y)"}) {
    const auto sight = parse_stat(command + rest);
    ASSERT_TRUE(sight) << command;
    EXPECT_EQ(sight->state, 'D');
    EXPECT_EQ(sight->cpu_ms, 420);
    EXPECT_EQ(sight->start_time, 4711U);
    EXPECT_FALSE(sight->queued_ms) << "this file does not tell";
  }
  const std::string refused[] = {
      "7 (x) S 1 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0",
      "7 (x) S 1 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 -4",
      "7 (x) S 1 7 7 0 -1 0 0 0 0 0 -1 0 0 0 20 0 1 0 4711",
      "7 (x) S 1 7 7 0 -1 0 0 0 0 0 99999999999 0 0 0 20 0 1 0 4711",
      "7 (x) sleeping 1 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4711",
      "7 x" + rest,
      ")",
      "",
  };
  for (const std::string& text : refused) EXPECT_FALSE(parse_stat(text)) << text;
}

TEST(ParseProcess, FindsHowLongItWasInLine) {
  Sight sight;
  EXPECT_TRUE(parse_schedstat("1834027 52933041 41\n", sight));
  EXPECT_EQ(sight.queued_ms, 52);
  EXPECT_EQ(sight.turns, 41U);
  // the second is what a kernel says that does not count
  for (const char* text :
       {"", "0 0 0\n", "1 2", "1 2 3 4", "1 -2 3", "1 x 3", "1 2 99999999999999999999"}) {
    Sight none;
    EXPECT_FALSE(parse_schedstat(text, none)) << text;
    EXPECT_FALSE(none.queued_ms) << text;
  }
}

TEST(ParseProcess, FindsThePressureOnTheCpu) {
  const Row<std::optional<int>> rows[] = {
      {"some avg10=93.21 avg60=80.00 avg300=1.00 total=2\nfull avg10=0.00 avg60=0.00\n", 93},
      {"some avg10=100.00 avg60=0.00 avg300=0.00 total=2\n", 100},
      {"some avg10=0.00", 0},
      {"some avg10=101.00", kNone},
      {"some avg10=-1.00", kNone},
      {"some avg10=.5", kNone},
      {"some avg10=7", kNone},
      {"full avg10=7.00", kNone},
      {"", kNone},
  };
  for (const auto& row : rows) EXPECT_EQ(parse_pressure(row.input), row.wanted) << row.input;
}

}  // namespace
}  // namespace efa
