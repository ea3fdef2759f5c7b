// Which ways to the memory of accelerators are open, and what is said to close them.

#include <gtest/gtest.h>

#include "probes/judging/remedy.h"
#include "tests/support/check_case.h"
#include "tests/support/gpu_node.h"

namespace efa {
namespace {

// p3dn: its GPUs take the proprietary driver only, and jobs go through the host.
TEST(GpuPath, OfATypeThatHasNoWayInNothingIsSaid) {
  Scene scene = scene_with(with_gpus(close_both));
  scene.expectation.direct_memory = DirectMemory::kImpossible;
  for (const char* code : {"gpu.no-memory-path", "gpu.proprietary-cut-off"}) {
    EXPECT_EQ(result_of(scene, code, kNodeSubject), kNothing) << code;
  }
}

TEST(GpuPath, ATypeOfWhichNoSourceTellsIsNoFault) {
  Scene scene = scene_with(with_gpus(close_both));
  scene.expectation.direct_memory = DirectMemory::kNotKnown;
  EXPECT_EQ(result_of(scene, "gpu.no-memory-path", kNodeSubject), kUnknown);
  EXPECT_EQ(result_of(scene, "gpu.proprietary-cut-off", kNodeSubject), kUnknown);
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kHealthy);
}

TEST(GpuPath, EachCauseExplainsThatBothWaysAreClosed) {
  const std::pair<const char*, Change> causes[] = {
      {"gpu.proprietary-cut-off", close_both},
      {"gpu.efa-too-old-for-nvidia",
       [](Scene& s) {
         gpu(s).modules.efa = "2.15.3g";
         gpu(s).kernel_release = "5.10.245-1.amzn2";
       }},
      {"gpu.peermem-missing",
       [](Scene& s) {
         need_peermem(s);
         gpu(s).kernel_release = "5.10.245-1.amzn2";
       }},
  };
  for (const auto& [code, change] : causes) {
    const Diagnosis diagnosis = diagnose(scene_with(with_gpus(change)));
    EXPECT_EQ(cause_of(diagnosis, "gpu.no-memory-path", kNodeSubject), code);
    EXPECT_EQ(diagnosis.verdict, Verdict::kUnhealthy) << code;
    EXPECT_EQ(diagnosis.root_causes, std::vector<std::string>{code});
  }
  const Diagnosis refused = diagnose(scene_with(with_grace([](Scene& s) {
    differ_in_groups(s);
    close_p2p(s);
  })));
  EXPECT_EQ(cause_of(refused, "gpu.no-memory-path", kNodeSubject), "gpu.grace-refused");
}

TEST(GpuPath, AnOptionThatDeniesClosesDmabuf) {
  const Change denied_dmabuf = with_gpus([](Scene& s) {
    close_p2p(s);
    set_override(s, 2);
  });
  const Diagnosis diagnosis = diagnose(scene_with(denied_dmabuf));
  EXPECT_EQ(said(denied_dmabuf, "gpu.no-memory-path"), kFail);
  EXPECT_EQ(cause_of(diagnosis, "gpu.no-memory-path", kNodeSubject), "gpu.access-denied-by-option");
  EXPECT_EQ(said(with_gpus([](Scene& s) { set_override(s, 2); }), "gpu.no-memory-path"), kPass)
      << "by P2P";
}

TEST(GpuPath, P2pOfNvidia580AndAnOldEfaIsNoWay) {
  const Change old = with_gpus([](Scene& s) { gpu(s).modules.efa = "2.15.3g"; });
  EXPECT_EQ(said(old, "gpu.efa-too-old-for-nvidia"), kFail);
  EXPECT_EQ(said(old, "gpu.no-memory-path"), kPass) << "by dma-buf";
  EXPECT_EQ(diagnose(scene_with(old)).verdict, Verdict::kDegraded);
}

TEST(GpuPath, AnOldEfaIsCriticalWhereOnlyP2pIsLeft) {
  const auto weighs = [](const Change& change) {
    const Scene scene = scene_with(with_gpus([change](Scene& s) {
      gpu(s).modules.efa = "2.15.3g";
      change(s);
    }));
    const auto findings = judge_all(scene.node, scene.expectation);
    return finding_of(findings, "gpu.efa-too-old-for-nvidia", kNodeSubject)->check->severity;
  };
  EXPECT_EQ(weighs(unchanged), Severity::kWarning) << "dma-buf is open";
  EXPECT_EQ(weighs([](Scene& s) { gpu(s).kernel_release = "5.10.245-1.amzn2"; }),
            Severity::kCritical);
  EXPECT_EQ(weighs([](Scene& s) { set_plugin(s, "1.14.1"); }), Severity::kCritical);
  EXPECT_EQ(weighs([](Scene& s) { set_plugin(s, "1.19.2"); }), Severity::kWarning);
  EXPECT_EQ(weighs([](Scene& s) {
              set_plugin(s, "1.14.1");
              s.expectation.direct_memory = DirectMemory::kNotKnown;
            }),
            Severity::kWarning);
}

TEST(GpuPath, WhatAmazonLinuxsOwnEfaHasIsNotKnown) {
  const Change own = with_gpus([](Scene& s) {
    gpu(s).modules.efa = "2.13.0a";
    gpu(s).p2p.reset();
  });
  EXPECT_EQ(said(own, "gpu.no-memory-path"), kPass) << "by dma-buf";
  EXPECT_EQ(said(own, "gpu.efa-too-old-for-nvidia"), kUnknown);
  const Change closed = with_gpus([](Scene& s) {
    set_nvidia(s, "580.95.05", false);
    gpu(s).modules.efa = "2.13.0a";
    gpu(s).p2p.reset();
  });
  EXPECT_EQ(said(closed, "gpu.no-memory-path"), kUnknown);
  EXPECT_EQ(diagnose(scene_with(closed)).verdict, Verdict::kHealthy);
}

// Red Hat Enterprise Linux 9: its 5.14 has the efa of a later kernel.
TEST(GpuPath, WhatAnOlderKernelsOwnEfaHasIsNotKnown) {
  const Change own = with_gpus([](Scene& s) {
    gpu(s).modules.efa = "";
    gpu(s).p2p.reset();
    gpu(s).kernel_release = "5.14.0-570.el9.x86_64";
  });
  EXPECT_EQ(said(own, "gpu.no-memory-path"), kUnknown);
  EXPECT_EQ(diagnose(scene_with(own)).verdict, Verdict::kHealthy);
}

TEST(GpuPath, AClosedFilePutsTheNodeInDoubt) {
  const Change denies = with_gpus([](Scene& s) {
    close_p2p(s);
    gpu(s).nvidia_open = denied();
  });
  EXPECT_EQ(diagnose(scene_with(denies)).verdict, Verdict::kUnknown);
}

TEST(GpuPath, TheKernelsLogDecidesWhereItsNumberDoesNot) {
  const auto logged = [](const Change& change) {
    return with_gpus([change](Scene& s) {
      change(s);
      gpu(s).kernel_release = "5.15.0-1057-aws";
      s.node.log.facts.accelerators = {{kSymbolsCutOff, 7}};
    });
  };
  EXPECT_EQ(said(logged(close_both), "gpu.proprietary-cut-off"), kFail);
  EXPECT_EQ(said(logged(need_peermem), "gpu.peermem-missing"), kFail);
}

TEST(GpuPath, ARefusedMappingCountsOnACoherentNodeOnly) {
  const auto log = [](Scene& s) { s.node.log.facts.accelerators = {{kMappingRefused, 7}}; };
  EXPECT_EQ(said(with_grace(log), "gpu.grace-refused"), kFail);
  EXPECT_EQ(said(with_gpus(log), "gpu.grace-refused"), kNothing);
}

// NVIDIA's driver is loaded anew without a reboot where it comes from a container.
TEST(GpuPath, ARefusalOfBeforeTheOptionWasSetIsOver) {
  const auto after = [](uint32_t value) {
    return said(with_grace([value](Scene& s) {
                  differ_in_groups(s);
                  set_override(s, value);
                  s.node.log.facts.accelerators = {{kMappingRefused, 7}};
                }),
                "gpu.grace-refused");
  };
  EXPECT_EQ(after(1), kPass);
  EXPECT_EQ(after(0), kFail);
}

TEST(GpuPath, ATypeOfGraceIsKnownByItsName) {
  for (const char* type : {"p6e-gb200.36xlarge", "p6e-gb300.36xlarge", "p6e-gb300r.36xlarge"}) {
    Scene scene = scene_with(with_grace(differ_in_groups));
    gpu(scene).coherent = false;  // its memory is left to the driver
    scene.expectation.instance_type = type;
    EXPECT_EQ(result_of(scene, "gpu.grace-refused", kNodeSubject), kFail) << type;
  }
}

// Where the GPUs' memory is left to the driver there is no numa_status.
TEST(GpuPath, WhatIsRefusedIsNoWayIn) {
  const Change by_groups = [](Scene& s) {
    differ_in_groups(s);
    gpu(s).coherent = false;
  };
  const Change by_log = [](Scene& s) { s.node.log.facts.accelerators = {{kMappingRefused, 7}}; };
  for (const Change& refuse : {by_groups, by_log}) {
    const Scene scene = scene_with(with_grace([&](Scene& s) {
      close_p2p(s);
      refuse(s);
    }));
    EXPECT_EQ(result_of(scene, "gpu.grace-refused", kNodeSubject), kFail);
    EXPECT_EQ(result_of(scene, "gpu.no-memory-path", kNodeSubject), kFail);
    EXPECT_EQ(cause_of(diagnose(scene), "gpu.no-memory-path", kNodeSubject), "gpu.grace-refused");
  }
}

TEST(GpuPath, WhatNoSourceTellsOfGraceDoesNotPutTheNodeInDoubt) {
  const Scene scene = scene_with(with_grace([](Scene& s) { set_nvidia(s, "595.91.07"); }));
  EXPECT_EQ(result_of(scene, "gpu.grace-refused", kNodeSubject), kUnknown);
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kHealthy) << "P2P is open";
}

