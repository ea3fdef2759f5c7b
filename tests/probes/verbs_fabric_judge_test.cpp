// What is said of libibverbs and of each libfabric.

#include <gtest/gtest.h>

#include <cerrno>

#include "tests/support/check_case.h"

namespace efa {
namespace {

constexpr const char* kLibrary = "/opt/amazon/efa/lib/libfabric.so.1";
constexpr const char* kNoVerbs =
    "probe-verbs: error while loading shared libraries: libibverbs.so.1: cannot open shared object "
    "file: No such file or directory";
constexpr const char* kNoFabric =
    "probe-fabric: error while loading shared libraries: libfabric.so.1: cannot open shared object "
    "file: No such file or directory";
constexpr const char* kWrongVersion =
    "probe-fabric: /lib/libefa.so.1: version `EFA_1.4' not found (required by libfabric.so.1)";

void no_verbs(Scene& scene) {
  silence(scene.node.verbs, ProbeStatus::kUnavailable, kNoVerbs);
}
void crash_verbs(Scene& scene) {
  silence(scene.node.verbs, ProbeStatus::kCrashed, "signal 11");
}
void no_fabric(Scene& scene) {
  silence(scene.node.fabric[0], ProbeStatus::kUnavailable, kNoFabric);
}
void deny_fabric(Scene& scene) {
  silence(scene.node.fabric[0], ProbeStatus::kDenied, "Permission denied");
}
void crash_fabric(Scene& scene) {
  FabricFacts& facts = scene.fabric();
  facts.devices.clear();
  facts.getinfo_status.reset();
  scene.node.fabric[0].outcome.status = ProbeStatus::kCrashed;
  scene.node.fabric[0].outcome.detail = "signal 6";
}
// A distribution's copy that was built without the provider.
void lack_provider(Scene& scene) {
  drop_fabric(scene);
  scene.fabric().has_provider = false;
}
// As in a container that sees the host's /dev/infiniband and may open its EFA devices only.
void add_foreign_device(Scene& scene) {
  scene.node.rdma.facts.foreign = {"mlx5_0", "mlx5_1"};
  scene.node.rdma.facts.foreign_closed = {"mlx5_0"};
}
// A second copy that lists one device fewer.
void add_lesser_fabric(Scene& scene) {
  scene.node.fabric.push_back(scene.node.fabric[0]);
  scene.node.fabric[1].facts.library = "/usr/lib/libfabric.so.1";
  scene.node.fabric[1].facts.devices.pop_back();
}

}  // namespace

CheckCases verbs_cases() {
  return {
      {"verbs.not-listed", kFail, device(0),
       [](Scene& s) { std::erase(*s.node.verbs.facts.listed, device(0)); }},
      {"verbs.not-listed", kUnknown, device(0), crash_verbs},
      {"verbs.cannot-open", kFail, device(0),
       [](Scene& s) {
         s.verbs(0).failed = VerbsStep{"ibv_open_device", ENODEV, "No such device"};
       }},
      {"verbs.cannot-open", kUnknown, device(0),
       [](Scene& s) { s.node.verbs.facts.devices.clear(); }},
      {"verbs.hang", kFail, device(0), [](Scene& s) { hang(s, 0); }},
      {"verbs.hang", kUnknown, device(0), [](Scene& s) { s.node.verbs.facts.asked.clear(); }},
      {"verbs.open-slow", kUnknown, device(0),
       [](Scene& s) { s.node.verbs.facts.asked.at(0).status = AskedStatus::kSlow; }},
      {"verbs.not-installed", kFail, kNodeSubject, no_verbs},
      {"verbs.not-installed", kUnknown, kNodeSubject, crash_verbs},
      {"verbs.does-not-load", kFail, kNodeSubject,
       [](Scene& s) { silence(s.node.verbs, ProbeStatus::kUnavailable, kWrongVersion); }},
      {"verbs.does-not-load", kUnknown, kNodeSubject, crash_verbs},
  };
}

CheckCases fabric_cases() {
  return {
      {"fabric.not-listed", kFail, device(0), drop_fabric},
      {"fabric.not-listed", kUnknown, device(0), deny_fabric},
      {"fabric.library-lists-fewer", kFail, "/usr/lib/libfabric.so.1", add_lesser_fabric},
      {"fabric.library-lists-fewer", kUnknown, "fabric", deny_fabric},
      {"fabric.not-installed", kFail, kNodeSubject, no_fabric},
      {"fabric.not-installed", kUnknown, kNodeSubject, deny_fabric},
      {"fabric.no-efa-provider", kFail, kNodeSubject, lack_provider},
      {"fabric.no-efa-provider", kUnknown, kNodeSubject, drop_fabric},
      {"fabric.does-not-load", kFail, "fabric",
       [](Scene& s) { silence(s.node.fabric[0], ProbeStatus::kUnavailable, kWrongVersion); }},
      {"fabric.does-not-load", kUnknown, "fabric", deny_fabric},
      {"fabric.foreign-device", kFail, kNodeSubject,
       [](Scene& s) {
         add_foreign_device(s);
         drop_fabric(s);
       }},
      {"fabric.foreign-device", kUnknown, kNodeSubject,
       [](Scene& s) {
         add_foreign_device(s);
         deny_fabric(s);
       }},
      {"fabric.foreign-device", kPass, kNodeSubject, add_foreign_device},
      {"fabric.crashes", kFail, kLibrary, crash_fabric},
      {"fabric.crashes", kUnknown, "fabric", deny_fabric},
  };
}

namespace {

TEST(Fabric, AForeignDeviceThatDoesNotOpenIsTheCauseOnlyWhereNothingIsListed) {
  Scene scene = healthy_scene();
  add_foreign_device(scene);
  EXPECT_EQ(result_of(scene, "fabric.foreign-device", kNodeSubject), kPass);
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kHealthy);
  drop_fabric(scene);
  const Diagnosis diagnosis = diagnose(scene);
  EXPECT_EQ(diagnosis.root_causes, std::vector<std::string>{"fabric.foreign-device"});
  EXPECT_EQ(finding_of(diagnosis.findings, "rdma.foreign-devices", kNodeSubject)->explained_by,
            "fabric.foreign-device");
  lack_provider(scene);
  EXPECT_EQ(result_of(scene, "fabric.foreign-device", kNodeSubject), kUnknown);
}

TEST(Fabric, NodesThatOpenNoEfaEitherAreNoFaultOfForeignDevices) {
  Scene scene = healthy_scene();
  add_foreign_device(scene);
  drop_fabric(scene);
  for (RdmaDevice& device : scene.node.rdma.facts.devices) device.uverbs->open_errno = EPERM;
  EXPECT_EQ(result_of(scene, "fabric.foreign-device", kNodeSubject), kNotApplicable);
}

// Libraries of the image that efa-doctor's DaemonSet runs.
Scene from_container() {
  Scene scene = healthy_scene();
  scene.node.limits.facts.from_container = true;
  return scene;
}

TEST(Fabric, OfEfaDoctorsContainerProvesDevicesAndNotWhatTheNodeHas) {
  Scene scene = from_container();
  EXPECT_EQ(result_of(scene, "fabric.not-listed", device(0)), kPass);
  for (const char* code : {"fabric.not-installed", "fabric.no-efa-provider"}) {
    EXPECT_EQ(result_of(scene, code, kNodeSubject), kNotApplicable) << code;
  }
  for (const char* code : {"fabric.does-not-load", "fabric.crashes"}) {
    EXPECT_EQ(result_of(scene, code, kLibrary), kNotApplicable) << code;
  }
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kHealthy);
  drop_fabric(scene);
  EXPECT_EQ(result_of(scene, "fabric.not-listed", device(0)), kFail);
}

