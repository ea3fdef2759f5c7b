// What is said of running jobs, beside their settings.

#include <gtest/gtest.h>

#include <cerrno>

#include "tests/support/check_case.h"

namespace efa {
namespace {

constexpr const char* kJob = "all_reduce_perf 4711";
constexpr LockedMemory kLow{false, 8192, false, 8192};
constexpr uint64_t kGib = uint64_t{1024} * 1024;

Job& job(Scene& scene) {
  return scene.node.jobs.facts.processes.at(0);
}

void hide_processes(Scene& scene) {
  scene.node.jobs.facts = JobsFacts{};
  scene.node.jobs.facts.unseen = {{"/proc", "Permission denied", EACCES}};
}

std::function<void(Scene&)> set(const std::string& setting) {
  return [=](Scene& scene) { job(scene).environment = {setting}; };
}

// Its job has not opened EFA.
void leave_idle(Scene& scene) {
  JobsFacts& jobs = scene.node.jobs.facts;
  jobs.without_efa = jobs.processes;
  jobs.without_efa.front().devices.clear();
  jobs.processes.clear();
}

void use_other_libfabric(Scene& scene) {
  job(scene).libraries = std::vector<std::string>{"other/libfabric.so.1.20.0"};
}

// A process of the job that has a device open.
void kill_for_memory(Scene& scene) {
  scene.node.jobs.facts.processes.at(0).job = "job_7";
  scene.node.log.facts.kills = {{7, "job_7", false}};
}

// Nothing has passed over its device for two minutes.
void stand_still(Scene& scene) {
  Past& past = scene.expectation.past;
  past.now_ms = 120'000;
  CounterBaseline& baseline = past.baselines.emplace_back();
  baseline.address = address(0);
  baseline.values = scene.node.rdma.facts.counters.at(0).port;
}

// NCCL's plugin lies on the node.
std::function<void(Scene&)> look_for_plugin(bool finds) {
  return [=](Scene& scene) {
    scene.node.software.facts.ofi_nccl = {"/opt/amazon/ofi-nccl/lib/libnccl-net-ofi.so"};
    scene.node.software.facts.loader_finds_plugin = false;
    job(scene).finds_nccl_plugin = finds;
  };
}

}  // namespace

CheckCases jobs_cases() {
  CheckCases cases = {
      {"jobs.memlock-low", kFail, kJob, [](Scene& s) { job(s).locked_memory = kLow; }},
      {"jobs.setting-removed", kFail, kJob, set("FI_EFA_MTU_SIZE=8928")},
      {"jobs.setting-harmful", kFail, kJob, set("FI_EFA_IFACE=")},
      {"jobs.provider-excluded", kFail, kJob, set("FI_PROVIDER=tcp")},
      {"jobs.settings-contradict", kFail, kJob,
       [](Scene& s) {
         job(s).environment = {"OFI_NCCL_PROTOCOL=RDMA", "FI_EFA_USE_DEVICE_RDMA=0"};
       }},
      {"jobs.shm-small", kFail, kJob,
       [](Scene& s) {
         job(s).shared_memory = SharedMemory{65536, 65536};
       }},
      {"jobs.efa-idle", kFail, kNodeSubject, leave_idle},
      {"jobs.other-libfabric", kFail, kJob, use_other_libfabric},
      {"jobs.killed-for-memory", kFail, kJob, kill_for_memory},
      {"jobs.killed-for-memory", kUnknown, kNodeSubject,
       [](Scene& s) { silence(s.node.log, ProbeStatus::kDenied); }},
      {"jobs.libfabric-crashed", kFail, kNodeSubject,
       [](Scene& s) {
         s.node.log.facts.crashes = {{7, "libfabric.so.1.24.0"}};
       }},
      {"jobs.libfabric-crashed", kUnknown, kNodeSubject,
       [](Scene& s) { silence(s.node.log, ProbeStatus::kDenied); }},
      {"jobs.efa-quiet", kUnknown, kJob, stand_still},
      {"jobs.nccl-plugin-not-found", kFail, kJob, look_for_plugin(false)},
      {"jobs.nccl-plugin-not-found", kPass, kNodeSubject, look_for_plugin(true)},
      {"jobs.huge-pages-taken", kFail, kNodeSubject,
       [](Scene& s) { s.node.limits.facts.hugepages_2m_free = 54; }},
      {"jobs.huge-pages-taken", kUnknown, kNodeSubject,
       [](Scene& s) { s.node.limits.facts.hugepages_2m_free.reset(); }},
  };
  for (const char* code :
       {"jobs.memlock-low", "jobs.setting-removed", "jobs.setting-harmful",
        "jobs.provider-excluded", "jobs.settings-contradict", "jobs.shm-small", "jobs.efa-idle",
        "jobs.other-libfabric", "jobs.efa-quiet", "jobs.nccl-plugin-not-found"}) {
    cases.push_back({code, kUnknown, kNodeSubject, hide_processes});
  }
  return cases;
}

namespace {

TEST(Jobs, AProcessOfAnotherJobThatWasKilledIsNone) {
  Scene scene = healthy_scene();
  kill_for_memory(scene);
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kHealthy) << "an info";
  scene.node.log.facts.kills.at(0).job = "job_8";
  EXPECT_EQ(result_of(scene, "jobs.killed-for-memory", kNodeSubject), kPass);
  scene.node.log.facts.kills.at(0).job = "";
  scene.node.jobs.facts.processes.at(0).job = "";
  EXPECT_EQ(result_of(scene, "jobs.killed-for-memory", kNodeSubject), kPass);
  scene.node.jobs.facts.processes.clear();
  EXPECT_EQ(result_of(scene, "jobs.killed-for-memory", kNodeSubject), kNothing);
}

TEST(Jobs, TheRightToLockAnyMemoryIsEnough) {
  Scene scene = healthy_scene();
  job(scene).locked_memory = kLow;
  job(scene).may_lock_any = true;
  EXPECT_EQ(result_of(scene, "jobs.memlock-low", kJob), kPass);
  job(scene).may_lock_any.reset();
  EXPECT_EQ(result_of(scene, "jobs.memlock-low", kJob), kUnknown);
}

TEST(Jobs, AJobWhoseLimitsAreHiddenIsUnknown) {
  Scene scene = healthy_scene();
  job(scene).locked_memory.reset();
  EXPECT_EQ(result_of(scene, "jobs.memlock-low", kJob), kUnknown);
}

// containerd has 8 MiB, and so has the container's process, which is not root.
Scene starved() {
  Scene scene = healthy_scene();
  for (ServiceLimits& service : scene.node.limits.facts.services) {
    if (service.name == "containerd") service.locked_memory = kLow;
  }
  job(scene).locked_memory = kLow;
  job(scene).container = true;
  return scene;
}

Severity severity_of(const Scene& scene) {
  const auto findings = judge_all(scene.node, scene.expectation);
  const Finding* finding = finding_of(findings, "limits.container-memlock-low", "containerd");
  return finding == nullptr ? Severity::kCritical : finding->check->severity;
}

TEST(Jobs, ARuntimesLimitIsAWarningWhileAJobIsUnderIt) {
  const Scene scene = starved();
  EXPECT_EQ(severity_of(scene), Severity::kWarning);
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kDegraded);
  EXPECT_EQ(cause_of(diagnose(scene), "jobs.memlock-low", kJob), "limits.container-memlock-low");
}

