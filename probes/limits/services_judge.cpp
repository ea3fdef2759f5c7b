// Judges what memory jobs may lock by the services that start them: the node's scheduler and its
// container runtimes, each as it runs and as its unit will start it next.

#include <fmt/core.h>

#include "probes/base/text.h"
#include "probes/limits/checks.h"
#include "probes/limits/memlock.h"
#include "probes/limits/memlock_judge.h"
#include "probes/limits/services.h"

namespace efa {
namespace {

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
  if (row.command == std::string_view("slurmd")) return meaning_for_slurm(facts, memory);
  if (is_enough(memory)) return {};
  if (*row.raised_by != '\0') return {FindingResult::kUnknown, fmt::format("; {}", row.raised_by)};
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

// What its unit gives it from its next start; nothing when it has none.
GivenLimit next_limit(const LimitsFacts& facts, const ServiceOnNode& service) {
  return service.unit == nullptr ? GivenLimit{} : unit_limit(facts, *service.unit);
}

void judge_unreadable(const LimitsFacts& facts, const DoorRow& row, const ServiceOnNode& service,
                      const std::string& source, Findings& findings) {
  const GivenLimit next = next_limit(facts, service);
  const std::string more = next.memory && service.unit->unseen.empty()
                               ? "; its unit gives " + words_of(*next.memory)
                               : "";
  findings.unknown(check_of(row), row.command, "its limits could not be read" + more,
                   {"", "", source});
}

// A container's process that has EFA open under the limit that it has from its runtime; null when
// there is none. CAP_IPC_LOCK lifts the limit where it is effective: for root.
const Job* find_bound_job(const JobsFacts& facts, const LockedMemory& memory) {
  for (const Job& job : facts.processes) {
    const bool bound = job.container == true && job.may_lock_any == false && job.locked_memory &&
                       !is_enough(*job.locked_memory);
    if (bound && job.locked_memory->soft_kib == memory.soft_kib) return &job;
  }
  return nullptr;
}

void fail_running(const Node& node, const DoorRow& row, const ServiceOnNode& service,
                  std::string message, const Evidence& evidence, Findings& findings) {
  const LimitsFacts& facts = node.limits.facts;
  const GivenLimit next = next_limit(facts, service);
  auto check = row_of(check_of(row));
  const Job* job = row.door == Door::kRuntime
                       ? find_bound_job(node.jobs.facts, *service.process->locked_memory)
                       : nullptr;
  if (job != nullptr) {
    check = weighed(check, Severity::kWarning);
    message += fmt::format("; {} {} has EFA open under that limit", job->command, job->pid);
  }
  const bool mended =
      next.memory && meaning_of(facts, row, *next.memory).result == FindingResult::kPass;
  if (!mended) {
    findings.fail(check, row.command, message, evidence, {drop_in_command(service), ""});
    return;
  }
  findings.fail(check, row.command,
                fmt::format("{}; {} gives {} from its next start", message, next.source,
                            words_of(*next.memory)),
                evidence, {restart_command(service), ""});
}

void judge_running(const Node& node, const DoorRow& row, const ServiceOnNode& service,
                   Findings& findings) {
  const LimitsFacts& facts = node.limits.facts;
  const std::string source = fmt::format("/proc/{}/limits", service.process->pid);
  if (!service.process->locked_memory) {
    judge_unreadable(facts, row, service, source, findings);
    return;
  }
  const LockedMemory& memory = *service.process->locked_memory;
  const std::string observed = words_of(memory);
  const Evidence evidence{observed, kEnoughLockedMemory, source};
  const Meaning meaning = meaning_of(facts, row, memory);
  const std::string little = fmt::format("may lock only {}{}", observed, meaning.why);
  if (meaning.result == FindingResult::kPass) {
    findings.pass(check_of(row), row.command,
                  fmt::format("may lock memory: {}{}", observed, meaning.why), evidence);
  } else if (meaning.result == FindingResult::kUnknown) {
    findings.unknown(check_of(row), row.command, little, evidence);
  } else {
    fail_running(node, row, service, little, evidence, findings);
  }
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
  const Meaning meaning =
      row.raises_itself ? Meaning{FindingResult::kUnknown, "; it may raise that when it starts"}
                        : meaning_of(facts, row, *given.memory);
  const std::string message =
      fmt::format("does not run; {} will let it lock {}{}", unit.name, observed, meaning.why);
  if (is_enough(*given.memory) || meaning.result == FindingResult::kPass) {
    findings.pass(check_of(row), row.command, message, evidence);
  } else if (meaning.result == FindingResult::kUnknown) {
    findings.unknown(check_of(row), row.command, message, evidence);
  } else {
    findings.fail(check_of(row), row.command, message, evidence,
                  {drop_in_command({nullptr, &unit}), ""});
  }
}

void judge_door(const Node& node, const DoorRow& row, Findings& findings) {
  const LimitsFacts& facts = node.limits.facts;
  const ServiceOnNode service = find_service(facts, row);
  if (service.process != nullptr) {
    judge_running(node, row, service, findings);
  } else if (starts_at_boot(facts, service.unit)) {
    judge_unit(facts, row, *service.unit, findings);
  }
}

}  // namespace

void judge_services(const Node& node, Findings& findings) {
  const LimitsFacts& facts = node.limits.facts;
  for (const DoorRow& row : doors()) {
    // Docker's containers are started by the node's containerd
    const bool said = std::string_view(row.command) == "dockerd" && is_there(facts, "containerd");
    const bool own = row.door == Door::kScheduler || row.door == Door::kRuntime;
    if (own && !said) judge_door(node, row, findings);
  }
}

}  // namespace efa
