#include "probes/pci/probe_failed.h"

#include <iterator>

#include "probes/pci/checks.h"

namespace efa {
namespace {

constexpr size_t kCount = std::size(kFailureReasons);

struct Rows {
  Check checks[kCount];
};

constexpr Rows kRows = [] {
  Rows rows;
  for (size_t i = 0; i < kCount; ++i) {
    const FailureReason& reason = kFailureReasons[i];
    Check& check = rows.checks[i];
    check = kDriverProbeFailed;
    check.command = reason.command;
    if (reason.remedy.empty()) continue;
    check.actor = reason.actor;
    check.remedy = reason.remedy;
  }
  return rows;
}();

}  // namespace

const Check& probe_failed_check(const LogMessage& failure) {
  const FailureReason* reason = reason_of(failure);
  if (reason == nullptr || failure.kind == LogKind::kProbeFailed) return kDriverProbeFailed;
  return kRows.checks[reason - kFailureReasons];
}

}  // namespace efa