TEST(Jobs, ARuntimesLimitIsNoWarningWhereItBindsNoJob) {
  const std::function<void(Job&)> changes[] = {
      [](Job& job) { job.may_lock_any = true; },
      [](Job& job) { job.may_lock_any.reset(); },
      [](Job& job) { job.container = false; },
      [](Job& job) { job.container.reset(); },
      [](Job& job) { job.locked_memory.reset(); },
      [](Job& job) { job.locked_memory->soft_kib = 64; },  // its own
      [](Job& job) {
        job.locked_memory = LockedMemory{true, {}, true, {}};
      },
  };
  for (const auto& change : changes) {
    Scene scene = starved();
    change(job(scene));
    EXPECT_EQ(severity_of(scene), Severity::kInfo);
    EXPECT_EQ(diagnose(scene).verdict, Verdict::kHealthy);
  }
}

TEST(Jobs, SharedMemoryIsSmallOrFull) {
  struct Row {
    uint64_t total_kib;
    uint64_t free_kib;
    MaybeResult wanted;
  };
  const Row rows[] = {{8 * kGib, 8 * kGib, kNothing},
                      {8 * kGib - 1, 8 * kGib - 1, kFail},
                      {64 * kGib, uint64_t{64} * 1024, kNothing},
                      {64 * kGib, uint64_t{64} * 1024 - 1, kFail},
                      {0, 0, kFail}};
  for (const Row& row : rows) {
    Scene scene = healthy_scene();
    job(scene).shared_memory = SharedMemory{row.total_kib, row.free_kib};
    EXPECT_EQ(result_of(scene, "jobs.shm-small", kJob), row.wanted) << row.total_kib;
    EXPECT_EQ(result_of(scene, "jobs.shm-small", kNodeSubject),
              row.wanted == kNothing ? MaybeResult(kPass) : kNothing);
  }
}

