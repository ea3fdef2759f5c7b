// Judges what memory a session may lock: a login over ssh, as sshd and pam_limits make it, and the
// shell, job or container that asked.

#include <fmt/core.h>

#include <algorithm>

#include "probes/base/text.h"
#include "probes/judging/node.h"
#include "probes/limits/checks.h"
#include "probes/limits/memlock.h"
#include "probes/limits/memlock_judge.h"
#include "probes/limits/services.h"

namespace efa {
namespace {

// Where nothing says so: distributions ship an sshd that uses PAM with pam_limits in its stack.
bool goes_by_pam(const LimitsFacts& facts) {
  return facts.ssh_uses_pam.value_or(true) && facts.ssh_stack.limits.value_or(true);
}

// A file that may give a login another limit than the others do; null where all were read.
const Unseen* unseen_of_login(const LimitsFacts& facts) {
  if (facts.sshd_unseen) return &*facts.sshd_unseen;
  if (facts.ssh_uses_pam == false) return nullptr;
  if (facts.ssh_stack.unseen && facts.ssh_stack.limits != true) return &*facts.ssh_stack.unseen;
  const bool read = !goes_by_pam(facts) || !facts.pam_limits_unseen;
  return read ? nullptr : &*facts.pam_limits_unseen;
}

// What a login of an ordinary user gets.
GivenLimit limit_of_login(const LimitsFacts& facts, const ServiceOnNode& sshd) {
  GivenLimit given;
  if (sshd.process != nullptr) {
    given = {sshd.process->locked_memory, fmt::format("/proc/{}/limits", sshd.process->pid)};
  } else if (sshd.unit->unseen.empty()) {
    given = unit_limit(facts, *sshd.unit);
  }
  return goes_by_pam(facts) ? login_limit(facts.pam_limits, given) : given;
}

// `source`: the file that gives the limit now.
std::string pam_command(const LimitsFacts& facts, const std::string& source) {
  const bool ranges =
      std::any_of(facts.pam_limits.begin(), facts.pam_limits.end(),
                  [](const PamLimit& line) { return line.domain.find(':') != std::string::npos; });
  const std::string line = fmt::format("{} - memlock unlimited", ranges ? "1000:" : "*");
  const std::string& conf = facts.ssh_stack.conf;
  if (!conf.empty() && is_made_of(conf, "/._-")) {
    return fmt::format("echo '{}' | sudo tee -a {}", line, conf);
  }
  const std::string last = source.starts_with("/etc/security/limits.d/") ? base_name(source) : "";
  return fmt::format("echo '{}' | sudo tee /etc/security/limits.d/{}", line,
                     name_after(last, "zz-memlock.conf"));
}

// True when a login was found to get too little.
bool judge_login(const LimitsFacts& facts, Findings& findings) {
  if (facts.container && facts.from_container != true) return false;  // judged itself
  const DoorRow& row = *find_door("sshd");
  if (!is_there(facts, row) || is_there(facts, "kubelet")) return false;  // there jobs are pods
  const bool other_door =
      any_is_there(facts, Door::kScheduler) || any_is_there(facts, Door::kRuntime);
  const Check& check = other_door ? kLimitsShellMemlockLow : kLimitsMemlockLow;
  const char* subject = "login (ssh)";
  const ServiceOnNode sshd = find_service(facts, row);
  const GivenLimit given = limit_of_login(facts, sshd);
  if (!given.memory) {
    findings.unknown(check, subject, "the limits of sshd could not be read",
                     {"", "", given.source});
    return false;
  }
  if (const Unseen* unseen = unseen_of_login(facts)) {
    findings.unknown(check, subject, fmt::format("{}: {}", unseen->what, unseen->reason),
                     {"", kEnoughLockedMemory, unseen->what});
    return false;
  }
  const bool pam = goes_by_pam(facts);
  const std::string observed = words_of(*given.memory);
  const Evidence evidence{observed, kEnoughLockedMemory, given.source};
  if (is_enough(*given.memory)) {
    findings.pass(check, subject, "may lock memory: " + observed, evidence);
    return false;
  }
  if (pam && gives_enough_to_some(facts.pam_limits)) {
    findings.pass(check, subject,
                  "may lock memory: some users or groups enough, others " + observed, evidence);
    return false;
  }
  findings.fail(
      check, subject,
      fmt::format("may lock only {}{}", observed, pam ? "" : "; pam_limits is not used for it"),
      evidence, {pam ? pam_command(facts, given.source) : drop_in_command(sshd), ""});
  return true;
}

// Whose the limit of the process that looks is, by its control group; "" when nobody's that
// matters: our own service, or one that is judged itself.
std::string own_subject(const LimitsFacts& facts) {
  if (facts.from_container == true) return "";
  const std::string group = facts.cgroup.value_or("");
  if (group.find("/slurmstepd") != std::string::npos ||
      group.find("/slurm/") != std::string::npos) {
    return "this job";  // a container of Apptainer's in it has the job's limit
  }
  if (facts.container) return "this container";
  const std::string unit = base_name(group);
  if (unit == "efa-doctor.service") return "";
  for (const ServiceLimits& service : facts.services) {
    if (service.unit && *service.unit == unit) return "";
  }
  return unit == "amazon-ssm-agent.service" ? "this shell (SSM)" : "this shell";
}

bool has_device_node(const RdmaFacts& facts) {
  return std::any_of(facts.devices.begin(), facts.devices.end(), [](const RdmaDevice& device) {
    return device.uverbs && device.uverbs->present;
  });
}

// A container that was given EFA devices is a job's: who asks from it asks for that.
void judge_low_container(const Node& node, const std::string& subject, const Evidence& evidence,
                         Findings& findings) {
  const LimitsFacts& facts = node.limits.facts;
  const Check& check = kLimitsContainerMemlockLow;
  if (facts.may_lock_any == true) {
    findings.pass(check, subject, "CAP_IPC_LOCK lifts its limit of " + evidence.observed, evidence);
    return;
  }
  const bool bound = facts.may_lock_any == false && has_device_node(node.rdma.facts);
  findings.fail(weighed(row_of(check), bound ? Severity::kWarning : check.severity), subject,
                fmt::format("may lock only {}{}", evidence.observed,
                            bound ? ", and CAP_IPC_LOCK is not effective in it" : ""),
                evidence, {});
}

void judge_own(const Node& node, bool login_is_low, Findings& findings) {
  const LimitsFacts& facts = node.limits.facts;
  const std::string subject = own_subject(facts);
  if (!facts.own_locked_memory || subject.empty()) return;
  const bool login = facts.cgroup.value_or("").starts_with("/user.slice/");
  if (login && login_is_low) return;  // said of the login
  const Check& check = subject == "this container" ? kLimitsContainerMemlockLow
                       : subject == "this job"     ? kLimitsMemlockLow
                                                   : kLimitsShellMemlockLow;
  const std::string observed = words_of(*facts.own_locked_memory);
  const Evidence evidence{observed, kEnoughLockedMemory, "/proc/self/limits"};
  if (is_enough(*facts.own_locked_memory)) {
    findings.pass(check, subject, "may lock memory: " + observed, evidence);
    return;
  }
  if (subject == "this container") {
    judge_low_container(node, subject, evidence, findings);
    return;
  }
  const bool root = facts.effective_uid == 0;
  findings.fail(
      check, subject,
      fmt::format("may lock only {}{}", observed, root ? "; it does not bind root itself" : ""),
      evidence);
}

}  // namespace

void judge_sessions(const Node& node, Findings& findings) {
  const bool login_is_low = judge_login(node.limits.facts, findings);
  judge_own(node, login_is_low, findings);
}

}  // namespace efa
