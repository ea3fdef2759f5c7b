// What memory jobs may lock: systemd's order, pam_limits' precedence, and whose limit is judged.

#include <gtest/gtest.h>

#include "probes/judging/remedy.h"
#include "probes/limits/control_group.h"
#include "probes/limits/doors.h"
#include "probes/limits/memlock.h"
#include "probes/limits/parse.h"
#include "tests/support/check_case.h"

namespace efa {
namespace {

constexpr const char* kLow = "limits.memlock-low";
constexpr const char* kShell = "limits.shell-memlock-low";

LockedMemory limit(const char* value) {
  return parse_unit_limit(value).value_or(LockedMemory{});
}

std::string given_words(const GivenLimit& given) {
  return given.memory ? words_of(*given.memory) : "none";
}

// A node with EFA and nothing through which jobs come.
Scene bare() {
  Scene scene = healthy_scene();
  scene.node.limits.facts.services.resize(1);
  scene.node.jobs.facts.processes.clear();
  return scene;
}

Scene with_unit(const UnitOnDisk& unit) {
  Scene scene = bare();
  scene.node.limits.facts.units = {unit};
  return scene;
}

UnitOnDisk slurmd(const std::string& state, std::vector<MemlockSetting> memlock = {}) {
  return {"slurmd.service", state, std::move(memlock), "", {}};
}

Scene with_sshd(const std::vector<PamLimit>& lines, const char* inherited = "8M") {
  Scene scene = bare();
  scene.node.limits.facts.services.push_back({"sshd", 700, limit(inherited), "sshd.service"});
  scene.node.limits.facts.pam_limits = lines;
  return scene;
}

Scene with_slurmd(const char* memory) {
  Scene scene = bare();
  scene.node.limits.facts.services.push_back({"slurmd", 900, limit(memory), "slurmd.service"});
  return scene;
}

std::string command_of(const Scene& scene, const std::string& code, const std::string& subject) {
  const Diagnosis diagnosis = diagnose(scene);
  const Finding* finding = finding_of(diagnosis.findings, code, subject);
  return finding == nullptr ? "no such finding" : efa::command_of(*finding);
}

TEST(Memlock, AUnitsValueIsReadAsSystemdReadsIt) {
  const struct {
    const char* value;
    const char* wanted;
  } rows[] = {
      {"infinity", "unlimited"},
      {"65536", "64 KiB"},
      {"64K", "64 KiB"},
      {"8M:infinity", "8192 KiB (hard limit unlimited)"},
      {"16G", "16777216 KiB"},
      {"1.5G", "1572864 KiB"},
      {"1T", "1073741824 KiB"},
      {"1G 512M", "1572864 KiB"},
      {"2M1K:16 G", "2049 KiB (hard limit 16777216 KiB)"},
      {"10.K", "10 KiB"},
      {"1P", "1099511627776 KiB"},
      {"1K 1G", "none"},
      {"1e3", "none"},
      {"50%", "none"},
      {"9999999999999999999999E", "none"},
      {"infinity:8M", "none"},
      {"unlimited", "none"},
      {"-1", "none"},
      {"8 apples", "none"},
      {":", "none"},
      {"", "none"},
      {"0x10", "none"},
      {"inf", "none"},
  };
  for (const auto& row : rows) {
    const auto memory = parse_unit_limit(row.value);
    EXPECT_EQ(memory ? words_of(*memory) : "none", row.wanted) << row.value;
  }
}

TEST(Memlock, TheLastSettingHoldsAndAnEmptyOneTakesBack) {
  EXPECT_EQ(given_words(last_of({{"a", "64K"}, {"b", "infinity"}})), "unlimited");
  EXPECT_EQ(given_words(last_of({{"a", "infinity"}, {"b", "nonsense"}})), "unlimited");
  EXPECT_EQ(given_words(last_of({{"a", "infinity"}, {"b", ""}})), "none");
  LimitsFacts facts;
  EXPECT_EQ(given_words(unit_limit(facts, slurmd("enabled"))), "8192 KiB");
  facts.default_locked_memory = limit("infinity");
  EXPECT_EQ(given_words(unit_limit(facts, slurmd("enabled"))), "unlimited");
  facts.manager = {{"/etc/systemd/system.conf", "64K"}};
  EXPECT_EQ(given_words(unit_limit(facts, slurmd("enabled"))), "64 KiB");
  EXPECT_EQ(given_words(unit_limit(facts, slurmd("enabled", {{"x", "1G"}, {"y", ""}}))), "64 KiB");
}

TEST(Memlock, OnlyTheWantedSectionSets) {
  EXPECT_EQ(parse_settings({"[Service]", "LimitMEMLOCK=64K", "# LimitMEMLOCK=1", "[Manager]",
                            "LimitMEMLOCK=1", "[Service]", " LimitMEMLOCK = "},
                           "[Service]", "LimitMEMLOCK"),
            (std::vector<std::string>{"64K", ""}));
}

TEST(Memlock, PamTakesTheNearerDomainAndThenTheLaterLine) {
  const struct {
    std::vector<PamLimit> lines;
    const char* wanted;
  } rows[] = {
      {{{"a", "*", "-", "unlimited"}}, "unlimited"},
      {{{"a", "*", "-", "unlimited"}, {"b", "*", "-", "64"}}, "64 KiB"},
      {{{"a", "1000:", "-", "64"}, {"b", "*", "-", "unlimited"}}, "64 KiB"},
      {{{"a", "0:999", "-", "64"}, {"b", "*", "-", "unlimited"}}, "unlimited"},
      {{{"a", "*", "soft", "unlimited"}}, "8192 KiB"},
      {{{"a", "*", "hard", "unlimited"}}, "8192 KiB (hard limit unlimited)"},
      {{{"a", "*", "soft", "unlimited"}, {"a", "*", "hard", "65536"}}, "65536 KiB"},
      {{{"a", "root", "-", "unlimited"}}, "8192 KiB"},
      {{{"a", "@hpc", "-", "unlimited"}}, "8192 KiB"},
      {{{"a", "*", "-", "many"}}, "8192 KiB"},
      {{{"a", "*", "-", "-1"}}, "unlimited"},
      {{{"a", "*", "-", "-"}}, "unlimited"},
      {{{"a", "*", "-", "64g"}}, "64 KiB"},
      {{{"a", "*", "-", "99999999999999999999"}}, "unlimited"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(given_words(login_limit(row.lines, {limit("8M"), "sshd"})), row.wanted)
        << row.lines.front().domain << " " << row.lines.front().value;
  }
}

TEST(Memlock, LinesOfPamAndSlurmAreTakenApart) {
  EXPECT_EQ(parse_pam_line("session  required  pam_limits.so conf=/etc/x")->conf, "/etc/x");
  EXPECT_EQ(
      parse_pam_line("-session [success=1 default=ignore] /lib/security/pam_limits.so")->module,
      "pam_limits.so");
  EXPECT_EQ(parse_pam_line("@include common-session")->include, "common-session");
  EXPECT_EQ(parse_pam_line("session substack password-auth")->include, "password-auth");
  for (const char* other : {"auth include x", "# session required pam_limits.so", "session", "",
                            "session [a b", "session required"}) {
    EXPECT_FALSE(parse_pam_line(other)) << other;
  }
  EXPECT_EQ(parse_slurm_value("propagateresourcelimitsexcept = MEMLOCK # x",
                              "PropagateResourceLimitsExcept"),
            "MEMLOCK");
  EXPECT_FALSE(parse_slurm_value("#UsePAM=1", "UsePAM"));
  EXPECT_FALSE(parse_pam_limit("* soft nofile 8192", "f"));
  EXPECT_EQ(parse_pam_limit("*\tsoft MEMLOCK Unlimited # EFA", "f")->value, "unlimited");
  EXPECT_EQ(parse_systemd_cgroup("5:devices:/x\n1:name=systemd:/system.slice/a.service\n0::/"),
            "/system.slice/a.service");
}

TEST(Memlock, AStoppedServiceIsJudgedByItsUnit) {
  const Scene low = with_unit(slurmd("enabled", {{"/etc/x.conf", "64K"}}));
  EXPECT_EQ(result_of(low, kLow, "slurmd"), kFail);
  EXPECT_EQ(diagnose(low).verdict, Verdict::kDegraded);
  Scene scene = with_unit(slurmd("enabled", {{"/etc/x.conf", "infinity"}}));
  EXPECT_EQ(result_of(scene, kLow, "slurmd"), kPass);
  scene.node.limits.facts.units[0].unseen = {{"/etc/y.conf", "Is a directory", 21}};
  EXPECT_EQ(result_of(scene, kLow, "slurmd"), kUnknown);
  for (const char* state : {"disabled", "masked", "static"}) {
    const Scene off = with_unit(slurmd(state, {{"/etc/x.conf", "64K"}}));
    const Diagnosis diagnosis = diagnose(off);
    EXPECT_EQ(finding_of(diagnosis.findings, kLow, "slurmd"), nullptr) << state;
  }
}

TEST(Memlock, NothingStartsTheUnitsOfAContainersImage) {
  Scene scene = with_unit({"condor.service", "enabled", {{"/etc/x.conf", "64K"}}, "", {}});
  LimitsFacts& facts = scene.node.limits.facts;
  facts.units.push_back({"containerd.service", "enabled", {{"/etc/x.conf", "64K"}}, "", {}});
  facts.container = "kubernetes";
  EXPECT_EQ(result_of(scene, kLow, "condor_startd"), kNothing);
  EXPECT_EQ(result_of(scene, "limits.container-memlock-low", "containerd"), kNothing);
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kHealthy);
  facts.services.push_back({"condor_startd", 14, limit("64K"), {}});
  EXPECT_EQ(result_of(scene, kLow, "condor_startd"), kFail) << "what runs in it is judged";
  facts.services.pop_back();
  facts.from_container = true;
  EXPECT_EQ(result_of(scene, kLow, "condor_startd"), kFail) << "the host's, seen from a container";
  facts.container.reset();
  EXPECT_EQ(result_of(scene, kLow, "condor_startd"), kFail) << "the host's";
}

TEST(Memlock, ASchedulerIsNotJudgedByWhatItsJobsMayExceed) {
  const struct {
    const char* command;
    const char* unit;
    FindingResult stopped;
    FindingResult running;
  } rows[] = {
      {"condor_startd", "condor.service", kFail, kFail},
      {"pbs_mom", "pbs.service", kUnknown, kFail},  // which has raised it by then
      {"sge_execd", "sge_execd.service", kUnknown, kUnknown},
      {"sbatchd", "lsfd.service", kUnknown, kUnknown},
      {"flux-broker", "flux.service", kUnknown, kUnknown},
      {"nomad", "nomad.service", kUnknown, kUnknown},
  };
  for (const auto& row : rows) {
    Scene scene = with_unit({row.unit, "enabled", {{"/etc/x.conf", "64K"}}, "", {}});
    EXPECT_EQ(result_of(scene, kLow, row.command), row.stopped) << row.command;
    scene.node.limits.facts.services.push_back(
        {row.command, 902, LockedMemory{false, 64, false, 64}, row.unit});
    EXPECT_EQ(result_of(scene, kLow, row.command), row.running) << row.command;
    scene.node.limits.facts.services.back().locked_memory = LockedMemory{true, {}, true, {}};
    EXPECT_EQ(result_of(scene, kLow, row.command), kPass) << row.command;
  }
}
TEST(Memlock, OnlyADoorWhoseProcessesAreNumberedIsFoundByANumber) {
  ASSERT_NE(find_door("flux-broker-12"), nullptr);
  EXPECT_EQ(find_door("flux-broker-12"), find_door("flux-broker"));
  for (const char* other : {"flux-brokers", "flux", "slurmd-1", "slurmd-", ""}) {
    EXPECT_EQ(find_door(other), nullptr) << other;
  }
}

TEST(Memlock, AServiceWithAnOlderLimitThanItsUnitWantsARestart) {
  Scene scene = with_slurmd("64K");
  scene.node.limits.facts.units = {slurmd("enabled", {{"/etc/x.conf", "infinity"}})};
  EXPECT_EQ(command_of(scene, kLow, "slurmd"),
            "sudo systemctl daemon-reload && sudo systemctl restart slurmd.service");
}

TEST(Memlock, TheDropInOfTheRemedyComesAfterTheOneInForce) {
  Scene scene = with_unit(slurmd("enabled", {{"/etc/x.conf", "64K"}}));
  EXPECT_NE(command_of(scene, kLow, "slurmd").find("slurmd.service.d/zz-memlock.conf"),
            std::string::npos);
  scene.node.limits.facts.units[0].last_drop_in = "zzz.conf";
  EXPECT_NE(command_of(scene, kLow, "slurmd").find("slurmd.service.d/zzzz-memlock.conf"),
            std::string::npos);
  scene.node.limits.facts.units[0].last_drop_in = "zzz$(reboot).conf";
  EXPECT_EQ(command_of(scene, kLow, "slurmd").find("reboot"), std::string::npos);
}

TEST(Memlock, OfSlurmTheHardLimitCountsWhereTheSoftOneIsTheSubmitters) {
  Scene scene = with_slurmd("8M:infinity");
  EXPECT_EQ(result_of(scene, kLow, "slurmd"), kUnknown);
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kHealthy);
  scene.node.limits.facts.slurm = SlurmLimits{"slurm.conf", {}, "STACK,MEMLOCK", {}};
  EXPECT_EQ(result_of(scene, kLow, "slurmd"), kFail);
  scene.node.limits.facts.slurm = SlurmLimits{"slurm.conf", "NONE", {}, {}};
  EXPECT_EQ(result_of(scene, kLow, "slurmd"), kFail);
  scene.node.limits.facts.slurm = SlurmLimits{"slurm.conf", {}, {}, true};
  scene.node.limits.facts.slurm_stack.limits = true;
  scene.node.limits.facts.pam_limits = {{"01_efa.conf", "*", "-", "unlimited"}};
  EXPECT_EQ(result_of(scene, kLow, "slurmd"), kPass);
  scene.node.limits.facts.services.back().locked_memory = limit("8M");
  EXPECT_EQ(result_of(scene, kLow, "slurmd"), kPass) << "PAM raises the hard limit too";
}

TEST(Memlock, ALoginIsAWarningOnlyWhereItIsTheOnlyDoor) {
  EXPECT_EQ(result_of(with_sshd({}), kLow, "login (ssh)"), kFail);
  EXPECT_EQ(result_of(with_sshd({{"01_efa.conf", "*", "-", "unlimited"}}), kLow, "login (ssh)"),
            kPass);
  EXPECT_EQ(result_of(with_sshd({}, "infinity"), kLow, "login (ssh)"), kPass);
  EXPECT_EQ(result_of(with_sshd({{"x", "@hpc", "-", "unlimited"}}), kLow, "login (ssh)"), kPass);
  Scene other = with_sshd({{"x", "*", "-", "65536"}});
  other.node.limits.facts.services.push_back({"slurmd", 900, limit("infinity"), {}});
  EXPECT_EQ(result_of(other, kShell, "login (ssh)"), kFail);
  EXPECT_EQ(diagnose(other).verdict, Verdict::kHealthy);
  other.node.limits.facts.services.push_back({"kubelet", 901, limit("8M"), {}});
  EXPECT_EQ(result_of(other, kShell, "login (ssh)"), kNothing) << "there jobs are pods";
}

// Workers of MPI in pods run sshd; what the pod may lock is judged as the container's.
TEST(Memlock, AnSshdInAContainerIsNoDoor) {
  Scene scene = with_sshd({});
  scene.node.limits.facts.container = "kubernetes";
  const Diagnosis diagnosis = diagnose(scene);
  EXPECT_EQ(finding_of(diagnosis.findings, kLow, "login (ssh)"), nullptr);
  scene.node.limits.facts.from_container = true;
  EXPECT_EQ(result_of(scene, kLow, "login (ssh)"), kFail) << "the host's, seen from a container";
}

TEST(Memlock, WithoutPamALoginHasTheLimitOfSshd) {
  Scene scene = with_sshd({{"01_efa.conf", "*", "-", "unlimited"}});
  scene.node.limits.facts.ssh_uses_pam = false;
  EXPECT_EQ(result_of(scene, kLow, "login (ssh)"), kFail);
  EXPECT_NE(command_of(scene, kLow, "login (ssh)").find("sshd.service.d"), std::string::npos);
  scene.node.limits.facts.ssh_uses_pam = true;
  scene.node.limits.facts.ssh_stack.limits = false;
  EXPECT_EQ(result_of(scene, kLow, "login (ssh)"), kFail);
  scene.node.limits.facts.services.back().locked_memory.reset();
  EXPECT_EQ(result_of(scene, kLow, "login (ssh)"), kUnknown);
}

TEST(Memlock, TheOwnLimitIsSaidOnceWithWhoseItIs) {
  Scene scene = bare();
  LimitsFacts& facts = scene.node.limits.facts;
  facts.own_locked_memory = limit("64K");
  facts.cgroup = "/system.slice/amazon-ssm-agent.service";
  EXPECT_EQ(result_of(scene, kShell, "this shell (SSM)"), kFail);
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kHealthy);
  facts.cgroup = "/system.slice/slurmstepd.scope/job_7/step_0/user/task_0";
  EXPECT_EQ(result_of(scene, kLow, "this job"), kFail);
  facts.container = "apptainer";
  EXPECT_EQ(result_of(scene, kLow, "this job"), kFail) << "its limit is the job's";
  facts.container.reset();
  facts.cgroup = "/system.slice/efa-doctor.service";
  EXPECT_EQ(result_of(scene, kShell, "this shell"), kNothing);
  facts.cgroup = "/kubepods.slice/x";
  facts.container = "kubernetes";
  EXPECT_EQ(result_of(scene, "limits.container-memlock-low", "this container"), kFail);
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kHealthy) << "whether IPC_LOCK lifts it is unknown";
  facts.may_lock_any = false;
  EXPECT_EQ(diagnose(scene).root_causes, std::vector<std::string>{"limits.container-memlock-low"});
  for (RdmaDevice& one : scene.node.rdma.facts.devices) one.uverbs->present = false;
  const auto findings = judge_all(scene.node, scene.expectation);
  EXPECT_EQ(finding_of(findings, "limits.container-memlock-low", "this container")->check->severity,
            Severity::kInfo)
      << "it was given no device";
  facts.may_lock_any = true;
  EXPECT_EQ(result_of(scene, "limits.container-memlock-low", "this container"), kPass);
  facts.container.reset();
  EXPECT_EQ(result_of(scene, kShell, "this shell"), kFail);
  facts.from_container = true;
  EXPECT_EQ(result_of(scene, kShell, "this shell"), kNothing) << "it is efa-doctor's own pod";
  Scene login = with_sshd({});
  login.node.limits.facts.own_locked_memory = limit("8M");
  login.node.limits.facts.cgroup = "/user.slice/user-1000.slice/session-3.scope";
  EXPECT_EQ(result_of(login, kShell, "this shell"), kNothing) << "it is the login's";
}

TEST(Memlock, ContainersOfDockerMayHaveALimitOfTheirOwn) {
  Scene scene = bare();
  LimitsFacts& facts = scene.node.limits.facts;
  facts.services.push_back({"containerd", 640, limit("8M"), "containerd.service"});
  facts.services.push_back({"dockerd", 650, limit("8M"), "docker.service"});
  EXPECT_EQ(result_of(scene, "limits.container-memlock-low", "containerd"), kFail);
  EXPECT_EQ(result_of(scene, "limits.container-memlock-low", "dockerd"), kNothing) << "said once";
  facts.docker_gives = limit("infinity");
  EXPECT_EQ(result_of(scene, "limits.container-memlock-low", "containerd"), kPass);
  facts.services.push_back({"kubelet", 660, limit("8M"), "kubelet.service"});
  EXPECT_EQ(result_of(scene, "limits.container-memlock-low", "containerd"), kFail);
}

}  // namespace
}  // namespace efa