// That a probe of its own ended badly is told of the probe.
void expect_nobody_blamed(const Scene& scene) {
  const Diagnosis diagnosis = diagnose(scene);
  EXPECT_NE(diagnosis.verdict, Verdict::kUnhealthy) << diagnosis.summary;
  for (const Finding& finding : diagnosis.findings) {
    if (finding.check->code.starts_with("probe.")) continue;
    EXPECT_NE(finding.result, kFail) << finding.check->code << " " << finding.message;
  }
}

TEST(Fabric, OfEfaDoctorsContainerThatDoesNotWorkIsNoFaultOfTheNode) {
  for (const auto& break_it : {no_fabric, crash_fabric}) {
    Scene scene = from_container();
    break_it(scene);
    expect_nobody_blamed(scene);
  }
  Scene scene = from_container();
  silence(scene.node.fabric[0], ProbeStatus::kUnavailable, kWrongVersion);
  silence(scene.node.verbs, ProbeStatus::kUnavailable, kWrongVersion);
  expect_nobody_blamed(scene);
}

// Jobs are given EFA's nodes alone, and then all is well: p6-b200, aws-do-eks#63.
TEST(Fabric, APodWithForeignDevicesBlamesNoNode) {
  for (const bool closed : {false, true}) {
    Scene scene = from_container();
    add_foreign_device(scene);
    if (!closed) scene.node.rdma.facts.foreign_closed.clear();
    EXPECT_EQ(diagnose(scene).verdict, Verdict::kHealthy);
    drop_fabric(scene);
    expect_nobody_blamed(scene);
    const Diagnosis diagnosis = diagnose(scene);
    const Finding* finding = finding_of(diagnosis.findings, "fabric.not-listed", device(0));
    EXPECT_EQ(finding->result, kUnknown);
    EXPECT_EQ(finding->message, "seen from a pod with foreign devices: mlx5_0, mlx5_1");
    EXPECT_EQ(finding_of(diagnosis.findings, "rdma.foreign-devices", kNodeSubject)->result,
              kUnknown);
    const MaybeResult foreign = closed ? MaybeResult(kUnknown) : kNothing;
    EXPECT_EQ(result_of(scene, "fabric.foreign-device", kNodeSubject), foreign);
  }
}

