// One row of the table of all checks: a change to the healthy node and what the check says of it.
#pragma once

#include <algorithm>
#include <cctype>
#include <functional>
#include <string>
#include <vector>

#include "agent/report/report.h"
#include "tests/support/healthy_node.h"

namespace efa {

inline constexpr auto kPass = FindingResult::kPass;
inline constexpr auto kFail = FindingResult::kFail;
inline constexpr auto kUnknown = FindingResult::kUnknown;
inline constexpr auto kNotApplicable = FindingResult::kNotApplicable;

struct CheckCase {
  const char* code;
  FindingResult wanted;  // kFail, kPass; or kUnknown, kNotApplicable: it could not look
  std::string subject;
  std::function<void(Scene&)> change;
};

// What a failing test shows of it.
inline std::ostream& operator<<(std::ostream& out, const CheckCase& row) {
  return out << row.code << " of " << row.subject;
}

using CheckCases = std::vector<CheckCase>;

// Of each probe, beside its other tests.
CheckCases pci_cases();
CheckCases kernel_cases();
CheckCases kernel_loading_cases();
CheckCases rdma_cases();
CheckCases node_cases();
CheckCases counters_cases();
CheckCases verbs_cases();
CheckCases data_cases();
CheckCases fabric_cases();
CheckCases gpu_cases();
CheckCases limits_cases();
CheckCases software_cases();
CheckCases log_cases();
CheckCases cloud_cases();
CheckCases jobs_cases();
CheckCases net_cases();
CheckCases outcome_cases();

inline CheckCases all_cases() {
  CheckCases all;
  for (const auto& cases :
       {pci_cases(), kernel_cases(), kernel_loading_cases(), rdma_cases(), node_cases(),
        counters_cases(), verbs_cases(), data_cases(), fabric_cases(), gpu_cases(), limits_cases(),
        software_cases(), log_cases(), cloud_cases(), jobs_cases(), net_cases(), outcome_cases()}) {
    all.insert(all.end(), cases.begin(), cases.end());
  }
  return all;
}

// "pci_none_found_unknown_of_node"
inline std::string name_of(const CheckCase& row) {
  std::string name = row.code + ("_" + result_text(row.wanted)) + "_of_" + row.subject;
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

}  // namespace efa
