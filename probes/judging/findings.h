// Where a judge puts what it found.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "probes/judging/check.h"

namespace efa {

// Why checks of several probes are unknown: a report says it once.
inline constexpr const char* kNotTold = "the metadata service did not say";

class Findings {
 public:
  void pass(const Check& check, const std::string& subject, const std::string& message,
            Evidence evidence = {}) {
    add(check, FindingResult::kPass, subject, message, std::move(evidence));
  }
  // With a command of its own where that must name the subject; else the check's is printed.
  void fail(const Check& check, const std::string& subject, const std::string& message,
            Evidence evidence = {}, ShellCommand command = {}) {
    add(check, FindingResult::kFail, subject, message, std::move(evidence));
    findings_.back().command = std::move(command);
  }
  // The same, of a check that weighs something else on this node.
  void fail(std::shared_ptr<const Check> check, const std::string& subject,
            const std::string& message, Evidence evidence, ShellCommand command) {
    fail(*check, subject, message, std::move(evidence), std::move(command));
    findings_.back().check = std::move(check);
  }
  void unknown(const Check& check, const std::string& subject, const std::string& message,
               Evidence evidence = {}, ShellCommand command = {}) {
    add(check, FindingResult::kUnknown, subject, message, std::move(evidence));
    findings_.back().command = std::move(command);
  }
  void not_applicable(const Check& check, const std::string& subject, const std::string& message,
                      Evidence evidence = {}) {
    add(check, FindingResult::kNotApplicable, subject, message, std::move(evidence));
  }
  void add(Finding finding) { findings_.push_back(std::move(finding)); }

  [[nodiscard]] const std::vector<Finding>& all() const { return findings_; }
  std::vector<Finding> take() { return std::move(findings_); }

 private:
  void add(const Check& check, FindingResult result, const std::string& subject,
           const std::string& message, Evidence evidence) {
    Finding finding;
    finding.check = row_of(check);
    finding.result = result;
    finding.subject = subject;
    finding.message = message;
    finding.evidence = std::move(evidence);
    findings_.push_back(std::move(finding));
  }
  std::vector<Finding> findings_;
};

}  // namespace efa