TEST(Verbs, ALibraryThatIsNotInstalledMakesNoDeviceSick) {
  Scene scene = healthy_scene();
  no_verbs(scene);
  EXPECT_EQ(result_of(scene, "verbs.not-listed", device(0)), kNotApplicable);
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kHealthy);  // a minimal host: containers bring it
}

TEST(Verbs, ALibraryThatDoesNotLoadIsAKnownCause) {
  Scene scene = healthy_scene();
  silence(scene.node.verbs, ProbeStatus::kUnavailable, kWrongVersion);
  EXPECT_EQ(result_of(scene, "verbs.not-listed", device(0)), kNotApplicable);
  const Diagnosis beside = diagnose(scene);
  EXPECT_EQ(beside.verdict, Verdict::kDegraded) << "libfabric works";
  EXPECT_EQ(beside.root_causes, std::vector<std::string>{"verbs.does-not-load"});
  EXPECT_EQ(beside.summary, std::string("4 of 4 EFA devices work, but ") + kWrongVersion);
  silence(scene.node.fabric[0], ProbeStatus::kUnavailable, kWrongVersion);
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kUnhealthy);
}

TEST(Fabric, ACopyThatIsBrokenIsNotWhyAnotherListsNoDevice) {
  Scene scene = healthy_scene();
  scene.node.fabric.push_back(scene.node.fabric.at(0));
  silence(scene.node.fabric[1], ProbeStatus::kUnavailable,
          "libcudart.so.12: cannot open shared object file: No such file or directory");
  scene.node.fabric[1].outcome.name = "fabric:/usr/local/lib";
  EXPECT_EQ(diagnose(scene).root_causes, std::vector<std::string>{"fabric.does-not-load"});
  std::vector<std::string>& devices = scene.fabric().devices;
  devices.erase(devices.begin());
  const Diagnosis diagnosis = diagnose(scene);
  EXPECT_EQ(cause_of(diagnosis, "fabric.not-listed", device(0)), "") << diagnosis.summary;
  EXPECT_EQ(diagnosis.root_causes,
            (std::vector<std::string>{"fabric.not-listed", "fabric.does-not-load"}));
  silence(scene.node.fabric[0], ProbeStatus::kUnavailable, kWrongVersion);
  EXPECT_EQ(cause_of(diagnose(scene), "fabric.not-listed", device(0)), "fabric.does-not-load");
}

TEST(Verbs, ALibraryOfItsOwnReasonIsNotExplainedByLibibverbs) {
  Scene scene = healthy_scene();
  silence(scene.node.verbs, ProbeStatus::kUnavailable, kWrongVersion);
  silence(scene.node.fabric[0], ProbeStatus::kUnavailable,
          "libcudart.so.12: cannot open shared object file: No such file or directory");
  EXPECT_EQ(cause_of(diagnose(scene), "fabric.does-not-load", "fabric"), "");
}

TEST(Verbs, ABuildOfOursThatIsTooNewSaysNothingOfTheNode) {
  Scene scene = healthy_scene();
  silence(scene.node.verbs, ProbeStatus::kUnavailable,
          "probe-verbs: /lib/libibverbs.so.1: version `IBVERBS_1.99' not found (required by "
          "/usr/libexec/efa-doctor/probe-verbs)");
  EXPECT_EQ(result_of(scene, "verbs.does-not-load", kNodeSubject), kUnknown);
  EXPECT_EQ(result_of(scene, "verbs.not-listed", device(0)), kUnknown);
}

