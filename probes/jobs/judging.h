// The parts of the judge of jobs, and what they share.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "probes/judging/node.h"

namespace efa {

// A job has a process for each GPU or CPU, all alike: what is the same of several processes of one
// program is said once, of the first.
class ByProgram {
 public:
  explicit ByProgram(Findings& findings) : findings_(findings) {}

  void fail(const Check& check, const Job& job, const std::string& message, Evidence evidence,
            std::string command = "");
  void unknown(const Check& check, const Job& job, const std::string& message, Evidence evidence);
  // Whether something was said of that check.
  [[nodiscard]] bool says(const Check& check) const;
  // Puts what was said into the findings.
  void tell() const;

 private:
  struct Said {
    const Job* first;
    int more;
    Evidence evidence;
    std::string command;
  };
  using Key = std::tuple<const Check*, FindingResult, std::string, std::string>;

  void add(const Check& check, FindingResult result, const Job& job, const std::string& message,
           Evidence evidence, std::string command);

  Findings& findings_;
  std::map<Key, Said> said_;
};

// "all_reduce_perf 4711"
std::string subject_of(const Job& job);
// "1 process", "8 processes"
std::string counted_processes(size_t count);

// How processes ended.
void judge_ends(const Node& node, const Expectation& expectation, Findings& findings);
// What is set in the environments.
void judge_settings(const Node& node, const Expectation& expectation, Findings& findings);
// Whether a setting of it leaves EFA out, or may.
bool may_leave_efa_out(const Node& node, const Job& job);
// Since the pass before, of the EFA devices that the process has open.
enum class Traffic { kNotMeasured, kNone, kSome };
Traffic traffic_of(const Node& node, const Past& past, const Job& job);
// Whether anything passes over them.
void judge_quiet(const Node& node, const Past& past, Findings& findings);
// Which libfabric is used.
void judge_libfabric(const Node& node, Findings& findings);
// Whether NCCL finds the plugin that is there.
void judge_job_plugins(const Node& node, Findings& findings);

}  // namespace efa