TEST(GpuPath, TheOverrideIsPrintedOnlyWhereItHelps) {
  const auto command = [](const char* nvidia) {
    const Scene scene = scene_with(with_grace([nvidia](Scene& s) {
      differ_in_groups(s);
      set_nvidia(s, nvidia);
    }));
    const auto findings = judge_all(scene.node, scene.expectation);
    const Finding* finding = finding_of(findings, "gpu.grace-refused", kNodeSubject);
    return finding == nullptr ? "none" : command_of(*finding);
  };
  EXPECT_TRUE(command("580.95.05").starts_with("printf 'options nvidia NVreg_Grdma"));
  EXPECT_EQ(command("595.45.04"), "");
}

TEST(GpuPath, NeuronTakesEitherWay) {
  EXPECT_EQ(said(with_neuron(close_p2p), "gpu.neuron-no-path"), kPass) << "by dma-buf";
  EXPECT_EQ(said(with_neuron([](Scene& s) { gpu(s).kernel_release = "5.10.245-1.amzn2"; }),
                 "gpu.neuron-no-path"),
            kPass)
      << "by P2P";
  const auto own = [](const char* release) {
    return said(with_neuron([release](Scene& s) {
                  gpu(s).modules.efa = "";
                  gpu(s).p2p.reset();
                  gpu(s).kernel_release = release;
                }),
                "gpu.neuron-no-path");
  };
  EXPECT_EQ(own("6.1.177"), kPass);
  EXPECT_EQ(own("5.15.190"), kUnknown) << "the kernel's own efa takes dma-bufs from 5.16 on";
  EXPECT_EQ(own("5.10.245"), kFail) << "the Neuron driver exports none";
}