TEST(Verbs, ALibraryThatCrashesOnADeviceCannotOpenIt) {
  Scene scene = healthy_scene();
  scene.node.verbs.facts.asked.at(0) = {device(0), AskedStatus::kCrashed, "ibv_open_device",
                                        "Aborted"};
  EXPECT_EQ(result_of(scene, "verbs.cannot-open", device(0)), kFail);
  EXPECT_EQ(result_of(scene, "verbs.cannot-open", device(1)), kPass);
}

TEST(Verbs, ASysrootHasNone) {
  Scene scene = healthy_scene();
  scene.node.live = false;
  silence(scene.node.verbs, ProbeStatus::kNotApplicable);
  for (const Finding& finding : judge_all(scene.node, scene.expectation)) {
    EXPECT_FALSE(finding.check->code.starts_with("verbs.")) << finding.check->code;
    EXPECT_FALSE(finding.check->code.starts_with("fabric.")) << finding.check->code;
  }
}

TEST(Fabric, ADeviceThatOneCopyListsIsReached) {
  Scene scene = healthy_scene();
  add_lesser_fabric(scene);
  std::swap(scene.node.fabric[0], scene.node.fabric[1]);
  EXPECT_EQ(result_of(scene, "fabric.not-listed", device(3)), kPass);
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kDegraded);
}

TEST(Fabric, TheOnlyCopyThatCrashesIsTheCause) {
  Scene scene = healthy_scene();
  crash_fabric(scene);
  const Diagnosis diagnosis = diagnose(scene);
  EXPECT_EQ(diagnosis.verdict, Verdict::kUnhealthy);
  EXPECT_EQ(diagnosis.root_causes, std::vector<std::string>{"fabric.crashes"});
  EXPECT_EQ(diagnosis.summary, std::string("0 of 4 EFA devices work: ") + kLibrary + ": signal 6");
}

TEST(Fabric, TheOnlyCopyThatDoesNotLoadIsTheCauseInTheLoadersWords) {
  Scene scene = healthy_scene();
  silence(scene.node.fabric[0], ProbeStatus::kUnavailable, kWrongVersion);
  const Diagnosis diagnosis = diagnose(scene);
  EXPECT_EQ(diagnosis.verdict, Verdict::kUnhealthy);
  EXPECT_EQ(diagnosis.root_causes, std::vector<std::string>{"fabric.does-not-load"});
  EXPECT_EQ(diagnosis.summary, std::string("0 of 4 EFA devices work: fabric: ") + kWrongVersion);
}

TEST(Fabric, ABrokenCopyBesideOneThatListsAllDegrades) {
  Scene scene = healthy_scene();
  scene.node.fabric.emplace_back();
  silence(scene.node.fabric[1], ProbeStatus::kUnavailable, kWrongVersion);
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kDegraded);
}

TEST(Fabric, WhatSaysNothingOfTheLibraryLeavesDevicesUnknown) {
  const std::pair<ProbeStatus, const char*> endings[] = {
      {ProbeStatus::kCrashed, "signal 9 (Killed)"},
      {ProbeStatus::kDenied, "Permission denied"},
      {ProbeStatus::kUnavailable,
       "probe-fabric: /lib/libfabric.so.1: version `FABRIC_1.8' not found (required by "
       "/usr/libexec/efa-doctor/probe-fabric)"},
      {ProbeStatus::kUnavailable,
       "probe-fabric: symbol lookup error: probe-fabric: undefined symbol: fi_getinfo, version "
       "FABRIC_1.8"},
      {ProbeStatus::kUnavailable,
       "/usr/libexec/efa-doctor/probe-fabric: No such file or directory"},
  };
  for (const auto& [status, words] : endings) {
    Scene scene = healthy_scene();
    silence(scene.node.fabric[0], status, words);
    EXPECT_EQ(result_of(scene, "fabric.not-listed", device(0)), kUnknown) << words;
  }
}

TEST(Fabric, AHostWithoutLibfabricIsHealthy) {
  Scene scene = healthy_scene();
  no_fabric(scene);
  EXPECT_EQ(result_of(scene, "fabric.not-listed", device(0)), kNotApplicable);
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kHealthy);
}

