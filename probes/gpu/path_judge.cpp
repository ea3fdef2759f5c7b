// Judges whether a way to the memory of the accelerators is open: one is enough.

#include "probes/gpu/path_judge.h"

#include <utility>

#include "probes/gpu/cause_judge.h"
#include "probes/gpu/checks.h"
#include "probes/gpu/libfabric_judge.h"
#include "probes/gpu/mend.h"
#include "probes/gpu/plugin.h"
#include "probes/gpu/ways.h"

namespace efa {
namespace {

void judge_way(const Check& check, const WayIn& p2p, const WayIn& dmabuf, const std::string& source,
               const Expectation& expectation, Findings& findings) {
  const std::string why = "P2P: " + p2p.why + "; dma-buf: " + dmabuf.why;
  const Evidence evidence{why, "P2P or dma-buf is open", source};
  const auto say = [&](FindingResult result, const std::string& message) {
    say_weighed(check, result, message, evidence, expectation, findings);
  };
  if (p2p.way == Way::kOpen) {
    say(FindingResult::kPass, "by P2P: " + p2p.why);
  } else if (dmabuf.way == Way::kOpen) {
    say(FindingResult::kPass, "by dma-buf: " + dmabuf.why);
  } else if (p2p.way == Way::kNotRead || dmabuf.way == Way::kNotRead) {
    say(FindingResult::kUnknown, "no way is known to be open: " + why);
  } else if (p2p.way == Way::kNotKnown || dmabuf.way == Way::kNotKnown) {
    say_not_decidable(check, "no way is known to be open: " + why, evidence, findings);
  } else if (expectation.direct_memory == DirectMemory::kRequired) {
    say(FindingResult::kFail, "both ways are closed: " + why);
  } else {
    say(FindingResult::kUnknown,
        "both ways are closed, and whether this type's hardware has one is not known: " + why);
  }
}

// With what opens a way here. That another driver was installed is why only where it would.
void add_way(Finding way, const Mend& mend, Findings& findings) {
  if (!mend.by_lost_driver) way.not_by = {kLostDriver};
  way.remedy = mend.remedy;
  way.command.text = mend.command;
  findings.add(std::move(way));
}

// What closes a way is a fault only where the type has one: of g7 no source says so.
void add_cause(Finding cause, const Expectation& expectation, Findings& findings) {
  const bool demanded = expectation.direct_memory == DirectMemory::kRequired;
  if (cause.result == FindingResult::kFail && !demanded) {
    cause.result = FindingResult::kUnknown;
    cause.message += ", and whether this type has direct access is not known";
  }
  findings.add(std::move(cause));
}

}  // namespace

std::string attribute_path(const GpuFacts& facts) {
  if (!facts.p2p) return "/sys/bus/pci/devices/<EFA>/p2p";
  return "/sys/bus/pci/devices/" + facts.p2p->address.to_text() + "/" + facts.p2p->attribute;
}

void say_weighed(const Check& check, FindingResult result, const std::string& message,
                 const Evidence& evidence, const Expectation& expectation, Findings& findings) {
  const bool demanded = expectation.direct_memory == DirectMemory::kRequired;
  const auto weight = demanded ? check.severity : Severity::kWarning;
  findings.add(
      make_finding(weighed(row_of(check), weight), result, kNodeSubject, message, evidence));
}

void say_not_decidable(const Check& check, const std::string& why, const Evidence& evidence,
                       Findings& findings) {
  findings.unknown(weighed(row_of(check), Severity::kWarning), kNodeSubject, why, evidence);
}

void judge_nvidia_paths(const Node& node, const Expectation& expectation, Findings& findings) {
  const GpuFacts& facts = node.gpu.facts;
  const auto grace = mapping_check(node, expectation);
  WayIn dmabuf = nvidia_dmabuf(facts, grace);
  if (dmabuf.way == Way::kOpen && node.log.facts.accelerators.contains(kDmabufRefused)) {
    dmabuf = {Way::kNotKnown,
              "NVIDIA's driver has refused one since boot (NVRM in the kernel log)"};
  }
  Findings ways;
  judge_way(kGpuNoMemoryPath, nvidia_p2p(facts), dmabuf, attribute_path(facts), expectation, ways);
  for (Finding& way : ways.take()) {
    const bool fails = way.result == FindingResult::kFail;
    add_way(std::move(way), fails ? nvidia_mend(node, grace) : Mend(), findings);
  }
  Findings causes;
  judge_closed_p2p(node, expectation, causes);
  for (Finding& cause : causes.take()) add_cause(std::move(cause), expectation, findings);
  if (grace) judge_refused_mapping(node, *grace, findings);
  judge_plugin_needs_p2p(node, expectation, findings);
  if (expectation.direct_memory == DirectMemory::kRequired) {
    judge_old_libfabric(node, nvidia_p2p(facts), dmabuf, findings);
  }
}

void judge_neuron_path(const Node& node, const Expectation& expectation, Findings& findings) {
  const GpuFacts& facts = node.gpu.facts;
  Findings ways;
  judge_way(kGpuNeuronNoPath, neuron_p2p(facts), neuron_dmabuf(facts), attribute_path(facts),
            expectation, ways);
  for (Finding& way : ways.take()) {
    const bool fails = way.result == FindingResult::kFail;
    add_way(std::move(way), fails ? neuron_mend(node) : Mend(), findings);
  }
}

}  // namespace efa
