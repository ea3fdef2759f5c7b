// What is said of why a module efa that is there is not loaded.

#include <gtest/gtest.h>

#include <cerrno>

#include "tests/support/check_case.h"

namespace efa {
namespace {

void unload(Scene& scene) {
  remove_driver(scene);
}

void demand_signatures(Scene& scene, const Reading<ModuleFile>& file) {
  unload(scene);
  scene.node.kernel.facts.lockdown = "integrity";
  scene.node.kernel.facts.module_on_disk = file;
}

void refuse_unsupported(Scene& scene, const Reading<ModuleFile>& file) {
  unload(scene);
  scene.node.kernel.facts.support_lines = {
      "/lib/modprobe.d/10-unsupported-modules.conf: allow_unsupported_modules 0"};
  scene.node.kernel.facts.module_on_disk = file;
}

LogMessage refusal(const std::string& text) {
  LogMessage message;
  message.priority = 4;
  message.kind = LogKind::kModuleRefused;
  message.text = text;
  return message;
}

void log_refusal(Scene& scene, const std::string& text) {
  unload(scene);
  scene.node.log.facts.messages.push_back(refusal(text));
  scene.node.log.facts.total = 1;
}

void get_stuck(Scene& scene) {
  scene.node.kernel.facts.efa_state = "coming";
  scene.pci(0).driver.reset();
  lose_rdma(scene, 0);
}

const Unseen kUnreadableFile{"/lib/modules/6.1.0/extra/efa.ko.xz", "Permission denied", EACCES};

// That neither the kernel nor SUSE's modprobe refuses.
ModuleFile good_file() {
  ModuleFile file;
  file.has_signature = file.is_supported = true;
  return file;
}

}  // namespace

CheckCases kernel_loading_cases() {
  return {
      {"kernel.modules-disabled", kFail, kNodeSubject,
       [](Scene& s) {
         unload(s);
         s.node.kernel.facts.modules_disabled = true;
       }},
      {"kernel.modules-disabled", kNotApplicable, kNodeSubject,
       [](Scene& s) {
         unload(s);
         s.node.kernel.facts.modules_disabled.reset();
       }},
      {"kernel.modules-disabled", kUnknown, kNodeSubject,
       [](Scene& s) {
         unload(s);
         s.node.kernel.facts.modules_disabled = Unseen{"modules_disabled", "any words", EIO};
       }},
      {"kernel.modules-disabled", kPass, kNodeSubject,
       [](Scene& s) {
         unload(s);
         s.node.kernel.facts.modules_disabled = false;
       }},
      {"kernel.uverbs-not-installed", kFail, kNodeSubject,
       [](Scene& s) {
         unload(s);
         s.node.kernel.facts.ib_uverbs_installed = false;
       }},
      {"kernel.uverbs-not-installed", kNotApplicable, kNodeSubject, unload},
      {"kernel.uverbs-not-installed", kUnknown, kNodeSubject,
       [](Scene& s) {
         unload(s);
         s.node.kernel.facts.ib_uverbs_installed = Unseen{"modules.dep", "any words", EIO};
       }},
      {"kernel.uverbs-not-installed", kPass, kNodeSubject,
       [](Scene& s) {
         unload(s);
         s.node.kernel.facts.ib_uverbs_installed = true;
       }},
      {"kernel.driver-mismatch", kFail, kNodeSubject,
       [](Scene& s) {
         log_refusal(s, "efa: disagrees about version of symbol ib_register_device");
       }},
      {"kernel.driver-mismatch", kUnknown, kNodeSubject,
       [](Scene& s) {
         unload(s);
         silence(s.node.log, ProbeStatus::kDenied);
       }},
      {"kernel.driver-mismatch", kPass, kNodeSubject, unload},
      {"kernel.driver-unsigned", kFail, kNodeSubject,
       [](Scene& s) { demand_signatures(s, ModuleFile{}); }},
      {"kernel.driver-unsigned", kUnknown, kNodeSubject,
       [](Scene& s) { demand_signatures(s, kUnreadableFile); }},
      {"kernel.driver-unsigned", kPass, kNodeSubject,
       [](Scene& s) { demand_signatures(s, good_file()); }},
      {"kernel.driver-unsupported", kFail, kNodeSubject,
       [](Scene& s) { refuse_unsupported(s, ModuleFile{}); }},
      {"kernel.driver-unsupported", kUnknown, kNodeSubject,
       [](Scene& s) { refuse_unsupported(s, kUnreadableFile); }},
      {"kernel.driver-unsupported", kPass, kNodeSubject,
       [](Scene& s) { refuse_unsupported(s, good_file()); }},
      {"kernel.driver-stuck", kFail, kNodeSubject, get_stuck},
      {"kernel.driver-stuck", kUnknown, kNodeSubject,
       [](Scene& s) {
         get_stuck(s);
         silence(s.node.log, ProbeStatus::kDenied);
       }},
  };
}

namespace {

using Codes = std::vector<std::string>;

TEST(Kernel, WhatModprobeCannotMendIsTheCause) {
  const ModuleFile unsigned_file;
  struct Row {
    const char* cause;
    std::function<void(Scene&)> change;
  };
  const Row rows[] = {
      {"kernel.modules-disabled", [](Scene& s) { s.node.kernel.facts.modules_disabled = true; }},
      {"kernel.uverbs-not-installed",
       [](Scene& s) { s.node.kernel.facts.ib_uverbs_installed = false; }},
      {"kernel.driver-mismatch",
       [](Scene& s) { log_refusal(s, "efa: Unknown symbol ib_register_device (err -22)"); }},
      {"kernel.driver-unsigned", [&](Scene& s) { demand_signatures(s, unsigned_file); }},
      {"kernel.driver-unsupported", [&](Scene& s) { refuse_unsupported(s, unsigned_file); }},
      {"kernel.driver-blocked",
       [](Scene& s) {
         s.node.kernel.facts.blacklisted_by =
             "/etc/modprobe.d/x.conf: install ib_uverbs /bin/false";
       }},
  };
  for (const Row& row : rows) {
    Scene scene = healthy_scene();
    unload(scene);
    row.change(scene);
    EXPECT_EQ(diagnose(scene).root_causes, Codes{row.cause});
    EXPECT_EQ(cause_of(diagnose(scene), "driver.not-bound", device(0)), row.cause);
  }
}

TEST(Kernel, ASymbolOfAMissingModuleIsThatModulesFault) {
  Scene scene = healthy_scene();
  log_refusal(scene, "efa: Unknown symbol ib_copy_to_udata (err -2)");
  scene.node.kernel.facts.ib_uverbs_installed = false;
  EXPECT_EQ(diagnose(scene).root_causes, Codes{"kernel.uverbs-not-installed"});
}

// kernel/module/version.c and main.c: of each symbol that does not fit two lines.
TEST(Kernel, ARefusalIsToldByTheLineThatSaysWhy) {
  Scene scene = healthy_scene();
  const std::string why = "efa: disagrees about version of symbol ib_register_device";
  log_refusal(scene, why);
  log_refusal(scene, "efa: Unknown symbol ib_register_device (err -22)");
  const auto observed = [&](const char* code) {
    return finding_of(judge_all(scene.node, scene.expectation), code, kNodeSubject)
        ->evidence.observed;
  };
  EXPECT_EQ(observed("kernel.driver-mismatch"), why);
  const auto all = judge_all(scene.node, scene.expectation);
  const Finding* not_loaded = finding_of(all, "kernel.driver-not-loaded", kNodeSubject);
  EXPECT_NE(not_loaded->message.find(why), std::string::npos) << not_loaded->message;
  log_refusal(scene, "efa: Unknown symbol ib_dealloc_device (err -22)");
  EXPECT_EQ(observed("kernel.driver-mismatch"), "efa: Unknown symbol ib_dealloc_device (err -22)")
      << "of another symbol";
}

TEST(Kernel, AMismatchIsBuiltAnewByDkmsUnlessThereIsAnotherStack) {
  Scene scene = healthy_scene();
  log_refusal(scene, "efa: Unknown symbol ib_register_device (err -22)");
  const auto command = [&] {
    return finding_of(judge_all(scene.node, scene.expectation), "kernel.driver-mismatch",
                      kNodeSubject)
        ->command.text;
  };
  EXPECT_TRUE(command().starts_with("sudo dkms build --force efa/3.1.0 -k ")) << command();
  scene.node.kernel.facts.ofed = "/usr/src/ofa_kernel";
  EXPECT_EQ(command(), "");
}

TEST(Kernel, SignaturesAndSupportAreAskedOnlyWhereTheyAreDemanded) {
  ModuleFile file;
  file.has_signature = file.is_supported = true;
  Scene scene = healthy_scene();
  demand_signatures(scene, file);
  EXPECT_EQ(result_of(scene, "kernel.driver-unsigned", kNodeSubject), kPass);
  scene.node.kernel.facts.module_on_disk = ModuleFile{};
  scene.node.kernel.facts.lockdown = "none";
  EXPECT_EQ(result_of(scene, "kernel.driver-unsigned", kNodeSubject), kPass);
  scene.node.kernel.facts.signatures_enforced = true;
  EXPECT_EQ(result_of(scene, "kernel.driver-unsigned", kNodeSubject), kFail);

  refuse_unsupported(scene, file);
  EXPECT_EQ(result_of(scene, "kernel.driver-unsupported", kNodeSubject), kPass);
  scene.node.kernel.facts.module_on_disk = ModuleFile{};
  scene.node.kernel.facts.support_lines.emplace_back(
      "/etc/modprobe.d/z.conf: allow_unsupported_modules 1");
  EXPECT_EQ(result_of(scene, "kernel.driver-unsupported", kNodeSubject), kNotApplicable);
}

TEST(Kernel, ASignatureIsWorthWhatTheKernelMakesOfItsKey) {
  ModuleFile file;
  file.has_signature = true;
  Scene scene = healthy_scene();
  demand_signatures(scene, file);
  EXPECT_EQ(result_of(scene, "kernel.driver-unsigned", kNodeSubject), kPass);
  LogMessage message = refusal("Loading of module with unavailable key is rejected");
  message.kind = LogKind::kKeyUnknown;
  scene.node.log.facts.messages.push_back(message);
  EXPECT_EQ(diagnose(scene).root_causes, Codes{"kernel.driver-unsigned"});
  silence(scene.node.log, ProbeStatus::kDenied);
  EXPECT_EQ(result_of(scene, "kernel.driver-unsigned", kNodeSubject), kUnknown);
}

// The kernel's line is of any module.
TEST(Kernel, ARefusedKeyIsEfasOnlyWhereNothingElseKeepsItOut) {
  constexpr const char* kUnsigned = "kernel.driver-unsigned";
  ModuleFile file;
  file.has_signature = true;
  Scene alone = healthy_scene();
  demand_signatures(alone, file);
  LogMessage message = refusal("Loading of module with unavailable key is rejected");
  message.kind = LogKind::kKeyUnknown;
  alone.node.log.facts.messages.push_back(message);
  EXPECT_EQ(diagnose(alone).root_causes, Codes{kUnsigned});
  struct Row {
    const char* cause;
    std::function<void(Scene&)> change;
  };
  const Row rows[] = {
      {"kernel.driver-blocked",
       [](Scene& s) {
         s.node.kernel.facts.blacklisted_by = "/etc/modprobe.d/x.conf: blacklist efa";
       }},
      {"kernel.modules-disabled", [](Scene& s) { s.node.kernel.facts.modules_disabled = true; }},
      {"kernel.uverbs-not-installed",
       [](Scene& s) { s.node.kernel.facts.ib_uverbs_installed = false; }},
      {"kernel.driver-mismatch",
       [](Scene& s) {
         log_refusal(s, "efa: disagrees about version of symbol ib_register_device");
       }},
      {"kernel.driver-unsupported", [&](Scene& s) { refuse_unsupported(s, file); }},
  };
  for (const Row& row : rows) {
    Scene scene = alone;
    row.change(scene);
    EXPECT_EQ(diagnose(scene).root_causes, Codes{row.cause});
    EXPECT_EQ(result_of(scene, kUnsigned, kNodeSubject), kUnknown) << row.cause;
    scene.node.kernel.facts.module_on_disk = ModuleFile{};
    EXPECT_EQ(result_of(scene, kUnsigned, kNodeSubject), kFail) << "its own file has no signature";
  }
}

TEST(Kernel, EachWordOfARefusedFileIsAMismatch) {
  for (const char* text :
       {"failed to validate module [efa] BTF: -22",
        "module efa: .gnu.linkonce.this_module section size must match the kernel's built struct "
        "module size at run time",
        "efa: module uses symbol (dma_buf_unpin) from namespace DMA_BUF, but does not import "
        "it."}) {
    Scene scene = healthy_scene();
    log_refusal(scene, text);
    EXPECT_EQ(diagnose(scene).root_causes, Codes{"kernel.driver-mismatch"}) << text;
    scene.node.kernel.facts.efa_loaded = true;
    EXPECT_EQ(result_of(scene, "kernel.driver-mismatch", kNodeSubject), kNothing) << text;
  }
  Scene scene = healthy_scene();
  log_refusal(scene, "failed to validate module [ib_core] BTF: -22");
  EXPECT_EQ(result_of(scene, "kernel.driver-mismatch", kNodeSubject), kPass) << "it is not efa's";
}

void log_signature(Scene& scene, LogKind kind, const std::string& text) {
  LogMessage message = refusal(text);
  message.kind = kind;
  scene.node.log.facts.messages.push_back(message);
  scene.node.log.facts.total = scene.node.log.facts.messages.size();
}

// By the log alone: neither lockdown nor sig_enforce could be read.
TEST(Kernel, TheKernelsWordsOfASignatureAreThatOneIsDemanded) {
  constexpr const char* kUnsigned = "kernel.driver-unsigned";
  const std::string key = "Loading of module with unsupported crypto is rejected";
  const std::string none = "Loading of unsigned module is rejected";
  struct Row {
    LogKind kind;
    std::string text;
    Reading<ModuleFile> file;
    FindingResult wanted;
    FindingResult where_blocked;
  };
  const Row rows[] = {
      {LogKind::kKeyUnknown, key, good_file(), kFail, kUnknown},
      {LogKind::kKeyUnknown, key, kUnreadableFile, kFail, kUnknown},
      {LogKind::kModuleUnsigned, none, ModuleFile{}, kFail, kFail},
      {LogKind::kModuleUnsigned, none, kUnreadableFile, kFail, kUnknown},
      // it is another's
      {LogKind::kModuleUnsigned, none, good_file(), kNotApplicable, kNotApplicable},
      {LogKind::kModuleUnsigned, "efa: loading of unsigned module is rejected", kUnreadableFile,
       kFail, kFail},
      {LogKind::kKeyUnknown, "efa_nv_peermem: loading of module with unavailable key is rejected",
       good_file(), kNotApplicable, kNotApplicable},
  };
  for (const Row& row : rows) {
    Scene scene = healthy_scene();
    demand_signatures(scene, row.file);
    scene.node.kernel.facts.lockdown.reset();
    scene.node.kernel.facts.signatures_enforced.reset();
    log_signature(scene, row.kind, row.text);
    EXPECT_EQ(result_of(scene, kUnsigned, kNodeSubject), row.wanted) << &row - rows;
    scene.node.kernel.facts.blacklisted_by = "/etc/modprobe.d/x.conf: blacklist efa";
    EXPECT_EQ(result_of(scene, kUnsigned, kNodeSubject), row.where_blocked) << &row - rows;
  }
}

TEST(Kernel, ASymbolThatIsNotOfRdmaMayBeOfAModuleThatWasNotLoadedFirst) {
  Scene scene = healthy_scene();
  log_refusal(scene, "efa: Unknown symbol crc16 (err -2)");
  const auto findings = judge_all(scene.node, scene.expectation);
  const Finding* finding = finding_of(findings, "kernel.driver-mismatch", kNodeSubject);
  EXPECT_EQ(finding->result, kUnknown);
  EXPECT_EQ(finding->command.text, "sudo depmod -a && sudo modprobe efa");
  EXPECT_EQ(diagnose(scene).root_causes, Codes{"kernel.driver-not-loaded"});
}

// On a node and in an image: the kernel's own is 6.1.0-40-cloud-amd64.
TEST(Kernel, AModuleOfAnotherKernelIsNoneOfThisUnlessItsSymbolsHaveVersions) {
  constexpr const char* kFile = "updates/dkms/efa.ko";
  struct Row {
    const char* file;
    const char* vermagic;
    FindingResult of_node;  // whose log says nothing
    FindingResult of_image;
  };
  const Row rows[] = {
      {kFile, "6.1.0-40-cloud-amd64 SMP preempt mod_unload modversions", kPass, kPass},
      {kFile, "6.1.0-40-cloud-amd64 SMP mod_unload", kPass, kPass},
      {kFile, "6.1.0-39-cloud-amd64 SMP mod_unload", kFail, kFail},
      {kFile, "6.1.0-39-cloud-amd64 SMP mod_unload modversions", kPass, kUnknown},
      {"weak-updates/efa/efa.ko", "5.14.0-503.el9 SMP mod_unload modversions", kPass, kPass},
      {"weak-updates/efa/efa.ko", "5.14.0-503.el9 SMP mod_unload", kFail, kFail},
      {kFile, "", kPass, kUnknown},
  };
  constexpr const char* kCode = "kernel.driver-mismatch";
  for (const Row& row : rows) {
    Scene scene = healthy_scene();
    unload(scene);
    ModuleFile file;
    file.vermagic = row.vermagic;
    scene.node.kernel.facts.module_file = row.file;
    scene.node.kernel.facts.module_on_disk = file;
    EXPECT_EQ(result_of(scene, kCode, kNodeSubject), row.of_node) << row.vermagic;
    silence(scene.node.log, ProbeStatus::kDenied);
    scene.node.live = false;
    EXPECT_EQ(result_of(scene, kCode, kNodeSubject), row.of_image) << row.vermagic;
  }
  Scene scene = healthy_scene();
  unload(scene);
  silence(scene.node.log, ProbeStatus::kDenied);
  scene.node.live = false;
  EXPECT_EQ(result_of(scene, kCode, kNodeSubject), kNotApplicable) << "it was not looked at";
  scene.node.kernel.facts.module_on_disk = kUnreadableFile;
  EXPECT_EQ(result_of(scene, kCode, kNodeSubject), kUnknown);
}

// The module's file tells then, as where there is no log: a refusal at boot may be lost.
TEST(Kernel, ALogThatHasLostItsOldestLinesTellsOfNoTry) {
  constexpr const char* kCode = "kernel.driver-mismatch";
  struct Row {
    const char* vermagic;
    FindingResult wanted;
  };
  const Row rows[] = {
      {"6.1.0-40-cloud-amd64 SMP preempt mod_unload modversions", kPass},
      {"6.1.0-39-cloud-amd64 SMP mod_unload modversions", kUnknown},
      {"6.1.0-39-cloud-amd64 SMP mod_unload", kFail},
      {"", kUnknown},
  };
  for (const Row& row : rows) {
    for (const bool live : {false, true}) {
      Scene scene = healthy_scene();
      unload(scene);
      scene.node.live = live;
      scene.node.log.facts.lost_oldest = true;
      ModuleFile file;
      file.vermagic = row.vermagic;
      scene.node.kernel.facts.module_file = "updates/dkms/efa.ko";
      scene.node.kernel.facts.module_on_disk = file;
      EXPECT_EQ(result_of(scene, kCode, kNodeSubject), row.wanted) << row.vermagic;
    }
  }
  Scene scene = healthy_scene();
  unload(scene);
  scene.node.log.facts.lost_oldest = true;
  EXPECT_EQ(result_of(scene, kCode, kNodeSubject), kUnknown) << "no file was looked at";
  log_refusal(scene, "efa: disagrees about version of symbol ib_register_device");
  EXPECT_EQ(result_of(scene, kCode, kNodeSubject), kFail) << "the log still has it";
}

TEST(Kernel, AKeyMayHaveBeenRefusedInLinesThatAreLost) {
  constexpr const char* kCode = "kernel.driver-unsigned";
  Scene scene = healthy_scene();
  demand_signatures(scene, good_file());
  EXPECT_EQ(result_of(scene, kCode, kNodeSubject), kPass);
  scene.node.log.facts.lost_oldest = true;
  EXPECT_EQ(result_of(scene, kCode, kNodeSubject), kUnknown);
}

// systemd-sysctl.service comes after systemd-modules-load.service, and does not wait for udev.
TEST(Kernel, AnImageThatClosesTheKernelToModulesMustLoadEfaBefore) {
  const Reading<std::string> line = "/etc/sysctl.d/x.conf: kernel.modules_disabled = 1";
  const Reading<std::string> unreadable = Unseen{"/etc/sysctl.d", "Permission denied", EACCES};
  struct Row {
    Reading<std::string> disabled_by;
    std::optional<bool> loaded_before;
    FindingResult wanted;
  };
  const Row rows[] = {{line, false, kFail},
                      {line, true, kPass},
                      {line, std::nullopt, kUnknown},
                      {unreadable, true, kUnknown},
                      {std::nullopt, false, kNotApplicable}};
  for (const Row& row : rows) {
    Scene scene = healthy_scene();
    unload(scene);
    scene.node.kernel.facts.modules_disabled.reset();
    scene.node.kernel.facts.modules_disabled_by = row.disabled_by;
    scene.node.software.facts.efa_conf_modules_load = row.loaded_before;
    EXPECT_EQ(result_of(scene, "kernel.modules-disabled", kNodeSubject), row.wanted) << &row - rows;
  }
}

// SUSE's kmod keeps one answer, which each line sets anew.
TEST(Kernel, TheLastWordOnUnsupportedModulesHolds) {
  const std::string no = "/etc/modprobe.d/x.conf: allow_unsupported_modules 0";
  const std::string yes = "/etc/modprobe.d/x.conf: allow_unsupported_modules 1";
  struct Row {
    std::vector<std::string> lines;
    FindingResult wanted;
  };
  const Row rows[] = {
      {{}, kNotApplicable},        {{no}, kFail},      {{yes}, kNotApplicable},
      {{no, yes}, kNotApplicable}, {{yes, no}, kFail}, {{no, yes, no}, kFail},
  };
  for (const Row& row : rows) {
    Scene scene = healthy_scene();
    refuse_unsupported(scene, ModuleFile{});
    scene.node.kernel.facts.support_lines = row.lines;
    EXPECT_EQ(result_of(scene, "kernel.driver-unsupported", kNodeSubject), row.wanted)
        << &row - rows;
  }
  Scene scene = healthy_scene();
  refuse_unsupported(scene, ModuleFile{});
  scene.node.kernel.facts.modprobe_unseen = Unseen{"any words", "Permission denied", EACCES};
  EXPECT_EQ(result_of(scene, "kernel.driver-unsupported", kNodeSubject), kUnknown);
}

// A reload: efa is given up, then loaded anew.
TEST(Kernel, ADriverThatChangesJustNowIsNotStuck) {
  struct Row {
    const char* state;
    LogKind kind;
    const char* text;
    const char* words;
  };
  const Row rows[] = {
      {"coming", LogKind::kOther, "Elastic Fabric Adapter (EFA) v3.1.0g",
       "the driver is being loaded"},
      {"coming", LogKind::kDeviceRegistered, "IB device registered", "the driver is being loaded"},
      {"going", LogKind::kDeviceUnregistered, "Unregister ib device",
       "the driver is being unloaded"},
  };
  for (const Row& row : rows) {
    Scene scene = healthy_scene();
    get_stuck(scene);
    scene.node.kernel.facts.efa_state = row.state;
    scene.node.kernel.facts.uptime_s = 4000;
    LogMessage message;
    message.kind = row.kind;
    message.text = row.text;
    message.usec = 3'990'000'000;
    scene.node.log.facts.messages = {message};
    const auto findings = judge_all(scene.node, scene.expectation);
    const Finding* finding = finding_of(findings, "kernel.driver-stuck", kNodeSubject);
    ASSERT_NE(finding, nullptr);
    EXPECT_EQ(finding->result, kUnknown);
    EXPECT_EQ(finding->message, row.words);
    scene.node.log.facts.messages.front().usec = 3'900'000'000;
    EXPECT_EQ(result_of(scene, "kernel.driver-stuck", kNodeSubject), kFail) << row.text;
  }
}

TEST(Kernel, ASysrootWithoutALogDoesNotShowThatADriverIsStuck) {
  Scene scene = healthy_scene();
  get_stuck(scene);
  silence(scene.node.log, ProbeStatus::kDenied);
  scene.node.live = false;
  EXPECT_EQ(result_of(scene, "kernel.driver-stuck", kNodeSubject), kNotApplicable);
}

TEST(Kernel, ADriverThatIsStuckExplainsItsDevices) {
  Scene scene = healthy_scene();
  get_stuck(scene);
  EXPECT_EQ(diagnose(scene).root_causes, Codes{"kernel.driver-stuck"});
  scene.node.kernel.facts.efa_state = "live";
  EXPECT_EQ(diagnose(scene).root_causes, Codes{"driver.not-bound"});
}

TEST(Kernel, OfALoadedDriverNobodyAsksWhyItIsNot) {
  Scene scene = healthy_scene();
  KernelFacts& facts = scene.node.kernel.facts;
  facts.modules_disabled = true;  // as it is on a hardened node, after boot
  facts.lockdown = "integrity";
  facts.efa_state = "coming";  // all devices have it: just now
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kHealthy);
}

}  // namespace
}  // namespace efa
