// Which failing finding explains which: the device's own lowest lost rung first, then the causes
// that the catalogue names, for the same device or for the node.

#include <algorithm>

#include "agent/diagnose/diagnosis.h"

namespace efa {
namespace {

bool fails(const Finding& finding) {
  return finding.result == FindingResult::kFail;
}

const Finding* failing(const std::vector<Finding>& findings, const std::string& code,
                       const std::string& subject) {
  const Finding* elsewhere = nullptr;
  for (const Finding& finding : findings) {
    if (finding.code != code || !fails(finding)) continue;
    if (finding.subject == subject) return &finding;
    elsewhere = &finding;
  }
  return elsewhere;
}

// The cause named in the catalogue that fails too: for the subject, else on any other.
const Finding* cause_of(const std::vector<Finding>& findings, const Finding& finding) {
  const Check* check = find_check(finding.code);
  if (check == nullptr) return nullptr;
  for (const char* code : check->causes) {
    const Finding* cause = failing(findings, code, finding.subject);
    if (cause != nullptr && cause != &finding) return cause;
  }
  return nullptr;
}

}  // namespace

void explain(std::vector<Finding>& findings) {
  constexpr int kMaxChain = 16;  // longer than the ladder: ends a circle in the catalogue
  for (Finding& finding : findings) {
    if (!fails(finding)) continue;
    const Finding* root = &finding;
    for (int i = 0; i < kMaxChain; ++i) {
      const Finding* cause = cause_of(findings, *root);
      if (cause == nullptr) break;
      root = cause;
    }
    if (root != &finding) finding.explained_by = root->code;
  }
}

}  // namespace efa