// The older attribute tells of NVIDIA alone: on Trainium it is 0 with the way open.
TEST(GpuPath, OfNeuronTheOlderAttributeSaysNothing) {
  const auto with = [](const char* efa) {
    return said(with_neuron([efa](Scene& s) {
                  gpu(s).modules.efa = efa;
                  gpu(s).p2p->attribute = "gdr";
                  gpu(s).p2p->provider = "0";
                  gpu(s).kernel_release = "5.10.245-1.amzn2";
                }),
                "gpu.neuron-no-path");
  };
  EXPECT_EQ(with("2.5.0g"), kPass);
  EXPECT_EQ(with("1.16.0g"), kPass);
  EXPECT_EQ(with("1.15.2g"), kFail);
  EXPECT_EQ(with("2.1.0a"), kUnknown) << "Amazon Linux's own";
  EXPECT_EQ(with("new"), kUnknown);
}

TEST(GpuPath, ADmabufThatWasRefusedIsNoWayThatIsKnown) {
  const Change refused = with_gpus([](Scene& s) {
    close_p2p(s);
    s.node.log.facts.accelerators = {{kDmabufRefused, 7}};
  });
  EXPECT_EQ(said(with_gpus(close_p2p), "gpu.no-memory-path"), kPass);
  EXPECT_EQ(said(refused, "gpu.no-memory-path"), kUnknown);
  EXPECT_EQ(diagnose(scene_with(refused)).verdict, Verdict::kHealthy) << "not sure: no alarm";
  EXPECT_EQ(said(with_gpus([](Scene& s) {
                   s.node.log.facts.accelerators = {{kDmabufRefused, 7}};
                 }),
                 "gpu.no-memory-path"),
            kPass)
      << "by P2P";
}