// Containers bring their own; what the distribution put on the host does not matter to them.
TEST(Fabric, ADistributionsCopyOnAHostOfContainersIsNoFault) {
  Scene scene = healthy_scene();
  lack_provider(scene);
  std::erase_if(scene.node.limits.facts.services,
                [](const ServiceLimits& service) { return service.name == "slurmd"; });
  const Diagnosis diagnosis = diagnose(scene);
  EXPECT_EQ(diagnosis.verdict, Verdict::kHealthy) << diagnosis.summary;
  EXPECT_EQ(result_of(scene, "fabric.not-installed", kNodeSubject), kFail) << "an info";
  EXPECT_EQ(result_of(scene, "fabric.not-listed", device(0)), kNotApplicable);
}

// c7gn.16xlarge in EKS with the installer's copy and a distribution's, which the loader finds.
TEST(Fabric, ADistributionsCopyBesideTheInstallersIsNoFaultOnAHostOfContainers) {
  constexpr const char* kOther = "/usr/lib/libfabric.so.1";
  constexpr const char* kFewer = "fabric.library-lists-fewer";
  Scene slurm = healthy_scene();
  slurm.node.fabric.push_back(slurm.node.fabric[0]);
  slurm.node.fabric[1].facts.library = kOther;
  slurm.node.fabric[1].facts.devices.clear();
  slurm.node.fabric[1].facts.domains.clear();
  slurm.node.fabric[1].facts.has_provider = false;
  EXPECT_EQ(result_of(slurm, kFewer, kOther), kFail);
  EXPECT_EQ(diagnose(slurm).verdict, Verdict::kDegraded);

  Scene containers = slurm;
  std::erase_if(containers.node.limits.facts.services,
                [](const ServiceLimits& service) { return service.name == "slurmd"; });
  EXPECT_EQ(result_of(containers, kFewer, kOther), kNotApplicable);
  EXPECT_EQ(result_of(containers, kFewer, kLibrary), kPass);
  EXPECT_EQ(diagnose(containers).verdict, Verdict::kHealthy);
  containers.node.fabric[1].facts.has_provider = true;
  EXPECT_EQ(result_of(containers, kFewer, kOther), kFail) << "it could, and does not";
  containers.node.fabric[1].facts.has_provider.reset();
  EXPECT_EQ(result_of(containers, kFewer, kOther), kFail) << "whether it could is not known";
}

TEST(Fabric, ADistributionsCopyIsAFaultWhereJobsUseIt) {
  Scene slurm = healthy_scene();
  lack_provider(slurm);
  EXPECT_EQ(diagnose(slurm).verdict, Verdict::kDegraded);
  EXPECT_EQ(diagnose(slurm).root_causes, std::vector<std::string>{"fabric.no-efa-provider"});
  Scene image = slurm;
  image.node.limits.facts.container = "docker";
  EXPECT_EQ(diagnose(image).root_causes, std::vector<std::string>{"fabric.no-efa-provider"});
}

TEST(Fabric, ACopyWithTheProviderThatListsNothingIsCriticalOnAnyHost) {
  for (const std::optional<bool> has : {std::optional<bool>(), std::optional(true)}) {
    Scene scene = healthy_scene();
    drop_fabric(scene);
    scene.fabric().has_provider = has;
    scene.node.limits.facts.services.erase(scene.node.limits.facts.services.begin() + 1);
    EXPECT_EQ(diagnose(scene).root_causes, std::vector<std::string>{"fabric.not-listed"});
  }
}

TEST(Fabric, ACopyWithoutTheProviderExcusesNoOther) {
  Scene scene = healthy_scene();
  lack_provider(scene);
  scene.node.fabric.emplace_back();
  silence(scene.node.fabric[1], ProbeStatus::kUnavailable, kWrongVersion);
  const Diagnosis diagnosis = diagnose(scene);
  EXPECT_EQ(diagnosis.verdict, Verdict::kUnhealthy);
  EXPECT_EQ(cause_of(diagnosis, "fabric.not-listed", device(0)), "fabric.does-not-load");
}

TEST(Fabric, ACopyThatIsMissingDoesNotExcuseTheOther) {
  Scene scene = healthy_scene();
  drop_fabric(scene);
  scene.node.fabric.emplace_back();
  silence(scene.node.fabric[1], ProbeStatus::kUnavailable, kNoFabric);
  EXPECT_EQ(result_of(scene, "fabric.not-listed", device(0)), kFail);
  EXPECT_EQ(result_of(scene, "fabric.not-installed", kNodeSubject), kPass);
}

}  // namespace
}  // namespace efa
