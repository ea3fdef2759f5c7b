// Judges what memory jobs may lock: each service through which they come, as it runs and as its
// unit will start it next, a login over ssh, and the shell that asked.

#include "probes/limits/memlock_judge.h"

#include <algorithm>

#include "probes/limits/checks.h"
#include "probes/limits/memlock.h"
#include "probes/protocol/text.h"

namespace efa {
namespace {

const ServiceLimits* running(const LimitsFacts& facts, const DoorRow& row) {
  for (const ServiceLimits& service : facts.services) {
    if (service.name == row.command) return &service;
  }
  return nullptr;
}

// Of the process, else of the names that distributions give it: an enabled one before others.
const UnitOnDisk* unit_of(const LimitsFacts& facts, const DoorRow& row,
                          const ServiceLimits* service) {
  const UnitOnDisk* found = nullptr;
  for (const UnitOnDisk& unit : facts.units) {
    const bool mine =
        service != nullptr && service->unit
            ? unit.name == *service->unit
            : std::any_of(std::begin(row.units), std::end(row.units),
                          [&](const char* name) { return name != nullptr && unit.name == name; });
    if (mine && (found == nullptr || unit.state == "enabled")) found = &unit;
  }
  return found;
}

bool starts_at_boot(const UnitOnDisk* unit) {
  return unit != nullptr && (unit->state == "enabled" || unit->state == "static");
}

bool is_there(const LimitsFacts& facts, const DoorRow& row) {
  const ServiceLimits* service = running(facts, row);
  return service != nullptr || starts_at_boot(unit_of(facts, row, service));
}

bool is_there(const LimitsFacts& facts, std::string_view command) {
  const DoorRow* row = find_door(command);
  return row != nullptr && is_there(facts, *row);
}

bool any_is_there(const LimitsFacts& facts, Door door) {
  return std::any_of(doors().begin(), doors().end(),
                     [&](const DoorRow& row) { return row.door == door && is_there(facts, row); });
}

// Names go into a command: those that a shell takes as they are.
bool is_plain(const std::string& name) {
  return !name.empty() && name.find_first_not_of(
                              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVW"
                              "XYZ0123456789@._:-") == std::string::npos;
}

// A name that comes after that of the file which is in force.
std::string name_after(const std::string& last, const std::string& wanted) {
  if (last < wanted || !is_plain(last)) return wanted;
  return last.substr(0, last.rfind(".conf")) + "z-memlock.conf";
}

std::string restart(const std::string& unit) {
  return "sudo systemctl daemon-reload && sudo systemctl restart " + unit;
}

std::string drop_in_command(const std::string& unit, const UnitOnDisk* on_disk) {
  const std::string directory = "/etc/systemd/system/" + unit + ".d";
  const std::string file =
      name_after(on_disk == nullptr ? "" : on_disk->last_drop_in, "zz-memlock.conf");
  return "sudo mkdir -p " + directory +
         " && printf '[Service]\\nLimitMEMLOCK=infinity\\n' | sudo tee " + directory + "/" + file +
         " && " + restart(unit);
}

std::string unit_name(const DoorRow& row, const ServiceLimits* service, const UnitOnDisk* unit) {
  if (unit != nullptr && is_plain(unit->name)) return unit->name;
  if (service != nullptr && service->unit && is_plain(*service->unit)) return *service->unit;
  return row.units[0];
}

// What a service's limit means for its jobs.
struct Meaning {
  FindingResult result = FindingResult::kPass;
  std::string why;  // of kUnknown, and what else is to be said
};

bool lists_memlock(const std::string& value) {
  for (const std::string& one : split(value, ',')) {
    const std::string name = lower_case(trim(one));
    if (name == "memlock" || name == "all") return true;
  }
  return false;
}

// slurm.conf(5): by default a job gets the soft limits of the shell that submitted it, up to the
// hard ones of slurmd; both are PAM's where UsePAM is set.
bool gives_submitters_limit(const std::optional<SlurmLimits>& slurm) {
  if (!slurm) return true;
  if (slurm->propagate_except) return !lists_memlock(*slurm->propagate_except);
  return !slurm->propagate || lists_memlock(*slurm->propagate);
}

Meaning meaning_for_slurm(const LimitsFacts& facts, const LockedMemory& memory) {
  LockedMemory given = memory;
  if (facts.slurm && facts.slurm->use_pam.value_or(false) &&
      facts.slurm_stack.limits.value_or(false)) {
    given = login_limit(facts.pam_limits, {memory, ""}).memory.value_or(memory);
  }
  if (is_enough(given)) return {};
  if (!may_raise_to_enough(given)) return {FindingResult::kFail, ""};
  if (gives_submitters_limit(facts.slurm)) {
    return {FindingResult::kUnknown,
            "; a job gets the soft limit of the shell that submits it, which is not seen here"};
  }
  return {FindingResult::kFail, "; slurm.conf does not propagate the submitter's"};
}

Meaning meaning_of(const LimitsFacts& facts, const DoorRow& row, const LockedMemory& memory) {
  const std::string command = row.command;
  if (command == "slurmd") return meaning_for_slurm(facts, memory);
  if (is_enough(memory)) return {};
  if (command == "sge_execd") {
    return {FindingResult::kUnknown, "; execd_params H_MEMORYLOCKED may raise it (qconf -sconf)"};
  }
  const bool pods = is_there(facts, "kubelet");
  if (row.door == Door::kRuntime && !pods && facts.docker_gives && is_enough(*facts.docker_gives)) {
    return {FindingResult::kPass,
            "; Docker's default-ulimits give its containers " + words_of(*facts.docker_gives)};
  }
  return {FindingResult::kFail, ""};
}

const Check& check_of(const DoorRow& row) {
  return row.door == Door::kRuntime ? kLimitsContainerMemlockLow : kLimitsMemlockLow;
}

void judge_running(const LimitsFacts& facts, const DoorRow& row, const ServiceLimits& service,
                   Findings& findings) {
  const UnitOnDisk* unit = unit_of(facts, row, &service);
  const std::string source = "/proc/" + std::to_string(service.pid) + "/limits";
  const GivenLimit next = unit == nullptr ? GivenLimit{} : unit_limit(facts, *unit);
  if (!service.locked_memory) {
    const std::string more =
        next.memory && unit->unseen.empty() ? "; its unit gives " + words_of(*next.memory) : "";
    findings.unknown(check_of(row), row.command, "its limits could not be read" + more,
                     {"", "", source});
    return;
  }
  const std::string observed = words_of(*service.locked_memory);
  const Evidence evidence{observed, kEnoughLockedMemory, source};
  const Meaning meaning = meaning_of(facts, row, *service.locked_memory);
  if (meaning.result == FindingResult::kPass) {
    findings.pass(check_of(row), row.command, "may lock memory: " + observed + meaning.why,
                  evidence);
    return;
  }
  if (meaning.result == FindingResult::kUnknown) {
    findings.unknown(check_of(row), row.command, "may lock only " + observed + meaning.why,
                     evidence);
    return;
  }
  const bool mended =
      next.memory && meaning_of(facts, row, *next.memory).result == FindingResult::kPass;
  const std::string name = unit_name(row, &service, unit);
  findings.fail(
      check_of(row), row.command,
      "may lock only " + observed + meaning.why +
          (mended ? "; " + next.source + " gives " + words_of(*next.memory) + " from its next start"
                  : ""),
      evidence, mended ? restart(name) : drop_in_command(name, unit));
}

// It does not run: as systemd will start it.
void judge_unit(const LimitsFacts& facts, const DoorRow& row, const UnitOnDisk& unit,
                Findings& findings) {
  if (!unit.unseen.empty()) {
    findings.unknown(check_of(row), row.command,
                     "does not run, and a file of its unit could not be read",
                     {unit.unseen.front().reason, "", unit.unseen.front().what});
    return;
  }
  const GivenLimit given = unit_limit(facts, unit);
  const std::string observed = words_of(*given.memory);
  const Evidence evidence{observed, kEnoughLockedMemory, given.source};
  const Meaning meaning = row.unit_decides
                              ? meaning_of(facts, row, *given.memory)
                              : Meaning{FindingResult::kUnknown, "; it may raise that itself"};
  const std::string message =
      "does not run; " + unit.name + " will let it lock " + observed + meaning.why;
  if (is_enough(*given.memory) || meaning.result == FindingResult::kPass) {
    findings.pass(check_of(row), row.command, message, evidence);
  } else if (meaning.result == FindingResult::kUnknown) {
    findings.unknown(check_of(row), row.command, message, evidence);
  } else {
    findings.fail(check_of(row), row.command, message, evidence,
                  drop_in_command(unit_name(row, nullptr, &unit), &unit));
  }
}

void judge_door(const LimitsFacts& facts, const DoorRow& row, Findings& findings) {
  const ServiceLimits* service = running(facts, row);
  const UnitOnDisk* unit = unit_of(facts, row, service);
  if (service != nullptr) {
    judge_running(facts, row, *service, findings);
  } else if (starts_at_boot(unit)) {
    judge_unit(facts, row, *unit, findings);
  }
}

std::string login_command(const LimitsFacts& facts, bool pam, const std::string& source) {
  const DoorRow& row = *find_door("sshd");
  const ServiceLimits* service = running(facts, row);
  const UnitOnDisk* unit = unit_of(facts, row, service);
  if (!pam) return drop_in_command(unit_name(row, service, unit), unit);
  const bool ranges =
      std::any_of(facts.pam_limits.begin(), facts.pam_limits.end(),
                  [](const PamLimit& line) { return line.domain.find(':') != std::string::npos; });
  const std::string line = std::string(ranges ? "1000:" : "*") + " - memlock unlimited";
  if (!facts.ssh_stack.conf.empty() && is_plain(base_name(facts.ssh_stack.conf))) {
    return "echo '" + line + "' | sudo tee -a " + facts.ssh_stack.conf;
  }
  const std::string last = source.starts_with("/etc/security/limits.d/") ? base_name(source) : "";
  return "echo '" + line + "' | sudo tee /etc/security/limits.d/" +
         name_after(last, "zz-memlock.conf");
}

// True when a login was found to get too little.
bool judge_login(const LimitsFacts& facts, Findings& findings) {
  const DoorRow& row = *find_door("sshd");
  if (!is_there(facts, row) || is_there(facts, "kubelet")) return false;  // there jobs are pods
  const bool other_door =
      any_is_there(facts, Door::kScheduler) || any_is_there(facts, Door::kRuntime);
  const Check& check = other_door ? kLimitsShellMemlockLow : kLimitsMemlockLow;
  const char* subject = "login (ssh)";
  const ServiceLimits* service = running(facts, row);
  const UnitOnDisk* unit = unit_of(facts, row, service);
  GivenLimit given;
  if (service != nullptr) {
    given = {service->locked_memory, "/proc/" + std::to_string(service->pid) + "/limits"};
  } else if (unit->unseen.empty()) {
    given = unit_limit(facts, *unit);
  }
  // distributions ship an sshd that uses PAM with pam_limits in its stack
  const bool pam = facts.ssh_uses_pam.value_or(true) && facts.ssh_stack.limits.value_or(true);
  if (pam) given = login_limit(facts.pam_limits, given);
  if (!given.memory) {
    findings.unknown(check, subject, "the limits of sshd could not be read",
                     {"", "", given.source});
    return false;
  }
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
  findings.fail(check, subject,
                "may lock only " + observed + (pam ? "" : "; pam_limits is not used for it"),
                evidence, login_command(facts, pam, given.source));
  return true;
}

// Whose the limit of the process that looks is, by its control group; "" when nobody's that
// matters: our own service, or one that is judged itself.
std::string own_subject(const LimitsFacts& facts) {
  if (facts.container) return "this container";
  const std::string group = facts.cgroup.value_or("");
  if (group.find("/slurmstepd") != std::string::npos ||
      group.find("/slurm/") != std::string::npos) {
    return "this job";
  }
  const std::string unit = base_name(group);
  if (unit == "efa-doctor.service") return "";
  for (const ServiceLimits& service : facts.services) {
    if (service.unit && *service.unit == unit) return "";
  }
  return unit == "amazon-ssm-agent.service" ? "this shell (SSM)" : "this shell";
}

void judge_own(const LimitsFacts& facts, bool login_is_low, Findings& findings) {
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
  const bool root = facts.effective_uid == 0 && subject != "this container";
  findings.fail(check, subject,
                "may lock only " + observed + (root ? "; it does not bind root itself" : ""),
                evidence);
}

}  // namespace

void judge_memlock(const Node& node, Findings& findings) {
  const LimitsFacts& facts = node.limits.facts;
  if (node.live && facts.services.empty()) {  // there is always process 1
    for (const Check* check :
         {&kLimitsMemlockLow, &kLimitsContainerMemlockLow, &kLimitsShellMemlockLow}) {
      findings.unknown(*check, kNodeSubject, "processes could not be listed", {"", "", "/proc"});
    }
    return;
  }
  for (const DoorRow& row : doors()) {
    // Docker's containers are started by the node's containerd
    const bool said = std::string_view(row.command) == "dockerd" && is_there(facts, "containerd");
    const bool own = row.door == Door::kScheduler || row.door == Door::kRuntime;
    if (own && !said) judge_door(facts, row, findings);
  }
  const bool login_is_low = judge_login(facts, findings);
  judge_own(facts, login_is_low, findings);
}

}  // namespace efa