TEST(GpuPath, WithoutItsProbeTheWayIsNotKnown) {
  Scene scene = scene_with(with_gpus(unchanged));
  silence(scene.node.gpu, ProbeStatus::kTimedOut);
  EXPECT_EQ(result_of(scene, "gpu.no-memory-path", kNodeSubject), kUnknown);
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kUnknown);
}

TEST(GpuPath, TheOpenModulesAreInstalledAsTheSystemDoesIt) {
  const std::pair<const char*, const char*> rows[] = {
      {"Amazon Linux 2023.9.20251027", "sudo dnf -y module switch-to nvidia-driver:open-dkms"},
      {"Red Hat Enterprise Linux 9.10 (Plow)", "sudo dnf -y module switch-to"},
      {"Rocky Linux 10.1 (Red Quartz)", "sudo dnf -y install --allowerasing kmod-nvidia-open-dkms"},
      {"AlmaLinux 9.6 (Sage Margay)", "sudo dnf -y module switch-to nvidia-driver:open-dkms"},
      {"AlmaLinux 10.0 (Purple Lion)", "sudo dnf -y install --allowerasing kmod-nvidia-open-dkms"},
      {"Oracle Linux Server 8.10", "sudo dnf -y module switch-to nvidia-driver:open-dkms"},
      {"Fedora Linux 43", "sudo dnf -y install --allowerasing kmod-nvidia-open-dkms"},
      {"Ubuntu 24.04.3 LTS", "sudo apt-get install -y --autoremove --purge nvidia-open nvidia-dri"},
      {"Debian GNU/Linux 12 (bookworm)",
       "sudo apt-get install -y --autoremove --purge nvidia-open && sudo reboot"},
      {"Bottlerocket OS 1.50", ""},
      {"Amazon Linux 2", ""},
  };
  for (const auto& [os, wanted] : rows) {
    Scene scene = scene_with(with_gpus(close_both));
    scene.node.kernel.facts.os = os;
    const auto findings = judge_all(scene.node, scene.expectation);
    const Finding* finding = finding_of(findings, "gpu.proprietary-cut-off", kNodeSubject);
    ASSERT_NE(finding, nullptr);
    const std::string command = command_of(*finding);
    EXPECT_TRUE(command.starts_with(wanted) && command.empty() == std::string(wanted).empty())
        << os << ": " << command;
  }
}

constexpr const char* kNoPath = "gpu.no-memory-path";
constexpr const char* kOldKernel = "5.4.0-1100-aws";

Finding failing(const Scene& scene, const char* code) {
  const auto findings = judge_all(scene.node, scene.expectation);
  const Finding* finding = finding_of(findings, code, kNodeSubject);
  return finding == nullptr || finding->result != kFail ? Finding() : *finding;
}

void run_kernel(Scene& scene, const char* release) {
  gpu(scene).kernel_release = release;
  scene.node.kernel.facts.release = release;
}

// After a kernel update DKMS has built efa for the kernel before only.
Scene without_installed_driver(const char* kernel, const char* nvidia, bool open) {
  return scene_with(with_gpus([=](Scene& s) {
    run_kernel(s, kernel);
    set_nvidia(s, nvidia, open);
    lose_driver(s);
  }));
}

