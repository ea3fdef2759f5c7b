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
