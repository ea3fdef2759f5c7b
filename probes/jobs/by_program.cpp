#include <fmt/core.h>

#include <algorithm>

#include "probes/jobs/judging.h"

namespace efa {

std::string subject_of(const Job& job) {
  return fmt::format("{} {}", job.command, job.pid);
}

std::string counted_processes(size_t count) {
  return fmt::format("{} process{}", count, count == 1 ? "" : "es");
}

void ByProgram::add(const Check& check, FindingResult result, const Job& job,
                    const std::string& message, Evidence evidence, std::string command) {
  const auto [said, is_new] =
      said_.try_emplace({&check, result, job.command, message},
                        Said{&job, 0, std::move(evidence), std::move(command)});
  if (!is_new) ++said->second.more;
}

void ByProgram::fail(const Check& check, const Job& job, const std::string& message,
                     Evidence evidence, std::string command) {
  add(check, FindingResult::kFail, job, message, std::move(evidence), std::move(command));
}

void ByProgram::unknown(const Check& check, const Job& job, const std::string& message,
                        Evidence evidence) {
  add(check, FindingResult::kUnknown, job, message, std::move(evidence), "");
}

bool ByProgram::says(const Check& check) const {
  return std::any_of(said_.begin(), said_.end(),
                     [&](const auto& one) { return std::get<0>(one.first) == &check; });
}

void ByProgram::tell() const {
  for (const auto& [key, said] : said_) {
    const auto& [check, result, program, message] = key;
    const std::string more =
        said.more > 0 ? fmt::format(" (and {} more of this program)", said.more) : "";
    if (result == FindingResult::kFail) {
      findings_.fail(*check, subject_of(*said.first), message + more, said.evidence,
                     {said.command, ""});
    } else {
      findings_.unknown(*check, subject_of(*said.first), message + more, said.evidence);
    }
  }
}

}  // namespace efa
