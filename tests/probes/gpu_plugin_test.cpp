// What is said of NCCL's plugin for EFA that lies on the node.

#include "probes/gpu/plugin.h"

#include <gtest/gtest.h>

#include "tests/support/check_case.h"
#include "tests/support/gpu_node.h"

namespace efa {
namespace {

constexpr const char* kNeedsP2p = "gpu.plugin-needs-p2p";

TEST(GpuPlugin, ItsVersionIsInTheInstallersList) {
  const std::pair<const char*, std::optional<Bound>> rows[] = {
      {"libnccl-ofi-1.16.3-1", Bound{1, 16, 3}},
      {"libnccl-ofi_1.14.2-1_amd64", Bound{1, 14, 2}},
      {"libnccl-ofi-ngc-v3_1.20.0-1_amd64", Bound{1, 20, 0}},
      {"libnccl-ofi", std::nullopt},
      {"libnccl-ofi-", std::nullopt},
      {"libnccl-ofi-1", std::nullopt},
      {"libfabric-1.16.3-1", std::nullopt},
      {"", std::nullopt},
  };
  for (const auto& [package, wanted] : rows) {
    SoftwareFacts software;
    software.ofi_nccl = {"/opt/amazon/ofi-nccl/lib/libnccl-net-ofi.so"};
    software.installer_packages = {"efa-3.1.0-1", package};
    const auto version = plugin_version(software);
    EXPECT_EQ(version ? std::optional(version->numbers) : std::nullopt, wanted) << package;
    software.ofi_nccl.emplace_back("/opt/aws-ofi-nccl/lib/libnccl-net.so");
    EXPECT_FALSE(plugin_version(software)) << "another lies beside it";
    software.ofi_nccl.clear();
    EXPECT_FALSE(plugin_version(software)) << "it has been removed";
  }
}

Change closed_with(const char* plugin, const char* device) {
  return with_gpus([=](Scene& s) {
    set_plugin(s, plugin);
    close_p2p(s);
    for (Accelerator& efa : gpu(s).efa) efa.device = device;
  });
}

TEST(GpuPlugin, SomeReleasesLeaveDmabufAlone) {
  struct Row {
    const char* plugin;
    const char* device;
    FindingResult wanted;
  };
  const Row rows[] = {
      {"1.13.1", "0xefa1", kPass}, {"1.13.2", "0xefa3", kFail}, {"1.14.1", "0xefa3", kFail},
      {"1.14.2", "0xefa3", kPass}, {"1.14.2", "0xefa0", kFail}, {"1.19.1", "0xefa2", kFail},
      {"1.19.2", "0xefa0", kPass}, {"1.21.1", "0xefa1", kPass},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(said(closed_with(row.plugin, row.device), kNeedsP2p), row.wanted)
        << row.plugin << " " << row.device;
  }
}

TEST(GpuPlugin, WithP2pOpenAnyPluginDoes) {
  EXPECT_EQ(said(with_gpus([](Scene& s) { set_plugin(s, "1.14.1"); }), kNeedsP2p), kPass);
}

TEST(GpuPlugin, WhatContainersBringIsNotKnown) {
  EXPECT_EQ(said(with_gpus(close_p2p), kNeedsP2p), kNotApplicable);
}

TEST(GpuPlugin, ATypeOfWhichItDemandsNothingIsNotJudged) {
  Scene scene = scene_with(closed_with("1.14.1", "0xefa0"));
  scene.expectation.direct_memory = DirectMemory::kNotKnown;
  EXPECT_EQ(result_of(scene, kNeedsP2p, kNodeSubject), kNothing);
}

TEST(GpuPlugin, WhatClosesP2pIsTheCause) {
  const Diagnosis diagnosis = diagnose(scene_with(with_gpus([](Scene& s) {
    set_plugin(s, "1.14.1");
    gpu(s).modules.efa = "2.15.3g";
  })));
  EXPECT_EQ(cause_of(diagnosis, kNeedsP2p, kNodeSubject), "gpu.efa-too-old-for-nvidia");
}

TEST(GpuPlugin, ALostDriverOrNoWayAtAllIsTheCause) {
  const Scene lost = scene_with(with_gpus([](Scene& s) {
    set_plugin(s, "1.14.1");
    lose_driver(s);
  }));
  EXPECT_EQ(said(with_gpus(lose_driver), "gpu.no-memory-path"), kPass) << "by dma-buf";
  EXPECT_EQ(cause_of(diagnose(lost), kNeedsP2p, kNodeSubject), "kernel.driver-stale");
  const Scene no_way = scene_with(with_gpus([](Scene& s) {
    set_plugin(s, "1.14.1");
    close_p2p(s);
    gpu(s).kernel_release = "5.10.245-1.amzn2";
  }));
  EXPECT_EQ(cause_of(diagnose(no_way), kNeedsP2p, kNodeSubject), "gpu.no-memory-path");
}

constexpr const char* kGda = "gpu.gda-not-ready";

MaybeResult gda(const Change& change) {
  return said(with_gpus([change](Scene& s) {
                prepare_gda(s);
                change(s);
              }),
              kGda);
}

TEST(GpuPlugin, GdaNeedsAnEfaAnOptionAndGdrcopy) {
  EXPECT_EQ(gda(unchanged), kPass);
  EXPECT_EQ(gda([](Scene& s) { gpu(s).modules.efa = "3.2.0g"; }), kFail);
  EXPECT_EQ(gda([](Scene& s) { gpu(s).parameters->peer_mapping_override = 0; }), kFail);
  EXPECT_EQ(gda([](Scene& s) { gpu(s).parameters->peer_mapping_override.reset(); }), kFail);
  EXPECT_EQ(gda([](Scene& s) { gpu(s).modules.gdrdrv = "2.4"; }), kFail);
  EXPECT_EQ(gda([](Scene& s) { gpu(s).modules.gdrdrv.reset(); }), kFail);
}

TEST(GpuPlugin, WhatGdaHasIsNotAlwaysKnown) {
  EXPECT_EQ(gda([](Scene& s) { gpu(s).modules.efa = ""; }), kUnknown) << "the kernel's own";
  EXPECT_EQ(gda([](Scene& s) { gpu(s).modules.efa = "3.1.0a"; }), kUnknown);
  EXPECT_EQ(gda([](Scene& s) { gpu(s).parameters = denied(); }), kUnknown);
  EXPECT_EQ(gda([](Scene& s) { gpu(s).modules.gdrdrv = denied(); }), kUnknown);
  EXPECT_EQ(gda([](Scene& s) { set_plugin(s, "1.20.0"); }), kNotApplicable);
}

TEST(GpuPlugin, OnlySomeTypesHaveGda) {
  Scene scene = scene_with(with_gpus(prepare_gda));
  for (const char* type : {"p5.48xlarge", "p4d.24xlarge", "p6e-gb200.36xlarge", ""}) {
    scene.expectation.instance_type = type;
    EXPECT_EQ(result_of(scene, kGda, kNodeSubject), kNothing) << type;
  }
  scene.expectation.instance_type = "p5en.48xlarge";
  EXPECT_EQ(result_of(scene, kGda, kNodeSubject), kPass);
}

}  // namespace
}  // namespace efa