TEST(GpuPath, ALostDriverIsTheRootCause) {
  const Scene scene = without_installed_driver(kOldKernel, "535.183.01", false);
  const Diagnosis diagnosis = diagnose(scene);
  constexpr const char* kBuild = "sudo dkms install efa/2.17.3 -k 5.4.0-1100-aws && sudo reboot";
  EXPECT_EQ(diagnosis.verdict, Verdict::kUnhealthy);
  EXPECT_EQ(diagnosis.root_causes, std::vector<std::string>{"kernel.driver-stale"});
  EXPECT_EQ(cause_of(diagnosis, kNoPath, kNodeSubject), "kernel.driver-stale");
  EXPECT_EQ(command_of(failing(scene, "kernel.driver-stale")), kBuild);
  EXPECT_EQ(command_of(failing(scene, kNoPath)), kBuild);
  EXPECT_TRUE(
      failing(scene, kNoPath).remedy.starts_with("Drain the node and bring back efa 2.17.3"))
      << failing(scene, kNoPath).remedy;
}

// efa 2.15.3 is loaded; on disk is what DKMS has built for this kernel.
Scene with_old_efa_loaded(const char* on_disk) {
  return scene_with(with_gpus([on_disk](Scene& s) {
    KernelFacts& kernel = s.node.kernel.facts;
    gpu(s).modules.efa = "2.15.3g";
    kernel.efa_version = "2.15.3g";
    kernel.dkms = {std::string("efa/") + on_disk + " for " + *kernel.release};
    kernel.efa_refcount = 1;
  }));
}

TEST(GpuPath, AnEfaThatIsTooOldAndNotTheOneOnDiskIsItsEcho) {
  constexpr const char* kTooOld = "gpu.efa-too-old-for-nvidia";
  const Scene updated = with_old_efa_loaded("3.1.0");
  EXPECT_EQ(cause_of(diagnose(updated), kTooOld, kNodeSubject), "kernel.driver-stale");
  EXPECT_EQ(diagnose(updated).root_causes, std::vector<std::string>{"kernel.driver-stale"});
  EXPECT_EQ(command_of(failing(updated, kTooOld)), "sudo reboot");
  EXPECT_TRUE(
      failing(updated, kTooOld).remedy.starts_with("Drain the node and bring back efa 3.1.0"))
      << failing(updated, kTooOld).remedy;
  const Scene too_old_too = with_old_efa_loaded("2.16.0");
  EXPECT_EQ(failing(too_old_too, "kernel.driver-stale").result, kFail);
  EXPECT_EQ(cause_of(diagnose(too_old_too), kTooOld, kNodeSubject), "");
  EXPECT_NE(command_of(failing(too_old_too, kTooOld)).find("efa_installer.sh"), std::string::npos);
}

TEST(GpuPath, WhatDkmsHasIsBuiltThoughNoInstallerNamedIt) {
  Scene scene = without_installed_driver(kOldKernel, "535.183.01", false);
  scene.node.software.facts.installer_packages.clear();
  EXPECT_EQ(diagnose(scene).root_causes, std::vector<std::string>{kNoPath});
  EXPECT_EQ(command_of(failing(scene, kNoPath)),
            "sudo dkms install efa/2.17.3 -k 5.4.0-1100-aws && sudo reboot");
}

TEST(GpuPath, ALostDriverThatWouldOpenNothingIsNotTheCause) {
  const Scene cut_off = [] {
    Scene scene = without_installed_driver("6.1.177-224.371.amzn2023.x86_64", "535.183.01", false);
    scene.node.kernel.facts.os = "Amazon Linux 2023.9.20251027";
    return scene;
  }();
  EXPECT_EQ(diagnose(cut_off).root_causes, std::vector<std::string>{kNoPath});
  EXPECT_EQ(command_of(failing(cut_off, kNoPath)),
            "sudo dnf -y module switch-to nvidia-driver:open-dkms --allowerasing && sudo reboot");
  EXPECT_TRUE(failing(cut_off, kNoPath).remedy.ends_with("that opens dma-buf."));
  Scene old = without_installed_driver(kOldKernel, "535.183.01", false);
  old.node.kernel.facts.dkms = {"efa/2.5.0 for 5.4.0-1099-aws"};
  EXPECT_EQ(diagnose(old).root_causes, std::vector<std::string>{kNoPath}) << "has no p2p";
}

