// Judges what AWS says of this instance; of its interfaces: interfaces_judge.cpp.

#include <fmt/core.h>

#include "probes/cloud/checks.h"
#include "probes/judging/node.h"

namespace efa {
namespace {

// Though not to all that it was asked, or not in time.
bool answers(const CloudFacts& facts) {
  return facts.metadata_session || facts.instance_type_source == "metadata" ||
         facts.metadata_status == MetadataStatus::kThrottled ||
         facts.metadata_status == MetadataStatus::kFailing;
}

void judge_metadata(const Node& node, Findings& findings) {
  const Check& check = kCloudMetadataUnreachable;
  const CloudFacts& facts = node.cloud.facts;
  const Evidence evidence{facts.metadata_detail, "an answer", "instance metadata, version 2"};
  const bool asked = facts.metadata_status != MetadataStatus::kNotAsked;
  if (!asked && node.cloud.outcome.status != ProbeStatus::kOk) {
    findings.unknown(check, kNodeSubject, "whether it answers is unknown", evidence);
  } else if (!asked) {
    findings.not_applicable(check, kNodeSubject, "not asked: not an EC2 instance", evidence);
  } else if (facts.metadata_status == MetadataStatus::kOk) {
    findings.pass(check, kNodeSubject, "the metadata service answers", evidence);
  } else if (answers(facts)) {
    findings.unknown(check, kNodeSubject,
                     fmt::format("it is there, and did not answer everything: {}: {}",
                                 word_of(facts.metadata_status), facts.metadata_detail),
                     evidence);
  } else {
    findings.fail(check, kNodeSubject,
                  fmt::format("{}: {}", word_of(facts.metadata_status), facts.metadata_detail),
                  evidence);
  }
}

void judge_type(const Expectation& expectation, Findings& findings) {
  const Check& check = kCloudTypeNotKnown;
  const Evidence evidence{expectation.instance_type, "a type of the table", "instance-types.json"};
  if (expectation.instance_type.empty()) {
    findings.unknown(check, kNodeSubject, "neither metadata nor DMI names the type",
                     {"", evidence.expected,
                      "/sys/class/dmi/id/sys_vendor, /sys/class/dmi/id/product_name, metadata"});
  } else if (expectation.given) {
    findings.not_applicable(check, kNodeSubject,
                            "this container has what it was given, whatever the type can have",
                            evidence);
  } else if (!expectation.maximum && !expectation.exactly) {
    findings.fail(check, kNodeSubject,
                  expectation.type_listed
                      ? "the table has no number for " + expectation.instance_type
                      : expectation.instance_type + " is not in the table",
                  evidence);
  } else if (!expectation.maximum) {
    findings.not_applicable(check, kNodeSubject, "expect says how many devices", evidence);
  } else {
    findings.pass(check, kNodeSubject, "is " + expectation.instance_type, evidence);
  }
}

void judge_unused(const Node& node, const Expectation& expectation, Findings& findings) {
  if (expectation.expected || expectation.exactly) return;
  const int maximum = expectation.maximum.value_or(0);
  const Check& check = expectation.rails ? kCloudRailsUnused : kCloudCapableTypeUnused;
  const std::string& type = expectation.instance_type;
  const Evidence evidence{"0", "at most " + std::to_string(maximum), "instance-types.json"};
  if (type.empty()) {
    findings.not_applicable(check, kNodeSubject, "no instance type is known");
  } else if (maximum > 0 && node.pci.outcome.status != ProbeStatus::kOk) {
    findings.unknown(check, kNodeSubject, type + " can have EFA; its devices were not all seen");
  } else if (maximum > 0) {
    findings.fail(check, kNodeSubject,
                  fmt::format("{} can have {} EFA device{} and has none", type, maximum,
                              maximum == 1 ? "" : "s"),
                  evidence);
  }
}

void judge_placement(const CloudFacts& facts, Findings& findings) {
  const Check& check = kCloudNoPlacementGroup;
  const Evidence evidence{facts.placement_group.value_or("none"), "a cluster placement group",
                          "placement/group-name"};
  if (facts.placement_group) {
    findings.pass(check, kNodeSubject, "is in " + *facts.placement_group, evidence);
  } else if (facts.metadata_status == MetadataStatus::kOk) {
    findings.fail(check, kNodeSubject, "is in no placement group", evidence);
  } else {
    findings.unknown(check, kNodeSubject, kNotTold);
  }
}

void judge_spot(const CloudFacts& facts, Findings& findings) {
  const Check& check = kCloudSpotEnds;
  const Evidence evidence{facts.spot_action.value_or("none"), "none", "spot/instance-action"};
  if (facts.spot_action) {
    findings.fail(check, kNodeSubject, "AWS has announced " + *facts.spot_action, evidence);
  } else if (facts.life_cycle ? *facts.life_cycle != "spot"
                              : facts.metadata_status == MetadataStatus::kOk) {
    findings.not_applicable(check, kNodeSubject,
                            "the instance is " + facts.life_cycle.value_or("none of spot"));
  } else if (facts.life_cycle && facts.metadata_status == MetadataStatus::kOk) {
    findings.pass(check, kNodeSubject, "no end is announced", evidence);
  } else {
    findings.unknown(check, kNodeSubject, kNotTold);
  }
}

}  // namespace

void judge_cloud(const Node& node, const Expectation& expectation, Findings& findings) {
  judge_unused(node, expectation, findings);
  if (!expectation.expected) return;
  judge_type(expectation, findings);
  if (!node.live) return;  // a sysroot has DMI, but no metadata service
  judge_metadata(node, findings);
  if (node.pci.facts.efa.empty()) return;
  judge_placement(node.cloud.facts, findings);
  judge_spot(node.cloud.facts, findings);
}

}  // namespace efa