TEST(Jobs, SharedMemoryThatWasRefusedIsUnknownAndThatWasNotAskedIsNot) {
  Scene scene = healthy_scene();
  job(scene).shared_memory = Unseen{"/proc/4711/root/dev/shm", "Permission denied", EACCES};
  EXPECT_EQ(result_of(scene, "jobs.shm-small", kJob), kUnknown);
  job(scene).shared_memory.reset();
  EXPECT_EQ(result_of(scene, "jobs.shm-small", kJob), kNothing);
  EXPECT_EQ(result_of(scene, "jobs.shm-small", kNodeSubject), kNothing);
}

// A job of Slurm beside a containerd whose limit is low as well.
TEST(Jobs, TheRuntimesLimitIsNotWhyAProcessOutsideContainersHasLittle) {
  Scene scene = starved();
  job(scene).container = false;
  EXPECT_EQ(cause_of(diagnose(scene), "jobs.memlock-low", kJob), "");
  job(scene).container.reset();
  EXPECT_EQ(cause_of(diagnose(scene), "jobs.memlock-low", kJob), "limits.container-memlock-low");
}

TEST(Jobs, TheContainerThatAsksIsToldOfItsSharedMemory) {
  constexpr const char* kSubject = "this container";
  Scene scene = healthy_scene();
  LimitsFacts& facts = scene.node.limits.facts;
  facts.shm_total_kib = 65536;
  EXPECT_EQ(result_of(scene, "jobs.shm-small", kSubject), kNothing) << "a host's";
  facts.container = "docker";
  EXPECT_EQ(result_of(scene, "jobs.shm-small", kSubject), kFail);
  facts.shm_total_kib = uint64_t{16} * 1024 * 1024;
  EXPECT_EQ(result_of(scene, "jobs.shm-small", kSubject), kPass);
  facts.shm_total_kib.reset();
  EXPECT_EQ(result_of(scene, "jobs.shm-small", kSubject), kNothing);
}

// Two are expected of it: that it has none is said once, by node.not-given.
TEST(Jobs, AContainerWithoutEfaNeedsNoSharedMemoryForIt) {
  const auto said = [](size_t given) {
    Scene scene = healthy_scene();
    LimitsFacts& facts = scene.node.limits.facts;
    facts.container = "docker";
    facts.may_administer = false;
    facts.shm_total_kib = 65536;
    for (size_t i = given; i < 4; ++i) scene.rdma(i).uverbs->present = false;
    const Diagnosis diagnosis = look(scene, {2});
    return result_in(diagnosis.findings, "jobs.shm-small", "this container");
  };
  EXPECT_EQ(said(0), kNotApplicable);
  EXPECT_EQ(said(1), kFail);
}

// In a container a mount of the node is not the job's.
TEST(Jobs, SharedMemoryIsMadeLargerWhereItIs) {
  Scene scene = healthy_scene();
  job(scene).shared_memory = SharedMemory{65536, 65536};
  const auto command = [&] {
    const auto findings = judge_all(scene.node, scene.expectation);
    return finding_of(findings, "jobs.shm-small", kJob)->command.text;
  };
  EXPECT_EQ(command(), "sudo mount -o remount,size=50% /dev/shm");
  job(scene).own_root = true;
  EXPECT_EQ(command(), "");
}

TEST(Jobs, OneThatHasEfaOpenIsEnough) {
  Scene scene = healthy_scene();
  const Job holder = job(scene);
  leave_idle(scene);
  scene.node.jobs.facts.processes = {holder};
  EXPECT_EQ(result_of(scene, "jobs.efa-idle", kNodeSubject), FindingResult::kNotApplicable)
      << "it may move the data of the others";
}