TEST(GpuPath, BelowKernel512OpenModulesAreNoWay) {
  const Scene scene = scene_with(with_gpus([](Scene& s) {
    close_p2p(s);
    run_kernel(s, "5.10.245-1.amzn2");
  }));
  const Finding finding = failing(scene, kNoPath);
  EXPECT_EQ(finding.remedy,
            "Drain the node and boot a kernel of 5.12 or later, with efa 1.16 or later: that opens "
            "dma-buf. This kernel has none, and no driver is known to open P2P on it.");
  EXPECT_EQ(command_of(finding).find("install"), std::string::npos) << command_of(finding);
}

TEST(GpuPath, WhereNeitherDriverIsEnoughBothAreInstalled) {
  const Scene scene = scene_with(with_gpus([](Scene& s) {
    close_both(s);
    gpu(s).modules.efa = "2.13.0g";
    run_kernel(s, "5.10.245-1.amzn2");
    s.node.kernel.facts.os = "Rocky Linux 9.6 (Blue Onyx)";
  }));
  const Finding finding = failing(scene, kNoPath);
  EXPECT_TRUE(finding.remedy.ends_with("run the EFA installer, in the image too: that opens P2P."))
      << finding.remedy;
  const std::string command = command_of(finding);
  EXPECT_TRUE(
      command.starts_with("sudo dnf -y module switch-to nvidia-driver:open-dkms "
                          "--allowerasing && cd \"$(mktemp -d)\" && "))
      << command;
  EXPECT_TRUE(command.ends_with("sudo ./efa_installer.sh -y && sudo reboot")) << command;
}

TEST(GpuPath, TheInstallersEfaIsNamedWhereTheSystemsLastOneFits) {
  Scene scene = without_installed_driver(kOldKernel, "580.95.05", true);
  scene.node.kernel.facts.dkms.clear();
  scene.node.software.facts.installer_packages.clear();
  scene.node.kernel.facts.os = "Ubuntu 22.04.5 LTS";
  EXPECT_NE(command_of(failing(scene, kNoPath)).find("installer-latest"), std::string::npos);
  scene.node.kernel.facts.os = "Amazon Linux 2";
  EXPECT_NE(command_of(failing(scene, kNoPath)).find("installer-1.49.0"), std::string::npos);
  scene.node.kernel.facts.os = "Ubuntu 20.04.6 LTS";  // its last does not know NVIDIA 580
  EXPECT_EQ(command_of(failing(scene, kNoPath)).find("installer"), std::string::npos);
  EXPECT_TRUE(
      failing(scene, kNoPath).remedy.starts_with("Drain the node and boot a kernel of 5.12"));
}

TEST(GpuPath, OfNeuronTheEfaOrTheKernelIsNamed) {
  constexpr const char* kNeuron = "gpu.neuron-no-path";
  const auto scene_of = [](const Change& change) {
    return scene_with(with_neuron([&](Scene& s) {
      run_kernel(s, "5.10.245-1.amzn2");
      change(s);
    }));
  };
  const Scene lost = scene_of(lose_driver);
  EXPECT_EQ(cause_of(diagnose(lost), kNeuron, kNodeSubject), "kernel.driver-stale");
  EXPECT_TRUE(command_of(failing(lost, kNeuron)).starts_with("sudo dkms install efa/2.17.3 "));
  const Scene own = scene_of([](Scene& s) {
    gpu(s).modules.efa = "";
    gpu(s).p2p.reset();
  });
  EXPECT_NE(command_of(failing(own, kNeuron)).find("efa_installer.sh"), std::string::npos);
  const Scene closed = scene_of(close_p2p);
  EXPECT_EQ(command_of(failing(closed, kNeuron)), "");
  EXPECT_NE(failing(closed, kNeuron).remedy.find("kernel of 5.15"), std::string::npos);
}

}  // namespace
}  // namespace efa
