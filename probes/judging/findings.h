// Where a judge puts what it found.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "probes/judging/check.h"

namespace efa {

// Why checks of several probes are unknown: a report says it once.
inline constexpr const char* kNotTold = "the metadata service did not say";

// A check as a judge applies it: a row of the catalogue, or one that weighs something else on this
// node; and those of its causes that are known not to be why, here.
struct JudgedCheck {
  JudgedCheck(const Check& row, std::vector<std::string_view> causes_ruled_out = {})
      : check(row_of(row)), not_by(std::move(causes_ruled_out)) {}
  JudgedCheck(std::shared_ptr<const Check> own) : check(std::move(own)) {}

  std::shared_ptr<const Check> check;
  std::vector<std::string_view> not_by;
};

// With a command of its own where that must name the subject; else the check's is printed.
inline Finding make_finding(JudgedCheck check, FindingResult result, std::string subject,
                            std::string message, Evidence evidence = {},
                            ShellCommand command = {}) {
  Finding finding;
  finding.check = std::move(check.check);
  finding.not_by = std::move(check.not_by);
  finding.result = result;
  finding.subject = std::move(subject);
  finding.message = std::move(message);
  finding.evidence = std::move(evidence);
  finding.command = std::move(command);
  return finding;
}

class Findings {
 public:
  Findings() = default;
  // Keeps those of which it says so: who counts the others need not hold them.
  explicit Findings(std::function<bool(const Finding&)> keeps) : keeps_(std::move(keeps)) {}

  void pass(JudgedCheck check, std::string subject, std::string message, Evidence evidence = {}) {
    add(make_finding(std::move(check), FindingResult::kPass, std::move(subject), std::move(message),
                     std::move(evidence)));
  }
  void fail(JudgedCheck check, std::string subject, std::string message, Evidence evidence = {},
            ShellCommand command = {}) {
    add(make_finding(std::move(check), FindingResult::kFail, std::move(subject), std::move(message),
                     std::move(evidence), std::move(command)));
  }
  void unknown(JudgedCheck check, std::string subject, std::string message, Evidence evidence = {},
               ShellCommand command = {}) {
    add(make_finding(std::move(check), FindingResult::kUnknown, std::move(subject),
                     std::move(message), std::move(evidence), std::move(command)));
  }
  void not_applicable(JudgedCheck check, std::string subject, std::string message,
                      Evidence evidence = {}) {
    add(make_finding(std::move(check), FindingResult::kNotApplicable, std::move(subject),
                     std::move(message), std::move(evidence)));
  }
  void add(Finding finding) {
    if (!keeps_ || keeps_(finding)) findings_.push_back(std::move(finding));
  }

  [[nodiscard]] const std::vector<Finding>& all() const { return findings_; }
  std::vector<Finding> take() { return std::move(findings_); }

 private:
  std::function<bool(const Finding&)> keeps_;
  std::vector<Finding> findings_;
};

}  // namespace efa