TEST(Jobs, OneThatLeavesEfaOutIsNotIdle) {
  Scene scene = healthy_scene();
  leave_idle(scene);
  Job& idle = scene.node.jobs.facts.without_efa.front();
  idle.environment = {"NCCL_NET=Socket"};
  EXPECT_EQ(result_of(scene, "jobs.efa-idle", kNodeSubject), kPass);
  EXPECT_EQ(result_of(scene, "jobs.provider-excluded", kJob), kFail);
}

// lnx may link other providers than efa.
TEST(Jobs, OneThatMayLeaveEfaOutIsNotIdle) {
  Scene scene = healthy_scene();
  leave_idle(scene);
  Job& idle = scene.node.jobs.facts.without_efa.front();
  for (const char* links : {"FI_PROVIDER=lnx", "OMPI_MCA_mtl_ofi_provider_include=shm+efa:lnx"}) {
    idle.environment = {links};
    EXPECT_EQ(result_of(scene, "jobs.efa-idle", kNodeSubject), kPass) << links;
    EXPECT_EQ(result_of(scene, "jobs.provider-excluded", kJob), kNothing) << links;
  }
  idle.environment = {"FI_PROVIDER=lnx", "FI_LNX_PROV_LINKS=shm+efa"};
  EXPECT_EQ(result_of(scene, "jobs.efa-idle", kNodeSubject), kFail) << "it links efa";
  idle.environment = {"FI_PROVIDER=lnx", "FI_LNX_PROV_LINKS=shm+tcp"};
  EXPECT_EQ(result_of(scene, "jobs.efa-idle", kNodeSubject), kPass);
  EXPECT_EQ(result_of(scene, "jobs.provider-excluded", kJob), kFail);
  for (const char* names : {"FI_PROVIDER=efa,lnx", "FI_PROVIDER=^lnx"}) {
    idle.environment = {names};
    EXPECT_EQ(result_of(scene, "jobs.efa-idle", kNodeSubject), kFail) << names;
  }
}

TEST(Jobs, ThatNoneHasEfaOpenIsNotKnownWhereSomeAreHidden) {
  Scene scene = healthy_scene();
  leave_idle(scene);
  scene.node.jobs.facts.unreadable_processes = 7;
  EXPECT_EQ(result_of(scene, "jobs.efa-idle", kNodeSubject), kUnknown);
  scene.node.jobs.facts.unreadable_processes = 0;
  scene.node.jobs.facts.cut = {"open files of 3 processes: there was no time left"};
  EXPECT_EQ(result_of(scene, "jobs.efa-idle", kNodeSubject), kUnknown);
}

TEST(Jobs, AnotherLibfabricIsOneInAnotherDirectory) {
  struct Row {
    const char* mapped;
    MaybeResult wanted;
  };
  const Row rows[] = {{"/opt/amazon/efa/lib/libfabric.so.1.31.0", kNothing},
                      {"/usr/local/lib/libfabric.so.1.29.1", kFail},
                      {"/opt/intel/.../libfabric.so.1", kFail},
                      {"/usr/lib/x86_64-linux-gnu/libfabric.so.1.20.1", kNothing},
                      {"/lib/x86_64-linux-gnu/libfabric.so.1.20.1", kNothing}};
  for (const Row& row : rows) {
    Scene scene = healthy_scene();
    scene.node.fabric.push_back(scene.node.fabric.front());
    scene.node.fabric.back().facts.library = "/lib/x86_64-linux-gnu/libfabric.so.1";
    job(scene).libraries = std::vector<std::string>{row.mapped};
    EXPECT_EQ(result_of(scene, "jobs.other-libfabric", kJob), row.wanted) << row.mapped;
  }
}

