// What is said of accelerators and of the ways of their memory to EFA.

#include <gtest/gtest.h>

#include "probes/judging/remedy.h"
#include "tests/support/check_case.h"
#include "tests/support/gpu_node.h"

namespace efa {
namespace {

// With dma-buf alone.
void use_libfabric(Scene& scene, const char* version) {
  close_p2p(scene);
  scene.fabric().version = version;
}

CheckCases memory_path_cases() {
  return {
      {"gpu.no-memory-path", kFail, kNodeSubject, with_gpus(close_both)},
      {"gpu.no-memory-path", kUnknown, kNodeSubject, with_gpus([](Scene& s) {
         close_p2p(s);
         gpu(s).nvidia_open = denied();
       })},
      {"gpu.proprietary-cut-off", kFail, kNodeSubject, with_gpus(close_both)},
      {"gpu.proprietary-cut-off", kUnknown, kNodeSubject, with_gpus([](Scene& s) {
         close_both(s);
         gpu(s).kernel_release = "5.15.0-1057-aws";
       })},
      {"gpu.efa-too-old-for-nvidia", kFail, kNodeSubject,
       with_gpus([](Scene& s) { gpu(s).modules.efa = "2.17.2g"; })},
      {"gpu.efa-too-old-for-nvidia", kUnknown, kNodeSubject,
       with_gpus([](Scene& s) { gpu(s).modules.efa = denied(); })},
      {"gpu.peermem-missing", kFail, kNodeSubject, with_gpus(need_peermem)},
      {"gpu.peermem-missing", kUnknown, kNodeSubject, with_gpus([](Scene& s) {
         need_peermem(s);
         gpu(s).modules.efa_nv_peermem = denied();
       })},
      {"gpu.peermem-stale", kFail, kNodeSubject, with_gpus(load_stale_peermem)},
      {"gpu.peermem-stale", kUnknown, kNodeSubject, with_gpus([](Scene& s) {
         gpu(s).modules.efa_nv_peermem = "1.2.3";
         s.node.log.facts.total.reset();
       })},
      {"gpu.peermem-stale", kPass, kNodeSubject,
       with_gpus([](Scene& s) { gpu(s).modules.efa_nv_peermem = "1.2.3"; })},
      {"gpu.libfabric-needs-p2p", kFail, kNodeSubject,
       with_gpus([](Scene& s) { use_libfabric(s, "2.4"); })},
      {"gpu.libfabric-needs-p2p", kUnknown, kNodeSubject, with_gpus([](Scene& s) {
         use_libfabric(s, "2.4");
         gpu(s).p2p = denied();
       })},
      {"gpu.libfabric-needs-p2p", kPass, kNodeSubject,
       with_gpus([](Scene& s) { use_libfabric(s, "2.5"); })},
      {"gpu.range-misaligned", kFail, kNodeSubject, with_gpus([](Scene& s) {
         gpu(s).modules.efa = "3.3.0g";
         s.node.log.facts.accelerators = {{kRangeMisaligned, 7}};
       })},
      {"gpu.range-misaligned", kUnknown, kNodeSubject, with_gpus([](Scene& s) {
         gpu(s).modules.efa = "3.3.0g";
         s.node.log.facts.total.reset();
       })},
      {"gpu.range-misaligned", kPass, kNodeSubject,
       with_gpus([](Scene& s) { gpu(s).modules.efa = "3.3.0g"; })},
      {"gpu.plugin-needs-p2p", kFail, kNodeSubject, with_gpus([](Scene& s) {
         set_plugin(s, "1.14.1");
         close_p2p(s);
       })},
      {"gpu.plugin-needs-p2p", kUnknown, kNodeSubject, with_gpus([](Scene& s) {
         set_plugin(s, "1.14.1");
         gpu(s).p2p = denied();
       })},
      {"gpu.plugin-needs-p2p", kPass, kNodeSubject,
       with_gpus([](Scene& s) { set_plugin(s, "1.14.1"); })},
      {"gpu.grace-refused", kFail, kNodeSubject, with_grace(differ_in_groups)},
      {"gpu.grace-refused", kUnknown, kNodeSubject, with_grace([](Scene& s) {
         differ_in_groups(s);
         gpu(s).parameters = denied();
       })},
      {"gpu.grace-refused", kPass, kNodeSubject, with_grace(unchanged)},
      {"gpu.access-denied-by-option", kFail, kNodeSubject,
       with_gpus([](Scene& s) { set_override(s, 2); })},
      {"gpu.access-denied-by-option", kUnknown, kNodeSubject,
       with_gpus([](Scene& s) { gpu(s).parameters = denied(); })},
  };
}

CheckCases driver_cases() {
  return {
      {"gpu.not-claimed", kFail, accelerator(1),
       with_gpus([](Scene& s) { gpu(s).claimed->erase(gpu(s).claimed->begin() + 1); })},
      {"gpu.not-claimed", kUnknown, accelerator(1),
       with_gpus([](Scene& s) { gpu(s).claimed = denied(); })},
      {"gpu.user-space-differs", kFail, kNodeSubject,
       with_gpus([](Scene& s) { gpu(s).modules.nvidia_uvm = "570.86.15"; })},
      {"gpu.user-space-differs", kUnknown, kNodeSubject,
       with_gpus([](Scene& s) { gpu(s).modules.nvidia_uvm = denied(); })},
      {"gpu.user-space-differs", kUnknown, kNodeSubject,
       with_gpus([](Scene& s) { gpu(s).modules.nvidia_uvm = "\x01garbage"; })},
      {"gpu.user-space-differs", kUnknown, kNodeSubject,
       with_gpus([](Scene& s) { gpu(s).modules.nvidia = "\x01garbage"; })},
      {"gpu.not-claimed", kUnknown, "0000:a1:00.0", with_gpus([](Scene& s) {
         gpu(s).unidentified = {{*PciAddress::from_text("0000:a1:00.0"), denied()}};
       })},
      {"gpu.fabric-not-running", kFail, kNodeSubject,
       with_gpus([](Scene& s) { gpu(s).fabric_manager.running = false; })},
      {"gpu.fabric-not-running", kUnknown, kNodeSubject,
       with_gpus([](Scene& s) { gpu(s).fabric_manager.running = denied(); })},
      {"gpu.fabric-version", kFail, kNodeSubject, with_gpus([](Scene& s) {
         gpu(s).fabric_manager.running = false;
         gpu(s).fabric_manager.packages = std::vector<std::string>{"580.82.07-0ubuntu1"};
       })},
      {"gpu.fabric-version", kUnknown, kNodeSubject,
       with_gpus([](Scene& s) { gpu(s).fabric_manager.packages = denied(); })},
      {"gpu.nvlink-modules", kFail, kNodeSubject,
       with_gpus([](Scene& s) { gpu(s).modules.ib_umad.reset(); })},
      {"gpu.nvlink-modules", kUnknown, kNodeSubject, with_gpus([](Scene& s) {
         gpu(s).modules.ib_umad.reset();
         gpu(s).mad_class = denied();
       })},
      {"gpu.no-local-efa", kFail, accelerator(1),
       with_gpus([](Scene& s) { gpu(s).efa.erase(gpu(s).efa.begin() + 1); })},
      {"gpu.no-local-efa", kUnknown, accelerator(1),
       with_gpus([](Scene& s) { gpu(s).nvidia[1].path.reset(); })},
      {"gpu.gda-not-ready", kFail, kNodeSubject,
       with_gpus([](Scene& s) { set_plugin(s, "1.21.1"); })},
      {"gpu.gda-not-ready", kUnknown, kNodeSubject, with_gpus([](Scene& s) {
         prepare_gda(s);
         gpu(s).parameters = denied();
       })},
      {"gpu.gda-not-ready", kPass, kNodeSubject, with_gpus(prepare_gda)},
      {"gpu.gdrcopy-flavour", kFail, kNodeSubject,
       with_gpus([](Scene& s) { gpu(s).gdrdrv_open = false; })},
      {"gpu.gdrcopy-flavour", kUnknown, kNodeSubject, with_gpus([](Scene& s) {
         gpu(s).gdrdrv_open = true;
         gpu(s).nvidia_open = denied();
       })},
      {"gpu.gdrcopy-flavour", kPass, kNodeSubject,
       with_gpus([](Scene& s) { gpu(s).gdrdrv_open = true; })},
      {"gpu.neuron-no-path", kFail, kNodeSubject, with_neuron([](Scene& s) {
         close_p2p(s);
         gpu(s).kernel_release = "5.10.245-1.amzn2";
       })},
      {"gpu.neuron-no-path", kUnknown, kNodeSubject, with_neuron([](Scene& s) {
         gpu(s).p2p = denied();
         gpu(s).kernel_release = denied();
       })},
      {"gpu.neuron-not-loaded", kFail, accelerator(0),
       with_neuron([](Scene& s) { gpu(s).neuron[0].driver.reset(); })},
      {"gpu.neuron-not-loaded", kUnknown, accelerator(0),
       with_neuron([](Scene& s) { gpu(s).neuron[0].driver = denied(); })},
  };
}

}  // namespace

CheckCases gpu_cases() {
  CheckCases cases = memory_path_cases();
  const CheckCases drivers = driver_cases();
  cases.insert(cases.end(), drivers.begin(), drivers.end());
  return cases;
}

namespace {

// No check of accelerators fails or is unknown; how many pass.
size_t passing(const Scene& scene) {
  size_t count = 0;
  for (const Finding& finding : judge_all(scene.node, scene.expectation)) {
    if (!finding.check->code.starts_with("gpu.")) continue;
    EXPECT_NE(finding.result, kFail) << finding.check->code << " " << finding.message;
    EXPECT_NE(finding.result, kUnknown) << finding.check->code << " " << finding.message;
    if (finding.result == kPass) ++count;
  }
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kHealthy) << diagnose(scene).summary;
  return count;
}

TEST(Gpu, PassesWhereEfaReachesTheMemory) {
  EXPECT_EQ(passing(scene_with(with_gpus(unchanged))), 18U) << "10 of the node, 2 of each GPU";
  EXPECT_EQ(passing(scene_with(with_grace(unchanged))), 12U);
  EXPECT_EQ(passing(scene_with(with_neuron(unchanged))), 9U);
}

TEST(Gpu, SaysNothingWithoutAccelerators) {
  EXPECT_EQ(passing(healthy_scene()), 0U);
}

// One after the other what healthy nodes have been seen with.
TEST(Gpu, HealthyNodesOfOtherKindsAreHealthy) {
  const std::pair<const char*, Change> nodes[] = {
      {"the proprietary driver on a kernel before the bound",
       [](Scene& s) {
         set_nvidia(s, "535.183.01", false);
         gpu(s).kernel_release = "5.10.192-1.amzn2";
       }},
      {"an old open driver with efa_nv_peermem",
       [](Scene& s) {
         set_nvidia(s, "535.104.12");
         gpu(s).p2p->provider = "NVIDIA peermem";
         gpu(s).modules.efa_nv_peermem = "1.2.3";
       }},
      {"the kernel's own efa, which has dma-buf only",
       [](Scene& s) {
         gpu(s).modules.efa = "";
         gpu(s).p2p.reset();
         gpu(s).kernel_release = "6.12.118+deb13-amd64";
       }},
      {"no P2P for want of a provider, but dma-buf", close_p2p},
      {"efa of before the attribute p2p",
       [](Scene& s) {
         set_nvidia(s, "525.60.13");
         gpu(s).modules.efa = "2.5.0g";
         gpu(s).p2p = PeerMemory{address(0), "gdr", "1"};
       }},
      {"a GPU that a virtual machine holds",
       [](Scene& s) {
         gpu(s).nvidia[0].driver = "vfio-pci";
         gpu(s).claimed->erase(gpu(s).claimed->begin());
       }},
      {"NVIDIA's driver not there yet",
       [](Scene& s) {
         for (Accelerator& one : gpu(s).nvidia) one.driver.reset();
         gpu(s).modules = {};
         gpu(s).p2p->provider = "";
       }},
      {"modules that are built in",
       [](Scene& s) {
         gpu(s).modules.mlx5_ib.reset();
         gpu(s).modules.ib_umad.reset();
         gpu(s).nvlink_rdma = gpu(s).mad_class = true;
       }},
  };
  for (const auto& [name, change] : nodes) {
    SCOPED_TRACE(name);
    passing(scene_with(with_gpus(change)));
  }
}

// Types that can have EFA but no direct access: whatever their driver is, nothing is amiss.
TEST(Gpu, ATypeWhoseHardwareCannotIsNotJudged) {
  Scene scene = scene_with(with_gpus(close_both));
  scene.expectation.direct_memory = DirectMemory::kImpossible;
  EXPECT_EQ(passing(scene), 0U);
  silence(scene.node.gpu, ProbeStatus::kTimedOut);
  EXPECT_EQ(result_of(scene, "gpu.no-memory-path", kNodeSubject), kNothing);
}

TEST(Gpu, TheOptionDeniesFrom580On) {
  const auto denies = [](const char* nvidia) {
    return said(with_gpus([nvidia](Scene& s) {
                  set_nvidia(s, nvidia);
                  set_override(s, 2);
                }),
                "gpu.access-denied-by-option");
  };
  EXPECT_EQ(denies("575.64.05"), kPass);
  EXPECT_EQ(denies("580.65.06"), kFail);
  EXPECT_EQ(denies("x"), kUnknown);
  EXPECT_EQ(said(with_gpus([](Scene& s) { gpu(s).parameters->topology_override.reset(); }),
                 "gpu.access-denied-by-option"),
            kPass)
      << "a release without such a line";
}

TEST(Gpu, InAContainerAGpuMayNotShow) {
  const auto hidden = [](const Change& change) {
    return said(with_gpus([change](Scene& s) {
                  gpu(s).claimed->clear();
                  change(s);
                }),
                "gpu.not-claimed", accelerator(0));
  };
  EXPECT_EQ(hidden(unchanged), kFail);
  EXPECT_EQ(hidden([](Scene& s) { gpu(s).covered = true; }), kUnknown);
  EXPECT_EQ(hidden([](Scene& s) { gpu(s).covered = denied(); }), kUnknown);
  EXPECT_EQ(hidden([](Scene& s) { s.node.limits.facts.container = "docker"; }), kUnknown);
  EXPECT_EQ(hidden([](Scene& s) { silence(s.node.limits, ProbeStatus::kCrashed); }), kUnknown);
}

TEST(Gpu, AnUnboundGpuIsNotClaimed) {
  const Change unbound = with_gpus([](Scene& s) {
    gpu(s).nvidia[0].driver.reset();
    gpu(s).claimed->erase(gpu(s).claimed->begin());
  });
  EXPECT_EQ(said(unbound, "gpu.not-claimed", accelerator(0)), kFail);
  const Change all = with_gpus([](Scene& s) {
    for (Accelerator& one : gpu(s).nvidia) one.driver.reset();
    gpu(s).claimed->clear();
  });
  EXPECT_EQ(said(all, "gpu.not-claimed", accelerator(0)), kFail) << "the module is loaded";
  const Change given = with_gpus([](Scene& s) {
    for (Accelerator& one : gpu(s).nvidia) one.driver = "vfio-pci";
    gpu(s).claimed->clear();
  });
  EXPECT_EQ(said(given, "gpu.not-claimed", accelerator(0)), kNothing);
  const Change hides = with_gpus([](Scene& s) { gpu(s).nvidia[0].driver = denied(); });
  EXPECT_EQ(said(hides, "gpu.not-claimed", accelerator(0)), kUnknown);
}

TEST(Gpu, AMismatchInTheLogIsOne) {
  EXPECT_EQ(said(with_gpus([](Scene& s) {
                   s.node.log.facts.accelerators = {{kApiMismatch, 7}};
                 }),
                 "gpu.user-space-differs"),
            kFail);
  EXPECT_EQ(said(with_gpus([](Scene& s) { gpu(s).modules.nvidia_uvm.reset(); }),
                 "gpu.user-space-differs"),
            kPass)
      << "nvidia_uvm comes with the first CUDA program";
}

// A program in a container may have brought old libraries; that it once did stays in the log.
TEST(Gpu, AMismatchOfLongAgoIsNoAlarmAndNotCalledMended) {
  const auto after = [](int64_t minutes) {
    return said(with_gpus([minutes](Scene& s) {
                  s.node.log.facts.accelerators = {{kApiMismatch, 60'000'000}};
                  s.expectation.past.now_ms = 60'000 + minutes * 60'000;
                }),
                "gpu.user-space-differs");
  };
  EXPECT_EQ(after(1), kFail);
  EXPECT_EQ(after(59), kFail);
  EXPECT_EQ(after(61), kUnknown);
}

TEST(Gpu, AGpuThatTheModuleDoesNotSupportIsToldSo) {
  Scene scene = scene_with(with_gpus([](Scene& s) { gpu(s).claimed->clear(); }));
  const auto message = [&] {
    const auto findings = judge_all(scene.node, scene.expectation);
    return finding_of(findings, "gpu.not-claimed", accelerator(0))->message;
  };
  EXPECT_EQ(message(), "the NVIDIA driver has not taken it");
  scene.node.log.facts.accelerators = {{kGpuNotSupported, 7}};
  EXPECT_NE(message().find("does not support"), std::string::npos);
}

TEST(Gpu, AnOldLibfabricIsToldOfOnlyWhereDmabufIsTheOnlyWay) {
  constexpr const char* kCode = "gpu.libfabric-needs-p2p";
  const auto with = [&](const Change& change) {
    return said(with_gpus([change](Scene& s) {
                  use_libfabric(s, "2.4");
                  change(s);
                }),
                kCode);
  };
  EXPECT_EQ(with(unchanged), kFail);
  EXPECT_EQ(with([](Scene& s) { gpu(s).p2p->provider = "NVIDIA"; }), kPass);
  EXPECT_EQ(with([](Scene& s) { gpu(s).nvidia_open = false; }), kNotApplicable) << "no way at all";
  EXPECT_EQ(with([](Scene& s) { s.fabric().devices.clear(); }), kNotApplicable) << "without EFA";
  EXPECT_EQ(with([](Scene& s) { s.node.limits.facts.from_container = true; }), kNotApplicable);
  EXPECT_EQ(with([](Scene& s) { s.expectation.direct_memory = DirectMemory::kNotKnown; }),
            kNothing);
  EXPECT_EQ(diagnose(scene_with(with_gpus([](Scene& s) { use_libfabric(s, "2.4"); }))).verdict,
            Verdict::kHealthy)
      << "NCCL's plugin gives dma-bufs";
}

TEST(Gpu, ARangeThatAnotherEfaOrModuleAskedForIsNotEfas) {
  for (const char* efa : {"3.2.0g", "3.3.1g", ""}) {
    const Change logged = with_gpus([efa](Scene& s) {
      gpu(s).modules.efa = efa;
      s.node.log.facts.accelerators = {{kRangeMisaligned, 7}};
    });
    EXPECT_EQ(said(logged, "gpu.range-misaligned"), kNotApplicable) << efa;
  }
}

TEST(Gpu, ANeuronDriverThatIsMissingIsInstalledAsTheSystemDoesIt) {
  const std::pair<const char*, const char*> rows[] = {
      {"Ubuntu 22.04.5 LTS",
       "sudo modprobe neuron || (sudo apt-get install -y aws-neuronx-dkms && sudo modprobe "
       "neuron)"},
      {"Amazon Linux 2023.9.20251027",
       "sudo modprobe neuron || (sudo dnf -y install aws-neuronx-dkms && sudo modprobe neuron)"},
      {"Amazon Linux 2",
       "sudo modprobe neuron || (sudo yum -y install aws-neuronx-dkms && sudo modprobe neuron)"},
      {"another system", "sudo modprobe neuron"},
  };
  for (const auto& [os, wanted] : rows) {
    Scene scene = scene_with(with_neuron([](Scene& s) {
      gpu(s).neuron[0].driver.reset();
      gpu(s).modules.neuron.reset();
    }));
    scene.node.kernel.facts.os = os;
    const auto command = [&] {
      const auto findings = judge_all(scene.node, scene.expectation);
      return command_of(*finding_of(findings, "gpu.neuron-not-loaded", accelerator(0)));
    };
    EXPECT_EQ(command(), wanted) << os;
    gpu(scene).modules.neuron = "2.24.7.0";
    EXPECT_EQ(command(), "sudo modprobe neuron") << "it is there: " << os;
  }
}

TEST(Gpu, AModuleOnDiskThatIsNotTheLoadedOneWaitsForABoot) {
  const auto on_disk = [](const char* version, const Change& change) {
    return said(with_gpus([=](Scene& s) {
                  gpu(s).nvidia_on_disk = version;
                  change(s);
                }),
                "gpu.user-space-differs");
  };
  EXPECT_EQ(on_disk("580.105.08", unchanged), kFail);
  EXPECT_EQ(on_disk("580.95.05", unchanged), kPass);
  EXPECT_EQ(on_disk("580.105.08", [](Scene& s) { s.node.limits.facts.container = "docker"; }),
            kPass)
      << "a container's own";
}

TEST(Gpu, NoWayIsJudgedWhereEfaDrivesNoDevice) {
  Scene scene = scene_with(with_gpus(close_both));
  remove_driver(scene);
  for (const char* code : {"gpu.no-memory-path", "gpu.proprietary-cut-off",
                           "gpu.efa-too-old-for-nvidia", "gpu.peermem-missing"}) {
    EXPECT_EQ(result_of(scene, code, kNodeSubject), kNothing) << code;
  }
  EXPECT_EQ(result_of(scene, "gpu.not-claimed", accelerator(0)), kPass);
}

TEST(Gpu, NothingIsSaidWithoutEfa) {
  Scene scene = scene_with(with_gpus(close_both));
  scene.node.pci.facts.efa.clear();
  for (const Finding& finding : judge_all(scene.node, scene.expectation)) {
    EXPECT_FALSE(finding.check->code.starts_with("gpu.")) << finding.check->code;
  }
}

}  // namespace
}  // namespace efa
