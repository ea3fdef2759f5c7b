#include "agent/pass/conclude.h"

#include <algorithm>

#include "agent/diagnose/expectation.h"
#include "agent/pass/node_facts.h"
#include "probes/judging/table.h"

namespace efa {
namespace {

void remember_jobs(const Node& node, std::vector<std::string>& jobs) {
  for (const Job& job : node.jobs.facts.processes) {
    const bool known =
        job.job.empty() || std::find(jobs.begin(), jobs.end(), job.job) != jobs.end();
    if (!known) jobs.push_back(job.job);
  }
  const size_t more = jobs.size() - std::min(jobs.size(), kMaxJobs);
  jobs.erase(jobs.begin(), jobs.begin() + static_cast<std::ptrdiff_t>(more));
}

// The state after a pass, but for what the diagnosis adds.
State state_after(const State& before, const std::vector<ProbeRun>& runs, const Node& node,
                  int64_t boot_ms) {
  State state = before;
  for (const ProbeRun& run : runs) {
    for (const ProcessIdentity& process : run.transcript.left()) {
      const bool known = std::any_of(state.left.begin(), state.left.end(), [&](const auto& left) {
        return left.probe == run.outcome.name && left.process.pid == process.pid;
      });
      if (!known) state.left.push_back({run.outcome.name, process});
    }
  }
  for (const PciFunction& function : node.pci.facts.efa) {
    const bool known = std::find(state.devices.begin(), state.devices.end(), function.address) !=
                       state.devices.end();
    if (!known) state.devices.push_back(function.address);
  }
  if (node.cloud.facts.metadata_status == MetadataStatus::kOk) state.metadata = node.cloud.facts;
  state.baselines = next_baselines(before.baselines, node.rdma.facts, boot_ms);
  state.pci_errors = next_baselines(before.pci_errors, node.pci.facts);
  remember_jobs(node, state.jobs);
  return state;
}

RunInfo run_info(const Recording& recording) {
  return {recording.trigger.value_or(Trigger::kOnce),
          recording.sequence,
          recording.started_at_ms,
          recording.duration_ms,
          recording.valid_for_ms,
          recording.max_rss_kib,
          recording.cpu_ms,
          recording.boottime_ms};
}

// The last rung, where a test was made: who was in use counts by what the job moved.
std::optional<int64_t> moved_in(const Diagnosis& diagnosis) {
  for (const FunnelStage& stage : diagnosis.funnel) {
    if (stage.rung == Rung::kData && stage.count && !stage.at_least) return *stage.count;
  }
  return std::nullopt;
}

// A person or a script that asks once is told what is seen now; the daemon has a recovery
// confirmed.
bool wants_confirmation(const Recording& recording) {
  return recording.trigger != Trigger::kOnce;
}

// What a recording keeps to be looked at again, like hwloc's XML, is no part of the report: it
// would make a replay's report another than the machine's own.
Object told_facts(const ProbeRun& run) {
  const Object* facts = run.transcript.facts().as<Object>();
  Object told = facts == nullptr ? Object{} : *facts;
  if (const ProbeRow* probe = probe_of(run.outcome.name)) {
    std::erase_if(told, [&](const auto& fact) { return fact.first == probe->untold_fact; });
  }
  return told;
}

std::set<PciAddress> addresses_of(const std::vector<std::string>& texts) {
  std::set<PciAddress> addresses;
  for (const std::string& text : texts) {
    if (const auto address = PciAddress::from_text(text)) addresses.insert(*address);
  }
  return addresses;
}

}  // namespace

Result<Conclusion> conclude(const Recording& recording, const std::vector<ProbeRun>& runs) {
  const Result<ExpectSetting> expect = parse_expect(recording.expect);
  if (!expect) return expect.error();
  const Result<Weights> weights = parse_weights(recording.checks);
  if (!weights) return weights.error();
  Conclusion conclusion;
  Report& report = conclusion.report;
  report.node = node_of(runs, recording.live);
  // not only probe-kernel knows it: a verdict without it counts for no boot
  auto& boot_id = report.node.kernel.facts.boot_id;
  if (!boot_id && !recording.before.boot_id.empty()) boot_id = recording.before.boot_id;
  const State& before = recording.before;
  const Moment now = began_at(recording);
  Past past{{before.devices.begin(), before.devices.end()},
            before.baselines,
            recording.limits,
            now.boot_ms,
            failing_in(before.history),
            before.pci_errors,
            {before.jobs.begin(), before.jobs.end()}};
  const Scope scope = scope_of(report.node, addresses_of(recording.set_aside), *expect);
  std::optional<Node> part;  // of the report's, which keeps what is not judged too
  if (!scope.left_out.empty()) leave_out(scope.left_out, part.emplace(report.node), past);
  const Node& node = part ? *part : report.node;
  const InstanceTypes types = built_in_row(node.cloud.facts.instance_type.value_or(""));
  Expectation expectation = expectation_of(node, *expect, types, scope, std::move(past));
  expectation.weights = *weights;
  conclusion.after = state_after(before, runs, report.node, now.boot_ms);
  if (recording.live) {
    report.diagnosis = diagnose(node, expectation, conclusion.after.history, now);
    settle(report.diagnosis, conclusion.after.history,
           {now, report.node.kernel.facts.uptime_s, recording.boot_grace_s,
            wants_confirmation(recording), before.confirming});
  } else {
    report.diagnosis = diagnose(node, expectation);
  }
  conclusion.after.judged_by = criteria_of(recording);
  conclusion.after.confirming = report.diagnosis.recovering;
  if (const auto moved = moved_in(report.diagnosis)) conclusion.after.moved = moved;
  report.moved = conclusion.after.moved;
  report.run = run_info(recording);
  for (const ProbeRun& run : runs) {
    report.facts.emplace_back(run.outcome.name, told_facts(run));
  }
  return conclusion;
}

}  // namespace efa