TEST(Jobs, ACopyIsTheOneThatWasAskedWhereALinkLeadsToIt) {
  Scene scene = healthy_scene();
  scene.fabric().library = "/usr/lib64/libfabric.so.1";
  EXPECT_EQ(result_of(scene, "jobs.other-libfabric", kJob), kFail);
  scene.node.software.facts.libraries = {
      {"libfabric.so.1", "/usr/lib64/libfabric.so.1", "libfabric.so.1.29.1", true}};
  EXPECT_EQ(result_of(scene, "jobs.other-libfabric", kJob), kNothing);
  scene.fabric().library = "/opt/acme/lib/libfabric.so.1";  // of which "/opt/..." is told
  job(scene).libraries = std::vector<std::string>{"/opt/.../libfabric.so.1.29.1"};
  EXPECT_EQ(result_of(scene, "jobs.other-libfabric", kJob), kNothing);
}

TEST(Jobs, TheRemedyForAnotherLibfabricNamesTheOneThatWasAsked) {
  Scene scene = healthy_scene();
  use_other_libfabric(scene);
  const auto findings = judge_all(scene.node, scene.expectation);
  EXPECT_EQ(finding_of(findings, "jobs.other-libfabric", kJob)->command.text,
            "export LD_LIBRARY_PATH=/opt/amazon/efa/lib:$LD_LIBRARY_PATH");
}

TEST(Jobs, NoLibfabricWithoutTheProviderIsRecommended) {
  Scene scene = healthy_scene();
  use_other_libfabric(scene);
  scene.node.fabric.insert(scene.node.fabric.begin(), scene.node.fabric.front());
  scene.fabric().library = "/usr/lib64/libfabric.so.1";
  scene.fabric().devices.clear();
  scene.fabric().has_provider = false;
  const auto findings = judge_all(scene.node, scene.expectation);
  EXPECT_EQ(finding_of(findings, "jobs.other-libfabric", kJob)->command.text,
            "export LD_LIBRARY_PATH=/opt/amazon/efa/lib:$LD_LIBRARY_PATH");
  scene.node.fabric.pop_back();
  EXPECT_EQ(result_of(scene, "jobs.other-libfabric", kJob), kNothing);
}

TEST(Jobs, WhoseFilesAreOtherOnesHasNoOtherLibfabric) {
  Scene scene = healthy_scene();
  use_other_libfabric(scene);
  job(scene).own_root = true;
  EXPECT_EQ(result_of(scene, "jobs.other-libfabric", kJob), kNothing);
  job(scene).own_root.reset();
  EXPECT_EQ(result_of(scene, "jobs.other-libfabric", kJob), kUnknown);
  job(scene).own_root = false;
  job(scene).libraries = Unseen{"/proc/4711/maps", "Permission denied", EACCES};
  EXPECT_EQ(result_of(scene, "jobs.other-libfabric", kJob), kUnknown);
  scene.node.live = false;
  EXPECT_EQ(result_of(scene, "jobs.other-libfabric", kJob), kNothing);
}

TEST(Jobs, HugePagesThatArePromisedAreTaken) {
  Scene scene = healthy_scene();
  LimitsFacts& limits = scene.node.limits.facts;
  limits.hugepages_2m_free = 155;
  limits.hugepages_2m_reserved = 100;
  EXPECT_EQ(result_of(scene, "jobs.huge-pages-taken", kNodeSubject), kPass);
  limits.hugepages_2m_reserved = 101;
  EXPECT_EQ(result_of(scene, "jobs.huge-pages-taken", kNodeSubject), kFail);
  limits.hugepages_2m_reserved = 1000;  // read a moment later
  EXPECT_EQ(result_of(scene, "jobs.huge-pages-taken", kNodeSubject), kFail);
  limits.hugepages_2m = 0;
  EXPECT_EQ(result_of(scene, "jobs.huge-pages-taken", kNodeSubject), kNothing);
}

// Of a version of efa-doctor that did not look at these.
TEST(Jobs, AnOlderRecordingIsJudgedByWhatItHas) {
  Scene scene = healthy_scene();
  Job older;
  older.pid = 4711;
  older.command = "all_reduce_perf";
  older.devices = {"/dev/infiniband/uverbs0"};
  older.locked_memory = LockedMemory{true, {}, {}, {}};
  older.environment = {"FI_PROVIDER=efa"};
  job(scene) = older;
  for (const Finding& finding : judge_all(scene.node, scene.expectation)) {
    if (!finding.check->code.starts_with("jobs.")) continue;
    EXPECT_TRUE(finding.result == kPass || finding.result == kNotApplicable)
        << finding.check->code << " " << finding.message;
  }
}

}  // namespace
}  // namespace efa
