// Where a judge puts what it found.
#pragma once

#include <string>
#include <vector>

#include "probes/protocol/check.h"

namespace efa {

class Findings {
 public:
  void pass(const char* code, const std::string& subject, const std::string& message,
            Evidence evidence = {}) {
    add(code, FindingResult::kPass, subject, message, std::move(evidence));
  }
  void fail(const char* code, const std::string& subject, const std::string& message,
            Evidence evidence = {}) {
    add(code, FindingResult::kFail, subject, message, std::move(evidence));
  }
  void unknown(const char* code, const std::string& subject, const std::string& message,
               Evidence evidence = {}) {
    add(code, FindingResult::kUnknown, subject, message, std::move(evidence));
  }
  void not_applicable(const char* code, const std::string& subject, const std::string& message,
                      Evidence evidence = {}) {
    add(code, FindingResult::kNotApplicable, subject, message, std::move(evidence));
  }
  void add(Finding finding) { findings_.push_back(std::move(finding)); }
  // A command that names the subject, for the finding that was added last.
  void with_command(std::string command) {
    if (!findings_.empty()) findings_.back().command = std::move(command);
  }

  [[nodiscard]] const std::vector<Finding>& all() const { return findings_; }
  std::vector<Finding> take() { return std::move(findings_); }

 private:
  void add(const char* code, FindingResult result, const std::string& subject,
           const std::string& message, Evidence evidence) {
    Finding finding;
    finding.code = code;
    finding.result = result;
    finding.subject = subject;
    finding.message = message;
    finding.evidence = std::move(evidence);
    findings_.push_back(std::move(finding));
  }
  std::vector<Finding> findings_;
};

}  // namespace efa
