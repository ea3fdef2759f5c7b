// Which failing finding explains which: the device's own lowest lost rung first, then the causes
// that the catalogue names, for the same device or for the node.

#include <algorithm>
#include <map>

#include "agent/diagnose/diagnosis.h"
#include "probes/base/text.h"
#include "probes/judging/outcome_checks.h"
#include "probes/judging/table.h"
#include "probes/rdma/checks.h"

namespace efa {
namespace {

bool fails(const Finding& finding) {
  return finding.result == FindingResult::kFail;
}

bool is_device(const Finding& finding) {
  return PciAddress::from_text(finding.subject).has_value();
}

// A sick device explains what is wrong with itself and with the node as a whole, and one that
// blocks who opens it, that others are lost at a rung that takes neighbours along; nothing else of
// theirs. A library explains the end of its own probe only: "fabric.crashes" that of
// "fabric:/opt/amazon/efa/lib", not of "topology".
bool can_explain(const Finding& cause, const Finding& finding) {
  if (is_device(cause) && is_device(finding)) {
    return cause.check->takes_neighbours && takes_neighbours(finding.check->rung);
  }
  if (probe_of(*finding.check) != nullptr) return true;
  const ProbeRow* ended = probe_of(finding.subject);
  if (is_device(cause)) return ended == nullptr || !ended->asks_no_device;
  const ProbeRow* probe = probe_of(*cause.check);
  return probe != nullptr && ended == probe;
}

using ByCode = std::map<std::string_view, std::vector<const Finding*>>;

ByCode failing_by_code(const std::vector<Finding>& findings) {
  ByCode by_code;
  for (const Finding& finding : findings) {
    if (fails(finding)) by_code[finding.check->code].push_back(&finding);
  }
  return by_code;
}

bool fails_for(const ByCode& failing, const Check& check, const std::string& subject) {
  const auto found = failing.find(check.code);
  return found != failing.end() &&
         std::any_of(found->second.begin(), found->second.end(),
                     [&](const Finding* one) { return one->subject == subject; });
}

// A node that only some may open keeps nobody out who opened it: only who looked as another user.
bool was_opened_all_the_same(const ByCode& failing, const Finding& cause) {
  return cause.check->code == kNodeRestrictedMode.code &&
         !fails_for(failing, kNodeCannotOpen, cause.subject) &&
         !failing.contains(kProbeLibraryNotTrusted.code);
}

// The cause named in the catalogue that fails too: for the same subject, else elsewhere.
const Finding* cause_of(const ByCode& failing, const Finding& finding) {
  const Finding* elsewhere = nullptr;
  for (const std::string_view code : finding.check->causes) {
    const auto found = failing.find(code);
    if (found == failing.end() || is_one_of(code, finding.not_by)) continue;
    for (const Finding* cause : found->second) {
      if (cause == &finding || was_opened_all_the_same(failing, *cause)) continue;
      if (cause->subject == finding.subject) return cause;
      if (!fails(finding)) continue;
      if (elsewhere == nullptr && can_explain(*cause, finding)) elsewhere = cause;
    }
  }
  return elsewhere;
}

}  // namespace

void explain(std::vector<Finding>& findings) {
  constexpr int kMaxChain = 16;  // longer than the ladder: ends a circle in the catalogue
  const ByCode failing = failing_by_code(findings);
  for (Finding& finding : findings) {
    // what could not be looked at has a cause too
    if (!fails(finding) && finding.result != FindingResult::kUnknown) continue;
    const Finding* root = &finding;
    for (int i = 0; i < kMaxChain; ++i) {
      const Finding* cause = cause_of(failing, *root);
      if (cause == nullptr) break;
      root = cause;
    }
    if (root != &finding) finding.explained_by = root->check->code;
  }
}

}  // namespace efa
