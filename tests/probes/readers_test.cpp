// A probe tells facts as it gets them: whatever it hangs in, what it got before is out.

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>

#include "probes/base/text.h"
#include "probes/kernel/facts.h"
#include "probes/kernel/read.h"
#include "probes/limits/read.h"
#include "probes/log/facts.h"
#include "probes/log/read.h"
#include "probes/net/facts.h"
#include "probes/net/read.h"
#include "probes/protocol/telling.h"
#include "probes/rdma/facts.h"
#include "probes/rdma/read.h"
#include "probes/software/facts.h"
#include "probes/software/read.h"
#include "tests/support/said.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/tree.h"

namespace efa {
namespace {

// The facts that were told before it announced that step.
Value told_before(const Said& said, const std::string& step) {
  Value facts{Object{}};
  for (const std::string& text : said.lines()) {
    const Result<Value> line = parse_json(text, "line");
    if (line->text("doing") == step) return facts;
    if (line->find("set") != nullptr) facts.set(line->text("set"), *line->find("value"));
  }
  ADD_FAILURE() << step << " is not announced";
  return facts;
}

void expect_told(const Value& facts, const std::string& fact, const Value& value) {
  const Value* told = facts.find(fact);
  ASSERT_NE(told, nullptr) << fact;
  EXPECT_EQ(*told, value) << fact;
}

TEST(Readers, TheKernelsIdentityIsToldBeforeModulesAreListed) {
  Said said;
  said.read(seen("read", "/proc/sys/kernel/osrelease", "6.1.0") +
                seen("read", "/proc/sys/kernel/random/boot_id", "b") +
                seen("list", "/sys/module", Array{Value("efa")}) +
                seen("read", "/sys/module/efa/version", "3.1.0g") +
                seen("lines", "/lib/modules/6.1.0/modules.dep", Array{Value("extra/efa.ko:")}),
            read_kernel);
  expect_told(told_before(said, "list modules"), "release", "6.1.0");
  expect_told(told_before(said, "list modules"), "boot_id", "b");
  expect_told(told_before(said, "search modules.dep"), "efa_loaded", true);
  expect_told(told_before(said, "search modules.dep"), "efa_version", "3.1.0g");
  expect_told(told_before(said, "read modprobe.d"), "module_file", "extra/efa.ko");
  // that there is none is known only at the end
  EXPECT_EQ(told_before(said, "list modules of DKMS").find("dkms"), nullptr);
  expect_told(said.facts(), "dkms", Array{});
}

TEST(Readers, LimitsOfServicesAreToldBeforeFilesAreRead) {
  Said said;
  said.read(seen("list", "/proc", Array{Value("1")}) +
                seen("lines", "/proc/1/comm", Array{Value("systemd")}) +
                seen("lines", "/etc/security/limits.conf", Array{Value("* - memlock unlimited")}) +
                seen("read", "/sys/devices/system/cpu/online", "0-3"),
            read_limits);
  const Value before = told_before(said, "read configured limits");
  ASSERT_NE(before.find("services"), nullptr);
  EXPECT_EQ(before.find("services")->as<Array>()->size(), 1U);
  EXPECT_NE(told_before(said, "read memory and CPUs").find("pam_limits"), nullptr);
  expect_told(told_before(said, "read limits of this process"), "cpus", int64_t{4});
}

TEST(Readers, InterfacesAreToldBeforeRoutesAreRead) {
  Said said;
  said.read(seen("list", "/sys/class/net", Array{Value("ens5")}) +
                seen("link", "/sys/class/net/ens5", "../../devices/x/net/ens5") +
                seen("link", "/sys/class/net/ens5/device", "../../../0000:00:05.0") +
                seen("read", "/sys/class/net/ens5/mtu", "9001") +
                seen("read", "/proc/sys/net/ipv4/conf/ens5/rp_filter", "1\n") +
                seen("read", "/proc/sys/net/ipv4/conf/all/rp_filter", "2\n"),
            read_net);
  expect_told(said.facts(), "rp_filter", int64_t{2});
  const Value before = told_before(said, "read routes");
  ASSERT_NE(before.find("interfaces"), nullptr);
  const auto interfaces = from_value<std::vector<NetInterface>>(*before.find("interfaces"), "");
  ASSERT_TRUE(interfaces);
  EXPECT_EQ(interfaces->at(0).mtu, 9001);
  EXPECT_EQ(interfaces->at(0).rp_filter, 1);
  const std::vector<std::string> lines = said.lines();
  EXPECT_EQ(std::count_if(
                lines.begin(), lines.end(),
                [](const std::string& line) { return line.starts_with(R"({"set":"interfaces")"); }),
            1)
      << "what has not changed is not told again";
}

TEST(Readers, TheInstallersVersionIsToldBeforeLibrariesAreLookedFor) {
  Said said;
  said.read(seen("read", "/opt/amazon/efa_installed_packages",
                 "# EFA installer version: 1.43.2\nlibfabric-aws_2.1"),
            read_software);
  expect_told(told_before(said, "look for libraries"), "installer_version", "1.43.2");
  expect_told(told_before(said, "look for libraries"), "installer_minimal", false);
}

// The loader's cache: a line for each of three libraries, then the plugin's.
TEST(Readers, WhetherTheLoaderFindsThePluginIsKnownWhereItsCacheIs) {
  const auto finds = [](const std::string& looks) {
    Said said;
    said.read(looks, read_software);
    return from_value<SoftwareFacts>(said.facts(), "facts")->loader_finds_plugin;
  };
  const auto cache = [](const char* lines) { return seen("part", "/etc/ld.so.cache", lines); };
  EXPECT_EQ(finds(""), std::nullopt);
  EXPECT_EQ(finds(cache("")), std::nullopt) << "of another format";
  EXPECT_EQ(finds(cache("\n\n\n")), std::nullopt) << "of an older recording";
  EXPECT_EQ(finds(cache("\n\n\nplugin=")), false);
  EXPECT_EQ(finds(cache("\n\n\nplugin=/opt/amazon/ofi-nccl/lib/libnccl-net.so")), true);
  EXPECT_EQ(finds(cache("\n\n\nplugin=") +
                  seen("status", "/usr/lib/x86_64-linux-gnu/libnccl-net.so", Object{})),
            true);
}

// A file of that name that the installer has not written.
TEST(Readers, AMalformedFileOfTheInstallerTellsNoVersion) {
  for (const char* text : {"", "rubbish", "# EFA installer version:\nlibfabric", "\x01\xff"}) {
    Said said;
    said.read(seen("read", "/opt/amazon/efa_installed_packages", text), read_software);
    EXPECT_EQ(said.facts().find("installer_version"), nullptr) << text;
    EXPECT_EQ(said.facts().find("installer_minimal"), nullptr) << text;
  }
}

struct ModulesLoad {
  std::optional<bool> efa;
  std::optional<std::string> peermem;
};

ModulesLoad modules_load(const std::string& looks) {
  Said said;
  said.read(looks, read_software);
  const auto facts = from_value<SoftwareFacts>(said.facts(), "facts");
  return {facts->efa_conf_modules_load, facts->nv_peermem_conf};
}

std::string modules_file(const std::string& directory, const std::string& name,
                         const std::string& line) {
  return seen("list", directory, Array{Value(name)}) +
         seen("lines", directory + "/" + name, Array{Value(line)});
}

TEST(Readers, WhatIsLoadedAtBootIsReadAsSystemdReadsIt) {
  EXPECT_EQ(modules_load("").efa, false);
  EXPECT_EQ(modules_load(modules_file("/usr/lib/modules-load.d", "aws.conf", "efa")).efa, true);
  EXPECT_EQ(modules_load(modules_file("/etc/modules-load.d", "x.conf", "efa_x")).efa, false);
  EXPECT_EQ(modules_load(modules_file("/etc/modules-load.d", "x.txt", "efa")).efa, false);
  EXPECT_EQ(modules_load(unseen("list", "/run/modules-load.d", EACCES)).efa, std::nullopt);
  const std::string conf = "efa_nv_peermem.conf";
  const std::string below = modules_file("/usr/lib/modules-load.d", conf, "nvidia");
  EXPECT_EQ(modules_load(below).peermem, "/usr/lib/modules-load.d/" + conf);
  EXPECT_EQ(modules_load(modules_file("/etc/modules-load.d", "x.conf", "nvidia")).peermem,
            std::nullopt);
  EXPECT_EQ(modules_load(below + modules_file("/etc/modules-load.d", conf, "other")).peermem,
            std::nullopt)
      << "the first directory's file hides the other";
  EXPECT_EQ(modules_load(below + seen("list", "/etc/modules-load.d", Array{Value(conf)}) +
                         unseen("lines", "/etc/modules-load.d/" + conf, EINVAL) +
                         seen("link", "/etc/modules-load.d/" + conf, "/dev/null"))
                .peermem,
            std::nullopt)
      << "masked";
}

// A device in a class that shows its counters: what of them is read, and how.
Counters counters_of(const std::string& looks) {
  Said said;
  said.read(seen("list", "/sys/class/infiniband", Array{Value("rdmap0s6")}) +
                efa_behind("rdmap0s6", "0000:00:06.0") + looks,
            read_rdma);
  return from_value<RdmaFacts>(said.facts(), "facts")->counters.at(0);
}

constexpr const char* kPort = "/sys/class/infiniband/rdmap0s6/ports/1/hw_counters";
constexpr const char* kDriver = "/sys/class/infiniband/rdmap0s6/hw_counters";

std::string counter(const std::string& directory, const std::string& name, const char* value) {
  return seen("read", directory + "/" + name, value);
}

TEST(Readers, ACounterThatTheDriverRefusesEndsTheReading) {
  const Counters counters = counters_of(
      seen("list", kPort, Array{Value("rx_bytes"), Value("tx_bytes")}) +
      unseen("read", std::string(kPort) + "/rx_bytes", ENODEV) + counter(kPort, "tx_bytes", "1") +
      seen("list", kDriver, Array{Value("cmds_err")}) + counter(kDriver, "cmds_err", "3"));
  EXPECT_EQ(counters.error, ENODEV);
  EXPECT_EQ(counters.error_file, std::string(kPort) + "/rx_bytes");
  EXPECT_TRUE(counters.port.empty());
  EXPECT_EQ(counters.device.at("cmds_err"), 3U) << "the driver's own need no answer";
}

TEST(Readers, ACounterThatMayNotBeReadCostsNoOther) {
  for (const int error : {EACCES, EPERM, EISDIR, ELOOP, ENOENT}) {
    const Counters counters = counters_of(
        seen("list", kPort, Array{Value("rx_bytes"), Value("tx_bytes")}) +
        unseen("read", std::string(kPort) + "/rx_bytes", error) + counter(kPort, "tx_bytes", "1"));
    EXPECT_EQ(counters.error, std::nullopt) << error;
    EXPECT_EQ(counters.port.at("tx_bytes"), 1U) << error;
    EXPECT_EQ(counters.unseen.at(0).os_error, error);
  }
}

// Reading them in another network namespace crashes older kernels.
TEST(Readers, WithoutCountersOfThePortThoseOfTheDriverAreNotTouched) {
  const Counters counters = counters_of(seen("list", kDriver, Array{Value("cmds_err")}) +
                                        counter(kDriver, "cmds_err", "3"));
  EXPECT_EQ(counters.shown, false);
  EXPECT_TRUE(counters.device.empty());
}

// RDMA namespaces are exclusive, and the device is in that of a pod.
TEST(Readers, ADeviceOfAnotherNamespaceShowsInTheClassOfDeviceNodes) {
  const std::string verbs = "/sys/class/infiniband_verbs";
  Said said;
  said.read(seen("list", "/sys/class/infiniband", Array{}) +
                seen("list", verbs, Array{Value("uverbs0")}) +
                seen("read", verbs + "/uverbs0/ibdev", "rdmap0s6") +
                seen("link", verbs + "/uverbs0/device", "../../../0000:00:06.0") +
                seen("read", "/sys/bus/pci/devices/0000:00:06.0/vendor", "0x1d0f") +
                seen("read", "/sys/bus/pci/devices/0000:00:06.0/device", "0xefa1"),
            read_rdma);
  const auto facts = from_value<RdmaFacts>(said.facts(), "facts");
  ASSERT_EQ(facts->elsewhere.size(), 1U);
  EXPECT_EQ(facts->elsewhere.at(0).to_text(), "0000:00:06.0");
}

constexpr const char* kFunction = "/sys/bus/pci/devices/0000:00:06.0";

// An EFA device, where the class of device nodes is not shown.
std::string without_class(const std::string& more) {
  return seen("list", "/sys/class/infiniband", Array{Value("rdmap0s6")}) +
         efa_behind("rdmap0s6", "0000:00:06.0") +
         seen("list", "/sys/bus/pci/devices", Array{Value("0000:00:05.0"), Value("0000:00:06.0")}) +
         more;
}

RdmaFacts rdma_facts(const std::string& looks) {
  Said said;
  said.read(looks, read_rdma);
  return *from_value<RdmaFacts>(said.facts(), "facts");
}

TEST(Readers, ADeviceNodeIsFoundBelowItsFunctionWhereTheClassIsNotShown) {
  const std::string verbs = std::string(kFunction) + "/infiniband_verbs";
  const std::string below = seen("list", verbs, Array{Value("uverbs3")}) +
                            seen("read", verbs + "/uverbs3/ibdev", "rdmap0s6") +
                            seen("read", verbs + "/uverbs3/dev", "231:195") +
                            seen("status", "/dev/infiniband/uverbs3",
                                 Object{{"mode", 0020666}, {"major", 231}, {"minor", 195}});
  const RdmaFacts facts = rdma_facts(without_class(below));
  ASSERT_EQ(facts.devices.size(), 1U);
  ASSERT_TRUE(facts.devices[0].uverbs);
  EXPECT_EQ(facts.devices[0].uverbs->path, "/dev/infiniband/uverbs3");
  EXPECT_EQ(facts.devices[0].uverbs->number_expected, "231:195");
  EXPECT_EQ(facts.devices[0].uverbs->number, "231:195");
  EXPECT_TRUE(facts.devices[0].uverbs->present);
  EXPECT_TRUE(facts.elsewhere.empty());
}

TEST(Readers, ADeviceOfAnotherNamespaceShowsBelowItsFunctionToo) {
  const std::string verbs = std::string(kFunction) + "/infiniband_verbs";
  const RdmaFacts facts =
      rdma_facts(seen("list", "/sys/class/infiniband", Array{}) +
                 seen("list", "/sys/bus/pci/devices", Array{Value("0000:00:06.0")}) +
                 seen("read", std::string(kFunction) + "/vendor", "0x1d0f") +
                 seen("read", std::string(kFunction) + "/device", "0xefa1") +
                 seen("list", verbs, Array{Value("uverbs0")}) +
                 seen("read", verbs + "/uverbs0/ibdev", "rdmap0s6") +
                 seen("link", verbs + "/uverbs0/device", "../../../0000:00:06.0"));
  ASSERT_EQ(facts.elsewhere.size(), 1U);
  EXPECT_EQ(facts.elsewhere.at(0).to_text(), "0000:00:06.0");
}

TEST(Readers, WhatTheKernelHasAndSysfsDoesNotShowIsUnknown) {
  const auto uverbs = [](const std::string& more) {
    return rdma_facts(without_class(more)).devices.at(0).uverbs;
  };
  EXPECT_FALSE(uverbs("")) << "the kernel offers none";
  EXPECT_EQ(uverbs("").unreadable(), nullptr);
  const std::string devices = seen("lines", "/proc/devices", Array{Value("231 infiniband_verbs")});
  EXPECT_NE(uverbs(devices).unreadable(), nullptr);
  EXPECT_NE(
      uverbs(unseen("list", std::string(kFunction) + "/infiniband_verbs", EACCES)).unreadable(),
      nullptr);
}

TEST(Readers, OfALongLogWhatIsKnownIsToldBeforeItsEnd) {
  const TemporaryDirectory directory;
  std::string log = "3,1,100,-;efa 0000:00:06.0 rdmap0s6: Failed to process command REG_MR\n";
  for (int i = 2; i < 600; ++i) log += "6," + std::to_string(i) + ",200,-;usb 1-1: another\n";
  Tree(directory.path()).file("/dev/kmsg", log + "3,600,300,-;efa 0000:00:07.0: Failed\n");
  const Result<Sysroot> root = Sysroot::open(directory.path());
  ASSERT_TRUE(root.ok());
  Said said;
  said.read(*root, read_log);
  std::vector<size_t> messages;  // of each time that they were told
  for (const std::string& text : said.lines()) {
    const Result<Value> line = parse_json(text, "line");
    const std::string fact = line->text("set");
    if (fact == "messages") messages.push_back(line->find("value")->as<Array>()->size());
    if (fact == "total") {
      EXPECT_EQ(messages.size(), 1U) << "told only of the whole log";
    }
  }
  EXPECT_EQ(messages, (std::vector<size_t>{1, 2}));
  const auto facts = from_value<LogFacts>(said.facts(), "facts");
  ASSERT_TRUE(facts.ok());
  EXPECT_EQ(facts->total, 2U);
}

struct Facts {
  std::optional<int> number;
  std::vector<std::string> names;
  bool flag = false;
};

template <class Io>
void describe(Io& io, Facts& facts) {
  io("number", facts.number);
  io("names", facts.names);
  io("flag", facts.flag);
}

TEST(Readers, AFactIsToldAgainOnlyWhenItHasChanged) {
  Said said;
  said.read("", [](const Look& look) {
    Facts facts;
    Telling<Facts> telling(look.out);
    telling.so_far(facts);
    facts.number = 1;
    telling.so_far(facts);
    telling.so_far(facts);
    facts.number = 2;
    facts.flag = true;
    telling.so_far(facts);
    facts.flag = false;
    telling.all(facts);
  });
  EXPECT_EQ(said.lines(), (std::vector<std::string>{
                              R"({"set":"number","value":1})", R"({"set":"number","value":2})",
                              R"({"set":"flag","value":true})", R"({"set":"names","value":[]})",
                              R"({"set":"flag","value":false})"}));
}

}  // namespace
}  // namespace efa
