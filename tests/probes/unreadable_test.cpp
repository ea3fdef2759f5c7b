// What cannot be read is unknown, whatever the reason and in whatever words: a recording shows the
// error, the reader tells it, the judge judges it.

#include <gtest/gtest.h>

#include <cerrno>

#include "probes/base/unseen.h"
#include "probes/kernel/read.h"
#include "probes/pci/read.h"
#include "probes/rdma/read.h"
#include "tests/support/healthy_node.h"
#include "tests/support/said.h"

namespace efa {
namespace {

constexpr int kErrors[] = {EACCES, EIO, EISDIR, ELOOP, EFBIG};
constexpr auto kUnknown = FindingResult::kUnknown;

template <class Facts>
Facts facts_of(const std::string& looks, void (*reader)(const Look&)) {
  Said said;
  said.read(looks, reader);
  return *from_value<Facts>(said.facts(), "facts");
}

std::string function_path(const std::string& file) {
  return "/sys/bus/pci/devices/" + device(0) + "/" + file;
}

PciFunction function_of(const std::string& looks) {
  const std::string function = seen("list", "/sys/bus/pci/devices", Array{Value(device(0))}) +
                               seen("read", function_path("vendor"), "0x1d0f") +
                               seen("read", function_path("device"), "0xefa1");
  return facts_of<PciFacts>(function + looks, read_pci).efa.at(0);
}

TEST(Unreadable, ADriver) {
  for (const int error : kErrors) {
    Scene scene = healthy_scene();
    scene.pci(0) = function_of(unseen("link", function_path("driver"), error));
    EXPECT_EQ(result_of(scene, "driver.not-bound", device(0)), kUnknown) << error;
  }
  EXPECT_FALSE(function_of("").driver.unreadable()) << "without a link it is bound to none";
}

TEST(Unreadable, ADriverOverride) {
  for (const int error : kErrors) {
    Scene scene = healthy_scene();
    scene.pci(0) = function_of(unseen("read", function_path("driver_override"), error));
    EXPECT_EQ(result_of(scene, "pci.driver-override", device(0)), kUnknown) << error;
  }
  EXPECT_FALSE(function_of("").driver_override.unreadable());
}

TEST(Unreadable, ANumaNode) {
  for (const int error : kErrors) {
    Scene scene = healthy_scene();
    scene.pci(0) = function_of(unseen("read", function_path("numa_node"), error));
    EXPECT_EQ(result_of(scene, "pci.numa-node-missing", device(0)), kUnknown) << error;
  }
  EXPECT_NE(function_of(seen("read", function_path("numa_node"), "x")).numa_node.unreadable(),
            nullptr);
  EXPECT_FALSE(function_of("").numa_node.unreadable());
  EXPECT_FALSE(function_of(seen("read", function_path("numa_node"), "-1")).numa_node.unreadable());
}

TEST(Unreadable, ALinkOrACountOfErrors) {
  for (const int error : kErrors) {
    Scene scene = healthy_scene();
    scene.pci(0) = function_of(unseen("read", function_path("current_link_speed"), error));
    EXPECT_EQ(result_of(scene, "pci.narrow-link", device(0)), kUnknown) << error;
    scene.pci(0) = function_of(seen("read", function_path("current_link_speed"), "8.0 GT/s PCIe") +
                               unseen("read", function_path("current_link_width"), error));
    EXPECT_EQ(result_of(scene, "pci.narrow-link", device(0)), kUnknown) << error;
    scene.pci(0) = function_of(unseen("read", function_path("aer_dev_correctable"), error) +
                               unseen("read", function_path("aer_dev_fatal"), error));
    EXPECT_EQ(result_of(scene, "pci.corrected-errors", device(0)), kUnknown) << error;
    EXPECT_EQ(result_of(scene, "pci.uncorrected-errors", device(0)), kUnknown) << error;
  }
  for (const char* file : {"current_link_width", "current_link_speed"}) {
    EXPECT_NE(function_of(seen("read", function_path(file), "x")).link.unreadable(), nullptr);
  }
  EXPECT_TRUE(function_of(seen("read", function_path("current_link_speed"), "Unknown")).link);
  EXPECT_FALSE(function_of("").link.unreadable());
  EXPECT_TRUE(function_of("").aer_unseen.empty()) << "the kernel counts none of this device";
}

RdmaDevice rdma_of(const std::string& looks) {
  const std::string device_0 = seen("list", "/sys/class/infiniband", Array{Value("rdmap0s6")}) +
                               efa_behind("rdmap0s6", device(0));
  return facts_of<RdmaFacts>(device_0 + looks, read_rdma).devices.at(0);
}

TEST(Unreadable, TheListOfUverbsDevices) {
  for (const int error : kErrors) {
    Scene scene = healthy_scene();
    scene.rdma(0) = rdma_of(unseen("list", "/sys/class/infiniband_verbs", error));
    EXPECT_EQ(result_of(scene, "node.missing", device(0)), kUnknown) << error;
  }
  Scene scene = healthy_scene();
  scene.rdma(0) = rdma_of("");
  EXPECT_EQ(result_of(scene, "node.missing", device(0)), FindingResult::kFail);
}

// One of several: it may be that of any device that the others are not of.
TEST(Unreadable, TheNameOfAUverbsDevice) {
  const std::string verbs = "/sys/class/infiniband_verbs";
  const std::string two = seen("list", verbs, Array{Value("uverbs0"), Value("uverbs1")});
  for (const int error : kErrors) {
    const std::string broken = two + unseen("read", verbs + "/uverbs0/ibdev", error);
    Scene scene = healthy_scene();
    scene.rdma(0) = rdma_of(broken);
    EXPECT_EQ(result_of(scene, "node.missing", device(0)), kUnknown) << error;
    EXPECT_TRUE(rdma_of(broken + seen("read", verbs + "/uverbs1/ibdev", "rdmap0s6")).uverbs);
  }
}

// It is no device of the class, so that device may be its own.
TEST(Unreadable, AUverbsDeviceThatNamesNoDeviceThatIsThere) {
  const std::string verbs = "/sys/class/infiniband_verbs";
  const std::string strays = seen("list", verbs, Array{Value("uverbs0")}) +
                             seen("read", verbs + "/uverbs0/ibdev", "\x01garbage");
  Scene scene = healthy_scene();
  scene.rdma(0) = rdma_of(strays);
  EXPECT_EQ(result_of(scene, "node.missing", device(0)), kUnknown);
  ASSERT_NE(scene.rdma(0).uverbs.unreadable(), nullptr);
  EXPECT_EQ(scene.rdma(0).uverbs.unreadable()->what, verbs + "/uverbs0/ibdev");
}

TEST(Unreadable, TheVersionOfTheLoadedDriver) {
  const std::string loaded = seen("read", "/proc/sys/kernel/osrelease", "6.1.0") +
                             seen("list", "/sys/module", Array{Value("efa")}) +
                             seen("read", "/sys/module/efa/initstate", "live") +
                             seen("read", "/sys/kernel/kexec_loaded", "1");
  for (const int error : kErrors) {
    Scene scene = healthy_scene();
    scene.node.kernel.facts = facts_of<KernelFacts>(
        loaded + unseen("read", "/sys/module/efa/version", error), read_kernel);
    scene.node.software.facts.installer_packages = {"efa-3.1.0-1"};
    EXPECT_EQ(result_of(scene, "kernel.driver-stale", kNodeSubject), kUnknown) << error;
    EXPECT_EQ(result_of(scene, "kernel.kexec-with-old-driver", kNodeSubject), kUnknown) << error;
  }
  EXPECT_EQ(facts_of<KernelFacts>(loaded, read_kernel).efa_version.unreadable(), nullptr);
}

// Of a machine whose driver is not loaded.
void expect_of_kernel(const char* code, const std::string& looks, FindingResult wanted) {
  Scene scene = healthy_scene();
  remove_driver(scene);
  scene.node.kernel.facts =
      facts_of<KernelFacts>(seen("read", "/proc/sys/kernel/osrelease", "6.1.0") +
                                seen("list", "/sys/module", Array{Value("ib_core")}) + looks,
                            read_kernel);
  EXPECT_EQ(result_of(scene, code, kNodeSubject), wanted) << looks;
}

TEST(Unreadable, WhetherTheKernelTakesModulesAndHasIbUverbs) {
  const std::string index = "/lib/modules/6.1.0/modules.dep";
  const std::string efa = seen("lines", index, Array{Value("extra/efa.ko:")});
  for (const int error : kErrors) {
    expect_of_kernel("kernel.modules-disabled",
                     unseen("read", "/proc/sys/kernel/modules_disabled", error), kUnknown);
    expect_of_kernel("kernel.uverbs-not-installed", efa + unseen("part", index, error), kUnknown);
  }
  expect_of_kernel("kernel.modules-disabled", "", FindingResult::kNotApplicable);
  expect_of_kernel("kernel.uverbs-not-installed", efa, FindingResult::kNotApplicable);
}

TEST(Unreadable, WhatMayKeepTheDriverOut) {
  constexpr const char* kCode = "kernel.driver-blocked";
  const std::string list = seen("list", "/run/modprobe.d", Array{Value("x.conf")});
  const std::string blocks = seen("lines", "/run/modprobe.d/x.conf", Array{Value("blacklist efa")});
  expect_of_kernel(kCode, "", FindingResult::kPass);
  for (const int error : {EACCES, EIO, ELOOP, EFBIG}) {
    for (const char* directory : {"/etc/modprobe.d", "/lib/modprobe.d"}) {
      expect_of_kernel(kCode, unseen("list", directory, error), kUnknown);
      expect_of_kernel(kCode, unseen("list", directory, error) + list + blocks,
                       FindingResult::kFail);
    }
    expect_of_kernel(kCode, list + unseen("lines", "/run/modprobe.d/x.conf", error), kUnknown);
    expect_of_kernel(kCode, unseen("lines", "/proc/cmdline", error), kUnknown);
  }
}

TEST(Unreadable, TheModeOfNamespacesAndAnotherStack) {
  for (const int error : kErrors) {
    expect_of_kernel("kernel.rdma-netns-exclusive",
                     unseen("read", "/sys/module/ib_core/parameters/netns_mode", error), kUnknown);
    expect_of_kernel("kernel.rdma-netns-exclusive",
                     seen("read", "/sys/module/ib_core/parameters/netns_mode", "Q"), kUnknown);
    expect_of_kernel("kernel.other-rdma-stack", unseen("status", "/usr/src/ofa_kernel", error),
                     kUnknown);
  }
  expect_of_kernel("kernel.rdma-netns-exclusive", "", FindingResult::kNotApplicable);
  expect_of_kernel("kernel.other-rdma-stack", "", FindingResult::kPass);
}

struct Facts {
  Reading<std::string> driver;
};
template <class Io>
void describe(Io& io, Facts& facts) {
  describe_reading(io, "driver", facts.driver);
}

TEST(Unreadable, InJsonAValueKeepsItsMember) {
  const std::pair<Reading<std::string>, const char*> rows[] = {
      {"efa", R"({"driver":"efa"})"},
      {std::nullopt, "{}"},
      {Unseen{"/x", "Permission denied", EACCES},
       R"({"driver_unreadable":{"what":"/x","reason":"Permission denied","os_error":13}})"},
  };
  for (const auto& [reading, json] : rows) {
    const Value value = to_value(Facts{reading});
    EXPECT_EQ(render_json(value), json);
    const Facts back = *from_value<Facts>(value, "facts");
    EXPECT_EQ(render_json(to_value(back)), json);
  }
}

}  // namespace
}  // namespace efa
