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

class Findings {
 public:
  Findings() = default;
  // Keeps those of which it says so: who counts the others need not hold them.
  explicit Findings(std::function<bool(const Finding&)> keeps) : keeps_(std::move(keeps)) {}

  void pass(const Check& check, const std::string& subject, const std::string& message,
            Evidence evidence = {}) {
    add(made(check, FindingResult::kPass, subject, message, std::move(evidence)));
  }
  // With a command of its own where that must name the subject; else the check's is printed.
  void fail(const Check& check, const std::string& subject, const std::string& message,
            Evidence evidence = {}, ShellCommand command = {}) {
    fail(row_of(check), subject, message, std::move(evidence), std::move(command));
  }
  // The same, where the judge knows that some causes of the check's are not why.
  void fail_not_by(std::vector<std::string_view> not_by, const Check& check,
                   const std::string& subject, const std::string& message, Evidence evidence = {},
                   ShellCommand command = {}) {
    Finding finding = made(check, FindingResult::kFail, subject, message, std::move(evidence));
    finding.not_by = std::move(not_by);
    finding.command = std::move(command);
    add(std::move(finding));
  }
  // The same, of a check that weighs something else on this node.
  void fail(std::shared_ptr<const Check> check, const std::string& subject,
            const std::string& message, Evidence evidence, ShellCommand command) {
    Finding finding = made(*check, FindingResult::kFail, subject, message, std::move(evidence));
    finding.check = std::move(check);
    finding.command = std::move(command);
    add(std::move(finding));
  }
  void unknown(const Check& check, const std::string& subject, const std::string& message,
               Evidence evidence = {}, ShellCommand command = {}) {
    unknown(row_of(check), subject, message, std::move(evidence), std::move(command));
  }
  void unknown(std::shared_ptr<const Check> check, const std::string& subject,
               const std::string& message, Evidence evidence = {}, ShellCommand command = {}) {
    Finding finding = made(*check, FindingResult::kUnknown, subject, message, std::move(evidence));
    finding.check = std::move(check);
    finding.command = std::move(command);
    add(std::move(finding));
  }
  void not_applicable(const Check& check, const std::string& subject, const std::string& message,
                      Evidence evidence = {}) {
    add(made(check, FindingResult::kNotApplicable, subject, message, std::move(evidence)));
  }
  void add(Finding finding) {
    if (!keeps_ || keeps_(finding)) findings_.push_back(std::move(finding));
  }

  [[nodiscard]] const std::vector<Finding>& all() const { return findings_; }
  std::vector<Finding> take() { return std::move(findings_); }

 private:
  static Finding made(const Check& check, FindingResult result, const std::string& subject,
                      const std::string& message, Evidence evidence) {
    Finding finding;
    finding.check = row_of(check);
    finding.result = result;
    finding.subject = subject;
    finding.message = message;
    finding.evidence = std::move(evidence);
    return finding;
  }

  std::function<bool(const Finding&)> keeps_;
  std::vector<Finding> findings_;
};

}  // namespace efa
